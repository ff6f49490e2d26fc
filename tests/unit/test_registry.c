/* tests/unit/test_registry.c - pull and push against a scripted registry. */
#include "builder/registry.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include "specs/base/workers.h"
#include "tests/fake/peer.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BIG = 3 << 20 };

static struct peer peer;
static struct http *client;
static char folder[] = "/tmp/kiln-registry-XXXXXX";
static char warned[512];

static void on_warn(struct log *l, const char *text)
{
	(void)l;
	snprintf(warned + strlen(warned), sizeof(warned) - strlen(warned), "%s\n", text);
}

static struct log quiet = {.warn = on_warn};

/* ---- helpers ---- */

static struct reference reference_of(struct arena *a, const char *repository)
{
	struct reference r;
	struct str text = arena_printf(a, "127.0.0.1:%u/%s", peer.port, repository);
	assert_int_equal(reference_parse(a, text, &r, NULL), 0);
	return r;
}

static struct registry *open_registry(const struct reference *r)
{
	struct registry_options o = {"linux/amd64", 2, &quiet, 1};
	struct registry *g = NULL;
	assert_int_equal(registry_open(client, r, &o, &g, NULL), 0);
	return g;
}

/* What the registry was asked since the last call. */
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

static uint8_t byte_at(uint64_t at, unsigned seed)
{
	return (uint8_t)((at * 31 + (at >> 9) + seed) & 255);
}

struct content {
	uint64_t size;
	unsigned seed, reads;
	int fail; /* instead of bytes */
};

static int content_read(void *cookie, uint64_t at,
			int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
			struct err **e)
{
	struct content *c = cookie;
	uint8_t step[10000];
	c->reads++;
	if (c->fail)
		return err_set(e, c->fail, "the segment is gone");
	while (at < c->size) {
		size_t n = 0;
		for (; n < sizeof(step) && at + n < c->size; n++)
			step[n] = byte_at(at + n, c->seed);
		int code = write(to, step, n, e);
		if (code < 0)
			return code;
		at += n;
	}
	return 0;
}

static int add_hash(void *to, const void *p, size_t n, struct err **e)
{
	(void)e;
	hasher_add(to, p, n);
	return 0;
}

static struct push_blob blob_of(struct content *c)
{
	struct push_blob b = {.size = c->size,
			      .media_type = STR("application/vnd.oci.image.layer.v1.tar+gzip"),
			      .name = STR("layer"),
			      .read = content_read,
			      .cookie = c};
	AUTO(hasher_free) struct hasher *h = hasher_new();
	int fail = c->fail;
	c->fail = 0;
	content_read(c, 0, add_hash, h, NULL);
	hasher_end(h, &b.digest);
	c->fail = fail;
	c->reads = 0;
	return b;
}

static int push(const char *repository, struct content *c, bool *sent, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct reference r = reference_of(&a, repository);
	AUTO(registry_close) struct registry *g = open_registry(&r);
	struct push_blob b = blob_of(c);
	int code = registry_push_blob(g, &r, &b, e);
	*sent = b.sent;
	return code;
}

/* A small image: config and one layer; the manifest goes to `manifest`. */
static int push_image(const char *repository, const char *tag, struct buf *manifest, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct reference r = reference_of(&a, repository);
	AUTO(registry_close) struct registry *g = open_registry(&r);
	struct content layer = {.size = 1000}, config = {.size = 0};
	struct push_blob b = blob_of(&layer), empty = blob_of(&config);
	int code = registry_push_blob(g, &r, &b, e);
	if (code == 0)
		code = registry_push_blob(g, &r, &empty, e);
	if (code < 0)
		return code;
	buf_clear(manifest);
	buf_printf(manifest,
		   "{\"schemaVersion\":2,"
		   "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		   "\"layers\":[{\"digest\":\"sha256:%s\"}]}",
		   digest_text(&b.digest).hex);
	struct str tags[] = {str_of(tag)};
	return registry_push_manifest(g, &r, buf_str(manifest),
				      STR("application/vnd.oci.image.manifest.v1+json"),
				      (struct strs){tags, 1}, e);
}

/* ---- blobs ---- */

#define ASK(flags) "HEAD /v2/" flags "/app/blobs/D - 0 404\n"
#define START(flags, status) "POST /v2/" flags "/app/blobs/uploads/ - 0 " status "\n"
#define PUT(flags, size, status)                                                                   \
	"PUT /v2/" flags "/app/blobs/uploads/U?state=a%2Bb&digest=D - " size " " status "\n"
#define PATCH(flags, size, status)                                                                 \
	"PATCH /v2/" flags "/app/blobs/uploads/U?state=a%2Bb - " size " " status "\n"
