/* cache/store.h - small blobs by their SHA-256: manifests and configurations of base images.
 *
 * A blob is written aside and renamed, and checked each time it is read, so that a reader
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
#endif
