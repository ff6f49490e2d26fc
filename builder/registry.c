/* builder/registry.c - one registry: where it is, how it is asked, what its errors say. */
#include "builder/endpoint.h"
#include "builder/registry_private.h"
#include "cache/address.h"
#include "specs/base/interrupt.h"
#include <sys/random.h>
#include <time.h>

enum {
	ERROR_SHOWN = 200, /* bytes of a registry's message */
	BACKOFF_MAX_MS = 15 * 1000,
	LOOK_MS = 100,
};

static void learn_from(struct registry *g, struct registry *other)
{
	pthread_mutex_lock(&other->lock);
	if (other->base && str_eq(other->host, g->host))
		g->base = mem_text(other->base);
	pthread_mutex_unlock(&other->lock);
}

static int remote_open(struct registry *g, const struct reference *r, struct registry *like,
		       struct err **e)
{
	(void)e;
	g->host = arena_str(&g->arena, reference_api_host(r));
	g->loopback = reference_is_loopback(r);
	g->auth = auth_new(g->http, r, g->log);
	if (like)
		learn_from(g, like);
	return 0;
}

/* ---- addresses ---- */

/* A server that wants TLS says so to plain http, or breaks off. */
static bool wants_tls(int code, const struct http_answer *a)
{
	if (code < 0)
		return code == ERR_NET;
	return a->status == 400 && strstr(a->body.data, "HTTPS");
}

/* Docker takes registries on this machine without TLS and without being told so; nothing
 * secret is sent before this is known. */
static const char *find_scheme(struct registry *g, struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(4096);
	AUTO(http_answer_done) struct http_answer answer = HTTP_ANSWER;
	if (!g->loopback)
		return "https";
	buf_printf(&url, "http://%.*s/v2/", STR_ARG(g->host));
	struct http_request r = {.method = "GET", .url = url.data, .keep_redirect = true};
	int code = http_send(g->http, &r, &answer, e);
	if (code < 0 && code != ERR_NET)
		return NULL;
	err_clear(e);
	return wants_tls(code, &answer) ? "https" : "http";
}

static int find_base(struct registry *g, struct err **e)
{
	int code = 0;
	pthread_mutex_lock(&g->lock);
	if (!g->base) {
		struct err *why = NULL;
		const char *scheme = find_scheme(g, &why);
		struct buf base = BUF(BUF_UNLIMITED);
		if (!scheme) {
			code = why->code;
			if (e)
				*e = STEAL(&why);
		} else {
			buf_printf(&base, "%s://%.*s", scheme, STR_ARG(g->host));
			g->base = buf_take(&base);
		}
		err_free(why);
	}
	pthread_mutex_unlock(&g->lock);
	return code;
}

int registry_url(struct registry *g, const struct reference *r, const char *what, struct buf *out,
		 struct err **e)
{
	int code = find_base(g, e);
	if (code < 0)
		return code;
	buf_printf(out, "%s/v2/%.*s/%s", g->base, STR_ARG(r->repository), what);
	return buf_check(out, "address", e);
}

struct str registry_scope(struct arena *a, const struct reference *r, const char *actions)
{
	return arena_printf(a, "repository:%.*s:%s", STR_ARG(r->repository), actions);
}

/* ---- requests ---- */

/* Warning: 299 - "text" (RFC 7234, 5.5): what the registry wants people to read, once. */
static void show_warnings(struct registry *g, const struct http_answer *a)
{
	struct str rest = buf_str(&a->headers), line, name;
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		if (!str_cut(&line, ':', &name) || !str_is(name, "warning"))
			continue;
		line = str_trim(line);
		if (!str_starts(line, "299 "))
			continue;
		line = str_from(line, str_find(line, '"') + 1 > line.n ? line.n
								       : str_find(line, '"') + 1);
		line = str_to(line, str_find(line, '"'));
		struct buf text = BUF(BUF_UNLIMITED);
		buf_add_str(&text, str_to(line, line.n < ERROR_SHOWN ? line.n : ERROR_SHOWN));
		bool known = text.n == 0;
		pthread_mutex_lock(&g->lock);
		for (size_t i = 0; i < g->warned.n && !known; i++)
			known = strcmp(g->warned.v[i], text.data) == 0;
		if (!known)
			VEC_PUSH(&g->warned, mem_text(text.data));
		pthread_mutex_unlock(&g->lock);
		if (!known)
			log_warn(g->log, "%.*s: %s", STR_ARG(g->host), text.data);
		buf_done(&text);
	}
}

