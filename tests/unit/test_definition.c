/* tests/unit/test_definition.c - environment files: what is read, warned of and refused. */
#include "specs/definition.h"
#include "tests/unit/warnings.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void reads_what_people_write(void **state)
{
	(void)state;
	static const char text[] = "name: demo\n"
				   "prefix: /somewhere\n"
				   "channels:\n- c/\n- nodefaults\n- d\n- c\n"
				   "dependencies:\n- python=3.11 # why\n- e::Numpy\n"
				   "variables:\n  B: 2\n  A: \"x y\"\n";
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(err_free) struct err *e = NULL;
	struct warnings w = WARNINGS;
	if (definition_parse(STR(text), "env", NULL, &w.log, &d, &e) < 0)
		fail_msg("%s", e->text);
	assert_int_equal(w.text.n, 0);
	assert_true(str_is(d.name, "demo") && str_is(d.prefix, "/somewhere"));
	assert_int_equal(d.channels.n, 3);
	assert_true(str_is(d.channels.v[0], "c") && str_is(d.channels.v[1], "d"));
	assert_true(str_is(d.channels.v[2], "e")); /* of e::Numpy, behind the others */
	assert_int_equal(d.spec_count, 2);
	assert_true(str_is(d.specs[0].text, "python=3.11") &&
		    str_is(d.specs[1].spec.name, "numpy"));
	assert_int_equal(d.specs[1].line, 10);
	assert_int_equal(d.specs[1].column, 3);
	assert_int_equal(d.variable_count, 2);
	assert_true(str_is(d.variables[0].name, "A") && str_is(d.variables[0].value, "x y"));
	assert_true(str_is(d.variables[1].value, "2"));
}

static void warns_of_what_is_ignored(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"dependencies: []\nplatforms: [linux-64]\ncategory: dev\n", ""},
		{"name: x\n", "env: no \"dependencies\": the environment will be empty\n"},
		{"dependencies: []\nchanels: [c]\n", "env:2:1: the key \"chanels\" is not known "
						     "and ignored; did you mean \"channels\"?\n"},
		{"dependencies: []\nDependancies: []\n",
		 "env:2:1: the key \"Dependancies\" is not known and ignored; did you mean "
		 "\"dependencies\"?\n"},
		{"dependencies: []\nsomething: 1\n",
		 "env:2:1: the key \"something\" is not known and ignored\n"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		struct warnings w = WARNINGS;
		assert_int_equal(
			definition_parse(str_of(rows[i].text), "env", NULL, &w.log, &d, NULL), 0);
		assert_string_equal(w.text.data, rows[i].says);
		buf_done(&w.text);
	}
}

