/* tests/unit/test_checked.c - short texts with a check, and what the disk makes of them. */
#include "builder/checked.h"
#include "specs/base/fs.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char text[] = "one line\nand another\n";

static bool reads(const char *path, struct str bytes, struct buf *out)
{
	buf_clear(out);
	assert_int_equal(fs_write(path, bytes, 0600, NULL), 0);
	return checked_read(path, out);
}

static void what_is_written_is_read_and_nothing_else(void **state)
{
	(void)state;
	AUTO(free) char *folder = NULL;
	AUTO(buf_done) struct buf whole = BUF(4096);
	AUTO(buf_done) struct buf got = BUF(4096);
	assert_int_equal(fs_temp_dir("/tmp", &folder, NULL), 0);
	AUTO(free) char *path = fs_join(folder, "text");
	assert_false(checked_read(path, &got));
	buf_add_text(&whole, text);
	checked_end(&whole);
	assert_true(reads(path, buf_str(&whole), &got));
	assert_string_equal(got.data, text);
	assert_int_equal(got.n, strlen(text));
	for (size_t i = 0; i < 8 * whole.n; i++) {
		whole.data[i / 8] ^= (char)(1 << i % 8);
		assert_false(reads(path, buf_str(&whole), &got));
		whole.data[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t n = 0; n < whole.n; n++)
		assert_false(reads(path, str_to(buf_str(&whole), n), &got));
	static const char *const others[] = {"0", "\n", "one line\n", "one line\n0", "\n0x"};
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(reads(path, str_of(others[i]), &got));
	assert_int_equal(fs_remove(folder, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_and_nothing_else),
	};
	return cmocka_run_group_tests_name("checked", tests, NULL, NULL);
}
