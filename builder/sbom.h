/* builder/sbom.h - what stands in an environment, told in others' forms: an SPDX 2.3 document, and
 * an in-toto statement of how the image was made (SLSA provenance 1). Neither holds a clock's time
 * nor anything of the building machine: equal locks give equal bytes. */
#ifndef KILN_SBOM_H
#define KILN_SBOM_H
#include "builder/link.h"
#include "specs/reference.h"

#define SBOM_TYPE "application/spdx+json"
#define PROVENANCE_TYPE "application/vnd.in-toto+json"

struct sbom {
	const struct lock *lock;
	const struct link_plan *plan; /* of the lock's packages */
	const char *platform;	      /* "linux/amd64" */
	uint64_t created;	      /* seconds since 1970 */
};
/* Appends the document. ERR_LIMIT, and what lock_digest says. */
int sbom_write(const struct sbom *s, struct buf *out, struct err **e);

struct provenance {
	const struct sbom *of;
	const char *key, *prefix, *compression; /* key: hex */
};
/* Appends the statement's predicate: what the image was asked to be, and every artefact that went
 * in. */
int provenance_write(const struct provenance *p, struct buf *out, struct err **e);
/* Appends the statement: that predicate of the image, which the destination calls `name`. */
int provenance_state(struct str predicate, struct str name, const struct digest *image,
		     struct buf *out, struct err **e);
#endif
