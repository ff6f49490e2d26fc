/* tests/unit/test_version.c - the order of conda's versions, relation by relation. */
#include "specs/record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct version *parse(struct arena *a, const char *text)
{
	const struct version *v = NULL;
	AUTO(err_free) struct err *e = NULL;
	if (version_parse(a, str_of(text), &v, &e) < 0)
		fail_msg("%s", e->text);
	return v;
}

static const struct {
	const char *a;
	char relation;
	const char *b;
} ordered[] = {
	{"0.4", '=', "0.4.0"},
	{"0.4.1.rc", '=', "0.4.1.RC"},
	{"0.4.1.RC", '<', "0.4.1+local"},
	{"0.4.1+0.local", '<', "0.4.1"},
	{"0.4.1", '=', "0.4.1+0"},
	{"0.4.1", '<', "0.4.1+1.local"},
	{"1.0.1dev", '<', "1.0.1_"},
	{"1.0.1_", '<', "1.0.1a"},
	{"1.0.1a", '<', "1.0.1b"},
	{"1.0.1b", '<', "1.0.1"},
	{"1.0dev", '<', "1.0a"},
	{"1.0.dev1", '>', "1.0dev1"},
	{"1.1dev1", '<', "1.1a1"},
	{"1.1a1", '<', "1.1.0dev1"},
	{"1.1.0dev1", '=', "1.1.dev1"},
	{"1.1rc", '<', "1.1.0rc"},
	{"1.1.0rc", '=', "1.1.rc"},
	{"1.1.rc", '<', "1.1"},
	{"1.0", '<', "1.0.post1"},
	{"1.0.post1", '=', "1.0.0post1"},
	{"1.0.0post1", '<', "1.0.1"},
	{"1.0.1", '<', "1.0post1"},
	{"1.0.dev", '<', "1.0.a"},
	{"1.0.a", '<', "1.0.devdev"},
	{"1.0.postx", '<', "1.0.0"},
	{"1.0.0", '<', "1.0.post"},
	{"9c", '<', "9"},
	{"9e", '<', "10"},
	{"2008m", '<', "2008"},
	{"v1.0", '<', "0.1"},
	{"post", '<', "1"},
	{"1.2.3a2", '<', "1.2.3a10"},
	{"1.2.3a", '=', "1.2.3a0"},
	{"1.9", '<', "1.10"},
	{"1.1", '=', "1.01"},
	{"1.0_1", '=', "1.0-1"},
	{"1.0-1", '=', "1.0.1"},
	{"1a.2b", '<', "1a2b"},
	{"2.0.1.version.2", '<', "2.0.1.version2"},
	{"1.1__", '<', "1.1.0"},
	{"1.1__", '>', "1.1_"},
	{"1996.07.12", '<', "1!0.4.1"},
	{"0.960923", '<', "1.0"},
	{"dev", '<', "a"},
	{"1.0+1-a", '=', "1.0+1.a"},
	{"1.0.1a_", '>', "1.0.1a"},
	{"1.0post_", '<', "1.0"},
	{"18446744073709551615", '>', "18446744073709551614"},
	{"1a-", '=', "1a_"},
	{"1a-", '<', "1ab"},
	{"9m.1", '<', "9__"},
	{"1a__", '=', "1a.0_"},
	{"1a__", '<', "1a.0"},
	{"1.2._", '=', "1.2__"},
	{"1.2+a_", '>', "1.2+a"},
	{"9999_", '<', "9999"},
};

static void versions_are_ordered_as_conda_orders_them(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(ordered); i++) {
		const struct version *x = parse(&a, ordered[i].a), *y = parse(&a, ordered[i].b);
		int c = version_compare(x, y), back = version_compare(y, x);
		char got = c < 0 ? '<' : c > 0 ? '>' : '=';
		if (got != ordered[i].relation || (c < 0) != (back > 0) || (c == 0) != (back == 0))
			fail_msg("%s %c %s, not %c", ordered[i].a, ordered[i].relation,
				 ordered[i].b, got);
	}
}

