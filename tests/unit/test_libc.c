/* tests/unit/test_libc.c - the C library of layers that are made here. */
#include "builder/libc.h"
#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { LAYERS = 3, ENTRIES = 6, FILE_SIZE = 200 << 10, X86_64 = 62, AARCH64 = 183 };
#define GLIBC(v) "GNU C Library (Debian GLIBC " v "-9) stable release version " v ".\nCopyright"

/* An entry of a layer. A target makes a link; a text a file that is ELF of the machine with the
 * text somewhere inside; a path with a closing slash a folder. */
struct item {
	const char *path, *target, *text;
	unsigned machine; /* of a text; 0: no ELF */
	bool hard;
};

static la_ssize_t into(struct archive *a, void *cookie, const void *p, size_t n)
{
	(void)a;
	buf_add(cookie, p, n);
	return (la_ssize_t)n;
}

static void put_content(struct archive *tar, const struct item *item)
{
	AUTO(free) char *bytes = mem_zero(1, FILE_SIZE);
	if (item->machine) {
		memcpy(bytes, "\177ELF\2\1\1", 7);
		bytes[18] = (char)item->machine;
	}
	strcpy(bytes + FILE_SIZE / 2 + 77, item->text);
	assert_int_equal(archive_write_data(tar, bytes, FILE_SIZE), FILE_SIZE);
}

static void put_item(struct archive *tar, const struct item *item)
{
	struct archive_entry *entry = archive_entry_new();
	bool folder = str_ends(str_of(item->path), "/");
	archive_entry_set_pathname(entry, item->path);
	archive_entry_set_perm(entry, 0755);
	archive_entry_set_filetype(entry, folder ? AE_IFDIR : AE_IFREG);
	archive_entry_set_size(entry, item->text ? FILE_SIZE : 0);
	if (item->target && !item->hard) {
		archive_entry_set_filetype(entry, AE_IFLNK);
		archive_entry_set_symlink(entry, item->target);
	} else if (item->target) {
		archive_entry_set_hardlink(entry, item->target);
	}
	assert_int_equal(archive_write_header(tar, entry), ARCHIVE_OK);
	if (item->text)
		put_content(tar, item);
	archive_entry_free(entry);
}

enum packing { PLAIN, GZIP, ZSTD };

static void make_layer(const struct item *items, enum packing packing, struct buf *out)
{
	struct archive *tar = archive_write_new();
	archive_write_set_format_pax_restricted(tar);
	archive_write_set_bytes_in_last_block(tar, 1);
	if (packing == GZIP)
		archive_write_add_filter_gzip(tar);
	else if (packing == ZSTD)
		archive_write_add_filter_zstd(tar);
	assert_int_equal(archive_write_open(tar, out, NULL, into, NULL), ARCHIVE_OK);
	for (size_t i = 0; i < ENTRIES && items[i].path; i++)
		put_item(tar, &items[i]);
	assert_int_equal(archive_write_close(tar), ARCHIVE_OK);
	archive_write_free(tar);
}

struct image {
	struct buf bytes[LAYERS];
	struct libc_layer layers[LAYERS];
	unsigned reads; /* of layers */
};

static int read_layer(void *cookie, size_t i,
		      int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		      struct err **e)
{
	struct image *image = cookie;
	struct str rest = buf_str(&image->bytes[i]);
	image->reads++;
	while (rest.n) {
		struct str piece = str_to(rest, 1000);
		int code = write(to, piece.p, piece.n, e);
		if (code < 0)
			return code;
		rest = str_from(rest, piece.n);
	}
	return 0;
}

static void image_make_of(const struct item (*layers)[ENTRIES], enum packing packing,
			  struct image *out)
{
	*out = (struct image){0};
	for (size_t i = 0; i < LAYERS; i++) {
		out->bytes[i] = (struct buf)BUF(BUF_UNLIMITED);
		make_layer(layers[i], packing, &out->bytes[i]);
		digest_of(out->bytes[i].data, out->bytes[i].n, &out->layers[i].digest);
		out->layers[i].size = out->bytes[i].n;
	}
}

static void image_free(struct image *image)
{
	for (size_t i = 0; i < LAYERS; i++)
		buf_done(&image->bytes[i]);
}

static int find(struct image *image, const char *arch, struct libc *out, struct err **e)
{
	struct libc_source from = {image->layers, LAYERS, read_layer, image, NULL};
	return libc_find(&from, arch, out, e);
}

#define DEB "lib/x86_64-linux-gnu/"
#define OLD                                                                                        \
	{                                                                                          \
		DEB "libc.so.6", NULL, GLIBC("2.31"), X86_64                                       \
	}

