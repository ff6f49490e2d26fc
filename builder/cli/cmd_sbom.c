/* builder/cli/cmd_sbom.c - kiln sbom: what stands in an environment, as an SPDX document. */
#include "builder/cli/common.h"
#include "specs/base/fs.h"
#include <sys/stat.h>

struct sbom_args {
	struct common_args common;
	const char *output;
};

enum { TEXT_MAX = 64 << 20 };

/* A file says itself what it is; standard input is a definition, which can be read once. */
static int is_lock(const struct option_list *rest, bool *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(TEXT_MAX);
	struct stat st;
	*out = false;
	if (rest->n != 1 || stat(rest->v[0], &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	int r = fs_read(rest->v[0], &text, e);
	if (r == 0)
		*out = lock_is(buf_str(&text));
	return r;
}

static int get_lock(struct session *s, const struct sbom_args *args, const struct option_list *rest,
		    struct lock *solved, struct err **e)
{
	bool locked;
	int r = is_lock(rest, &locked, e);
	if (r < 0)
		return r;
	if (locked)
		return session_lock(s, &args->common, rest->v[0], e);
	s->solves = s->keeps = true;
	r = session_definition(s, &args->common, rest, e);
	return r < 0 || s->locked ? r : build_lock(s->build, &s->definition, solved, e);
}

static int sbom_run(void *at, const struct option_list *rest, struct err **e)
{
	struct sbom_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(lock_done) struct lock solved = {0};
	AUTO(buf_done) struct buf text = BUF(TEXT_MAX);
	int r = session_open(&s, &args->common, false, e);
	if (r == 0)
		r = session_one_platform(&s, e);
	if (r == 0)
		r = get_lock(&s, args, rest, &solved, e);
	if (r == 0)
		r = build_sbom(s.build, s.locked ? s.locked : &solved, &text, e);
	if (r < 0)
		return r;
	if (args->output && strcmp(args->output, "-") != 0)
		return fs_write(args->output, buf_str(&text), 0644, e);
	return command_print(&text, e);
}

#define AT(field) offsetof(struct sbom_args, field)
static const struct option_row own_options[] = {
	{'o', "output", OPTION_TEXT, AT(output), "PATH", "write the document there"},
	{0},
};

const struct command cmd_sbom = {
	.name = "sbom",
	.usage = "sbom [OPTIONS] DEFINITION|LOCK",
	.summary = "print what an environment is made of (SPDX 2.3)",
	.options = (const struct option_row *const[]){own_options, DEFINITION_AND_LOCK_TABLES},
	.args_size = sizeof(struct sbom_args),
	.run = sbom_run,
};
