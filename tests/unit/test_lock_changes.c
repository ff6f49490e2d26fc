/* tests/unit/test_lock_changes.c - what differs in two locks. */
#include "specs/lock_changes.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CONDA(n, v, b)                                                                             \
	{                                                                                          \
		.name = STR(n), .version_text = STR(v), .build = STR(b)                            \
	}
#define PIP(n, v)                                                                                  \
	{                                                                                          \
		.manager = MANAGER_PIP, .name = STR(n), .version_text = STR(v)                     \
	}
#define HASHED(n, v, byte)                                                                         \
	{                                                                                          \
		.manager = MANAGER_PIP, .name = STR(n), .version_text = STR(v),                    \
		.has_sha256 = true, .sha256 = {                                                    \
			{byte}                                                                     \
		}                                                                                  \
	}

static void check(const struct lock *from, const struct lock *to, const char *wanted)
{
	AUTO(lock_changes_done) struct lock_changes c = {0};
	AUTO(buf_done) struct buf text = BUF(4096);
	lock_changes_find(from, to, &c);
	for (size_t i = 0; i < c.n; i++)
		buf_printf(&text, "%s %.*s: %.*s -> %.*s\n", c.v[i].manager, STR_ARG(c.v[i].name),
			   STR_ARG(c.v[i].from), STR_ARG(c.v[i].to));
	assert_string_equal(text.data, wanted);
}

static void what_comes_goes_and_changes_is_told_by_name(void **state)
{
	struct record now[] = {CONDA("zlib", "1.3", "h1_0"), CONDA("six", "1.16", "py_0"),
			       CONDA("numpy", "1.26", "py311_0"), PIP("six", "1.16"),
			       CONDA("gone", "1", "0")};
	struct record then[] = {CONDA("numpy", "2.0", "py311_0"), CONDA("six", "1.16", "py_0"),
				PIP("six", "1.17"), CONDA("zlib", "1.3", "h1_1"), PIP("come", "3")};
	const struct lock from = {.records = now, .count = COUNT(now)};
	const struct lock to = {.records = then, .count = COUNT(then)};
	(void)state;
	check(&from, &to,
	      "pip come:  -> 3\n"
	      "conda gone: 1 -> \n"
	      "conda numpy: 1.26 -> 2.0\n"
	      "pip six: 1.16 -> 1.17\n"
	      "conda zlib: 1.3 h1_0 -> 1.3 h1_1\n");
}

static void equal_locks_differ_in_nothing_whatever_their_order(void **state)
{
	struct record one[] = {CONDA("a", "1", "0"), CONDA("b", "1", "0")};
	struct record other[] = {CONDA("b", "1", "0"), CONDA("a", "1", "0")};
	const struct lock from = {.records = one, .count = 2}, to = {.records = other, .count = 2};
	const struct lock none = {0};
	(void)state;
	check(&from, &to, "");
	check(&none, &none, "");
	check(&none, &from, "conda a:  -> 1\nconda b:  -> 1\n");
}

static void other_bytes_of_one_version_are_a_change_where_both_digests_are_known(void **state)
{
	struct record one[] = {HASHED("a", "1", 1), HASHED("b", "1", 1), PIP("c", "1")};
	struct record other[] = {HASHED("a", "1", 2), HASHED("b", "1", 1), HASHED("c", "1", 1)};
	const struct lock from = {.records = one, .count = 3}, to = {.records = other, .count = 3};
	(void)state;
	check(&from, &to, "pip a: 1 sha256:010000000000 -> 1 sha256:020000000000\n");
}

static void the_base_is_told_by_its_digest(void **state)
{
	const struct lock from = {.base_name = STR("debian:12"), .base_digest = STR("sha256:1")};
	const struct lock to = {.base_name = STR("debian:12"), .base_digest = STR("sha256:2")};
	const struct lock none = {0};
	(void)state;
	check(&from, &to, "base debian:12: sha256:1 -> sha256:2\n");
	check(&from, &none, "base debian:12: sha256:1 -> \n");
	check(&from, &from, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_goes_and_changes_is_told_by_name),
		cmocka_unit_test(equal_locks_differ_in_nothing_whatever_their_order),
		cmocka_unit_test(
			other_bytes_of_one_version_are_a_change_where_both_digests_are_known),
		cmocka_unit_test(the_base_is_told_by_its_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
