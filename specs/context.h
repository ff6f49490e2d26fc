/* specs/context.h - folders that Docker images are built from: as azure-ai-ml knows them, and what
 * an engine gets of them. */
#ifndef KILN_CONTEXT_H
#define KILN_CONTEXT_H
#include "specs/base/buf.h"
#include "specs/base/digest.h"

/* The hash that azure-ai-ml gives a folder that it uploads: of names and contents, in the order of
 * names without case, links followed; without what .amlignore names, or .gitignore where there is
 * no .amlignore. Times and modes do not count. ERR_ABSENT, ERR_IO, ERR_LIMIT. */
int context_hash(const char *folder, struct digest *out, struct err **e);

enum context_kind { CONTEXT_FILE, CONTEXT_FOLDER, CONTEXT_SYMLINK };

struct context_entry {
	enum context_kind kind;
	struct str path;   /* relative to the folder, clean; ended by 0 */
	const char *from;  /* where it is */
	unsigned mode;	   /* permissions */
	uint64_t size;	   /* of a file */
	struct str target; /* of a link, which is not followed; ended by 0 */
};
struct context_folder {
	const char *path;
	struct str dockerfile; /* relative to it: sent whatever is left out */
	/* Of a git repository: the .git at its top is no part of it, and modes are git's, 0755 or
	 * 0644, whatever the checkout has. */
	bool checkout;
};
/* Goes through what an engine gets of a folder, each part of a path sorted: without what its
 * .dockerignore leaves out. Texts live until entry() returns. ERR_ABSENT, ERR_IO, ERR_LIMIT,
 * ERR_SYNTAX for .dockerignore, or what entry() returned. */
int context_walk(const struct context_folder *folder,
		 int (*entry)(void *cookie, const struct context_entry *entry, struct err **e),
		 void *cookie, struct err **e);
/* The digest of all that: paths, kinds, permissions, contents, targets of links. */
int context_digest(const struct context_folder *folder, struct digest *out, struct err **e);
#endif
