/* tests/unit/test_engine.c - where engines are looked for, and what they say. */
#include "builder/engine_find.h"
#include "builder/engine_stream.h"
#include "specs/base/digest.h"
#include "specs/base/fs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- what they say ---- */

static int note(void *cookie, const struct engine_event *event, struct err **e)
{
	struct buf *out = cookie;
	buf_printf(out, "[%.*s|%.*s|%.*s|%.*s|%.*s|%.*s]", STR_ARG(event->text), STR_ARG(event->id),
		   STR_ARG(event->status), STR_ARG(event->error), STR_ARG(event->image),
		   STR_ARG(event->digest));
	return str_is(event->error, "stop") ? err_set(e, ERR_FAILED, "stopped") : 0;
}

/* In pieces of `step` bytes; the code of the first failure. */
static int listen_to(const char *text, size_t step, struct buf *out)
{
	struct engine_stream s = ENGINE_STREAM(note, out);
	size_t n = strlen(text);
	int code = 0;
	for (size_t at = 0; at < n && code == 0; at += step)
		code = engine_stream_add(&s, text + at, n - at < step ? n - at : step, NULL);
	if (code == 0)
		code = engine_stream_end(&s, NULL);
	engine_stream_done(&s);
	return code;
}

static void reads_objects_cut_anywhere(void **state)
{
	(void)state;
	static const struct {
		const char *text, *events;
	} rows[] = {
		{"", ""},
		{" \n", ""},
		{"{}", "[|||||]"},
		{"{\"stream\":\"a\"}{\"stream\":\"b\"}", "[a|||||][b|||||]"},
		{"{\"stream\":\"{\\\"}\\\\\"}\r\n{\"status\":\"Pushing\",\"id\":\"l\"}",
		 "[{\"}\\|||||][|l|Pushing|||]"},
		{"{\"aux\":{\"ID\":\"sha256:1\"}}", "[||||sha256:1|]"},
		{"{\"aux\":{\"Tag\":\"1\",\"Digest\":\"sha256:2\",\"Size\":3}}", "[|||||sha256:2]"},
		{"{\"errorDetail\":{\"code\":1,\"message\":\"m\"},\"error\":\"e\"}", "[|||m||]"},
		{"{\"error\":\"e\"}", "[|||e||]"},
		{"{\"errorDetail\":{}}", "[|||the engine does not say why||]"},
		{"{\"stream\":7,\"status\":null}", "[|||||]"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t step = 1; step < 50; step += 7) {
			AUTO(buf_done) struct buf out = BUF(4096);
			assert_int_equal(listen_to(rows[i].text, step, &out), 0);
			assert_string_equal(out.data, rows[i].events);
		}
}

static void refuses_what_is_no_stream_of_objects(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{"<html>", ERR_CORRUPT},
		{"[]", ERR_CORRUPT},
		{"{\"stream\":", ERR_CORRUPT},
		{"{]", ERR_CORRUPT},
		{"{\"a\":1,\"a\":2}", ERR_CORRUPT},
		{"{}}", ERR_CORRUPT},
		{"{\"error\":\"stop\"}", ERR_FAILED},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf out = BUF(4096);
		assert_int_equal(listen_to(rows[i].text, 3, &out), rows[i].code);
	}
}

/* ---- where they are ---- */

