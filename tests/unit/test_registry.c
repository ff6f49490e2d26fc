/* tests/unit/test_registry.c - pull and push against a scripted registry. */
#include "builder/registry.h"
#include "specs/base/interrupt.h"
#include "specs/base/workers.h"
#include "tests/fake/folder.h"
#include "tests/fake/peer.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/place.h"

enum { BIG = 3 << 20 };

static struct peer peer;
static struct http *client;
static bool tls; /* the registry speaks it */
static char warned[512];

static void on_warn(struct log *l, const char *text)
{
	(void)l;
	snprintf(warned + strlen(warned), sizeof(warned) - strlen(warned), "%s\n", text);
}

static struct log quiet = {.warn = on_warn};

/* ---- helpers ---- */

/* A repository of the scripted registry, whose first component says how it behaves. */
static void open_place(struct place *p, const char *repository)
{
	char text[128];
	snprintf(text, sizeof(text), "127.0.0.1:%u/%s", peer.port, repository);
	place_open(p, client, &quiet, text);
}

/* "FLAGS/app:base" */
static const char *app_of(const char *flags)
{
	static char repository[64];
	snprintf(repository, sizeof(repository), "%s/app:base", flags);
	return repository;
}

/* What the registry was asked since the last call. */
static const char *asked(void)
{
	static char text[8192];
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	char url[64];
	snprintf(url, sizeof(url), "%s://127.0.0.1:%u/log", tls ? "https" : "http", peer.port);
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
	AUTO(place_done) struct place p;
	open_place(&p, repository);
	struct push_blob b = blob_of(c);
	int code = registry_push_blob(p.g, &p.r, &b, e);
	*sent = b.sent;
	return code;
}

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"

/* By digest and under one tag. */
static int put(struct place *p, const struct buf *manifest, struct str tag, struct err **e)
{
	struct push_manifest m = {
		.manifest = buf_str(manifest), .media_type = STR(MANIFEST), .tags = {&tag, 1}};
	return registry_put(p->g, &p->r, &m, e);
}

/* A small image: config and one layer; the manifest goes to `manifest`. */
static int push_image(const char *repository, const char *tag, struct buf *manifest, struct err **e)
{
	AUTO(place_done) struct place p;
	open_place(&p, repository);
	struct content layer = {.size = 1000}, config = {.size = 0};
	struct push_blob b = blob_of(&layer), empty = blob_of(&config);
	int code = registry_push_blob(p.g, &p.r, &b, e);
	if (code == 0)
		code = registry_push_blob(p.g, &p.r, &empty, e);
	if (code < 0)
		return code;
	buf_clear(manifest);
	buf_printf(manifest,
		   "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\","
		   "\"layers\":[{\"digest\":\"%s\"}]}",
		   digest_name(&b.digest).text);
	return put(&p, manifest, str_of(tag), e);
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
		{"put404.wrongrange", 1000, 0, 3,
		 ASK("put404.wrongrange") START("put404.wrongrange", "202")
			 PUT("put404.wrongrange", "1000", "404") START("put404.wrongrange", "202")
				 PATCH("put404.wrongrange", "1000", "202") ASK("put404.wrongrange")
					 START("put404.wrongrange", "202")
						 PATCH("put404.wrongrange", "1000", "202")
							 PUT("put404.wrongrange", "0", "201")},
		{"headfails", 1000, 0, 1, ASK("headfails") WHOLE("headfails", "1000")},
		{"headfails", 1000, 0, 1,
		 "HEAD /v2/headfails/app/blobs/D - 0 403\n" WHOLE("headfails", "1000")},
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
		{"nameunknown", 1000, ERR_NET, 0, ASK("nameunknown") START("nameunknown", "404")},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		struct content c = {.size = rows[i].size};
		bool sent = false;
		asked();
		int code = push(app_of(rows[i].flags), &c, &sent, &e);
		if (code != rows[i].code)
			print_error("%s: %s\n", rows[i].flags, e ? e->text : "no error");
		assert_int_equal(code, rows[i].code);
		assert_string_equal(asked(), rows[i].log);
		assert_int_equal(sent, code == 0 && !strstr(rows[i].log, "0 200\n"));
		assert_int_equal(c.reads, rows[i].reads);
	}
}

