/* cache/store.h - blobs by their SHA-256: manifests, configurations and layers of base images.
 *
 * A small blob is written aside and renamed, and checked each time it is read, so that a reader
 * sees the right bytes or none. Any thread or process may use the same folder. */
#ifndef KILN_CACHE_STORE_H
#define KILN_CACHE_STORE_H
#include "specs/base/digest.h"

enum { STORE_BLOB_MAX = 16 << 20 };

/* Keeps the bytes and gives their digest (out may be NULL). cache: the cache folder.
 * ERR_LIMIT above STORE_BLOB_MAX, ERR_IO. */
int store_put(const char *cache, struct str bytes, struct digest *out, struct err **e);
/* Appends the blob to out. ERR_ABSENT when it was never kept; one that the disk has changed
 * is removed and absent too. */
int store_get(const char *cache, const struct digest *d, struct buf *out, struct err **e);

/* Large blobs, which are never copied: a second name (hard link) of a file somewhere else whose
 * bytes are right. false where the file system cannot do that: nothing is kept. */
bool store_link(const char *cache, const struct digest *d, const char *file);
/* Whether a blob of that size is kept. */
bool store_has(const char *cache, const struct digest *d, uint64_t size);
/* Streams one from byte `at`, unchecked. ERR_ABSENT, ERR_IO, and what `write` says. */
int store_read(const char *cache, const struct digest *d, uint64_t at,
	       int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
	       struct err **e);
/* Keeps it no longer. */
void store_forget(const char *cache, const struct digest *d);
#endif
