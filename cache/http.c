/* cache/http.c - requests of many threads: handles, hosts, tries and the waits between them. */
#include "cache/http.h"
#include "cache/address.h"
#include "cache/transfer.h"
#include "specs/base/clock.h"
#include "specs/base/interrupt.h"
#include "specs/base/vec.h"
#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum {
	TRIES = 5,
	BRIEF_TRIES = 2,
	BRIEF_WAIT_MS = 2000,
	PER_HOST = 6,
	BACKOFF_MS = 500,
	BACKOFF_MAX_MS = 30 * 1000,
	IDLE_HANDLES = 32,
	LOOK_MS = 100,	    /* how often a wait looks for an interrupt */
	PROGRESS = 1 << 20, /* a try that brought so much is not counted as failed */
};

/* A handle keeps its connections alive; `origin` says where the last one leads. */
struct handle {
	CURL *curl;
	char *origin;
};

struct host {
	char *origin;
	unsigned running;
	int64_t not_before_ms; /* it said 429 or 503 with Retry-After */
};

struct secret {
	char *shown, *real;
};

struct http {
	struct transfer_setup setup;
	unsigned tries, per_host, backoff_ms;
	bool offline;
	struct mirrors *mirrors;
	pthread_mutex_t lock;
	pthread_cond_t left; /* a transfer ended */
	VEC(struct handle) idle;
	VEC(struct host *) hosts;
	VEC(struct secret) secrets;
	pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
};

/* ---- opening ---- */

static void share_lock(CURL *curl, curl_lock_data data, curl_lock_access access, void *cookie)
{
	(void)curl, (void)access;
	pthread_mutex_lock(&((struct http *)cookie)->share_locks[data]);
}

static void share_unlock(CURL *curl, curl_lock_data data, void *cookie)
{
	(void)curl;
	pthread_mutex_unlock(&((struct http *)cookie)->share_locks[data]);
}

static void start_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

/* libcurl reads none of these itself; every other program of the machine does. */
static char *env_copy(const char *first, const char *second)
{
	const char *value = getenv(first);
	if (!value || !*value)
		value = second ? getenv(second) : NULL;
	return value && *value ? mem_text(value) : NULL;
}

/* Loopback is never behind a proxy, as Go programs have it; libcurl has to be told. */
static char *no_proxy(void)
{
	AUTO(free) char *given = env_copy("no_proxy", "NO_PROXY");
	if (given && strcmp(given, "*") == 0)
		return STEAL(&given);
	struct buf all = BUF(BUF_UNLIMITED);
	buf_printf(&all, "%s%slocalhost,127.0.0.0/8,::1", given ? given : "", given ? "," : "");
	return buf_take(&all);
}

static void open_share(struct http *h)
{
	for (size_t i = 0; i < COUNT(h->share_locks); i++)
		pthread_mutex_init(&h->share_locks[i], NULL);
	CURLSH *share = curl_share_init();
	if (!share)
		abort();
	curl_share_setopt(share, CURLSHOPT_LOCKFUNC, share_lock);
	curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, share_unlock);
	curl_share_setopt(share, CURLSHOPT_USERDATA, h);
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	h->setup.share = share;
}

int http_open(const struct http_options *options, struct http **out, struct err **e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const struct http_options none;
	const struct http_options *o = options ? options : &none;
	if (pthread_once(&once, start_curl) != 0)
		return err_set(e, ERR_FAILED, "libcurl does not start");
	struct http *h = mem_zero(1, sizeof(*h));
	h->setup.connect_ms = o->connect_ms ? o->connect_ms : HTTP_CONNECT_MS;
	h->setup.idle_ms = o->idle_ms ? o->idle_ms : HTTP_IDLE_MS;
	h->setup.log = o->log;
	h->setup.ca_file = env_copy("CURL_CA_BUNDLE", "SSL_CERT_FILE");
	h->setup.ca_folder = env_copy("SSL_CERT_DIR", NULL);
	h->setup.no_proxy = no_proxy();
	h->setup.netrc = env_copy("NETRC", NULL);
	h->offline = o->offline;
	h->mirrors = o->mirrors;
	h->tries = o->tries ? o->tries : TRIES;
	h->per_host = o->per_host ? o->per_host : PER_HOST;
	h->backoff_ms = o->backoff_ms ? o->backoff_ms : BACKOFF_MS;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->left, NULL);
	open_share(h);
	*out = h;
	return 0;
}

