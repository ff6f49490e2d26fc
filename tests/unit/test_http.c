/* tests/unit/test_http.c - transfers against a peer that misbehaves. */
#include "cache/address.h"
#include "cache/http.h"
#include "specs/base/clock.h"
#include "specs/base/digest.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include "specs/base/workers.h"
#include "tests/fake/peer.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { WHOLE = 300000 };

static struct peer peer;
static struct http *client;

static char *url_of(const char *path)
{
	static _Thread_local char urls[4][512];
	static _Thread_local unsigned next;
	char *url = urls[next++ % 4];
	snprintf(url, sizeof(urls[0]), "http://127.0.0.1:%u%s", peer.port, path);
	return url;
}

static int get(const char *path, struct http_answer *a, struct err **e)
{
	struct http_request r = {.method = "GET", .url = url_of(path)};
	return http_send(client, &r, a, e);
}

static long times(const char *path)
{
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	char count[256];
	snprintf(count, sizeof(count), "/count%s", path);
	assert_int_equal(get(count, &a, NULL), 0);
	return atol(a.body.data);
}

struct sink {
	struct buf got;
	unsigned restarts, fail_after;
};

static int sink_write(void *cookie, const void *p, size_t n, struct err **e)
{
	struct sink *s = cookie;
	buf_add(&s->got, p, n);
	if (s->fail_after && s->got.n >= s->fail_after)
		return err_set(e, ERR_IO, "disk full");
	return 0;
}

static int sink_restart(void *cookie, struct err **e)
{
	struct sink *s = cookie;
	(void)e;
	buf_clear(&s->got);
	s->restarts++;
	return 0;
}

static void is_whole(const struct buf *got)
{
	assert_int_equal(got->n, WHOLE);
	for (size_t i = 0; i < WHOLE; i++)
		if ((uint8_t)got->data[i] != (uint8_t)(i * 7 + (i >> 8)))
			fail_msg("byte %zu differs", i);
}

static void gets_a_body_and_its_headers(void **state)
{
	(void)state;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	assert_int_equal(get("/etag", &a, NULL), 0);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body.data, "fresh");
	assert_true(str_is(http_header(&a, "etag"), "\"v1\""));
	assert_true(str_is(http_header(&a, "cache-control"), "max-age=60"));
	assert_int_equal(http_header(&a, "x-none").n, 0);

	const char *const headers[] = {"If-None-Match: \"v1\"", NULL};
	struct http_request r = {.method = "GET", .url = url_of("/etag"), .headers = headers};
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_int_equal(a.status, 304);
	assert_int_equal(a.body.n, 0);
}

static void asks_for_the_head_only(void **state)
{
	(void)state;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct http_request r = {.method = "HEAD", .url = url_of("/whole")};
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_int_equal(a.status, 200);
	assert_true(str_is(http_header(&a, "content-length"), "300000"));
	assert_int_equal(a.body.n, 0);
}