static const struct {
	const char *text, *says;
} wrong[] = {
	{"", "env:1:1: the file is empty; it needs at least \"dependencies\""},
	{"[]", "env:1:1: an environment must be a map with \"channels\" and "
	       "\"dependencies\", not a list"},
	{"dependencies: numpy", "env:1:15: \"dependencies\" must be a list, not text"},
	{"dependencies: {a: 1}", "env:1:15: \"dependencies\" must be a list, not a map"},
	{"dependencies:\n- numpy>=1 <2",
	 "env:2:12: \"numpy>=1 <2\": '<' cannot stand in a build; join version clauses "
	 "with ','"},
	{"dependencies:\n- \"numpy>=1 <2\"",
	 "env:2:13: \"numpy>=1 <2\": '<' cannot stand in a build; join version clauses "
	 "with ','"},
	{"dependencies:\n- pip:\n  - torch=2\n",
	 "env:3:5: a comparison is wanted (== != <= >= < > ~= ===), not \"=2\""},
	{"dependencies:\n- pip: [a]\n- pip: [b]\n", "env:3:3: a second \"pip:\" list"},
	{"dependencies:\n- pip: torch\n", "env:2:8: \"pip\" must be a list, not text"},
	{"dependencies:\n- pip:\n  - torch: 2\n",
	 "env:3:5: a pip requirement must be text, not a map; quotes keep it together"},
	{"dependencies:\n- pip:\n  - -r more.txt\n",
	 "env:3:5: more.txt: other files cannot be named here"},
	{"dependencies: [1]", "env:1:16: a dependency must be a match spec as text, not a number"},
	{"dependencies:\n- [a]", "env:2:3: a dependency must be a match spec as text, not a list"},
	{"dependencies:\n-", "env:2:2: a match spec is missing behind \"-\""},
	{"dependencies:\n- {}", "env:2:3: a dependency must not be an empty map"},
	{"dependencies:\n- ''", "env:2:4: \"\": a package name is missing"},
	{"dependencies:\n- python: 3.10",
	 "env:2:3: unknown installer \"python\"; a package is written \"python=3.10\""},
	{"dependencies:\n- sel(linux): a", "env:2:3: unknown installer \"sel(linux)\"; a "
					   "dependency is a match spec as text"},
	{"dependencies:\n- uv: [a]",
	 "env:2:3: unknown installer \"uv\"; a dependency is a match spec as text"},
	{"dependencies:\n- numpy=>1",
	 "env:2:8: \"numpy=>1\": \"=>\" is no operator; there are == = != < <= > >= ~="},
	{"dependencies:\n- numpy[version=1",
	 "env:2:8: \"numpy[version=1\": the bracket is not closed at the end"},
	{"dependencies:\n- a; if b",
	 "env:2:4: \"a; if b\": conditions behind ';' are not supported"},
	{"dependencies:\n- a\xc3\xa4",
	 "env:2:4: \"a\xc3\xa4\": '\xc3\xa4' cannot stand in a package name"},
	{"dependencies:\n- \"a\\tb =>1\"",
	 "env:2:3: \"a\tb =>1\": column 5: '=' cannot stand in a build"},
	{"channels: c", "env:1:11: \"channels\" must be a list, not text"},
	{"channels: [1]", "env:1:12: a channel must be text, not a number"},
	{"channels: ['']", "env:1:12: a channel must not be empty"},
	{"name: []", "env:1:7: \"name\" must be text, not a list"},
	{"prefix: {}", "env:1:9: \"prefix\" must be text, not a map"},
	{"name: a\nname: b", "env:2:1: \"name\" stands here twice, first in line 1"},
	{"variables: [A]", "env:1:12: \"variables\" must be a map, not a list"},
	{"variables: {1A: x}", "env:1:13: \"1A\" is no name of a variable: letters, digits "
			       "and _ are, no digit first"},
	{"variables: {A: [1]}",
	 "env:1:16: the variable \"A\" must be text or a number, not a list"},
	{"variables: {A: }", "env:1:16: the variable \"A\" must be text or a number, not nothing"},
	{"variables: {A: \"a\\0b\"}", "env:1:16: the variable \"A\" holds a zero byte"},
	{"variables: {PATH: x}", "env:1:13: the variable PATH is the image's own"},
	{"a: b: c", "env:1:5: a second \": \" in one value: put the value in quotes"},
	{"dependencies:\n- @a", "env:2:3: a value cannot begin with this: put it in quotes"},
};

static void says_where_a_file_is_wrong_and_what_is_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(err_free) struct err *e = NULL;
		if (definition_parse(str_of(wrong[i].text), "env", NULL, NULL, &d, &e) !=
		    ERR_SYNTAX)
			fail_msg("accepted: %s", wrong[i].text);
		AUTO(free) char *line = err_line(e);
		if (strncmp(line, wrong[i].says, strlen(wrong[i].says)) != 0)
			fail_msg("says %s, not %s", line, wrong[i].says);
	}
}

/* `count` times the item between head and tail. */
static int parse_many(const char *head, const char *item, size_t count, const char *tail)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(buf_done) struct buf text = BUF(1 << 22);
	buf_add_text(&text, head);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%zu%s", item, i, tail);
	return definition_parse(buf_str(&text), "env", NULL, NULL, &d, NULL);
}

static void holds_to_its_limits(void **state)
{
	(void)state;
	assert_int_equal(parse_many("dependencies:\n", "- a", 10000, "\n"), 0);
	assert_int_equal(parse_many("dependencies:\n", "- a", 10001, "\n"), ERR_SYNTAX);
	assert_int_equal(parse_many("channels:\n", "- a", 257, "\n"), ERR_SYNTAX);
	assert_int_equal(parse_many("variables:\n", "  A", 10001, ": x\n"), ERR_SYNTAX);
}

static void takes_specs_and_channels_of_a_command_line(void **state)
{
	(void)state;
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(definition_add_spec(&d, STR(" c::numpy >=1 "), NULL), 0);
	assert_int_equal(definition_add_spec(&d, STR("python"), NULL), 0);
	definition_add_channel(&d, STR("c/"));
	definition_add_channel(&d, STR("d"));
	definition_add_channel(&d, STR("nodefaults"));
	definition_add_channel(&d, STR(" "));
	assert_int_equal(d.spec_count, 2);
	assert_true(str_is(d.specs[0].text, "c::numpy >=1"));
	assert_int_equal(d.specs[0].line, 0);
	assert_int_equal(d.channels.n, 2);
	assert_int_equal(definition_add_spec(&d, STR("a b c d"), &e), ERR_SYNTAX);
	AUTO(free) char *line = err_line(e);
	assert_non_null(strstr(line, "\"a b c d\": column 6: "));
	assert_int_equal(d.spec_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_people_write),
		cmocka_unit_test(warns_of_what_is_ignored),
		cmocka_unit_test(says_where_a_file_is_wrong_and_what_is_allowed),
		cmocka_unit_test(holds_to_its_limits),
		cmocka_unit_test(takes_specs_and_channels_of_a_command_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
