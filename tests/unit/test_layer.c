/* tests/unit/test_layer.c - segments and layers, read back by libarchive. */
#include "builder/segment.h"
#include "specs/base/fs.h"
#include "specs/base/workers.h"
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct row {
	enum entry_kind kind;
	const char *path, *target;
	unsigned mode;
	size_t size; /* of a file: bytes from a small generator */
};
struct package {
	const struct row *rows;
	size_t n;
};

#define NAME_50 "fifty-bytes-fifty-bytes-fifty-bytes-fifty-bytes-50"
#define NAME_300 NAME_50 "/" NAME_50 "/" NAME_50 "/" NAME_50 "/" NAME_50 "/" NAME_50
#define LONG_NAME NAME_50 NAME_50 NAME_50

static const struct row a_rows[] = {
	{ENTRY_FILE, "bin/tool", NULL, 0755, 1000},
	{ENTRY_SYMLINK, "bin/link", "../lib/libx.so.1", 0777, 0},
	{ENTRY_FILE, "lib/libx.so.1", NULL, 0644, 3 << 20},
	{ENTRY_HARDLINK, "lib/libx.so.2", "lib/libx.so.1", 0644, 0},
	{ENTRY_FILE, "lib/python3.11/site-packages/a/__init__.py", NULL, 0644, 0},
	{ENTRY_FILE, "top", NULL, 0600, 512},
};
static const struct row b_rows[] = {
	{ENTRY_FILE, "bin/other", NULL, 0755, 70000},
	{ENTRY_DIR, "lib/python3.11/empty", NULL, 0700, 0},
	{ENTRY_FILE, "lib/python3.11/site-packages/b.py", NULL, 0644, 5},
	{ENTRY_FILE, "share/" LONG_NAME, NULL, 0644, 7},
	{ENTRY_FILE, "share/" NAME_300, NULL, 0644, 9},
	{ENTRY_SYMLINK, "share/long-link", NAME_300, 0777, 0},
	{ENTRY_FILE, "share/caf\xc3\xa9", NULL, 0644, 3},
	{ENTRY_FILE, "share/caf\xe9", NULL, 0644, 4},
	{ENTRY_FILE, "share/with\nnewline", NULL, 0644, 4},
};
static const struct package packages[] = {{a_rows, COUNT(a_rows)}, {b_rows, COUNT(b_rows)}};

static void generate(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 28); /* 16 values: compresses, but not to nothing */
	}
}

