/* specs/lock_changes.h - what is different in two locks of one environment. */
#ifndef KILN_LOCK_CHANGES_H
#define KILN_LOCK_CHANGES_H
#include "specs/lock.h"

/* Something that comes (from is empty), goes (to is empty) or is another. Texts are the locks', or
 * stand in the arena. */
struct lock_change {
	struct str name;
	const char *manager; /* "conda", "pip", or "base" for the base image */
	struct str from, to; /* versions; with the build, or the digest, where nothing else differs;
				of the base digests */
};

struct lock_changes {
	struct arena arena;
	struct lock_change *v; /* the base first, then by name */
	size_t n, room;
};
void lock_changes_done(struct lock_changes *c);
AUTO_DEFINE_VALUE(struct lock_changes, lock_changes_done)
/* Of one platform's: appends to out, which must not outlive the locks. */
void lock_changes_find(const struct lock *from, const struct lock *to, struct lock_changes *out);
#endif
