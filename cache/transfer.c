/* cache/transfer.c - one HTTP request on one curl handle. */
#include "cache/transfer.h"
#include "cache/address.h"
#include "specs/base/clock.h"
#include "specs/base/interrupt.h"
#include <errno.h>
#include <fcntl.h>
#include <strings.h>

enum {
	ANSWER_MAX = 16 << 20,
	ERROR_BODY_MAX = 64 << 10,
	ERROR_BODY_READ = 1 << 20,  /* past this an error's body is not worth its connection */
	ANSWER_MS = 10 * 60 * 1000, /* a store may copy for minutes before it answers a PUT */
	WAIT_MAX_MS = 60 * 1000,
	UNASKED_MAX = 64 << 10,
};

void transfer_init(struct transfer *t, const struct transfer_setup *setup,
		   const struct http_request *r, struct http_answer *answer)
{
	*t = (struct transfer){.setup = setup, .r = r, .answer = answer, .validator = BUF(4096)};
	uint64_t max = r->max ? r->max : ANSWER_MAX;
	answer->body.max = max > ERROR_BODY_MAX ? max : ERROR_BODY_MAX;
	if (r->task.n)
		t->task = log_begin(setup->log, r->body.present ? "send" : "fetch", r->task,
				    r->size ? r->size : r->body.size);
}

void transfer_done(struct transfer *t)
{
	long status = t->answer->status;
	log_end(t->setup->log, t->task, status >= 200 && status < 300);
	buf_done(&t->validator);
	err_free(t->e);
}

static bool is_file(const struct transfer *t)
{
	return str_starts(str_of(t->r->url), "file:");
}

static bool is_get(const struct transfer *t)
{
	return strcmp(t->r->method, "GET") == 0;
}

static bool is_head(const struct transfer *t)
{
	return strcmp(t->r->method, "HEAD") == 0;
}

static long status_of(const struct transfer *t)
{
	long status = 0;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return status == 0 && is_file(t) ? 200 : status;
}

static bool is_good(long status)
{
	return status >= 200 && status < 300;
}

static void show(struct transfer *t, uint64_t at)
{
	if (at <= t->shown)
		return;
	log_advance(t->setup->log, t->task, at - t->shown);
	t->shown = at;
}

/* ---- what comes in ---- */

static size_t on_header(char *line, size_t one, size_t n, void *cookie)
{
	struct transfer *t = cookie;
	struct buf *to = &t->answer->headers;
	struct str s = str_trim((struct str){line, one * n}), name;
	if (str_starts(s, "HTTP/")) { /* of a redirect, a 100 Continue, or the last */
		buf_clear(to);
		return one * n;
	}
	struct str value = s;
	if (!str_cut(&value, ':', &name))
		return one * n;
	value = str_trim(value);
	if (to->n + s.n + 2 > to->max)
		return one * n;
	for (size_t i = 0; i < name.n; i++)
		buf_add_char(to, (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 32
									     : name.p[i]));
	buf_printf(to, ": %.*s\n", STR_ARG(value));
	return one * n;
}

/* Whether a 206 continues exactly where we stand: "bytes FROM-TO/TOTAL". */
static bool continues(struct transfer *t)
{
	struct str range = http_header(t->answer, "content-range"), from, to;
	uint64_t at, total = 0;
	if (!str_starts(range, "bytes "))
		return false;
	range = str_trim(str_from(range, 6));
	if (!str_cut(&range, '-', &from) || !str_cut(&range, '/', &to))
		return false;
	if (!str_u64(from, &at) || at != t->done)
		return false;
	if (!str_is(range, "*") && !str_u64(range, &total))
		return false;
	return !t->total || !total || t->total == total;
}

static int from_zero(struct transfer *t)
{
	t->ranged = false;
	if (t->done == 0)
		return 0;
	t->done = 0;
	if (!t->r->write)
		buf_clear(&t->answer->body);
	else if (!t->r->restart)
		return err_set(&t->e, ERR_NET, "the transfer was cut and cannot go on");
	return t->r->restart ? t->r->restart(t->r->cookie, &t->e) : 0;
}

