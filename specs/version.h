/* specs/version.h - conda versions as values: read once, compared without allocating.
 *
 * The grammar and the order are those of CEP 33; the source text is kept apart (in struct
 * record), since file names and display need it: `01.02` equals `1.2`. */
#ifndef KILN_VERSION_H
#define KILN_VERSION_H
#include "specs/base/arena.h"

struct version; /* lives in the arena it was read into */

/* ERR_SYNTAX with the reason when the text is no version. */
int version_parse(struct arena *a, struct str text, const struct version **out, struct err **e);
/* Negative, 0 or positive; 0 means equal as conda sees it (`1.0` and `1`). */
int version_compare(const struct version *a, const struct version *b);
/* Whether v lies under `prefix.*`. */
bool version_starts_with(const struct version *v, const struct version *prefix);
/* Whether v satisfies `~=limit`. */
bool version_compatible(const struct version *v, const struct version *limit);
#endif
