/* tests/unit/test_fs.c - files and folders: what is there, what is not, what cannot be. */
#include "specs/base/digest.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int make_folder(void **state)
{
	char *dir = NULL;
	int status = fs_temp_dir("/tmp", &dir, NULL);
	*state = dir;
	return status;
}

static int remove_folder(void **state)
{
	int status = fs_remove(*state, NULL);
	free(*state);
	return status;
}

static void what_is_absent_is_absent(void **state)
{
	AUTO(free) char *path = fs_join(*state, "absent/x");
	AUTO(buf_done) struct buf b = BUF(100);
	AUTO(fs_map_done) struct fs_map map = {0};
	struct fs_file f = FS_FILE;
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(fs_read(path, &b, &e), ERR_ABSENT);
	assert_int_equal(e->sys, ENOENT);
	assert_non_null(strstr(e->text, "absent/x: No such file"));
	assert_int_equal(fs_map_open(path, &map, NULL), ERR_ABSENT);
	assert_int_equal(fs_file_open(&f, path, 0644, NULL), ERR_ABSENT);
	assert_int_equal(f.fd, -1);
	assert_int_equal(fs_write(path, STR("x"), 0644, NULL), ERR_ABSENT);
	char *dir = NULL;
	assert_int_equal(fs_temp_dir(path, &dir, NULL), ERR_ABSENT);
	assert_null(dir);
	assert_int_equal(fs_remove(path, NULL), 0);
}

static void a_file_is_no_folder(void **state)
{
	AUTO(free) char *file = fs_join(*state, "file");
	AUTO(free) char *below = fs_join(file, "below");
	AUTO(buf_done) struct buf b = BUF(100);
	struct fs_file f = FS_FILE;
	assert_int_equal(fs_write(file, STR("x"), 0600, NULL), 0);
	assert_int_equal(fs_make_dirs(file, 0755, NULL), ERR_IO);
	assert_int_equal(fs_make_dirs(below, 0755, NULL), ERR_IO);
	assert_int_equal(fs_read(*state, &b, NULL), ERR_IO);
	/* A folder stands where the file is to go: the file beside it goes again. */
	AUTO(free) char *folder = fs_join(*state, "folder");
	assert_int_equal(fs_make_dirs(folder, 0755, NULL), 0);
	assert_int_equal(fs_file_open(&f, folder, 0644, NULL), 0);
	AUTO(free) char *aside = mem_text(f.aside);
	assert_int_equal(fs_file_commit(&f, NULL), ERR_IO);
	fs_file_done(&f);
	assert_int_equal(access(aside, F_OK), -1);
}

