/* tests/fuzz/fuzz_toml.c - TOML of any bytes, and what a resolver's lock makes of it. */
#include "builder/pip_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct pip_request q = {.target = {.python = STR("3.11.2"), .glibc = 36}};
	struct record *records;
	size_t count;
	if (platform_find("linux/amd64", &q.target.platform, NULL) == 0)
		pip_read_lock(&q, (struct str){(const char *)data, size}, &a, &records, &count,
			      NULL);
	return 0;
}
