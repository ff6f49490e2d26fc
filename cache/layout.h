/* cache/layout.h - where things live in the cache folder.
 *
 *     packages/SHA256.conda    archives            indexes/X-SHA256.index  scanned repodata
 *     channels/HEX.json        their validators    blobs/sha256/HEX        small blobs, shards
 *     channels/HEX.shards      lists of shards
 *     segments/...             packed packages     records.db              what was built
 *     locks/...                held while one process makes what others wait for
 *     interpreters/HEX         pythons, to compile with
 *     trees/...                for link scripts and builds, while they run
 *     built/HEX                which wheel came of a source
 *     git/HEX                  commits, checked out
 *     uv/...                   uv's own cache
 *
 * Everything may be removed at any time when no kiln runs. */
#ifndef KILN_CACHE_LAYOUT_H
#define KILN_CACHE_LAYOUT_H
#include "specs/base/err.h"

enum layout_part {
	LAYOUT_PACKAGES,
	LAYOUT_INDEXES,
	LAYOUT_CHANNELS,
	LAYOUT_BLOBS,
	LAYOUT_SEGMENTS,
	LAYOUT_LOCKS,
	LAYOUT_INTERPRETERS,
	LAYOUT_TREES,
	LAYOUT_BUILT,
	LAYOUT_GIT,
	LAYOUT_UV,
};

/* The cache folder of this user, not made yet; the caller frees *out. $KILN_CACHE, else
 * $XDG_CACHE_HOME/kiln, else ~/.cache/kiln. ERR_ABSENT when there is no home. */
int layout_default(char **out, struct err **e);
/* The folder of a part below the cache folder, made (0700) when absent; the caller frees. */
int layout_folder(const char *cache, enum layout_part part, char **out, struct err **e);
/* Waits for the lock of that name, a file below `folder`; held until *out_fd is closed or the
 * process ends. Threads of one process exclude each other too. ERR_INTERRUPTED. */
int layout_lock(const char *folder, const char *name, int *out_fd, struct err **e);
/* Puts the folder `aside`, which is whole, in the place of what stands at `place`: after a power
 * cut its files are all there, or none. aside stays where it is on an error. */
int layout_place(const char *aside, const char *place, struct err **e);
#endif
