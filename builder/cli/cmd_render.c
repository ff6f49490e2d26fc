/* builder/cli/cmd_render.c - kiln render: a definition as a Dockerfile, for any builder. */
#include "builder/cli/common.h"

struct render_args {
	struct common_args common;
	const char *locked, *style, *output;
};

static int read_style(const struct render_args *args, enum dockerfile_style *out, struct err **e)
{
	if (!args->style || dockerfile_style_parse(str_of(args->style), out))
		return 0;
	return err_set(e, ERR_USAGE, "--style %s: layers or conda is wanted", args->style);
}

static const char *last_part(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	if (!path || strcmp(path, "-") == 0)
		return "standard input";
	return slash ? slash + 1 : path;
}

static int render_run(void *at, const struct option_list *rest, struct err **e)
{
	struct render_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(buf_done) struct buf out = BUF(64 << 10);
	const char *file = args->common.file ? args->common.file : rest->n ? rest->v[0] : NULL;
	struct render_options o = {.source = last_part(file), .folder = args->output};
	if (!o.folder)
		return err_set(e, ERR_USAGE, "no folder: -o DIR is where the Dockerfile goes");
	int r = read_style(args, &o.style, e);
	if (r == 0)
		r = session_open(&s, &args->common, false, e);
	if (r == 0)
		r = session_one_platform(&s, e);
	if (r == 0 && args->locked)
		r = session_lock(&s, &args->common, args->locked, e);
	s.solves = s.keeps = !args->locked;
	s.takes_default = true;
	if (r == 0)
		r = session_definition(&s, &args->common, rest, e);
	session_rebase(&s, &args->common);
	if (r == 0)
		r = build_render(s.build, &s.definition, s.locked, &o, e);
	if (r < 0)
		return r;
	buf_printf(&out, "%s\n", args->output);
	return command_print(&out, e);
}

#define AT(field) offsetof(struct render_args, field)
static const struct option_row own_options[] = {
	{'o', "output", OPTION_TEXT, AT(output), "DIR", "the folder, made anew"},
	{0, "style", OPTION_TEXT, AT(style), "layers|conda",
	 "layers: those that kiln packs (default); conda: a lock, which conda in the base "
	 "installs"},
	{0, "locked", OPTION_TEXT, AT(locked), "LOCK", "use this lock, never solve"},
	{0},
};

const struct command cmd_render = {
	.name = "render",
	.usage = "render [OPTIONS] [--base IMAGE] -o DIR DEFINITION",
	.summary = "write a Dockerfile, its context and the lock",
	.options = (const struct option_row *const[]){own_options, DEFINITION_AND_LOCK_TABLES},
	.args_size = sizeof(struct render_args),
	.run = render_run,
};
