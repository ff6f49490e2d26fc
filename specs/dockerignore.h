/* specs/dockerignore.h - which files of a context an engine does not get (.dockerignore).
 *
 * A pattern a line, the last that fits decides: `*` and `?` stop at "/", `**` does not, [a-z] and
 * [^a-z], `\` before a character, `!` for files that are sent all the same. What fits a folder fits
 * all below it. */
#ifndef KILN_DOCKERIGNORE_H
#define KILN_DOCKERIGNORE_H
#include "specs/base/arena.h"

enum { DOCKERIGNORE_PATTERNS = 4096 };

struct dockerignore_pattern {
	struct str text; /* clean: no "." and no empty part, no "/" at an end */
	bool again;	 /* `!`: sent */
};
struct dockerignore {
	struct dockerignore_pattern *v; /* in the arena */
	size_t n;
};

/* ERR_SYNTAX "what:line: ..." for a pattern that is none; ERR_LIMIT. */
int dockerignore_parse(struct arena *a, struct str text, const char *what, struct dockerignore *out,
		       struct err **e);
/* path: clean, relative to the context. */
bool dockerignore_excludes(const struct dockerignore *d, struct str path);
/* Whether something below a folder that is left out may be sent all the same. */
bool dockerignore_may_send_below(const struct dockerignore *d, struct str folder);
#endif
