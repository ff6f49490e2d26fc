/* specs/known_base.h - base images that kiln knows by name, and what they hold.
 *
 * Only of names that mean one thing: one release of a distribution, one version of CUDA. All other
 * images are looked into. */
#ifndef KILN_KNOWN_BASE_H
#define KILN_KNOWN_BASE_H
#include "specs/reference.h"

/* What is in an image; a text is NULL where its name does not tell. */
struct known_base {
	const char *image; /* "HOST/REPOSITORY[:TAG]", of those that known_base_at lists */
	const char *name;  /* for --base: "cpu", "gpu" */
	const char *os;	   /* "Ubuntu 22.04" */
	const char *glibc; /* "2.35" */
	const char *cuda;  /* "12.4.1" */
	const char *cudnn; /* "8", or "yes" where the version is not known */
	const char *mpi;   /* "OpenMPI 4.1.0" */
	const char *conda; /* "Miniconda py310" */
	bool retired;	   /* it gets no updates any more */
};

/* False, and all NULL, when nothing is known of the reference's image. A tag beside a digest says
 * nothing: the digest decides what is pulled. */
bool known_base_find(const struct reference *r, struct known_base *out);
/* The glibc that the image has ("2.36"), empty when the name does not tell. */
struct str known_base_glibc(const struct reference *r);
/* The image that a name for --base stands for; NULL when it is none. */
const char *known_base_named(const char *name);
/* Those that are listed one by one, i from 0; false behind the last. */
bool known_base_at(size_t i, struct known_base *out);
#endif
