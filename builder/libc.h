/* builder/libc.h - the C library of an image, found by reading its layers.
 *
 * Layers are streamed from the top one down, whiteouts respected, until one holds the file that
 * the platform's programs load as libc. Memory does not grow with layers or files. */
#ifndef KILN_LIBC_H
#define KILN_LIBC_H
#include "specs/base/digest.h"
#include "specs/base/log.h"

enum libc_kind {
	LIBC_NONE, /* no C library where programs look for it: an empty image, or a strange one */
	LIBC_GLIBC,
	LIBC_MUSL, /* and no glibc beside it */
};

enum { LIBC_VERSION_MAX = 16 };
struct libc {
	enum libc_kind kind;
	char version[LIBC_VERSION_MAX]; /* "2.36"; empty unless it is glibc */
};

/* The layers of an image: tar, plain or compressed with gzip or zstd. */
struct libc_layer {
	struct digest digest;
	uint64_t size; /* as stored */
};
struct libc_source {
	const struct libc_layer *layers; /* the lowest first */
	size_t count;
	/* Streams layer i's bytes, as stored; what came is checked against its digest. */
	int (*read)(void *cookie, size_t i,
		    int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		    struct err **e);
	void *cookie;
	struct log *log;
};
/* arch: "amd64", "arm64", "ppc64le". A layer that was begun is read to its end, so that its
 * digest is known to be right. ERR_CORRUPT, ERR_DIGEST, ERR_USAGE for another arch,
 * ERR_INTERRUPTED, and whatever `read` says; the errors name the layer. */
int libc_find(const struct libc_source *from, const char *arch, struct libc *out, struct err **e);
/* "glibc 2.36", "musl", "none"; and back, false for other texts. */
void libc_write(const struct libc *l, struct buf *out);
bool libc_read(struct str text, struct libc *out);

/* The bytes of a file, in pieces of any size: whether they are glibc's libc.so of a machine, and
 * the version it says it is. */
enum { LIBC_HEAD = 20, LIBC_TAIL = 256 };
struct libc_scan {
	unsigned machine;	       /* ELF's e_machine that is wanted */
	uint64_t seen;		       /* bytes so far */
	unsigned char head[LIBC_HEAD]; /* the first ones */
	char tail[LIBC_TAIL];	       /* the last ones: a text may stand across two pieces */
	size_t tail_n;
	char version[LIBC_VERSION_MAX]; /* empty until it is found */
};
/* True when no further piece can change the answer. */
bool libc_scan_add(struct libc_scan *s, const char *p, size_t n);
/* The version that a file name says: "libc-2.31.so" (glibc before 2.34); false for others. */
bool libc_name_version(struct str name, char out[LIBC_VERSION_MAX]);
#endif
