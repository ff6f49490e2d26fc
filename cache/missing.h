/* cache/missing.h - what an offline run needs and the cache does not hold, named all at once. */
#ifndef KILN_CACHE_MISSING_H
#define KILN_CACHE_MISSING_H
#include "specs/base/arena.h"
#include "specs/base/vec.h"

struct missing {
	struct arena arena;
	VEC(struct str) lines; /* one a thing, in the order found */
};
void missing_done(struct missing *m);
AUTO_DEFINE_VALUE(struct missing, missing_done)

/* Notes one thing, as "package x-1-0.conda"; one that is noted already stays one. */
void missing_add(struct missing *m, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* ERR_ABSENT: a line for each thing, of many the first ones and how many more, and how to get
 * them. 0 when nothing is missing. */
int missing_error(const struct missing *m, struct err **e);
#endif