static int fill(void *cookie, struct sink *to, struct err **e)
{
	const struct package *p = cookie;
	for (size_t i = 0; i < p->n; i++) {
		const struct row *row = &p->rows[i];
		struct entry entry = {row->kind, row->path,  row->target,
				      row->mode, 1700000000, row->size};
		int r = to->entry(to, &entry, e);
		AUTO(free) uint8_t *bytes = mem_alloc(row->size + 1);
		generate(bytes, row->size, (uint32_t)i);
		/* In uneven pieces: how data comes must not show in the bytes. */
		for (size_t at = 0, step = 1 + i; r == 0 && at < row->size; at += step) {
			step = step * 3 < row->size - at ? step * 3 : row->size - at;
			r = to->data(to, bytes + at, step, e);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static char *cache;

static struct layer_options options(enum compression c)
{
	return (struct layer_options){
		.cache = cache, .prefix = "/opt/env", .compression = c, .jobs = 2};
}

static int make_segment(const struct layer_options *o, const struct digest *id,
			const struct package *p, struct segment *out, struct err **e)
{
	struct segment_source from = {.id = *id, .fill = fill, .cookie = (void *)p};
	return segment_make_from(o, &from, out, e);
}

static struct digest content(size_t i)
{
	struct digest d;
	digest_of(&i, sizeof(i), &d);
	return d;
}

static int fresh(void **state)
{
	(void)state;
	return fs_temp_dir("/tmp", &cache, NULL);
}

static int clean(void **state)
{
	(void)state;
	fs_remove(cache, NULL);
	free(STEAL(&cache));
	return 0;
}

static void make(const struct layer_options *o, size_t i, struct segment *out)
{
	struct digest c = content(i), id;
	struct err *e = NULL;
	segment_id(o, &c, &id);
	assert_int_equal(make_segment(o, &id, &packages[i], out, &e), 0);
}

static void read_layer(const struct layer_options *o, const struct layer *l, struct buf *out)
{
	assert_int_equal(layer_read(o, l, 0, buf_write, out, NULL), 0);
	struct digest d;
	digest_of(out->data, out->n, &d);
	assert_int_equal(out->n, l->size);
	assert_true(digest_eq(&d, &l->digest));
}

/* The plain tar, by libarchive's own filters: all members or it would be short. */
static void expand(const struct buf *packed, struct buf *out)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	archive_read_support_filter_all(a);
	archive_read_support_format_raw(a);
	assert_int_equal(archive_read_open_memory(a, packed->data, packed->n), ARCHIVE_OK);
	assert_int_equal(archive_read_next_header(a, &entry), ARCHIVE_OK);
	char chunk[8192];
	for (la_ssize_t n; (n = archive_read_data(a, chunk, sizeof(chunk))) != 0;) {
		assert_true(n > 0);
		buf_add(out, chunk, (size_t)n);
	}
	archive_read_free(a);
}

struct listing {
	struct path_set paths;
	size_t entries, links;
};

static void list(const struct buf *plain, struct listing *l)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	archive_read_support_format_tar(a);
	assert_int_equal(archive_read_open_memory(a, plain->data, plain->n), ARCHIVE_OK);
	int r;
	while ((r = archive_read_next_header(a, &entry)) == ARCHIVE_OK) {
		struct str path = str_of(archive_entry_pathname(entry));
		assert_true(str_starts(path, "opt/env/"));
		assert_int_equal(archive_entry_uid(entry), 0);
		assert_true(path_set_add(&l->paths, path));
		const char *target = archive_entry_hardlink(entry);
		if (target) { /* must stand before */
			assert_true(path_set_has(&l->paths, str_of(target)));
			l->links++;
		}
		if (archive_entry_filetype(entry) == AE_IFDIR && !target)
			assert_int_equal(archive_entry_perm(entry), 0755);
		l->entries++;
	}
	assert_int_equal(r, ARCHIVE_EOF);
	archive_read_free(a);
}

static void check_layer(const struct layer_options *o, const struct layer *l, size_t entries)
{
	AUTO(buf_done) struct buf packed = BUF(BUF_UNLIMITED);
	AUTO(buf_done) struct buf plain = BUF(BUF_UNLIMITED);
	struct listing found = {.paths = PATH_SET};
	struct digest diff;
	read_layer(o, l, &packed);
	expand(&packed, &plain);
	digest_of(plain.data, plain.n, &diff);
	assert_true(digest_eq(&diff, &l->diff_id));
	list(&plain, &found);
	assert_int_equal(found.entries, entries);
	path_set_done(&found.paths);
}

enum {
	DIRS_A = 6, /* prefix, bin, lib, lib/python3.11, .../site-packages, .../a */
	DIRS_BOTH = 8 + 5,
	ENTRIES_A = COUNT(a_rows) + DIRS_A,
	/* b's own directory is one of the layer's; share and the five of the long name */
	ENTRIES_BOTH = COUNT(a_rows) + COUNT(b_rows) - 1 + DIRS_BOTH,
};

static void a_layer_of_one_and_of_two_is_read_whole(void **state)
{
	(void)state;
	for (enum compression c = COMPRESSION_GZIP; c <= COMPRESSION_ZSTD; c++) {
		struct layer_options o = options(c);
		struct segment s[2];
		make(&o, 0, &s[0]);
		make(&o, 1, &s[1]);
		struct digest ids[2] = {s[0].id, s[1].id};
		AUTO(layer_done) struct layer one = {0}, two = {0};
		assert_int_equal(layer_make(&o, ids, 1, &one, NULL), 0);
		assert_int_equal(layer_make(&o, ids, 2, &two, NULL), 0);
		assert_false(one.reused);
		check_layer(&o, &one, ENTRIES_A);
		check_layer(&o, &two, ENTRIES_BOTH);
		layer_done(&one);
	}
}

static void a_layer_is_remembered(void **state)
{
	(void)state;
	struct layer_options o = options(COMPRESSION_GZIP);
	struct segment s;
	make(&o, 0, &s);
	AUTO(layer_done) struct layer first = {0};
	AUTO(layer_done) struct layer again = {0};
	AUTO(layer_done) struct layer known = {0};
	struct digest none = {{1}};
	assert_int_equal(layer_make(&o, &s.id, 1, &first, NULL), 0);
	assert_int_equal(layer_make(&o, &s.id, 1, &again, NULL), 0);
	assert_int_equal(layer_find(&o, &s.id, 1, &known, NULL), 0);
	assert_int_equal(layer_find(&o, &none, 1, &known, NULL), ERR_ABSENT);
	assert_true(again.reused && digest_eq(&known.digest, &first.digest));
	assert_true(digest_eq(&first.digest, &again.digest));
	assert_true(digest_eq(&first.diff_id, &again.diff_id));
	assert_int_equal(first.size, again.size);
}

static struct strs announced(struct str *v, size_t i)
{
	for (size_t k = 0; k < packages[i].n; k++)
		v[k] = str_of(packages[i].rows[k].path);
	return (struct strs){v, packages[i].n};
}

static void build_both(const struct layer_options *o, bool wrong, struct layer *out)
{
	struct str paths[2][16];
	struct layer_part parts[2] = {0};
	for (size_t i = 0; i < 2; i++) {
		struct digest c = content(i);
		segment_id(o, &c, &parts[i].id);
		parts[i].paths = announced(paths[i], i);
		parts[i].fill = fill;
		parts[i].cookie = (void *)&packages[i];
	}
	if (!wrong) /* an own directory says so */
		paths[1][1] = STR("lib/python3.11/empty/");
	struct err *e = NULL;
	assert_int_equal(layer_build(o, parts, 2, out, &e), 0);
}

static void one_pass_gives_what_two_give(void **state)
{
	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		struct layer_options o = options(COMPRESSION_GZIP);
		AUTO(layer_done) struct layer built = {0};
		AUTO(layer_done) struct layer made = {0};
		build_both(&o, wrong, &built);
		check_layer(&o, &built, ENTRIES_BOTH);
		AUTO(free) char *records = fs_join(cache, "layers");
		assert_int_equal(fs_remove(records, NULL), 0);
		assert_int_equal(layer_make(&o, built.segments, 2, &made, NULL), 0);
		assert_true(digest_eq(&built.digest, &made.digest));
		assert_true(digest_eq(&built.diff_id, &made.diff_id));
		AUTO(free) char *segments = fs_join(cache, "segments");
		assert_int_equal(fs_remove(segments, NULL), 0);
		assert_int_equal(fs_remove(records, NULL), 0);
	}
}

