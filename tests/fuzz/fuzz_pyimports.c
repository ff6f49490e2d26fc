/* fuzz_pyimports.c - any bytes as a Python source: names are parts of it. */
#include "specs/pyimports.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(pyimports_done) struct pyimports p = {0};
	const char *text = (const char *)data;
	pyimports_read((struct str){text, size}, &p);
	for (size_t i = 0; i < p.list.n; i++) {
		struct str name = p.list.v[i].name;
		if (!name.n || name.p < text || name.p + name.n > text + size || !p.list.v[i].line)
			abort();
	}
	return 0;
}
