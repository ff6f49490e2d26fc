/* specs/lock.h - exact artefacts: conda-lock.yml (version 1), pixi.lock (versions 4 to 7, which
 * are only read) and @EXPLICIT lists.
 *
 * A lock holds what a solve found, in the order in which packages are linked (dependencies
 * first). It is a pure function of definition and channels: no clock, no machine. Base digest
 * and virtual packages stand under metadata.custom_metadata, as conda-lock refuses unknown
 * keys. Repodata patches survive as `dependencies`; constrains and the like are read from
 * the archive itself when it is linked. */
#ifndef KILN_LOCK_H
#define KILN_LOCK_H
#include "specs/record.h"

/* The file that a lock is kept in beside a definition, and what is read of it at most. */
#define LOCK_FILE_NAME "conda-lock.yml"
enum { LOCK_SIZE_MAX = 64 << 20 };

struct lock_channel {
	struct str url; /* as the user named it, without credentials */
};

struct lock {
	struct arena arena;
	struct str platform;	/* conda's name: "linux-64" */
	struct str key;		/* 64 hex digits: the definition it was made for; empty: unknown */
	struct str base_name;	/* reference of the base image; empty: none */
	struct str base_digest; /* "sha256:..." ; empty: none */
	struct strs channels;	/* addresses or names, highest priority first */
	struct strs virtuals;	/* "__glibc=2.36=0", sorted */
	struct strs pip;   /* the pip requirements and where they come from: key_requirements */
	struct strs specs; /* the requested specs, canonical, sorted */
	struct record *records; /* conda packages, dependencies first */
	size_t count;
};

void lock_done(struct lock *l);
AUTO_DEFINE_VALUE(struct lock, lock_done)
/* conda-lock.yml; equal locks give equal bytes. What sources are built with, and what comes of it,
 * stands under metadata.custom_metadata. */
int lock_write(const struct lock *l, struct buf *out, struct err **e);
/* Several platforms of one definition in one file, each of which lock_read finds again. What they
 * share (channels, specs, base) is the first's. v: [n], at least one. */
int lock_write_all(const struct lock *v, size_t n, struct buf *out, struct err **e);
/* "@EXPLICIT" with "#" + md5, or "#sha256:" where there is no md5. */
int lock_write_explicit(const struct lock *l, struct buf *out, struct err **e);
struct lock_source {
	struct str text;
	const char *what;	 /* the file's name, for messages */
	const char *platform;	 /* "linux-64" */
	const char *environment; /* of a pixi.lock; NULL: "default" */
};
/* Reads any form, told apart by content. ERR_SYNTAX with what:line:column; ERR_ABSENT when the
 * lock has nothing for the platform; ERR_USAGE when it has no such environment. */
int lock_read_from(const struct lock_source *from, struct lock *out, struct err **e);
/* Whether a text looks like one of these forms. */
bool lock_is(struct str text);
/* The same of the environment "default". */
int lock_read(struct str text, const char *what, const char *platform, struct lock *out,
	      struct err **e);
/* Addresses of pip's packages below the folder, an absolute path, become relative to it:
 * "file:./pkg", "git+file:./pkg@COMMIT"; and back. So a lock and what lies beside it can be moved.
 */
void lock_make_relative(struct lock *l, const char *folder);
void lock_make_absolute(struct lock *l, const char *folder);
/* A copy that names the base only by its digest, unless a registry has it: the folder of a layout
 * is nobody else's. All is shared with *from. */
void lock_without_base_place(const struct lock *from, struct arena *a, struct lock *out);
/* SHA-256 of what lock_write gives, wherever on the machine the base and pip's packages are: they
 * are known by their own digests. */
int lock_digest(const struct lock *l, struct digest *out, struct err **e);
int lock_digest_all(const struct lock *v, size_t n, struct digest *out, struct err **e);
#endif
