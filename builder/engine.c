/* builder/engine.c - finding an engine that answers, and asking it. */
#include "builder/engine_private.h"
#include <errno.h>

enum {
	MINOR_MIN = 40,			 /* of API 1.x: Docker 19.03 */
	MINOR_MAX = 51,			 /* what this was written for */
	SILENT_MS = 24 * 60 * 60 * 1000, /* a step of a build may say nothing for long */
	SAID_MAX = 64 << 10,
};

/* ---- requests ---- */

struct listening {
	struct engine_stream stream;
	const struct engine_call *call;
	struct err *why; /* what the engine, and not the transfer, failed of */
};

/* What Docker's classic builder lacks, and kiln asks no other: that wants a session of gRPC. */
static const char *hint_for(struct str said)
{
	return memmem(said.p, said.n, "BuildKit", 8) ? "; kiln asks Docker's classic builder: "
						       "leave BuildKit's options away, or let "
						       "docker build it, and name it with --base"
						     : "";
}

static int on_event(void *cookie, const struct engine_event *event, struct err **e)
{
	struct listening *l = cookie;
	if (event->error.n) {
		err_clear(&l->why);
		err_set(&l->why, ERR_FAILED, "the engine says: %.*s%s",
			STR_ARG(str_trim(event->error)), hint_for(event->error));
		return err_set(e, ERR_FAILED, "failed");
	}
	return l->call->take(l->call->cookie, event, e);
}

static int on_bytes(void *cookie, const void *p, size_t n, struct err **e)
{
	struct listening *l = cookie;
	return engine_stream_add(&l->stream, p, n, e);
}

/* {"message": "..."}, or a plain text of old engines. */
static int refused(const struct engine *g, const struct engine_call *c, const struct http_answer *a,
		   struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	struct str text = str_trim(buf_str(&a->body));
	if (json_parse(text, "error", &doc, NULL) == 0 && json_text(doc, "message"))
		text = str_trim(str_of(json_text(doc, "message")));
	return err_set(e, a->status == 404 ? ERR_ABSENT : ERR_FAILED,
		       "the engine at %.*s: %s %.*s: HTTP %ld: %.*s", STR_ARG(g->place->host),
		       c->method, STR_ARG(str_to(c->path, str_find(c->path, '?'))), a->status,
		       STR_ARG(text));
}

static int send(struct engine *g, const struct engine_call *c, struct listening *l,
		struct http_answer *out, struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(1 << 20);
	buf_printf(&url, "%s%.*s", g->url, STR_ARG(c->path));
	struct http_request r = {
		.method = c->method,
		.url = url.data,
		.headers = c->headers,
		.body = c->body,
		.keep_redirect = true,
		.socket = g->place->socket,
		.tls = g->place->has_tls ? &g->place->tls : NULL,
		.idle_ms = SILENT_MS,
		.max = BUF_UNLIMITED,
		.write = c->take ? on_bytes : NULL,
		.cookie = l,
		.task = c->task,
	};
	if (!c->take)
		r.max = 0;
	int code = http_send(g->http, &r, out, e);
	if (code < 0 && !l->why)
		return err_wrap(e, code, "the engine at %.*s", STR_ARG(g->place->host));
	if (l->why) {
		err_clear(e);
		if (e)
			*e = STEAL(&l->why);
		return ERR_FAILED;
	}
	if (out->status < 200 || out->status > 299)
		return refused(g, c, out, e);
	return c->take ? engine_stream_end(&l->stream, e) : 0;
}

int engine_send(struct engine *g, const struct engine_call *c, struct http_answer *out,
		struct err **e)
{
	struct listening l = {.stream = ENGINE_STREAM(on_event, &l), .call = c};
	int code = send(g, c, &l, out, e);
	engine_stream_done(&l.stream);
	err_free(l.why);
	return code;
}

/* ---- finding one ---- */

/* "1.41" of the Api-Version header; 0 when it says nothing. */
static unsigned minor_of(const struct http_answer *a)
{
	struct str version = http_header(a, "api-version"), major;
	uint64_t minor;
	if (!str_cut(&version, '.', &major) || !str_is(major, "1") || !str_u64(version, &minor))
		return 0;
	return minor < 1000 ? (unsigned)minor : 0;
}

