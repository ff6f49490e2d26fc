/* builder/engine_find.h - where a container engine listens: DOCKER_HOST, docker's context, or the
 * usual sockets of Docker and Podman. */
#ifndef KILN_ENGINE_FIND_H
#define KILN_ENGINE_FIND_H
#include "cache/http.h"
#include "specs/base/arena.h"

enum { ENGINE_PLACES = 8 };

struct engine_place {
	struct str host;    /* as docker writes it: unix:///run/docker.sock, tcp://h:2375 */
	struct str from;    /* who names it: "DOCKER_HOST" */
	const char *socket; /* of unix://; else NULL */
	const char *url;    /* without a slash at its end */
	struct http_tls tls;
	bool has_tls;
};
struct engine_places {
	struct engine_place v[ENGINE_PLACES];
	size_t n;
};

/* unix:///PATH, tcp://HOST:PORT[/PREFIX], http://, https://; ERR_USAGE for what kiln does not
 * speak, with what would help. */
int engine_place_read(struct arena *a, struct str host, struct engine_place *out, struct err **e);
/* The one that the user names, or all usual ones. ERR_USAGE, ERR_ABSENT when docker has no such
 * context, ERR_CORRUPT. */
int engine_places(struct arena *a, struct engine_places *out, struct err **e);
#endif
