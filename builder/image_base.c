/* builder/image_base.c - base images as others wrote them: index, manifest, config. */
#include "builder/image.h"
#include "builder/media_type.h"
#include "specs/base/vec.h"

enum { LAYERS_READ_MAX = 500, INDEX_ENTRIES_MAX = 10000 };

void base_image_done(struct base_image *b)
{
	json_free(b->config_json);
	json_free(b->manifest_json);
	arena_done(&b->arena);
	*b = (struct base_image){0};
}

/* An index has manifests, a manifest has config and layers. A document with both is read as
 * one by some and as the other by others, under the same digest (CVE-2021-41190). */
static int document_kind(const cJSON *doc, struct str media_type, enum media_kind *out,
			 struct err **e)
{
	bool index = json_get(doc, "manifests") != NULL;
	bool manifest = json_get(doc, "layers") || json_get(doc, "config");
	if (json_get(doc, "fsLayers") || json_get(doc, "signatures"))
		return err_set(e, ERR_CORRUPT, "a Docker schema 1 manifest, which is not read");
	if (index == manifest)
		return err_set(e, ERR_CORRUPT, "%s",
			       index ? "both an index and a manifest"
				     : "neither an index nor a manifest");
	*out = index ? MEDIA_INDEX : MEDIA_MANIFEST;
	const char *own = json_text(doc, "mediaType");
	struct str said[] = {str_of(own), media_type};
	for (size_t i = 0; i < COUNT(said); i++) {
		enum media_kind kind = media_type_kind(said[i], NULL);
		if (kind == MEDIA_OTHER ? i == 0 && own : kind != *out)
			return err_set(e, ERR_CORRUPT, "media type \"%.*s\" does not fit",
				       STR_ARG(said[i]));
	}
	return 0;
}

static int document_parse(struct str text, struct str media_type, cJSON **out,
			  enum media_kind *out_kind, struct err **e)
{
	uint64_t version = 0;
	AUTO(json_free) cJSON *doc = NULL;
	if (text.n > MANIFEST_SIZE_MAX)
		return err_set(e, ERR_LIMIT, "a manifest of %zu bytes", text.n);
	int r = json_parse(text, "manifest", &doc, e);
	if (r < 0)
		return r;
	if (!cJSON_IsObject(doc))
		return err_set(e, ERR_CORRUPT, "manifest: not an object");
	if ((r = document_kind(doc, media_type, out_kind, e)) < 0)
		return err_wrap(e, r, "manifest");
	if (!json_u64(doc, "schemaVersion", &version) || version != 2)
		return err_set(e, ERR_CORRUPT, "manifest: schemaVersion is not 2");
	*out = STEAL(&doc);
	return 0;
}

static int config_read(const cJSON *manifest, struct arena *a, struct descriptor *out,
		       struct err **e)
{
	int r = descriptor_read(json_object(manifest, "config"), a, out, e);
	if (r < 0)
		return err_wrap(e, r, "manifest: config");
	if (media_type_kind(out->media_type, NULL) != MEDIA_CONFIG)
		return err_set(e, ERR_CORRUPT, "an artifact (%.*s), not an image",
			       STR_ARG(out->media_type));
	if (out->size > IMAGE_CONFIG_SIZE_MAX)
		return err_set(e, ERR_LIMIT, "an image config of %llu bytes",
			       (unsigned long long)out->size);
	return 0;
}

static int manifest_parse(struct str manifest, cJSON **out, struct err **e)
{
	enum media_kind kind;
	int r = document_parse(manifest, (struct str){0}, out, &kind, e);
	if (r < 0 || kind == MEDIA_MANIFEST)
		return r;
	return err_set(e, ERR_CORRUPT, "an index where a manifest was expected");
}

int manifest_config(struct str manifest, struct arena *a, struct descriptor *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int r = manifest_parse(manifest, &doc, e);
	return r < 0 ? r : config_read(doc, a, out, e);
}

