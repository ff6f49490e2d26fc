/* tests/unit/test_source_address.c - where a source is, as pip's users write it. */
#include "specs/source_address.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static void an_address_is_read_as_pip_does(void **state)
{
	static const struct {
		const char *text;
		enum source_kind kind;
		const char *address, *revision, *subdirectory, *sha256;
	} rows[] = {
		{"https://h/a-1-py3-none-any.whl#sha256=" SHA, SOURCE_NONE,
		 "https://h/a-1-py3-none-any.whl", "", "", SHA},
		{"https://h/a-1.tar.gz", SOURCE_ARCHIVE, "https://h/a-1.tar.gz", "", "", ""},
		{"https://h/a-1.zip?x=1#egg=a&subdirectory=b/c/", SOURCE_ARCHIVE,
		 "https://h/a-1.zip?x=1", "", "b/c", ""},
		{"https://h/archive/main", SOURCE_ARCHIVE, "https://h/archive/main", "", "", ""},
		{"file:///a/b", SOURCE_FOLDER, "file:///a/b", "", "", ""},
		{"file:///a/b-1.tar.xz", SOURCE_ARCHIVE, "file:///a/b-1.tar.xz", "", "", ""},
		{"git+https://h/a.git", SOURCE_GIT, "https://h/a.git", "", "", ""},
		{"git+https://u:p@h/a.git@v1.0#subdirectory=x%20y", SOURCE_GIT,
		 "https://u:p@h/a.git", "v1.0", "x y", ""},
		{"git+ssh://git@h/a/b.git@feature/x", SOURCE_GIT, "ssh://git@h/a/b.git",
		 "feature/x", "", ""},
		{"git+file:///a/b@" COMMIT, SOURCE_GIT, "file:///a/b", COMMIT, "", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct source_address s;
		if (source_address_parse(&a, str_of(rows[i].text), &s, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e->text);
		assert_int_equal(s.kind, rows[i].kind);
		assert_true(str_is(s.address, rows[i].address));
		assert_true(str_is(s.revision, rows[i].revision));
		assert_true(str_is(s.subdirectory, rows[i].subdirectory));
		assert_true(str_is(s.sha256, rows[i].sha256));
	}
}

static void what_is_no_address_of_a_source_is_refused(void **state)
{
	static const char *const rows[] = {
		"hg+https://h/a",
		"https://h/a.tar.gz#sha256=12",
		"https://h/a.tar.gz#subdirectory=../b",
		"https://h/a.tar.gz#subdirectory=/b",
		"https://h/a.tar.gz#subdirectory=b/%2e%2e/c",
		"https://h/a.tar.gz#subdirectory=",
		"git+https://h/a.git@",
		"git+https://h/a.git@--upload-pack=x",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct source_address s;
		assert_int_equal(source_address_parse(&a, str_of(rows[i]), &s, NULL), ERR_SYNTAX);
	}
}

static void what_is_written_reads_back(void **state)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct source_address s;
	(void)state;
	struct str path = source_address_of_path(&a, STR("/a b/\xc3\xa9#%/c"));
	assert_true(str_is(path, "file:///a%20b/%C3%A9%23%25/c"));
	assert_true(str_is(source_address_path(&a, path), "/a b/\xc3\xa9#%/c"));
	assert_int_equal(source_address_path(&a, STR("https://h/a")).n, 0);

	assert_int_equal(
		source_address_parse(&a, STR("git+https://h/a.git@main#subdirectory=x"), &s, NULL),
		0);
	struct str commit = source_address_of_commit(&a, &s, STR(COMMIT));
	assert_true(str_is(commit, "git+https://h/a.git@" COMMIT "#subdirectory=x"));
	assert_int_equal(source_address_parse(&a, commit, &s, NULL), 0);
	assert_true(source_is_commit(s.revision));
	assert_false(source_is_commit(STR("v1.0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_read_as_pip_does),
		cmocka_unit_test(what_is_no_address_of_a_source_is_refused),
		cmocka_unit_test(what_is_written_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