static void handle_done(struct handle *x)
{
	curl_easy_cleanup(x->curl);
	free(x->origin);
}

static void secret_done(struct secret *s)
{
	explicit_bzero(s->real, strlen(s->real));
	free(s->real);
	free(s->shown);
}

void http_close(struct http *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->idle.n; i++)
		handle_done(&h->idle.v[i]);
	VEC_DONE(&h->idle);
	for (size_t i = 0; i < h->hosts.n; i++) {
		free(h->hosts.v[i]->origin);
		free(h->hosts.v[i]);
	}
	VEC_DONE(&h->hosts);
	for (size_t i = 0; i < h->secrets.n; i++)
		secret_done(&h->secrets.v[i]);
	VEC_DONE(&h->secrets);
	curl_share_cleanup(h->setup.share);
	for (size_t i = 0; i < COUNT(h->share_locks); i++)
		pthread_mutex_destroy(&h->share_locks[i]);
	pthread_cond_destroy(&h->left);
	pthread_mutex_destroy(&h->lock);
	free(h->setup.ca_file);
	free(h->setup.ca_folder);
	free(h->setup.no_proxy);
	free(h->setup.netrc);
	free(h);
}

struct mirrors *http_mirrors(const struct http *h)
{
	return h->mirrors;
}

struct log *http_log(const struct http *h)
{
	return h->setup.log;
}

/* ---- handles and hosts ---- */

/* One whose connection leads to the same place, else a new one. */
static struct handle handle_take(struct http *h, const char *origin)
{
	struct handle x = {0};
	pthread_mutex_lock(&h->lock);
	for (size_t i = h->idle.n; i-- > 0 && !x.curl;)
		if (strcmp(h->idle.v[i].origin, origin) == 0) {
			x = h->idle.v[i];
			h->idle.v[i] = h->idle.v[--h->idle.n];
		}
	pthread_mutex_unlock(&h->lock);
	if (x.curl)
		return x;
	x.curl = curl_easy_init();
	if (!x.curl)
		abort();
	x.origin = mem_text(origin);
	return x;
}

static void handle_give(struct http *h, struct handle x, bool sound)
{
	pthread_mutex_lock(&h->lock);
	bool keep = sound && h->idle.n < IDLE_HANDLES;
	if (keep)
		VEC_PUSH(&h->idle, x);
	pthread_mutex_unlock(&h->lock);
	if (!keep)
		handle_done(&x);
}

static struct host *host_find(struct http *h, const char *origin)
{
	pthread_mutex_lock(&h->lock);
	struct host *found = NULL;
	for (size_t i = 0; i < h->hosts.n && !found; i++)
		if (strcmp(h->hosts.v[i]->origin, origin) == 0)
			found = h->hosts.v[i];
	if (!found) {
		found = mem_zero(1, sizeof(*found));
		found->origin = mem_text(origin);
		VEC_PUSH(&h->hosts, found);
	}
	pthread_mutex_unlock(&h->lock);
	return found;
}

/* The lock is held; returns with it held after a look's time, or when a transfer ended. */
static void wait_a_look(struct http *h, int64_t most_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	int64_t ms = most_ms > 0 && most_ms < LOOK_MS ? most_ms : LOOK_MS;
	int64_t ns = until.tv_nsec + ms * 1000000;
	until.tv_sec += ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	pthread_cond_timedwait(&h->left, &h->lock, &until);
}