static void reads_addresses_as_docker_writes_them(void **state)
{
	(void)state;
	static const struct {
		const char *host, *socket, *url;
	} rows[] = {
		{"unix:///run/x.sock", "/run/x.sock", "http://engine"},
		{"tcp://h:2375", NULL, "http://h:2375"},
		{"tcp://[::1]:2375/docker/", NULL, "http://[::1]:2375/docker"},
		{"https://h:2376", NULL, "https://h:2376"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct engine_place p;
		assert_int_equal(engine_place_read(&a, str_of(rows[i].host), &p, NULL), 0);
		assert_string_equal(p.url, rows[i].url);
		if (rows[i].socket)
			assert_string_equal(p.socket, rows[i].socket);
		else
			assert_null(p.socket);
	}
}

static void refuses_addresses_that_lead_nowhere(void **state)
{
	(void)state;
	static const struct {
		const char *host, *says;
	} rows[] = {
		{"ssh://me@h", "forward the engine's socket"},
		{"npipe:////./pipe/x", "not supported"},
		{"unix://x.sock", "no engine's address"},
		{"tcp://", "no engine's address"},
		{"/run/docker.sock", "no engine's address"},
		{"", "no engine's address"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct engine_place p;
		assert_int_equal(engine_place_read(&a, str_of(rows[i].host), &p, &e), ERR_USAGE);
		assert_non_null(strstr(e->text, rows[i].says));
	}
}

static char folder[64];

static void put(const char *name, const char *text)
{
	AUTO(free) char *path = fs_join(folder, name);
	AUTO(free) char *above = mem_text(path);
	*strrchr(above, '/') = 0;
	assert_int_equal(fs_make_dirs(above, 0755, NULL), 0);
	assert_int_equal(fs_write(path, str_of(text), 0644, NULL), 0);
}

static int set_up(void **state)
{
	(void)state;
	static const char *const names[] = {"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY",
					    "DOCKER_CERT_PATH", "XDG_RUNTIME_DIR"};
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	strcpy(folder, "/tmp/kiln-engine.XXXXXX");
	return mkdtemp(folder) && setenv("DOCKER_CONFIG", folder, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return fs_remove(folder, NULL);
}

static void looks_at_the_usual_sockets(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct engine_places p;
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_int_equal(engine_places(&a, &p, NULL), 0);
	assert_int_equal(p.n, 4);
	assert_string_equal(p.v[0].socket, "/var/run/docker.sock");
	assert_string_equal(p.v[2].socket, "/run/user/7/podman/podman.sock");
}

static void obeys_the_variables_before_the_context(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct engine_places p;
	put("config.json", "{\"currentContext\":\"near\"}");
	put("ca.pem", "");
	setenv("DOCKER_HOST", "tcp://h:2376", 1);
	setenv("DOCKER_TLS_VERIFY", "1", 1);
	assert_int_equal(engine_places(&a, &p, NULL), 0);
	assert_int_equal(p.n, 1);
	assert_string_equal(p.v[0].url, "https://h:2376");
	assert_true(str_ends(str_of(p.v[0].tls.ca), "/ca.pem"));
	assert_null(p.v[0].tls.key);
	assert_false(p.v[0].tls.unverified);
}

static void follows_docker_s_context(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(err_free) struct err *e = NULL;
	struct engine_places p;
	struct digest id;
	digest_of("near", 4, &id);
	put(arena_printf(&a, "contexts/meta/%s/meta.json", digest_text(&id).hex).p,
	    "{\"Name\":\"near\",\"Endpoints\":{\"docker\":{\"Host\":\"tcp://near:1\","
	    "\"SkipTLSVerify\":true}}}");
	put(arena_printf(&a, "contexts/tls/%s/docker/key.pem", digest_text(&id).hex).p, "");
	put("config.json", "{\"currentContext\":\"near\"}");
	assert_int_equal(engine_places(&a, &p, NULL), 0);
	assert_string_equal(p.v[0].url, "https://near:1");
	assert_true(p.v[0].tls.unverified && p.v[0].tls.key);
	assert_true(str_is(p.v[0].from, "docker's context \"near\""));
	setenv("DOCKER_CONTEXT", "far", 1);
	assert_int_equal(engine_places(&a, &p, &e), ERR_ABSENT);
	assert_string_equal(e->text, "docker's context \"far\"");
	setenv("DOCKER_CONTEXT", "default", 1);
	assert_int_equal(engine_places(&a, &p, NULL), 0);
	assert_string_equal(p.v[0].socket, "/var/run/docker.sock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_objects_cut_anywhere),
		cmocka_unit_test(refuses_what_is_no_stream_of_objects),
		cmocka_unit_test(reads_addresses_as_docker_writes_them),
		cmocka_unit_test(refuses_addresses_that_lead_nowhere),
		cmocka_unit_test_setup_teardown(looks_at_the_usual_sockets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(obeys_the_variables_before_the_context, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(follows_docker_s_context, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
