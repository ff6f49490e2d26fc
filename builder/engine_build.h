/* builder/engine_build.h - images that a container engine builds and pushes. */
#ifndef KILN_ENGINE_BUILD_H
#define KILN_ENGINE_BUILD_H
#include "builder/engine.h"
#include "specs/reference.h"

struct engine_build {
	struct http_body context; /* a tar with a Dockerfile */
	const char *dockerfile;	  /* its path in the context; NULL: Dockerfile */
	const char *platform;	  /* "linux/amd64" */
	struct strs tags;	  /* HOST/REPOSITORY:TAG */
	/* Registries that steps pull from: their logins go along. [from_count] */
	const struct reference *from;
	size_t from_count;
};
/* Builds it, telling each line of the engine's log; an interrupt ends the build. *out_id: of the
 * image ("sha256:..."). ERR_FAILED with the engine's words. */
int engine_build(struct engine *g, const struct engine_build *b, struct arena *a,
		 struct str *out_id, struct err **e);
/* Has the engine push what it calls HOST/REPOSITORY:TAG. ERR_FAILED with its words. */
int engine_push(struct engine *g, const struct reference *to, struct err **e);

/* Lines out of texts that end anywhere, handed to the log as they are whole. */
struct engine_lines {
	struct log *log;
	struct buf rest;
};
void engine_lines_add(struct engine_lines *l, struct str text);
/* What is left is a line too. */
void engine_lines_end(struct engine_lines *l);
#endif
