/* fuzz_shards.c - any bytes as MessagePack, as a list of shards and as a shard whose records
 * become an index. The bytes are packed first: zstd is not what is tried here. */
#include "cache/shard.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_list(struct str bytes)
{
	AUTO(shard_list_free) struct shard_list *l = NULL;
	if (shard_list_parse(bytes, &l, NULL) < 0)
		return;
	for (size_t i = 0; i < shard_list_count(l); i++)
		if (!shard_list_find(l, shard_list_name(l, i)))
			abort();
}

static void try_shard(struct str bytes)
{
	AUTO(shard_free) struct shard *s = NULL;
	AUTO(index_writer_free) struct index_writer *w = NULL;
	AUTO(index_close) struct index *x = NULL;
	char path[64];
	if (shard_parse(bytes, &s, NULL) < 0)
		return;
	snprintf(path, sizeof(path), "/tmp/kiln-fuzz-shard-%d", (int)getpid());
	if (index_writer_open(path, &w, NULL) < 0 ||
	    index_writer_event(w, JSON_OBJECT, (struct str){0}, NULL) < 0)
		abort();
	if (shard_write(s, w, NULL) < 0 ||
	    index_writer_event(w, JSON_OBJECT_END, (struct str){0}, NULL) < 0 ||
	    index_writer_finish(w, NULL) < 0 || index_open(path, &x, NULL) < 0)
		abort();
	for (size_t i = 0; i < index_name_count(x); i++) {
		uint32_t first, count;
		if (!index_find(x, index_name(x, i), &first, &count))
			abort();
	}
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = ZSTD_compressBound(size);
	AUTO(free) char *packed = mem_alloc(room);
	struct str bytes = {packed, ZSTD_compress(packed, room, data, size, 1)};
	try_list(bytes);
	try_shard(bytes);
	return 0;
}
