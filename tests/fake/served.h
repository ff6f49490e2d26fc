/* tests/fake/served.h - a folder that tests/fake/peer.py serves under /files/, and a client.
 *
 * One a test program: served_start and served_stop are cmocka's group fixtures. */
#ifndef KILN_FAKE_SERVED_H
#define KILN_FAKE_SERVED_H
#include "cache/http.h"
#include "specs/base/arena.h"
#include "tests/fake/folder.h"
#include "tests/fake/peer.h"
#include <limits.h>

static struct {
	struct peer peer;
	struct http *client;
	struct arena arena; /* for what a test makes */
} served;

static int served_start(void **state)
{
	static const struct http_options options = {.idle_ms = 5000, .tries = 3, .backoff_ms = 10};
	if (folder_make(state) < 0)
		return -1;
	served.peer = peer_start(folder);
	return served.peer.port ? http_open(&options, &served.client, NULL) : -1;
}

static int served_stop(void **state)
{
	http_close(served.client);
	peer_stop(&served.peer);
	arena_done(&served.arena);
	return folder_remove(state);
}

/* How often the path ("count/files/x", "counts") was asked for, as the server says. */
static inline unsigned served_count(const char *path)
{
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct str url =
		arena_printf(&served.arena, "http://127.0.0.1:%u/%s", served.peer.port, path);
	struct http_request r = {.method = "GET", .url = url.p};
	return http_send(served.client, &r, &a, NULL) == 0 ? (unsigned)atoi(a.body.data) : UINT_MAX;
}

/* With a blank between. */
static inline struct str served_joined(struct strs list)
{
	struct str all = {0};
	for (size_t i = 0; i < list.n; i++)
		all = arena_printf(&served.arena, "%.*s%s%.*s", STR_ARG(all), i ? " " : "",
				   STR_ARG(list.v[i]));
	return all;
}
#endif
