/* builder/build_run.h - what the files of build_image share; nobody else includes it. */
#ifndef KILN_BUILD_RUN_H
#define KILN_BUILD_RUN_H
#include "builder/build_private.h"
#include "cache/records.h"

/* One platform's image. */
struct made {
	struct build *b;
	const struct lock *lock;
	struct packed packed;
	struct arena arena; /* env's */
	struct strs env;
	struct image image;
	struct str sbom, predicate; /* predicate: of the provenance; where they are wanted */
	uint64_t created;
};

struct run {
	struct build *b; /* the first platform's */
	const struct definition *d;
	const struct lock *locked;	   /* [count]; or NULL */
	struct lock solved[PLATFORMS_MAX]; /* when it is not */
	struct made made[PLATFORMS_MAX];
	size_t count;		  /* platforms */
	struct image_index index; /* of several */
	struct destination *to;
	size_t to_count;
	struct build_result *result;
	struct records *records;
	struct phases phases;
	char key_hex[DIGEST_HEX + 1];
};

/* Locks of all platforms, given or solved, and their digest, before anything is made for one. */
int run_get_locks(struct run *r, struct err **e);
/* The image of platform i; its layers, and the base's, go to every destination meanwhile. */
int run_make_image(struct run *r, size_t i, struct err **e);
/* The documents of one image, once that is made; and to every destination, once they have it. */
int run_write_documents(struct run *r, struct made *m, const struct link_plan *plan,
			struct err **e);
int run_push_documents(struct run *r, struct err **e);
/* The locks of all platforms as lock_digest has them, so that the text's digest leads to it; false
 * where there is nothing to keep: no packages, pip's from a folder of this machine, or more than a
 * blob of the store takes. */
bool run_write_lock(const struct run *r, struct buf *out);
/* ERR_ABSENT when they are wanted, and an image that exists has them not. */
int run_find_documents(const struct run *r, struct err **e);
/* What an image says it was made: SOURCE_DATE_EPOCH, else the newest of its packages. */
uint64_t build_created(const struct link_plan *plan);
/* Dockerfile and context of an image that was made. They must not outlive it. */
struct build_context;
int run_make_context(struct run *r, const struct made *m, const struct render_options *o,
		     struct build_context *c, struct err **e);
/* The base that the definition's docker steps make; nothing where it has none. */
int run_make_base(struct run *r, struct err **e);
/* The image built and pushed by a container engine, of the layers that were made; its digest. */
int run_engine(struct run *r, struct err **e);
void run_done(struct run *r);
/* Returns code; an error says which of several platforms it is of. */
int run_error(const struct run *r, const struct build *b, int code, struct err **e);

/* Members of the document that `kiln build --json` prints: of what was made, or of what the records
 * know, which is nothing (known: NULL) when another machine has made it. */
void document_put_made(const struct run *r, struct json_out *j);
void document_put_known(struct run *r, const struct built *known, struct json_out *j);
/* The document: head, the members that the way taken has put, seconds. */
void document_write(struct run *r, struct str members);
#endif
