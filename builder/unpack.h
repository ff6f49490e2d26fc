/* builder/unpack.h - the entries of a package archive, one after the other, never on disk.
 *
 * `.conda`: a zip whose members info-*.tar.zst and pkg-*.tar.zst stand in any order;
 * `.tar.bz2`: one tar, of one or several bzip2 streams; a wheel: a zip; a source: a zip or a tar,
 * plain or compressed with gzip, bzip2 or xz. Names are cleaned ("./a//b"
 * is "a/b"); absolute ones, ".." and what is neither file, link nor directory are ERR_CORRUPT,
 * which names archive and member, as it does for a truncated one. ERR_LIMIT past UNPACK_* below.
 * One thread at a time. */
#ifndef KILN_UNPACK_H
#define KILN_UNPACK_H
#include "builder/sink.h"

#define UNPACK_BYTES_MAX ((uint64_t)1 << 38) /* of all files together */
enum { UNPACK_ENTRIES_MAX = 8 << 20, UNPACK_PATH_MAX = 4096 };

enum unpack_part {
	UNPACK_INFO = 1,    /* what stands below info/; fast for .conda only */
	UNPACK_PAYLOAD = 2, /* everything else */
	UNPACK_WHEEL = 4,   /* it is a wheel: all of it, links as files that hold their text */
	UNPACK_SOURCE = 8,  /* it is a source: all of it */
};

struct unpack; /* one open archive */

/* parts: which entries are wanted, of enum unpack_part. ERR_CORRUPT when it is no
 * package archive. */
int unpack_open(const char *path, unsigned parts, struct unpack **out, struct err **e);
void unpack_close(struct unpack *u);
AUTO_DEFINE(struct unpack *, unpack_close)
/* The next entry, valid until the next call: 1, or 0 after the last one. A hard link's target
 * is clean as well; a symlink's is its text, wherever it leads. mode: as archived. */
int unpack_next(struct unpack *u, const struct entry **out, struct err **e);
/* More bytes of the entry's file, valid until the next call; *n is 0 at its end. */
int unpack_data(struct unpack *u, const void **p, size_t *n, struct err **e);
/* All of the file that is left, appended to out; ERR_LIMIT past its maximum. */
int unpack_read(struct unpack *u, struct buf *out, struct err **e);
/* For who has what it wants of a .conda's info or payload, and leaves the rest: compares the CRC32
 * of both. ERR_CORRUPT. */
int unpack_end(struct unpack *u, struct err **e);
/* File name of the archive, for messages. */
const char *unpack_name(const struct unpack *u);
#endif
