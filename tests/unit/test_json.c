/* tests/unit/test_json.c - JSON read and written, and where events of modules go. */
#include "specs/base/json.h"
#include "specs/base/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void members_are_of_the_type_that_is_asked_for(void **state)
{
	(void)state;
	AUTO(json_free) cJSON *doc = NULL;
	static const char text[] = "{\"t\": \"x\", \"o\": {}, \"a\": [], \"n\": 7, \"b\": true}";
	assert_int_equal(json_parse(STR(text), "doc", &doc, NULL), 0);
	assert_string_equal(json_text(doc, "t"), "x");
	assert_null(json_text(doc, "n"));
	assert_null(json_text(doc, "absent"));
	assert_non_null(json_object(doc, "o"));
	assert_null(json_object(doc, "a"));
	assert_non_null(json_array(doc, "a"));
	assert_null(json_array(doc, "o"));
	assert_null(json_get(NULL, "x"));
	assert_null(json_get(json_array(doc, "a"), "x"));
}

static void numbers_are_whole_or_none(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{"0", true, 0},
		{"7", true, 7},
		{"7.0", true, 7},
		{"9007199254740992", true, 9007199254740992u},
		{"9007199254740994", false, 0},
		{"1e300", false, 0},
		{"-1", false, 0},
		{"1.5", false, 0},
		{"\"7\"", false, 0},
		{"true", false, 0},
		{"null", false, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf text = BUF(256);
		AUTO(json_free) cJSON *doc = NULL;
		uint64_t value = 99;
		buf_printf(&text, "{\"n\": %s}", rows[i].text);
		assert_int_equal(json_parse(buf_str(&text), "doc", &doc, NULL), 0);
		if (json_u64(doc, "n", &value) != rows[i].good)
			fail_msg("%s", rows[i].text);
		assert_int_equal(value, rows[i].good ? rows[i].value : 99);
	}
}

static void what_is_no_json_is_corrupt(void **state)
{
	(void)state;
	static const char *const rows[] = {"",	    "{",     "[1,]",   "{\"a\":}", "nul",
					   "{} {}", "{a:1}", "\"\x01", "[1 2]",	   "\"a"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		cJSON *doc = NULL;
		AUTO(err_free) struct err *e = NULL;
		if (json_parse(str_of(rows[i]), "the doc", &doc, &e) != ERR_CORRUPT)
			fail_msg("accepted: %s", rows[i]);
		assert_null(doc);
		assert_true(strncmp(e->text, "the doc", 7) == 0);
	}
}

static void every_kind_of_value_is_written(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf out = BUF(4096);
	struct json_out j = {&out, false};
	json_open(&j, NULL, '{');
	json_put_text(&j, "t", "a\"b\\\n\t\r\x01");
	json_put_text(&j, "none", NULL);
	json_put_str(&j, "s", STR("x"));
	json_put_u64(&j, "u", UINT64_MAX);
	json_put_i64(&j, "i", INT64_MIN);
	json_put_seconds(&j, "d", 1.25);
	json_put_bool(&j, "yes", true);
	json_put_bool(&j, "no", false);
	json_open(&j, "list", '[');
	json_put_raw(&j, NULL, STR("{}"));
	json_put_u64(&j, NULL, 1);
	json_close(&j, ']');
	json_open(&j, "empty", '{');
	json_close(&j, '}');
	json_close(&j, '}');
	assert_string_equal(out.data,
			    "{\"t\":\"a\\\"b\\\\\\n\\t\\u000d\\u0001\",\"none\":null,\"s\":\"x\","
			    "\"u\":18446744073709551615,\"i\":-9223372036854775808,"
			    "\"d\":1.250,\"yes\":true,\"no\":false,\"list\":[{},1],\"empty\":{}}");
	AUTO(json_free) cJSON *doc = NULL;
	assert_int_equal(json_parse(buf_str(&out), "doc", &doc, NULL), 0);
	assert_string_equal(json_text(doc, "t"), "a\"b\\\n\t\r\x01");
}

/* ---- events ---- */

struct listener {
	struct log log;
	struct buf heard;
};

static void hear_warning(struct log *l, const char *text)
{
	buf_printf(&((struct listener *)l)->heard, "warn %s\n", text);
}

static void hear_info(struct log *l, const char *text)
{
	buf_printf(&((struct listener *)l)->heard, "info %s\n", text);
}

static void hear_phase(struct log *l, const char *name)
{
	buf_printf(&((struct listener *)l)->heard, "phase %s\n", name);
}

static struct log_task *hear_begin(struct log *l, const char *verb, struct str name, uint64_t size)
{
	buf_printf(&((struct listener *)l)->heard, "begin %s %.*s %u\n", verb, STR_ARG(name),
		   (unsigned)size);
	return (struct log_task *)l;
}

static void hear_advance(struct log_task *t, uint64_t bytes)
{
	buf_printf(&((struct listener *)t)->heard, "advance %u\n", (unsigned)bytes);
}

static void hear_end(struct log_task *t, bool ok)
{
	buf_printf(&((struct listener *)t)->heard, "end %d\n", ok);
}

static void say_everything(struct log *l)
{
	log_warn(l, "w %d", 1);
	log_info(l, "i %s", "x");
	log_phase(l, "solve");
	struct log_task *t = log_begin(l, "fetch", STR("a"), 10);
	log_advance(l, t, 4);
	log_end(l, t, true);
}

static void events_reach_who_listens_and_nobody_else(void **state)
{
	(void)state;
	struct listener deaf = {{0}, BUF(4096)};
	struct listener all = {{.warn = hear_warning,
				.info = hear_info,
				.phase = hear_phase,
				.begin = hear_begin,
				.advance = hear_advance,
				.end = hear_end},
			       BUF(4096)};
	say_everything(NULL);
	say_everything(&deaf.log);
	say_everything(&all.log);
	assert_int_equal(deaf.heard.n, 0);
	assert_string_equal(all.heard.data, "warn w 1\ninfo i x\nphase solve\n"
					    "begin fetch a 10\nadvance 4\nend 1\n");
	buf_done(&all.heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_of_the_type_that_is_asked_for),
		cmocka_unit_test(numbers_are_whole_or_none),
		cmocka_unit_test(what_is_no_json_is_corrupt),
		cmocka_unit_test(every_kind_of_value_is_written),
		cmocka_unit_test(events_reach_who_listens_and_nobody_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
