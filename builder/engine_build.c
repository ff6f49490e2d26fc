/* builder/engine_build.c - POST /build and POST /images/NAME/push. */
#include "builder/engine_build.h"
#include "builder/credentials.h"
#include "builder/endpoint.h"
#include "builder/engine_private.h"

enum { LINE_MAX_BYTES = 64 << 10, HEADER_MAX = 1 << 20 };

/* ---- what it says ---- */

static void say_line(struct engine_lines *l)
{
	struct str line = str_trim_end(str_trim_end(buf_str(&l->rest), '\r'), ' ');
	if (line.n) {
		l->rest.data[line.n] = 0;
		log_line(l->log, l->rest.data);
	}
	buf_clear(&l->rest);
}

void engine_lines_add(struct engine_lines *l, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '\n' || l->rest.n >= LINE_MAX_BYTES)
			say_line(l);
		/* A terminal must not be told anything but text. */
		if (c >= ' ' && c != 0x7f)
			buf_add_char(&l->rest, (char)c);
	}
}

void engine_lines_end(struct engine_lines *l)
{
	say_line(l);
	buf_done(&l->rest);
}

struct telling {
	struct engine_lines lines;
	struct arena *arena;
	struct str id;
};

/* A status with an id is a layer's progress, many a second. */
static int tell(void *cookie, const struct engine_event *event, struct err **e)
{
	struct telling *t = cookie;
	(void)e;
	engine_lines_add(&t->lines, event->text);
	if (event->status.n && !event->id.n) {
		engine_lines_add(&t->lines, event->status);
		engine_lines_add(&t->lines, STR("\n"));
	}
	if (event->image.n)
		t->id = arena_str(t->arena, event->image);
	return 0;
}

/* ---- logins ---- */

/* RFC 4648, section 5: the engine takes the usual alphabet silently for no login. */
static void base64url(struct buf *out, struct str bytes)
{
	size_t at = out->n;
	base64_write(out, bytes);
	for (; at < out->n; at++)
		if (out->data[at] == '+' || out->data[at] == '/')
			out->data[at] = out->data[at] == '+' ? '-' : '_';
}

static struct str server_of(const struct reference *r)
{
	return str_is(r->host, "docker.io") ? STR("https://index.docker.io/v1/") : r->host;
}

static void put_login(struct json_out *j, const char *key, const struct reference *r,
		      struct log *log)
{
	AUTO(credentials_done) struct credentials c = {0};
	credentials_find(r, log, &c);
	json_open(j, key, '{');
	if (c.user)
		json_put_text(j, "username", c.user);
	if (c.password)
		json_put_text(j, "password", c.password);
	if (c.identity_token)
		json_put_text(j, "identitytoken", c.identity_token);
	if (c.registry_token)
		json_put_text(j, "registrytoken", c.registry_token);
	if (!key)
		json_put_str(j, "serveraddress", server_of(r));
	json_close(j, '}');
}

static void put_header(struct buf *out, const char *name, struct str json)
{
	buf_printf(out, "%s: ", name);
	base64url(out, json);
}

/* X-Registry-Config: a login for each registry that FROM may name. */
static void config_header(struct engine *g, const struct engine_build *b, struct buf *out)
{
	AUTO(secret_buf_done) struct buf json = BUF(HEADER_MAX);
	struct json_out j = {&json};
	json_open(&j, NULL, '{');
	for (size_t i = 0; i < b->from_count; i++) {
		AUTO(buf_done) struct buf server = BUF(4096);
		buf_add_str(&server, server_of(&b->from[i]));
		put_login(&j, server.data, &b->from[i], g->log);
	}
	json_close(&j, '}');
	put_header(out, "X-Registry-Config", buf_str(&json));
}

static void auth_header_of(struct engine *g, const struct reference *to, struct buf *out)
{
	AUTO(secret_buf_done) struct buf json = BUF(HEADER_MAX);
	struct json_out j = {&json};
	put_login(&j, NULL, to, g->log);
	put_header(out, "X-Registry-Auth", buf_str(&json));
}

/* ---- requests ---- */

static void build_path(const struct engine_build *b, struct buf *out)
{
	/* The classic builder takes a plain tar and logins with it; BuildKit wants a session. */
	buf_add_text(out, "/build?version=1&rm=1&forcerm=1");
	for (size_t i = 0; i < b->tags.n; i++)
		endpoint_query(out, "t", b->tags.v[i]);
	endpoint_query(out, "dockerfile", str_of(b->dockerfile ? b->dockerfile : "Dockerfile"));
	endpoint_query(out, "platform", str_of(b->platform));
}

static int send_build(struct engine *g, const struct engine_build *b, struct telling *t,
		      struct err **e)
{
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	AUTO(buf_done) struct buf path = BUF(1 << 20);
	AUTO(secret_buf_done) struct buf logins = BUF(HEADER_MAX);
	build_path(b, &path);
	config_header(g, b, &logins);
	const char *const headers[] = {"Content-Type: application/x-tar", "Expect:", logins.data,
				       NULL};
	struct engine_call call = {
		.method = "POST",
		.path = buf_str(&path),
		.headers = headers,
		.body = b->context,
		.take = tell,
		.cookie = t,
		.task = STR("context"),
	};
	int code = engine_send(g, &call, &a, e);
	if (code == 0 && !t->id.n)
		return err_set(e, ERR_FAILED, "the engine ends the build and names no image");
	return code;
}

int engine_build(struct engine *g, const struct engine_build *b, struct arena *a,
		 struct str *out_id, struct err **e)
{
	struct telling t = {.lines = {g->log, BUF(BUF_UNLIMITED)}, .arena = a};
	int code = send_build(g, b, &t, e);
	engine_lines_end(&t.lines);
	if (code < 0)
		return code;
	*out_id = t.id;
	return 0;
}

int engine_push(struct engine *g, const struct reference *to, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(http_answer_done) struct http_answer answer = HTTP_ANSWER;
	AUTO(secret_buf_done) struct buf login = BUF(HEADER_MAX);
	struct telling t = {.lines = {g->log, BUF(BUF_UNLIMITED)}, .arena = &a};
	auth_header_of(g, to, &login);
	const char *const headers[] = {login.data, NULL};
	struct engine_call call = {
		.method = "POST",
		.path = arena_printf(&a, "/images/%.*s/%.*s/push?tag=%.*s", STR_ARG(to->host),
				     STR_ARG(to->repository), STR_ARG(to->tag)),
		.headers = headers,
		.body = {.fd = -1, .present = true},
		.take = tell,
		.cookie = &t,
	};
	int code = engine_send(g, &call, &answer, e);
	engine_lines_end(&t.lines);
	return code;
}
