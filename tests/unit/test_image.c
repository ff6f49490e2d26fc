/* tests/unit/test_image.c - manifests and configs read, and made on a base. */
#include "builder/image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."
#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA "sha256:" HEX

static const char base_config[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"x-unknown\":{\"b\":1,\"a\":[2.5,null]},"
	"\"config\":{\"Env\":[\"LANG=C\",\"PATH=/usr/bin\"],\"User\":\"1000\",\"Cmd\":[\"sh\"],"
	"\"Labels\":{\"mine\":\"kept\",\"io.kiln.key\":\"old\"}},"
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" SHA "\",\"" SHA "\"]},"
	"\"history\":[{\"created_by\":\"one\"},{\"created_by\":\"env\",\"empty_layer\":true}]}";

static struct str manifest_of(struct buf *to, bool docker, const char *config)
{
	struct digest d;
	digest_of(config, strlen(config), &d);
	const char *layer = docker ? DOCKER "image.rootfs.diff.tar.gzip" : OCI "layer.v1.tar+gzip";
	buf_printf(to, "{\"schemaVersion\":2,\"mediaType\":\"%s\",",
		   docker ? DOCKER "distribution.manifest.v2+json" : OCI "manifest.v1+json");
	buf_printf(to, "\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu},",
		   docker ? DOCKER "container.image.v1+json" : OCI "config.v1+json",
		   digest_name(&d).text, strlen(config));
	buf_printf(to,
		   "\"layers\":[{\"mediaType\":\"%s\",\"digest\":\"" SHA "\",\"size\":10},"
		   "{\"mediaType\":\"%s\",\"digest\":\"" SHA "\",\"size\":20}]}",
		   layer, layer);
	return buf_str(to);
}

static void parse_base(bool docker, struct base_image *out)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	struct err *e = NULL;
	struct str manifest = manifest_of(&text, docker, base_config);
	assert_int_equal(base_image_parse(manifest, str_of(base_config), out, &e), 0);
	out->reference = STR("debian:12");
}

static struct image_options options(void)
{
	return (struct image_options){.platform = "linux/amd64",
				      .prefix = "/opt/env",
				      .key = "k1",
				      .lock_digest = "sha256:l1",
				      .created = 1700000000};
}

static cJSON *parsed(struct str text)
{
	cJSON *doc = NULL;
	assert_int_equal(json_parse(text, "made", &doc, NULL), 0);
	return doc;
}

static void env_is(const cJSON *config, const char *const *want, int n)
{
	const cJSON *env = json_array(json_object(config, "config"), "Env");
	assert_int_equal(cJSON_GetArraySize(env), n);
	for (int i = 0; i < n; i++)
		assert_string_equal(cJSON_GetArrayItem(env, i)->valuestring, want[i]);
}

static void the_config_is_the_base_s_with_ours_on_top(void **state)
{
	static const char *const env[] = {"LANG=de",
					  "PATH=/opt/env/bin:/usr/bin",
					  "AZUREML_CONDA_ENVIRONMENT_PATH=/opt/env",
					  "CONDA_PREFIX=/opt/env",
					  "CONDA_DEFAULT_ENV=/opt/env",
					  "AZUREML_ENVIRONMENT_IMAGE=True",
					  "NEW=x=y"};
	AUTO(base_image_done) struct base_image base = {0};
	AUTO(image_done) struct image image = {0};
	struct str names[] = {STR("numpy"), STR("scipy")};
	struct layer layer = {.size = 100, .packages = {names, 2}};
	struct str more[] = {STR("LANG=de"), STR("NEW=x=y")};
	struct image_options o = options();
	(void)state;
	o.env = (struct strs){more, 2};
	parse_base(false, &base);
	assert_int_equal(image_make(&base, &layer, 1, &o, &image, NULL), 0);
	AUTO(json_free) cJSON *config = parsed(image.config);
	const cJSON *settings = json_object(config, "config");
	const cJSON *labels = json_object(settings, "Labels");
	env_is(config, env, COUNT(env));
	assert_string_equal(json_text(settings, "User"), "1000");
	assert_string_equal(json_text(labels, "mine"), "kept");
	assert_string_equal(json_text(labels, "io.kiln.key"), "k1");
	assert_string_equal(json_text(labels, "org.opencontainers.image.base.name"), "debian:12");
	assert_string_equal(json_text(config, "created"), "2023-11-14T22:13:20Z");
	assert_non_null(json_get(json_get(config, "x-unknown"), "a"));
	assert_int_equal(cJSON_GetArraySize(json_get(json_get(config, "rootfs"), "diff_ids")), 3);
	/* two of the base, one of them padded, its empty one, and ours */
	assert_int_equal(cJSON_GetArraySize(json_get(config, "history")), 4);
	assert_int_equal(image.size, image.config.n + image.manifest.n + 130);
}