static void a_prefix_matches_what_lies_under_it(void **state)
{
	(void)state;
	static const struct {
		const char *prefix, *yes[12], *no[4];
	} rows[] = {
		{"1.2",
		 {"1.2", "1.2.3", "1.2a1", "1.2rc1", "1.2.dev0", "1.2post1", "1.2_", "1.2_1",
		  "1.2+loc"},
		 {"1.20", "1!1.2"}},
		{"1.2.0", {"1.2", "1.2.0.5"}, {"1.2.1"}},
		{"1.0.1", {"1.0.1c"}, {"1.0.10"}},
		{"1.1", {"1.1c.1"}, {"1.2"}},
		{"1.1.1", {"1.1.1c"}, {"1.1c.1"}},
		{"1.2+loc", {"1.2+loc.1"}, {"1.2"}},
		{"1.2a", {"1.2a1", "1.2a.5", "1.2a_", "1.2a__"}, {"1.2alpha", "1.2b_"}},
		{"1.2a_", {"1.2a_"}, {"1.2a", "1.2a__"}},
		{"1dev", {"1dev_"}, {"1post_"}},
		{"1post", {"1post_", "1post1"}, {"1dev_"}},
		{"1.0", {"1", "1.0a"}, {"1a"}},
		{"1+a", {"1.0+a.b"}, {"1.2+a"}},
		{"2.0.1.version.3", {"2.0.1.version.3"}, {"2.0.1.version2"}},
	};
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct version *prefix = parse(&a, rows[i].prefix);
		for (const char *const *v = rows[i].yes; *v; v++)
			if (!version_starts_with(parse(&a, *v), prefix))
				fail_msg("%s.* should match %s", rows[i].prefix, *v);
		for (const char *const *v = rows[i].no; *v; v++)
			if (version_starts_with(parse(&a, *v), prefix))
				fail_msg("%s.* should not match %s", rows[i].prefix, *v);
	}
}

static void compatible_drops_the_last_segment(void **state)
{
	(void)state;
	static const struct {
		const char *version, *limit;
		bool match;
	} rows[] = {
		{"1.2.4", "1.2.3", true}, {"1.2.2", "1.2.3", false}, {"1.3", "1.2.3", false},
		{"7", "1", true},	  {"1.2", "1.2.0", true},    {"1!1.2.4", "1.2.3", false},
	};
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (version_compatible(parse(&a, rows[i].version), parse(&a, rows[i].limit)) !=
		    rows[i].match)
			fail_msg("%s ~=%s", rows[i].version, rows[i].limit);
}

static void what_is_no_version_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"",	    "1!",    "!1",    "1.2+",
					  "1+a+b",  "1..2",  "1.2.",  "1._2",
					  ".1",	    "_1",    "1.2-_", "1_2-3",
					  "1.2___", "1.2~3", "1.2=",  "1 2",
					  "a!1",    "1!2!3", "1.0.*", "18446744073709551616",
					  "1.__",   "1_.",   "_",     "1.0\xc3\xa4"};
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct version *v = NULL;
		AUTO(err_free) struct err *e = NULL;
		if (version_parse(&a, str_of(bad[i]), &v, &e) != ERR_SYNTAX)
			fail_msg("\"%s\" should not be a version", bad[i]);
	}
}

static void odd_versions_are_read(void **state)
{
	(void)state;
	static const char *const odd[] = {"a",	  "post", "1!a",      "1.2__", "1.2--",
					  "v1.0", "9c-1", "1.2.3_4_", "1._"};
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(odd); i++)
		parse(&a, odd[i]);
}

static void a_record_is_copied_whole(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct arena b = ARENA;
	struct record virtual, copy;
	assert_int_equal(record_virtual(&b, "__glibc", "2.36", NULL, &virtual, NULL), 0);
	struct str depends[] = {arena_printf(&b, "libc %d", 6)};
	virtual.depends = (struct strs){depends, 1};
	record_copy(&a, &virtual, &copy);
	arena_done(&b);
	assert_true(str_is(copy.name, "__glibc") && str_is(copy.depends.v[0], "libc 6"));
	assert_int_equal(version_compare(copy.version, parse(&a, "2.36.0")), 0);
	assert_true(str_is(record_stem(&a, &copy), "__glibc-2.36-0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_ordered_as_conda_orders_them),
		cmocka_unit_test(a_prefix_matches_what_lies_under_it),
		cmocka_unit_test(compatible_drops_the_last_segment),
		cmocka_unit_test(what_is_no_version_is_refused),
		cmocka_unit_test(odd_versions_are_read),
		cmocka_unit_test(a_record_is_copied_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
