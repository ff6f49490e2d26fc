/* cache/package.h - package archives: fetched in parallel, verified, kept by their SHA-256. */
#ifndef KILN_CACHE_PACKAGE_H
#define KILN_CACHE_PACKAGE_H
#include "cache/http.h"
#include "cache/missing.h"
#include "specs/record.h"

struct package_file {
	char *path;	      /* of the archive in the cache; owned by the list */
	struct digest sha256; /* what its bytes hash to */
	uint64_t size;
	bool verified; /* in this run: fetched, or compared with sha256 */
};

struct package_options {
	const char *cache;	 /* the cache folder; archives live in its packages/ */
	bool offline;		 /* fetch nothing; ERR_ABSENT names all that is not there */
	struct missing *missing; /* where that is noted as well; may be NULL */
	unsigned jobs;
	struct log *log;
};

/* Makes sure that every record's archive is in the cache: out[i] for records[i]; the path of one
 * that has none (a folder's, a git repository's) is NULL. A record
 * without sha256 is checked by md5 and size. ERR_DIGEST names the package and both digests;
 * a truncated file is tried again once, from zero. Nothing half-made stays behind. */
int packages_fetch(struct http *h, const struct record *records, size_t count,
		   const struct package_options *o, struct package_file *out, struct err **e);
/* For who is about to read an archive: compares one that an earlier run has kept with its digest;
 * what the disk has damaged is fetched again. Where that cannot be (h is NULL, offline, a wheel
 * that was built here) it is removed, ERR_DIGEST. */
int package_check(struct http *h, const struct record *r, const struct package_options *o,
		  const struct package_file *file, struct err **e);
/* What of it is in the cache: out[i] for records[i], its path NULL where it is not. Nothing is
 * fetched. *missing: how many are not there. */
int packages_find(const struct record *records, size_t count, const char *cache,
		  struct package_file *out, size_t *missing, struct err **e);
/* Asks the channels for the sizes that records do not say (a lock's do not). What nobody tells
 * stays 0. ERR_INTERRUPTED. */
int packages_ask_sizes(struct http *h, struct record *records, size_t count,
		       const struct package_options *o, struct err **e);
void package_files_done(struct package_file *files, size_t count);
#endif
