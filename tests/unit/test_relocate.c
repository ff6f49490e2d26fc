/* tests/unit/test_relocate.c - placeholders in text, in first lines and in binaries. */
#include "builder/relocate.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PH "/placehold_placehold_placehold" /* 30 bytes */
#define LONG50 "/1234567890123456789012345678901234567890123456789"
#define LONG100 LONG50 LONG50

/* NUL is written "~" in the rows. */
static struct buf bytes_of(const char *text)
{
	struct buf b = BUF(1 << 20);
	for (; *text; text++)
		buf_add_char(&b, *text == '~' ? 0 : *text);
	return b;
}

static struct buf text_after(const char *prefix, struct str in)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct relocation r;
	struct buf out = BUF(1 << 20);
	assert_int_equal(relocation_init(&r, &a, STR(PH), str_of(prefix), NULL), 0);
	struct strs pieces = relocate_text(&r, &a, in);
	for (size_t i = 0; i < pieces.n; i++)
		buf_add_str(&out, pieces.v[i]);
	return out;
}

static void text_is_replaced_wherever_it_stands(void **state)
{
	static const struct {
		const char *prefix, *in, *out;
	} rows[] = {
		{"/opt/env", "", ""},
		{"/opt/env", "nothing", "nothing"},
		{"/opt/env", PH, "/opt/env"},
		{"/opt/env", "a=" PH "/lib:" PH "/bin\n", "a=/opt/env/lib:/opt/env/bin\n"},
		{"/opt/env", PH PH, "/opt/env/opt/env"},
		{LONG50, "a " PH, "a " LONG50},
		/* First lines. */
		{"/opt/env", "#!" PH "/bin/python -u\nx " PH,
		 "#!/opt/env/bin/python -u\nx /opt/env"},
		{"/opt/env", "#!" PH "/bin/sh", "#!/opt/env/bin/sh"},
		{"/opt/env", "#!" PH "/bin/sh\r\nx", "#!/opt/env/bin/sh\r\nx"},
		{"/opt/env", "#! /bin/sh\n", "#! /bin/sh\n"},
		{LONG100, "#!" PH "/bin/python -u\nx", "#!" LONG100 "/bin/python -u\nx"},
		{LONG100 "/abcdefghi", "#!" PH "/bin/python3.11\n",
		 "#!" LONG100 "/abcdefghi/bin/python3.11\n"}, /* 127 */
		{LONG100 "/abcdefghij", "#!" PH "/bin/python3.11\n",
		 "#!/bin/sh\n'''exec' \"" LONG100
		 "/abcdefghij/bin/python3.11\" \"$0\" \"$@\" #'''\n"},
		{LONG100 LONG50, "#!" PH "/bin/python -u\n",
		 "#!/bin/sh\n'''exec' \"" LONG100 LONG50 "/bin/python\" -u \"$0\" \"$@\" #'''\n"},
		{LONG100 LONG50, "#!" PH "/bin/perl -w\nuse " PH "\n",
		 "#!/usr/bin/env perl -w\nuse " LONG100 LONG50 "\n"},
		{LONG100 LONG50, "#!" PH "/bin/pythonw\n", "#!/usr/bin/env pythonw\n"},
		{LONG100 LONG50, "#!" PH "/bin/python3.\n", "#!/usr/bin/env python3.\n"},
		{LONG100 LONG50, "#!/usr/bin/env " PH "/bin/foo\n",
		 "#!/usr/bin/env " LONG100 LONG50 "/bin/foo\n"},
		{LONG100 LONG50, "#!" PH "/bin/sh\r\n", "#!/usr/bin/env sh\r\n"},
		{LONG100 LONG50, "#!bin/sh " PH "\n", "#!bin/sh " LONG100 LONG50 "\n"},
		{"/a b", "#!" PH "/bin/python -u\n" PH,
		 "#!/bin/sh\n'''exec' \"/a b/bin/python\" -u \"$0\" \"$@\" #'''\n/a b"},
		{"/a b", "#!" PH "/bin/Rscript --vanilla\n", "#!/usr/bin/env Rscript --vanilla\n"},
		{"/a b", "#!/bin/sh -e\n" PH, "#!/bin/sh -e\n/a b"},
		{"/a b", "#!" PH "/my\\ dir/x y\n", "#!/usr/bin/env x y\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf out = text_after(rows[i].prefix, str_of(rows[i].in));
		assert_string_equal(out.data, rows[i].out);
	}
}

/* ASCII as UTF-16 or UTF-32. */
static void add_wide(struct buf *to, const char *text, size_t unit, bool big)
{
	for (; *text; text++)
		for (size_t i = 0; i < unit; i++)
			buf_add_char(to, i == (big ? unit - 1 : 0) ? *text : 0);
}

static const struct {
	size_t unit;
	bool big;
} wide[] = {{1, false}, {2, false}, {2, true}, {4, false}, {4, true}};

static void text_is_found_in_five_encodings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wide); i++) {
		AUTO(buf_done) struct buf in = BUF(1 << 20), want = BUF(1 << 20);
		add_wide(&in, "ab" PH "/x" PH, wide[i].unit, wide[i].big);
		add_wide(&want, "ab/opt/env/x/opt/env", wide[i].unit, wide[i].big);
		AUTO(buf_done) struct buf out = text_after("/opt/env", buf_str(&in));
		assert_int_equal(out.n, want.n);
		assert_memory_equal(out.data, want.data, want.n);
	}
}