static void a_build_takes_what_is_there(void **state)
{
	(void)state;
	struct layer_options o = options(COMPRESSION_GZIP);
	struct segment s;
	make(&o, 1, &s);
	AUTO(layer_done) struct layer built = {0};
	AUTO(layer_done) struct layer again = {0};
	build_both(&o, false, &built);
	check_layer(&o, &built, ENTRIES_BOTH);
	build_both(&o, false, &again);
	assert_true(again.reused);
}

static void reading_starts_anywhere(void **state)
{
	(void)state;
	struct layer_options o = options(COMPRESSION_GZIP);
	AUTO(layer_done) struct layer l = {0};
	AUTO(buf_done) struct buf all = BUF(BUF_UNLIMITED);
	build_both(&o, false, &l);
	read_layer(&o, &l, &all);
	const uint64_t places[] = {0, 1, 50, 400, 5000, all.n / 2, all.n - 10, all.n - 1, all.n};
	for (size_t i = 0; i < COUNT(places); i++) {
		AUTO(buf_done) struct buf part = BUF(BUF_UNLIMITED);
		assert_int_equal(layer_read(&o, &l, places[i], buf_write, &part, NULL), 0);
		assert_int_equal(part.n, all.n - places[i]);
		assert_memory_equal(part.data, all.data + places[i], part.n);
	}
}

static char *segment_path(const struct segment *s)
{
	struct buf path = BUF(BUF_UNLIMITED);
	buf_printf(&path, "%s/segments/%s", cache, digest_text(&s->id).hex);
	return buf_take(&path);
}

