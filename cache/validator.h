/* cache/validator.h - what is remembered of the last answer for a file of a channel, so that it is
 * fetched again only when it changed: ETag, Last-Modified and max-age; of a folder's file
 * (file://) size, time and inode. A small JSON file, which may be lost at any time. */
#ifndef KILN_CACHE_VALIDATOR_H
#define KILN_CACHE_VALIDATOR_H
#include "cache/http.h"
#include "specs/base/digest.h"

struct validator {
	struct buf file, etag, modified; /* file: "repodata.json.zst" */
	struct digest source;		 /* of what was served */
	uint64_t asked_ms, max_age_s;
	bool known;  /* what was served is at hand */
	bool absent; /* there was nothing at the address */
};
#define VALIDATOR                                                                                  \
	{                                                                                          \
		.file = BUF(256), .etag = BUF(4096), .modified = BUF(4096)                         \
	}
void validator_done(struct validator *v);
AUTO_DEFINE_VALUE(struct validator, validator_done)

/* One that is not there or does not parse is none: neither known nor absent. */
void validator_read(const char *path, struct validator *v);
/* url: for people. */
int validator_write(const char *path, struct str url, const struct validator *v, struct err **e);
/* Whether nobody needs to ask yet: the server said so, or was asked after that moment (by the clock
 * of the wall; 0: there is none). */
bool validator_is_fresh(const struct validator *v, uint64_t since_ms);
/* There is nothing at the address, as of now. */
void validator_set_absent(struct validator *v);

/* A request under the conditions of RFC 9110, 13.1. */
struct question {
	struct buf url, if_none, if_since, tag; /* tag: of a file */
	const char *headers[3]; /* NULL at the end; conditions, where any are known */
	bool same;		/* a folder's file that is as it was: nobody needs to be asked */
};
#define QUESTION                                                                                   \
	{                                                                                          \
		.url = BUF(64 << 10), .if_none = BUF(8192), .if_since = BUF(8192), .tag = BUF(256) \
	}
void question_done(struct question *q);
AUTO_DEFINE_VALUE(struct question, question_done)
/* For `file` below `folder`, which ends in "/". */
void question_set(struct question *q, const struct validator *v, struct str folder,
		  const char *file);
/* Notes an answer of status 200 or 304. */
void validator_remember(struct validator *v, const char *file, const struct question *q,
			const struct http_answer *a);
#endif
