/* builder/image_index.c - an index, as text that never varies. */
#include "builder/image_index.h"
#include "builder/media_type.h"

#define CREATED "org.opencontainers.image.created"

void image_index_done(struct image_index *x)
{
	arena_done(&x->arena);
	*x = (struct image_index){0};
}

/* What containerd and docker match by; the variant only where the config has one. */
static int put_platform(const struct image *i, struct json_out *j, struct err **e)
{
	static const char *const keys[] = {"architecture", "os", "variant"};
	AUTO(json_free) cJSON *config = NULL;
	int r = json_parse(i->config, "image config", &config, e);
	if (r < 0)
		return r;
	json_open(j, "platform", '{');
	for (size_t k = 0; k < COUNT(keys); k++)
		if (json_text(config, keys[k]))
			json_put_text(j, keys[k], json_text(config, keys[k]));
	json_close(j, '}');
	return 0;
}

static int put_image(const struct image *i, struct json_out *j, struct err **e)
{
	struct descriptor d = {i->media_type, i->manifest_digest, i->manifest.n};
	json_open(j, NULL, '{');
	descriptor_put_members(j, &d);
	int r = put_platform(i, j, e);
	json_close(j, '}');
	return r;
}

/* Times of one form and zone sort as text. */
static int find_newest(const struct image *images, size_t count, struct arena *a, struct str *out,
		       struct err **e)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(json_free) cJSON *doc = NULL;
		int r = json_parse(images[i].manifest, "manifest", &doc, e);
		if (r < 0)
			return r;
		struct str created = str_of(json_text(json_object(doc, "annotations"), CREATED));
		if (str_cmp(created, *out) > 0)
			*out = arena_str(a, created);
	}
	return 0;
}

static int put_annotations(const struct image *images, size_t count, struct json_out *j,
			   struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(json_free) cJSON *doc = NULL;
	const cJSON *one = NULL;
	struct str newest = {0};
	int r = find_newest(images, count, &a, &newest, e);
	if (r == 0 && count)
		r = json_parse(images[0].manifest, "manifest", &doc, e);
	if (r < 0)
		return r;
	json_open(j, "annotations", '{');
	cJSON_ArrayForEach(one, json_object(doc, "annotations"))
	{
		if (strcmp(one->string, CREATED) == 0)
			json_put_str(j, CREATED, newest);
		else
			json_put_value(j, one->string, one);
	}
	json_close(j, '}');
	return 0;
}

static int put_index(const struct image *images, size_t count, struct str media_type,
		     struct buf *to, struct err **e)
{
	struct json_out j = {to, false};
	json_open(&j, NULL, '{');
	json_put_u64(&j, "schemaVersion", 2);
	json_put_str(&j, "mediaType", media_type);
	json_open(&j, "manifests", '[');
	for (size_t i = 0; i < count; i++) {
		int r = put_image(&images[i], &j, e);
		if (r < 0)
			return r;
	}
	json_close(&j, ']');
	int r = put_annotations(images, count, &j, e);
	json_close(&j, '}');
	return r < 0 ? r : buf_check(to, "index", e);
}

int image_index_make(const struct image *images, size_t count, struct image_index *out,
		     struct err **e)
{
	AUTO(image_index_done) struct image_index x = {0};
	AUTO(buf_done) struct buf text = BUF(MANIFEST_SIZE_MAX);
	x.media_type = str_of(media_type_name(MEDIA_INDEX, false));
	int r = put_index(images, count, x.media_type, &text, e);
	if (r < 0)
		return r;
	x.text = arena_str(&x.arena, buf_str(&text));
	digest_of(x.text.p, x.text.n, &x.digest);
	x.size = x.text.n;
	for (size_t i = 0; i < count; i++)
		x.size += images[i].size;
	*out = x;
	x = (struct image_index){0};
	return 0;
}