static void goes_on_where_a_download_was_cut(void **state)
{
	static const struct {
		const char *path;
		unsigned restarts, requests;
	} rows[] = {
		{"/cut", 0, 3},	      {"/cut-changed", 1, 2}, {"/cut-deaf", 1, 2},
		{"/cut-wrong", 1, 3}, {"/whole", 0, 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
		struct sink s = {.got = BUF(1 << 20)};
		long before = times(rows[i].path);
		struct http_request r = {.method = "GET",
					 .url = url_of(rows[i].path),
					 .write = sink_write,
					 .restart = sink_restart,
					 .cookie = &s};
		assert_int_equal(http_send(client, &r, &a, NULL), 0);
		assert_int_equal(a.status, 200);
		assert_int_equal(s.restarts, rows[i].restarts);
		assert_int_equal(times(rows[i].path) - before, rows[i].requests);
		is_whole(&s.got);
		buf_done(&s.got);
	}
}

static void keeps_a_body_whole_in_the_answer_too(void **state)
{
	(void)state;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	assert_int_equal(get("/cut-deaf/again", &a, NULL), 0);
	is_whole(&a.body);
}

static void tries_again_what_may_pass(void **state)
{
	static const struct {
		const char *method, *path;
		bool idempotent;
		long status, requests;
	} rows[] = {
		{"GET", "/status/503/200", false, 200, 2},
		{"GET", "/status/500/200", false, 200, 2},
		{"GET", "/status/404/200", false, 404, 1},
		{"GET", "/status/401/200", false, 401, 1},
		{"GET", "/status/502/403", false, 403, 2},
		{"GET", "/status/504/504", false, 504, 3},
		{"POST", "/status/503/201", false, 201, 2},
		{"POST", "/status/500/201", false, 500, 1},
		{"PUT", "/status/500/201", true, 201, 2},
		{"DELETE", "/status/502/202", true, 202, 2},
		{"GET", "/drop/get", false, 200, 2},
		{"PUT", "/drop/put", true, 200, 2},
		{"POST", "/drop/post", false, 0, 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
		AUTO(err_free) struct err *e = NULL;
		char path[128];
		snprintf(path, sizeof(path), "%s/%s", rows[i].path, rows[i].method);
		struct http_request r = {.method = rows[i].method,
					 .url = url_of(path),
					 .idempotent = rows[i].idempotent,
					 .body = {.fd = -1, .bytes = STR("body"), .present = true}};
		r.body.present = rows[i].method[0] == 'P';
		int code = http_send(client, &r, &a, &e);
		assert_int_equal(code, rows[i].status ? 0 : ERR_NET);
		assert_int_equal(a.status, rows[i].status);
		assert_int_equal(times(path), rows[i].requests);
	}
}

static void waits_as_long_as_it_is_asked_to(void **state)
{
	(void)state;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	double from = clock_seconds();
	assert_int_equal(get("/busy", &a, NULL), 0);
	double s = clock_seconds() - from;
	assert_string_equal(a.body.data, "now");
	assert_true(s >= 0.99 && s < 10);
}

static void sends_bodies_from_memory_and_files(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "PATCH"};
	char name[] = "/tmp/kiln-test-XXXXXX", text[64];
	(void)state;
	AUTO(fd_close) int fd = mkstemp(name);
	unlink(name);
	AUTO(free) char *bytes = mem_zero(1, 2 << 20);
	assert_int_equal(fs_write_fd(fd, bytes, 2 << 20, NULL), 0);
	for (size_t i = 0; i < COUNT(methods); i++) {
		AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
		struct http_request r = {.method = methods[i],
					 .url = url_of("/echo"),
					 .body = {.fd = -1, .bytes = STR("abc"), .present = true}};
		assert_int_equal(http_send(client, &r, &a, NULL), 0);
		snprintf(text, sizeof(text), "%s /echo\n", methods[i]);
		assert_non_null(strstr(a.body.data, text));
		assert_non_null(strstr(a.body.data, "body: 3 ba7816bf"));
		assert_non_null(strstr(a.body.data, "expect: 100-continue"));
		r.idempotent = true;
		assert_int_equal(http_send(client, &r, &a, NULL), 0);
		assert_null(strstr(a.body.data, "expect: 100-continue"));
		r.body = (struct http_body){
			.fd = fd, .at = 100, .size = (2 << 20) - 100, .present = true};
		assert_int_equal(http_send(client, &r, &a, NULL), 0);
		assert_non_null(strstr(a.body.data, "body: 2097052 "));
		assert_non_null(strstr(a.body.data, "expect: 100-continue"));
	}
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct http_request r = {.method = "POST", .url = url_of("/echo")};
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_non_null(strstr(a.body.data, "content-length: 0"));
}

static void keeps_credentials_from_other_hosts(void **state)
{
	static const char *const headers[] = {"Authorization: Bearer hush", NULL};
	(void)state;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct http_request r = {.method = "GET", .url = url_of("/near"), .headers = headers};
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_non_null(strstr(a.body.data, "hush"));
	assert_non_null(strstr(a.url.data, "/echo/near"));
	r.url = url_of("/away");
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_int_equal(a.status, 200);
	assert_null(strstr(a.body.data, "hush"));
	char url[128];
	snprintf(url, sizeof(url), "http://me:hush@127.0.0.1:%u/away", peer.port);
	r.url = url;
	r.headers = NULL;
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_null(strstr(a.body.data, "authorization"));
}

static void leaves_redirects_of_bodies_to_the_caller(void **state)
{
	(void)state;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct http_request r = {.method = "PUT",
				 .url = url_of("/near"),
				 .body = {.fd = -1, .bytes = STR("abc"), .present = true}};
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_int_equal(a.status, 307);
	assert_true(str_is(http_header(&a, "location"), "/echo/near"));
	struct http_request get_it = {
		.method = "GET", .url = url_of("/away"), .keep_redirect = true};
	assert_int_equal(http_send(client, &get_it, &a, NULL), 0);
	assert_int_equal(a.status, 302);
}

static void says_what_failed_without_secrets(void **state)
{
	static const struct {
		const char *path;
		uint64_t max;
		int code;
		const char *text;
	} rows[] = {
		{"/lying", 0, ERR_NET, "/lying"},
		{"/silent", 0, ERR_NET, "no byte for 1 s"},
		{"/endless", 1 << 20, ERR_LIMIT, "more than 1048576 bytes"},
		{"/whole", 1000, ERR_LIMIT, "300000 bytes announced"},
		{"/to-file", 0, ERR_NET, "file"},
		{"/loop", 0, ERR_NET, "redirect"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
		AUTO(err_free) struct err *e = NULL;
		char url[256];
		snprintf(url, sizeof(url), "http://me:hush@127.0.0.1:%u%s?sig=hush#hush", peer.port,
			 rows[i].path);
		struct http_request r = {.method = "GET", .url = url, .max = rows[i].max};
		assert_int_equal(http_send(client, &r, &a, &e), rows[i].code);
		AUTO(free) char *line = err_line(e);
		if (!strstr(line, rows[i].text) || strstr(line, "hush"))
			fail_msg("%s", line);
	}
}

static void stops_when_the_writer_fails(void **state)
{
	(void)state;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	AUTO(err_free) struct err *e = NULL;
	struct sink s = {.got = BUF(1 << 20), .fail_after = 1000};
	struct http_request r = {
		.method = "GET", .url = url_of("/whole"), .write = sink_write, .cookie = &s};
	assert_int_equal(http_send(client, &r, &a, &e), ERR_IO);
	AUTO(free) char *line = err_line(e);
	assert_non_null(strstr(line, "disk full"));
	buf_done(&s.got);
}

static void gives_errors_their_codes(void **state)
{
	static const struct {
		long status;
		int code;
	} rows[] = {{404, ERR_ABSENT},
		    {410, ERR_ABSENT},
		    {401, ERR_REFUSED},
		    {403, ERR_REFUSED},
		    {500, ERR_NET}};
	(void)state;
	struct http_request r = {.method = "GET", .url = "https://a:b@h/t/hush/x?y=hush"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		struct http_answer a = HTTP_ANSWER;
		a.status = rows[i].status;
		assert_int_equal(http_error(&r, &a, &e), rows[i].code);
		assert_non_null(strstr(e->text, "GET https://h/t/***/x: HTTP "));
	}
}

static void reads_files_as_if_they_were_far(void **state)
{
	(void)state;
	AUTO(free) char *dir = NULL;
	assert_int_equal(fs_temp_dir("/tmp", &dir, NULL), 0);
	AUTO(free) char *path = fs_join(dir, "a file");
	assert_int_equal(fs_write(path, STR("text"), 0600, NULL), 0);
	AUTO(buf_done) struct buf url = BUF(4096);
	address_of_file(&url, str_of(path));
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct http_request r = {.method = "GET", .url = url.data};
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body.data, "text");
	buf_add_text(&url, "x");
	r.url = url.data;
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	assert_int_equal(a.status, 404);
	assert_int_equal(fs_remove(dir, NULL), 0);
}

static int get_one(void *cookie, size_t i, struct err **e)
{
	(void)cookie, (void)i;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	int code = get("/whole", &a, e);
	return code < 0 ? code : a.body.n == WHOLE ? 0 : err_set(e, ERR_FAILED, "short");
}

static void serves_many_threads(void **state)
{
	(void)state;
	assert_int_equal(workers_run(8, 40, get_one, NULL, NULL), 0);
}

static void takes_addresses_apart(void **state)
{
	static const struct {
		const char *url, *shown, *user, *token;
	} rows[] = {
		{"https://h/a", "https://h/a", "", ""},
		{"https://u:p@h:1/a?q#f", "https://h:1/a", "u:p", ""},
		{"https://u:p@x@h/a", "https://h/a", "u:p@x", ""},
		{"https://h/t/tk-1/c/linux-64", "https://h/t/***/c/linux-64", "", "tk-1"},
		{"https://h/t/tk-1", "https://h/t/***", "", "tk-1"},
		{"https://h/v2/t/x/blobs", "https://h/v2/t/x/blobs", "", ""},
		{"https://h?t=/t/x", "https://h", "", ""},
		{"u:p@h/a", "h/a", "u:p", ""},
		{"file:///a%20b", "file:///a%20b", "", ""},
		{"", "", "", ""},
		{"://", ":", "", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf shown = BUF(4096);
		address_show(&shown, str_of(rows[i].url));
		struct address a = address_split(str_of(rows[i].url));
		if (i + 1 < COUNT(rows)) /* the last one only must not crash */
			assert_string_equal(shown.data, rows[i].shown);
		assert_true(str_is(a.user, rows[i].user));
		assert_true(str_is(address_token(a.path), rows[i].token));
	}
	AUTO(buf_done) struct buf path = BUF(4096);
	assert_true(address_file(&path, STR("file://localhost/a%20b%2")));
	assert_string_equal(path.data, "/a b%2");
	assert_false(address_file(&path, STR("file://other/a")));
	assert_false(address_file(&path, STR("file:///a%00b")));
}

static void stops_when_interrupted(void **state)
{
	(void)state;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	interrupt_raise();
	assert_int_equal(get("/whole", &a, NULL), ERR_INTERRUPTED);
}

static int start(void **state)
{
	(void)state;
	static const struct http_options options = {.idle_ms = 1000, .tries = 3, .backoff_ms = 10};
	peer = peer_start(NULL);
	return peer.port ? http_open(&options, &client, NULL) : -1;
}

static int stop(void **state)
{
	(void)state;
	http_close(client);
	peer_stop(&peer);
	return 0;
}

static void asks_nobody_offline(void **state)
{
	(void)state;
	static const struct http_options options = {.offline = true};
	AUTO(http_close) struct http *alone = NULL;
	AUTO(err_free) struct err *e = NULL;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	AUTO(http_answer_done) struct http_answer near = HTTP_ANSWER;
	struct http_request r = {.method = "GET", .url = url_of("/offline")};
	assert_int_equal(http_open(&options, &alone, NULL), 0);
	assert_int_equal(http_send(alone, &r, &a, &e), ERR_ABSENT);
	assert_non_null(strstr(e->text, "/offline is not asked for: this is offline"));
	assert_int_equal(times("/offline"), 0);
	r.url = "file:///etc/passwd";
	assert_int_equal(http_send(alone, &r, &near, NULL), 0);
	assert_int_equal(near.status, 200);
}

static void takes_credentials_from_netrc_where_it_may(void **state)
{
	char name[] = "/tmp/kiln-netrc-XXXXXX";
	(void)state;
	AUTO(fd_close) int fd = mkstemp(name);
	AUTO(http_close) struct http *h = NULL;
	struct str text = STR("machine 127.0.0.1 login me password hush\n");
	assert_int_equal(fs_write_fd(fd, text.p, text.n, NULL), 0);
	setenv("NETRC", name, 1);
	assert_int_equal(http_open(NULL, &h, NULL), 0);
	unsetenv("NETRC");
	for (int may = 0; may < 2; may++) {
		AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
		struct http_request r = {.method = "GET", .url = url_of("/echo"), .netrc = may};
		assert_int_equal(http_send(h, &r, &a, NULL), 0);
		bool sent = strstr(a.body.data, "authorization: Basic bWU6aHVzaA==") != NULL;
		assert_int_equal(sent, may);
	}
	unlink(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gets_a_body_and_its_headers),
		cmocka_unit_test(asks_for_the_head_only),
		cmocka_unit_test(goes_on_where_a_download_was_cut),
		cmocka_unit_test(keeps_a_body_whole_in_the_answer_too),
		cmocka_unit_test(tries_again_what_may_pass),
		cmocka_unit_test(waits_as_long_as_it_is_asked_to),
		cmocka_unit_test(sends_bodies_from_memory_and_files),
		cmocka_unit_test(keeps_credentials_from_other_hosts),
		cmocka_unit_test(takes_credentials_from_netrc_where_it_may),
		cmocka_unit_test(leaves_redirects_of_bodies_to_the_caller),
		cmocka_unit_test(says_what_failed_without_secrets),
		cmocka_unit_test(stops_when_the_writer_fails),
		cmocka_unit_test(gives_errors_their_codes),
		cmocka_unit_test(reads_files_as_if_they_were_far),
		cmocka_unit_test(asks_nobody_offline),
		cmocka_unit_test(serves_many_threads),
		cmocka_unit_test(takes_addresses_apart),
		cmocka_unit_test(stops_when_interrupted), /* the flag stays up: last */
	};
	return cmocka_run_group_tests(tests, start, stop);
}
