/* builder/image_tar.h - an image as one tar that is never put together anywhere: an OCI layout
 * and, for engines, what `docker load` looks for.
 *
 *     oci-layout  index.json  [manifest.json]  blobs/sha256/HEX ...
 *
 * Blobs stand in the order manifest, configuration, layers, each once; an index comes before its
 * images. Equal images give equal bytes. */
#ifndef KILN_IMAGE_TAR_H
#define KILN_IMAGE_TAR_H
#include "builder/registry.h"

struct image_tar_options {
	bool engine;	    /* with manifest.json: one image, no zstd */
	struct str name;    /* HOST/REPOSITORY:TAG, for engines; empty: none */
	struct str tag;	    /* org.opencontainers.image.ref.name; empty: none */
	write_bytes *write; /* gets the bytes; NULL: they are only counted */
	void *to;
};

struct image_tar; /* one on its way, in one thread */
struct image_tar *image_tar_new(const struct image_tar_options *o);
void image_tar_free(struct image_tar *t);
AUTO_DEFINE(struct image_tar *, image_tar_free)
/* Writes all of it, from the first byte to the end: m->lost is called for each blob, and has to
 * answer with image_tar_blob; for each image of an index, with image_tar_manifest. ERR_USAGE when
 * engines could not read it; ERR_DIGEST; what m->lost and o->write say. */
int image_tar_write(struct image_tar *t, const struct push_manifest *m, struct err **e);
int image_tar_manifest(struct image_tar *t, const struct push_manifest *m, struct err **e);
int image_tar_blob(struct image_tar *t, const struct push_blob *b, struct err **e);
/* Bytes so far. */
uint64_t image_tar_size(const struct image_tar *t);

/* The image in a file, when it has this name and tag, and `key` is its tag or the beginning of the
 * key it was made for. ERR_ABSENT when not, or when the file is no such tar. */
int image_tar_find(const char *path, const struct image_tar_options *o, struct str key,
		   struct descriptor *out, struct err **e);
#endif
