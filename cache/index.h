/* cache/index.h - a channel's repodata for one subdir, scanned once into a file that is mapped.
 *
 * repodata.json (CEP 36) of the largest channel is half a gigabyte: it is read as a stream,
 * never held as a document, and what a solve needs is written to an index file, keyed by the
 * digest of its source: names sorted, each with its records together; every distinct
 * match-spec text once. Opening maps the file; looking at a name touches that name only.
 * All integers of the file are those of this machine; a file of another make, or one that the
 * disk has changed, is refused (ERR_CORRUPT) and made again. `.conda` hides a `.tar.bz2` of the
 * same stem; names in `removed` are left out. */
#ifndef KILN_CACHE_INDEX_H
#define KILN_CACHE_INDEX_H
#include "cache/json_stream.h"
#include "specs/record.h"

/* Fed with the JSON in pieces of any size; at the end the index stands at `path`. */
struct index_writer;
int index_writer_open(const char *path, struct index_writer **out, struct err **e);
int index_writer_feed(struct index_writer *w, const void *p, size_t n, struct err **e);
/* The same document told event by event, from JSON_OBJECT to its JSON_OBJECT_END, instead of fed:
 * for records that come in another form. Sections may come more than once. */
int index_writer_event(struct index_writer *w, enum json_event what, struct str text,
		       struct err **e);
/* Writes the file (aside, then renamed). ERR_CORRUPT when the JSON was not whole. */
int index_writer_finish(struct index_writer *w, struct err **e);
void index_writer_free(struct index_writer *w);
AUTO_DEFINE(struct index_writer *, index_writer_free)

struct index;
/* Reads all of the file once, to see that it is as it was written; ERR_CORRUPT. */
int index_open(const char *path, struct index **out, struct err **e);
/* The same without that, for one that this process has just made. */
int index_open_own(const char *path, struct index **out, struct err **e);
void index_close(struct index *x);
AUTO_DEFINE(struct index *, index_close)
/* Gives back the memory of what was looked at; it may be looked at again. */
void index_rest(const struct index *x);

size_t index_name_count(const struct index *x);
struct str index_name(const struct index *x, size_t i); /* sorted by bytes */
/* Records of a name: first and count; false when the name is not there. */
bool index_find(const struct index *x, struct str name, uint32_t *first, uint32_t *count);
/* Fills what is known of one record: all but version, channel, url, depends and constrains. The
 * file name may be made in the arena, all other texts lie in the mapping. */
void index_record(const struct index *x, uint32_t record, struct arena *a, struct record *out);
struct str index_build(const struct index *x, uint32_t record);

/* What a solve asks of hundreds of thousands, from the part of the file that is dense. */
struct index_entry {
	uint64_t build_number, timestamp;
	uint32_t version;    /* id of a version; UINT32_MAX where there is no such record */
	bool features;	     /* it has track_features */
	bool dated;	     /* see index_published */
	const uint32_t *run; /* ids of texts: depends, then constrains. Records that have the same
			      * ones in the same order mostly share one run. */
	uint16_t depends, constrains;
};
void index_entry(const struct index *x, uint32_t record, struct index_entry *out);
/* When the channel had a record, which may be long after it was built (CEP 47): milliseconds since
 * 1970, 0 unless it is dated. */
uint64_t index_published(const struct index *x, uint32_t record);
/* Distinct versions, as written. */
size_t index_version_count(const struct index *x);
struct str index_version(const struct index *x, uint32_t version);
/* Distinct texts of depends and constrains. */
size_t index_text_count(const struct index *x);
struct str index_text(const struct index *x, uint32_t text);
/* info.base_url of the repodata; empty: the folder of repodata itself. */
struct str index_base_url(const struct index *x);
#endif
