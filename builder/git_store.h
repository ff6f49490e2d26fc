/* builder/git_store.h - commits of git repositories, fetched once: checked out in the cache, by
 * address and commit. A branch or a tag is only asked for, unless its commit is new. */
#ifndef KILN_GIT_STORE_H
#define KILN_GIT_STORE_H
#include "specs/base/digest.h"
#include "specs/source_address.h"

struct git_commit {
	struct str name;     /* 40 hex digits */
	struct digest files; /* of source_copy_checkout */
	const char *folder;  /* of the checkout, with its .git: not to be changed */
};

/* The source's revision; texts in the arena. One process fetches, others wait; a checkout that is
 * no longer what was fetched, in its files or its .git, is fetched again. Logins are those of
 * git_fetch, and part of nothing. ERR_ABSENT when offline, unless a whole commit's name is given
 * and it is there; else errors of git_fetch. */
int git_store_get(const char *cache, const struct source_address *s, bool offline, struct arena *a,
		  struct git_commit *out, struct err **e);
#endif
