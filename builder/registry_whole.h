/* builder/registry_whole.h - what the forms share whose images are one file or stream: blobs are
 * not taken before it is written, and then asked for by push_manifest's `lost`. */
#ifndef KILN_REGISTRY_WHOLE_H
#define KILN_REGISTRY_WHOLE_H
#include "builder/image_tar.h"
#include "builder/registry_private.h"

/* The name goes to the buffer and lives as long. */
void whole_options(const struct registry *g, struct buf *name, struct image_tar_options *out);
/* Nothing, before it is asked for. */
int whole_push_blob(struct registry *g, const struct reference *to, struct push_blob *b,
		    struct err **e);
/* What is to be done with a manifest: true in *out_done when that was all: it is a part of an
 * index, to be written with that or just now. ERR_ABSENT when nobody would have the blobs. */
int whole_defer(struct registry *g, const struct push_manifest *m, bool *out_done, struct err **e);
/* All bytes of the tar. */
int whole_write(struct registry *g, const struct push_manifest *m, write_bytes *write, void *to,
		struct err **e);
/* Remembers that what the engine calls as the place does is of this manifest. */
int daemon_remember(struct registry *g, const struct digest *manifest, struct err **e);
#endif
