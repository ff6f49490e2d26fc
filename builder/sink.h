/* builder/sink.h - where the files of an environment go: a layer's tar, or a folder.
 *
 * Linking emits entries; it does not know which of the two receives them. Paths are relative
 * to the prefix, clean, in UTF-8 or raw bytes, never with ".." or a leading "/". Directories
 * are not emitted for parents of files: a sink makes those (in a folder) or leaves them to
 * the layer (in a segment). */
#ifndef KILN_SINK_H
#define KILN_SINK_H
#include "specs/base/buf.h"

/* ENTRY_REMOVED: what another sink of the same environment was given there is to be gone. */
enum entry_kind { ENTRY_FILE, ENTRY_SYMLINK, ENTRY_HARDLINK, ENTRY_DIR, ENTRY_REMOVED };

struct entry {
	enum entry_kind kind;
	const char *path;
	const char *target; /* of a symlink: its text; of a hard link: an earlier entry's path */
	unsigned mode;	    /* permission bits */
	int64_t mtime;	    /* seconds */
	uint64_t size;	    /* of a file: exactly so many bytes follow through data */
};

struct sink {
	int (*entry)(struct sink *s, const struct entry *entry, struct err **e);
	int (*data)(struct sink *s, const void *p, size_t n, struct err **e);
};

/* A sink that writes below a folder, which must exist; names are opened below its
 * descriptor, never through links that lead out. */
struct sink *sink_folder_new(const char *path, struct err **e);
/* Ends the last file and gives directories their modes and times, which could not be set
 * before. sink_folder_free does the same without telling of failures. */
int sink_folder_end(struct sink *s, struct err **e);
void sink_folder_free(struct sink *s);
AUTO_DEFINE(struct sink *, sink_folder_free)
#endif