static void note_whole(struct transfer *t)
{
	struct str etag = http_header(t->answer, "etag"), size;
	size = http_header(t->answer, "content-length");
	buf_clear(&t->validator);
	if (str_starts(etag, "\""))
		buf_add_str(&t->validator, etag);
	if (!str_u64(size, &t->total))
		t->total = 0;
}

/* Before the first byte of a 2xx body: is it the rest we asked for, or all of it again? */
static int begin(struct transfer *t, long status)
{
	t->begun = true;
	if (t->ranged && status == 206 && continues(t))
		return 0;
	if (t->ranged && status == 206) /* some other part: of no use, ask for all next time */
		return err_set(&t->e, ERR_NET, "the server sent another range than asked for");
	int code = from_zero(t);
	if (code < 0)
		return code;
	note_whole(t);
	t->first_status = status;
	uint64_t max = t->r->max ? t->r->max : ANSWER_MAX;
	if (t->total > max && is_get(t))
		return err_set(&t->e, ERR_LIMIT, "%llu bytes announced, at most %llu are accepted",
			       (unsigned long long)t->total, (unsigned long long)max);
	return 0;
}

static int take(struct transfer *t, const char *p, size_t n)
{
	uint64_t max = t->r->max ? t->r->max : ANSWER_MAX;
	if (n > max || t->done > max - n)
		return err_set(&t->e, ERR_LIMIT, "more than %llu bytes", (unsigned long long)max);
	int code = 0;
	if (t->r->write)
		code = t->r->write(t->r->cookie, p, n, &t->e);
	else
		buf_add(&t->answer->body, p, n);
	if (code < 0)
		return code;
	t->done += n;
	if (!t->r->body.present)
		show(t, t->done);
	return 0;
}

/* Errors share the answer's body with a 2xx that is kept there. */
static void drop_body(struct transfer *t)
{
	buf_clear(&t->answer->body);
	if (!t->r->write)
		t->done = 0;
}

static size_t take_error(struct transfer *t, const char *p, size_t n)
{
	struct buf *to = &t->answer->body;
	size_t room = to->n < ERROR_BODY_MAX ? ERROR_BODY_MAX - to->n : 0;
	buf_add(to, p, n < room ? n : room);
	t->error_size += n;
	t->enough = t->error_size > ERROR_BODY_READ;
	return t->enough ? 0 : n;
}

static size_t on_body(char *p, size_t one, size_t n, void *cookie)
{
	struct transfer *t = cookie;
	long status = status_of(t);
	n *= one;
	if (!is_good(status)) {
		if (!t->begun)
			drop_body(t);
		t->begun = true;
		return take_error(t, p, n);
	}
	if (!t->begun && (t->code = begin(t, status)) < 0)
		return 0;
	t->code = take(t, p, n);
	return t->code < 0 ? 0 : n;
}

/* ---- what goes out ---- */

static uint64_t body_size(const struct http_body *b)
{
	if (!b->present)
		return 0;
	return b->read || b->fd >= 0 ? b->size : b->bytes.n;
}

static int read_made(struct transfer *t, void *to, size_t n, size_t *got)
{
	const struct http_body *b = &t->r->body;
	int code = t->sent == 0 ? b->rewind(b->cookie, &t->e) : 0;
	return code < 0 ? code : b->read(b->cookie, to, n, got, &t->e);
}

static int read_file(struct transfer *t, void *to, size_t n, size_t *out_got)
{
	const struct http_body *b = &t->r->body;
	ssize_t got;
	do
		got = pread(b->fd, to, n, (off_t)(b->at + t->sent));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(&t->e, "the file to send");
	*out_got = (size_t)got;
	return 0;
}

static int read_bytes(struct transfer *t, void *to, size_t n, size_t *got)
{
	memcpy(to, t->r->body.bytes.p + t->sent, n);
	*got = n;
	return 0;
}

