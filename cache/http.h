/* cache/http.h - HTTP transfers through libcurl, many at once, retried and bounded.
 *
 * A struct http belongs to one process and may be used by any thread: each call drives its
 * own transfers. Addresses in errors and logs show scheme, host and path only. Redirects of
 * GET and HEAD are followed, credentials are not sent to another host. file:// works for GET
 * and HEAD. */
#ifndef KILN_CACHE_HTTP_H
#define KILN_CACHE_HTTP_H
#include "specs/base/log.h"

struct http;
struct mirrors;

enum { HTTP_CONNECT_MS = 20 * 1000, HTTP_IDLE_MS = 60 * 1000 };
struct http_options {
	unsigned connect_ms; /* 0: HTTP_CONNECT_MS */
	unsigned idle_ms;    /* no byte for so long is ERR_NET; 0: HTTP_IDLE_MS */
	unsigned tries;	     /* of one request; 0: 5 */
	unsigned per_host;   /* transfers at once to one host; 0: 6 */
	unsigned backoff_ms; /* most to wait before the second try, then doubling; 0: 500 */
	bool offline;	     /* file:// only: all else is ERR_ABSENT, and nobody is asked */
	struct mirrors
		*mirrors; /* for those who ask by it (cache/mirror.h); borrowed; may be NULL */
	struct log *log;
};

int http_open(const struct http_options *options, struct http **out, struct err **e);
void http_close(struct http *h);
AUTO_DEFINE(struct http *, http_close)
/* Those of its options; NULL without. */
struct mirrors *http_mirrors(const struct http *h);
struct log *http_log(const struct http *h);

/* From now on `real` stands for addresses that are `shown`, or begin with it and a "/": so
 * that a channel's user:password@ or /t/TOKEN/ is known here and nowhere else. */
void http_secret(struct http *h, struct str shown, struct str real);
/* What stands for the address, for programs that fetch it themselves; the caller frees it. */
char *http_real_url(struct http *h, const char *url);

/* What goes out as a body: memory, part of a file, or bytes made as they are asked for (all of
 * them again on a retry). */
struct http_body {
	struct str bytes; /* when fd < 0 and read is NULL */
	int fd;		  /* borrowed; -1: none */
	uint64_t at, size;
	bool present; /* false: no body at all */
	/* Gives at least one of the next n bytes; none (*got = 0) is an early end. rewind comes
	 * before the first byte of each try; `size` counts, `at` does not. */
	int (*read)(void *cookie, void *to, size_t n, size_t *got, struct err **e);
	int (*rewind)(void *cookie, struct err **e);
	void *cookie;
};

/* How a server is known, and how it knows us; NULL: as usual. */
struct http_tls {
	const char *ca, *certificate, *key; /* files (PEM) */
	bool unverified;		    /* the user says not to look */
};

struct http_request {
	const char *method; /* "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" */
	const char *url;
	const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
	struct http_body body;
	bool idempotent;    /* may be sent again after a broken connection */
	bool keep_redirect; /* do not follow; the caller looks at Location */
	bool netrc;	    /* look in $NETRC, else ~/.netrc, for the host; never for a registry */
	bool brief;	    /* somebody else can be asked: two tries, and no long wait between */
	const char *socket; /* of a server on this machine, in place of the address's host */
	const struct http_tls *tls;
	unsigned idle_ms; /* 0: as http_options say */
	uint64_t max;	  /* largest answer accepted (ERR_LIMIT); 0: 16 MiB */
	/* Where the answer's body goes: write is called in order, NULL keeps it in the answer.
	 * After a retry from zero `restart` is called first. A negative return ends the
	 * transfer with that error. Only a 2xx body is handed over. */
	int (*write)(void *cookie, const void *p, size_t n, struct err **e);
	int (*restart)(void *cookie, struct err **e);
	void *cookie;
	struct str task; /* name for progress; empty: not shown */
	uint64_t size;	 /* expected bytes, for progress; 0: unknown */
};

struct http_answer {
	long status;	    /* 0 when nothing was heard */
	struct buf body;    /* of errors always (at most 64 KiB), of 2xx without `write` */
	struct buf headers; /* "name: value\n" lines, names in lower case, of the last response */
	struct buf url;	    /* after redirects */
};
#define HTTP_ANSWER                                                                                \
	{                                                                                          \
		.body = BUF(16 << 20), .headers = BUF(1 << 20), .url = BUF(64 << 10)               \
	}
void http_answer_done(struct http_answer *a);
AUTO_DEFINE_VALUE(struct http_answer, http_answer_done)

/* One request. Any HTTP status is a success of this call; ERR_NET, ERR_TIMEOUT,
 * ERR_INTERRUPTED, ERR_LIMIT are not. 408, 429, 5xx and broken connections are tried again
 * (Retry-After obeyed) before they are given back. */
int http_send(struct http *h, const struct http_request *r, struct http_answer *out,
	      struct err **e);
/* A header of the answer by its lower-case name; empty when absent. */
struct str http_header(const struct http_answer *a, const char *name);
/* An error of the right code (ERR_ABSENT 404/410, ERR_REFUSED 401/403, ERR_NET the rest) with
 * method, address and status, for a status the caller did not want. */
int http_error(const struct http_request *r, const struct http_answer *a, struct err **e);
/* The code for somebody who cannot do without what stands at the address: ERR_NET when another
 * machine does not have it (ERR_ABSENT); a file that is not there stays ERR_ABSENT. */
int http_needed(struct str url, int code);
#endif
