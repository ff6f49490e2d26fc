/* builder/git_fetch.h - a commit of a git repository, by the program git. */
#ifndef KILN_GIT_FETCH_H
#define KILN_GIT_FETCH_H
#include "specs/base/log.h"
#include "specs/source_address.h"

/* Clones the source's repository into `folder`, which exists and is empty, checks out its revision
 * with submodules, and names the commit in the arena. History and tags are there, as versions are
 * told from them. Logins and tokens come from the address (never as a word of a command, nor in the
 * clone's settings) and are for it alone, not for submodules; or from where git has them.
 * ERR_ABSENT: there is no git; ERR_UNSOLVABLE: no such revision; ERR_NET and ERR_REFUSED with git's
 * words. */
int git_fetch(const struct source_address *s, const char *folder, struct arena *a,
	      struct str *out_commit, struct err **e);
/* The commit that the source's branch or tag stands for now, by one question to its host; empty
 * when it is neither, as an abbreviated commit is. folder: any to work in. Errors as above. */
int git_ask(const struct source_address *s, const char *folder, struct arena *a,
	    struct str *out_commit, struct err **e);
#endif
