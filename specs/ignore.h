/* specs/ignore.h - patterns of .gitignore and .amlignore, as azure-ai-ml reads them (by pathspec's
 * gitwildmatch): the last pattern that fits a path decides. A pattern that ends in "/" fits what is
 * below such a folder, not the folder's own name. */
#ifndef KILN_IGNORE_H
#define KILN_IGNORE_H
#include "specs/base/arena.h"
#include "specs/base/vec.h"

struct ignore_pattern {
	char **segments; /* globs; "**" stands for any number of folders */
	size_t count;
	bool keeps; /* of "!PATTERN" */
	bool below; /* the whole pattern is a folder's: all that is in some folder */
};

struct ignore {
	struct arena arena;
	VEC(struct ignore_pattern) patterns;
};
#define IGNORE                                                                                     \
	{                                                                                          \
		.arena = ARENA                                                                     \
	}
void ignore_done(struct ignore *i);
AUTO_DEFINE_VALUE(struct ignore, ignore_done)
/* Adds the patterns of a text, one a line. What cannot fit anything is left out. */
void ignore_add(struct ignore *i, struct str text);
/* path: relative to the file's folder, with "/" between its parts. */
bool ignore_fits(const struct ignore *i, const char *path);
#endif
