/* tests/unit/test_backend.c - what pyproject.toml says of a build; tests/cli/pip_build.sh runs real
 * backends. */
#include "builder/backend.h"
#include "specs/base/fs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_build_system_is_read_or_is_setuptools(void **state)
{
	static const struct {
		const char *text, *backend;
		size_t requires, paths;
	} rows[] = {
		{"", "setuptools.build_meta:__legacy__", 1, 0},
		{"[project]\nname = 'x'\n", "setuptools.build_meta:__legacy__", 1, 0},
		{"[build-system]\nrequires = ['a', 'b>=1']\n", "setuptools.build_meta:__legacy__",
		 2, 0},
		{"[build-system]\nrequires = []\nbuild-backend = 'x.y:z.w'\nbackend-path = ['.', "
		 "'b/c']\n",
		 "x.y:z.w", 0, 2},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct build_system s;
		if (build_system_read(&a, str_of(rows[i].text), &s, &e) < 0)
			fail_msg("row %zu: %s", i, e->text);
		assert_true(str_is(s.backend, rows[i].backend));
		assert_int_equal(s.requires.n, rows[i].requires);
		assert_int_equal(s.path.n, rows[i].paths);
	}
}

static void what_is_no_build_system_is_told(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"[build-system\n", "pyproject.toml:1: "},
		{"build-system = 1\n", "build-system is no table"},
		{"[build-system]\n", "[build-system] has no requires"},
		{"[build-system]\nrequires = 'a'\n", "requires is no list"},
		{"[build-system]\nrequires = [1]\n", "requires holds what is no text"},
		{"[build-system]\nrequires = []\nbuild-backend = ''\n",
		 "build-backend \"\" is none"},
		{"[build-system]\nrequires = []\nbuild-backend = 'os; x'\n", "build-backend"},
		{"[build-system]\nrequires = []\nbuild-backend = 'a:b:c'\n", "build-backend"},
		{"[build-system]\nrequires = []\nbackend-path = ['../x']\n", "leads out"},
		{"[build-system]\nrequires = []\nbackend-path = ['/x']\n", "leads out"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct build_system s;
		assert_int_equal(build_system_read(&a, str_of(rows[i].text), &s, &e), ERR_SYNTAX);
		if (!strstr(e->text, rows[i].words))
			fail_msg("row %zu: %s", i, e->text);
	}
}

static void a_folder_without_a_project_is_told(void **state)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(free) char *folder = NULL;
	struct build_system s;
	(void)state;
	assert_int_equal(fs_temp_dir("/tmp", &folder, NULL), 0);
	assert_int_equal(build_system_find(&a, folder, &s, NULL), ERR_CORRUPT);
	AUTO(free) char *setup = fs_join(folder, "setup.py");
	assert_int_equal(fs_write(setup, STR(""), 0600, NULL), 0);
	assert_int_equal(build_system_find(&a, folder, &s, NULL), 0);
	assert_int_equal(s.requires.n, 1);
	assert_int_equal(fs_remove(folder, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_system_is_read_or_is_setuptools),
		cmocka_unit_test(what_is_no_build_system_is_told),
		cmocka_unit_test(a_folder_without_a_project_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
