/* tests/fuzz/fuzz_requirement.c - a requirement's text: what is written reads back to the same. */
#include "specs/requirement.h"
#include <stdlib.h>

static bool read_back(struct arena *a, struct str text, struct buf *out)
{
	struct requirement r;
	if (requirement_parse(a, text, &r, NULL) < 0)
		return false;
	requirement_write(&r, out);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf once = BUF(BUF_UNLIMITED), twice = BUF(BUF_UNLIMITED);
	if (!read_back(&a, (struct str){(const char *)data, size}, &once))
		return 0;
	if (!read_back(&a, buf_str(&once), &twice) || !str_eq(buf_str(&once), buf_str(&twice)))
		abort();
	return 0;
}
