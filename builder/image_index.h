/* builder/image_index.h - one name for the images of several platforms (OCI image-spec 1.1). */
#ifndef KILN_IMAGE_INDEX_H
#define KILN_IMAGE_INDEX_H
#include "builder/image.h"

struct image_index {
	struct arena arena;
	struct str text; /* bytes */
	struct digest digest;
	struct str media_type;
	uint64_t size; /* its own and that of all blobs, those of each image in full */
};
void image_index_done(struct image_index *x);
AUTO_DEFINE_VALUE(struct image_index, image_index_done)
/* Lists the images in this order, each with the platform that its config names, variant included;
 * annotations are those that the first has, with the newest time of creation. They have to be of
 * OCI's family: some registries refuse an index of Docker's manifests, or of both (see struct
 * image_options). Equal input gives equal bytes. ERR_CORRUPT. */
int image_index_make(const struct image *images, size_t count, struct image_index *out,
		     struct err **e);
#endif
