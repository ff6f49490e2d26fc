/* builder/registry_private.h - what the files of registry share; nobody else includes it. */
#ifndef KILN_REGISTRY_PRIVATE_H
#define KILN_REGISTRY_PRIVATE_H
#include "builder/auth.h"
#include "builder/ocilayout.h"
#include "builder/registry.h"
#include "specs/base/vec.h"
#include <pthread.h>
#include <stdatomic.h>

struct image_tar;
struct engine;

/* What is done with places of one form, g->form: a row of the table in registry_form.c. NULL: not
 * with these (registry_form: read), or in the way that all can. */
struct registry_actions {
	int (*open)(struct registry *g, const struct reference *r, struct registry *like,
		    struct err **e);
	int (*get_manifest)(struct registry *g, const struct reference *r, struct buf *out,
			    struct buf *media_type, struct digest *digest, struct err **e);
	int (*head)(struct registry *g, const struct reference *r, struct digest *out,
		    uint64_t *out_size, struct err **e);
	int (*read_blob)(struct registry *g, const struct reference *r, const struct blob_read *b,
			 struct err **e);
	int (*has_blob)(struct registry *g, const struct reference *r, const struct descriptor *d,
			struct err **e);
	int (*push_blob)(struct registry *g, const struct reference *to, struct push_blob *b,
			 struct err **e);
	int (*put)(struct registry *g, const struct reference *to, const struct push_manifest *m,
		   struct err **e);
	/* ERR_ABSENT: the registry has no such lists. */
	int (*referrers)(struct registry *g, const struct reference *r, const struct digest *image,
			 struct buf *out, struct err **e);
	int (*tags)(struct registry *g, const struct reference *r, struct arena *a,
		    struct strs *out, struct err **e);
};
extern const struct registry_actions registry_remote, registry_layout, registry_archive,
	registry_daemon;

struct registry {
	const struct registry_form *form;
	const struct registry_actions *actions;
	struct http *http;
	struct log *log;
	struct records *records;
	struct arena arena;
	const char *platform;
	struct ocilayout *layout; /* of oci: */
	/* Of the archives and of an engine: */
	struct reference whole; /* what is written, named as the user did */
	struct image_tar *tar;	/* while it is */
	struct engine *engine;	/* NULL until the first request */
	/* Of a registry: */
	struct str host; /* the one that is asked */
	bool loopback;
	unsigned backoff_ms;
	bool brief;
	struct auth *auth;
	pthread_mutex_t lock;
	char *base; /* "https://HOST"; NULL until the first request */
	VEC(char *) warned;
	/* What was learnt of this registry: */
	atomic_bool patches;	     /* a whole PUT is not understood: POST, PATCH, PUT */
	atomic_bool mount_refused;   /* mounts meet an error, not a 202 */
	_Atomic uint64_t chunk_size; /* largest body it takes; 0: any */
};

/* The media type of a manifest, as its sender says or as it looks. */
int registry_manifest_type(const struct http_answer *a, struct buf *out, struct err **e);
/* All of a blob that is pushed, from byte `at`, until it is given up. */
int push_blob_read(const struct push_blob *b, uint64_t at, write_bytes *write, void *to,
		   struct err **e);
/* Around the bytes of a blob that comes from another registry: few at once. */
void through_enter(const struct push_blob *b);
void through_leave(const struct push_blob *b);

/* A request, and what it needs to be allowed. */
struct call {
	struct http_request http; /* headers: at most CALL_HEADERS */
	struct str scope;
};
enum { CALL_HEADERS = 6 };

/* Sends it with what login the registry wants, and again when a 401 says how. Any status is a
 * success; the login goes to the registry itself only. */
int registry_send(struct registry *g, const struct call *c, struct http_answer *out,
		  struct err **e);
/* An error from a status that was not wanted, with what the registry says of it. */
int registry_error(struct registry *g, const struct call *c, const struct http_answer *a,
		   struct err **e);
/* Whether the answer's errors hold a code that begins so. */
bool answer_says(const struct http_answer *a, const char *code);
/* Appends "https://HOST/v2/REPOSITORY/" + what. Asks a loopback host once what it speaks. */
int registry_url(struct registry *g, const struct reference *r, const char *what, struct buf *out,
		 struct err **e);
/* "repository:R:pull" or "...:pull,push". */
struct str registry_scope(struct arena *a, const struct reference *r, const char *actions);
/* registry_remote's actions, in the files that do them. */
int remote_get_manifest(struct registry *g, const struct reference *r, struct buf *out,
			struct buf *media_type, struct digest *digest, struct err **e);
int remote_head(struct registry *g, const struct reference *r, struct digest *out,
		uint64_t *out_size, struct err **e);
int remote_read_blob(struct registry *g, const struct reference *r, const struct blob_read *b,
		     struct err **e);
int remote_has_blob(struct registry *g, const struct reference *r, const struct descriptor *d,
		    struct err **e);
int remote_push_blob(struct registry *g, const struct reference *to, struct push_blob *b,
		     struct err **e);
int remote_referrers(struct registry *g, const struct reference *r, const struct digest *image,
		     struct buf *out, struct err **e);
int remote_tags(struct registry *g, const struct reference *r, struct arena *a, struct strs *out,
		struct err **e);
int remote_put(struct registry *g, const struct reference *to, const struct push_manifest *m,
	       struct err **e);
#endif
