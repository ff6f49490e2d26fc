/* test_index.c - repodata into an index file and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/index_writer_private.h"
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

/* block: bytes that are read at once; what does not lie whole in them is read as events. */
static int build_in_blocks(struct str json, size_t piece, size_t block)
{
	AUTO(index_writer_free) struct index_writer *w = NULL;
	int r = index_writer_open(path, &w, NULL);

	w->queue.room = block;
	for (size_t at = 0; r == 0 && at < json.n; at += piece)
		r = index_writer_feed(w, json.p + at, json.n - at < piece ? json.n - at : piece,
				      NULL);
	return r < 0 ? r : index_writer_finish(w, NULL);
}

static int build(struct str json, size_t piece)
{
	return build_in_blocks(json, piece, QUEUE_BLOCK);
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
	"\"B-2-0.tar.bz2\":{\"version\":\"2\",\"name\":\"B\",\"build\":\"0\",\"build_number\":"
	"70000000007,"
	"\"depends\":[\"a >=1\",\"c\"],\"constrains\":[\"d <2\"],\"timestamp\":1600000000,"
	"\"indexed_timestamp\":1700000000,\"track_features\":\"x, "
	"y\",\"noarch\":true,\"md5\":\"" HEX32 "\",\"size\":42,"
	"\"extra\":{\"name\":\"no\",\"depends\":[\"no\"]}},"
	"\"old-1-0.tar.bz2\":{\"name\":\"old\",\"version\":\"1\"},"
	"\"bad-1-0.tar.bz2\":{\"version\":\"1\",\"depends\":[\"zzz\"]}},"
	"\"packages.conda\":{\"b-1-0.conda\":{\"name\":\"b\",\"version\":\"1\",\"build\":\"0\","
	"\"constrains\":[\"e\"],\"depends\":[\"c\"],\"noarch\":\"python\",\"license\":null,"
	"\"subdir\":\"linux-64\",\"python_site_packages_path\":\"lib/s\","
	"\"timestamp\":1600000000123,\"track_features\":[\"p\",\"q\"],\"sha256\":\"" HEX32 HEX32
	"\"}},\"removed\":[\"old-1-0.tar.bz2\"],"
	"\"v3\":{\"conda\":{\"a-1-0\":{\"name\":\"a\",\"version\":\"1\",\"build\":\"h0\","
	"\"subdir\":\"osx\"}},"
	"\"whl\":{\"w\":{\"name\":\"w\",\"version\":\"1\"}}}}\n";

static bool text_is(const struct index *x, uint32_t id, const char *text)
{
	return str_is(index_text(x, id), text);
}

static void check_first_b(struct index *x, uint32_t at, struct arena *a)
{
	struct record r;
	struct index_entry n;

	index_record(x, at, a, &r);
	assert_true(str_is(r.name, "b") && str_is(r.version_text, "2") && str_is(r.build, "0"));
	assert_true(str_is(r.fn, "B-2-0.tar.bz2") && str_is(index_build(x, at), "0"));
	assert_true(r.has_md5 && !r.has_sha256 && r.md5[1] == 0x11 && r.size == 42);
	assert_true(str_is(r.track_features, "x y") && r.noarch == NOARCH_GENERIC);
	assert_true(r.build_number == 70000000007 && r.timestamp == 1600000000000);
	index_entry(x, at, &n);
	assert_true(n.build_number == 70000000007 && n.timestamp == 1600000000000 && n.features);
	assert_true(n.dated && index_published(x, at) == 1700000000000);
	assert_true(str_is(index_version(x, n.version), "2"));
	assert_true(n.depends == 2 && n.constrains == 1);
	assert_true(text_is(x, n.run[0], "a >=1") && text_is(x, n.run[1], "c"));
	assert_true(text_is(x, n.run[2], "d <2"));
}

static void check_whole(struct index *x)
{
	AUTO(arena_done) struct arena a = ARENA;
	uint32_t first, count;
	struct record r;
	struct index_entry n;

	assert_int_equal(index_name_count(x), 2);
	assert_true(str_is(index_base_url(x), "../p\xc3\xa4\xf0\x9f\x98\x80"));
	assert_true(index_find(x, STR("a"), &first, &count));
	index_record(x, first, &a, &r);
	assert_true(str_is(r.fn, "a-1-0.conda") && str_is(r.build, "h0"));
	assert_true(str_is(r.name, "a") && str_is(r.subdir, "osx"));
	assert_false(index_find(x, STR("old"), &first, &count));
	assert_true(index_find(x, STR("b"), &first, &count));
	assert_int_equal(count, 2);
	check_first_b(x, first, &a);
	index_record(x, first + 1, &a, &r);
	assert_true(str_is(r.fn, "b-1-0.conda") && r.noarch == NOARCH_PYTHON && r.has_sha256);
	assert_true(r.timestamp == 1600000000123 && str_is(r.track_features, "p q"));
	assert_true(str_is(r.python_site_packages_path, "lib/s") && str_is(r.subdir, "linux-64"));
	index_entry(x, first + 1, &n);
	assert_true(!n.dated && index_published(x, first + 1) == 0);
	assert_true(n.depends == 1 && n.constrains == 1 && text_is(x, n.run[0], "c"));
	index_entry(x, first + 2, &n);
	assert_true(n.depends == 0 && n.version == UINT32_MAX);
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

/* Records of many shapes: usual ones, and each thing that the quick reader leaves to the events. */
static void add_records(struct buf *out)
{
	static const char *const more[] = {
		"",
		",\"depends\":[]",
		",\"depends\":[\"a\", \"b >=1\" ]",
		" , \"constrains\" : [ \"c\" ]",
		",\"size\":12,\"timestamp\":1600000000123",
		",\"size\":1.5e3,\"noarch\":true",
		",\"noarch\":false,\"license\":null",
		",\"extra\":{\"depends\":[\"no\"]}",
		",\"extra\":[[1]]",
		",\"license\":\"a\\u0062c\",\"depends\":[\"x\\ty\"]",
		",\"track_features\":\"f g\"",
		",\"track_features\":[\"h\"],\"depends\":[\"d\"],\"depends\":[\"e\"]",
		",\"build_number\":3\n",
		",\"build_number\":-3",
	};

	buf_add_text(out, "{\"packages\":{");
	for (unsigned i = 0; i < 400; i++)
		buf_printf(out, "%s\"n%u-%u-0.%s\":{\"name\":\"n%u\",\"version\":\"%u\"%s}",
			   i ? "," : "", i % 40, i % 7, i % 3 ? "conda" : "tar.bz2", i % 40, i % 7,
			   more[i % COUNT(more)]);
	buf_add_text(out, "},\"removed\":[\"n1-1-0.conda\",\"n3-3-0.tar.bz2\"]}");
}

static void blocks_of_any_size_give_the_same_bytes(void **state)
{
	static const size_t blocks[] = {1, 5, 63, 64, 1000, 4096};
	AUTO(buf_done) struct buf json = BUF(1 << 20), want = BUF(1 << 20), got = BUF(1 << 20);

	(void)state;
	add_records(&json);
	assert_int_equal(build(buf_str(&json), json.n), 0);
	assert_int_equal(fs_read(path, &want, NULL), 0);
	for (size_t i = 0; i < COUNT(blocks); i++) {
		assert_int_equal(build_in_blocks(buf_str(&json), 100, blocks[i]), 0);
		buf_clear(&got);
		assert_int_equal(fs_read(path, &got, NULL), 0);
		assert_true(str_eq(buf_str(&want), buf_str(&got)));
	}
}

static void a_fault_in_a_block_ends_the_reading(void **state)
{
	static const char *const faults[] = {
		"\"a\":{\"name\":\"a\",}",
		"\"a\":{\"x\":01}",
		"\"a\":{\"x\":[1 2]}",
		"\"a\":{\"depends\":[\"b\",]}",
		"\"a\":{\"x\":\"\t\"}",
		"\"a\":{\"x\":tru}",
		"\"a\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++)
		for (size_t block = 3; block < 200; block += 61) {
			AUTO(buf_done) struct buf json = BUF(1 << 20);
			add_records(&json);
			json.n -= strlen("},\"removed\":[\"n1-1-0.conda\",\"n3-3-0.tar.bz2\"]}");
			buf_printf(&json, ",%s}}", faults[i]);
			assert_int_equal(build_in_blocks(buf_str(&json), 50, block), ERR_CORRUPT);
			assert_int_equal(build(buf_str(&json), json.n), ERR_CORRUPT);
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

/* Whatever bytes are damaged, the file is refused; and where it is not checked, reading stays
 * inside the mapping. */
static void a_damaged_index_is_refused_and_never_leads_out_of_the_file(void **state)
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
		assert_int_equal(index_open(path, &x, NULL), ERR_CORRUPT);
		if (index_open_own(path, &x, NULL) < 0)
			continue;
		for (uint32_t i = 0; i < 4; i++) {
			AUTO(arena_done) struct arena a = ARENA;
			struct record r;
			struct index_entry n;
			index_record(x, i, &a, &r);
			index_entry(x, i, &n);
			index_version(x, n.version);
			for (uint32_t k = 0; k < (uint32_t)n.depends + n.constrains; k++)
				index_text(x, n.run[k]);
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
		cmocka_unit_test(blocks_of_any_size_give_the_same_bytes),
		cmocka_unit_test(a_fault_in_a_block_ends_the_reading),
		cmocka_unit_test(an_empty_channel_is_an_index_without_names),
		cmocka_unit_test(text_that_is_no_json_is_corrupt),
		cmocka_unit_test(a_damaged_index_is_refused_and_never_leads_out_of_the_file),
		cmocka_unit_test(a_cut_index_is_corrupt),
	};

	return cmocka_run_group_tests_name("index", tests, make_path, drop_path);
}
