/* builder/engine.h - a container engine on its socket: Docker's API (1.40 and later), which Podman
 * speaks too. */
#ifndef KILN_ENGINE_H
#define KILN_ENGINE_H
#include "builder/engine_stream.h"
#include "cache/http.h"

struct engine;

/* The first that answers of where engines are. ERR_NET says what was tried; ERR_USAGE. */
int engine_open(struct http *h, struct log *log, struct engine **out, struct err **e);
void engine_close(struct engine *g); /* NULL is fine */
AUTO_DEFINE(struct engine *, engine_close)

/* What `docker load` takes. ERR_FAILED says what the engine did. */
int engine_load(struct engine *g, const struct http_body *tar, struct err **e);
/* What the engine knows of an image (NAME:TAG or an id). ERR_ABSENT. */
int engine_inspect(struct engine *g, struct str image, cJSON **out, struct err **e);
#endif
