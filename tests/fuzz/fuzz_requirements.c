/* tests/fuzz/fuzz_requirements.c - a requirements file of any bytes. */
#include "specs/requirements.h"
#include "specs/requirements_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(requirements_done) struct requirements r = REQUIREMENTS;
	struct requirements_source from = {.name = "r.txt"};
	struct str text;
	if (requirements_decode(&r.arena, (struct str){(const char *)data, size}, &text, NULL) == 0)
		requirements_add(&r, &from, text, NULL, NULL);
	return 0;
}