static void a_file_has_the_mode_that_was_asked_for(void **state)
{
	AUTO(free) char *path = fs_join(*state, "secret");
	struct stat st;
	assert_int_equal(fs_write(path, STR("x"), 0600, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void maps_hold_the_bytes_of_a_file(void **state)
{
	AUTO(free) char *path = fs_join(*state, "mapped");
	AUTO(free) char *nothing = fs_join(*state, "nothing");
	struct fs_map map, none;
	assert_int_equal(fs_write(path, STR("some bytes"), 0644, NULL), 0);
	assert_int_equal(fs_write(nothing, STR(""), 0644, NULL), 0);
	assert_int_equal(fs_map_open(path, &map, NULL), 0);
	assert_int_equal(fs_map_open(nothing, &none, NULL), 0);
	assert_int_equal(map.n, 10);
	assert_memory_equal(map.p, "some bytes", 10);
	assert_int_equal(none.n, 0);
	fs_map_done(&map);
	fs_map_done(&none);
	assert_null(map.p);
}

static void removal_does_not_follow_links(void **state)
{
	AUTO(free) char *kept = fs_join(*state, "kept");
	AUTO(free) char *file = fs_join(kept, "file");
	AUTO(free) char *gone = fs_join(*state, "gone");
	AUTO(free) char *link = fs_join(gone, "link");
	assert_int_equal(fs_make_dirs(kept, 0755, NULL), 0);
	assert_int_equal(fs_make_dirs(gone, 0755, NULL), 0);
	assert_int_equal(fs_write(file, STR("x"), 0644, NULL), 0);
	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(fs_remove(gone, NULL), 0);
	assert_int_equal(access(gone, F_OK), -1);
	assert_int_equal(access(file, F_OK), 0);
}

/* An interrupt is never taken back: it is raised in a process of its own. */
static int code_of_interrupted_wait(int fd)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		interrupt_raise();
		_exit(-fs_lock(fd, "lock", NULL));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return -WEXITSTATUS(status);
}

static void a_lock_is_waited_for_until_an_interrupt(void **state)
{
	int first = open(*state, O_RDONLY | O_DIRECTORY), second = open(*state, O_RDONLY);
	assert_int_equal(fs_lock(first, "lock", NULL), 0);
	assert_int_equal(code_of_interrupted_wait(second), ERR_INTERRUPTED);
	close(first);
	assert_int_equal(code_of_interrupted_wait(second), 0);
	assert_int_equal(fs_lock(second, "lock", NULL), 0);
	close(second);
	assert_int_equal(fs_lock(-1, "lock", NULL), ERR_IO);
}

static void digests_of_files_are_those_of_their_bytes(void **state)
{
	AUTO(free) char *path = fs_join(*state, "digested");
	struct digest whole, rest, of_rest;
	uint64_t size = 0;
	assert_int_equal(fs_write(path, STR("some bytes"), 0644, NULL), 0);
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(digest_of_fd(fd, &rest, &size, NULL), 0);
	assert_int_equal(size, 5);
	digest_of("bytes", 5, &of_rest);
	assert_true(digest_eq(&rest, &of_rest));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(digest_of_fd(fd, &whole, NULL, NULL), 0);
	assert_false(digest_eq(&rest, &whole));
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(digest_of_fd(-1, &whole, NULL, &e), ERR_IO);
}

static void bytes_go_nowhere_without_a_file(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf b = BUF(100);
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(fs_write_fd(-1, "x", 1, NULL), ERR_IO);
	assert_int_equal(fs_read_fd(-1, "the pipe", &b, &e), ERR_IO);
	assert_non_null(strstr(e->text, "the pipe: "));
}

static void a_hash_is_copied_and_begun_again(void **state)
{
	(void)state;
	AUTO(hasher_free) struct hasher *h = hasher_new();
	hasher_add(h, "a", 1);
	AUTO(hasher_free) struct hasher *copy = hasher_copy(h);
	hasher_add(h, "bc", 2);
	hasher_add(copy, "bc", 2);
	struct digest one, two, want;
	hasher_end(h, &one);
	hasher_end(copy, &two);
	digest_of("abc", 3, &want);
	assert_true(digest_eq(&one, &want) && digest_eq(&two, &want));
	hasher_reset(h);
	hasher_add(h, "abc", 3);
	hasher_end(h, &one);
	assert_true(digest_eq(&one, &want));
	hasher_free(NULL);
}

static void md5_is_what_others_call_it(void **state)
{
	(void)state;
	AUTO(hasher_free) struct hasher *h = hasher_new_md5();
	uint8_t md5[MD5_SIZE];
	char hex[MD5_HEX + 1];
	hasher_add(h, "abc", 3);
	hasher_end_md5(h, md5);
	hex_write(md5, MD5_SIZE, hex);
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
	assert_true(hex_read(STR("900150983CD24FB0D6963F7D28E17F72"), md5, MD5_SIZE));
	assert_false(hex_read(STR("900150983cd24fb0d6963f7d28e17f7"), md5, MD5_SIZE));
	assert_false(hex_read(STR("900150983cd24fb0d6963f7d28e17f7g"), md5, MD5_SIZE));
}

static void paths_become_absolute(void **state)
{
	char here[PATH_MAX];
	(void)state;

	assert_non_null(getcwd(here, sizeof(here)));
	AUTO(free) char *joined = fs_join(here, "a/b");
	const struct {
		const char *path, *want;
	} rows[] = {{"/", "/"}, {"/a", "/a"}, {"/a//", "/a"}, {"a/b", joined}, {"a/b/", joined}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		AUTO(free) char *got = NULL;
		assert_int_equal(fs_absolute(rows[i].path, &got, &e), 0);
		assert_string_equal(got, rows[i].want);
	}
}

static void a_file_has_a_folder_without_links(void **state)
{
	AUTO(free) char *here = realpath(".", NULL);
	AUTO(free) char *tests = realpath("tests", NULL);
	const struct {
		const char *file, *folder;
	} rows[] = {{"x.lock", here},	     {"-", here},	   {"./x.lock", here},
		    {"tests/x.lock", tests}, {"tests/../x", here}, {"/x", "/"}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(free) char *got = NULL;
		assert_int_equal(fs_folder_of(rows[i].file, &got, NULL), 0);
		assert_string_equal(got, rows[i].folder);
	}
	char *none;
	assert_int_equal(fs_folder_of("/no/such/folder/x", &none, NULL), ERR_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_a_folder_without_links),
		cmocka_unit_test(what_is_absent_is_absent),
		cmocka_unit_test(a_file_is_no_folder),
		cmocka_unit_test(a_file_has_the_mode_that_was_asked_for),
		cmocka_unit_test(maps_hold_the_bytes_of_a_file),
		cmocka_unit_test(removal_does_not_follow_links),
		cmocka_unit_test(a_lock_is_waited_for_until_an_interrupt),
		cmocka_unit_test(digests_of_files_are_those_of_their_bytes),
		cmocka_unit_test(bytes_go_nowhere_without_a_file),
		cmocka_unit_test(a_hash_is_copied_and_begun_again),
		cmocka_unit_test(md5_is_what_others_call_it),
		cmocka_unit_test(paths_become_absolute),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
