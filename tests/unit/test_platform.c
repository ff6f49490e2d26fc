/* tests/unit/test_platform.c - platforms by name, one and several. */
#include "specs/base/buf.h"
#include "specs/platform.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/utsname.h>

#include <cmocka.h>

static void platforms_are_found_by_either_name(void **state)
{
	(void)state;
	static const char *const names[][2] = {
		{"linux/amd64", "linux-64"},
		{"linux/arm64", "linux-aarch64"},
		{"linux/ppc64le", "linux-ppc64le"},
	};
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct platform *by_image = NULL, *by_subdir = NULL;
		assert_int_equal(platform_find(names[i][0], &by_image, NULL), 0);
		assert_int_equal(platform_find(names[i][1], &by_subdir, NULL), 0);
		assert_ptr_equal(by_image, by_subdir);
		assert_string_equal(by_image->subdir, names[i][1]);
	}
}

static void lists_are_sets_in_an_order_of_their_own(void **state)
{
	(void)state;
	static const struct {
		const char *list, *found; /* NULL: none of it */
	} rows[] = {
		{"linux/amd64", "linux/amd64 "},
		{"linux/amd64,linux/arm64", "linux/amd64 linux/arm64 "},
		{"linux/arm64,linux/amd64", "linux/amd64 linux/arm64 "},
		{"linux-aarch64, linux/arm64", "linux/arm64 "},
		{"linux/ppc64le,linux/arm64,linux/amd64", "linux/amd64 linux/arm64 linux/ppc64le "},
		{"linux/arm64,linux/arm64,linux/arm64,linux/arm64", "linux/arm64 "},
		{"", NULL},
		{"linux/amd64,", NULL},
		{",linux/amd64", NULL},
		{"linux/amd64,linux/vax", NULL},
		{"linux/amd64 linux/arm64", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		AUTO(buf_done) struct buf text = BUF(1000);
		const struct platform *found[PLATFORMS_MAX];
		size_t n = 0;
		int code = platforms_find(rows[i].list, found, &n, &e);
		assert_int_equal(code, rows[i].found ? 0 : ERR_USAGE);
		for (size_t k = 0; k < n; k++)
			buf_printf(&text, "%s ", found[k]->image);
		assert_string_equal(text.data, rows[i].found ? rows[i].found : "");
		assert_true(code == 0 || strstr(e->text, "linux/arm64"));
	}
}

static void one_platform_at_most_is_the_machines(void **state)
{
	(void)state;
	static const char all[] = "linux/amd64,linux/arm64,linux/ppc64le";
	const struct platform *found[PLATFORMS_MAX];
	size_t n = 0, native = 0;
	struct utsname here;
	assert_int_equal(uname(&here), 0);
	assert_int_equal(platforms_find(all, found, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		native += platform_is_native(found[i]);
		assert_int_equal(platform_is_native(found[i]),
				 strcmp(found[i]->archspec, here.machine) == 0);
	}
	assert_true(native <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(platforms_are_found_by_either_name),
		cmocka_unit_test(lists_are_sets_in_an_order_of_their_own),
		cmocka_unit_test(one_platform_at_most_is_the_machines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
