/* cache/index_writer_private.h - what the parts of the index writer share; for them only.
 *
 *	index_writer.c	bytes come in; a thread reads them
 *	index_json.c	events of the JSON: where in repodata they stand
 *	index_quick.c	records that are written as nearly all are, without events
 *	index_fields.c	a record, field by field
 *	index_file.c	the file */
#ifndef KILN_CACHE_INDEX_WRITER_PRIVATE_H
#define KILN_CACHE_INDEX_WRITER_PRIVATE_H
#include "cache/index.h"
#include "cache/index_format.h"
#include "cache/intern.h"
#include "cache/json_stream.h"
#include "specs/base/fs.h"
#include "specs/base/vec.h"
#include <pthread.h>

enum section { IN_NONE, IN_INFO, IN_PACKAGES, IN_REMOVED, IN_V3 };
enum field {
	F_NONE,
	F_NAME,
	F_VERSION,
	F_BUILD,
	F_BUILD_NUMBER,
	F_DEPENDS,
	F_CONSTRAINS,
	F_SUBDIR,
	F_NOARCH,
	F_MD5,
	F_SHA256,
	F_SIZE,
	F_TIMESTAMP,
	F_INDEXED,
	F_TRACK_FEATURES,
	F_LICENSE,
	F_SITE_PACKAGES,
	F_COUNT
};
enum { INDEX_FN_MAX = 4096 };

/* A record while others may still hide it. */
struct pending {
	uint64_t stem; /* hash of the file name without its extension */
	struct index_hot hot;
	uint32_t name : 31, conda : 1; /* name: id of names */
};

/* The record that is being read. */
struct draft {
	struct index_hot hot;
	struct index_cold cold;
	uint64_t build_number, indexed;
	enum noarch noarch;
	uint32_t name, subdir, features, site_packages; /* features and so on: strings */
	bool has_name, has_version;
	struct buf fn, build, feature_words;
};

/* Bytes on their way to the thread that reads them. */
enum { QUEUE_BLOCK = 1 << 20, QUEUE_BLOCKS = 4 };
struct queue {
	size_t room; /* of a block: QUEUE_BLOCK; tests make it small */
	char *block[QUEUE_BLOCKS];
	size_t filled[QUEUE_BLOCKS];
	unsigned first, count; /* blocks that wait, or are being read */
	unsigned filling;      /* the block behind them */
	size_t now;	       /* bytes in it */
	bool running, ended;
	int code; /* of the reader, when it stopped */
	struct err *error;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
};

struct index_writer {
	char *path;
	struct fs_file file;
	struct queue queue;
	struct json_stream json;
	struct buf cold;       /* not yet in the file */
	uint64_t written, crc; /* bytes in the file; of those behind the header */
	struct intern names, versions, strings, texts;
	VEC(struct pending) records;
	VEC(uint32_t) deps;
	VEC(uint32_t) constrains; /* of the record being read */
	VEC(uint64_t) removed;	  /* as pending.stem and the extension give it */
	/* Where the JSON stands. */
	unsigned depth, skip; /* skip: depth of the container that is passed over, or 0 */
	enum section section;
	enum field field;
	const char *bucket; /* extension that names in v3 lack; NULL: none */
	struct draft now;
	/* Of the record before it, for guesses. */
	struct index_hot last;
	uint32_t last_name, last_license;
	uint32_t like, like_end;     /* in deps: what its next dependencies were */
	enum field follows[F_COUNT]; /* which field came behind another */
	bool conda, other;	     /* records of either extension were seen */
	uint32_t base_url, subdir;   /* strings; subdir: of the first record */
};

/* ---- index_json.c ---- */
int index_event(void *cookie, enum json_event what, struct str text, struct err **e);
enum field index_field_of(struct str key); /* F_NONE: one we do not read */
struct str index_field_key(enum field field);

/* ---- index_quick.c ---- */
/* Reads members of "packages" from p as long as they are simple and whole; first: no comma stands
 * before the first one. Answers how many bytes that were, or an error. */
ptrdiff_t index_read_quickly(struct index_writer *w, const char *p, const char *end, bool first,
			     struct err **e);

/* ---- index_fields.c ---- */
void index_record_begins(struct index_writer *w, struct str fn);
int index_record_ends(struct index_writer *w, struct err **e);
void index_set_string(struct index_writer *w, struct str text);
void index_set_number(struct index_writer *w, struct str text);
void index_list_begins(struct index_writer *w);
void index_add_element(struct index_writer *w, struct str text);
void index_list_ends(struct index_writer *w);
int index_flush_cold(struct index_writer *w, struct err **e);
/* What a file is known by while all are compared: equal stems, equal hashes. */
uint64_t index_file_hash(struct str fn, bool *out_conda);
#define INDEX_CONDA_HASH 0x9e3779b97f4a7c15u /* what .conda adds to the hash of a stem */

/* ---- index_file.c ---- */
int index_append(struct index_writer *w, const void *p, size_t n, struct err **e);
int index_write(struct index_writer *w, struct err **e);
#endif
