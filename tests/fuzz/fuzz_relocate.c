/* fuzz_relocate.c - any bytes as text and as a binary, whole and in pieces. */
#include "builder/relocate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void binary(const struct relocation *r, struct str in, size_t piece, struct buf *out)
{
	AUTO(relocate_stream_free) struct relocate_stream *s = NULL;
	if (relocate_stream_new(r, buf_write, out, &s, NULL) < 0)
		abort();
	for (size_t at = 0; at < in.n; at += piece)
		relocate_stream_add(s, in.p + at, in.n - at < piece ? in.n - at : piece, NULL);
	if (relocate_stream_end(s, NULL) < 0 || out->n != in.n)
		abort();
}

/* The first byte says how long the placeholder is that follows it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf whole = BUF(64 << 20), cut = BUF(64 << 20);
	struct relocation r;
	size_t n = size ? 1 + data[0] % 8u : 0;
	if (size < 1 + n)
		return 0;
	struct str placeholder = {(const char *)data + 1, n};
	struct str in = {(const char *)data + 1 + n, size - 1 - n};
	if (relocation_init(&r, &a, placeholder, STR("/"), NULL) < 0)
		return 0;
	for (size_t i = 0; i < RELOCATE_ENCODINGS; i++)
		if (r.to[i].n > r.from[i].n)
			return 0;
	relocate_text(&r, &a, in);
	binary(&r, in, size, &whole);
	binary(&r, in, 7, &cut);
	if (whole.n && memcmp(whole.data, cut.data, whole.n) != 0)
		abort();
	return 0;
}