static int layers_read(struct base_image *b, struct err **e)
{
	const cJSON *list = json_array(b->manifest_json, "layers"), *one = NULL;
	int count = list ? cJSON_GetArraySize(list) : -1;
	if (count < 0 || count > LAYERS_READ_MAX)
		return err_set(e, count < 0 ? ERR_CORRUPT : ERR_LIMIT, "manifest: %s",
			       count < 0 ? "no layers" : "too many layers");
	b->layers = arena_zero(&b->arena, (size_t)count, sizeof(*b->layers));
	cJSON_ArrayForEach(one, list)
	{
		struct descriptor *d = &b->layers[b->layer_count++];
		int r = descriptor_read(one, &b->arena, d, e);
		if (r < 0)
			return err_wrap(e, r, "manifest: layer %zu", b->layer_count);
		if (!media_kind_is_layer(media_type_kind(d->media_type, NULL)))
			return err_set(e, ERR_CORRUPT, "manifest: layer of type \"%.*s\"",
				       STR_ARG(d->media_type));
	}
	return 0;
}

/* Env is a list of "NAME=value", Labels an object of texts, when they are there. */
static int settings_check(const cJSON *image_config, struct err **e)
{
	const cJSON *settings = json_get(image_config, "config"), *one = NULL;
	if (!settings || cJSON_IsNull(settings))
		return 0;
	const cJSON *env = json_get(settings, "Env"), *labels = json_get(settings, "Labels");
	if (!cJSON_IsObject(settings) || (env && !cJSON_IsNull(env) && !cJSON_IsArray(env)) ||
	    (labels && !cJSON_IsNull(labels) && !cJSON_IsObject(labels)))
		return err_set(e, ERR_CORRUPT, "image config: config, Env or Labels is malformed");
	cJSON_ArrayForEach(one, env) if (!cJSON_IsString(one)) return err_set(
		e, ERR_CORRUPT, "image config: Env holds what is no text");
	return 0;
}

static int config_check(const struct base_image *b, struct err **e)
{
	const cJSON *rootfs = json_object(b->config_json, "rootfs"), *one = NULL;
	const cJSON *ids = json_array(rootfs, "diff_ids");
	const char *type = json_text(rootfs, "type");
	if (!json_text(b->config_json, "os") || !json_text(b->config_json, "architecture"))
		return err_set(e, ERR_CORRUPT, "image config: os or architecture is missing");
	if (!type || strcmp(type, "layers") != 0 || !ids)
		return err_set(e, ERR_CORRUPT, "image config: rootfs is not of layers");
	if ((size_t)cJSON_GetArraySize(ids) != b->layer_count)
		return err_set(e, ERR_CORRUPT, "image config: %d diff_ids for %zu layers",
			       cJSON_GetArraySize(ids), b->layer_count);
	cJSON_ArrayForEach(one, ids)
	{
		struct digest d;
		if (!cJSON_IsString(one) || !digest_parse(str_of(one->valuestring), &d))
			return err_set(e, ERR_CORRUPT, "image config: a diff_id is no digest");
	}
	return settings_check(b->config_json, e);
}

static int config_parse(struct base_image *b, struct str config, struct err **e)
{
	struct digest found;
	if (config.n > IMAGE_CONFIG_SIZE_MAX)
		return err_set(e, ERR_LIMIT, "an image config of %zu bytes", config.n);
	digest_of(config.p, config.n, &found);
	if (!digest_eq(&found, &b->config.digest) || config.n != b->config.size)
		return err_set(e, ERR_DIGEST, "image config: %s was expected",
			       digest_name(&b->config.digest).text);
	int r = json_parse(config, "image config", &b->config_json, e);
	if (r < 0)
		return r;
	if (!cJSON_IsObject(b->config_json))
		return err_set(e, ERR_CORRUPT, "image config: not an object");
	return config_check(b, e);
}

int base_image_parse(struct str manifest, struct str config, struct base_image *out, struct err **e)
{
	AUTO(base_image_done) struct base_image b = {0};
	int r = manifest_parse(manifest, &b.manifest_json, e);
	if (r < 0)
		return r;
	digest_of(manifest.p, manifest.n, &b.digest);
	b.named = b.digest;
	if ((r = config_read(b.manifest_json, &b.arena, &b.config, e)) < 0 ||
	    (r = layers_read(&b, e)) < 0 || (r = config_parse(&b, config, e)) < 0)
		return r;
	const char *own = json_text(b.manifest_json, "mediaType");
	media_type_kind(own ? str_of(own) : b.config.media_type, &b.docker);
	*out = b;
	b = (struct base_image){0};
	return 0;
}

struct str base_image_env(const struct base_image *b, const char *name)
{
	const cJSON *env = json_array(json_object(b->config_json, "config"), "Env"), *one = NULL;
	cJSON_ArrayForEach(one, env)
	{
		struct str value = str_of(one->valuestring), key;
		if (str_cut(&value, '=', &key) && str_is(key, name))
			return value;
	}
	return (struct str){0};
}

