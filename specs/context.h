/* specs/context.h - folders that Docker images are built from, as azure-ai-ml knows them. */
#ifndef KILN_CONTEXT_H
#define KILN_CONTEXT_H
#include "specs/base/digest.h"

/* The hash that azure-ai-ml gives a folder that it uploads: of names and contents, in the order of
 * names without case, links followed; without what .amlignore names, or .gitignore where there is
 * no .amlignore. Times and modes do not count. ERR_ABSENT, ERR_IO, ERR_LIMIT. */
int context_hash(const char *folder, struct digest *out, struct err **e);
/* The digest of all that the folder holds: paths, kinds, permissions, contents, targets of links,
 * which are not followed. What a Dockerfile may copy from there is in it, and more. */
int context_digest(const char *folder, struct digest *out, struct err **e);
#endif
