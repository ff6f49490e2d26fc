/* tests/unit/test_sink_folder.c - files written below a folder, and never elsewhere. */
#include "builder/sink.h"
#include "specs/base/workers.h"
#include "tests/fake/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

/* "in" of the folder, the sink's, and "out", which nobody may touch. */
static char *inside, *outside;

static int set_up(void **state)
{
	if (folder_make(state) < 0)
		return -1;
	inside = fs_join(folder, "in");
	outside = fs_join(folder, "out");
	return mkdir(inside, 0755) || mkdir(outside, 0755);
}

static int tear_down(void **state)
{
	free(inside);
	free(outside);
	return folder_remove(state);
}

static struct stat stat_of(const char *path)
{
	AUTO(free) char *whole = fs_join(inside, path);
	struct stat st;
	assert_int_equal(lstat(whole, &st), 0);
	return st;
}

static void assert_text(const char *path, const char *text)
{
	AUTO(free) char *whole = fs_join(inside, path);
	AUTO(buf_done) struct buf b = BUF(1 << 20);
	assert_int_equal(fs_read(whole, &b, NULL), 0);
	assert_string_equal(b.data, text);
}

static int put_file(struct sink *s, const char *path, const char *text, struct err **e)
{
	struct entry entry = {ENTRY_FILE, path, NULL, 0644, 1000, strlen(text)};
	int code = s->entry(s, &entry, e);
	return code < 0 ? code : s->data(s, text, strlen(text), e);
}

static int put(struct sink *s, enum entry_kind kind, const char *path, const char *target)
{
	AUTO(err_free) struct err *e = NULL;
	return s->entry(s, &(struct entry){kind, path, target, 0755, 1000, 0}, &e);
}

static void sets_modes_and_times_whatever_the_umask(void **state)
{
	(void)state;
	static const struct {
		enum entry_kind kind;
		const char *path, *target;
		unsigned mode;
		int64_t mtime;
	} rows[] = {
		{ENTRY_FILE, "a/b/plain", NULL, 0664, 315532800},
		{ENTRY_FILE, "a/b/program", NULL, 0775, 0},
		{ENTRY_FILE, "secret", NULL, 0, 4102444800},
		{ENTRY_SYMLINK, "a/link", "../nowhere", 0777, 1700000000},
		{ENTRY_DIR, "sealed", NULL, 0555, 1234567890},
		{ENTRY_FILE, "sealed/under", NULL, 0444, 1},
		{ENTRY_DIR, "a", NULL, 0700, 77},
	};
	mode_t was = umask(077);
	struct sink *s = sink_folder_new(inside, NULL);
	assert_non_null(s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entry entry = {rows[i].kind, rows[i].path,  rows[i].target,
				      rows[i].mode, rows[i].mtime, 0};
		assert_int_equal(s->entry(s, &entry, NULL), 0);
	}
	assert_int_equal(sink_folder_end(s, NULL), 0);
	sink_folder_free(s);
	umask(was);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stat st = stat_of(rows[i].path);
		assert_int_equal(st.st_mtim.tv_sec, rows[i].mtime);
		assert_int_equal(st.st_mtim.tv_nsec, 0);
		if (rows[i].kind != ENTRY_SYMLINK)
			assert_int_equal(st.st_mode & 07777, rows[i].mode);
	}
	assert_int_equal(stat_of("a/b").st_mode & 07777, 0755);
}

static void writes_bytes_and_links(void **state)
{
	(void)state;
	AUTO(sink_folder_free) struct sink *s = sink_folder_new(inside, NULL);
	struct entry big = {ENTRY_FILE, "lib/big", NULL, 0644, 1, 6};
	assert_int_equal(s->entry(s, &big, NULL), 0);
	assert_int_equal(s->data(s, "abc", 3, NULL), 0);
	assert_int_equal(s->data(s, "", 0, NULL), 0);
	assert_int_equal(s->data(s, "def", 3, NULL), 0);
	assert_int_equal(put(s, ENTRY_HARDLINK, "bin/same", "lib/big"), 0);
	assert_int_equal(put(s, ENTRY_SYMLINK, "lib64", "lib"), 0);
	assert_int_equal(put_file(s, "lib64/through", "a link inside", NULL), 0);
	assert_text("bin/same", "abcdef");
	assert_text("lib/through", "a link inside");
	assert_int_equal(stat_of("bin/same").st_ino, stat_of("lib/big").st_ino);
}

