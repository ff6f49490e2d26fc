/* specs/known_base.h - base images whose name tells their C library.
 *
 * Only names that mean one release of a distribution; all others are looked into. */
#ifndef KILN_KNOWN_BASE_H
#define KILN_KNOWN_BASE_H
#include "specs/reference.h"

/* The glibc that the image of this reference has ("2.36"), empty when the name does not tell. A
 * tag beside a digest says nothing: the digest decides what is pulled. */
struct str known_base_glibc(const struct reference *r);
#endif
