/* tests/unit/test_referrer.c - documents beside an image: with the API for it, and without. */
#include "builder/referrer.h"
#include "tests/fake/folder.h"
#include "tests/fake/peer.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/place.h"

#define TYPE "application/spdx+json"
#define OTHER "application/vnd.in-toto+json"

static struct peer peer;
static struct http *client;
static struct log quiet;

static struct referrer document(const char *type, const char *text)
{
	struct referrer r = {.type = type, .text = str_of(text), .created = 1700000000};
	r.subject.media_type = STR("application/vnd.oci.image.manifest.v1+json");
	digest_of("image", 5, &r.subject.digest);
	r.subject.size = 5;
	return r;
}

static int push(struct place *p, const char *type, const char *text, struct err **e)
{
	struct referrer r = document(type, text);
	return referrer_push(p->g, &p->r, &r, e);
}

static int has(struct place *p, const char *type)
{
	struct referrer r = document(type, "");
	return referrer_has(p->g, &p->r, &r.subject.digest, type, NULL);
}

/* How many the list under the tag names; -1: there is none. */
static int tagged(struct place *p)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	AUTO(buf_done) struct buf type = BUF(4096);
	AUTO(json_free) cJSON *doc = NULL;
	struct referrer r = document(TYPE, "");
	struct reference list = p->r;
	list.tag = arena_printf(&a, "sha256-%s", digest_text(&r.subject.digest).hex);
	if (registry_get_manifest(p->g, &list, &text, &type, NULL) < 0)
		return -1;
	assert_int_equal(json_parse(buf_str(&text), "list", &doc, NULL), 0);
	return cJSON_GetArraySize(json_array(doc, "manifests"));
}

static void open_place(struct place *p, const char *flags)
{
	char text[128];
	snprintf(text, sizeof(text), "127.0.0.1:%u/%s/app:1", peer.port, flags);
	if (!*flags)
		snprintf(text, sizeof(text), "oci:%s/layout:1", folder);
	place_open(p, client, &quiet, text);
}

static void is_found_by_its_image_wherever_it_stands(void **state)
{
	(void)state;
	static const struct {
		const char *flags; /* empty: a layout */
		int tagged;	   /* in the list under the tag, in the end */
	} rows[] = {{"referrers", -1}, {"plain", 2}, {"nodigest", 2}, {"", 2}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(place_done) struct place p;
		open_place(&p, rows[i].flags);
		assert_int_equal(has(&p, TYPE), 0);
		assert_int_equal(push(&p, TYPE, "{\"a\":1}", NULL), 0);
		assert_int_equal(has(&p, TYPE), 1);
		assert_int_equal(has(&p, OTHER), 0);
		assert_int_equal(push(&p, OTHER, "{\"b\":2}", NULL), 0);
		assert_int_equal(push(&p, TYPE, "{\"a\":1}", NULL), 0);
		assert_int_equal(has(&p, OTHER), 1);
		assert_int_equal(tagged(&p), rows[i].tagged);
	}
}

static void is_read_by_the_digest_of_its_text(void **state)
{
	(void)state;
	static const char *const flags[] = {"referrers", "plain", ""};
	for (size_t i = 0; i < COUNT(flags); i++) {
		AUTO(place_done) struct place p;
		AUTO(buf_done) struct buf text = BUF(100);
		struct referrer r = document("application/x.read", "");
		struct digest *image = &r.subject.digest, one, two, none;
		digest_of("one", 3, &one);
		digest_of("two", 3, &two);
		digest_of("none", 4, &none);
		open_place(&p, flags[i]);
		assert_int_equal(push(&p, r.type, "one", NULL), 0);
		assert_int_equal(push(&p, r.type, "two", NULL), 0);
		assert_int_equal(referrer_get(p.g, &p.r, image, r.type, &two, &text, NULL), 0);
		assert_int_equal(referrer_get(p.g, &p.r, image, r.type, &one, &text, NULL), 0);
		assert_string_equal(text.data, "twoone");
		assert_int_equal(referrer_get(p.g, &p.r, image, r.type, &none, &text, NULL),
				 ERR_ABSENT);
		assert_int_equal(referrer_get(p.g, &p.r, &none, r.type, &one, &text, NULL),
				 ERR_ABSENT);
	}
}

static void leaves_a_tag_alone_that_is_no_list(void **state)
{
	(void)state;
	AUTO(place_done) struct place p;
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(err_free) struct err *e = NULL;
	struct referrer r = document(TYPE, "{}");
	open_place(&p, "taken");
	struct str tag = arena_printf(&a, "sha256-%s", digest_text(&r.subject.digest).hex);
	struct push_manifest m = {
		.manifest = STR("{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"}"),
		.media_type = STR("application/vnd.oci.image.manifest.v1+json"),
		.tags = {&tag, 1}};
	assert_int_equal(registry_put(p.g, &p.r, &m, NULL), 0);
	assert_int_equal(push(&p, TYPE, "{}", &e), ERR_CORRUPT);
	AUTO(free) char *line = err_line(e);
	assert_non_null(strstr(line, "is no list of referrers"));
}

static int set_up(void **state)
{
	if (folder_make(state) < 0)
		return -1;
	peer = peer_run("tests/fake/registry.py", NULL);
	struct http_options o = {.backoff_ms = 1};
	return peer.port ? http_open(&o, &client, NULL) : -1;
}

static int tear_down(void **state)
{
	http_close(client);
	peer_stop(&peer);
	return folder_remove(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_found_by_its_image_wherever_it_stands),
		cmocka_unit_test(is_read_by_the_digest_of_its_text),
		cmocka_unit_test(leaves_a_tag_alone_that_is_no_list),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
