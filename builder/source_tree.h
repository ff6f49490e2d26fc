/* builder/source_tree.h - the source of a distribution as a folder: an archive unpacked, a folder
 * of this machine copied, and what its files are as a digest. */
#ifndef KILN_SOURCE_TREE_H
#define KILN_SOURCE_TREE_H
#include "builder/sink.h"
#include "specs/base/digest.h"

/* Times of what an archive or a copy does not tell, or must not: 1980, the first that a zip holds.
 */
#define SOURCE_EPOCH 315532800

/* Unpacks the archive below `folder`, which is empty. *out: where its source begins, which is the
 * one folder at the top of most archives; the caller frees it. Names that lead out, and links that
 * do, are ERR_CORRUPT, which names archive and member. Modes are 0755 or 0644. */
int source_unpack(const char *archive, const char *folder, char **out, struct err **e);

/* Copies the folder's files and links below `to`, in which they get one and the same time, and says
 * what they are: *out is a digest of names, kinds, execute bits and bytes. to: NULL: only the
 * digest. Left out is what tools leave behind (__pycache__, virtual environments, caches); of .git,
 * from which many a version is told, the digest knows the commit and the tags. ERR_LIMIT past
 * what kiln accepts as a source. */
int source_copy(const char *from, struct sink *to, struct digest *out, struct err **e);
/* The same of a checkout, whose files are all tracked: nothing is left out. Its .git does not
 * count, so that the digest is the same for all clones. */
int source_copy_checkout(const char *from, struct sink *to, struct digest *out, struct err **e);
#endif