static size_t on_read(char *to, size_t one, size_t n, void *cookie)
{
	struct transfer *t = cookie;
	const struct http_body *b = &t->r->body;
	uint64_t size = body_size(b);
	size_t got = 0;
	n = n * one < size - t->sent ? n * one : (size_t)(size - t->sent);
	if (n == 0)
		return 0;
	if (b->read)
		t->code = read_made(t, to, n, &got);
	else
		t->code = b->fd >= 0 ? read_file(t, to, n, &got) : read_bytes(t, to, n, &got);
	if (t->code == 0 && got == 0)
		t->code = err_set(&t->e, ERR_IO, "what is to be sent ends early");
	if (t->code < 0)
		return CURL_READFUNC_ABORT;
	t->sent += got;
	show(t, t->sent);
	return got;
}

static int on_seek(void *cookie, curl_off_t at, int origin)
{
	struct transfer *t = cookie;
	if (origin != SEEK_SET || at < 0 || (t->r->body.read && at != 0))
		return CURL_SEEKFUNC_FAIL;
	t->sent = (uint64_t)at;
	return CURL_SEEKFUNC_OK;
}

static unsigned idle_ms(const struct transfer *t)
{
	return t->r->idle_ms ? t->r->idle_ms : t->setup->idle_ms;
}

/* curl calls this at least once a second. Its own LOW_SPEED limit would also count the wait
 * for the answer to an upload, which may rightly be long. */
static int on_progress(void *cookie, curl_off_t all_down, curl_off_t down, curl_off_t all_up,
		       curl_off_t up)
{
	struct transfer *t = cookie;
	const struct http_body *b = &t->r->body;
	(void)all_down, (void)all_up;
	if (interrupt_raised()) {
		t->code = interrupt_check(&t->e);
		return 1;
	}
	int64_t now = clock_ms();
	curl_off_t connected = 0;
	curl_easy_getinfo(t->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
	if (down + up != t->moved || !connected) {
		t->moved = down + up;
		t->moved_ms = now;
		return 0;
	}
	uint64_t size = body_size(b);
	bool sent = b->present && size && t->sent == size;
	unsigned usual = idle_ms(t);
	int64_t limit = sent && usual < ANSWER_MS ? ANSWER_MS : usual;
	t->idle = now - t->moved_ms > limit;
	return t->idle;
}

/* Programs we start must not hold our connections open. */
static int on_socket(void *cookie, curl_socket_t fd, curlsocktype type)
{
	(void)cookie, (void)type;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

/* ---- one try ---- */

static void set_callbacks(struct transfer *t)
{
	CURL *c = t->curl;
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
}

static void set_tls(CURL *c, const struct http_tls *tls)
{
	if (tls->ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, tls->ca);
	if (tls->certificate)
		curl_easy_setopt(c, CURLOPT_SSLCERT, tls->certificate);
	if (tls->key)
		curl_easy_setopt(c, CURLOPT_SSLKEY, tls->key);
	if (tls->unverified) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void set_socket(CURL *c, const char *path)
{
	curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, path);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
}

static void set_connection(struct transfer *t)
{
	CURL *c = t->curl;
	const struct transfer_setup *s = t->setup;
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_SHARE, s->share);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https,file");
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_ms);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 512L << 10);
	/* One stalled stream of HTTP/2 holds up all others of its connection. */
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "kiln");
	curl_easy_setopt(c, CURLOPT_NOPROXY, s->no_proxy);
	if (s->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_file);
	if (s->ca_folder)
		curl_easy_setopt(c, CURLOPT_CAPATH, s->ca_folder);
	if (t->r->tls)
		set_tls(c, t->r->tls);
	if (t->r->socket)
		set_socket(c, t->r->socket);
	if (t->r->netrc)
		curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	if (t->r->netrc && s->netrc)
		curl_easy_setopt(c, CURLOPT_NETRC_FILE, s->netrc);
}

