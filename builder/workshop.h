/* builder/workshop.h - where sources become wheels: a Python with all that conda's packages bring
 * but for their Python packages, and the requirements of one build, in a sandbox without network.
 *
 * What a source is built with may be sources itself, which are built first.
 *
 * A wheel is built once, and kept by what it is made of: the source's digest, its settings, the
 * Python's archive, the platform, and what it was built with. One of this platform only is kept by
 * conda's packages as well. */
#ifndef KILN_WORKSHOP_H
#define KILN_WORKSHOP_H
#include "builder/build.h"
#include "builder/pip.h"

struct workshop;

/* l: conda's packages, at whose archives `files` are, stand in it; both stay the caller's while the
 * workshop is open. requirements: says where the requirements of builds come from; NULL: the usual
 * index. */
struct workshop *workshop_open(struct build *b, const struct lock *l,
			       const struct package_file *files,
			       const struct requirements *requirements);
void workshop_close(struct workshop *w);
AUTO_DEFINE(struct workshop *, workshop_close)

/* The wheel of a source: from the cache, or built. r's address becomes exact, and its source says
 * what it was built with; what it knows of name, version, digest and requirements is held. The
 * caller frees out->path. */
int workshop_build(struct workshop *w, struct arena *a, struct record *r, struct package_file *out,
		   struct err **e);
/* The same as a pip_build_fn; cookie: the workshop. */
int workshop_build_dist(void *cookie, struct arena *a, struct record *r, struct pip_dist *out,
			struct err **e);
/* A pip_python_fn; cookie: the workshop. */
int workshop_python(void *cookie, struct arena *a, const char *shown, struct str *out,
		    struct err **e);
/* The same as workshop_build when it is in the cache; else ERR_ABSENT, and nobody is asked. */
int workshop_find(struct workshop *w, struct record *r, struct package_file *out, struct err **e);
/* The Python that the lock's packages are for; glibc is 0 when the target has none. ERR_UNSOLVABLE
 * without a python. */
int workshop_target(const struct build *b, const struct lock *l, struct pip_target *out,
		    struct err **e);
#endif
