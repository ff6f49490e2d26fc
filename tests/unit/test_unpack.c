/* tests/unit/test_unpack.c - package archives read entry by entry. */
#include "builder/unpack.h"
#include "specs/base/fs.h"
#include "tests/unit/package_maker.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct scene {
	char *folder;
	char *path; /* of the archive made last */
	struct buf text;
};

static int set_up(void **state)
{
	struct scene *s = mem_zero(1, sizeof(*s));
	s->text = (struct buf)BUF(1 << 20);
	*state = s;
	return fs_temp_dir("/tmp", &s->folder, NULL);
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	fs_remove(s->folder, NULL);
	free(s->folder);
	free(s->path);
	buf_done(&s->text);
	free(s);
	return 0;
}

static const char *const forms[] = {"x.conda", "x.tar.bz2"};

static void make(struct scene *s, const char *name, const struct made_file *files, size_t count)
{
	free(s->path);
	s->path = fs_join(s->folder, name);
	make_package(s->path, files, count);
}

/* Writes what the archive holds to s->text, a line an entry; the code of the first failure. */
static int list(struct scene *s, unsigned parts, struct err **e)
{
	AUTO(unpack_close) struct unpack *u = NULL;
	const struct entry *entry;
	buf_clear(&s->text);
	int code = unpack_open(s->path, parts, &u, e);
	while (code == 0 && (code = unpack_next(u, &entry, e)) > 0) {
		buf_printf(&s->text, "%c %s %o %lld", "flhd"[entry->kind], entry -> path,
			   entry -> mode, (long long)entry -> mtime);
		if (entry->target)
			buf_printf(&s->text, " -> %s", entry->target);
		if (entry->kind == ENTRY_FILE) {
			buf_add_text(&s->text, " ");
			code = unpack_read(u, &s->text, e);
		} else {
			code = 0;
		}
		buf_add_char(&s->text, '\n');
	}
	return code;
}

static void entries_come_in_the_order_of_the_archive(void **state)
{
	static const struct made_file files[] = {
		{"info/index.json", "{}"},	     {"lib", NULL, 'd', 0755},
		{"lib/a.so", "bytes", 0, 04755, 77}, {"lib/b.so", "a.so", 'l', 0777},
		{"./lib//c.so", "./lib/a.so", 'h'},  {"lib/\xc3\xa9\xff", "x"},
		{"info/paths.json", "[]"},
	};
	struct scene *s = *state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		make(s, forms[i], files, COUNT(files));
		assert_int_equal(list(s, UNPACK_PAYLOAD, NULL), 0);
		assert_string_equal(s->text.data, "d lib 755 1000\n"
						  "f lib/a.so 4755 77 bytes\n"
						  "l lib/b.so 777 1000 -> a.so\n"
						  "h lib/c.so 644 1000 -> lib/a.so\n"
						  "f lib/\xc3\xa9\xff 644 1000 x\n");
		assert_int_equal(list(s, UNPACK_INFO, NULL), 0);
		assert_string_equal(s->text.data, "f info/index.json 644 1000 {}\n"
						  "f info/paths.json 644 1000 []\n");
		assert_int_equal(list(s, UNPACK_INFO | UNPACK_PAYLOAD, NULL), 0);
	}
}

static void refuses_names_and_kinds_that_do_not_belong(void **state)
{
	static const struct made_file rows[] = {
		{"../up", "x"},	    {"a/../../up", "x"}, {"/etc/passwd", "x"}, {"a", "../up", 'h'},
		{"a", "/etc", 'h'}, {"pipe", NULL, 'p'}, {"a/..", NULL, 'd'},
	};
	struct scene *s = *state;
	for (size_t i = 0; i < COUNT(rows) * COUNT(forms); i++) {
		struct made_file files[] = {{"info/index.json", "{}"}, rows[i / COUNT(forms)]};
		make(s, forms[i % COUNT(forms)], files, COUNT(files));
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(list(s, UNPACK_PAYLOAD, &e), ERR_CORRUPT);
		assert_non_null(strstr(e->text, forms[i % COUNT(forms)]));
	}
}