static struct buf binary_after(const char *prefix, struct str in, size_t piece)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(relocate_stream_free) struct relocate_stream *s = NULL;
	struct relocation r;
	struct buf out = BUF(64 << 20);
	assert_int_equal(relocation_init(&r, &a, STR(PH), str_of(prefix), NULL), 0);
	assert_int_equal(relocate_stream_new(&r, buf_write, &out, &s, NULL), 0);
	for (size_t at = 0; at < in.n; at += piece) {
		struct str rest = str_from(in, at);
		assert_int_equal(
			relocate_stream_add(s, rest.p, rest.n < piece ? rest.n : piece, NULL), 0);
	}
	assert_int_equal(relocate_stream_end(s, NULL), 0);
	assert_int_equal(out.n, in.n);
	return out;
}

#define PAD22 "~~~~~~~~~~~~~~~~~~~~~~" /* 30 - 8 */

static void binaries_keep_their_size(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", ""},
		{"x~" PH "/lib~y", "x~/opt/env/lib" PAD22 "~y"},
		{"x" PH "~y", "x/opt/env" PAD22 "~y"},
		{PH "/lib:" PH "/lib64~y~", "/opt/env/lib:/opt/env/lib64" PAD22 PAD22 "~y~"},
		{PH "~" PH "~", "/opt/env" PAD22 "~/opt/env" PAD22 "~"},
		{"~" PH "/end", "~/opt/env/end" PAD22}, /* no NUL before the end */
		{"/placehold_placehold~", "/placehold_placehold~"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf in = bytes_of(rows[i].in), want = bytes_of(rows[i].out);
		for (size_t piece = 1; piece < 70; piece += 23) {
			AUTO(buf_done)
			struct buf out = binary_after("/opt/env", buf_str(&in), piece);
			assert_memory_equal(out.data, want.data, want.n);
		}
	}
}

static void a_prefix_longer_than_the_placeholder_does_not_fit_binaries(void **state)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(err_free) struct err *e = NULL;
	struct relocate_stream *s = NULL;
	struct relocation r;
	(void)state;
	assert_int_equal(relocation_init(&r, &a, STR(PH), STR(LONG50), NULL), 0);
	assert_int_equal(relocate_stream_new(&r, buf_write, NULL, &s, &e), ERR_LIMIT);
	assert_int_equal(relocation_init(&r, &a, STR(""), STR("/x"), NULL), ERR_CORRUPT);
	assert_int_equal(relocation_init(&r, &a, STR("/\0x"), STR("/x"), NULL), ERR_CORRUPT);
}

/* The rule as conda.md writes it: each encoding over the whole file, one after the other. */
static void replace_plainly(struct buf *b, size_t unit, bool big)
{
	AUTO(buf_done) struct buf from = BUF(1000), to = BUF(1000);
	static const char nul[4];
	add_wide(&from, PH, unit, big);
	add_wide(&to, "/opt/env", unit, big);
	char *p, *at = b->data, *stop = b->data + b->n;
	while ((p = memmem(at, (size_t)(stop - at), from.data, from.n))) {
		char *end = p + from.n;
		while (end + unit <= stop && memcmp(end, nul, unit) != 0)
			end += unit;
		if (end + unit > stop)
			end = stop;
		memcpy(p, to.data, to.n);
		memmove(p + to.n, p + from.n, (size_t)(end - p) - from.n);
		memset(end - (from.n - to.n), 0, from.n - to.n);
		at = p + to.n;
	}
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16 & 0x7fff;
}

static void add_random(struct buf *b, unsigned *seed)
{
	unsigned kind = next_random(seed) % 4, n = next_random(seed) % 300;
	size_t i = next_random(seed) % COUNT(wide);
	if (kind == 0)
		for (; n; n--)
			buf_add_char(b, (char)next_random(seed));
	else if (kind == 1)
		for (n = n % 40; n; n--)
			buf_add_char(b, 0);
	else if (kind == 2)
		add_wide(b, "text without end ", wide[i].unit, wide[i].big);
	else
		for (unsigned k = 0; k <= n % 3; k++) {
			add_wide(b, PH, wide[i].unit, wide[i].big);
			add_wide(b, "/lib", wide[i].unit, wide[i].big);
		}
	if (kind == 3)
		for (n = 8; n; n--)
			buf_add_char(b, 0);
}

static void binaries_in_pieces_come_out_as_in_one(void **state)
{
	static const size_t pieces[] = {SIZE_MAX / 2, 70000, 4099, 300001};
	unsigned seed = 5;
	(void)state;
	for (size_t round = 0; round < 8; round++) {
		AUTO(buf_done) struct buf in = BUF(16 << 20), want = BUF(16 << 20);
		while (in.n < 900000)
			add_random(&in, &seed);
		/* A string much longer than the window. */
		if (round == 3) {
			buf_add_text(&in, PH);
			for (size_t i = 0; i < 2000000; i++)
				buf_add_char(&in, i % 300000 == 0 ? '/' : 'x');
			buf_add_text(&in, PH);
			buf_add_char(&in, 0);
		}
		buf_add_str(&want, buf_str(&in));
		for (size_t i = 0; i < COUNT(wide); i++)
			replace_plainly(&want, wide[i].unit, wide[i].big);
		for (size_t i = 0; i < COUNT(pieces); i++) {
			AUTO(buf_done)
			struct buf out = binary_after("/opt/env", buf_str(&in), pieces[i]);
			assert_memory_equal(out.data, want.data, want.n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_replaced_wherever_it_stands),
		cmocka_unit_test(text_is_found_in_five_encodings),
		cmocka_unit_test(binaries_keep_their_size),
		cmocka_unit_test(a_prefix_longer_than_the_placeholder_does_not_fit_binaries),
		cmocka_unit_test(binaries_in_pieces_come_out_as_in_one),
	};
	return cmocka_run_group_tests_name("relocate", tests, NULL, NULL);
}