static void a_base_without_an_environment_gets_what_is_asked_for_only(void **state)
{
	static const char *const env[] = {"LANG=C", "PATH=/usr/bin", "A=1"};
	AUTO(base_image_done) struct base_image base = {0};
	AUTO(image_done) struct image image = {0};
	struct str more[] = {STR("A=1")}, labels[] = {STR("mine=ours"), STR("a.b=c=d")};
	struct image_options o = options();
	(void)state;
	o.prefix = NULL;
	o.env = (struct strs){more, 1};
	o.labels = (struct strs){labels, 2};
	o.user = STR("me:us");
	o.workdir = STR("/src");
	parse_base(false, &base);
	assert_int_equal(image_make(&base, NULL, 0, &o, &image, NULL), 0);
	AUTO(json_free) cJSON *config = parsed(image.config);
	const cJSON *settings = json_object(config, "config");
	env_is(config, env, COUNT(env));
	assert_string_equal(json_text(settings, "User"), "me:us");
	assert_string_equal(json_text(settings, "WorkingDir"), "/src");
	assert_string_equal(json_text(json_object(settings, "Labels"), "mine"), "ours");
	assert_string_equal(json_text(json_object(settings, "Labels"), "a.b"), "c=d");
	assert_int_equal(cJSON_GetArraySize(json_get(json_get(config, "rootfs"), "diff_ids")), 2);
	labels[0] = STR("none");
	assert_int_equal(image_make(&base, NULL, 0, &o, &image, NULL), ERR_USAGE);
}

static void media_types_are_of_one_family(void **state)
{
	static const struct {
		bool docker, oci;
		enum compression c;
		bool docker_made;
	} rows[] = {
		{false, false, COMPRESSION_GZIP, false}, {true, false, COMPRESSION_GZIP, true},
		{true, true, COMPRESSION_GZIP, false},	 {true, false, COMPRESSION_ZSTD, false},
		{false, false, COMPRESSION_ZSTD, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(base_image_done) struct base_image base = {0};
		AUTO(image_done) struct image image = {0};
		struct layer layer = {.size = 1, .compression = rows[i].c};
		struct image_options o = options();
		o.oci = rows[i].oci;
		parse_base(rows[i].docker, &base);
		assert_int_equal(base.docker, rows[i].docker);
		assert_int_equal(image_make(&base, &layer, 1, &o, &image, NULL), 0);
		const char *other = rows[i].docker_made ? "vnd.oci" : "vnd.docker";
		assert_null(strstr(image.manifest.p, other));
		assert_true(rows[i].docker_made == !strstr(image.manifest.p, "annotations"));
		AUTO(json_free) cJSON *doc = parsed(image.manifest);
		assert_string_equal(json_text(doc, "mediaType"), image.media_type.p);
	}
}

static void equal_input_gives_equal_bytes_and_scratch_works(void **state)
{
	struct layer layer = {.size = 1};
	struct image_options o = options();
	AUTO(image_done) struct image a = {0};
	AUTO(image_done) struct image b = {0};
	(void)state;
	assert_int_equal(image_make(NULL, &layer, 1, &o, &a, NULL), 0);
	assert_int_equal(image_make(NULL, &layer, 1, &o, &b, NULL), 0);
	assert_true(digest_eq(&a.manifest_digest, &b.manifest_digest));
	AUTO(base_image_done) struct base_image again = {0};
	assert_int_equal(base_image_parse(a.manifest, a.config, &again, NULL), 0);
	assert_true(str_starts(base_image_env(&again, "PATH"), "/opt/env/bin:/usr/local/sbin"));
	assert_true(digest_eq(&again.digest, &a.manifest_digest));
	assert_int_equal(base_image_env(&again, "CONDA").n, 0);
}

static void more_layers_than_engines_take_are_refused(void **state)
{
	AUTO(base_image_done) struct base_image base = {0};
	struct layer layers[124] = {0};
	struct image_options o = options();
	(void)state;
	parse_base(false, &base);
	for (size_t n = 123; n <= 124; n++) {
		AUTO(image_done) struct image image = {0};
		assert_int_equal(image_make(&base, layers, n, &o, &image, NULL),
				 n == 123 ? 0 : ERR_LIMIT);
	}
	AUTO(image_done) struct image image = {0};
	o.platform = "linux/arm64";
	assert_int_equal(image_make(&base, layers, 1, &o, &image, NULL), ERR_USAGE);
}

#define ENTRY(type, digit, rest)                                                                   \
	"{\"mediaType\":\"" type "\",\"size\":1,\"digest\":\"sha256:" digit                        \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"" rest "}"
#define PLATFORM(os, arch, more)                                                                   \
	",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"" more "}"
#define M OCI "manifest.v1+json"