/* The peer notices later that a body broke off; the next test counts its own. */
static void await_put(void)
{
	for (int i = 0; i < 500 && !strstr(asked(), "PUT"); i++)
		usleep(10000);
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
	await_put();
}

struct fickle {
	struct content content;
	atomic_bool given_up;
	unsigned writes;
};

/* Gives up after the first piece, and counts those that were taken. */
static int fickle_read(void *cookie, uint64_t at,
		       int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		       struct err **e)
{
	struct fickle *f = cookie;
	uint8_t piece[1000] = {0};
	int code = 0;
	for (; at < f->content.size && code == 0; at += sizeof(piece)) {
		code = write(to, piece, sizeof(piece), e);
		f->writes += code == 0;
		atomic_store(&f->given_up, true);
	}
	return code;
}

static void sends_no_more_of_a_blob_that_is_given_up(void **state)
{
	(void)state;
	AUTO(place_done) struct place p;
	struct fickle f = {.content = {.size = 50000}};
	struct push_blob b = blob_of(&f.content);
	open_place(&p, "plain/app");
	b.read = fickle_read;
	b.cookie = &f;
	b.given_up = &f.given_up;
	assert_int_equal(registry_push_blob(p.g, &p.r, &b, NULL), ERR_INTERRUPTED);
	assert_int_equal(f.writes, 1);
	assert_false(b.sent);
	await_put();
}

/* ---- from another repository ---- */

static int push_from(const char *to_name, const char *from_name, struct content *c, bool *sent,
		     struct err **e)
{
	AUTO(place_done) struct place to, from;
	open_place(&to, to_name);
	open_place(&from, from_name);
	struct push_blob b = blob_of(c);
	assert_int_equal(push(from_name, c, sent, NULL), 0);
	asked();
	b.read = NULL;
	b.from = from.g;
	b.from_reference = &from.r;
	int code = registry_push_blob(to.g, &to.r, &b, e);
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
		struct content c = {.size = 1000, .seed = 7};
		bool sent = false;
		const char *to = app_of(rows[i].flags);
		assert_int_equal(push_from(to, "base/app", &c, &sent, NULL), 0);
		assert_string_equal(asked(), rows[i].log);
		assert_int_equal(sent, rows[i].sent);
	}
}

#define LIMIT "mount202.limit"
#define THROUGH(from, first, rest)                                                                 \
	"GET /v2/" from "/app/blobs/D - 0 " first                                                  \
	"\n" PATCH(LIMIT, "1048576", "202") "GET /v2/" from "/app/blobs/D - 0 " rest "\n" PATCH(   \
		LIMIT, "1048576", "202") "GET /v2/" from "/app/blobs/D - 0 " rest                  \
					 "\n" PATCH(LIMIT, "1048576", "202")

static void sends_chunks_from_another_repository(void **state)
{
	static const struct {
		const char *from, *log;
	} rows[] = {
		{"ranges/app", THROUGH("ranges", "200", "206")},
		{"norange/app", THROUGH("norange", "200", "200")},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct content c = {.size = BIG, .seed = 8 + (unsigned)i};
		bool sent = false;
		assert_int_equal(push_from(LIMIT "/app", rows[i].from, &c, &sent, NULL), 0);
		assert_non_null(strstr(asked(), rows[i].log));
		assert_true(sent);
	}
}