static void set_upload(struct transfer *t)
{
	const struct http_body *b = &t->r->body;
	curl_easy_setopt(t->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, t->r->method);
	curl_easy_setopt(t->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body_size(b));
	curl_easy_setopt(t->curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(t->curl, CURLOPT_READDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(t->curl, CURLOPT_SEEKDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
	curl_easy_setopt(t->curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 2000L);
}

static void set_method(struct transfer *t)
{
	if (is_get(t) || is_head(t)) {
		curl_easy_setopt(t->curl, is_get(t) ? CURLOPT_HTTPGET : CURLOPT_NOBODY, 1L);
		curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, t->r->keep_redirect ? 0L : 1L);
		curl_easy_setopt(t->curl, CURLOPT_MAXREDIRS, 10L);
		bool plain = str_starts(str_of(t->r->url), "http:");
		curl_easy_setopt(t->curl, CURLOPT_REDIR_PROTOCOLS_STR,
				 plain ? "http,https" : "https");
	} else if (t->r->body.present || strcmp(t->r->method, "DELETE") != 0) {
		set_upload(t);
	} else {
		curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, t->r->method);
	}
}

static bool has_range(const struct http_request *r)
{
	for (const char *const *h = r->headers; h && *h; h++)
		if (strncasecmp(*h, "range:", 6) == 0)
			return true;
	return false;
}

static bool may_repeat(const struct transfer *t)
{
	return is_get(t) || is_head(t) || t->r->idempotent;
}

static struct curl_slist *set_headers(struct transfer *t)
{
	struct curl_slist *list = NULL;
	for (const char *const *h = t->r->headers; h && *h; h++)
		list = curl_slist_append(list, *h);
	/* curl waits for the server's leave before each upload, which for a small one takes longer
	 * than sending it; but without that answer it repeats by itself what a connection that was
	 * used before breaks off. */
	if (body_size(&t->r->body) <= UNASKED_MAX && may_repeat(t))
		list = curl_slist_append(list, "Expect:");
	t->ranged = t->done > 0 && is_get(t) && !is_file(t) && !has_range(t->r);
	if (t->ranged) {
		AUTO(buf_done) struct buf text = BUF(8192);
		buf_printf(&text, "Range: bytes=%llu-", (unsigned long long)t->done);
		list = curl_slist_append(list, text.data);
		buf_clear(&text);
		buf_printf(&text, "If-Range: %s", t->validator.data);
		if (t->validator.n)
			list = curl_slist_append(list, text.data);
	}
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, list);
	return list;
}

/* Which broken connections are worth another try, and how many; unsent: the request cannot
 * have had an effect. All others are final. */
static const struct {
	CURLcode code;
	bool unsent;
	unsigned most_tries;
} broken[] = {
	{CURLE_COULDNT_RESOLVE_HOST, true, 2}, {CURLE_COULDNT_RESOLVE_PROXY, true, 2},
	{CURLE_COULDNT_CONNECT, true, 3},      {CURLE_SSL_CONNECT_ERROR, true, 2},
	{CURLE_OPERATION_TIMEDOUT, false, 0},  {CURLE_ABORTED_BY_CALLBACK, false, 0},
	{CURLE_GOT_NOTHING, false, 0},	       {CURLE_SEND_ERROR, false, 0},
	{CURLE_RECV_ERROR, false, 0},	       {CURLE_PARTIAL_FILE, false, 0},
	{CURLE_WEIRD_SERVER_REPLY, false, 2},  {CURLE_HTTP2, false, 0},
	{CURLE_HTTP2_STREAM, false, 0},
};

static void judge_broken(struct transfer *t, CURLcode result)
{
	for (size_t i = 0; i < COUNT(broken); i++) {
		if (broken[i].code != result)
			continue;
		t->again = broken[i].unsent || may_repeat(t);
		t->most_tries = broken[i].most_tries;
	}
}

