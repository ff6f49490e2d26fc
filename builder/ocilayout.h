/* builder/ocilayout.h - images in a folder (OCI image-layout 1.0.0).
 *
 *     oci-layout    index.json    blobs/sha256/HEX
 *
 * Blobs and the index are written aside and renamed; the index is changed under a lock on the
 * folder, so that several programs may add to it. Any thread may use a struct ocilayout. */
#ifndef KILN_OCILAYOUT_H
#define KILN_OCILAYOUT_H
#include "builder/image.h"
#include "specs/reference.h"

struct ocilayout;

/* Nothing is read or made yet. */
struct ocilayout *ocilayout_new(struct str path);
void ocilayout_free(struct ocilayout *l);
AUTO_DEFINE(struct ocilayout *, ocilayout_free)

/* What the reference's digest or tag names; without either the only image, or the one named
 * latest. media_type is empty when nothing says it. ERR_ABSENT lists what there is;
 * ERR_CORRUPT. */
int ocilayout_find(const struct ocilayout *l, const struct reference *r, struct arena *a,
		   struct descriptor *out, struct err **e);
/* Appends a small blob, checked. ERR_ABSENT, ERR_DIGEST, ERR_LIMIT. */
int ocilayout_get(const struct ocilayout *l, const struct digest *d, struct buf *out,
		  struct err **e);
/* Streams a blob from byte `at`, unchecked. ERR_ABSENT. */
int ocilayout_read(const struct ocilayout *l, const struct digest *d, uint64_t at,
		   int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		   struct err **e);
/* Whether a blob of that size is there. */
bool ocilayout_has(const struct ocilayout *l, const struct digest *d, uint64_t size);

/* Where a blob of that digest stands, or would; the caller frees. */
char *ocilayout_path(const struct ocilayout *l, const struct digest *d);

/* What ocilayout_put stores: everything that `source` writes. */
struct ocilayout_blob {
	struct digest digest;
	uint64_t size;
	int (*source)(void *cookie, int (*write)(void *to, const void *p, size_t n, struct err **e),
		      void *to, struct err **e);
	void *cookie;
};
/* ERR_DIGEST when other bytes came. Makes the folder when absent. */
int ocilayout_put(const struct ocilayout *l, const struct ocilayout_blob *b, struct err **e);
/* Names the manifest (whose blob is there) in the index: once for each tag, in place of what
 * had that tag, and without a name when there is no tag. All other entries stay. */
int ocilayout_name(const struct ocilayout *l, const struct descriptor *d, struct strs tags,
		   struct err **e);
#endif
