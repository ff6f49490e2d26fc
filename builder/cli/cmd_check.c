/* builder/cli/cmd_check.c - kiln check: what is doubtful, before anything is built. */
#include "builder/cli/common.h"

struct check_args {
	struct common_args common;
	const char *locked, *source;
};

/* What is looked at, and what for. */
struct checking {
	const struct session *session;
	const char *source; /* the user's code; or NULL */
	struct findings *out;
};

static int check_one(const struct checking *c, struct build *b, const struct lock *locked,
		     struct err **e)
{
	AUTO(lock_done) struct lock solved = {0};
	const struct definition *d = &c->session->definition;
	int r = locked ? build_lock_fits(b, d, locked, e) : build_lock(b, d, &solved, e);
	const struct lock *l = locked ? locked : &solved;
	if (r == 0)
		r = build_check(b, d, l, c->out, e);
	if (r == 0 && c->source)
		r = build_check_source(b, l, c->source, c->out, e);
	return r;
}

static int check_all(const struct checking *c, struct err **e)
{
	const struct session *s = c->session;
	const struct lock *locked = s->locked;
	int r = 0;
	for (struct build *b = s->build; b && r == 0; b = build_next(b)) {
		r = check_one(c, b, locked ? locked++ : NULL, e);
		if (r < 0 && build_next(s->build))
			err_wrap(e, r, "%s", build_platform(b)->image);
	}
	return r;
}

static int print(const struct check_args *args, const struct findings *f, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	if (args->common.json) {
		struct json_out j = {&text};
		json_open(&j, NULL, '{');
		findings_put(f, &j, "findings");
		json_close(&j, '}');
		buf_add_char(&text, '\n');
	} else {
		findings_write(f, &text);
	}
	return command_print(&text, e);
}

static int check_run(void *at, const struct option_list *rest, struct err **e)
{
	struct check_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(findings_done) struct findings findings = FINDINGS;
	int r = session_open(&s, &args->common, false, e);
	s.solves = s.keeps = !args->locked;
	s.takes_default = true;
	if (r == 0 && args->locked)
		r = session_lock(&s, &args->common, args->locked, e);
	if (r == 0)
		r = session_definition(&s, &args->common, rest, e);
	if (r == 0)
		r = check_all(&(struct checking){&s, args->source, &findings}, e);
	if (r == 0)
		r = print(args, &findings, e);
	size_t errors = findings_count(&findings, FINDING_ERROR);
	if (r == 0 && errors)
		return err_set(e, ERR_FAILED, "errors: %zu", errors);
	return r;
}

#define AT(field) offsetof(struct check_args, field)
static const struct option_row own_options[] = {
	{0, "locked", OPTION_TEXT, AT(locked), "LOCK", "check this lock, never solve"},
	{0, "source", OPTION_TEXT, AT(source), "DIR",
	 "Python code: what it imports and nothing provides"},
	{0},
};

const struct command cmd_check = {
	.name = "check",
	.usage = "check [OPTIONS] [--base IMAGE] DEFINITION",
	.summary = "say what is doubtful in a definition and the packages it solves to",
	.options = (const struct option_row *const[]){own_options, DEFINITION_AND_LOCK_TABLES},
	.args_size = sizeof(struct check_args),
	.run = check_run,
};
