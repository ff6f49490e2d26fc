/* tests/unit/test_dockerignore.c - patterns of .dockerignore, and what they leave out. */
#include "specs/dockerignore.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void leaves_out_what_docker_does(void **state)
{
	(void)state;
	static const struct {
		const char *text, *path;
		bool excluded;
	} rows[] = {
		{"", "a", false},
		{"a", "a", true},
		{"a", "b/a", false},
		{"/a", "a", true},
		{"a/", "a/b/c", true},
		{"./a/../b", "b", true},
		{"../a", "a", true},
		{"*.log", "x.log", true},
		{"*.log", "d/x.log", false},
		{"*/x", "d/x", true},
		{"*/x", "d/e/x", false},
		{"**/x", "x", true},
		{"**/x", "d/e/x", true},
		{"**/x", "d/ex", false},
		{"a/**", "a/b", true},
		{"a/**", "a", false},
		{"a/**/c", "a/c", true},
		{"a/**/c", "a/b/b/c", true},
		{"**", "a/b", true},
		{"x?", "xy", true},
		{"x?", "x/", false},
		{"[a-c]x", "bx", true},
		{"[^a-c]x", "bx", false},
		{"[^a-c]x", "dx", true},
		{"[\\]]", "]", true},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"# a\na", "a", true},
		{"#a", "#a", false},
		{" a \r\n", "a", true},
		{"\xef\xbb\xbf"
		 "a",
		 "a", true},
		{"*\n!a", "a", false},
		{"*\n!a", "a/b", false},
		{"*\n!a/b", "a/c", true},
		{"*\n!a/b", "a/b", false},
		{"!a\n*", "a", true},
		{"*.md\n!README*.md\nREADME-secret.md", "README.md", false},
		{"*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true},
		{"a*b*c*d*e*f*g*h*", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct dockerignore d;
		assert_int_equal(dockerignore_parse(&a, str_of(rows[i].text), "f", &d, NULL), 0);
		if (dockerignore_excludes(&d, str_of(rows[i].path)) != rows[i].excluded)
			fail_msg("\"%s\" and %s", rows[i].text, rows[i].path);
	}
}

static void says_which_line_is_no_pattern(void **state)
{
	(void)state;
	static const char *const rows[] = {"ok\n[a", "ok\na\\", "ok\n[]", "ok\n[^]", "ok\n[/../[]"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct dockerignore d;
		assert_int_equal(dockerignore_parse(&a, str_of(rows[i]), "f", &d, &e), ERR_SYNTAX);
		assert_string_equal(e->text, "f:2");
	}
}

static void knows_which_folders_are_worth_a_look(void **state)
{
	(void)state;
	static const struct {
		const char *text, *folder;
		bool may;
	} rows[] = {
		{"a", "a", false},	  {"a\n!a/b", "a", true},  {"a\n!a/b/c", "a/b", true},
		{"a\n!ab/c", "a", false}, {"a\n!b/c", "a", false}, {"a\n!**/c", "a", true},
		{"a\n!b?", "a", true},	  {"a\n!a", "a", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct dockerignore d;
		assert_int_equal(dockerignore_parse(&a, str_of(rows[i].text), "f", &d, NULL), 0);
		if (dockerignore_may_send_below(&d, str_of(rows[i].folder)) != rows[i].may)
			fail_msg("%s: %s", rows[i].text, rows[i].folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_out_what_docker_does),
		cmocka_unit_test(knows_which_folders_are_worth_a_look),
		cmocka_unit_test(says_which_line_is_no_pattern),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
