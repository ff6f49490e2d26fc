/* fuzz_repodata.c - any bytes, in pieces, through the index writer. */
#include "cache/index.h"
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/tmp/kiln-fuzz-index-%d", (int)getpid());
	struct index_writer *w = NULL;
	struct index *x = NULL;
	size_t piece = size ? 1 + data[0] % 31u : 1;
	int r = index_writer_open(path, &w, NULL);

	for (size_t at = 0; r == 0 && at < size; at += piece)
		r = index_writer_feed(w, data + at, size - at < piece ? size - at : piece, NULL);
	if (r == 0 && index_writer_finish(w, NULL) == 0 && index_open(path, &x, NULL) == 0) {
		for (size_t i = 0; i < index_name_count(x); i++) {
			uint32_t first, count;
			if (!index_find(x, index_name(x, i), &first, &count))
				abort();
		}
	}
	index_close(x);
	index_writer_free(w);
	unlink(path);
	return 0;
}