static void a_truncated_archive_is_corrupt_wherever_it_ends(void **state)
{
	struct scene *s = *state;
	char *noise = mem_alloc(100000);
	for (size_t i = 0; i < 100000; i++)
		noise[i] = (char)(i * i * 2654435761u >> 13);
	struct made_file files[] = {{"info/index.json", "{}"}, {"a", noise, .size = 100000}};
	for (size_t i = 0; i < COUNT(forms); i++) {
		AUTO(buf_done) struct buf whole = BUF(1 << 20);
		make(s, forms[i], files, COUNT(files));
		assert_int_equal(fs_read(s->path, &whole, NULL), 0);
		for (size_t n = 0; n < whole.n - 200; n += 1 + whole.n / 40) {
			AUTO(err_free) struct err *e = NULL;
			fs_write(s->path, str_to(buf_str(&whole), n), 0644, NULL);
			assert_int_equal(list(s, UNPACK_PAYLOAD, &e), ERR_CORRUPT);
		}
	}
	free(noise);
}

static void several_compressed_streams_are_one_tar(void **state)
{
	static const struct made_file files[] = {{"info/index.json", "{}"}, {"a", "text"}};
	struct scene *s = *state;
	struct buf tar = made_tar(files, COUNT(files), 3, NULL);
	AUTO(buf_done) struct buf twice = BUF(1 << 20);
	for (size_t at = 0; at < tar.n; at += 512) {
		struct archive *a = archive_write_new();
		char out[4096];
		size_t used = 0;
		archive_write_set_format_raw(a);
		archive_write_add_filter_bzip2(a);
		archive_write_set_bytes_in_last_block(a, 1);
		archive_write_open_memory(a, out, sizeof(out), &used);
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_write_header(a, entry);
		archive_write_data(a, tar.data + at, 512);
		archive_entry_free(entry);
		archive_write_free(a);
		buf_add(&twice, out, used);
	}
	s->path = fs_join(s->folder, "x.tar.bz2");
	fs_write(s->path, buf_str(&twice), 0644, NULL);
	assert_int_equal(list(s, UNPACK_PAYLOAD, NULL), 0);
	assert_string_equal(s->text.data, "f a 644 1000 text\n");
	buf_done(&tar);
}

static void make_zip(struct scene *s, const char *metadata, const char *member, const char *options)
{
	static const struct made_file files[] = {{"a", "text"}};
	struct buf tar = made_tar(files, COUNT(files), 3, "zstd");
	struct buf empty = made_tar(NULL, 0, 3, "zstd");
	struct buf about = BUF(1000);
	buf_add_text(&about, metadata);
	free(s->path);
	s->path = fs_join(s->folder, "y.conda");
	struct archive *zip = archive_write_new();
	archive_write_set_format_zip(zip);
	archive_write_set_options(zip, options);
	archive_write_open_filename(zip, s->path);
	/* What follows the end of a tar is nobody's; the frame must be whole all the same. */
	buf_add_str(&tar, buf_str(&empty));
	made_member(zip, member, &tar);
	made_member(zip, "metadata.json", &about);
	archive_write_free(zip);
	buf_done(&tar);
	buf_done(&empty);
	buf_done(&about);
}

static void a_conda_file_of_another_make_is_refused(void **state)
{
	static const struct {
		const char *metadata, *member;
		int code;
	} rows[] = {
		{"{\"conda_pkg_format_version\": 2}", "pkg-y-1-0.tar.zst", 0},
		{"{\"conda_pkg_format_version\": 3}", "pkg-y-1-0.tar.zst", ERR_CORRUPT},
		{"{}", "pkg-y-1-0.tar.zst", ERR_CORRUPT},
		{"[", "pkg-y-1-0.tar.zst", ERR_CORRUPT},
		{"{\"conda_pkg_format_version\": 2}", "payload.tar.zst", ERR_CORRUPT},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		make_zip(*state, rows[i].metadata, rows[i].member, NULL);
		assert_int_equal(list(*state, UNPACK_PAYLOAD, NULL), rows[i].code);
	}
	struct scene *s = *state;
	fs_write(s->path, STR("plain text"), 0644, NULL);
	assert_int_equal(list(s, UNPACK_PAYLOAD, NULL), ERR_CORRUPT);
}