struct str base_image_label(const struct base_image *b, const char *name)
{
	return str_of(
		json_text(json_object(json_object(b->config_json, "config"), "Labels"), name));
}

/* ---- index ---- */

struct wanted {
	struct str os, arch, variant;
};

static struct wanted wanted_parse(const char *platform)
{
	struct wanted w = {0};
	struct str rest = str_of(platform);
	str_cut(&rest, '/', &w.os);
	str_cut(&rest, '/', &w.arch);
	w.variant = rest;
	return w;
}

/* The variant that an entry without one means. */
static struct str usual_variant(struct str arch)
{
	static const struct {
		const char *arch, *variant;
	} rows[] = {{"amd64", "v1"}, {"arm64", "v8"}, {"arm", "v7"}};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_is(arch, rows[i].arch))
			return str_of(rows[i].variant);
	return (struct str){0};
}

/* 0: not for this platform; 1: another variant of it; 2: the very one. */
static int fits(const cJSON *platform, const struct wanted *w)
{
	struct str usual = usual_variant(w->arch);
	const char *variant = json_text(platform, "variant");
	if (!str_eq(str_of(json_text(platform, "os")), w->os) ||
	    !str_eq(str_of(json_text(platform, "architecture")), w->arch))
		return 0;
	struct str has = variant && *variant ? str_of(variant) : usual;
	return str_eq(has, w->variant.n ? w->variant : usual) ? 2 : 1;
}

/* Signatures, attestations and other artifacts stand in indexes beside images. */
static bool is_image(const cJSON *entry)
{
	const char *type = json_text(entry, "mediaType");
	enum media_kind kind = media_type_kind(str_of(type), NULL);
	const char *os = json_text(json_object(entry, "platform"), "os");
	return (kind == MEDIA_MANIFEST || kind == MEDIA_INDEX) &&
	       !json_get(entry, "artifactType") &&
	       !json_get(json_object(entry, "annotations"), "vnd.docker.reference.type") &&
	       !(os && strcmp(os, "unknown") == 0);
}

static void list_platform(const cJSON *platform, struct buf *out)
{
	static const char *const keys[] = {"os", "architecture", "variant"};
	const char *before = out->n ? ", " : "";
	for (size_t i = 0; i < COUNT(keys); i++) {
		const char *part = json_text(platform, keys[i]);
		if (part)
			buf_printf(out, "%s%s", before, part);
		before = "/";
	}
}

static int choose(const cJSON *list, const char *platform, const cJSON **out, struct err **e)
{
	const struct wanted w = wanted_parse(platform);
	const cJSON *best = NULL, *bare = NULL, *one = NULL;
	int best_fit = 0, bare_count = 0;
	AUTO(buf_done) struct buf others = BUF(4096);
	cJSON_ArrayForEach(one, list)
	{
		const cJSON *has = json_object(one, "platform");
		int fit = is_image(one) ? fits(has, &w) : -1;
		if (fit > best_fit) {
			best = one;
			best_fit = fit;
		} else if (fit == 0 && has) {
			list_platform(has, &others);
		} else if (fit == 0) {
			bare = one;
			bare_count++;
		}
	}
	/* A single entry that does not say its platform may be it: its config will tell. */
	*out = best || bare_count != 1 ? best : bare;
	if (*out)
		return 0;
	return err_set(e, ERR_ABSENT, "no image for %s; there is %s", platform,
		       others.n ? others.data : "none at all");
}

int image_index_choose(struct str manifest, struct str media_type, const char *platform,
		       bool *out_index, struct descriptor *out, struct arena *a, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	enum media_kind kind;
	const cJSON *entry;
	int r = document_parse(manifest, media_type, &doc, &kind, e);
	if (r < 0)
		return r;
	if (kind == MEDIA_MANIFEST) {
		*out_index = false;
		return 0;
	}
	const cJSON *list = json_array(doc, "manifests");
	if (!list)
		return err_set(e, ERR_CORRUPT, "index: manifests is not a list");
	if (cJSON_GetArraySize(list) > INDEX_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "index: %d entries", cJSON_GetArraySize(list));
	if ((r = choose(list, platform, &entry, e)) < 0 ||
	    (r = descriptor_read(entry, a, out, e)) < 0)
		return err_wrap(e, r, "index");
	*out_index = true;
	return 0;
}
