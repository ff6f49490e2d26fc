/* specs/virtual.h - virtual packages (CEP 30): what the base image offers to a solve.
 *
 * They describe the machine that will run the image, never the one that builds it. In this
 * order, the first that says something wins: an option, CONDA_OVERRIDE_*, the base image's
 * environment (CUDA only), a default. */
#ifndef KILN_VIRTUAL_H
#define KILN_VIRTUAL_H
#include "specs/platform.h"
#include "specs/record.h"

struct virtuals {
	struct record *records; /* in the arena they were made with */
	size_t count;
	struct strs texts; /* "__glibc=2.28=0", sorted */
};

/* options: "NAME=VERSION[=BUILD]" as the user gave them ("NAME=" takes one away); ERR_USAGE.
 * cuda: the CUDA version of the base ("12.4.1"), empty when it has none. */
int virtuals_make(struct arena *a, const struct platform *p, struct strs options, struct str cuda,
		  struct virtuals *out, struct err **e);
/* What the user gave, by option or environment: it belongs to the key. Sorted. */
int virtuals_given(struct arena *a, struct strs options, struct strs *out, struct err **e);
#endif
