/* builder/cli/cmd_lock.c - kiln lock: solve, and write down the exact artefacts. */
#include "builder/cli/common.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"

struct lock_args {
	struct common_args common;
	const char *output;
	bool explicit_list;
};

static int write_out(const struct lock_args *args, const struct buf *text, struct err **e)
{
	if (!args->output || strcmp(args->output, "-") == 0)
		return command_print(text, e);
	return fs_write(args->output, buf_str(text), 0644, e);
}

static void write_json(const struct lock *l, const char *digest, struct buf *out)
{
	struct json_out j = {out};
	json_open(&j, NULL, '{');
	json_put_text(&j, "lock_digest", digest);
	json_put_str(&j, "key", l->key);
	json_open(&j, "packages", '[');
	for (size_t i = 0; i < l->count; i++) {
		json_open(&j, NULL, '{');
		json_put_str(&j, "name", l->records[i].name);
		json_put_str(&j, "version", l->records[i].version_text);
		json_put_str(&j, "build", l->records[i].build);
		json_put_str(&j, "url", l->records[i].url);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_add_char(out, '\n');
}

static int lock_run(void *at, const struct option_list *rest, struct err **e)
{
	struct lock_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(lock_done) struct lock lock = {0};
	AUTO(buf_done) struct buf text = BUF(256 << 20);
	int r = session_open(&s, &args->common, false, e);
	s.solves = true;
	if (r == 0)
		r = session_definition(&s, &args->common, rest, e);
	if (r == 0)
		r = build_lock(s.build, &s.definition, &lock, e);
	if (r < 0)
		return r;
	r = args->explicit_list ? lock_write_explicit(&lock, &text, e)
				: lock_write(&lock, &text, e);
	struct digest digest;
	if (r < 0 || !args->common.json)
		return r < 0 ? r : write_out(args, &text, e);
	if (args->output && (r = write_out(args, &text, e)) < 0)
		return r;
	if ((r = lock_digest(&lock, &digest, e)) < 0)
		return r;
	buf_clear(&text);
	write_json(&lock, digest_text(&digest).hex, &text);
	return command_print(&text, e);
}

#define AT(field) offsetof(struct lock_args, field)
static const struct option_row own_options[] = {
	{'o', "output", OPTION_TEXT, AT(output), "PATH", "write the lock there"},
	{0, "explicit", OPTION_FLAG, AT(explicit_list), NULL, "an @EXPLICIT list instead"},
	{0},
};

const struct command cmd_lock = {
	.name = "lock",
	.usage = "lock [OPTIONS] CONDA_FILE",
	.summary = "solve and write the exact packages (conda-lock form)",
	.options = (const struct option_row *const[]){own_options, definition_options,
						      bytecode_options, channel_options,
						      virtual_options, target_options,
						      common_options, NULL},
	.args_size = sizeof(struct lock_args),
	.run = lock_run,
};
