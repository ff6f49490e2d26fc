/* builder/path_set.h - a set of paths, as bytes. */
#ifndef KILN_PATH_SET_H
#define KILN_PATH_SET_H
#include "specs/base/arena.h"

struct path_set {
	struct arena arena;
	struct str *slots; /* [room], a power of two; p == NULL: free */
	size_t n, room;
	struct str parent; /* the one path_set_add_parents saw last */
};
#define PATH_SET                                                                                   \
	{                                                                                          \
		.n = 0                                                                             \
	}

void path_set_done(struct path_set *s);
AUTO_DEFINE_VALUE(struct path_set, path_set_done)
bool path_set_has(const struct path_set *s, struct str path);
/* False when it was in the set already. The bytes are copied. */
bool path_set_add(struct path_set *s, struct str path);
/* Every directory above the path: "a" and "a/b" of "a/b/c". */
void path_set_add_parents(struct path_set *s, struct str path);
/* The paths in order of their bytes, so a directory stands before what is in it; borrowed
 * strings in an array the caller frees. */
struct str *path_set_sorted(const struct path_set *s);
#endif
