/* cache/records.h - what was built: (key, destination) -> image, lock and summary; facts that were
 * found in bytes with a digest; and what images' names stood for.
 *
 * A SQLite database (records.db in the cache folder) that any number of processes share.
 * It is a shortcut only: the registry's own tag for the key is what counts, so a database that is
 * damaged, whenever that is found, or of a later version is put aside (records.db.unusable), and
 * what was asked is asked of a new one. */
#ifndef KILN_CACHE_RECORDS_H
#define KILN_CACHE_RECORDS_H
#include "specs/base/arena.h"
#include "specs/base/digest.h"

struct records; /* opaque: the open database; one thread at a time */

struct built {
	struct digest key;
	struct str destination; /* "HOST/REPOSITORY" */
	struct digest manifest; /* of the image (or index) */
	struct digest lock;
	uint64_t size;	    /* bytes of the image, compressed */
	uint64_t built_s;   /* seconds since 1970; 0 when put: now */
	struct str summary; /* JSON, one document, at most 16 MiB */
};

/* Opens the database, making folder and file when absent. The caller owns *out. */
int records_open(const char *cache, struct records **out, struct err **e);
void records_close(struct records *r); /* NULL is fine */
AUTO_DEFINE(struct records *, records_close)
/* Keeps b, in place of what the same key and destination had. */
int records_put(struct records *r, const struct built *b, struct err **e);
/* Texts in the arena. ERR_ABSENT when it was not built (or forgotten). */
int records_get(struct records *r, const struct digest *key, struct str destination,
		struct arena *a, struct built *out, struct err **e);
/* The same of the key alone: the newest, wherever it went. */
int records_find(struct records *r, const struct digest *key, struct arena *a, struct built *out,
		 struct err **e);
/* Forgets one: the registry no longer has it. Not having it is fine. */
int records_forget(struct records *r, const struct digest *key, struct str destination,
		   struct err **e);
/* All, newest first; a negative answer of `each` ends the walk and is returned. The slices
 * of b live during the call only. */
int records_each(struct records *r,
		 int (*each)(void *cookie, const struct built *b, struct err **e), void *cookie,
		 struct err **e);
/* The manifest that an image's name (HOST/REPOSITORY:TAG) was last seen to stand for. Nothing is
 * written when that is known already. */
int records_put_name(struct records *r, struct str name, const struct digest *manifest,
		     struct err **e);
/* ERR_ABSENT when the name was never seen. */
int records_get_name(struct records *r, struct str name, struct digest *out, struct err **e);
/* A short text that is true of the bytes of that digest, whoever looks: what it cost much to
 * find out. One a digest and topic. */
int records_put_fact(struct records *r, const struct digest *of, const char *topic, struct str fact,
		     struct err **e);
/* ERR_ABSENT when nothing is known. */
int records_get_fact(struct records *r, const struct digest *of, const char *topic, struct arena *a,
		     struct str *out, struct err **e);
#endif