static void leaves_foreign_layers_where_they_are(void **state)
{
	(void)state;
	AUTO(place_done) struct place p;
	open_place(&p, "foreign/app");
	struct content c = {.size = 10};
	struct push_blob b = blob_of(&c);
	b.media_type = STR("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
	asked();
	assert_int_equal(registry_push_blob(p.g, &p.r, &b, NULL), 0);
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

/* An image of two layers, and whether somebody has them when the registry asks again. */
struct lossy {
	struct place *place;
	struct content layers[2];
	unsigned asked;
};

static int lost_again(void *cookie, const struct digest *blob, struct err **e)
{
	struct lossy *l = cookie;
	l->asked++;
	for (size_t i = 0; i < COUNT(l->layers); i++) {
		struct push_blob b = blob_of(&l->layers[i]);
		b.again = true;
		if (digest_eq(blob, &b.digest))
			return registry_push_blob(l->place->g, &l->place->r, &b, e);
	}
	return 0;
}

static void make_lossy(struct lossy *l, struct buf *manifest)
{
	struct digest digests[COUNT(l->layers)];
	for (size_t i = 0; i < COUNT(l->layers); i++) {
		l->layers[i] = (struct content){.size = 1000, .seed = 40 + (unsigned)i};
		struct push_blob b = blob_of(&l->layers[i]);
		digests[i] = b.digest;
		assert_int_equal(registry_push_blob(l->place->g, &l->place->r, &b, NULL), 0);
	}
	buf_printf(manifest,
		   "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\","
		   "\"layers\":[{\"digest\":\"%s\"},{\"digest\":\"%s\"}]}",
		   digest_name(&digests[0]).text, digest_name(&digests[1]).text);
}

#define LOST(flags, status) "PUT /v2/" flags "/app/manifests/D - 257 " status "\n"

static void pushes_a_blob_again_that_the_registry_lost(void **state)
{
	static const struct {
		const char *flags;
		int (*lost)(void *cookie, const struct digest *blob, struct err **e);
		int code;
		unsigned asked;
		const char *log;
	} rows[] = {
		{"loses", lost_again, 0, 2,
		 LOST("loses", "400") WHOLE("loses", "1000") WHOLE("loses", "1000")
			 LOST("loses", "201")},
		{"loses.onebyone", lost_again, 0, 2,
		 LOST("loses.onebyone", "400") WHOLE("loses.onebyone", "1000")
			 LOST("loses.onebyone", "400") WHOLE("loses.onebyone", "1000")
				 LOST("loses.onebyone", "201")},
		{"loses.always", lost_again, ERR_ABSENT, 2,
		 LOST("loses.always", "400") WHOLE("loses.always", "1000")
			 WHOLE("loses.always", "1000") LOST("loses.always", "400")},
		{"loses.nobody", NULL, ERR_ABSENT, 0,
		 LOST("loses.nobody", "400") LOST("loses.nobody", "400")},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf manifest = BUF(4096);
		AUTO(place_done) struct place p;
		open_place(&p, app_of(rows[i].flags));
		struct lossy l = {.place = &p};
		make_lossy(&l, &manifest);
		struct push_manifest m = {buf_str(&manifest), STR(MANIFEST), {0}, rows[i].lost, &l};
		asked();
		assert_int_equal(registry_put(p.g, &p.r, &m, NULL), rows[i].code);
		assert_string_equal(asked(), rows[i].log);
		assert_int_equal(l.asked, rows[i].asked);
	}
}

/* ---- pull ---- */

#define CONFIG                                                                                     \
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"A=b\"]},"             \
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:"                                  \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]}}"

static int read_text(void *cookie, uint64_t at,
		     int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		     struct err **e)
{
	return write(to, (const char *)cookie + at, strlen(cookie) - at, e);
}

static void push_text(struct place *p, const char *text)
{
	struct push_blob b = {.size = strlen(text), .read = read_text, .cookie = (void *)text};
	digest_of(text, strlen(text), &b.digest);
	assert_int_equal(registry_push_blob(p->g, &p->r, &b, NULL), 0);
}

/* A base image with a layer of its own, tagged "base". */
static void push_base(const char *repository, struct digest *out)
{
	AUTO(buf_done) struct buf manifest = BUF(4096);
	AUTO(place_done) struct place p;
	open_place(&p, repository);
	struct content layer = {.size = 100};
	struct push_blob b = blob_of(&layer);
	struct digest config;
	assert_int_equal(registry_push_blob(p.g, &p.r, &b, NULL), 0);
	push_text(&p, CONFIG);
	digest_of(CONFIG, strlen(CONFIG), &config);
	buf_printf(&manifest,
		   "{\"schemaVersion\":2,"
		   "\"mediaType\":\"" MANIFEST "\",\"config\":{"
		   "\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		   "\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		   "\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"%s\","
		   "\"size\":100}]}",
		   digest_name(&config).text, strlen(CONFIG), digest_name(&b.digest).text);
	digest_of(manifest.data, manifest.n, out);
	assert_int_equal(put(&p, &manifest, STR("base"), NULL), 0);
	asked();
}

static int pull(const char *repository, const struct digest *digest, const char *cache,
		struct base_image *out, struct err **e)
{
	AUTO(place_done) struct place p;
	open_place(&p, repository);
	if (digest) {
		p.r.has_digest = true;
		p.r.digest = *digest;
	}
	return registry_pull_base(p.g, &p.r, cache, out, e);
}

static void cache_of(const char *name, char *out, size_t room)
{
	snprintf(out, room, "%s/%s", folder, name);
}

static void pulls_a_base_and_does_not_ask_twice(void **state)
{
	(void)state;
	char cache[128];
	struct digest d;
	AUTO(base_image_done) struct base_image one = {0}, two = {0};
	push_base("bases/app", &d);
	cache_of("kept", cache, sizeof(cache));
	assert_int_equal(pull("bases/app:base", NULL, cache, &one, NULL), 0);
	assert_string_equal(asked(), "GET /v2/bases/app/manifests/base - 0 200\n"
				     "GET /v2/bases/app/blobs/D - 0 200\n");
	assert_true(digest_eq(&one.digest, &d));
	assert_true(digest_eq(&one.named, &d));
	assert_int_equal(one.layer_count, 1);
	assert_true(str_is(base_image_env(&one, "A"), "b"));
	assert_true(str_ends(one.reference, "/bases/app:base"));
	assert_int_equal(pull("bases/app:base", &d, cache, &two, NULL), 0);
	assert_string_equal(asked(), "");
}

static void checks_what_a_registry_sends(void **state)
{
	static const struct {
		const char *flags;
		bool by_digest;
		int code;
	} rows[] = {
		{"vague", false, 0},	       {"nodigest", false, 0},
		{"nodigest", true, 0},	       {"away", false, 0},
		{"deprecated", false, 0},      {"wrongdigest", false, ERR_DIGEST},
		{"wrongdigest", true, 0},      {"changed", false, ERR_DIGEST},
		{"changed", true, ERR_DIGEST}, {"gzip", false, ERR_CORRUPT},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(base_image_done) struct base_image base = {0};
		char cache[128], name[16];
		struct digest d;
		const char *repository = app_of(rows[i].flags);
		snprintf(name, sizeof(name), "cache%zu", i);
		cache_of(name, cache, sizeof(cache));
		push_base(repository, &d);
		warned[0] = 0;
		int code = pull(repository, rows[i].by_digest ? &d : NULL, cache, &base, NULL);
		if (code != rows[i].code)
			print_error("%s\n", rows[i].flags);
		assert_int_equal(code, rows[i].code);
		assert_int_equal(strstr(warned, "this registry   closes") || *warned,
				 strcmp(rows[i].flags, "deprecated") == 0);
	}
}

static void finds_a_tag_whatever_head_says(void **state)
{
	static const struct {
		const char *flags;
		int code;
		const char *log;
	} rows[] = {
		{"heads", 0, "HEAD /v2/heads/app/manifests/base - 0 200\n"},
		{"head405", 0,
		 "HEAD /v2/head405/app/manifests/base - 0 405\n"
		 "GET /v2/head405/app/manifests/base - 0 200\n"},
		{"nodigest.heads", 0,
		 "HEAD /v2/nodigest.heads/app/manifests/base - 0 200\n"
		 "GET /v2/nodigest.heads/app/manifests/base - 0 200\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(place_done) struct place p;
		struct digest d, is;
		uint64_t size = 0;
		const char *repository = app_of(rows[i].flags);
		push_base(repository, &d);
		open_place(&p, repository);
		assert_int_equal(registry_head(p.g, &p.r, &is, &size, NULL), rows[i].code);
		assert_true(digest_eq(&is, &d));
		assert_true(size > 300);
		assert_string_equal(asked(), rows[i].log);
	}
	AUTO(place_done) struct place page, none;
	struct digest is;
	open_place(&page, "html/app:base");
	open_place(&none, "heads/none:base");
	assert_int_equal(registry_head(page.g, &page.r, &is, NULL, NULL), ERR_CORRUPT);
	assert_int_equal(registry_head(none.g, &none.r, &is, NULL, NULL), ERR_ABSENT);
	assert_string_equal(asked(), "HEAD /v2/html/app/manifests/base - 0 200\n"
				     "GET /v2/html/app/manifests/base - 0 200\n"
				     "HEAD /v2/heads/none/manifests/base - 0 404\n");
}

static void chooses_the_platform_of_an_index(void **state)
{
	(void)state;
	AUTO(place_done) struct place p;
	AUTO(buf_done) struct buf index = BUF(4096);
	AUTO(base_image_done) struct base_image base = {0};
	AUTO(err_free) struct err *e = NULL;
	char cache[128];
	struct digest d, named;
	struct str tag = STR("many");
	const char *type = "application/vnd.oci.image.index.v1+json";
	push_base("index/app", &d);
	open_place(&p, "index/app:many");
	for (int good = 1; good >= 0; good--) {
		buf_clear(&index);
		buf_printf(
			&index,
			"{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[{\"mediaType\":"
			"\"" MANIFEST "\",\"digest\":\"%s\","
			"\"size\":400,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}]}",
			type, digest_name(&d).text, good ? "amd64" : "arm64");
		struct push_manifest m = {buf_str(&index), str_of(type), {&tag, 1}, NULL, NULL};
		assert_int_equal(registry_put(p.g, &p.r, &m, NULL), 0);
		cache_of(good ? "index" : "other", cache, sizeof(cache));
		if (good) {
			digest_of(index.data, index.n, &named);
			assert_int_equal(pull("index/app:many", NULL, cache, &base, NULL), 0);
			assert_true(digest_eq(&base.digest, &d));
			assert_true(digest_eq(&base.named, &named));
		} else {
			assert_int_equal(pull("index/app:many", NULL, cache, &base, &e),
					 ERR_ABSENT);
			AUTO(free) char *line = err_line(e);
			assert_non_null(strstr(line, "linux/arm64"));
		}
	}
}

/* ---- logins ---- */

static void log_in(const char *entry)
{
	char path[128], text[256];
	cache_of("config.json", path, sizeof(path));
	if (!entry) {
		assert_int_equal(fs_remove(path, NULL), 0);
		return;
	}
	snprintf(text, sizeof(text), "{\"auths\":{\"127.0.0.1:%u\":{%s}},\"credsStore\":\"vault\"}",
		 peer.port, entry);
	assert_int_equal(fs_write(path, str_of(text), 0600, NULL), 0);
}

#define USER "\"auth\":\"dXNlcjpzZTpjcmV0\""
#define SCOPE(flags) "&scope=repository%3A" flags "%2Fapp%3Apull%2Cpush"
#define TOKEN(flags)                                                                               \
	"GET /token?service=fake" SCOPE(flags) "&client_id=kiln&account=user basic:user 0 200\n"
#define AS(login, flags)                                                                           \
	"HEAD /v2/" flags "/app/blobs/D " login " 0 404\n"                                         \
	"POST /v2/" flags "/app/blobs/uploads/ " login " 0 202\n"
#define NOT_YET(flags) "HEAD /v2/" flags "/app/blobs/D - 0 401\n"
#define PUT_AS(login, flags, size, status)                                                         \
	"PUT /v2/" flags "/app/blobs/uploads/U?state=a%2Bb&digest=D " login " " size " " status "\n"

static void logs_in_as_each_registry_asks(void **state)
{
	static const struct {
		const char *entry, *flags;
		uint64_t size;
		int code;
		const char *log, *says;
	} rows[] = {
		{USER, "token", 1000, 0,
		 NOT_YET("token") TOKEN("token") AS("bearer", "token")
			 PUT_AS("bearer", "token", "1000", "201"),
		 NULL},
		{USER, "token.both", 1000, 0,
		 NOT_YET("token.both") TOKEN("token.both") AS("bearer", "token.both")
			 PUT_AS("bearer", "token.both", "1000", "201"),
		 NULL},
		{USER, "token.expires", BIG, 0,
		 NOT_YET("token.expires") TOKEN("token.expires") AS("bearer", "token.expires")
			 PUT_AS("bearer", "token.expires", "0", "401") TOKEN("token.expires")
				 PUT_AS("bearer", "token.expires", "3145728", "201"),
		 NULL},
		{USER, "token.elsewhere", 1000, 0,
		 NOT_YET("token.elsewhere") TOKEN("token.elsewhere")
			 AS("bearer", "token.elsewhere") "PUT /elsewhere/U?digest=D - 1000 201\n",
		 NULL},
		{USER, "basic", 1000, 0,
		 NOT_YET("basic") AS("basic:user", "basic")
			 PUT_AS("basic:user", "basic", "1000", "201"),
		 NULL},
		{"\"identitytoken\":\"identity\"", "token.identity", 1000, 0,
		 NOT_YET("token.identity") "POST /token - 129 200\n" AS("bearer", "token.identity")
			 PUT_AS("bearer", "token.identity", "1000", "201"),
		 NULL},
		{"\"auth\":\"dXNlcjpiYWQ=\"", "token.bad", 1000, ERR_REFUSED,
		 NOT_YET("token.bad") "GET /token?service=fake" SCOPE(
			 "token.bad") "&client_id=kiln&account=user basic:user 0 401\n",
		 "(logged in as user)"},
		{"\"auth\":\"dXNlcjpiYWQ=\"", "basic.bad", 1000, ERR_REFUSED,
		 NOT_YET("basic.bad") "HEAD /v2/basic.bad/app/blobs/D basic:user 0 401\n",
		 "(logged in as user)"},
		{"", "basic.helper", 1000, ERR_REFUSED, NOT_YET("basic.helper"),
		 "docker-credential-vault"},
		{NULL, "basic.none", 1000, ERR_REFUSED, NOT_YET("basic.none"), "no login for it"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		struct content c = {.size = rows[i].size};
		bool sent = false;
		log_in(rows[i].entry);
		asked();
		int code = push(app_of(rows[i].flags), &c, &sent, &e);
		AUTO(free) char *line = e ? err_line(e) : mem_text("no error");
		if (code != rows[i].code)
			print_error("%s: %s\n", rows[i].flags, line);
		assert_int_equal(code, rows[i].code);
		assert_string_equal(asked(), rows[i].log);
		if (rows[i].says)
			assert_non_null(strstr(line, rows[i].says));
		assert_null(strstr(line, "bad\""));
		assert_null(strstr(line, "dXNlcjp"));
	}
	log_in(NULL);
}

static void mounts_with_a_right_on_the_source_or_does_without(void **state)
{
	(void)state;
	struct content c = {.size = 1000, .seed = 3}, d = {.size = 1000, .seed = 4};
	bool sent = true;
	log_in(USER);
	assert_int_equal(push_from("token.to/app", "token.from/app", &c, &sent, NULL), 0);
	assert_false(sent);
	assert_non_null(strstr(asked(), "&scope=repository%3Atoken.to%2Fapp%3Apull%2Cpush"
					"&scope=repository%3Atoken.from%2Fapp%3Apull&"));
	/* The token server gives no right on the source, and says nothing. */
	assert_int_equal(push_from("token.fro/app", "base/token.nosource", &d, &sent, NULL), 0);
	assert_true(sent);
	log_in(NULL);
}

static void keeps_the_login_from_where_a_blob_is_stored(void **state)
{
	(void)state;
	AUTO(base_image_done) struct base_image base = {0};
	char cache[128];
	struct digest d;
	log_in(USER);
	push_base("token.away/app", &d);
	cache_of("away", cache, sizeof(cache));
	assert_int_equal(pull("token.away/app:base", NULL, cache, &base, NULL), 0);
	assert_non_null(strstr(asked(), "GET /v2/token.away/app/blobs/D bearer 0 307\n"
					"GET /v2/token.away/app/blobs/D?signed=secret - 0 200\n"));
	log_in(NULL);
}

/* ---- TLS ---- */

#define MAKE_CERTIFICATE                                                                           \
	"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "       \
	"-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1,DNS:localhost "                   \
	"-keyout %s/key -out %s/cert 2>%s/openssl && cat %s/key %s/cert >%s/pem"

static void stays_with_tls_once_it_has_it(void **state)
{
	static const struct {
		const char *flags;
		int code;
		const char *log;
	} rows[] = {
		{"plain", 0, ASK("plain") WHOLE("plain", "1000")},
		{"relative", 0, ASK("relative") WHOLE("relative", "1000")},
		{"downgrade", 0, ASK("downgrade") WHOLE("downgrade", "1000")},
		{"plainaway", ERR_REFUSED, ASK("plainaway") START("plainaway", "202")},
		{"elsewhere", 0,
		 ASK("elsewhere")
			 START("elsewhere", "202") "PUT /elsewhere/U?digest=D - 1000 201\n"},
	};
	(void)state;
	char command[1024], pem[128], cert[128];
	struct peer plain_peer = peer;
	struct http *plain_client = client;
	struct http_options o = {.backoff_ms = 1};
	snprintf(command, sizeof(command), MAKE_CERTIFICATE, folder, folder, folder, folder, folder,
		 folder);
	if (system(command) != 0)
		skip();
	cache_of("pem", pem, sizeof(pem));
	cache_of("cert", cert, sizeof(cert));
	setenv("CURL_CA_BUNDLE", cert, 1);
	assert_int_equal(http_open(&o, &client, NULL), 0);
	peer = peer_run("tests/fake/registry.py", pem);
	tls = true;
	assert_true(peer.port != 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct content c = {.size = 1000};
		bool sent;
		asked();
		assert_int_equal(push(app_of(rows[i].flags), &c, &sent, NULL), rows[i].code);
		assert_string_equal(asked(), rows[i].log);
	}
	peer_stop(&peer);
	http_close(client);
	unsetenv("CURL_CA_BUNDLE");
	tls = false;
	peer = plain_peer;
	client = plain_client;
}

static int push_one(void *cookie, size_t i, struct err **e)
{
	struct place *to = cookie;
	struct content c = {.size = 200000, .seed = (unsigned)i / 2};
	struct push_blob b = blob_of(&c);
	return registry_push_blob(to->g, &to->r, &b, e);
}

static void pushes_from_many_threads_with_one_token(void **state)
{
	(void)state;
	AUTO(place_done) struct place many;
	log_in(USER);
	open_place(&many, "token.many/app");
	asked();
	assert_int_equal(workers_run(8, 24, push_one, &many, NULL), 0);
	const char *log = asked();
	unsigned tokens = 0;
	for (const char *p = log; (p = strstr(p, "GET /token")); p++)
		tokens++;
	assert_int_equal(tokens, 1);
	log_in(NULL);
}

static int setup(void **state)
{
	struct http_options o = {.backoff_ms = 1};
	if (folder_make(state) < 0 || http_open(&o, &client, NULL) < 0)
		return -1;
	setenv("DOCKER_CONFIG", folder, 1);
	peer = peer_run("tests/fake/registry.py", NULL);
	return peer.port ? 0 : -1;
}

static int teardown(void **state)
{
	peer_stop(&peer);
	http_close(client);
	return folder_remove(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uploads_a_blob_as_each_registry_wants_it),
		cmocka_unit_test(hands_on_what_the_reader_of_a_blob_says),
		cmocka_unit_test(sends_no_more_of_a_blob_that_is_given_up),
		cmocka_unit_test(mounts_where_it_can_and_else_sends_the_bytes),
		cmocka_unit_test(sends_chunks_from_another_repository),
		cmocka_unit_test(leaves_foreign_layers_where_they_are),
		cmocka_unit_test(puts_a_manifest_under_its_digest_and_its_tags),
		cmocka_unit_test(pushes_a_blob_again_that_the_registry_lost),
		cmocka_unit_test(pulls_a_base_and_does_not_ask_twice),
		cmocka_unit_test(checks_what_a_registry_sends),
		cmocka_unit_test(finds_a_tag_whatever_head_says),
		cmocka_unit_test(chooses_the_platform_of_an_index),
		cmocka_unit_test(logs_in_as_each_registry_asks),
		cmocka_unit_test(mounts_with_a_right_on_the_source_or_does_without),
		cmocka_unit_test(keeps_the_login_from_where_a_blob_is_stored),
		cmocka_unit_test(stays_with_tls_once_it_has_it),
		cmocka_unit_test(pushes_from_many_threads_with_one_token),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
