/* tests/unit/test_ocilayout.c - images in a folder, read and added to. */
#include "builder/ocilayout.h"
#include "builder/registry.h"
#include "specs/base/workers.h"
#include "tests/fake/folder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#define TYPE "application/vnd.oci.image.manifest.v1+json"

static char path[64];

static int text_source(void *cookie,
		       int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		       struct err **e)
{
	return write(to, cookie, strlen(cookie), e);
}

static struct ocilayout_blob blob_of(const char *text)
{
	struct ocilayout_blob b = {
		.size = strlen(text), .source = text_source, .cookie = (void *)text};
	digest_of(text, strlen(text), &b.digest);
	return b;
}

static struct descriptor put(struct ocilayout *l, const char *text)
{
	struct ocilayout_blob b = blob_of(text);
	assert_int_equal(ocilayout_put(l, &b, NULL), 0);
	return (struct descriptor){STR(TYPE), b.digest, b.size};
}

static int find(struct ocilayout *l, const char *tag, struct digest *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct reference r = {.kind = REFERENCE_OCI, .tag = str_of(tag)};
	struct descriptor d;
	int code = ocilayout_find(l, &r, &a, &d, e);
	*out = d.digest;
	return code;
}

static void keeps_blobs_under_their_digest(void **state)
{
	(void)state;
	AUTO(ocilayout_free) struct ocilayout *l = ocilayout_new(str_of(path));
	AUTO(buf_done) struct buf text = BUF(100);
	struct descriptor d = put(l, "hello");
	assert_true(ocilayout_has(l, &d.digest, 5));
	assert_false(ocilayout_has(l, &d.digest, 6));
	assert_int_equal(ocilayout_get(l, &d.digest, &text, NULL), 0);
	assert_string_equal(text.data, "hello");

	struct ocilayout_blob wrong = blob_of("one");
	wrong.cookie = (void *)"two";
	assert_int_equal(ocilayout_put(l, &wrong, NULL), ERR_DIGEST);
	wrong.cookie = (void *)"three";
	assert_int_equal(ocilayout_put(l, &wrong, NULL), ERR_DIGEST);
	wrong.cookie = (void *)"";
	assert_int_equal(ocilayout_put(l, &wrong, NULL), ERR_DIGEST);
	assert_false(ocilayout_has(l, &wrong.digest, 3));
	assert_int_equal(ocilayout_get(l, &wrong.digest, &text, NULL), ERR_ABSENT);
}

static void refuses_a_blob_that_the_disk_has_changed(void **state)
{
	(void)state;
	AUTO(ocilayout_free) struct ocilayout *l = ocilayout_new(str_of(path));
	AUTO(buf_done) struct buf text = BUF(100);
	struct descriptor d = put(l, "to be changed");
	char file[256];
	snprintf(file, sizeof(file), "%s/blobs/sha256/%s", path, digest_text(&d.digest).hex);
	assert_int_equal(fs_write(file, STR("was changed !"), 0644, NULL), 0);
	assert_int_equal(ocilayout_get(l, &d.digest, &text, NULL), ERR_DIGEST);
}

static void replaces_a_name_and_keeps_the_others(void **state)
{
	(void)state;
	AUTO(ocilayout_free) struct ocilayout *l = ocilayout_new(str_of(path));
	struct descriptor one = put(l, "{\"a\":1}"), two = put(l, "{\"a\":2}");
	struct str tags[] = {STR("x"), STR("y")};
	struct digest d;
	assert_int_equal(ocilayout_name(l, &one, (struct strs){tags, 2}, NULL), 0);
	assert_int_equal(ocilayout_name(l, &two, (struct strs){tags, 1}, NULL), 0);
	assert_int_equal(find(l, "x", &d, NULL), 0);
	assert_true(digest_eq(&d, &two.digest));
	assert_int_equal(find(l, "y", &d, NULL), 0);
	assert_true(digest_eq(&d, &one.digest));
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(find(l, "z", &d, &e), ERR_ABSENT);
	assert_non_null(strstr(e->text, "y, x"));
	assert_int_equal(find(l, "", &d, NULL), ERR_ABSENT);
}

