/* tests/fuzz/fuzz_dockerignore.c - patterns, and a path behind the first 0. */
#include "specs/dockerignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct dockerignore d;
	struct str path = {(const char *)data, size < 4096 ? size : 4096}, text;
	str_cut(&path, 0, &text);
	if (dockerignore_parse(&a, text, "f", &d, NULL) < 0)
		return 0;
	bool excluded = dockerignore_excludes(&d, path);
	/* What a folder fits fits all below it, but for what is sent again. */
	struct str below = arena_printf(&a, "%.*s/x", STR_ARG(path));
	if (excluded && !dockerignore_may_send_below(&d, path) && path.n && below.n == path.n + 2 &&
	    !dockerignore_excludes(&d, below))
		abort();
	return 0;
}
