/* tests/unit/test_git_fetch.c - commits of a repository that is made here. */
#include "builder/git_fetch.h"
#include "specs/base/fs.h"
#include "specs/base/process.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const script[] = {"sh", "-euc",
				     "git init -q -b main repo && cd repo && git config user.email "
				     "a@b && git config user.name a\n"
				     "echo 1 >f && git add f && git commit -qm one && git tag v1\n"
				     "echo 2 >f && git commit -qam two && git branch other v1\n"
				     "git tag -am v2 v2\n"
				     "git rev-parse v1 >../one && git rev-parse main >../two",
				     NULL};

static int repository(void **state)
{
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1 << 16);
	if (fs_temp_dir("/tmp", (char **)state, NULL) < 0)
		return -1;
	struct process_request q = {script, NULL, *state};
	return process_run(&q, 60000, true, &r, NULL) < 0 || r.status ? -1 : 0;
}

static int repository_gone(void **state)
{
	int r = fs_remove(*state, NULL);
	free(*state);
	return r;
}

static void read_file(void **state, const char *name, struct buf *out)
{
	AUTO(free) char *path = fs_join(*state, name);
	assert_int_equal(fs_read(path, out, NULL), 0);
}

static int fetch(void **state, struct str revision, struct arena *a, struct str *commit,
		 struct err **e)
{
	AUTO(free) char *folder = fs_join(*state, "clone");
	struct source_address s = {.kind = SOURCE_GIT,
				   .address = arena_printf(a, "file://%s/repo", (char *)*state),
				   .revision = revision};
	assert_int_equal(fs_remove(folder, NULL), 0);
	assert_int_equal(fs_make_dirs(folder, 0700, NULL), 0);
	return git_fetch(&s, folder, a, commit, e);
}

static void a_revision_is_checked_out_and_named(void **state)
{
	AUTO(buf_done) struct buf one = BUF(100), two = BUF(100);
	read_file(state, "one", &one);
	read_file(state, "two", &two);
	const struct {
		struct str revision;
		const struct buf *commit;
		const char *file;
	} rows[] = {
		{STR(""), &two, "2\n"},
		{STR("main"), &two, "2\n"},
		{STR("other"), &one, "1\n"},
		{STR("v1"), &one, "1\n"},
		{str_trim(buf_str(&one)), &one, "1\n"},
		{str_to(buf_str(&one), 10), &one, "1\n"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		AUTO(buf_done) struct buf file = BUF(100);
		struct str commit;
		if (fetch(state, rows[i].revision, &a, &commit, &e) < 0)
			fail_msg("%.*s: %s", STR_ARG(rows[i].revision), e->text);
		assert_true(str_eq(commit, str_trim(buf_str(rows[i].commit))));
		read_file(state, "clone/f", &file);
		assert_string_equal(file.data, rows[i].file);
	}
}

static void a_branch_or_a_tag_is_asked_for(void **state)
{
	AUTO(buf_done) struct buf one = BUF(100), two = BUF(100);
	read_file(state, "one", &one);
	read_file(state, "two", &two);
	const struct {
		struct str revision;
		struct str commit;
	} rows[] = {
		{STR(""), buf_str(&two)},
		{STR("main"), buf_str(&two)},
		{STR("other"), buf_str(&one)},
		{STR("v1"), buf_str(&one)},
		{STR("v2"), buf_str(&two)},
		{STR("v9"), STR("")},
		{STR("ain"), STR("")},
		{STR("-q"), STR("")},
		{str_to(buf_str(&one), 10), STR("")},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct source_address s = {
			.address = arena_printf(&a, "file://%s/repo", (char *)*state),
			.revision = rows[i].revision};
		struct str commit;
		if (git_ask(&s, *state, &a, &commit, &e) < 0)
			fail_msg("%.*s: %s", STR_ARG(rows[i].revision), e->text);
		if (!str_eq(commit, str_trim(rows[i].commit)))
			fail_msg("%.*s: %.*s", STR_ARG(rows[i].revision), STR_ARG(commit));
	}
}

static void what_is_not_there_is_told(void **state)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(err_free) struct err *e = NULL;
	AUTO(err_free) struct err *none = NULL;
	AUTO(free) char *folder = fs_join(*state, "none");
	struct str commit;
	assert_int_equal(fetch(state, STR("v9"), &a, &commit, &e), ERR_UNSOLVABLE);
	assert_non_null(strstr(e->text, "has no revision v9"));

	struct source_address s = {.kind = SOURCE_GIT, .address = STR("file:///no/such/folder")};
	assert_int_equal(fs_make_dirs(folder, 0700, NULL), 0);
	assert_true(git_fetch(&s, folder, &a, &commit, &none) < 0);
	assert_non_null(strstr(none->text, "git: file:///no/such/folder: "));
	s.address = STR("no address");
	assert_int_equal(git_fetch(&s, folder, &a, &commit, NULL), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_revision_is_checked_out_and_named, repository,
						repository_gone),
		cmocka_unit_test_setup_teardown(a_branch_or_a_tag_is_asked_for, repository,
						repository_gone),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_told, repository,
						repository_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
