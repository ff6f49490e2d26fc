/* fuzz_unpack.c - any bytes as a package archive. */
#include "builder/unpack.h"
#include "specs/base/fs.h"
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/tmp/kiln-fuzz-unpack-%d", (int)getpid());
	if (fs_write(path, (struct str){(const char *)data, size}, 0600, NULL) < 0)
		abort();
	AUTO(unpack_close) struct unpack *u = NULL;
	const struct entry *entry;
	int more = unpack_open(path, UNPACK_INFO | UNPACK_PAYLOAD, &u, NULL);
	uint64_t budget = 16 << 20;
	while (more >= 0 && (more = unpack_next(u, &entry, NULL)) > 0) {
		if (!*entry->path || *entry->path == '/' || strstr(entry->path, "/../"))
			abort();
		const void *p;
		size_t n = 1;
		while (n && budget && (more = unpack_data(u, &p, &n, NULL)) >= 0)
			budget -= n < budget ? n : budget;
		if (budget == 0)
			break;
	}
	unlink(path);
	return 0;
}
