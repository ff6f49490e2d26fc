/* builder/build_document.c - what a build tells in JSON, and what of it is remembered. */
#include "builder/build_run.h"

/* ---- what was made ---- */

static void put_layers(const struct packed *packed, struct json_out *j)
{
	json_open(j, "layers", '[');
	for (size_t i = 0; i < packed->count; i++) {
		const struct layer *layer = &packed->layers[i];
		json_open(j, NULL, '{');
		json_put_text(j, "digest", digest_name(&layer->digest).text);
		json_put_u64(j, "size", layer->size);
		json_put_strs(j, "packages", layer->packages);
		json_put_bool(j, "reused", !packed->sent[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_platforms(const struct run *r, struct json_out *j)
{
	json_open(j, "platforms", '[');
	for (size_t i = 0; i < r->count; i++) {
		const struct made *m = &r->made[i];
		json_open(j, NULL, '{');
		json_put_text(j, "platform", m->b->platform->image);
		json_put_text(j, "digest", digest_name(&m->image.manifest_digest).text);
		json_put_u64(j, "size", m->image.size);
		put_layers(&m->packed, j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void document_put_made(const struct run *r, struct json_out *j)
{
	json_put_text(j, "lock_digest", digest_text(&r->result->lock_digest).hex);
	json_put_bool(j, "cached", false);
	json_put_u64(j, "size", r->result->size);
	if (r->count > 1)
		put_platforms(r, j);
	else
		put_layers(&r->made[0].packed, j);
}

/* ---- what is known of it ---- */

static uint64_t size_of(const cJSON *of)
{
	uint64_t size = 0;
	json_u64(of, "size", &size);
	return size;
}

static void put_known_layers(struct run *r, const cJSON *doc, struct json_out *j)
{
	const cJSON *layer = NULL;
	json_open(j, "layers", '[');
	cJSON_ArrayForEach(layer, json_array(doc, "layers"))
	{
		json_open(j, NULL, '{');
		json_put_text(j, "digest", json_text(layer, "digest"));
		json_put_u64(j, "size", size_of(layer));
		json_put_value(j, "packages", json_get(layer, "packages"));
		json_put_bool(j, "reused", true);
		json_close(j, '}');
		r->result->layers++;
		r->result->packages += (size_t)cJSON_GetArraySize(json_get(layer, "packages"));
	}
	json_close(j, ']');
}

static void put_known_platforms(struct run *r, const cJSON *doc, struct json_out *j)
{
	const cJSON *list = json_array(doc, "platforms");
	json_open(j, "platforms", '[');
	for (size_t i = 0; i < r->count; i++) {
		const cJSON *image = list ? cJSON_GetArrayItem(list, (int)i) : NULL;
		json_open(j, NULL, '{');
		json_put_text(j, "platform", r->made[i].b->platform->image);
		json_put_text(j, "digest", json_text(image, "digest"));
		json_put_u64(j, "size", size_of(image));
		put_known_layers(r, image, j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void document_put_known(struct run *r, const struct built *known, struct json_out *j)
{
	AUTO(json_free) cJSON *doc = NULL;
	if (known)
		(void)json_parse(known->summary, "record", &doc, NULL);
	r->result->size = size_of(doc);
	json_put_text(j, "lock_digest", json_text(doc, "lock_digest"));
	json_put_bool(j, "cached", true);
	json_put_u64(j, "size", r->result->size);
	if (r->count > 1)
		put_known_platforms(r, doc, j);
	else
		put_known_layers(r, doc, j);
}

/* ---- all of it ---- */

static void put_head(struct run *r, struct json_out *j)
{
	json_put_str(j, "image", r->result->image);
	json_put_text(j, "digest", digest_name(&r->result->digest).text);
	json_put_text(j, "key", r->key_hex);
}

void document_write(struct run *r, struct str members)
{
	AUTO(buf_done) struct buf text = BUF(64 << 20);
	struct json_out j = {&text};
	json_open(&j, NULL, '{');
	put_head(r, &j);
	buf_add_char(&text, ',');
	buf_add_str(&text, members);
	phases_write(&r->phases, &j, "seconds");
	json_close(&j, '}');
	r->result->json = arena_str(&r->result->arena, buf_str(&text));
}