#define WHOLE(flags, size) START(flags, "202") PUT(flags, size, "201")

static void uploads_a_blob_as_each_registry_wants_it(void **state)
{
	static const struct {
		const char *flags;
		uint64_t size;
		int code;
		unsigned reads;
		const char *log;
	} rows[] = {
		{"plain", 1000, 0, 1, ASK("plain") WHOLE("plain", "1000")},
		{"plain", 1000, 0, 0, "HEAD /v2/plain/app/blobs/D - 0 200\n"},
		{"empty", 0, 0, 0, ASK("empty") WHOLE("empty", "0")},
		{"big", BIG, 0, 1, ASK("big") WHOLE("big", "3145728")},
		{"relative", 1000, 0, 1, ASK("relative") WHOLE("relative", "1000")},
		{"elsewhere", 1000, 0, 1,
		 ASK("elsewhere")
			 START("elsewhere", "202") "PUT /elsewhere/U?digest=D - 1000 201\n"},
		{"put404", 1000, 0, 2,
		 ASK("put404") START("put404", "202") PUT("put404", "1000", "404") START(
			 "put404", "202") PATCH("put404", "1000", "202") PUT("put404", "0", "201")},
		{"put404.patch201", 1000, 0, 2,
		 ASK("put404.patch201") START("put404.patch201", "202")
			 PUT("put404.patch201", "1000", "404") START("put404.patch201", "202")
				 PATCH("put404.patch201", "1000", "201")
					 PUT("put404.patch201", "0", "201")},
		{"lost", 1000, 0, 2,
		 ASK("lost") START("lost", "202") PUT("lost", "1000", "404") ASK("lost")
			 WHOLE("lost", "1000")},
		{"put500", 1000, 0, 2,
		 ASK("put500") START("put500", "202") PUT("put500", "1000", "500") ASK("put500")
			 WHOLE("put500", "1000")},
		{"putcut", 1000, 0, 2,
		 ASK("putcut") START("putcut", "202") PUT("putcut", "1000", "0") ASK("putcut")
			 WHOLE("putcut", "1000")},
		{"limit", BIG, 0, 3,
		 ASK("limit") START("limit", "202") PUT("limit", "0", "413") START("limit", "202")
			 PATCH("limit", "1048576", "202") PATCH("limit", "1048576", "202")
				 PATCH("limit", "1048576", "202") PUT("limit", "0", "201")},
		{"busy", 1000, 0, 1, ASK("busy") START("busy", "429") WHOLE("busy", "1000")},
		{"liar", 1000, ERR_NET, 1,
		 ASK("liar") START("liar", "202") PUT("liar", "1000", "200") ASK("liar")},
		{"html", 1000, ERR_NET, 0,
		 "HEAD /v2/html/app/blobs/D - 0 200\n" START("html", "200")},
		{"nameunknown", 1000, ERR_ABSENT, 0,
		 ASK("nameunknown") START("nameunknown", "404")},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		char repository[64];
		struct content c = {.size = rows[i].size};
		bool sent = false;
		asked();
		snprintf(repository, sizeof(repository), "%s/app", rows[i].flags);
		int code = push(repository, &c, &sent, &e);
		if (code != rows[i].code)
			print_error("%s: %s\n", repository, e ? e->text : "no error");
		assert_int_equal(code, rows[i].code);
		assert_string_equal(asked(), rows[i].log);
		assert_int_equal(sent, code == 0 && !strstr(rows[i].log, "0 200\n"));
		assert_int_equal(c.reads, rows[i].reads);
	}
}

static void hands_on_what_the_reader_of_a_blob_says(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	struct content c = {.size = 1000, .fail = ERR_ABSENT};
	bool sent;
	assert_int_equal(push("failing/app", &c, &sent, &e), ERR_ABSENT);
	AUTO(free) char *line = err_line(e);
	assert_non_null(strstr(line, "the segment is gone"));
	assert_int_equal(c.reads, 1);
	assert_false(sent);
}

/* ---- from another repository ---- */

static int push_from(const char *to_name, const char *from_name, struct content *c, bool *sent,
		     struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct reference to = reference_of(&a, to_name), from = reference_of(&a, from_name);
	AUTO(registry_close) struct registry *g = open_registry(&to);
	AUTO(registry_close) struct registry *source = open_registry(&from);
	struct push_blob b = blob_of(c);
	assert_int_equal(push(from_name, c, sent, NULL), 0);
	asked();
	b.read = NULL;
	b.from = source;
	b.from_reference = &from;
	int code = registry_push_blob(g, &to, &b, e);
	*sent = b.sent;
	return code;
}

