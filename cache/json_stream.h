/* cache/json_stream.h - JSON (RFC 8259) read in pieces of any size, as a stream of events.
 *
 * No document is built: half a gigabyte of repodata costs one token's memory. Strings arrive
 * with their escapes resolved; one that lies whole in a piece is not copied. */
#ifndef KILN_CACHE_JSON_STREAM_H
#define KILN_CACHE_JSON_STREAM_H
#include "specs/base/buf.h"

enum json_event {
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_KEY,
	JSON_STRING,
	JSON_NUMBER, /* text: as written */
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL
};

enum { JSON_STREAM_DEPTH = 256, JSON_STREAM_TOKEN = 16 << 20 };

struct json_stream {
	/* text: of KEY, STRING and NUMBER; valid during the call only. A negative answer stops. */
	int (*event)(void *cookie, enum json_event what, struct str text, struct err **e);
	void *cookie;
	struct buf token; /* a token that a border between pieces cuts, or with escapes */
	unsigned char stack[JSON_STREAM_DEPTH]; /* '{' or '[' */
	unsigned depth;
	unsigned char expect, lex, hex_left;
	uint32_t hex, high; /* of \uXXXX; the first half of a surrogate pair */
	uint64_t at;	    /* bytes read */
	bool pause;	    /* set by event: json_stream_feed returns behind it */
};
void json_stream_init(struct json_stream *j,
		      int (*event)(void *, enum json_event, struct str, struct err **),
		      void *cookie);
void json_stream_done(struct json_stream *j);
/* ERR_CORRUPT with the byte's place, or what event answered. After a pause, at tells how far it
 * came; the rest is to be fed again. */
int json_stream_feed(struct json_stream *j, const void *p, size_t n, struct err **e);
/* Whether the next thing is a member of an object, or its end; *out_first: no comma before it.
 * Who reads whole members without the stream tells it of them with json_stream_skip. */
bool json_stream_at_member(const struct json_stream *j, bool *out_first);
void json_stream_skip(struct json_stream *j, size_t n);
/* ERR_CORRUPT unless exactly one whole value was read, or nothing at all. */
int json_stream_end(struct json_stream *j, struct err **e);
#endif