static int greet(struct engine *g, struct err **e)
{
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct engine_call ping = {.method = "GET", .path = STR("/_ping")};
	g->url = g->place->url;
	int code = engine_send(g, &ping, &a, e);
	if (code < 0)
		return code;
	unsigned minor = minor_of(&a);
	if (minor < MINOR_MIN)
		return err_set(e, ERR_FAILED, "%s",
			       minor ? "its API is older than 1.40 (Docker 19.03)"
				     : "what answers is no container engine");
	g->url = arena_printf(&g->arena, "%s/v1.%u", g->place->url,
			      minor < MINOR_MAX ? minor : MINOR_MAX)
			 .p;
	return 0;
}

/* What a person would see of the socket, rather than what connect() says. */
static int try_place(struct engine *g, struct err **e)
{
	const char *socket = g->place->socket;
	if (socket && access(socket, F_OK) < 0)
		return err_set(e, ERR_NET, "%s",
			       errno == ENOENT ? "there is no such socket" : strerror(errno));
	if (socket && access(socket, R_OK | W_OK) < 0)
		return err_set(e, ERR_REFUSED, "this user may not use the socket");
	return greet(g, e);
}

static int find(struct engine *g, struct engine_places *places, struct err **e)
{
	AUTO(buf_done) struct buf tried = BUF(SAID_MAX);
	for (size_t i = 0; i < places->n; i++) {
		AUTO(err_free) struct err *why = NULL;
		g->place = &places->v[i];
		int code = try_place(g, &why);
		if (code == 0 || code == ERR_INTERRUPTED) {
			if (e && code < 0)
				*e = STEAL(&why);
			return code;
		}
		AUTO(free) char *line = err_line(why);
		buf_printf(&tried, "%s%.*s (%.*s): %s", tried.n ? "; " : "",
			   STR_ARG(g->place->host), STR_ARG(g->place->from), line);
	}
	return err_set(
		e, ERR_NET,
		"no container engine answers; tried %s. Start Docker or Podman, or name one: "
		"DOCKER_HOST=unix:///PATH",
		tried.data);
}

int engine_open(struct http *h, struct log *log, struct engine **out, struct err **e)
{
	AUTO(engine_close) struct engine *g = mem_zero(1, sizeof(*g));
	struct engine_places *places = arena_zero(&g->arena, 1, sizeof(*places));
	g->http = h;
	g->log = log;
	int code = engine_places(&g->arena, places, e);
	if (code < 0 || (code = find(g, places, e)) < 0)
		return code;
	log_info(log, "the engine at %.*s (%.*s)", STR_ARG(g->place->host),
		 STR_ARG(g->place->from));
	*out = STEAL(&g);
	return 0;
}

void engine_close(struct engine *g)
{
	if (!g)
		return;
	arena_done(&g->arena);
	free(g);
}

/* ---- images ---- */

static int say(void *cookie, const struct engine_event *event, struct err **e)
{
	const struct engine *g = cookie;
	struct str text = str_trim(event->text);
	(void)e;
	if (text.n)
		log_info(g->log, "the engine: %.*s", STR_ARG(text));
	return 0;
}

int engine_load(struct engine *g, const struct http_body *tar, struct err **e)
{
	static const char *const headers[] = {"Content-Type: application/x-tar", "Expect:", NULL};
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct engine_call load = {
		.method = "POST",
		.path = STR("/images/load?quiet=1"),
		.headers = headers,
		.body = *tar,
		.take = say,
		.cookie = g,
		.task = STR("image"),
	};
	return engine_send(g, &load, &a, e);
}

int engine_inspect(struct engine *g, struct str image, cJSON **out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(http_answer_done) struct http_answer answer = HTTP_ANSWER;
	struct engine_call inspect = {
		.method = "GET",
		.path = arena_printf(&a, "/images/%.*s/json", STR_ARG(image)),
	};
	int code = engine_send(g, &inspect, &answer, e);
	return code < 0 ? code : json_parse(buf_str(&answer.body), "image", out, e);
}
