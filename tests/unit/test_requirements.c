/* tests/unit/test_requirements.c - requirements files; tests/differential/requirement_files.py
 * compares thousands with pip. */
#include "specs/base/fs.h"
#include "specs/requirements.h"
#include "specs/requirements_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void encodings_are_read_as_pip_reads_them(void **state)
{
	static const struct {
		struct str bytes;
		const char *text; /* NULL: refused */
	} rows[] = {
		{STR("a\n"), "a\n"},
		{STR("\xef\xbb\xbf"
		     "a"),
		 "a"},
		{STR("\xff\xfe"
		     "a\0b\0"),
		 "ab"},
		{STR("\0\0\xfe\xff\0\0\0a"), "a"},
		{STR("# -*- coding: latin-1 -*-\n\xe9"), "# -*- coding: latin-1 -*-\n\xc3\xa9"},
		{STR("a\n\n# coding=latin-1\n\xe9"), NULL},
		{STR("# coding: martian"), NULL},
		{STR("\xff"), NULL},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct str text = {0};
		int r = requirements_decode(&a, rows[i].bytes, &text, NULL);
		if ((r == 0) != (rows[i].text != NULL) || (r == 0 && !str_is(text, rows[i].text)))
			fail_msg("row %zu: %d \"%.*s\"", i, r, STR_ARG(text));
	}
}

static void lines_join_and_lose_their_comments(void **state)
{
	static const struct {
		const char *text, *line;
		unsigned number;
	} rows[] = {
		{"a\\\n==1", "a==1", 1},
		{"\n\n  a # b", "a", 3},
		{"a#b", "a#b", 1},
		{"a\\\n # b\nc", "a", 1},
		{"# a \\\nb", "b", 2},
		{"a\\", "a", 1},
		{"a==${KILN_TEST_V}", "a==7", 1},
		{"a==${UNSET_BY_ALL}", "a==${UNSET_BY_ALL}", 1},
		{"a==$KILN_TEST_V", "a==$KILN_TEST_V", 1},
		{"https://u:${KILN_TEST_V}@h/${KILN_TEST_V}", "https://u:${KILN_TEST_V}@h/7", 1},
	};
	(void)state;

	setenv("KILN_TEST_V", "7", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct requirements_text t = {&a, str_of(rows[i].text), 1};
		struct str line;
		unsigned number;
		assert_true(requirements_next(&t, &line, &number));
		if (!str_is(line, rows[i].line) || number != rows[i].number)
			fail_msg("%s: %u \"%.*s\"", rows[i].text, number, STR_ARG(line));
	}
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"a\nb==\n", "r.txt:2: a version is wanted behind ==, not \"\""},
		{"--nope", "r.txt:1: --nope is no option of a requirements file"},
		{"--user", "r.txt:1: --user is no option of a requirements file"},
		{"-i", "r.txt:1: --index-url needs a value"},
		{"--pre=1", "r.txt:1: --pre takes no value"},
		{"--hash=sha256:00", "r.txt:1: --hash goes behind a requirement"},
		{"a --hash=md5:00",
		 "r.txt:1: --hash md5:00: sha256:, sha384: or sha512: is wanted"},
		{"a --hash=sha256:00",
		 "r.txt:1: --hash sha256:00: 64 hexadecimal digits are wanted"},
		{"a --config-settings b", "r.txt:1: --config-settings b: KEY=VALUE is wanted"},
		{"-r a.txt -r b.txt", "r.txt:1: a.txt: other files cannot be named here"},
		{"-i 'open", "r.txt:1: a quote or a backslash is not closed"},
		{"--pre more", "r.txt:1: \"more\" follows options"},
		{"./here", "r.txt:1: \"./here\" is a path, and there is no folder it is in"},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(requirements_done) struct requirements r = REQUIREMENTS;
		AUTO(err_free) struct err *e = NULL;
		struct requirements_source from = {.name = "r.txt"};
		assert_int_equal(requirements_add(&r, &from, str_of(rows[i].text), NULL, &e),
				 ERR_SYNTAX);
		AUTO(free) char *line = err_line(e);
		assert_string_equal(line, rows[i].words);
	}
}

static int in_new_folder(void **state)
{
	AUTO(err_free) struct err *e = NULL;
	char *folder;
	if (fs_temp_dir("/tmp", &folder, &e) < 0)
		return -1;
	*state = folder;
	return chdir(folder);
}

static int folder_gone(void **state)
{
	int r = chdir("/");
	r |= fs_remove(*state, NULL);
	free(*state);
	return r;
}

static void put(const char *path, const char *text)
{
	AUTO(err_free) struct err *e = NULL;
	if (fs_write(path, str_of(text), 0644, &e) < 0)
		fail_msg("%s", e->text);
}

static void files_name_files_beside_them(void **state)
{
	AUTO(requirements_done) struct requirements r = REQUIREMENTS;
	AUTO(err_free) struct err *e = NULL;
	(void)state;

	assert_int_equal(fs_make_dirs("sub", 0755, NULL), 0);
	put("top.txt", "a\n-r sub/one.txt\n-f sub\n");
	put("sub/one.txt", "b\n-c two.txt\n-e ./here[x]\n--pre\n");
	put("sub/two.txt", "c<2\n");
	assert_int_equal(requirements_read(&r, "top.txt", false, NULL, &e), 0);
	assert_int_equal(r.lines.n, 4);
	assert_true(str_is(r.lines.v[2].file, "sub/two.txt"));
	assert_true(r.lines.v[2].constraint);
	assert_true(r.lines.v[3].editable);
	assert_true(str_is(r.lines.v[3].target, "./here")); /* of the working folder, as in pip */
	assert_true(r.pre);
	assert_int_equal(r.find_links.n, 1);
}

static void a_circle_of_files_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"-r top.txt", "top.txt:1: top.txt names itself"},
		{"-c next.txt", "top.txt:1: next.txt:2: top.txt names itself"},
		{"-r absent.txt", "top.txt:1: absent.txt: No such file or directory"},
		{"-r https://h.example/r.txt",
		 "top.txt:1: https://h.example/r.txt: a file on this machine is wanted"},
	};
	(void)state;

	put("next.txt", "\n-r top.txt\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(requirements_done) struct requirements r = REQUIREMENTS;
		AUTO(err_free) struct err *e = NULL;
		put("top.txt", rows[i].text);
		assert_true(requirements_read(&r, "top.txt", false, NULL, &e) < 0);
		AUTO(free) char *line = err_line(e);
		assert_string_equal(line, rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings_are_read_as_pip_reads_them),
		cmocka_unit_test(lines_join_and_lose_their_comments),
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test_setup_teardown(files_name_files_beside_them, in_new_folder,
						folder_gone),
		cmocka_unit_test_setup_teardown(a_circle_of_files_is_refused, in_new_folder,
						folder_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
