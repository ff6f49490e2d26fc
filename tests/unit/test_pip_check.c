/* tests/unit/test_pip_check.c - conda's distributions against the wheels chosen beside them. */
#include "builder/pip.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int check(const char *requires, const char *version, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct pip_dist dist = {
		.name = STR("tool"),
		.version = STR("2.0"),
		.package = STR("tool-core"),
		.metadata = arena_printf(&a, "Name: tool\nVersion: 2.0\n%s", requires),
	};
	struct record wheel = {
		.manager = MANAGER_PIP, .name = STR("some-lib"), .version_text = str_of(version)};
	struct pip_request q = {.provided = {&dist, 1}, .target = {.python = STR("3.11.9")}};
	assert_int_equal(platform_find("linux/amd64", &q.target.platform, NULL), 0);
	return pip_check_provided(&q, &wheel, 1, e);
}

static void wheels_are_held_against_what_conda_needs(void **state)
{
	static const struct {
		const char *requires, *version;
		int code;
	} rows[] = {
		{"", "1.0", 0},
		{"Requires-Dist: some_lib>=1\n", "1.0", 0},
		{"Requires-Dist: Some.Lib (<1)\n", "1.0", ERR_UNSOLVABLE},
		{"requires-dist: some-lib>=2,<3\r\n", "1.0", ERR_UNSOLVABLE},
		{"Requires-Dist: some-lib>=2; python_version < '3.11'\n", "1.0", 0},
		{"Requires-Dist: some-lib>=2; python_full_version >= '3.11.9'\n", "1.0",
		 ERR_UNSOLVABLE},
		{"Requires-Dist: some-lib>=2; sys_platform == 'win32'\n", "1.0", 0},
		{"Requires-Dist: some-lib>=2; platform_machine == 'x86_64'\n", "1.0",
		 ERR_UNSOLVABLE},
		{"Requires-Dist: some-lib>=2; extra == 'fast'\n", "1.0", 0},
		{"Requires-Dist: other>=2\n", "1.0", 0},
		{"Requires-Dist: some-lib>=>=2\n", "1.0", 0},
		{"Requires-Dist: some-lib>=2\n", "2.1rc1", 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(check(rows[i].requires, rows[i].version, NULL), rows[i].code);
}

static void a_contradiction_names_both_sides(void **state)
{
	AUTO(err_free) struct err *e = NULL;
	(void)state;
	assert_int_equal(check("Requires-Dist: some-lib<1\n", "1.5", &e), ERR_UNSOLVABLE);
	assert_string_equal(e->text, "tool 2.0 (conda package tool-core) needs some-lib<1, and the "
				     "pip requirements bring some-lib 1.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wheels_are_held_against_what_conda_needs),
		cmocka_unit_test(a_contradiction_names_both_sides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
