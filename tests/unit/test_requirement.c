/* tests/unit/test_requirement.c - Python versions, markers and requirements as people write them;
 * tests/differential/requirements.py has the thousands. */
#include "specs/pyname.h"
#include "specs/requirement.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void versions_stand_in_their_order(void **state)
{
	static const char *const rows[] = {
		"1.dev0", "1a1.dev2", "1a1",	 "1a1.post1", "1rc1", "1",     "1+x",
		"1+x.1",  "1+2",      "1.post1", "01.02",     "99",   "1!0.5",
	};
	AUTO(arena_done) struct arena a = ARENA;
	(void)state;

	for (size_t i = 0; i + 1 < COUNT(rows); i++) {
		struct pyversion low, high;
		assert_int_equal(pyversion_parse(&a, str_of(rows[i]), &low, NULL), 0);
		assert_int_equal(pyversion_parse(&a, str_of(rows[i + 1]), &high, NULL), 0);
		if (pyversion_compare(&low, &high) >= 0 || pyversion_compare(&high, &low) <= 0)
			fail_msg("%s is not below %s", rows[i], rows[i + 1]);
	}
}

static void versions_have_a_normal_form(void **state)
{
	static const struct {
		const char *text, *normal; /* NULL: no version */
	} rows[] = {
		{"1.0-1", "1.0.post1"},
		{"1.0.post", "1.0.post0"},
		{"1.0-rev3", "1.0.post3"},
		{"1.0c1", "1.0rc1"},
		{"1.0preview", "1.0rc0"},
		{" v1.0 ", "1.0"},
		{"01.02", "1.2"},
		{"0!1", "1"},
		{"1+A-b_3", "1+a.b.3"},
		{"1_0", NULL},
		{"2004d", NULL},
		{"1.0-", NULL},
		{"", NULL},
		{"1..2", NULL},
		{"1+", NULL},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(buf_done) struct buf text = BUF(1000);
		struct pyversion v;
		int r = pyversion_parse(&a, str_of(rows[i].text), &v, NULL);
		if ((r == 0) != (rows[i].normal != NULL))
			fail_msg("\"%s\": %d", rows[i].text, r);
		if (r < 0)
			continue;
		pyversion_write(&v, &text);
		assert_string_equal(text.data, rows[i].normal);
	}
}

static void specifiers_match_as_pep_440_says(void **state)
{
	static const struct {
		const char *specifiers, *version;
		bool match;
	} rows[] = {
		{"==1.0", "1.0+x", true},
		{"==1.0+x", "1.0", false},
		{">1.0", "1.0.post1", false},
		{">1.0", "1.0+x", false},
		{">1.0.post1", "1.0.post2", true},
		{"<2.0", "2.0a1", false},
		{"<2.0", "2.0.dev1", false},
		{"<2.0rc1", "2.0b1", true},
		{"==1.0.*", "1.0a1", true},
		{"==1.0.*", "1.0.post1", true},
		{"~=1.4.5.post2", "1.4.5.post1", false},
		{"~=1.4.5.post2", "1.4.9", true},
		{"~=1.4.5", "1.5", false},
		{"===1.0", "1.0.0", false},
		{">=1,<2,", "1.5", true},
		{"", "3.0a1", true},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct pyspecifiers s;
		struct pyversion v;
		assert_int_equal(pyspecifiers_parse(&a, str_of(rows[i].specifiers), &s, NULL), 0);
		assert_int_equal(pyversion_parse(&a, str_of(rows[i].version), &v, NULL), 0);
		if (pyspecifiers_match(s, &v) != rows[i].match)
			fail_msg("%s with %s", rows[i].specifiers, rows[i].version);
	}
}

