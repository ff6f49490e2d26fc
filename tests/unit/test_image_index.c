/* tests/unit/test_image_index.c - what an index says of its images. */
#include "builder/image_index.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"

static struct image image_of(const char *config, const char *manifest)
{
	struct image i = {.config = str_of(config),
			  .manifest = str_of(manifest),
			  .media_type = STR(MANIFEST),
			  .size = 1000};
	digest_of(manifest, strlen(manifest), &i.manifest_digest);
	return i;
}

static const char amd64[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{}}";
static const char arm64[] = "{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}";
static const char older[] = "{\"annotations\":{\"io.kiln.key\":\"k\","
			    "\"org.opencontainers.image.created\":\"2023-01-02T00:00:00Z\"}}";
static const char newer[] = "{\"annotations\":{\"io.kiln.key\":\"k\","
			    "\"org.opencontainers.image.created\":\"2023-11-02T00:00:00Z\"}}";

static void the_images_stand_with_their_platforms(void **state)
{
	(void)state;
	const struct image images[] = {image_of(amd64, older), image_of(arm64, newer)};
	AUTO(image_index_done) struct image_index x = {0}, again = {0};
	AUTO(buf_done) struct buf want = BUF(1 << 16);
	assert_int_equal(image_index_make(images, 2, &x, NULL), 0);
	buf_add_text(&want, "{\"schemaVersion\":2,\"mediaType\":"
			    "\"application/vnd.oci.image.index.v1+json\",\"manifests\":[");
	buf_printf(&want,
		   "{\"mediaType\":\"" MANIFEST "\",\"digest\":\"%s\",\"size\":%zu,\"platform\":"
		   "{\"architecture\":\"amd64\",\"os\":\"linux\"}},",
		   digest_name(&images[0].manifest_digest).text, strlen(older));
	buf_printf(&want,
		   "{\"mediaType\":\"" MANIFEST "\",\"digest\":\"%s\",\"size\":%zu,\"platform\":"
		   "{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}}],",
		   digest_name(&images[1].manifest_digest).text, strlen(newer));
	buf_add_text(&want, "\"annotations\":{\"io.kiln.key\":\"k\","
			    "\"org.opencontainers.image.created\":\"2023-11-02T00:00:00Z\"}}");
	assert_string_equal(x.text.p, want.data);
	assert_int_equal(x.size, 2000 + want.n);
	assert_int_equal(image_index_make(images, 2, &again, NULL), 0);
	assert_true(digest_eq(&x.digest, &again.digest));
}

static void a_reader_finds_each_platform_in_it(void **state)
{
	(void)state;
	static const struct {
		const char *platform;
		int code;
		size_t at;
	} rows[] = {
		{"linux/amd64", 0, 0},
		{"linux/arm64", 0, 1},
		{"linux/arm64/v8", 0, 1},
		{"linux/ppc64le", ERR_ABSENT, 0},
	};
	const struct image images[] = {image_of(amd64, older), image_of(arm64, newer)};
	AUTO(image_index_done) struct image_index x = {0};
	assert_int_equal(image_index_make(images, 2, &x, NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct descriptor found;
		bool index = false;
		int code = image_index_choose(x.text, x.media_type, rows[i].platform, &index,
					      &found, &a, NULL);
		assert_int_equal(code, rows[i].code);
		if (code < 0)
			continue;
		assert_true(index);
		assert_true(digest_eq(&found.digest, &images[rows[i].at].manifest_digest));
	}
}

static void broken_images_are_refused(void **state)
{
	(void)state;
	const struct image images[] = {image_of("{", older), image_of(arm64, "[")};
	AUTO(image_index_done) struct image_index x = {0};
	for (size_t i = 0; i < COUNT(images); i++)
		assert_true(image_index_make(&images[i], 1, &x, NULL) < 0);
	assert_int_equal(x.text.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_images_stand_with_their_platforms),
		cmocka_unit_test(a_reader_finds_each_platform_in_it),
		cmocka_unit_test(broken_images_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
