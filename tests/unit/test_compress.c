/* tests/unit/test_compress.c - members and frames: the same bytes however they are fed. */
#include "builder/compress.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const enum compression both[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD};

static void generate(struct buf *to, size_t n)
{
	uint32_t seed = 7;
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_add_char(to, (char)(i % 5000 < 2500 ? seed >> 28 : 'x'));
	}
}

/* One member, fed in pieces of `step` bytes; an odd step by way of another thread. */
static void pack(enum compression c, const struct buf *plain, size_t step, struct buf *out)
{
	AUTO(packer_free) struct packer *p = packer_new(c, NULL, (struct bytes_to){buf_write, out});
	if (step % 2)
		packer_beside(p);
	for (size_t at = 0; at < plain->n; at += step) {
		size_t n = plain->n - at < step ? plain->n - at : step;
		assert_int_equal(packer_add(p, plain->data + at, n, NULL), 0);
	}
	assert_int_equal(packer_end(p, NULL), 0);
	assert_int_equal(packer_plain_size(p), plain->n);
}

static int unpack(enum compression c, const struct buf *packed, size_t n, size_t step,
		  struct buf *out)
{
	AUTO(unpacker_free) struct unpacker *u = unpacker_new(c, (struct bytes_to){buf_write, out});
	for (size_t at = 0; at < n; at += step) {
		int r = unpacker_add(u, packed->data + at, n - at < step ? n - at : step, NULL);
		if (r < 0)
			return r;
	}
	return unpacker_end(u, NULL);
}

static void pieces_do_not_show_and_all_comes_back(void **state)
{
	static const size_t sizes[] = {0, 1, 512, 131071, 131072, 131073, 262144, 1000000};
	static const size_t steps[] = {1009, 65536, 131072, 1 << 20};
	(void)state;
	for (size_t i = 0; i < COUNT(sizes) * COUNT(both); i++) {
		enum compression c = both[i % COUNT(both)];
		AUTO(buf_done) struct buf plain = BUF(BUF_UNLIMITED);
		AUTO(buf_done) struct buf first = BUF(BUF_UNLIMITED);
		generate(&plain, sizes[i / COUNT(both)]);
		pack(c, &plain, 1 << 20, &first);
		for (size_t k = 0; k < COUNT(steps); k++) {
			AUTO(buf_done) struct buf packed = BUF(BUF_UNLIMITED);
			AUTO(buf_done) struct buf back = BUF(BUF_UNLIMITED);
			pack(c, &plain, steps[k], &packed);
			assert_true(str_eq(buf_str(&packed), buf_str(&first)));
			assert_int_equal(unpack(c, &packed, packed.n, steps[k], &back), 0);
			assert_true(str_eq(buf_str(&back), buf_str(&plain)));
		}
	}
}

/* Lines of source, a few hundred bytes: short matches, the first of them at once. */
static void generate_source(struct buf *to, uint32_t seed)
{
	static const char *const words[] = {"self", "return", "None", "path", "def", "import"};
	static const char *const between[] = {" ", ".", "\n        ", "(", ", ", " = "};
	buf_add(to, "        ", seed % 8);
	for (size_t i = 0; i < 60; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_printf(to, "%s%s", words[(seed >> 24) % COUNT(words)],
			   between[(seed >> 16) % COUNT(between)]);
	}
}

/* igzip mixes the address of its state into the hash of a stream's third position. */
static void where_a_packer_lies_does_not_show(void **state)
{
	enum { PACKERS = 64, TEXTS = 400 };
	(void)state;
	for (uint32_t seed = 0; seed < TEXTS; seed++) {
		struct packer *packers[PACKERS];
		struct buf packed[PACKERS];
		AUTO(buf_done) struct buf plain = BUF(BUF_UNLIMITED);
		generate_source(&plain, seed * 2654435761);
		for (size_t i = 0; i < PACKERS; i++) {
			packed[i] = (struct buf)BUF(BUF_UNLIMITED);
			packers[i] = packer_new(COMPRESSION_GZIP, NULL,
						(struct bytes_to){buf_write, &packed[i]});
		}
		for (size_t i = 0; i < PACKERS; i++) {
			assert_int_equal(packer_add(packers[i], plain.data, plain.n, NULL), 0);
			assert_int_equal(packer_end(packers[i], NULL), 0);
			assert_true(str_eq(buf_str(&packed[i]), buf_str(&packed[0])));
		}
		for (size_t i = 0; i < PACKERS; i++) {
			packer_free(packers[i]);
			buf_done(&packed[i]);
		}
	}
}

