/* test_index.c - repodata into an index file and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/index.h"
#include "specs/base/fs.h"
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

static char path[] = "/tmp/kiln-test-index-XXXXXX";

static int make_path(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state)
{
	(void)state;
	return unlink(path);
}

static int build(struct str json, size_t piece)
{
	AUTO(index_writer_free) struct index_writer *w = NULL;
	int r = index_writer_open(path, &w, NULL);

	for (size_t at = 0; r == 0 && at < json.n; at += piece)
		r = index_writer_feed(w, json.p + at, json.n - at < piece ? json.n - at : piece,
				      NULL);
	return r < 0 ? r : index_writer_finish(w, NULL);
}

static struct index *index_of(const char *json)
{
	struct index *x = NULL;

	assert_int_equal(build(str_of(json), strlen(json) + 1), 0);
	assert_int_equal(index_open(path, &x, NULL), 0);
	return x;
}

#define HEX32 "00112233445566778899aabbccddeeff"

static const char whole[] =
	"{\"info\":{\"subdir\":\"linux-64\",\"base_url\":\"..\\/p\\u00e4\\ud83d\\ude00\"},"
	"\"unknown\":{\"packages\":[{\"a\":[1,-2.5e+3,true,null]}]},"
	"\"packages\":{\"b-1-0.tar.bz2\":{\"name\":\"b\",\"version\":\"1\",\"build\":\"0\"},"
	"\"B-2-0.tar.bz2\":{\"version\":\"2\",\"name\":\"B\",\"build\":\"0\",\"build_number\":7,"
	"\"depends\":[\"a >=1\",\"c\"],\"constrains\":[\"d <2\"],\"timestamp\":1600000000,"
	"\"track_features\":\"x, y\",\"noarch\":true,\"md5\":\"" HEX32 "\",\"size\":42,"
	"\"extra\":{\"name\":\"no\",\"depends\":[\"no\"]}},"
	"\"old-1-0.tar.bz2\":{\"name\":\"old\",\"version\":\"1\"},"
	"\"bad-1-0.tar.bz2\":{\"version\":\"1\",\"depends\":[\"zzz\"]}},"
	"\"packages.conda\":{\"b-1-0.conda\":{\"name\":\"b\",\"version\":\"1\",\"build\":\"0\","
	"\"constrains\":[\"e\"],\"depends\":[\"c\"],\"noarch\":\"python\",\"license\":null,"
	"\"timestamp\":1600000000123,\"track_features\":[\"p\",\"q\"],\"sha256\":\"" HEX32 HEX32
	"\"}},\"removed\":[\"old-1-0.tar.bz2\"],"
	"\"v3\":{\"conda\":{\"a-1-0\":{\"name\":\"a\",\"version\":\"1\",\"build\":\"h0\"}},"
	"\"whl\":{\"w\":{\"name\":\"w\",\"version\":\"1\"}}}}\n";

static void check_whole(struct index *x)
{
	uint32_t first, count;
	struct record r;
	size_t n;

	assert_int_equal(index_name_count(x), 2);
	assert_true(str_is(index_base_url(x), "../p\xc3\xa4\xf0\x9f\x98\x80"));
	assert_true(index_find(x, STR("a"), &first, &count));
	index_record(x, first, &r);
	assert_true(str_is(r.fn, "a-1-0.conda"));
	assert_false(index_find(x, STR("old"), &first, &count));
	assert_true(index_find(x, STR("b"), &first, &count));
	assert_int_equal(count, 2);
	index_record(x, first, &r);
	assert_true(str_is(r.name, "b") && str_is(r.version_text, "2") && str_is(r.build, "0"));
	assert_true(r.has_md5 && !r.has_sha256 && r.md5[1] == 0x11 && r.size == 42);
	assert_true(str_is(r.track_features, "x y") && r.noarch == NOARCH_GENERIC);
	assert_true(r.build_number == 7 && r.timestamp == 1600000000000);
	const uint32_t *d = index_depends(x, first, &n);
	assert_int_equal(n, 2);
	assert_true(str_is(index_text(x, d[0]), "a >=1") && str_is(index_text(x, d[1]), "c"));
	uint32_t c = d[1];
	d = index_constrains(x, first, &n);
	assert_true(n == 1 && str_is(index_text(x, d[0]), "d <2"));
	index_record(x, first + 1, &r);
	assert_true(str_is(r.fn, "b-1-0.conda") && r.noarch == NOARCH_PYTHON && r.has_sha256);
	assert_true(r.timestamp == 1600000000123 && str_is(r.track_features, "p q"));
	d = index_depends(x, first + 1, &n);
	assert_true(n == 1 && d[0] == c);
}

static void pieces_of_any_size_give_the_same_index(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 7, 64, sizeof(whole)};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		AUTO(index_close) struct index *x = NULL;
		assert_int_equal(build(str_of(whole), sizes[i]), 0);
		assert_int_equal(index_open(path, &x, NULL), 0);
		check_whole(x);
	}
}

static void an_empty_channel_is_an_index_without_names(void **state)
{
	static const char *const rows[] = {"", "{}", "{\"info\":{}}", " {\"packages\":null} "};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(index_close) struct index *x = index_of(rows[i]);
		assert_int_equal(index_name_count(x), 0);
	}
}

static void text_that_is_no_json_is_corrupt(void **state)
{
	static const char *const rows[] = {
		"{",
		"[]",
		"{}x",
		"{\"a\":01}",
		"{\"a\":tru}",
		"{\"a\" 1}",
		"{\"a\":1,}",
		"{,}",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\\x\"}",
		"{]",
		"nul",
		"{\"a\":[1 2]}",
		"3",
		"{\"a\":\"\\u12g4\"}",
		"{\"a\":-}",
		"{\"a\":1.}",
		"\"x",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t piece = 1; piece < 4; piece++)
			if (build(str_of(rows[i]), piece) != ERR_CORRUPT)
				fail_msg("accepted: %s", rows[i]);
}

/* Whatever bytes are damaged, reading either is refused or stays inside the mapping. */
static void a_damaged_index_never_leads_out_of_the_file(void **state)
{
	AUTO(buf_done) struct buf file = BUF(1 << 20);
	(void)state;
	assert_int_equal(build(str_of(whole), 100), 0);
	assert_int_equal(fs_read(path, &file, NULL), 0);
	for (size_t at = 0; at < file.n; at += 3) {
		AUTO(index_close) struct index *x = NULL;
		file.data[at] ^= 0xff;
		assert_int_equal(fs_write(path, buf_str(&file), 0600, NULL), 0);
		file.data[at] ^= 0xff;
		if (index_open(path, &x, NULL) < 0)
			continue;
		for (uint32_t i = 0; i < 4; i++) {
			struct record r;
			size_t n, m;
			index_record(x, i, &r);
			const uint32_t *d = index_depends(x, i, &n);
			index_constrains(x, i, &m);
			for (size_t k = 0; k < n; k++)
				index_text(x, d[k]);
		}
	}
}

static void a_cut_index_is_corrupt(void **state)
{
	AUTO(buf_done) struct buf file = BUF(1 << 20);
	struct index *x = NULL;

	(void)state;
	assert_int_equal(build(str_of(whole), 100), 0);
	assert_int_equal(fs_read(path, &file, NULL), 0);
	for (size_t n = 0; n < file.n; n += 5) {
		assert_int_equal(fs_write(path, (struct str){file.data, n}, 0600, NULL), 0);
		assert_int_equal(index_open(path, &x, NULL), ERR_CORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size_give_the_same_index),
		cmocka_unit_test(an_empty_channel_is_an_index_without_names),
		cmocka_unit_test(text_that_is_no_json_is_corrupt),
		cmocka_unit_test(a_damaged_index_never_leads_out_of_the_file),
		cmocka_unit_test(a_cut_index_is_corrupt),
	};

	return cmocka_run_group_tests_name("index", tests, make_path, drop_path);
}