static void replaces_what_stands_there(void **state)
{
	(void)state;
	AUTO(sink_folder_free) struct sink *s = sink_folder_new(inside, NULL);
	assert_int_equal(put_file(s, "one", "first", NULL), 0);
	assert_int_equal(put(s, ENTRY_HARDLINK, "two", "one"), 0);
	/* Not through the hard link: the other name keeps its bytes. */
	assert_int_equal(put_file(s, "two", "second", NULL), 0);
	assert_text("one", "first");
	assert_text("two", "second");
	assert_int_equal(put(s, ENTRY_SYMLINK, "one", "two"), 0);
	assert_int_equal(put_file(s, "one", "third", NULL), 0);
	assert_text("one", "third");
	assert_text("two", "second");
	assert_int_equal(put(s, ENTRY_DIR, "one", NULL), 0);
	assert_true(S_ISDIR(stat_of("one").st_mode));
	assert_int_equal(put_file(s, "one", "no folder any more", NULL), 0);
	assert_int_equal(put(s, ENTRY_DIR, "full", NULL), 0);
	assert_int_equal(put_file(s, "full/x", "x", NULL), 0);
	assert_int_equal(put(s, ENTRY_SYMLINK, "full", "one"), ERR_IO);
	assert_int_equal(put(s, ENTRY_REMOVED, "full", NULL), ERR_IO);
	for (int i = 0; i < 2; i++)
		assert_int_equal(put(s, ENTRY_REMOVED, "full/x", NULL), 0);
	assert_int_equal(put(s, ENTRY_REMOVED, "full", NULL), 0);
	assert_int_equal(faccessat(AT_FDCWD, inside, F_OK, 0), 0);
}

static void refuses_paths_that_lead_elsewhere(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"", "/etc/x", "..", "../out/x", "a/../../out/x", "a/..", ".", "a/./b", "a//b", "a/",
	};
	AUTO(sink_folder_free) struct sink *s = sink_folder_new(inside, NULL);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int kind = ENTRY_FILE; kind <= ENTRY_REMOVED; kind++)
			assert_int_equal(put(s, (enum entry_kind)kind, rows[i], "t"), ERR_CORRUPT);
	assert_int_equal(put_file(s, "t", "", NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(put(s, ENTRY_HARDLINK, "link", rows[i]), ERR_CORRUPT);
	assert_int_equal(put(s, ENTRY_HARDLINK, "t", "t"), ERR_CORRUPT);
	assert_int_equal(put(s, ENTRY_HARDLINK, "link", "absent"), ERR_IO);
}

static void goes_through_no_link_that_leads_out(void **state)
{
	(void)state;
	AUTO(sink_folder_free) struct sink *s = sink_folder_new(inside, NULL);
	const char *rows[] = {"../out", outside, "..", "/", "/proc/self/cwd"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(put(s, ENTRY_SYMLINK, "leads", rows[i]), 0);
		assert_int_equal(put_file(s, "leads/escaped", "x", &e), ERR_CORRUPT);
		assert_non_null(strstr(e->text, "leads"));
		assert_int_equal(put(s, ENTRY_SYMLINK, "leads/escaped", "x"), ERR_CORRUPT);
		assert_int_equal(put(s, ENTRY_DIR, "leads/escaped", NULL), ERR_CORRUPT);
		assert_true(put(s, ENTRY_HARDLINK, "h", "leads/escaped") < 0);
	}
	/* A link as the last part is replaced, not written through. */
	AUTO(free) char *victim = fs_join(outside, "victim");
	assert_int_equal(fs_write(victim, STR("mine"), 0644, NULL), 0);
	assert_int_equal(put(s, ENTRY_SYMLINK, "last", victim), 0);
	assert_int_equal(put_file(s, "last", "yours", NULL), 0);
	AUTO(buf_done) struct buf b = BUF(100);
	assert_int_equal(fs_read(victim, &b, NULL), 0);
	assert_string_equal(b.data, "mine");
	AUTO(free) char *escaped = fs_join(outside, "escaped");
	assert_int_equal(access(escaped, F_OK), -1);
}

static void tells_sizes_that_are_wrong(void **state)
{
	(void)state;
	AUTO(sink_folder_free) struct sink *s = sink_folder_new(inside, NULL);
	struct entry entry = {ENTRY_FILE, "short", NULL, 0644, 1, 3};
	assert_int_equal(s->entry(s, &entry, NULL), 0);
	assert_int_equal(s->data(s, "abcd", 4, NULL), ERR_FAILED);
	assert_int_equal(s->data(s, "ab", 2, NULL), 0);
	assert_int_equal(put(s, ENTRY_DIR, "next", NULL), ERR_FAILED);
	assert_int_equal(sink_folder_end(s, NULL), ERR_FAILED);
}

static void leaves_no_half_file(void **state)
{
	(void)state;
	struct sink *s = sink_folder_new(inside, NULL);
	struct entry entry = {ENTRY_FILE, "half", NULL, 0644, 1, 3};
	assert_int_equal(s->entry(s, &entry, NULL), 0);
	assert_int_equal(s->data(s, "ab", 2, NULL), 0);
	sink_folder_free(s);
	AUTO(free) char *half = fs_join(inside, "half");
	assert_int_equal(access(half, F_OK), -1);
}

static void says_where_there_was_no_room(void **state)
{
	(void)state;
	AUTO(sink_folder_free) struct sink *s = sink_folder_new(inside, NULL);
	AUTO(err_free) struct err *e = NULL;
	struct rlimit was, small;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 2;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int code = put_file(s, "dir/large", "larger than two", &e);
	setrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, handler);
	assert_int_equal(code, ERR_IO);
	assert_int_equal(e->sys, EFBIG);
	assert_non_null(strstr(e->text, "dir/large"));
	assert_null(sink_folder_new("/nowhere/at/all", &e));
	assert_int_equal(e->code, ERR_ABSENT);
}

