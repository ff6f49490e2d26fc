/* tests/unit/test_option.c - the command line's rows. */
#include "builder/cli/option.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct args {
	const char *text;
	struct option_list list;
	bool flag;
	unsigned count;
};

#define AT(field) offsetof(struct args, field)
static const struct option_row rows[] = {
	{'t', "text", OPTION_TEXT, AT(text), "T", "a text"},
	{'l', "list", OPTION_LIST, AT(list), "L", "a list"},
	{'f', "flag", OPTION_FLAG, AT(flag), NULL, "a flag"},
	{'n', "count", OPTION_COUNT, AT(count), "N", "a count"},
	{0},
};
static const struct option_row *const tables[] = {rows, NULL};

static int read_words(const char *const *words, struct args *args, struct option_list *rest,
		      struct err **e)
{
	int n = 0;
	while (words[n])
		n++;
	return option_read(n, words, tables, args, rest, e);
}

static void all_forms_of_writing_an_option_are_read(void **state)
{
	(void)state;
	const char *words[] = {"cmd", "-tx", "--list=a", "--list", "b",	     "-l", "c", "-f",
			       "-n",  "12",  "word",	 "--",	   "--flag", "-",  NULL};
	struct args args = {0};
	struct option_list rest = {0};
	assert_int_equal(read_words(words, &args, &rest, NULL), 0);
	assert_string_equal(args.text, "x");
	assert_int_equal(args.list.n, 3);
	assert_string_equal(args.list.v[2], "c");
	assert_true(args.flag && args.count == 12);
	assert_int_equal(rest.n, 3);
	assert_string_equal(rest.v[1], "--flag");
	free(args.list.v);
	free(rest.v);
}

static void wrong_options_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		const char *text;
	} cases[] = {
		{"--nope", "there is no option --nope"},
		{"-x", "there is no option -x"},
		{"--flag=1", "--flag takes no value"},
		{"-fx", "--flag takes no value"},
		{"--text", "--text wants a value: T"},
		{"-n0", "--count 0: a number from 1 to 1024 is wanted"},
		{"--count=x", "--count x: a number from 1 to 1024 is wanted"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *words[] = {"cmd", cases[i].word, NULL};
		AUTO(err_free) struct err *e = NULL;
		struct args args = {0};
		struct option_list rest = {0};
		assert_int_equal(read_words(words, &args, &rest, &e), ERR_USAGE);
		assert_string_equal(e->text, cases[i].text);
	}
}

static void only_what_was_given_is_told_to_be(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		size_t row;
	} cases[] = {{"--text=", 0}, {"-lx", 1}, {"-f", 2}, {"-n1", 3}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *words[] = {"cmd", cases[i].word, NULL};
		struct args args = {0};
		struct option_list rest = {0};
		assert_int_equal(read_words(words, &args, &rest, NULL), 0);
		for (size_t row = 0; rows[row].name; row++)
			assert_int_equal(option_is_given(&rows[row], &args), row == cases[i].row);
		option_done(tables, &args, &rest);
	}
}

static void help_has_a_line_for_every_row(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf out = BUF(10000);
	option_help(tables, &out);
	for (size_t i = 0; rows[i].name; i++)
		assert_non_null(strstr(out.data, rows[i].name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_of_writing_an_option_are_read),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(only_what_was_given_is_told_to_be),
		cmocka_unit_test(help_has_a_line_for_every_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
