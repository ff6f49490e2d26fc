/* tests/unit/test_moment.c - moments as a user writes them. */
#include "specs/moment.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reads_days_and_moments(void **state)
{
	static const struct {
		const char *text, *written; /* NULL: refused */
	} rows[] = {
		{"2024-03-25", "2024-03-25T23:59:59.999Z"},
		{"2024-02-29", "2024-02-29T23:59:59.999Z"},
		{"2024-03-25T12:00:00Z", "2024-03-25T12:00:00.000Z"},
		{"2024-03-25t12:00:00z", "2024-03-25T12:00:00.000Z"},
		{"2024-03-25 12:00:00Z", "2024-03-25T12:00:00.000Z"},
		{"2024-03-25T12:00:00.5Z", "2024-03-25T12:00:00.500Z"},
		{"2024-03-25T12:00:00.123456Z", "2024-03-25T12:00:00.123Z"},
		{"2024-03-25T00:30:00+02:00", "2024-03-24T22:30:00.000Z"},
		{"2024-03-25T23:30:00-01:45", "2024-03-26T01:15:00.000Z"},
		{"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"},
		{"1970-01-01", "1970-01-01T23:59:59.999Z"},
		{"", NULL},
		{"2024", NULL},
		{"2024-3-25", NULL},
		{"2023-02-29", NULL},
		{"2024-13-01", NULL},
		{"2024-00-10", NULL},
		{"2024-03-25T12:00:00", NULL},
		{"2024-03-25T24:00:00Z", NULL},
		{"2024-03-25T12:60:00Z", NULL},
		{"2024-03-25T12:00:00.Z", NULL},
		{"2024-03-25T12:00Z", NULL},
		{"2024-03-25T12:00:00+2:00", NULL},
		{"2024-03-25T12:00:00+24:00", NULL},
		{"2024-03-25x", NULL},
		{"1969-12-30", NULL},
		{"7 days", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf text = BUF(64);
		uint64_t ms, again;
		if (moment_parse(str_of(rows[i].text), &ms) != (rows[i].written != NULL))
			fail_msg("%s", rows[i].text);
		if (!rows[i].written)
			continue;
		moment_write(ms, &text);
		assert_string_equal(text.data, rows[i].written);
		assert_true(moment_parse(buf_str(&text), &again) && again == ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads_days_and_moments)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
