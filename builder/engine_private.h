/* builder/engine_private.h - what the files of engine share; nobody else includes it. */
#ifndef KILN_ENGINE_PRIVATE_H
#define KILN_ENGINE_PRIVATE_H
#include "builder/engine.h"
#include "builder/engine_find.h"

struct engine {
	struct http *http;
	struct log *log;
	struct arena arena;
	const struct engine_place *place;
	const char *url; /* with the API's version, as the engine and kiln both know it */
};

/* A request, and what becomes of its answer. */
struct engine_call {
	const char *method;
	struct str path; /* "/images/load?quiet=1" */
	const char *const *headers;
	struct http_body body;
	/* Takes a stream of events, which may fail in the middle; NULL: the answer is kept. */
	int (*take)(void *cookie, const struct engine_event *event, struct err **e);
	void *cookie;
	struct str task; /* for progress */
};
/* ERR_ABSENT for 404; other statuses but 2xx, and events with an error, are ERR_FAILED. */
int engine_send(struct engine *g, const struct engine_call *c, struct http_answer *out,
		struct err **e);
#endif
