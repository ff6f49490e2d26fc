/* builder/tar.h - runs of tar entries, with or without an end, into a packer.
 *
 * Headers are ustar with a pax header only where a name is too long or not ASCII; owners are
 * 0 and nameless, times whole seconds. Names are the prefix without its first slash, "/" and
 * the entry's path. */
#ifndef KILN_TAR_H
#define KILN_TAR_H
#include "builder/compress.h"
#include "builder/sink.h"
#include <archive.h>

/* 1980-01-01, the first time that zip can say: whoever packs a tree again has no trouble. */
#define TAR_DIRECTORY_MTIME 315532800

struct tar;
/* packer: borrowed. */
struct tar *tar_new(const char *prefix, struct packer *packer);
void tar_free(struct tar *t);
AUTO_DEFINE(struct tar *, tar_free)
/* One entry's header; a directory "" is the prefix itself. ERR_CORRUPT for a name a layer cannot
 * hold. */
int tar_entry(struct tar *t, const struct entry *entry, struct err **e);
/* Bytes of the file that was begun last; ERR_FAILED past its size. */
int tar_data(struct tar *t, const void *p, size_t n, struct err **e);
/* Ends the file that was begun last; ERR_FAILED when bytes are missing. */
int tar_finish(struct tar *t, struct err **e);
/* The two zero blocks that end an archive. */
int tar_end_of_archive(struct packer *packer, struct err **e);
/* libarchive's writer as all our tars are written; the caller frees it. */
struct archive *tar_open(archive_write_callback *write, void *cookie);
/* The library that decides the bytes, for identities. */
struct str tar_identity(void);
#endif