static void zips_may_be_written_in_several_ways(void **state)
{
	static const char *const options[] = {"zip:compression=store", "zip:compression=deflate",
					      "zip:compression=store,zip:zip64"};
	struct scene *s = *state;
	for (size_t i = 0; i < COUNT(options); i++) {
		make_zip(s, "{\"conda_pkg_format_version\": 2}", "pkg-y-1-0.tar.zst", options[i]);
		assert_int_equal(list(s, UNPACK_PAYLOAD, NULL), 0);
		assert_string_equal(s->text.data, "f a 644 1000 text\n");
		assert_int_equal(list(s, UNPACK_INFO, NULL), ERR_CORRUPT);
	}
}

/* Every bit of `text` in the archive is flipped in turn: how many times nobody said so. */
static size_t silent(struct scene *s, struct str text, unsigned parts)
{
	AUTO(buf_done) struct buf whole = BUF(1 << 20);
	size_t n = 0;
	assert_int_equal(fs_read(s->path, &whole, NULL), 0);
	char *at = memmem(whole.data, whole.n, text.p, text.n);
	assert_non_null(at);
	for (size_t i = 0; i < text.n * 8; i++) {
		at[i / 8] ^= (char)(1 << i % 8);
		assert_int_equal(fs_write(s->path, buf_str(&whole), 0644, NULL), 0);
		int code = list(s, parts, NULL);
		assert_true(code == 0 || code == ERR_CORRUPT);
		n += code == 0;
		at[i / 8] ^= (char)(1 << i % 8);
	}
	return n;
}

static void a_flipped_bit_of_a_conda_does_not_stay_silent(void **state)
{
	static const struct made_file files[] = {{"a", "text"}};
	AUTO(buf_done) struct buf tar = made_tar(files, COUNT(files), 3, "zstd");
	make_zip(*state, "{\"conda_pkg_format_version\": 2, \"more\": \"x\"}", "pkg-y-1-0.tar.zst",
		 "zip:compression=store");
	assert_int_equal(silent(*state, STR("\"more\": \"x\""), UNPACK_PAYLOAD), 0);
	assert_int_equal(silent(*state, buf_str(&tar), UNPACK_PAYLOAD), 0);
}

static void a_flipped_bit_of_a_wheel_does_not_stay_silent(void **state)
{
	struct scene *s = *state;
	AUTO(buf_done) struct buf text = BUF(100);
	s->path = fs_join(s->folder, "w.whl");
	struct archive *zip = archive_write_new();
	archive_write_set_format_zip(zip);
	archive_write_set_options(zip, "zip:compression=store");
	archive_write_open_filename(zip, s->path);
	buf_add_text(&text, "the bytes of a file");
	made_member(zip, "w/a.py", &text);
	archive_write_free(zip);
	assert_int_equal(list(s, UNPACK_WHEEL, NULL), 0);
	assert_int_equal(silent(s, buf_str(&text), UNPACK_WHEEL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_come_in_the_order_of_the_archive, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(refuses_names_and_kinds_that_do_not_belong, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_truncated_archive_is_corrupt_wherever_it_ends,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(several_compressed_streams_are_one_tar, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_flipped_bit_of_a_conda_does_not_stay_silent,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_flipped_bit_of_a_wheel_does_not_stay_silent,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(zips_may_be_written_in_several_ways, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_conda_file_of_another_make_is_refused, set_up,
						tear_down),
	};
	return cmocka_run_group_tests_name("unpack", tests, NULL, NULL);
}
