/* tests/unit/test_yaml.c - YAML with places, and what is refused. */
#include "specs/base/yaml.h"
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void says_what_a_plain_scalar_means(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum yaml_kind kind;
	} rows[] = {
		{"a", YAML_TEXT},      {"3.10", YAML_NUMBER}, {"'3.10'", YAML_TEXT},
		{"3", YAML_NUMBER},    {"-3e5", YAML_NUMBER}, {".5", YAML_NUMBER},
		{".", YAML_TEXT},      {"1.2.3", YAML_TEXT},  {"0x1f", YAML_NUMBER},
		{"0xg", YAML_TEXT},    {"1e", YAML_TEXT},     {".inf", YAML_NUMBER},
		{"+", YAML_TEXT},      {"null", YAML_NULL},   {"~", YAML_NULL},
		{"True", YAML_BOOL},   {"yes", YAML_TEXT},    {"\"true\"", YAML_TEXT},
		{"[1, a]", YAML_LIST}, {"{a: 1}", YAML_MAP},  {"1.", YAML_NUMBER},
		{"2024", YAML_NUMBER}, {"1e+", YAML_TEXT},    {"!!str a", YAML_TEXT},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(yaml_done) struct yaml y = YAML;
		assert_int_equal(yaml_parse(str_of(rows[i].text), "t", &y, NULL), 0);
		if (y.root->kind != rows[i].kind)
			fail_msg("%s is %s", rows[i].text, yaml_kind_name(y.root));
	}
}

static void keeps_the_place_of_every_node(void **state)
{
	(void)state;
	AUTO(yaml_done) struct yaml y = YAML;
	const char *text = "a: 1\nb:\n  - x y\n  - 'q r'\n  - \"e\\tf\"\n  - \xc3\xa9 z\n";
	assert_int_equal(yaml_parse(str_of(text), "t", &y, NULL), 0);
	const struct yaml_node *b = yaml_get(y.root, "b");
	assert_int_equal(b->n, 4);
	static const struct {
		unsigned line, column, text_column;
	} rows[] = {{3, 5, 5}, {4, 5, 6}, {5, 5, 0}, {6, 5, 5}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(b->items[i]->line, rows[i].line);
		assert_int_equal(b->items[i]->column, rows[i].column);
		assert_int_equal(b->items[i]->text_column, rows[i].text_column);
	}
}

static void refuses_with_the_place(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"a: 1\na: 2\n", "t:2:1: \"a\" stands here twice, first in line 1"},
		{"a:\n  b: 1\n  'b': 2\n", "t:3:3: \"b\" stands here twice, first in line 2"},
		{"[a]: 1\n", "t:1:1: a key must be text, not a list"},
		{"<<: {a: 1}\n", "t:1:1: merge keys (<<) are not supported"},
		{"a: !!python/name:os.system x\n",
		 "t:1:4: the tag \"tag:yaml.org,2002:python/name:os.system\" is not supported"},
		{"a: 1\n---\nb: 2\n", "t:3:1: a second document begins here: only one is read"},
		{"a:\n\t- b\n", "t:2:1: a tab cannot indent here: use blanks"},
		{"a: *x\n", "t:1:4: found undefined alias"},
		{"a: 1\nb: \xff\n", "t:2:4: this is no UTF-8 text: invalid leading UTF-8 octet"},
		{"&a [*a]\n", "t:1:1: nested too deeply (at most 64)"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(yaml_done) struct yaml y = YAML;
		AUTO(err_free) struct err *e = NULL;
		assert_true(yaml_parse(str_of(rows[i].text), "t", &y, &e) < 0);
		assert_string_equal(e->text, rows[i].says);
	}
}

static void counts_aliases_as_what_they_stand_for(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf text = BUF(4096);
	buf_add_text(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 12; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			buf_printf(&text, "*a%d,", i - 1);
		buf_add_text(&text, "]\n");
	}
	AUTO(yaml_done) struct yaml y = YAML;
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(yaml_parse(buf_str(&text), "t", &y, &e), ERR_LIMIT);
}

static void reads_an_empty_document_as_none(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "# nothing\n", "\n\n"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(yaml_done) struct yaml y = YAML;
		assert_int_equal(yaml_parse(str_of(rows[i]), "t", &y, NULL), 0);
		assert_null(y.root);
	}
}

static void says_what_a_member_must_be(void **state)
{
	(void)state;
	AUTO(yaml_done) struct yaml y = YAML;
	assert_int_equal(yaml_parse(STR("a: {}\nb: ~\nc: 1.10\n"), "t", &y, NULL), 0);
	const struct yaml_node *list = NULL;
	struct str text = {0};
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(yaml_member(&y, y.root, "a", YAML_LIST, &list, &e), ERR_SYNTAX);
	assert_string_equal(e->text, "t:1:4: \"a\" must be a list, not a map");
	assert_int_equal(yaml_member(&y, y.root, "b", YAML_LIST, &list, NULL), 0);
	assert_null(list);
	assert_int_equal(yaml_need_text(&y, y.root, "c", &text, NULL), 0);
	assert_true(str_is(text, "1.10"));
	err_clear(&e);
	assert_int_equal(yaml_need_text(&y, y.root, "d", &text, &e), ERR_SYNTAX);
	assert_string_equal(e->text, "t:1:1: \"d\" is missing");
}

static void writes_text_that_reads_back(void **state)
{
	(void)state;
	static const struct {
		const char *text, *written;
	} rows[] = {
		{"numpy", "numpy"},
		{"", "''"},
		{"1.10", "'1.10'"},
		{"yes", "'yes'"},
		{"Null", "'Null'"},
		{"a: b", "'a: b'"},
		{"a:", "'a:'"},
		{"https://h/c", "https://h/c"},
		{"it's", "'it''s'"},
		{"# x", "'# x'"},
		{">=1,<2", "'>=1,<2'"},
		{"a\nb", "\"a\\nb\""},
		{"~", "'~'"},
		{"a b", "'a b'"},
		{"-", "'-'"},
		{"[a]", "'[a]'"},
		{"y", "'y'"},
		{"\xc2\x85x", "\"\\x85x\""},
		{"a\xe2\x80\xa8", "\"a\\L\""},
		{"\xef\xbb\xbf", "\"\\uFEFF\""},
		{"\xc2\xa0", "\"\xc2\xa0\""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf out = BUF(4096);
		yaml_put_text(&out, str_of(rows[i].text));
		assert_string_equal(out.data, rows[i].written);
		AUTO(yaml_done) struct yaml y = YAML;
		assert_int_equal(yaml_parse(buf_str(&out), "t", &y, NULL), 0);
		assert_int_equal(y.root->kind, YAML_TEXT);
		assert_true(str_is(y.root->text, rows[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_a_plain_scalar_means),
		cmocka_unit_test(keeps_the_place_of_every_node),
		cmocka_unit_test(refuses_with_the_place),
		cmocka_unit_test(counts_aliases_as_what_they_stand_for),
		cmocka_unit_test(reads_an_empty_document_as_none),
		cmocka_unit_test(says_what_a_member_must_be),
		cmocka_unit_test(writes_text_that_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
