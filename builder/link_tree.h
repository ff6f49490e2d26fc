/* builder/link_tree.h - packages of a plan, or some of them, linked into a folder. */
#ifndef KILN_LINK_TREE_H
#define KILN_LINK_TREE_H
#include "builder/link.h"

/* Adds to chosen[0..p->count) all that the chosen packages depend on, as far as the plan has
 * it. */
void link_tree_add_dependencies(const struct link_plan *p, bool *chosen);
/* Place of the package of this name, or p->count. */
size_t link_tree_find(const struct link_plan *p, const char *name);

/* A folder to link into for a while, below the cache; the caller removes it and frees *out.
 * Those that a killed process left behind a day ago are removed. */
int link_tree_temp(const struct link_plan *p, char **out, struct err **e);

struct link_tree_request {
	const struct link_plan *plan;
	const bool *chosen; /* [plan->count] */
	const char *folder; /* exists */
	/* Whether an entry is wanted; NULL: all are. For hard links, of the target too. */
	bool (*wanted)(const void *cookie, const char *path);
	const void *cookie;
};
/* Links the chosen packages in parallel. What a failure leaves behind is the caller's. */
int link_tree(const struct link_tree_request *q, struct err **e);
#endif
