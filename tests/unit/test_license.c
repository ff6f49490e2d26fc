/* tests/unit/test_license.c - texts that are SPDX license expressions, and those that are not. */
#include "specs/license.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void writes_expressions_as_the_standard_does(void **state)
{
	(void)state;
	static const struct {
		const char *text, *written; /* NULL: it is none */
	} rows[] = {
		{"MIT", "MIT"},
		{"mit", "MIT"},
		{" Apache-2.0 ", "Apache-2.0"},
		{"gpl-2.0+", "GPL-2.0+"},
		{"MIT or Apache-2.0", "MIT OR Apache-2.0"},
		{"GPL-3.0-or-later WITH GCC-exception-3.1",
		 "GPL-3.0-or-later WITH GCC-exception-3.1"},
		{"(MIT AND (BSD-3-Clause OR Zlib))", "(MIT AND (BSD-3-Clause OR Zlib))"},
		{"MIT AND\tZlib", "MIT AND Zlib"},
		{"", NULL},
		{"BSD 3-Clause", NULL},
		{"BSD", NULL},
		{"MIT OR", NULL},
		{"MIT Zlib", NULL},
		{"(MIT", NULL},
		{"MIT)", NULL},
		{"()", NULL},
		{"MIT WITH Zlib", NULL},
		{"GCC-exception-3.1", NULL},
		{"LicenseRef-mine", NULL},
		{"+", NULL},
		{"((((((((((((((((((MIT))))))))))))))))))", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf out = BUF(4096);
		assert_int_equal(license_write(str_of(rows[i].text), &out),
				 rows[i].written != NULL);
		assert_string_equal(out.data, rows[i].written ? rows[i].written : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_expressions_as_the_standard_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