/* refused: the server says that it has not done it, so that even a POST may come again. */
static void judge_status(struct transfer *t)
{
	static const struct {
		long status;
		bool refused;
	} rows[] = {{408, true}, {429, true}, {503, true}, {500}, {502},
		    {504},	 {499},	      {522},	   {523}, {524}};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].status == t->answer->status)
			t->again = rows[i].refused || may_repeat(t);
	/* What we have lies past the end, or changed: ask for all of it. */
	if (t->ranged && t->answer->status == 416)
		t->again = from_zero(t) == 0;
	curl_off_t wait_s = 0;
	curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &wait_s);
	if (wait_s > 0)
		t->wait_ms = wait_s < WAIT_MAX_MS / 1000 ? wait_s * 1000 : WAIT_MAX_MS;
}

static int fail(struct transfer *t, CURLcode result, struct err **e)
{
	AUTO(buf_done) struct buf where = BUF(64 << 10);
	address_show(&where, str_of(t->r->url));
	if (t->code < 0) {
		/* A callback's error; a range that does not fit is tried again from zero. */
		t->again = t->code == ERR_NET && t->ranged && from_zero(t) == 0;
		if (e) {
			err_clear(e);
			*e = STEAL(&t->e);
		}
		err_clear(&t->e);
		return err_wrap(e, t->code, "%s %s", t->r->method, where.data);
	}
	judge_broken(t, result);
	if (t->idle)
		return err_set(e, ERR_NET, "%s %s: no byte for %u s", t->r->method, where.data,
			       (idle_ms(t) + 999) / 1000);
	const char *why =
		t->why[0] && result != CURLE_URL_MALFORMAT ? t->why : curl_easy_strerror(result);
	bool plain = strstr(why, "wrong version number") != NULL;
	return err_set(e, ERR_NET, "%s %s: %s%s", t->r->method, where.data, why,
		       plain ? " (does the server speak plain HTTP?)" : "");
}

/* A status was heard even if the body could not be sent to its end, or was not wanted. */
static bool heard(const struct transfer *t, CURLcode result)
{
	if (result == CURLE_OK || t->enough)
		return true;
	return result == CURLE_SEND_ERROR && status_of(t) >= 300;
}

static int conclude(struct transfer *t, CURLcode result, struct err **e)
{
	char *url = NULL;
	curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &url);
	buf_clear(&t->answer->url);
	buf_add_text(&t->answer->url, url ? url : t->r->url);
	if (is_file(t) && result == CURLE_FILE_COULDNT_READ_FILE) {
		t->answer->status = 404;
		return 0;
	}
	if (!heard(t, result))
		return fail(t, result, e);
	t->answer->status = status_of(t);
	if (!t->begun && !is_good(t->answer->status))
		drop_body(t);
	else if (!t->begun && (t->code = begin(t, t->answer->status)) < 0)
		return fail(t, result, e);
	if (t->ranged && t->answer->status == 206)
		t->answer->status = t->first_status;
	judge_status(t);
	return 0;
}

int transfer_try(struct transfer *t, CURL *curl, struct err **e)
{
	if (t->r->write || t->done == 0)
		buf_clear(&t->answer->body);
	buf_clear(&t->answer->headers);
	t->answer->status = 0;
	t->curl = curl;
	t->begun = t->enough = t->idle = t->again = false;
	t->sent = t->error_size = 0;
	t->moved = 0;
	t->moved_ms = clock_ms();
	t->code = 0;
	t->most_tries = 0;
	t->wait_ms = -1;
	t->why[0] = 0;
	curl_easy_setopt(curl, CURLOPT_URL, t->r->url);
	set_callbacks(t);
	set_connection(t);
	set_method(t);
	struct curl_slist *headers = set_headers(t);
	CURLcode result = curl_easy_perform(curl);
	int code = conclude(t, result, e);
	curl_easy_reset(curl);
	curl_slist_free_all(headers);
	return code;
}
