/* tests/differential/specs_driver.c - answers what specs/ makes of texts, for the scripts that
 * compare it with other implementations.
 *
 * Cases come on stdin, answers go to stdout; each ends in 0x1e, and their fields are separated
 * by 0x1f. The first field of a case is its command, the first of an answer "ok" or
 * "no"; behind "no" come the error's code and its line. */
#include "specs/key.h"
#include "specs/lock.h"
#include "specs/versionspec.h"
#include <stdio.h>

enum { FIELD_END = 0x1f, CASE_END = 0x1e, MAX_FIELDS = 512, MAX_ANSWER = 64 << 20 };

/* The first field is not in args. The answer behind "ok"; or an error. */
typedef int command(struct arena *a, struct strs args, struct buf *out, struct err **e);

static int read_version(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	const struct version *v;
	(void)out;
	return version_parse(a, args.v[0], &v, e);
}

/* Two versions: "<", "=" or ">". */
static int compare(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	const struct version *left, *right;
	if (version_parse(a, args.v[0], &left, e) < 0 || version_parse(a, args.v[1], &right, e) < 0)
		return ERR_SYNTAX;
	int order = version_compare(left, right);
	buf_add_char(out, order < 0 ? '<' : order > 0 ? '>' : '=');
	return 0;
}

/* An expression and versions: its text, then "1" or "0" a version. */
static int match_versions(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	const struct versionspec *spec;
	struct str rest = args.v[0];
	if (versionspec_read(a, &rest, &spec, e) < 0)
		return ERR_SYNTAX;
	if (str_trim(rest).n)
		return err_set(e, ERR_SYNTAX, "\"%.*s\" follows", STR_ARG(rest));
	versionspec_write(spec, out);
	buf_add_char(out, FIELD_END);
	for (size_t i = 1; i < args.n; i++) {
		const struct version *v;
		if (version_parse(a, args.v[i], &v, e) < 0)
			return ERR_SYNTAX;
		buf_add_char(out, versionspec_matches(spec, v, args.v[i]) ? '1' : '0');
	}
	return 0;
}

/* Four fields a record: name, version, build, build number. */
static int read_record(struct arena *a, const struct str *fields, struct record *out,
		       struct err **e)
{
	*out = (struct record){.name = fields[0], .version_text = fields[1], .build = fields[2]};
	if (!str_u64(fields[3], &out->build_number))
		return err_set(e, ERR_SYNTAX, "a build number is wanted");
	return version_parse(a, out->version_text, &out->version, e);
}

/* "user", "record" or "search", a spec and records: its canonical text, then "1" or "0" a
 * record. */
static int match_records(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	enum matchspec_dialect dialect = str_is(args.v[0], "user")     ? MATCHSPEC_USER
					 : str_is(args.v[0], "record") ? MATCHSPEC_RECORD
								       : MATCHSPEC_SEARCH;
	struct matchspec spec;
	struct record record;
	if (matchspec_parse(a, args.v[1], dialect, &spec, e) < 0)
		return ERR_SYNTAX;
	matchspec_canonical(&spec, out);
	buf_add_char(out, FIELD_END);
	for (size_t i = 2; i + 3 < args.n; i += 4) {
		if (read_record(a, args.v + i, &record, e) < 0)
			return ERR_SYNTAX;
		buf_add_char(out, matchspec_matches(&spec, &record) ? '1' : '0');
	}
	return 0;
}

/* A platform, a lock's text and perhaps an environment: it written as conda-lock.yml, and as
 * @EXPLICIT. */
static int rewrite_lock(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	AUTO(lock_done) struct lock l = {.arena = ARENA};
	const char *platform = arena_copy(a, args.v[0].p, args.v[0].n);
	const char *environment = args.n > 2 ? arena_copy(a, args.v[2].p, args.v[2].n) : NULL;
	struct lock_source from = {args.v[1], "lock", platform, environment};
	int status = lock_read_from(&from, &l, e);
	if (status == 0)
		status = lock_write(&l, out, e);
	buf_add_char(out, FIELD_END);
	return status < 0 ? status : lock_write_explicit(&l, out, e);
}

/* The specs that a record depends on: as they read back from a lock, a field a name. */
static int rewrite_depends(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	AUTO(lock_done) struct lock back = {.arena = ARENA};
	AUTO(buf_done) struct buf text = BUF(MAX_ANSWER);
	struct record r = {.name = STR("p"),
			   .version_text = STR("1"),
			   .build = STR("0"),
			   .url = STR("https://h.example/c/noarch/p-1-0.conda"),
			   .depends = args};
	struct lock l = {.platform = STR("linux-64"), .records = &r, .count = 1};
	(void)a;
	int status = lock_write(&l, &text, e);
	if (status == 0)
		status = lock_read(buf_str(&text), "lock", "linux-64", &back, e);
	for (size_t i = 0; status == 0 && i < back.records[0].depends.n; i++) {
		if (i)
			buf_add_char(out, FIELD_END);
		buf_add_str(out, back.records[0].depends.v[i]);
	}
	return status;
}

/* An environment file's text: its canonical text. */
static int explain_key(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	(void)a;
	int status = definition_parse(args.v[0], "environment.yml", NULL, &d, e);
	if (status < 0)
		return status;
	struct key_input in = {.definition = &d, .platform = STR("linux/amd64")};
	key_text(&in, out);
	return 0;
}

static const struct {
	const char *name;
	command *run;
	size_t fields; /* at least */
} commands[] = {
	{"version", read_version, 1},  {"compare", compare, 2},	  {"versions", match_versions, 1},
	{"records", match_records, 2}, {"lock", rewrite_lock, 2}, {"depends", rewrite_depends, 1},
	{"key", explain_key, 1},
};

static int run(struct arena *a, struct strs fields, struct buf *out, struct err **e)
{
	struct strs args = {fields.v + 1, fields.n - 1};
	for (size_t i = 0; i < COUNT(commands); i++)
		if (str_is(fields.v[0], commands[i].name) && args.n >= commands[i].fields)
			return commands[i].run(a, args, out, e);
	return err_set(e, ERR_USAGE, "no such command");
}

static void answer(struct str text)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf out = BUF(MAX_ANSWER);
	AUTO(err_free) struct err *e = NULL;
	struct str fields[MAX_FIELDS];
	size_t n = 0;
	for (bool more = true; more && n < COUNT(fields); n++)
		more = str_cut(&text, FIELD_END, &fields[n]);
	bool ok = run(&a, (struct strs){fields, n}, &out, &e) == 0;
	AUTO(free) char *line = ok ? NULL : err_line(e);
	printf("%s%c", ok ? "ok" : "no", FIELD_END);
	if (ok)
		fwrite(out.data, 1, out.n, stdout);
	else
		printf("%d%c%s", e->code, FIELD_END, line);
	putchar(CASE_END);
}

int main(void)
{
	AUTO(free) char *line = NULL;
	size_t room = 0;
	ssize_t n;
	while ((n = getdelim(&line, &room, CASE_END, stdin)) > 0)
		answer((struct str){line, (size_t)n - (line[n - 1] == CASE_END)});
	return 0;
}
