/* cache/transfer.h - one HTTP request on one curl handle: what http.c tries again and again.
 *
 * A transfer lives through all tries of a request, so that a download goes on where it was
 * cut. Internal to http.c. */
#ifndef KILN_CACHE_TRANSFER_H
#define KILN_CACHE_TRANSFER_H
#include "cache/http.h"
#include <curl/curl.h>

/* What is the same for all transfers of a struct http. */
struct transfer_setup {
	unsigned connect_ms, idle_ms;
	char *ca_file, *ca_folder, *no_proxy; /* NULL: what libcurl was built with */
	char *netrc;			      /* NULL: ~/.netrc */
	CURLSH *share;
	struct log *log;
};

struct transfer {
	const struct transfer_setup *setup;
	const struct http_request *r;
	struct http_answer *answer;
	CURL *curl; /* of the current try */
	struct log_task *task;
	uint64_t done;	      /* bytes of a 2xx body handed over, over all tries */
	uint64_t total;	      /* size of the whole as announced; 0: unknown */
	uint64_t shown;	      /* bytes reported as progress */
	struct buf validator; /* strong ETag of what `done` bytes were read of */
	long first_status;    /* of the try whose body is being continued */
	/* Of the current try: */
	bool ranged; /* asked for the rest only */
	bool begun;  /* the body was looked at */
	bool enough; /* no more of an error's body is wanted */
	bool idle;   /* ended by us: nothing moved for too long */
	uint64_t sent, error_size;
	int64_t moved_ms; /* when a byte last moved */
	curl_off_t moved; /* how many had */
	int code;	  /* of a callback that failed */
	struct err *e;	  /* its error; owned */
	char why[CURL_ERROR_SIZE];
	/* What became of it: */
	bool again;	     /* trying again may help */
	unsigned most_tries; /* but not more often than this; 0: no limit of its own */
	int64_t wait_ms;     /* what Retry-After asked for; -1: nothing */
};

void transfer_init(struct transfer *t, const struct transfer_setup *setup,
		   const struct http_request *r, struct http_answer *answer);
void transfer_done(struct transfer *t);
AUTO_DEFINE_VALUE(struct transfer, transfer_done)
/* One try; 0 when a status was heard (in the answer), else the error. */
int transfer_try(struct transfer *t, CURL *curl, struct err **e);
#endif
