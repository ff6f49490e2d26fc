/* tests/unit/test_pip_sources.c - which distributions are built, and what uv is told of them; the
 * builds are made up here. */
#include "builder/pip_private.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define DIST(name, requires) "Metadata-Version: 2.1\nName: " name "\nVersion: 1.0\n" requires

/* A build whose wheel says what the cookie is. */
static int build(void *cookie, struct arena *a, struct record *r, struct pip_dist *out,
		 struct err **e)
{
	struct str line, text = str_of(cookie);
	(void)e;
	*out = (struct pip_dist){.metadata = text, .version = STR("1.0")};
	while (text.n) {
		str_cut(&text, '\n', &line);
		if (str_starts(line, "Name: "))
			out->name = arena_str(a, str_from(line, 6));
	}
	r->name = out->name;
	r->version_text = out->version;
	return 0;
}

static void request(struct pip_request *q, struct requirements *r, const char *metadata)
{
	*q = (struct pip_request){.requirements = r,
				  .target = {.python = STR("3.11.2"), .glibc = 36},
				  .build = build,
				  .cookie = (void *)metadata};
	assert_int_equal(platform_find("linux/amd64", &q->target.platform, NULL), 0);
}

static void read_lines(struct requirements *r, const char *text)
{
	AUTO(err_free) struct err *e = NULL;
	struct requirements_source from = {.name = "r.txt", .folder = "/f"};
	if (requirements_add(r, &from, str_of(text), NULL, &e) < 0)
		fail_msg("%s", e->text);
}

