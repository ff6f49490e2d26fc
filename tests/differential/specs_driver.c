/* tests/differential/specs_driver.c - answers what specs/ makes of texts, for the scripts that
 * compare it with other implementations.
 *
 * Cases come on stdin, answers go to stdout; each ends in 0x1e, and their fields are separated
 * by 0x1f. The first field of a case is its command, the first of an answer "ok" or
 * "no"; behind "no" come the error's code and its line. */
#include "builder/pip.h"
#include "specs/base/toml.h"
#include "specs/base/yaml_dump.h"
#include "specs/key.h"
#include "specs/lock.h"
#include "specs/pyimports.h"
#include "specs/requirements.h"
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

/* A spec as records hold it: its text for people. */
static int display_spec(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	struct matchspec spec;
	if (matchspec_parse(a, args.v[0], MATCHSPEC_RECORD, &spec, e) < 0)
		return ERR_SYNTAX;
	matchspec_display(&spec, out);
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
	int status = definition_parse(args.v[0], "environment.yml", NULL, NULL, &d, e);
	if (status < 0)
		return status;
	struct key_input in = {
		.definition = &d, .channels = d.channels, .platform = STR("linux/amd64")};
	key_text(&in, out);
	return 0;
}

/* A version of a Python distribution, and others: its normal form, then "<", "=" or ">" each. */
static int compare_pyversions(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	struct pyversion v, other;
	if (pyversion_parse(a, args.v[0], &v, e) < 0)
		return ERR_SYNTAX;
	pyversion_write(&v, out);
	buf_add_char(out, FIELD_END);
	for (size_t i = 1; i < args.n; i++) {
		if (pyversion_parse(a, args.v[i], &other, e) < 0)
			return ERR_SYNTAX;
		int order = pyversion_compare(&v, &other);
		buf_add_char(out, order < 0 ? '<' : order > 0 ? '>' : '=');
	}
	return 0;
}

/* Specifiers of a Python distribution, and versions: "1" or "0" a version. */
static int match_pyversions(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	struct pyspecifiers s;
	struct pyversion v;
	if (pyspecifiers_parse(a, args.v[0], &s, e) < 0)
		return ERR_SYNTAX;
	for (size_t i = 1; i < args.n; i++) {
		if (pyversion_parse(a, args.v[i], &v, e) < 0)
			return ERR_SYNTAX;
		buf_add_char(out, pyspecifiers_match(s, &v) ? '1' : '0');
	}
	return 0;
}

/* A requirement: its canonical text. */
static int read_requirement(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	struct requirement r;
	if (requirement_parse(a, args.v[0], &r, e) < 0)
		return ERR_SYNTAX;
	requirement_write(&r, out);
	return 0;
}

/* A marker and the values of its variables, in the order of enum marker_variable: its canonical
 * text, then "1" or "0". */
static int evaluate_marker(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	const struct marker *m;
	struct marker_environment env = {0};
	if (marker_parse(a, args.v[0], &m, e) < 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < MARKER_VARIABLES && i + 1 < args.n; i++)
		env.values[i] = args.v[i + 1];
	marker_write(m, out);
	buf_printf(out, "%c%d", FIELD_END, marker_holds(m, &env));
	return 0;
}

static void put_field(struct buf *out, struct str text)
{
	buf_add_str(out, text);
	buf_add_char(out, FIELD_END);
}

static void put_texts(struct buf *out, const char *name, const struct str *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s %.*s%c", name, STR_ARG(v[i]), FIELD_END);
}

/* A requirements file: a field for each thing it asks for, in words. */
static int read_requirements(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	AUTO(requirements_done) struct requirements r = REQUIREMENTS;
	const char *path = arena_copy(a, args.v[0].p, args.v[0].n);
	int code = requirements_read(&r, path, false, NULL, e);
	if (code < 0)
		return code;
	for (size_t i = 0; i < r.lines.n; i++) {
		struct requirement_line *l = &r.lines.v[i];
		buf_printf(out, "%s:%s%u:", l->constraint ? "constraint" : "requirement",
			   l->editable ? "editable:" : "", l->line);
		buf_add_str(out, l->target);
		requirement_write(&l->requirement, out);
		put_field(out, STR(""));
		put_texts(out, "hash", l->hashes.v, l->hashes.n);
		put_texts(out, "setting", l->settings.v, l->settings.n);
	}
	put_texts(out, "index", &r.index_url, r.index_url.n > 0);
	put_texts(out, "extra", r.extra_index_urls.v, r.extra_index_urls.n);
	put_texts(out, "links", r.find_links.v, r.find_links.n);
	put_texts(out, "trusted", r.trusted_hosts.v, r.trusted_hosts.n);
	buf_printf(out, "%d%d%d%d", r.no_index, r.prefer_binary, r.pre, r.require_hashes);
	return 0;
}

/* "linux/amd64", the minor of glibc, a version of Python, and tags: the rank of each. */
static int rank_tags(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	struct pip_target t = {.python = args.v[2]};
	uint64_t glibc;
	int code = platform_find(arena_copy(a, args.v[0].p, args.v[0].n), &t.platform, e);
	if (code < 0)
		return code;
	if (!str_u64(args.v[1], &glibc))
		return err_set(e, ERR_USAGE, "a number is wanted");
	t.glibc = (unsigned)glibc;
	for (size_t i = 3; i < args.n; i++) {
		struct str rest = args.v[i], python, abi;
		str_cut(&rest, '-', &python);
		str_cut(&rest, '-', &abi);
		buf_printf(out, "%s%d", i > 3 ? " " : "", pip_tags_rank(&t, python, abi, rest));
	}
	return 0;
}

/* A YAML document, written as PyYAML does: its keys sorted. */
static int dump_yaml(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	AUTO(yaml_done) struct yaml y = YAML;
	(void)a;
	int code = yaml_parse(args.v[0], "yaml", &y, e);
	if (code == 0 && !y.root)
		return err_set(e, ERR_SYNTAX, "nothing");
	return code < 0 ? code : yaml_dump(&y, y.root, true, out, e);
}

/* A Python source: "NAME:LINE" of each import, with blanks between. */
static int read_imports(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	AUTO(pyimports_done) struct pyimports p = {0};
	(void)a, (void)e;
	pyimports_read(args.v[0], &p);
	for (size_t i = 0; i < p.list.n; i++)
		buf_printf(out, "%s%.*s:%u", i ? " " : "", STR_ARG(p.list.v[i].name),
			   p.list.v[i].line);
	return 0;
}

/* A TOML document: the same as JSON. */
static int read_toml(struct arena *a, struct strs args, struct buf *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	struct json_out j = {out};
	(void)a;
	int code = toml_parse(args.v[0], "toml", &doc, e);
	if (code == 0)
		json_put_value(&j, NULL, doc);
	return code;
}

static const struct {
	const char *name;
	command *run;
	size_t fields; /* at least */
} commands[] = {
	{"version", read_version, 1},
	{"compare", compare, 2},
	{"versions", match_versions, 1},
	{"records", match_records, 2},
	{"lock", rewrite_lock, 2},
	{"depends", rewrite_depends, 1},
	{"display", display_spec, 1},
	{"key", explain_key, 1},
	{"pyversion", compare_pyversions, 1},
	{"pyspecifiers", match_pyversions, 1},
	{"requirement", read_requirement, 1},
	{"marker", evaluate_marker, 1},
	{"requirements", read_requirements, 1},
	{"toml", read_toml, 1},
	{"imports", read_imports, 1},
	{"yaml", dump_yaml, 1},
	{"tags", rank_tags, 4},
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