static int write_many(void *cookie, size_t i, struct err **e)
{
	(void)cookie;
	AUTO(sink_folder_free) struct sink *s = sink_folder_new(inside, e);
	int code = 0;
	for (int k = 0; k < 50 && code == 0; k++) {
		AUTO(buf_done) struct buf path = BUF(100);
		buf_printf(&path, "shared/%d/deep/%d/f%zu", k % 7, k, i);
		code = put_file(s, path.data, "x", e);
	}
	return code;
}

static void several_threads_may_write_below_one_folder(void **state)
{
	(void)state;
	assert_int_equal(workers_run(4, 8, write_many, NULL, NULL), 0);
	assert_int_equal(stat_of("shared/6/deep/48/f7").st_size, 1);
}

/* As an old seccomp profile does: openat2 is refused from now on. */
static bool forbid_openat2(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {COUNT(rules), rules};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* In a child, as nothing takes a filter back: 0, or the step that failed. */
static int write_without_openat2(void)
{
	struct sink *s = sink_folder_new(inside, NULL);
	int step = 0;
	if (put_file(s, "a/b/c", "x", NULL) != 0 || put(s, ENTRY_HARDLINK, "a/d", "a/b/c") != 0)
		step = 1;
	else if (put(s, ENTRY_SYMLINK, "leads", "../out") != 0)
		step = 2;
	else if (put_file(s, "leads/escaped", "x", NULL) != ERR_CORRUPT)
		step = 3;
	else if (put(s, ENTRY_DIR, "sealed", NULL) != 0 || sink_folder_end(s, NULL) != 0)
		step = 4;
	sink_folder_free(s);
	return step;
}

static void works_where_openat2_is_forbidden(void **state)
{
	(void)state;
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(forbid_openat2() ? write_without_openat2() : 99);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip();
	assert_int_equal(status, 0);
	assert_text("a/d", "x");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(sets_modes_and_times_whatever_the_umask),
		TEST(writes_bytes_and_links),
		TEST(replaces_what_stands_there),
		TEST(refuses_paths_that_lead_elsewhere),
		TEST(goes_through_no_link_that_leads_out),
		TEST(tells_sizes_that_are_wrong),
		TEST(leaves_no_half_file),
		TEST(says_where_there_was_no_room),
		TEST(works_where_openat2_is_forbidden),
		TEST(several_threads_may_write_below_one_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