static void keeps_what_others_wrote_into_the_index(void **state)
{
	static const char index[] =
		"{\"schemaVersion\":2,\"annotations\":{\"k\":\"v\"},\"manifests\":[{"
		"\"mediaType\":\"m\",\"digest\":\"sha256:"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":3,"
		"\"platform\":{\"os\":\"linux\"}}]}";
	(void)state;
	char other[80], file[96];
	AUTO(buf_done) struct buf text = BUF(4096);
	struct digest d;
	snprintf(other, sizeof(other), "%s/other", folder);
	snprintf(file, sizeof(file), "%s/index.json", other);
	AUTO(ocilayout_free) struct ocilayout *l = ocilayout_new(str_of(other));
	struct descriptor one = put(l, "{}");
	struct str tag = STR("new");
	assert_int_equal(fs_write(file, STR(index), 0644, NULL), 0);
	assert_int_equal(find(l, "", &d, NULL), 0);
	assert_int_equal(ocilayout_name(l, &one, (struct strs){&tag, 1}, NULL), 0);
	assert_int_equal(fs_read(file, &text, NULL), 0);
	assert_non_null(strstr(text.data, "\"annotations\":{\"k\":\"v\"}"));
	assert_non_null(strstr(text.data, "\"platform\":{\"os\":\"linux\"}"));
	assert_non_null(strstr(text.data, "\"org.opencontainers.image.ref.name\":\"new\""));
	assert_int_equal(fs_write(file, STR("{\"manifests\":"), 0644, NULL), 0);
	assert_int_equal(ocilayout_name(l, &one, (struct strs){&tag, 1}, NULL), ERR_CORRUPT);
}

static int name_one(void *cookie, size_t i, struct err **e)
{
	struct ocilayout *l = cookie;
	char text[16];
	snprintf(text, sizeof(text), "t%zu", i);
	struct descriptor d = put(l, text);
	struct str tag = str_of(text);
	return ocilayout_name(l, &d, (struct strs){&tag, 1}, e);
}

static void takes_names_from_many_threads(void **state)
{
	(void)state;
	char many[80], text[16];
	struct digest d;
	snprintf(many, sizeof(many), "%s/many", folder);
	AUTO(ocilayout_free) struct ocilayout *l = ocilayout_new(str_of(many));
	assert_int_equal(workers_run(8, 40, name_one, l, NULL), 0);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "t%u", i);
		assert_int_equal(find(l, text, &d, NULL), 0);
	}
}

static void is_a_registry_like_any_other(void **state)
{
	static const char manifest[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" TYPE "\",\"layers\":[]}";
	(void)state;
	AUTO(buf_done) struct buf got = BUF(4096);
	AUTO(buf_done) struct buf type = BUF(4096);
	char place[96];
	struct arena a = ARENA;
	struct reference r;
	struct registry_options o = {0};
	struct digest d;
	uint64_t size;
	snprintf(place, sizeof(place), "oci:%s/new/deep:v1", folder);
	assert_int_equal(reference_parse(&a, str_of(place), &r, NULL), 0);
	AUTO(registry_close) struct registry *g = NULL;
	assert_int_equal(registry_open(NULL, &r, &o, &g, NULL), 0);
	assert_int_equal(registry_head(g, &r, &d, NULL, NULL), ERR_ABSENT);
	struct push_manifest m = {STR(manifest), STR(TYPE), {&r.tag, 1}, NULL, NULL};
	assert_int_equal(registry_put(g, &r, &m, NULL), 0);
	assert_int_equal(registry_head(g, &r, &d, &size, NULL), 0);
	assert_int_equal(size, sizeof(manifest) - 1);
	assert_int_equal(registry_get_manifest(g, &r, &got, &type, NULL), 0);
	assert_string_equal(got.data, manifest);
	assert_string_equal(type.data, TYPE);
	arena_done(&a);
}

static int setup(void **state)
{
	if (folder_make(state) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/images", folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_blobs_under_their_digest),
		cmocka_unit_test(refuses_a_blob_that_the_disk_has_changed),
		cmocka_unit_test(replaces_a_name_and_keeps_the_others),
		cmocka_unit_test(keeps_what_others_wrote_into_the_index),
		cmocka_unit_test(takes_names_from_many_threads),
		cmocka_unit_test(is_a_registry_like_any_other),
	};
	return cmocka_run_group_tests(tests, setup, folder_remove);
}
