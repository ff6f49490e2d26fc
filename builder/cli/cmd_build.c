/* builder/cli/cmd_build.c - kiln build: from a definition to an image in a registry. */
#include "builder/cli/common.h"

struct build_args {
	struct common_args common;
	const char *file, *base, *locked, *compression;
	struct option_list to;
	bool no_bytecode, update, verify;
};

static int check(const struct build_args *args, struct build_options *o, struct err **e)
{
	if (args->to.n == 0)
		return err_set(e, ERR_USAGE,
			       "no destination: -t HOST/REPOSITORY[:TAG] or -t oci:DIR[:TAG]");
	if (!args->base)
		return err_set(e, ERR_USAGE, "no base image: --base IMAGE or --base oci:DIR");
	if (args->compression && !compression_parse(str_of(args->compression), &o->compression))
		return err_set(e, ERR_USAGE, "--compression %s: gzip or zstd is wanted",
			       args->compression);
	o->no_bytecode = args->no_bytecode;
	o->update = args->update;
	o->verify = args->verify;
	return 0;
}

static int build_run(void *at, const struct option_list *rest, struct err **e)
{
	struct build_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(lock_done) struct lock lock = {0};
	AUTO(build_result_done) struct build_result result = {0};
	AUTO(buf_done) struct buf out = BUF(64 << 20);
	struct build_options o = {0};
	int r = check(args, &o, e);
	if (r == 0)
		r = session_open(&s, &args->common, o, NULL, e);
	if (r == 0) /* the definition first: its faults cost no network */
		r = session_definition(&s, &args->common, args->file, rest, e);
	if (r == 0 && args->locked)
		r = session_lock(&args->common, args->locked, &lock, e);
	if (r == 0)
		r = build_set_base(s.build, args->base, e);
	if (r < 0)
		return r;
	struct str *names;
	struct strs to = option_strs(&args->to, &names);
	r = build_image(s.build, &s.definition, args->locked ? &lock : NULL, to, &result, e);
	free(names);
	if (r < 0)
		return r;
	buf_add_str(&out, args->common.json ? result.json : result.image);
	buf_add_char(&out, '\n');
	return command_print(&out, e);
}

#define AT(field) offsetof(struct build_args, field)
static const struct option_row build_options[] = {
	{'f', "file", OPTION_TEXT, AT(file), "PATH", "conda specification"},
	{'b', "base", OPTION_TEXT, AT(base), "IMAGE", "base image: a reference or oci:DIR"},
	{'t', "to", OPTION_LIST, AT(to), "DEST",
	 "HOST/REPOSITORY[:TAG] or oci:DIR[:TAG]; repeatable"},
	{0, "locked", OPTION_TEXT, AT(locked), "LOCK", "use this lock, never solve"},
	{0, "update", OPTION_FLAG, AT(update), NULL, "solve again even when the image exists"},
	{0, "compression", OPTION_TEXT, AT(compression), "gzip|zstd", "of layers (gzip)"},
	{0, "no-bytecode", OPTION_FLAG, AT(no_bytecode), NULL, "no .pyc for noarch packages"},
	{0, "verify", OPTION_FLAG, AT(verify), NULL, "check every file against its package's list"},
	{0},
};

const struct command cmd_build = {
	.name = "build",
	.usage = "build [OPTIONS] --base IMAGE -t DEST CONDA_FILE",
	.summary = "build the image of a definition and push it",
	.options = build_options,
	.args_size = sizeof(struct build_args),
	.run = build_run,
};
