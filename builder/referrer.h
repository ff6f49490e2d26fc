/* builder/referrer.h - documents beside an image, found by its digest (OCI 1.1, "Listing
 * Referrers"). Registries without that API, and layouts, keep a list under the tag sha256-HEX. */
#ifndef KILN_REFERRER_H
#define KILN_REFERRER_H
#include "builder/registry.h"

struct referrer {
	struct descriptor subject; /* the image's manifest */
	const char *type;	   /* media type of the text, and of the artefact */
	struct str text;
	uint64_t created; /* seconds since 1970: an annotation */
};
/* Pushes it; one that is there already stays as it is. Errors as of registry_put. */
int referrer_push(struct registry *g, const struct reference *to, const struct referrer *r,
		  struct err **e);
/* Whether the image has one of that type: 1, 0. */
int referrer_has(struct registry *g, const struct reference *r, const struct digest *image,
		 const char *type, struct err **e);
/* Appends the text of one of that type whose bytes have the digest `text`. ERR_ABSENT when the
 * image has none; more as of registry_get_manifest and artifact_pull. */
int referrer_get(struct registry *g, const struct reference *r, const struct digest *image,
		 const char *type, const struct digest *text, struct buf *out, struct err **e);
#endif
