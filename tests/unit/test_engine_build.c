/* tests/unit/test_engine_build.c - builds and pushes by a scripted engine. */
#include "builder/build_context.h"
#include "builder/engine_build.h"
#include "specs/base/interrupt.h"
#include "tests/fake/folder.h"
#include "tests/fake/peer.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct peer peer;
static struct http *client;
static struct buf said = BUF(1 << 20);

static void on_line(struct log *l, const char *text)
{
	(void)l;
	buf_printf(&said, "%s\n", text);
}

static struct log hearing = {.line = on_line};

/* What the engine was asked since the last call. */
static const char *asked(void)
{
	static char text[8192];
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	char url[64];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/log", peer.port);
	struct http_request r = {.method = "GET", .url = url};
	assert_int_equal(http_send(client, &r, &a, NULL), 0);
	snprintf(text, sizeof(text), "%s", a.body.data);
	return text;
}

static int build(const char *name, struct str *id, struct arena *a, struct err **e)
{
	AUTO(engine_close) struct engine *g = NULL;
	AUTO(build_context_done) struct build_context c = {0};
	struct str tags[] = {str_of(name)};
	struct reference from = {.host = STR("h.example:5000"), .repository = STR("base")};
	buf_clear(&said);
	build_context_add_text(&c, "Dockerfile", STR("FROM x\n"));
	build_context_add_text(&c, "layers/1.tar.gz", STR("layer"));
	AUTO(pump_free) struct pump *pump = pump_new(build_context_tar, &c);
	struct engine_build b = {
		.context = {.fd = -1,
			    .present = true,
			    .read = pump_read,
			    .rewind = pump_rewind,
			    .cookie = pump},
		.platform = "linux/amd64",
		.tags = {tags, 1},
		.from = &from,
		.from_count = 1,
	};
	assert_int_equal(build_context_tar_size(&c, &b.context.size, NULL), 0);
	assert_int_equal(engine_open(client, &hearing, &g, NULL), 0);
	return engine_build(g, &b, a, id, e);
}

static void builds_from_a_context_and_tells_each_line(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct str id = {0};
	assert_int_equal(build("h.example/good:1", &id, &a, NULL), 0);
	assert_string_equal(id.p, "sha256:11111111111111111111111111111111"
				  "11111111111111111111111111111111");
	assert_string_equal(said.data, "Step 1/2 : FROM base\nPulling\nStep 2/2 : ADD [31mlayer\n"
				       " ---> 1\n");
	assert_string_equal(asked(),
			    "build h.example/good:1 linux/amd64 [Dockerfile layers/1.tar.gz] "
			    "{\"h.example:5000\": {\"password\": \"se?cr>t~~\", \"username\": "
			    "\"user\"}}\n");
}

static void says_why_a_build_failed(void **state)
{
	(void)state;
	static const struct {
		const char *name, *says;
		int code;
	} rows[] = {
		{"fails:1", "the engine says: no: not found", ERR_FAILED},
		{"silent:1", "names no image", ERR_FAILED},
		{"cut:1", "ends in the middle of an object", ERR_CORRUPT},
		{"refused:1", "HTTP 400: dockerfile parse error", ERR_FAILED},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct str id;
		assert_int_equal(build(rows[i].name, &id, &a, &e), rows[i].code);
		AUTO(free) char *line = err_line(e);
		assert_non_null(strstr(line, rows[i].says));
	}
	asked();
}

/* Not by our own client: that is interrupted too. */
static bool has_noted(const char *line)
{
	char command[128], text[4096] = "";
	snprintf(command, sizeof(command), "curl -s --noproxy '*' http://127.0.0.1:%u/log",
		 peer.port);
	FILE *f = popen(command, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = 0;
	if (f)
		pclose(f);
	return strstr(text, line) != NULL;
}

static void *interrupt_soon(void *unused)
{
	usleep(200 * 1000);
	interrupt_raise();
	return unused;
}

static void an_interrupt_ends_the_build(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct str id;
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, NULL), 0);
	assert_int_equal(build("hangs:1", &id, &a, NULL), ERR_INTERRUPTED);
	pthread_join(thread, NULL);
	assert_true(said.n > 0);
	bool gone = false;
	for (unsigned i = 0; i < 100 && !gone; i++) {
		gone = has_noted("gone");
		usleep(20 * 1000);
	}
	assert_true(gone);
}

static void pushes_with_the_login_of_the_registry(void **state)
{
	(void)state;
	AUTO(engine_close) struct engine *g = NULL;
	AUTO(err_free) struct err *e = NULL;
	static const struct {
		const char *host, *repository;
		int code;
		const char *asked;
	} rows[] = {
		{"h.example:5000", "team/good", 0,
		 "push /v1.41/images/h.example:5000/team/good/push 7 {\"password\": \"se?cr>t~~\", "
		 "\"serveraddress\": \"h.example:5000\", \"username\": \"user\"}\n"},
		{"docker.io", "team/good", 0,
		 "push /v1.41/images/docker.io/team/good/push 7 {\"identitytoken\": \"token\", "
		 "\"serveraddress\": \"https://index.docker.io/v1/\"}\n"},
		{"open.example", "fails", ERR_FAILED,
		 "push /v1.41/images/open.example/fails/push 7 {\"serveraddress\": "
		 "\"open.example\"}\n"},
	};
	assert_int_equal(engine_open(client, &hearing, &g, NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct reference to = {.host = str_of(rows[i].host),
				       .repository = str_of(rows[i].repository),
				       .tag = STR("7")};
		assert_int_equal(engine_push(g, &to, NULL), rows[i].code);
		assert_string_equal(asked(), rows[i].asked);
	}
}

static int set_up(void **state)
{
	static const char config[] =
		"{\"auths\":{\"h.example:5000\":{\"username\":\"user\",\"password\":\"se?cr>t~~\"},"
		"\"https://index.docker.io/v1/\":{\"identitytoken\":\"token\"}}}";
	char host[64];
	if (folder_make(state) < 0)
		return -1;
	AUTO(free) char *path = fs_join(folder, "config.json");
	peer = peer_run("tests/fake/engine.py", NULL);
	snprintf(host, sizeof(host), "tcp://127.0.0.1:%u", peer.port);
	setenv("DOCKER_HOST", host, 1);
	setenv("DOCKER_CONFIG", folder, 1);
	unsetenv("DOCKER_TLS_VERIFY");
	struct http_options o = {.backoff_ms = 1};
	if (fs_write(path, str_of(config), 0600, NULL) < 0 || !peer.port)
		return -1;
	return http_open(&o, &client, NULL);
}

static int tear_down(void **state)
{
	http_close(client);
	peer_stop(&peer);
	buf_done(&said);
	return folder_remove(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_from_a_context_and_tells_each_line),
		cmocka_unit_test(says_why_a_build_failed),
		cmocka_unit_test(pushes_with_the_login_of_the_registry),
		cmocka_unit_test(an_interrupt_ends_the_build), /* nothing runs after it */
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
