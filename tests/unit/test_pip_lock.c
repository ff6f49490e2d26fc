/* tests/unit/test_pip_lock.c - wheels taken from uv's pylock.toml. */
#include "builder/pip_private.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SHA "26445eca388f82e72884e0d580d5464cd801a3ea01e63e5601bdff9ba6a48de2"
#define PACKAGE "[[packages]]\nname = \"x\"\nversion = \"1\"\n"

static int read_lock(const char *text, struct arena *a, struct record **out, size_t *count,
		     struct err **e)
{
	struct pip_request q = {.target = {.python = STR("3.11.2"), .glibc = 36}};
	assert_int_equal(platform_find("linux/amd64", &q.target.platform, NULL), 0);
	return pip_read_lock(&q, str_of(text), a, out, count, e);
}

static void wheels_with_an_address_of_their_own_are_taken_without_secrets(void **state)
{
	(void)state;
	static const struct {
		const char *archive, *url;
	} rows[] = {
		{"url = \"https://u:p@h/a/x-1-py3-none-any.whl\"",
		 "https://h/a/x-1-py3-none-any.whl"},
		{"url = \"https://h/x-1-py3-none-any.whl#sha256=12\"",
		 "https://h/x-1-py3-none-any.whl"},
		{"path = \"/some where/x-1-py3-none-any.whl\"",
		 "file:///some%20where/x-1-py3-none-any.whl"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct record *records;
		size_t count;
		struct str text = arena_printf(
			&a, PACKAGE "archive = { %s, hashes = { sha256 = \"" SHA "\" } }\n",
			rows[i].archive);
		assert_int_equal(read_lock(text.p, &a, &records, &count, NULL), 0);
		assert_int_equal(count, 1);
		assert_true(str_is(records[0].url, rows[i].url));
		assert_true(str_is(records[0].fn, "x-1-py3-none-any.whl"));
		assert_true(records[0].direct && records[0].has_sha256);
	}
}

static void wheels_for_other_targets_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"archive = { url = \"https://h/x-1-cp310-cp310-linux_x86_64.whl\" }\n",
		"archive = { url = \"https://h/x-1-py3-none-win32.whl\" }\n",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct record *records;
		size_t count;
		struct str text = arena_printf(&a, PACKAGE "%s", rows[i]);
		assert_true(read_lock(text.p, &a, &records, &count, &e) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wheels_with_an_address_of_their_own_are_taken_without_secrets),
		cmocka_unit_test(wheels_for_other_targets_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