static int send_once(struct registry *g, const struct call *c, const struct auth_use *use,
		     struct http_answer *out, struct err **e)
{
	const char *headers[CALL_HEADERS + 2] = {0};
	size_t n = 0;
	for (const char *const *h = c->http.headers; h && *h && n < CALL_HEADERS; h++)
		headers[n++] = *h;
	if (use->sent.n)
		headers[n++] = use->sent.data;
	struct http_request r = c->http;
	r.headers = headers;
	return http_send(g->http, &r, out, e);
}

int registry_send(struct registry *g, const struct call *c, struct http_answer *out, struct err **e)
{
	AUTO(auth_use_done) struct auth_use use = AUTH_USE(c->scope, c->http.body.present);
	bool own = endpoint_same(str_of(c->http.url), str_of(g->base));
	for (;;) {
		int code = own ? auth_header(g->auth, &use, e) : 0;
		if (code < 0 || (code = send_once(g, c, &use, out, e)) < 0)
			return code;
		show_warnings(g, out);
		/* The last of several redirects may have been another server's. */
		bool here = endpoint_same(buf_str(&out->url), str_of(g->base));
		if (out->status != 401 || !own || !here ||
		    !auth_learn(g->auth, &use, c->http.url, out))
			return 0;
	}
}

int registry_wait(const struct registry *g, unsigned failures, struct err **e)
{
	uint64_t bound = g->backoff_ms, random = 0;
	for (unsigned i = 1; i < failures && bound < BACKOFF_MAX_MS; i++)
		bound *= 2;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = bound;
	for (int64_t left = (int64_t)(random % (bound + 1)); left > 0; left -= LOOK_MS) {
		struct timespec t = {0, (left < LOOK_MS ? left : LOOK_MS) * 1000000};
		nanosleep(&t, NULL);
		int code = interrupt_check(e);
		if (code < 0)
			return code;
	}
	return 0;
}

/* ---- errors ---- */

static void add_clean(struct buf *out, struct str text)
{
	size_t end = out->n + ERROR_SHOWN;
	for (size_t i = 0; i < text.n && out->n < end; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c >= ' ' && c != 0x7f)
			buf_add_char(out, (char)c);
		else if (out->n && out->data[out->n - 1] != ' ')
			buf_add_char(out, ' ');
	}
}

static cJSON *errors_parse(const struct http_answer *a)
{
	cJSON *doc = NULL;
	return json_parse(buf_str(&a->body), "errors", &doc, NULL) < 0 ? NULL : doc;
}

bool answer_says(const struct http_answer *a, const char *code)
{
	AUTO(json_free) cJSON *doc = errors_parse(a);
	const cJSON *one;
	cJSON_ArrayForEach(one, json_array(doc, "errors"))
	{
		const char *is = json_text(one, "code");
		if (is && strncmp(is, code, strlen(code)) == 0)
			return true;
	}
	return false;
}

/* "CODE: message" of the first error, or the text that came instead; nothing of a web page. */
static void add_reason(struct buf *out, const struct http_answer *a)
{
	AUTO(json_free) cJSON *doc = errors_parse(a);
	const cJSON *list = json_array(doc, "errors"), *first = list ? list->child : NULL;
	const char *code = json_text(first, "code"), *message = json_text(first, "message");
	struct str text = str_trim(buf_str(&a->body));
	if (code || message) {
		buf_add_text(out, ": ");
		add_clean(out, str_of(code));
		buf_add_text(out, code && message ? ": " : "");
		add_clean(out, str_of(message));
	} else if (text.n && text.p[0] != '<' && text.p[0] != '{') {
		buf_add_text(out, ": ");
		add_clean(out, text);
	}
}

int registry_error(struct registry *g, const struct call *c, const struct http_answer *a,
		   struct err **e)
{
	AUTO(err_free) struct err *plain = NULL;
	AUTO(buf_done) struct buf text = BUF(64 << 10);
	int code = http_error(&c->http, a, &plain);
	/* Nothing can be stored there: that is not what "absent" is asked for. */
	bool reads = strcmp(c->http.method, "GET") == 0 || strcmp(c->http.method, "HEAD") == 0;
	if (code == ERR_ABSENT && !reads)
		code = ERR_NET;
	add_reason(&text, a);
	if (a->status == 401 || a->status == 403)
		auth_explain(g->auth, &text);
	return err_set(e, code, "%s%s", plain->text, text.data);
}

const struct registry_actions registry_remote = {
	.open = remote_open,
	.get_manifest = remote_get_manifest,
	.head = remote_head,
	.read_blob = remote_read_blob,
	.has_blob = remote_has_blob,
	.push_blob = remote_push_blob,
	.put = remote_put,
	.referrers = remote_referrers,
	.tags = remote_tags,
};
