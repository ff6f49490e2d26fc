/* tests/fuzz/fuzz_reference.c - what reads as a reference reads back from its full text. */
#include "specs/reference.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf once = BUF(1 << 16);
	AUTO(buf_done) struct buf again = BUF(1 << 16);
	struct reference r;
	if (reference_parse(&a, (struct str){(const char *)data, size}, &r, NULL) < 0)
		return 0;
	reference_write(&r, &once);
	if (reference_parse(&a, buf_str(&once), &r, NULL) < 0)
		abort();
	reference_write(&r, &again);
	if (!str_eq(buf_str(&once), buf_str(&again)))
		abort();
	(void)reference_is_loopback(&r);
	return 0;
}