static void a_damaged_segment_is_absent_and_not_read(void **state)
{
	(void)state;
	struct layer_options o = options(COMPRESSION_GZIP);
	struct segment s, found;
	make(&o, 0, &s);
	AUTO(layer_done) struct layer l = {0};
	AUTO(buf_done) struct buf out = BUF(BUF_UNLIMITED);
	assert_int_equal(layer_make(&o, &s.id, 1, &l, NULL), 0);
	AUTO(free) char *path = segment_path(&s);
	for (off_t cut = 1; cut < (off_t)s.size; cut = cut * 7) {
		assert_int_equal(truncate(path, (off_t)s.size - cut), 0);
		assert_int_equal(segment_find(&o, &s.id, &found, NULL), ERR_ABSENT);
		assert_int_equal(layer_read(&o, &l, 0, buf_write, &out, NULL), ERR_DIGEST);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(layer_read(&o, &l, 0, buf_write, &out, NULL), ERR_ABSENT);
	make(&o, 0, &s);
	assert_int_equal(segment_find(&o, &s.id, &found, NULL), 0);
	assert_int_equal(found.size, s.size);
	assert_int_equal(found.tar_size, s.tar_size);
}

static void flip(const char *path, off_t at)
{
	char byte;
	AUTO(fd_close) int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* Places of bytes that the disk changes: in the middle, of the CRC of a gzip member, and of a
 * directory's name. */
static void what_the_disk_changed_is_noticed_and_made_again(void **state)
{
	(void)state;
	for (enum compression c = COMPRESSION_GZIP; c <= COMPRESSION_ZSTD; c++) {
		struct layer_options o = options(c);
		struct segment s, found;
		make(&o, 0, &s);
		AUTO(free) char *path = segment_path(&s);
		const off_t rows[] = {30, (off_t)s.size / 2, (off_t)s.size - 6};
		for (size_t i = 0; i < COUNT(rows); i++) {
			AUTO(layer_done) struct layer l = {0};
			AUTO(layer_done) struct layer other = {0};
			AUTO(buf_done) struct buf out = BUF(BUF_UNLIMITED);
			struct digest twice[] = {s.id, s.id};
			assert_int_equal(layer_make(&o, &s.id, 1, &l, NULL), 0);
			flip(path, rows[i]);
			assert_int_equal(layer_read(&o, &l, 0, buf_write, &out, NULL), ERR_DIGEST);
			assert_int_equal(segment_find(&o, &s.id, &found, NULL), ERR_ABSENT);
			make(&o, 0, &s);
			flip(path, rows[i]);
			assert_int_equal(layer_make(&o, twice, 2, &other, NULL), ERR_DIGEST);
			assert_int_equal(segment_find(&o, &s.id, &found, NULL), ERR_ABSENT);
			make(&o, 0, &s);
		}
		flip(path, (off_t)s.size + 120);
		assert_int_equal(segment_find(&o, &s.id, &found, NULL), ERR_ABSENT);
	}
}

/* The one record in the cache of layers. */
static char *record_path(void)
{
	AUTO(free) char *folder = fs_join(cache, "layers");
	DIR *d = opendir(folder);
	char *path = NULL;
	for (struct dirent *entry; (entry = readdir(d));)
		if (entry->d_name[0] != '.')
			path = fs_join(folder, entry->d_name);
	closedir(d);
	return path;
}

static void what_is_remembered_of_a_layer_may_be_damaged_or_wrong(void **state)
{
	(void)state;
	struct layer_options o = options(COMPRESSION_GZIP);
	struct segment s;
	AUTO(layer_done) struct layer l = {0};
	make(&o, 0, &s);
	assert_int_equal(layer_make(&o, &s.id, 1, &l, NULL), 0);
	AUTO(free) char *path = record_path();
	for (off_t at = 0; at < 140; at++) {
		AUTO(layer_done) struct layer again = {0};
		flip(path, at);
		assert_int_equal(layer_find(&o, &s.id, 1, &again, NULL), ERR_ABSENT);
		flip(path, at);
	}
	layer_forget(&o, &s.id, 1);
	layer_done(&l);
	assert_int_equal(layer_find(&o, &s.id, 1, &l, NULL), ERR_ABSENT);
}

static void the_identity_holds_prefix_and_compression(void **state)
{
	(void)state;
	struct layer_options o = options(COMPRESSION_GZIP), p = o, z = o;
	struct digest c = content(0), other = content(1), id[5];
	p.prefix = "/opt/other";
	z.compression = COMPRESSION_ZSTD;
	segment_id(&o, &c, &id[0]);
	segment_id(&p, &c, &id[1]);
	segment_id(&z, &c, &id[2]);
	segment_id(&o, &other, &id[3]);
	segment_id(&o, &c, &id[4]);
	for (size_t i = 1; i < 4; i++)
		assert_false(digest_eq(&id[0], &id[i]));
	assert_true(digest_eq(&id[0], &id[4]));
}

static void refuses_what_a_layer_cannot_hold(void **state)
{
	static const struct row twice[] = {{ENTRY_FILE, "a", NULL, 0644, 1},
					   {ENTRY_FILE, "a", NULL, 0644, 1}};
	static const struct row both[] = {{ENTRY_FILE, "a", NULL, 0644, 1},
					  {ENTRY_FILE, "a/b", NULL, 0644, 1}};
	static const struct row whiteout[] = {{ENTRY_FILE, "x/.wh.a", NULL, 0644, 1}};
	static const struct row absolute[] = {{ENTRY_FILE, "/a", NULL, 0644, 1}};
	static const struct package rows[] = {{twice, 2}, {both, 2}, {whiteout, 1}, {absolute, 1}};
	struct layer_options o = options(COMPRESSION_GZIP);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest id = content(100 + i);
		struct segment s;
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(make_segment(&o, &id, &rows[i], &s, &e), ERR_CORRUPT);
		assert_int_equal(segment_find(&o, &id, &s, NULL), ERR_ABSENT);
	}
}

static int short_file(void *cookie, struct sink *to, struct err **e)
{
	struct entry entry = {ENTRY_FILE, "a", NULL, 0644, 0, 10};
	int r = to->entry(to, &entry, e);
	return r < 0 ? r : to->data(to, "0123456789abc", *(size_t *)cookie, e);
}

static void a_file_has_the_size_it_said(void **state)
{
	struct layer_options o = options(COMPRESSION_GZIP);
	struct digest id = content(200);
	struct segment s;
	(void)state;
	for (size_t n = 9; n <= 11; n++) {
		struct segment_source from = {.id = id, .fill = short_file, .cookie = &n};
		assert_int_equal(segment_make_from(&o, &from, &s, NULL), n == 10 ? 0 : ERR_FAILED);
	}
}

static void two_packages_with_one_path_are_refused(void **state)
{
	struct layer_options o = options(COMPRESSION_GZIP);
	const struct str path = STR("bin/tool");
	struct layer_part parts[2] = {{.paths = {&path, 1}}, {.paths = {&path, 1}}};
	struct layer l;
	(void)state;
	parts[0].id = content(300);
	parts[1].id = content(301);
	assert_int_equal(layer_build(&o, parts, 2, &l, NULL), ERR_CORRUPT);
}

struct job {
	struct layer_options o;
	struct segment made[8];
};

static int job(void *cookie, size_t i, struct err **e)
{
	struct job *j = cookie;
	struct digest c = content(400 + i), id;
	segment_id(&j->o, &c, &id);
	return make_segment(&j->o, &id, &packages[i % 2], &j->made[i], e);
}

static void threads_do_not_show_in_the_bytes(void **state)
{
	(void)state;
	struct job one = {.o = options(COMPRESSION_GZIP)}, four = one;
	assert_int_equal(workers_run(1, 8, job, &one, NULL), 0);
	assert_int_equal(workers_run(4, 8, job, &four, NULL), 0);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(one.made[i].check, four.made[i].check);
		assert_int_equal(one.made[i].check, one.made[i % 2].check);
	}
}

int main(void)
{
#define WITH_CACHE(f) cmocka_unit_test_setup_teardown(f, fresh, clean)
	const struct CMUnitTest tests[] = {
		WITH_CACHE(a_layer_of_one_and_of_two_is_read_whole),
		WITH_CACHE(a_layer_is_remembered),
		WITH_CACHE(one_pass_gives_what_two_give),
		WITH_CACHE(a_build_takes_what_is_there),
		WITH_CACHE(reading_starts_anywhere),
		WITH_CACHE(a_damaged_segment_is_absent_and_not_read),
		WITH_CACHE(what_the_disk_changed_is_noticed_and_made_again),
		WITH_CACHE(what_is_remembered_of_a_layer_may_be_damaged_or_wrong),
		WITH_CACHE(the_identity_holds_prefix_and_compression),
		WITH_CACHE(refuses_what_a_layer_cannot_hold),
		WITH_CACHE(a_file_has_the_size_it_said),
		WITH_CACHE(two_packages_with_one_path_are_refused),
		WITH_CACHE(threads_do_not_show_in_the_bytes),
	};
	return cmocka_run_group_tests_name("layer", tests, NULL, NULL);
}
