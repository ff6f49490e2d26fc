/* builder/compress.h - gzip members and zstd frames that come out the same on every machine.
 *
 * igzip's output depends on how its input is cut, so a packer gathers what it is given into
 * blocks of one size. The header of a gzip member is fixed (no name, MTIME 0, OS 255). Members
 * and frames concatenate: what a packer writes may stand beside others. */
#ifndef KILN_COMPRESS_H
#define KILN_COMPRESS_H
#include "builder/layer.h"

/* Bytes on their way somewhere; what it returns is passed on. */
struct bytes_to {
	int (*write)(void *cookie, const void *p, size_t n, struct err **e);
	void *cookie;
};

/* Everything that decides the compressed bytes of equal input: library, its version, level,
 * block size, and on x86 whether the CPU is one whose output is known to be the common one. */
struct str compression_identity(enum compression c);

struct packer; /* one member or frame in the making */
/* plain: a running hash that is given the plain bytes too; NULL for none. Borrowed. */
struct packer *packer_new(enum compression c, struct hasher *plain, struct bytes_to to);
void packer_free(struct packer *p);
AUTO_DEFINE(struct packer *, packer_free)
/* To be called before anything is added: a thread of the packer's own compresses and writes,
 * while the caller makes what comes next. The bytes are the same. */
void packer_beside(struct packer *p);
int packer_add(struct packer *p, const void *bytes, size_t n, struct err **e);
/* Writes what is left and the member's end; only packer_free may follow. */
int packer_end(struct packer *p, struct err **e);
uint64_t packer_plain_size(const struct packer *p);

struct unpacker; /* the way back; any number of members or frames one after another */
struct unpacker *unpacker_new(enum compression c, struct bytes_to to);
void unpacker_free(struct unpacker *u);
AUTO_DEFINE(struct unpacker *, unpacker_free)
/* ERR_CORRUPT for bytes that are none of the format. */
int unpacker_add(struct unpacker *u, const void *bytes, size_t n, struct err **e);
/* ERR_CORRUPT when the last member is cut off. */
int unpacker_end(struct unpacker *u, struct err **e);
#endif