static void lines_that_are_sources_are_built_and_others_are_not(void **state)
{
	static const struct {
		const char *line;
		size_t built;
	} rows[] = {
		{"a", 0},
		{"a @ https://h/a-1-py3-none-any.whl", 0},
		{"./a-1-py3-none-any.whl", 0},
		{"https://h/a-1.tar.gz", 1},
		{"a @ https://h/a-1.zip#subdirectory=x", 1},
		{"a @ git+https://h/a@v1 ; python_version > '3'", 1},
		{"a @ git+https://h/a@v1 ; python_version < '3'", 0},
		{"./folder[x]", 1},
		{"-e ./folder", 1},
		{"-e git+https://h/a#egg=a", 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(requirements_done) struct requirements r = REQUIREMENTS;
		AUTO(err_free) struct err *e = NULL;
		struct pip_sources s = {.arena = ARENA};
		struct pip_request q;
		request(&q, &r, DIST("a", ""));
		read_lines(&r, rows[i].line);
		if (pip_sources_of_lines(&q, &s, &e) < 0)
			fail_msg("%s: %s", rows[i].line, e->text);
		if (s.built.n != rows[i].built)
			fail_msg("%s: %zu built", rows[i].line, s.built.n);
		assert_int_equal(pip_source_of_line(&s, &r.lines.v[0]) != NULL, rows[i].built);
		pip_sources_done(&s);
	}
}

static void what_must_not_be_built_is_told(void **state)
{
	static const struct {
		const char *line, *why_not;
		int code;
		const char *words;
	} rows[] = {
		{"https://h/b-1.tar.gz", "--no-build forbids", ERR_UNSOLVABLE, "which --no-build"},
		{"b @ https://h/a-1.tar.gz", NULL, ERR_UNSOLVABLE, "is the source of a, not of b"},
		{"./folder --hash=sha256:"
		 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		 NULL, ERR_SYNTAX, "a hash is for archives"},
		{"b @ git+https://h/b@main#sha256="
		 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		 NULL, ERR_SYNTAX, "a hash is for archives"},
		{"hg+https://h/a", NULL, ERR_SYNTAX, "only git is known"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(requirements_done) struct requirements r = REQUIREMENTS;
		AUTO(err_free) struct err *e = NULL;
		struct pip_sources s = {.arena = ARENA};
		struct pip_request q;
		request(&q, &r, DIST("a", ""));
		q.why_not = rows[i].why_not;
		read_lines(&r, rows[i].line);
		assert_int_equal(pip_sources_of_lines(&q, &s, &e), rows[i].code);
		AUTO(free) char *line = err_line(e);
		if (!str_starts(str_of(line), "r.txt:1: ") || !strstr(line, rows[i].words))
			fail_msg("%s", line);
		pip_sources_done(&s);
	}
}

/* As uv 0.13 puts it. */
#define WORDS "hint: Wheels are required for `A.b` because building from source is disabled\n"

static void names_without_wheels_are_taken_as_sources_once(void **state)
{
	AUTO(requirements_done) struct requirements r = REQUIREMENTS;
	AUTO(err_free) struct err *e = NULL;
	struct pip_sources s = {.arena = ARENA};
	struct pip_request q;
	(void)state;
	request(&q, &r, "");
	assert_int_equal(pip_sources_of_words(&q, &s, STR("error: no"), &e), 0);
	assert_int_equal(pip_sources_of_words(&q, &s, STR(WORDS), &e), 1);
	assert_int_equal(pip_sources_of_words(&q, &s, STR(WORDS), &e), 0);
	assert_int_equal(s.names.n, 1);
	assert_true(str_is(s.names.v[0], "a-b"));
	pip_sources_done(&s);

	read_lines(&r, "--only-binary A_B");
	assert_int_equal(pip_sources_of_words(&q, &s, STR(WORDS), &e), ERR_UNSOLVABLE);
	assert_non_null(strstr(e->text, "--only-binary forbids"));
	pip_sources_done(&s);
}

static void uv_is_told_what_a_source_needs(void **state)
{
	static const char metadata[] =
		DIST("a", "Requires-Dist: b>=1 ; extra == \"x\"\nrequires-dist: no requirement!\n"
			  "Requires-Dist: c\nProvides-Extra: x\nRequires-Python: >=3.8\n");
	static const char wanted[] = "[[dependency-metadata]]\nname = \"a\"\nrequires-dist = []\n"
				     "[[dependency-metadata]]\nname = \"a\"\nversion = \"1.0\"\n"
				     "requires-dist = [\"b>=1 ; extra == \\\"x\\\"\", \"c\"]\n"
				     "provides-extra = [\"x\"]\nrequires-python = \">=3.8\"\n";
	AUTO(requirements_done) struct requirements r = REQUIREMENTS;
	AUTO(buf_done) struct buf text = BUF(4096);
	AUTO(err_free) struct err *e = NULL;
	struct pip_sources s = {.arena = ARENA};
	struct record_source source = {.kind = SOURCE_ARCHIVE};
	struct record chosen = {.name = STR("a"), .url = STR("https://h/a.zip"), .source = &source};
	struct pip_request q;
	(void)state;
	request(&q, &r, metadata);
	read_lines(&r, "--no-binary a");
	pip_sources_of_options(&q, &s);
	/* built once; then known */
	assert_int_equal(pip_sources_of_choice(&q, &s, &chosen, 1, &e), 1);
	assert_int_equal(pip_sources_of_choice(&q, &s, &chosen, 1, &e), 0);
	pip_sources_write(&s, &text);
	assert_string_equal(text.data, wanted);
	pip_sources_done(&s);
}

static void switches_say_what_may_be_taken(void **state)
{
	static const struct {
		const char *lines;
		enum requirement_format a, b;
	} rows[] = {
		{"", FORMAT_ANY, FORMAT_ANY},
		{"--no-binary A", FORMAT_SOURCE, FORMAT_ANY},
		{"--no-binary :all:\n--only-binary a", FORMAT_WHEEL, FORMAT_SOURCE},
		{"--only-binary :all:\n--no-binary a", FORMAT_SOURCE, FORMAT_WHEEL},
		{"--no-binary a,b\n--only-binary b", FORMAT_SOURCE, FORMAT_WHEEL},
		{"--no-binary a\n--no-binary :none:", FORMAT_ANY, FORMAT_ANY},
		{"--only-binary a\n--no-binary :all:", FORMAT_SOURCE, FORMAT_SOURCE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(requirements_done) struct requirements r = REQUIREMENTS;
		read_lines(&r, rows[i].lines);
		if (requirements_format(&r, STR("a")) != rows[i].a ||
		    requirements_format(&r, STR("b")) != rows[i].b)
			fail_msg("%s", rows[i].lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_sources_are_built_and_others_are_not),
		cmocka_unit_test(what_must_not_be_built_is_told),
		cmocka_unit_test(names_without_wheels_are_taken_as_sources_once),
		cmocka_unit_test(uv_is_told_what_a_source_needs),
		cmocka_unit_test(switches_say_what_may_be_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
