/* builder/engine_stream.h - what an engine says while it works: JSON objects one after another,
 * with or without blanks between, cut anywhere (Docker Engine API, "JSON message stream"). */
#ifndef KILN_ENGINE_STREAM_H
#define KILN_ENGINE_STREAM_H
#include "specs/base/json.h"

enum { ENGINE_OBJECT_MAX = 4 << 20 };

/* Texts are borrowed, and empty where the object has none. */
struct engine_event {
	struct str text; /* of a step: raw, with its line ends */
	struct str id;	 /* of the layer that `status` is of, or what kind of `aux` */
	struct str status;
	struct str error;  /* the work has failed */
	struct str image;  /* aux.ID: what was built */
	struct str digest; /* aux.Digest: what was pushed */
};

struct engine_stream {
	struct buf object; /* as far as it has come */
	unsigned depth;
	bool in_text, escaped;
	int (*take)(void *cookie, const struct engine_event *event, struct err **e);
	void *cookie;
};
#define ENGINE_STREAM(function, argument)                                                          \
	{                                                                                          \
		.object = BUF(ENGINE_OBJECT_MAX), .take = (function), .cookie = (argument)         \
	}
void engine_stream_done(struct engine_stream *s);
AUTO_DEFINE_VALUE(struct engine_stream, engine_stream_done)
/* Calls s->take for each object that is whole. ERR_CORRUPT for what is no object, ERR_LIMIT for one
 * above ENGINE_OBJECT_MAX, and what s->take says. */
int engine_stream_add(struct engine_stream *s, const void *p, size_t n, struct err **e);
/* ERR_CORRUPT when the last object is not whole. */
int engine_stream_end(const struct engine_stream *s, struct err **e);
#endif