/* Waits for a free place at the host, for what it asked us to wait, and for our own delay. */
static int host_enter(struct http *h, struct host *host, int64_t not_before_ms, struct err **e)
{
	int code = 0;
	pthread_mutex_lock(&h->lock);
	for (;;) {
		int64_t from =
			host->not_before_ms > not_before_ms ? host->not_before_ms : not_before_ms;
		int64_t left = from - clock_ms();
		if ((code = interrupt_check(e)) < 0)
			break;
		if (left <= 0 && host->running < h->per_host) {
			host->running++;
			break;
		}
		wait_a_look(h, left);
	}
	pthread_mutex_unlock(&h->lock);
	return code;
}

static void host_leave(struct http *h, struct host *host, int64_t closed_until_ms)
{
	pthread_mutex_lock(&h->lock);
	host->running--;
	if (closed_until_ms > host->not_before_ms)
		host->not_before_ms = closed_until_ms;
	pthread_cond_broadcast(&h->left);
	pthread_mutex_unlock(&h->lock);
}

/* ---- addresses that hold a secret ---- */

static char *text_of(struct str s)
{
	char *text = mem_alloc(s.n + 1);
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	return text;
}

void http_secret(struct http *h, struct str shown, struct str real)
{
	pthread_mutex_lock(&h->lock);
	struct secret *s = NULL;
	for (size_t i = 0; i < h->secrets.n; i++)
		if (str_is(shown, h->secrets.v[i].shown))
			s = &h->secrets.v[i];
	if (s)
		secret_done(s);
	else
		s = VEC_ADD(&h->secrets);
	*s = (struct secret){text_of(shown), text_of(real)};
	pthread_mutex_unlock(&h->lock);
}

/* Of several that match, the longest. */
char *http_real_url(struct http *h, const char *url)
{
	struct buf out = BUF(BUF_UNLIMITED);
	const struct secret *best = NULL;
	size_t longest = 0;
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->secrets.n; i++) {
		const struct secret *s = &h->secrets.v[i];
		size_t n = strlen(s->shown);
		bool fits = strncmp(url, s->shown, n) == 0 && (url[n] == '/' || !url[n]);
		if (fits && n >= longest) {
			best = s;
			longest = n;
		}
	}
	if (best)
		buf_add_text(&out, best->real);
	buf_add_text(&out, url + longest);
	pthread_mutex_unlock(&h->lock);
	return buf_take(&out);
}

/* ---- tries ---- */

/* Full jitter: anything from nothing to the bound, so that many kilns do not come back at
 * once. */
static int64_t backoff_ms(const struct http *h, unsigned failed)
{
	uint64_t bound = h->backoff_ms, random = 0;
	for (unsigned i = 1; i < failed && bound < BACKOFF_MAX_MS; i++)
		bound *= 2;
	if (bound > BACKOFF_MAX_MS)
		bound = BACKOFF_MAX_MS;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = bound / 2;
	return (int64_t)(random % (bound + 1));
}

static void tell(struct http *h, const struct transfer *t, int64_t ms, const struct err *e)
{
	AUTO(buf_done) struct buf where = BUF(64 << 10);
	AUTO(free) char *line = err_line(e);
	address_show(&where, str_of(t->r->url));
	if (e)
		log_info(h->setup.log, "%s; trying again in %.1f s", line, (double)ms / 1000);
	else
		log_info(h->setup.log, "%s %s: HTTP %ld; trying again in %.1f s", t->r->method,
			 where.data, t->answer->status, (double)ms / 1000);
}

/* One try at its place in the queue of the host. */
static int try_once(struct http *h, struct host *host, struct transfer *t, int64_t not_before_ms,
		    struct err **e)
{
	int code = host_enter(h, host, not_before_ms, e);
	if (code < 0) {
		t->again = false;
		return code;
	}
	struct handle x = handle_take(h, host->origin);
	code = transfer_try(t, x.curl, e);
	handle_give(h, x, code == 0);
	bool closed = t->wait_ms > 0 && (t->answer->status == 429 || t->answer->status == 503);
	host_leave(h, host, closed ? clock_ms() + t->wait_ms : 0);
	return code;
}