/* Layers stand lowest first. */
static const struct {
	const char *what, *arch, *found;
	unsigned reads; /* of layers; 0: any */
	struct item layers[LAYERS][ENTRIES];
} rows[] = {
	{"in the lowest layer", "amd64", "glibc 2.31", 3, {{OLD}}},
	{"the topmost counts, and no layer below it is read",
	 "amd64",
	 "glibc 2.36",
	 1,
	 {{OLD}, {{0}}, {{"./" DEB "libc.so.6", NULL, GLIBC("2.36"), X86_64}}}},
	{"usr merged: lib is a link",
	 "amd64",
	 "glibc 2.36",
	 0,
	 {{{"lib", "usr/lib"}, {"usr/" DEB "libc.so.6", NULL, GLIBC("2.36"), X86_64}},
	  {{"lib", "usr/lib"}}}},
	{"a link whose target says the version",
	 "amd64",
	 "glibc 2.28",
	 0,
	 {{{"usr/lib64/libc-2.28.so", NULL, "no banner", X86_64},
	   {"usr/lib64/libc.so.6", "libc-2.28.so"}}}},
	{"a link to a file that stands before it in its layer",
	 "amd64",
	 "glibc 2.40",
	 0,
	 {{{"usr/lib/aaa/the-libc", NULL, GLIBC("2.40"), X86_64},
	   {"usr/lib/libc.so.6", "../lib/./aaa/the-libc"}}}},
	{"a link to a file of a lower layer",
	 "amd64",
	 "glibc 2.40",
	 0,
	 {{{"opt/libc", NULL, GLIBC("2.40"), X86_64}}, {{"lib64/libc.so.6", "/opt/libc"}}}},
	{"a hard link",
	 "amd64",
	 "glibc 2.40",
	 0,
	 {{{"sysroot/ab12.file", NULL, GLIBC("2.40"), X86_64},
	   {"usr/lib64/libc.so.6", "sysroot/ab12.file", NULL, 0, true}}}},
	{"links in a ring",
	 "amd64",
	 "none",
	 0,
	 {{{"lib64/libc.so.6", "a"}, {"lib64/a", "libc.so.6"}}}},
	{"taken away by a whiteout", "amd64", "none", 0, {{OLD}, {{DEB ".wh.libc.so.6"}}}},
	{"its folder taken away", "amd64", "none", 0, {{OLD}, {{"lib/.wh.x86_64-linux-gnu"}}}},
	{"its folder opaque", "amd64", "none", 0, {{OLD}, {{"lib/"}, {"lib/.wh..wh..opq"}}}},
	{"a whiteout and the new one in a layer",
	 "amd64",
	 "glibc 2.36",
	 0,
	 {{OLD}, {{DEB "libc.so.6", NULL, GLIBC("2.36"), X86_64}, {DEB ".wh.libc.so.6"}}}},
	{"another file's whiteout", "amd64", "glibc 2.31", 0, {{OLD}, {{DEB ".wh.libc.so"}}}},
	{"a link in place of its folder", "amd64", "none", 0, {{OLD}, {{"lib", "elsewhere"}}}},
	{"of another machine",
	 "amd64",
	 "glibc 2.36",
	 0,
	 {{{"lib/libc.so.6", NULL, GLIBC("2.30"), 3},
	   {"lib64/libc.so.6", NULL, GLIBC("2.36"), X86_64}}}},
	{"aarch64",
	 "arm64",
	 "glibc 2.39",
	 0,
	 {{{"usr/lib/aarch64-linux-gnu/libc.so.6", NULL, GLIBC("2.39"), AARCH64}}}},
	{"another machine's image", "arm64", "none", 0, {{OLD}}},
	{"musl",
	 "amd64",
	 "musl",
	 0,
	 {{{"lib/ld-musl-x86_64.so.1", NULL, "musl libc", X86_64},
	   {"lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1"}}}},
	{"musl with a shim that is called libc.so.6",
	 "amd64",
	 "musl",
	 0,
	 {{{"lib/ld-musl-x86_64.so.1", NULL, "musl libc", X86_64},
	   {"lib/libc.so.6", "ld-musl-x86_64.so.1"}}}},
	{"musl beside glibc",
	 "amd64",
	 "glibc 2.31",
	 0,
	 {{OLD}, {{"lib/ld-musl-x86_64.so.1", "x86_64-linux-musl/libc.so"}}}},
	{"a linker script", "amd64", "none", 0, {{{"lib/libc.so.6", NULL, GLIBC("2.36")}}}},
	{"a name that is like it",
	 "amd64",
	 "none",
	 0,
	 {{{"lib64/libc.so.6x", NULL, GLIBC("2.1"), X86_64}}}},
	{"nothing at all", "amd64", "none", 0, {{{0}}}},
};

static void finds_it_as_a_container_would_see_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		AUTO(buf_done) struct buf text = BUF(100);
		struct image image;
		struct libc libc;
		image_make_of(rows[i].layers, (enum packing)(i % 3), &image);
		int code = find(&image, rows[i].arch, &libc, &e);
		AUTO(free) char *line = err_line(e);
		if (code < 0)
			fail_msg("%s: %s", rows[i].what, line);
		libc_write(&libc, &text);
		if (!str_is(buf_str(&text), rows[i].found))
			fail_msg("%s: %s is not %s", rows[i].what, text.data, rows[i].found);
		if (rows[i].reads && image.reads != rows[i].reads)
			fail_msg("%s: %u layers were read", rows[i].what, image.reads);
		image_free(&image);
	}
}