static void requirements_have_a_canonical_text(void **state)
{
	static const struct {
		const char *text, *canonical;
	} rows[] = {
		{"Foo_Bar", "foo-bar"},
		{" a [ X_y , b,b ] (>=1, <2) ", "a[b,x-y]>=1,<2"},
		{"a[]>=1,", "a>=1"},
		{"a==1 ;", "a==1"},
		{"a;python_version<'3.8'and(os.name=='nt'or extra==\"x\")",
		 "a ; python_version < \"3.8\" and (os_name == \"nt\" or extra == \"x\")"},
		{"a @ https://h/a.whl#sha256=00;python_implementation == 'CPython'",
		 "a @ https://h/a.whl#sha256=00 ; platform_python_implementation == \"CPython\""},
		{"a@git+https://h/r.git@v1#subdirectory=d",
		 "a @ git+https://h/r.git@v1#subdirectory=d"},
		{"a ; '\"' in platform_version", "a ; '\"' in platform_version"},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(buf_done) struct buf text = BUF(1000);
		AUTO(err_free) struct err *e = NULL;
		struct requirement r;
		if (requirement_parse(&a, str_of(rows[i].text), &r, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e->text);
		requirement_write(&r, &text);
		assert_string_equal(text.data, rows[i].canonical);
	}
}

static void what_is_no_requirement_is_told(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"", "the name of a distribution is wanted at the end"},
		{"-x", "the name of a distribution is wanted before \"-x\""},
		{"a=1", "a comparison is wanted (== != <= >= < > ~= ===), not \"=1\""},
		{"a==1 b", "the end or \";\" is wanted before \"b\""},
		{"a, b", "a comparison of versions (==, >=, ...) is wanted before \", b\""},
		{"a>=8.*", "\".*\" goes with == and != only"},
		{"a>=1+x", "a local version goes with == and != only"},
		{"a~=1", "~= needs a version of two parts or more, as 1.4"},
		{"a==1.0.post1.*", "\".*\" stands behind a release only"},
		{"a==@latest", "a version is wanted behind ==, not \"@latest\""},
		{"a[x,]", "the name of an extra is wanted before \"]\""},
		{"a ; python == '3'",
		 "a variable or a text in quotes is wanted in the marker, before "
		 "\"python == '3'\""},
		{"a ; os_name == 'x", "a closing quote is wanted in the marker, before \"'x\""},
		{"a ; 'x' == 'y'", "a marker compares a variable, not \"x\" with \"y\""},
		{"a ; (os_name == 'x'", "a closing bracket is wanted at the end of the marker"},
		{"a ; os_name not os_name",
		 "a comparison (== != <= >= < > ~= ===, in, not in) is wanted "
		 "in the marker, before \"not os_name\""},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct requirement r;
		assert_int_equal(requirement_parse(&a, str_of(rows[i].text), &r, &e), ERR_SYNTAX);
		assert_string_equal(e->text, rows[i].words);
	}
}

static void markers_ask_the_target(void **state)
{
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{"python_version > '3.9'", true},
		{"'3.8' < python_version", true},
		{"python_version in '3.8 3.11'", true},
		{"python_version == '3.*'", true},
		{"platform_release >= '5'", false},
		{"extra == 'x_Y'", true},
		{"os_name == 'nt' or os_name == 'posix' and extra == 'no'", false},
		{"(os_name == 'nt' or os_name == 'posix') and extra != 'no'", true},
		{"python_full_version == python_version", false},
	};
	struct marker_environment env = {0};
	(void)state;

	env.values[MARKER_OS_NAME] = STR("posix");
	env.values[MARKER_PYTHON_VERSION] = STR("3.11");
	env.values[MARKER_PYTHON_FULL_VERSION] = STR("3.11.9");
	env.values[MARKER_PLATFORM_RELEASE] = STR("6.18.44-fc");
	env.values[MARKER_EXTRA] = STR("X-y");
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		const struct marker *m;
		assert_int_equal(marker_parse(&a, str_of(rows[i].text), &m, NULL), 0);
		if (marker_holds(m, &env) != rows[i].holds)
			fail_msg("%s", rows[i].text);
	}
}

static void brackets_have_a_greatest_depth(void **state)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(err_free) struct err *e = NULL;
	char deep[10000];
	const struct marker *m;
	(void)state;

	memset(deep, '(', sizeof(deep));
	assert_int_equal(marker_parse(&a, (struct str){deep, sizeof(deep)}, &m, &e), ERR_SYNTAX);
	assert_non_null(strstr(e->text, "deeper"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_stand_in_their_order),
		cmocka_unit_test(versions_have_a_normal_form),
		cmocka_unit_test(specifiers_match_as_pep_440_says),
		cmocka_unit_test(requirements_have_a_canonical_text),
		cmocka_unit_test(what_is_no_requirement_is_told),
		cmocka_unit_test(markers_ask_the_target),
		cmocka_unit_test(brackets_have_a_greatest_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
