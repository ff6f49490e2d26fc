/* builder/cli/cmd_install.c - kiln install: a lock's environment in a folder. */
#include "builder/cli/common.h"
#include "specs/base/json.h"
#include <limits.h>

/* The folder as it will be known: absolute, so that scripts find their interpreter. */
static int absolute(const char *path, struct buf *out, struct err **e)
{
	char here[PATH_MAX];
	if (path[0] == '/') {
		buf_add_text(out, path);
	} else {
		if (!getcwd(here, sizeof(here)))
			return err_sys(e, "current folder");
		buf_printf(out, "%s/%s", here, path);
	}
	while (out->n > 1 && out->data[out->n - 1] == '/')
		out->data[--out->n] = 0;
	return 0;
}

static int install_run(void *at, const struct option_list *rest, struct err **e)
{
	struct common_args args = *(const struct common_args *)at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(lock_done) struct lock lock = {0};
	AUTO(buf_done) struct buf folder = BUF(PATH_MAX);
	AUTO(buf_done) struct buf out = BUF(64 << 10);
	if (rest->n != 2)
		return err_set(e, ERR_USAGE, "install wants two words: LOCK PREFIX");
	int r = absolute(rest->v[1], &folder, e);
	if (r < 0)
		return r;
	if (!args.prefix)
		args.prefix = folder.data;
	if ((r = session_open(&s, &args, false, e)) < 0)
		return r;
	if ((r = session_lock(&args, rest->v[0], &lock, e)) < 0)
		return r;
	if ((r = build_install(s.build, &lock, folder.data, e)) < 0)
		return r;
	if (args.json) {
		struct json_out j = {&out};
		json_open(&j, NULL, '{');
		json_put_text(&j, "prefix", folder.data);
		json_put_u64(&j, "packages", lock.count);
		json_close(&j, '}');
		buf_add_char(&out, '\n');
	} else {
		buf_printf(&out, "%s\n", folder.data);
	}
	return command_print(&out, e);
}

const struct command cmd_install = {
	.name = "install",
	.usage = "install [OPTIONS] LOCK PREFIX",
	.summary = "link a lock's packages into a folder, without an image",
	.options = (const struct option_row *const[]){bytecode_options, verify_options,
						      target_options, common_options, NULL},
	.args_size = sizeof(struct common_args),
	.run = install_run,
};