static void members_follow_one_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		AUTO(buf_done) struct buf plain = BUF(BUF_UNLIMITED);
		AUTO(buf_done) struct buf empty = BUF(BUF_UNLIMITED);
		AUTO(buf_done) struct buf packed = BUF(BUF_UNLIMITED);
		AUTO(buf_done) struct buf back = BUF(BUF_UNLIMITED);
		generate(&plain, 300000);
		pack(both[i], &plain, 4096, &packed);
		pack(both[i], &empty, 4096, &packed);
		pack(both[i], &plain, 4096, &packed);
		for (size_t step = 1; step < 1 << 20; step *= 7) {
			buf_clear(&back);
			assert_int_equal(unpack(both[i], &packed, packed.n, step, &back), 0);
			assert_int_equal(back.n, 2 * plain.n);
		}
	}
}

static void a_member_cut_off_or_changed_is_corrupt(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		AUTO(buf_done) struct buf plain = BUF(BUF_UNLIMITED);
		AUTO(buf_done) struct buf packed = BUF(BUF_UNLIMITED);
		AUTO(buf_done) struct buf back = BUF(BUF_UNLIMITED);
		generate(&plain, 100000);
		pack(both[i], &plain, 4096, &packed);
		for (size_t cut = 1; cut < packed.n; cut += 997)
			assert_int_equal(unpack(both[i], &packed, packed.n - cut, 4096, &back),
					 ERR_CORRUPT);
		packed.data[0] ^= 1;
		assert_int_equal(unpack(both[i], &packed, packed.n, 4096, &back), ERR_CORRUPT);
	}
}

/* RFC 1952: no flags (so no name), MTIME 0, OS 255. */
static void the_gzip_header_is_fixed(void **state)
{
	static const uint8_t want[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	AUTO(buf_done) struct buf plain = BUF(BUF_UNLIMITED);
	AUTO(buf_done) struct buf packed = BUF(BUF_UNLIMITED);
	(void)state;
	generate(&plain, 1000);
	pack(COMPRESSION_GZIP, &plain, 1000, &packed);
	assert_memory_equal(packed.data, want, sizeof(want));
}

static int refuse(void *cookie, const void *p, size_t n, struct err **e)
{
	(void)p;
	*(size_t *)cookie += n;
	return err_set(e, ERR_IO, "the disk is full");
}

static void what_the_writer_says_comes_back_from_the_thread_beside(void **state)
{
	AUTO(buf_done) struct buf plain = BUF(BUF_UNLIMITED);
	(void)state;
	generate(&plain, 100000);
	for (size_t times = 0; times < 40; times++) {
		AUTO(err_free) struct err *e = NULL;
		size_t n = 0;
		AUTO(packer_free)
		struct packer *p = packer_new(both[times % 2], NULL, (struct bytes_to){refuse, &n});
		packer_beside(p);
		int code = 0;
		for (size_t i = 0; i < times && code == 0; i++)
			code = packer_add(p, plain.data, plain.n, &e);
		if (code == 0)
			code = packer_end(p, &e);
		assert_int_equal(code, ERR_IO);
		assert_string_equal(e->text, "the disk is full");
		assert_true(n > 0);
	}
}

static void packing_beside_may_be_dropped(void **state)
{
	AUTO(buf_done) struct buf plain = BUF(BUF_UNLIMITED);
	AUTO(buf_done) struct buf out = BUF(BUF_UNLIMITED);
	(void)state;
	generate(&plain, 300000);
	for (size_t i = 0; i < COUNT(both); i++) {
		AUTO(packer_free)
		struct packer *p = packer_new(both[i], NULL, (struct bytes_to){buf_write, &out});
		packer_beside(p);
		assert_int_equal(packer_add(p, plain.data, i * plain.n, NULL), 0);
	}
}

static void compressions_have_names(void **state)
{
	enum compression c;
	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		assert_true(compression_parse(str_of(compression_name(both[i])), &c));
		assert_int_equal(c, both[i]);
		assert_true(compression_identity(c).n > 0);
	}
	assert_false(compression_parse(STR("bzip2"), &c));
	assert_false(compression_parse(STR(""), &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_do_not_show_and_all_comes_back),
		cmocka_unit_test(where_a_packer_lies_does_not_show),
		cmocka_unit_test(members_follow_one_another),
		cmocka_unit_test(a_member_cut_off_or_changed_is_corrupt),
		cmocka_unit_test(the_gzip_header_is_fixed),
		cmocka_unit_test(what_the_writer_says_comes_back_from_the_thread_beside),
		cmocka_unit_test(packing_beside_may_be_dropped),
		cmocka_unit_test(compressions_have_names),
	};
	return cmocka_run_group_tests_name("compress", tests, NULL, NULL);
}
