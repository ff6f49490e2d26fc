/* builder/cli/cmd_install.c - kiln install: a lock's environment in a folder. */
#include "builder/cli/common.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"

static int install_run(void *at, const struct option_list *rest, struct err **e)
{
	struct common_args args = *(const struct common_args *)at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(free) char *folder = NULL;
	AUTO(buf_done) struct buf out = BUF(64 << 10);
	if (rest->n != 2)
		return err_set(e, ERR_USAGE, "install wants two words: LOCK PREFIX");
	/* as it will be known, so that scripts find their interpreter */
	int r = fs_absolute(rest->v[1], &folder, e);
	if (r < 0)
		return r;
	if (!args.prefix)
		args.prefix = folder;
	if ((r = session_open(&s, &args, false, e)) < 0)
		return r;
	if ((r = session_one_platform(&s, e)) < 0 ||
	    (r = session_lock(&s, &args, rest->v[0], e)) < 0)
		return r;
	if ((r = build_install(s.build, s.locked, folder, e)) < 0)
		return r;
	if (args.json) {
		struct json_out j = {&out};
		json_open(&j, NULL, '{');
		json_put_text(&j, "prefix", folder);
		json_put_u64(&j, "packages", s.locked->count);
		json_close(&j, '}');
		buf_add_char(&out, '\n');
	} else {
		buf_printf(&out, "%s\n", folder);
	}
	return command_print(&out, e);
}

const struct command cmd_install = {
	.name = "install",
	.usage = "install [OPTIONS] LOCK PREFIX",
	.summary = "link a lock's packages into a folder, without an image",
	.options =
		(const struct option_row *const[]){bytecode_options, verify_options, lock_options,
						   virtual_options, SESSION_TABLES},
	.args_size = sizeof(struct common_args),
	.run = install_run,
};
