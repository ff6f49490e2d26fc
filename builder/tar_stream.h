/* builder/tar_stream.h - files in a tar that goes somewhere as it is written: ustar, with a pax
 * header only for a name that it cannot hold; owners 0 and nameless, one fixed time. Equal files
 * give equal bytes. */
#ifndef KILN_TAR_STREAM_H
#define KILN_TAR_STREAM_H
#include "specs/base/buf.h"

struct tar_stream;
/* write: gets the bytes; NULL: they are only counted. */
struct tar_stream *tar_stream_new(int (*write)(void *to, const void *p, size_t n, struct err **e),
				  void *to);
void tar_stream_free(struct tar_stream *t);
AUTO_DEFINE(struct tar_stream *, tar_stream_free)
/* Ends the file before it, and begins one of `size` bytes. */
int tar_stream_file(struct tar_stream *t, const char *path, unsigned mode, uint64_t size,
		    struct err **e);
/* Bytes of it; the cookie is the stream. */
int tar_stream_data(void *t, const void *p, size_t n, struct err **e);
int tar_stream_folder(struct tar_stream *t, const char *path, unsigned mode, struct err **e);
int tar_stream_symlink(struct tar_stream *t, const char *path, const char *target, struct err **e);
/* A small file at once (mode 0644). */
int tar_stream_text(struct tar_stream *t, const char *path, struct str text, struct err **e);
/* The header of a file whose bytes are not given: they count, and nothing is written. */
int tar_stream_skip(struct tar_stream *t, const char *path, uint64_t size, struct err **e);
int tar_stream_end(struct tar_stream *t, struct err **e);
/* Bytes so far. */
uint64_t tar_stream_size(const struct tar_stream *t);
#endif
