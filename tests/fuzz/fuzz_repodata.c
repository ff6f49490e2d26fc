/* fuzz_repodata.c - any bytes through the index writer: whole, and in blocks so short that all is
 * read as events. Both must say the same. */
#include "cache/index_writer_private.h"
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int build(const char *path, const uint8_t *data, size_t size, size_t block, struct buf *out)
{
	AUTO(index_writer_free) struct index_writer *w = NULL;
	int r = index_writer_open(path, &w, NULL);

	w->queue.room = block;
	if (r == 0)
		r = index_writer_feed(w, data, size, NULL);
	if (r == 0)
		r = index_writer_finish(w, NULL);
	return r < 0 ? r : fs_read(path, out, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_done) struct buf quick = BUF(BUF_UNLIMITED), slow = BUF(BUF_UNLIMITED);
	AUTO(index_close) struct index *x = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/tmp/kiln-fuzz-index-%d", (int)getpid());
	int r = build(path, data, size, QUEUE_BLOCK, &quick);
	if (build(path, data, size, 1 + size / 16, &slow) != r ||
	    !str_eq(buf_str(&quick), buf_str(&slow)))
		abort();
	if (r == 0 && index_open(path, &x, NULL) == 0) {
		for (size_t i = 0; i < index_name_count(x); i++) {
			uint32_t first, count;
			if (!index_find(x, index_name(x, i), &first, &count))
				abort();
		}
	}
	unlink(path);
	return 0;
}
