/* builder/check_source.h - imports of the user's own code that nothing in the environment provides:
 * the ModuleNotFoundError of an hour later. */
#ifndef KILN_CHECK_SOURCE_H
#define KILN_CHECK_SOURCE_H
#include "builder/check.h"
#include "builder/link.h"

/* Looks at all *.py below the folder, links not followed. A module is provided by the plan's
 * packages, by its Python, or by the folder itself. A finding a name, with the first place.
 * ERR_ABSENT: no such folder, or the plan has no python. */
int check_source(const char *folder, const struct link_plan *p, struct findings *out,
		 struct err **e);
#endif
