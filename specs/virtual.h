/* specs/virtual.h - virtual packages (CEP 30): what the base image offers to a solve.
 *
 * They describe the machine that will run the image, never the one that builds it. In this
 * order, the first that says something wins: an option, CONDA_OVERRIDE_*, the base image, a
 * default. */
#ifndef KILN_VIRTUAL_H
#define KILN_VIRTUAL_H
#include "specs/platform.h"
#include "specs/record.h"

/* What a base image offers. from: who said it, for people ("the base's libc"); it is empty
 * where nobody did. With a from and no version it is known to be absent. */
struct virtual_offer {
	struct str version, from;
};
struct virtual_base {
	struct virtual_offer glibc; /* "2.36" */
	struct virtual_offer cuda;  /* "12.4" */
};

/* One virtual package and who decided it; no version: the target has none. */
struct virtual_row {
	struct str name, version, build, from;
};
struct virtuals {
	struct record *records; /* those that the target has; in the arena they were made with */
	size_t count;
	struct strs texts;	  /* "__glibc=2.28=0", sorted, of the same */
	struct virtual_row *rows; /* by name, with those that are known to be absent */
	size_t row_count;
};

/* options: "NAME=VERSION[=BUILD]" as the user gave them ("NAME=" takes one away); ERR_USAGE.
 * base: NULL without one. */
int virtuals_make(struct arena *a, const struct platform *p, struct strs options,
		  const struct virtual_base *base, struct virtuals *out, struct err **e);
/* What the user gave, by option or environment: it belongs to the key. Sorted. */
int virtuals_given(struct arena *a, struct strs options, struct strs *out, struct err **e);
/* Whether the user has said something of NAME. given: as virtuals_given gives it. */
bool virtuals_decided(struct strs given, const char *name);
/* Whether any of the packages has something to say of virtual packages. */
bool virtuals_wanted(const struct record *records, size_t count);
/* Whether the packages may be used where v is: their depends and constrains on virtual packages (on
 * `only` that name, unless it is NULL). ERR_UNSOLVABLE names the first package that may not, what
 * it needs and what there is. */
int virtuals_check(const struct virtuals *v, const char *only, const struct record *records,
		   size_t count, struct err **e);
#endif