static void a_damaged_layer_is_named(void **state)
{
	(void)state;
	static const struct item layers[LAYERS][ENTRIES] = {{OLD}};
	for (unsigned how = 0; how < 3; how++) {
		AUTO(err_free) struct err *e = NULL;
		struct image image;
		struct libc libc;
		image_make_of(layers, GZIP, &image);
		struct buf *lowest = &image.bytes[0];
		if (how == 0) { /* ends too early */
			lowest->n /= 2;
		} else if (how == 1) { /* another byte behind the libc */
			lowest->data[lowest->n - 1] ^= 1;
		} else { /* is no tar, and the digest is right */
			buf_clear(lowest);
			for (unsigned k = 0; k < 5000; k++)
				buf_printf(lowest, "%u", k);
			digest_of(lowest->data, lowest->n, &image.layers[0].digest);
			image.layers[0].size = lowest->n;
		}
		int code = find(&image, "amd64", &libc, &e);
		AUTO(free) char *line = err_line(e);
		assert_int_equal(code, how == 2 ? ERR_CORRUPT : ERR_DIGEST);
		assert_non_null(strstr(line, digest_text(&image.layers[0].digest).hex));
		image_free(&image);
	}
}

static int refuse(void *cookie, size_t i,
		  int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		  struct err **e)
{
	(void)cookie, (void)i, (void)write, (void)to;
	return err_set(e, ERR_NET, "no line");
}

static void an_error_of_the_source_is_handed_on(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	struct libc_layer layer = {.size = 10};
	struct libc_source from = {&layer, 1, refuse, NULL, NULL};
	struct libc libc;
	assert_int_equal(libc_find(&from, "amd64", &libc, &e), ERR_NET);
	assert_non_null(e);
	err_clear(&e);
	assert_int_equal(libc_find(&from, "sparc", &libc, &e), ERR_USAGE);
}

static void a_banner_is_found_wherever_it_is_cut(void **state)
{
	(void)state;
	char bytes[1200] = "\177ELF\2\1\1";
	bytes[18] = X86_64;
	strcpy(bytes + 500,
	       "GNU C Library  GNU C Library (x) development release version 2.41.9000, by");
	for (size_t step = 1; step <= sizeof(bytes); step += step < 64 ? 1 : 61) {
		struct libc_scan scan = {.machine = X86_64};
		for (size_t at = 0; at < sizeof(bytes); at += step)
			if (libc_scan_add(&scan, bytes + at,
					  step < sizeof(bytes) - at ? step : sizeof(bytes) - at))
				break;
		assert_string_equal(scan.version, "2.41");
	}
}

static void versions_of_file_names(void **state)
{
	(void)state;
	static const struct {
		const char *name, *version;
	} names[] = {
		{"libc-2.31.so", "2.31"},
		{"libc-2.5.so", "2.5"},
		{"libc-2.so", NULL},
		{"libc-2.3.6.so", NULL},
		{"libc-.so", NULL},
		{"libc-2.31.so.1", NULL},
		{"libc-2.31.so-gdb.py", NULL},
		{"libcap-2.31.so", NULL},
		{"", NULL},
		{"libc-99999999999999999999.1.so", NULL},
	};
	for (size_t i = 0; i < COUNT(names); i++) {
		char version[LIBC_VERSION_MAX] = "";
		bool is = libc_name_version(str_of(names[i].name), version);
		assert_int_equal(is, names[i].version != NULL);
		if (is)
			assert_string_equal(version, names[i].version);
	}
}

static void what_is_written_is_read_again(void **state)
{
	(void)state;
	static const struct libc known[] = {
		{LIBC_NONE, ""}, {LIBC_MUSL, ""}, {LIBC_GLIBC, "2.36"}, {LIBC_GLIBC, "2.9"}};
	static const char *const bad[] = {"",	     "glibc",  "glibc ",
					  "glibc 2", "musl 1", "glibc 2.36 "};
	struct libc libc;
	for (size_t i = 0; i < COUNT(known); i++) {
		AUTO(buf_done) struct buf text = BUF(100);
		libc_write(&known[i], &text);
		assert_true(libc_read(buf_str(&text), &libc));
		assert_int_equal(libc.kind, known[i].kind);
		assert_string_equal(libc.version, known[i].version);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(libc_read(str_of(bad[i]), &libc));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_it_as_a_container_would_see_it),
		cmocka_unit_test(a_damaged_layer_is_named),
		cmocka_unit_test(an_error_of_the_source_is_handed_on),
		cmocka_unit_test(a_banner_is_found_wherever_it_is_cut),
		cmocka_unit_test(versions_of_file_names),
		cmocka_unit_test(what_is_written_is_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
