/* builder/link_scripts.h - a whole environment in a folder, with its link scripts run. */
#ifndef KILN_LINK_SCRIPTS_H
#define KILN_LINK_SCRIPTS_H
#include "builder/link.h"
#include "builder/tree_state.h"

/* conda-meta/history and conda-meta/state, as entries. */
int link_put_meta(const struct link_plan *p, const struct link_environment *env, struct sink *to,
		  struct err **e);
/* Time of what no package brought: seconds. */
int64_t link_time(const struct link_plan *p);

/* Links all packages into `tree` and runs their scripts in conda's order: a pre-link script
 * when all that stands before its package is linked, post-link scripts when everything is.
 * A script sees the tree at the plan's prefix, in the sandbox. Its .messages.txt is shown as a
 * warning and removed. ERR_FAILED with the last lines a failing script wrote.
 * packaged: what packages put there is added to it; NULL. */
int link_with_scripts(const struct link_plan *p, const struct link_environment *env,
		      const char *tree, struct tree_state *packaged, struct err **e);
#endif