static bool is_last_try(const struct http *h, const struct transfer *t, unsigned failed)
{
	unsigned most = t->most_tries && t->most_tries < h->tries ? t->most_tries : h->tries;
	if (!t->r->brief)
		return failed >= most;
	return failed >= most || failed >= BRIEF_TRIES || t->wait_ms > BRIEF_WAIT_MS;
}

static int check_request(const struct http *h, const struct http_request *r, struct err **e)
{
	struct address a = address_split(str_of(r->url));
	static const char *const schemes[] = {"http", "https", "file"};
	bool known = false;
	for (size_t i = 0; i < COUNT(schemes); i++)
		known |= str_is(a.scheme, schemes[i]);
	bool near = str_is(a.scheme, "file") || r->socket;
	if (known && (near || (a.host.n && !h->offline)))
		return 0;
	AUTO(buf_done) struct buf where = BUF(64 << 10);
	address_show(&where, str_of(r->url));
	if (known && a.host.n)
		return err_set(e, ERR_ABSENT, "%s is not asked for: this is offline", where.data);
	return err_set(e, ERR_USAGE, "\"%s\" is no http, https or file address", where.data);
}

int http_send(struct http *h, const struct http_request *r, struct http_answer *out, struct err **e)
{
	int code = check_request(h, r, e);
	if (code < 0)
		return code;
	AUTO(buf_done) struct buf origin = BUF(64 << 10);
	if (r->socket)
		buf_printf(&origin, "unix:%s", r->socket);
	else
		address_origin(&origin, str_of(r->url));
	struct host *host = host_find(h, origin.data);
	AUTO(free) char *real = http_real_url(h, r->url);
	struct http_request asked = *r;
	asked.url = real;
	AUTO(transfer_done) struct transfer t;
	transfer_init(&t, &h->setup, &asked, out);
	int64_t not_before_ms = 0;
	for (unsigned failed = 1;; failed++) {
		uint64_t before = t.done;
		struct err *why = NULL;
		code = try_once(h, host, &t, not_before_ms, &why);
		if (t.done >= before + PROGRESS)
			failed = 1;
		if (!t.again || is_last_try(h, &t, failed)) {
			if (e && code < 0)
				*e = STEAL(&why);
			err_free(why);
			return code;
		}
		int64_t ms = t.wait_ms > 0 ? t.wait_ms : backoff_ms(h, failed);
		tell(h, &t, ms, why);
		err_free(why);
		not_before_ms = clock_ms() + ms;
	}
}

/* ---- answers ---- */

void http_answer_done(struct http_answer *a)
{
	buf_done(&a->body);
	buf_done(&a->headers);
	buf_done(&a->url);
}

struct str http_header(const struct http_answer *a, const char *name)
{
	struct str rest = buf_str(&a->headers), line, key;
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		if (str_cut(&line, ':', &key) && str_is(key, name))
			return str_trim(line);
	}
	return (struct str){0};
}

int http_needed(struct str url, int code)
{
	return code == ERR_ABSENT && !str_starts(url, "file:") ? ERR_NET : code;
}

int http_error(const struct http_request *r, const struct http_answer *a, struct err **e)
{
	static const struct {
		long status;
		enum err_code code;
		const char *text;
	} rows[] = {
		{401, ERR_REFUSED, " (not logged in, or not allowed)"},
		{403, ERR_REFUSED, " (forbidden)"},
		{404, ERR_ABSENT, " (not found)"},
		{407, ERR_REFUSED, " (the proxy wants a login)"},
		{410, ERR_ABSENT, " (gone)"},
		{429, ERR_NET, " (too many requests)"},
	};
	enum err_code code = ERR_NET;
	const char *text = "";
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].status == a->status) {
			code = rows[i].code;
			text = rows[i].text;
		}
	AUTO(buf_done) struct buf where = BUF(64 << 10);
	address_show(&where, str_of(r->url));
	return err_set(e, code, "%s %s: HTTP %ld%s", r->method, where.data, a->status, text);
}