static void an_index_gives_the_manifest_of_the_platform(void **state)
{
	static const struct {
		const char *entries, *platform;
		int code;
		uint8_t first;
	} rows[] = {
		{ENTRY(M, "1", PLATFORM("linux", "arm64", ",\"variant\":\"v8\"")) "," ENTRY(
			 M, "2", PLATFORM("linux", "amd64", "")),
		 "linux/amd64", 0, 0x2a},
		{ENTRY(M, "1", PLATFORM("linux", "arm64", ",\"variant\":\"v8\"")), "linux/arm64", 0,
		 0x1a},
		{ENTRY(M, "1", PLATFORM("linux", "amd64", ",\"variant\":\"v3\"")) "," ENTRY(
			 M, "2", PLATFORM("linux", "amd64", "")),
		 "linux/amd64", 0, 0x2a},
		{ENTRY(M, "1",
		       PLATFORM("linux", "amd64",
				"") ",\"annotations\":{"
				    "\"vnd.docker.reference.type\":"
				    "\"x\"}") "," ENTRY(M, "2", PLATFORM("linux", "amd64", "")),
		 "linux/amd64", 0, 0x2a},
		{ENTRY("application/x", "1", PLATFORM("linux", "amd64", "")), "linux/amd64",
		 ERR_ABSENT, 0},
		{ENTRY(M, "1", PLATFORM("unknown", "unknown", "")), "linux/amd64", ERR_ABSENT, 0},
		{ENTRY(M, "3", ""), "linux/amd64", 0, 0x3a},
		{"", "linux/amd64", ERR_ABSENT, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		struct descriptor d;
		bool index = false;
		buf_printf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}", rows[i].entries);
		assert_int_equal(image_index_choose(buf_str(&text), (struct str){0},
						    rows[i].platform, &index, &d, &a, NULL),
				 rows[i].code);
		if (rows[i].code < 0)
			continue;
		assert_true(index);
		assert_int_equal(d.digest.bytes[0], rows[i].first);
	}
}

static void documents_of_two_minds_are_refused(void **state)
{
	static const struct {
		const char *text, *type;
		int code;
	} rows[] = {
		{"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", "", ERR_CORRUPT},
		{"{\"schemaVersion\":2,\"manifests\":[],\"config\":{}}", "", ERR_CORRUPT},
		{"{\"schemaVersion\":2,\"manifests\":[]}", M, ERR_CORRUPT},
		{"{\"schemaVersion\":2,\"layers\":[],\"mediaType\":\"" OCI "index.v1+json\"}", "",
		 ERR_CORRUPT},
		{"{\"schemaVersion\":1,\"fsLayers\":[]}", "", ERR_CORRUPT},
		{"{\"schemaVersion\":2,\"layers\":[],\"layers\":[]}", "", ERR_CORRUPT},
		{"{\"schemaVersion\":2,\"Layers\":[]}", "", ERR_CORRUPT},
		{"[]", "", ERR_CORRUPT},
		{"{\"schemaVersion\":2,\"layers\":[]}", "text/plain; charset=utf-8", 0},
		{"{\"schemaVersion\":2,\"layers\":[]}", M "; charset=utf-8", 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct descriptor d;
		bool index = true;
		assert_int_equal(image_index_choose(str_of(rows[i].text), str_of(rows[i].type),
						    "linux/amd64", &index, &d, &a, NULL),
				 rows[i].code);
	}
}

static void a_broken_config_is_refused(void **state)
{
	static const struct {
		const char *config;
		int code;
	} rows[] = {
		{"{}", ERR_CORRUPT},
		{"[]", ERR_CORRUPT},
		{"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		 "\"diff_ids\":[\"" SHA "\"]}}",
		 ERR_CORRUPT},
		{"{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Env\":[1]},\"rootfs\":"
		 "{\"type\":\"layers\",\"diff_ids\":[\"" SHA "\",\"" SHA "\"]}}",
		 ERR_CORRUPT},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		struct base_image b;
		struct str manifest = manifest_of(&text, false, rows[i].config);
		assert_int_equal(base_image_parse(manifest, str_of(rows[i].config), &b, NULL),
				 rows[i].code);
		assert_int_equal(base_image_parse(manifest, STR("{ }"), &b, NULL), ERR_DIGEST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_config_is_the_base_s_with_ours_on_top),
		cmocka_unit_test(a_base_without_an_environment_gets_what_is_asked_for_only),
		cmocka_unit_test(media_types_are_of_one_family),
		cmocka_unit_test(equal_input_gives_equal_bytes_and_scratch_works),
		cmocka_unit_test(more_layers_than_engines_take_are_refused),
		cmocka_unit_test(an_index_gives_the_manifest_of_the_platform),
		cmocka_unit_test(documents_of_two_minds_are_refused),
		cmocka_unit_test(a_broken_config_is_refused),
	};
	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