#define MOUNT(flags, status)                                                                       \
	"POST /v2/" flags "/app/blobs/uploads/?mount=D&from=base%2Fapp - 0 " status "\n"
#define SOURCE "GET /v2/base/app/blobs/D - 0 200\n"

static void mounts_where_it_can_and_else_sends_the_bytes(void **state)
{
	static const struct {
		const char *flags;
		bool sent;
		const char *log;
	} rows[] = {
		{"mounts", false, ASK("mounts") MOUNT("mounts", "201")},
		{"mount202", true,
		 ASK("mount202") MOUNT("mount202", "202") SOURCE PUT("mount202", "1000", "201")},
		{"mount500", true,
		 ASK("mount500") MOUNT("mount500", "500") START("mount500", "202")
			 SOURCE PUT("mount500", "1000", "201")},
		/* Twice: libcurl itself tries a kept connection that turns out dead once more. */
		{"mountcut", true,
		 ASK("mountcut") MOUNT("mountcut", "0") MOUNT("mountcut", "0")
			 START("mountcut", "202") SOURCE PUT("mountcut", "1000", "201")},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char repository[64];
		struct content c = {.size = 1000, .seed = 7};
		bool sent = false;
		snprintf(repository, sizeof(repository), "%s/app", rows[i].flags);
		assert_int_equal(push_from(repository, "base/app", &c, &sent, NULL), 0);
		assert_string_equal(asked(), rows[i].log);
		assert_int_equal(sent, rows[i].sent);
	}
}

static void leaves_foreign_layers_where_they_are(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct reference r = reference_of(&a, "foreign/app");
	AUTO(registry_close) struct registry *g = open_registry(&r);
	struct content c = {.size = 10};
	struct push_blob b = blob_of(&c);
	b.media_type = STR("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
	asked();
	assert_int_equal(registry_push_blob(g, &r, &b, NULL), 0);
	assert_string_equal(asked(), "");
}

/* ---- manifests ---- */

static void puts_a_manifest_under_its_digest_and_its_tags(void **state)
{
	static const struct {
		const char *repository;
		int code;
		const char *last; /* of the requests */
	} rows[] = {
		{"tags/app", 0,
		 "PUT /v2/tags/app/manifests/D - 172 201\n"
		 "HEAD /v2/tags/app/manifests/one - 0 404\n"
		 "PUT /v2/tags/app/manifests/one - 172 201\n"},
		{"immutable/app", 0,
		 "PUT /v2/immutable/app/manifests/D - 172 201\n"
		 "HEAD /v2/immutable/app/manifests/one - 0 404\n"
		 "PUT /v2/immutable/app/manifests/one - 172 201\n"},
		{"immutable/app", 0,
		 "PUT /v2/immutable/app/manifests/D - 172 201\n"
		 "HEAD /v2/immutable/app/manifests/one - 0 200\n"},
		{"nodigest/app", 0,
		 "PUT /v2/nodigest/app/manifests/D - 172 201\n"
		 "HEAD /v2/nodigest/app/manifests/one - 0 404\n"
		 "PUT /v2/nodigest/app/manifests/one - 172 201\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf manifest = BUF(4096);
		AUTO(err_free) struct err *e = NULL;
		asked();
		int code = push_image(rows[i].repository, "one", &manifest, &e);
		if (code != rows[i].code)
			print_error("%s: %s\n", rows[i].repository, e ? e->text : "no error");
		assert_int_equal(code, rows[i].code);
		char first[64];
		snprintf(first, sizeof(first), "PUT /v2/%s/manifests", rows[i].repository);
		const char *log = strstr(asked(), first);
		assert_non_null(log);
		assert_string_equal(log, rows[i].last);
	}
}

static int setup(void **state)
{
	(void)state;
	struct http_options o = {.backoff_ms = 1};
	setenv("DOCKER_CONFIG", folder, 1);
	if (!mkdtemp(folder) || http_open(&o, &client, NULL) < 0)
		return -1;
	peer = peer_run("tests/fake/registry.py", NULL);
	return peer.port ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	peer_stop(&peer);
	http_close(client);
	return fs_remove(folder, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uploads_a_blob_as_each_registry_wants_it),
		cmocka_unit_test(hands_on_what_the_reader_of_a_blob_says),
		cmocka_unit_test(mounts_where_it_can_and_else_sends_the_bytes),
		cmocka_unit_test(leaves_foreign_layers_where_they_are),
		cmocka_unit_test(puts_a_manifest_under_its_digest_and_its_tags),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
