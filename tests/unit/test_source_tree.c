/* tests/unit/test_source_tree.c - archives and folders that sources come in. */
#include "builder/source_tree.h"
#include "specs/base/fs.h"
#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct member {
	const char *path, *text, *link, *hard;
	unsigned mode;
};
enum { MEMBERS = 4 };

/* A tar.gz, or a zip where its name says so. */
static void write_archive(const char *path, const struct member *members)
{
	struct archive *to = archive_write_new();
	if (str_ends(str_of(path), ".zip")) {
		archive_write_set_format_zip(to);
	} else {
		archive_write_set_format_pax_restricted(to);
		archive_write_add_filter_gzip(to);
	}
	assert_int_equal(archive_write_open_filename(to, path), ARCHIVE_OK);
	for (const struct member *m = members; m < members + MEMBERS && m->path; m++) {
		struct archive_entry *entry = archive_entry_new();
		size_t n = m->text ? strlen(m->text) : 0;
		archive_entry_set_pathname(entry, m->path);
		archive_entry_set_filetype(entry, m->link ? AE_IFLNK : AE_IFREG);
		if (m->link)
			archive_entry_set_symlink(entry, m->link);
		if (m->hard)
			archive_entry_set_hardlink(entry, m->hard);
		archive_entry_set_perm(entry, m->mode ? m->mode : 0644);
		archive_entry_set_size(entry, (la_int64_t)n);
		assert_int_equal(archive_write_header(to, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(to, m->text, n), n);
		archive_entry_free(entry);
	}
	assert_int_equal(archive_write_close(to), ARCHIVE_OK);
	archive_write_free(to);
}

static int new_folder(void **state)
{
	return fs_temp_dir("/tmp", (char **)state, NULL);
}

static int folder_gone(void **state)
{
	int r = fs_remove(*state, NULL);
	free(*state);
	return r;
}

static int unpack(void **state, const char *name, const struct member *members, char **out,
		  struct err **e)
{
	AUTO(free) char *archive = fs_join(*state, name);
	AUTO(free) char *folder = fs_join(*state, "to");
	write_archive(archive, members);
	assert_int_equal(fs_remove(folder, NULL), 0);
	assert_int_equal(fs_make_dirs(folder, 0700, NULL), 0);
	return source_unpack(archive, folder, out, e);
}

static void the_one_folder_of_an_archive_is_its_source(void **state)
{
	static const struct {
		const char *archive;
		struct member members[MEMBERS];
		const char *folder;
	} rows[] = {
		{"a.tar.gz", {{"a-1/setup.py", "x"}, {"a-1/b/c", "y", NULL, NULL, 04711}}, "/a-1"},
		{"a.zip", {{"a-1/setup.py", "x"}}, "/a-1"},
		{"a.tar.gz",
		 {{"./a-1/setup.py", "x"}, {"a-1/link", NULL, "b/../setup.py"}},
		 "/a-1"},
		{"a.tar.gz", {{"setup.py", "x"}, {"a/b", "y"}}, ""},
		{"a.tar.gz", {{"setup.py", "x"}}, ""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(free) char *source = NULL;
		AUTO(err_free) struct err *e = NULL;
		struct stat st;
		if (unpack(state, rows[i].archive, rows[i].members, &source, &e) < 0)
			fail_msg("row %zu: %s", i, e->text);
		assert_true(str_ends(str_of(source), *rows[i].folder ? rows[i].folder : "/to"));
		AUTO(free) char *setup = fs_join(source, "setup.py");
		assert_int_equal(stat(setup, &st), 0);
		AUTO(free) char *odd = fs_join(source, "b/c");
		if (stat(odd, &st) == 0)
			assert_int_equal(st.st_mode & 07777, 0755);
	}
}

static void what_leads_out_of_an_archive_is_refused(void **state)
{
	static const struct member rows[][MEMBERS] = {
		{{"../setup.py", "x"}},
		{{"/etc/x", "x"}},
		{{"a-1/../../x", "x"}},
		{{"a-1/link", NULL, "/etc/passwd"}},
		{{"a-1/link", NULL, "../../x"}},
		{{"a-1/b/link", NULL, "../c/../../../x"}},
		{{"a-1/x", "x"}, {"a-1/hard", NULL, NULL, "../x"}},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(free) char *source = NULL;
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(unpack(state, "a.tar.gz", rows[i], &source, &e), ERR_CORRUPT);
		assert_non_null(strstr(e->text, "a.tar.gz"));
	}
}

static void what_is_no_archive_is_refused(void **state)
{
	AUTO(free) char *archive = fs_join(*state, "a.tar.gz");
	AUTO(free) char *folder = fs_join(*state, "to");
	AUTO(free) char *source = NULL;
	assert_int_equal(fs_make_dirs(folder, 0700, NULL), 0);
	assert_int_equal(fs_write(archive, STR("\x1f\x8b no gzip"), 0600, NULL), 0);
	assert_int_equal(source_unpack(archive, folder, &source, NULL), ERR_CORRUPT);
}

/* ---- folders ---- */

static void put(const char *root, const char *path, const char *text, unsigned mode)
{
	AUTO(free) char *whole = fs_join(root, path);
	AUTO(free) char *folder = mem_text(whole);
	*strrchr(folder, '/') = 0;
	assert_int_equal(fs_make_dirs(folder, 0700, NULL), 0);
	assert_int_equal(fs_write(whole, str_of(text), mode, NULL), 0);
	assert_int_equal(chmod(whole, mode), 0);
}

static struct digest_text digest(const char *folder)
{
	struct digest d;
	assert_int_equal(source_copy(folder, NULL, &d, NULL), 0);
	return digest_text(&d);
}

static void a_folder_is_what_its_files_are(void **state)
{
	static const struct {
		const char *path, *text;
		unsigned mode;
		bool other;
	} rows[] = {
		{"a.py", "x = 2", 0644, true},
		{"a.py", "x = 1", 0644, true},
		{"a.py", "x = 1", 0600, false},
		{"a.py", "x = 1", 0755, true},
		{"b/c", "", 0644, true},
		{"__pycache__/a.pyc", "1", 0644, false},
		{"b/old.pyc", "1", 0644, false},
		{"env/pyvenv.cfg", "", 0644, false},
		{".git/HEAD", "1", 0644, true},
		{".git/index", "1", 0644, false},
		{".git/refs/tags/v1", "1", 0644, true},
	};
	put(*state, "a.py", "x = 1", 0644);
	struct digest_text before = digest(*state);
	for (size_t i = 0; i < COUNT(rows); i++) {
		put(*state, rows[i].path, rows[i].text, rows[i].mode);
		struct digest_text now = digest(*state);
		if ((strcmp(now.hex, before.hex) != 0) != rows[i].other)
			fail_msg("%s", rows[i].path);
		before = now;
	}
}

static void a_copy_is_the_same_folder(void **state)
{
	AUTO(free) char *from = fs_join(*state, "from");
	AUTO(free) char *to = fs_join(*state, "to");
	AUTO(free) char *link = fs_join(from, "link");
	AUTO(free) char *copied = fs_join(to, "b/run");
	struct digest d;
	struct stat st;
	put(from, "a.py", "x = 1", 0600);
	put(from, "b/run", "#!", 0711);
	put(from, ".git/objects/x", "1", 0444);
	assert_int_equal(symlink("a.py", link), 0);
	assert_int_equal(fs_make_dirs(to, 0700, NULL), 0);
	AUTO(sink_folder_free) struct sink *sink = sink_folder_new(to, NULL);
	assert_int_equal(source_copy(from, sink, &d, NULL), 0);
	assert_int_equal(sink_folder_end(sink, NULL), 0);
	assert_string_equal(digest(from).hex, digest_text(&d).hex);
	assert_string_equal(digest(to).hex, digest_text(&d).hex);
	assert_int_equal(stat(copied, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(st.st_mtime, SOURCE_EPOCH);
}

/* What is tracked is the source's own, whatever it is called. */
static void of_a_checkout_nothing_is_left_out(void **state)
{
	static const char *const files[] = {".DS_Store", "a.pyc", "env/pyvenv.cfg", ".git/HEAD"};
	AUTO(free) char *from = fs_join(*state, "from");
	AUTO(free) char *to = fs_join(*state, "to");
	AUTO(free) char *git = fs_join(to, ".git");
	struct digest d, copied;
	for (size_t i = 0; i < COUNT(files); i++)
		put(from, files[i], "1", 0644);
	assert_int_equal(fs_make_dirs(to, 0700, NULL), 0);
	AUTO(sink_folder_free) struct sink *sink = sink_folder_new(to, NULL);
	assert_int_equal(source_copy_checkout(from, sink, &d, NULL), 0);
	assert_int_equal(sink_folder_end(sink, NULL), 0);
	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO(free) char *path = fs_join(to, files[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
	assert_int_equal(fs_remove(git, NULL), 0);
	assert_int_equal(source_copy_checkout(to, NULL, &copied, NULL), 0);
	assert_true(digest_eq(&d, &copied));
	put(to, "a.pyc", "2", 0644);
	assert_int_equal(source_copy_checkout(to, NULL, &copied, NULL), 0);
	assert_false(digest_eq(&d, &copied));
}

static void what_is_no_folder_is_told(void **state)
{
	AUTO(free) char *file = fs_join(*state, "a");
	AUTO(free) char *none = fs_join(*state, "none");
	struct digest d;
	put(*state, "a", "", 0644);
	assert_int_equal(source_copy(file, NULL, &d, NULL), ERR_USAGE);
	assert_int_equal(source_copy(none, NULL, &d, NULL), ERR_ABSENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, folder_gone)
	const struct CMUnitTest tests[] = {
		TEST(the_one_folder_of_an_archive_is_its_source),
		TEST(what_leads_out_of_an_archive_is_refused),
		TEST(what_is_no_archive_is_refused),
		TEST(a_folder_is_what_its_files_are),
		TEST(a_copy_is_the_same_folder),
		TEST(of_a_checkout_nothing_is_left_out),
		TEST(what_is_no_folder_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
