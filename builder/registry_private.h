/* builder/registry_private.h - what the files of registry share; nobody else includes it. */
#ifndef KILN_REGISTRY_PRIVATE_H
#define KILN_REGISTRY_PRIVATE_H
#include "builder/auth.h"
#include "builder/ocilayout.h"
#include "builder/registry.h"
#include "specs/base/vec.h"
#include <pthread.h>
#include <stdatomic.h>

struct registry {
	struct http *http;
	struct log *log;
	struct arena arena;
	const char *platform;
	struct ocilayout *layout; /* of an oci: reference; what follows is not used then */
	struct str host;	  /* the one that is asked */
	bool loopback;
	unsigned backoff_ms;
	struct auth *auth;
	pthread_mutex_t lock;
	char *base; /* "https://HOST"; NULL until the first request */
	VEC(char *) warned;
	/* What was learnt of this registry: */
	atomic_bool patches;	     /* a whole PUT is not understood: POST, PATCH, PUT */
	atomic_bool mount_refused;   /* mounts meet an error, not a 202 */
	_Atomic uint64_t chunk_size; /* largest body it takes; 0: any */
};

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
/* Waits a little, longer after each failure. ERR_INTERRUPTED. */
int registry_wait(const struct registry *g, unsigned failures, struct err **e);
#endif
