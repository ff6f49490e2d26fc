/* builder/build_document.c - what a build tells in JSON, and what of it is remembered. */
#include "builder/build_run.h"

/* ---- what was made ---- */

static void put_contents(const struct packed_part *parts, struct strs names, struct json_out *j)
{
	json_open(j, "contents", '[');
	for (size_t i = 0; i < names.n; i++) {
		const struct record *r = parts[i].record;
		json_open(j, NULL, '{');
		json_put_str(j, "name", names.v[i]);
		if (r) {
			json_put_str(j, "version", r->version_text);
			json_put_text(j, "manager", record_manager_name(r));
		}
		json_put_u64(j, "size", parts[i].size);
		json_put_u64(j, "unpacked", parts[i].unpacked);
		json_put_bool(j, "new", parts[i].made);
		json_close(j, '}');
	}
	json_close(j, ']');
}

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
		put_contents(packed->parts[i], layer->packages, j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static uint64_t base_size(const struct base_image *base)
{
	uint64_t size = 0;
	for (size_t i = 0; i < base->layer_count; i++)
		size += base->layers[i].size;
	return size;
}

static void put_base(const struct build *b, struct json_out *j)
{
	AUTO(buf_done) struct buf name = BUF(1 << 20);
	if (!b->base_pulled)
		return;
	reference_write(&b->base_reference, &name);
	json_open(j, "base", '{');
	json_put_str(j, "image", buf_str(&name));
	json_put_text(j, "digest", digest_name(&b->base_digest).text);
	json_put_u64(j, "layers", b->base.layer_count);
	json_put_u64(j, "size", base_size(&b->base));
	json_close(j, '}');
}

static void put_image(const struct made *m, struct json_out *j)
{
	json_put_text(j, "platform", m->b->platform->image);
	put_base(m->b, j);
	put_layers(&m->packed, j);
}

static void put_platforms(const struct run *r, struct json_out *j)
{
	json_open(j, "platforms", '[');
	for (size_t i = 0; i < r->count; i++) {
		const struct made *m = &r->made[i];
		json_open(j, NULL, '{');
		json_put_text(j, "digest", digest_name(&m->image.manifest_digest).text);
		json_put_u64(j, "size", m->image.size);
		put_image(m, j);
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
		put_image(&r->made[0], j);
}

/* ---- what is known of it ---- */

static uint64_t size_of(const cJSON *of)
{
	uint64_t size = 0;
	json_u64(of, "size", &size);
	return size;
}

static void put_known_part(const cJSON *part, struct json_out *j)
{
	const cJSON *member = NULL;
	json_open(j, NULL, '{');
	cJSON_ArrayForEach(member, part)
	{
		if (strcmp(member->string, "new") != 0)
			json_put_value(j, member->string, member);
	}
	json_put_bool(j, "new", false);
	json_close(j, '}');
}

static void put_known_contents(const cJSON *layer, struct json_out *j)
{
	const cJSON *part = NULL;
	json_open(j, "contents", '[');
	cJSON_ArrayForEach(part, json_array(layer, "contents")) put_known_part(part, j);
	json_close(j, ']');
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
		put_known_contents(layer, j);
		json_close(j, '}');
		r->result->layers++;
		r->result->packages += (size_t)cJSON_GetArraySize(json_get(layer, "packages"));
	}
	json_close(j, ']');
}

static void put_known_image(struct run *r, const struct made *m, const cJSON *doc,
			    struct json_out *j)
{
	json_put_text(j, "platform", m->b->platform->image);
	if (json_object(doc, "base"))
		json_put_value(j, "base", json_object(doc, "base"));
	put_known_layers(r, doc, j);
}

static void put_known_platforms(struct run *r, const cJSON *doc, struct json_out *j)
{
	const cJSON *list = json_array(doc, "platforms");
	json_open(j, "platforms", '[');
	for (size_t i = 0; i < r->count; i++) {
		const cJSON *image = list ? cJSON_GetArrayItem(list, (int)i) : NULL;
		json_open(j, NULL, '{');
		json_put_text(j, "digest", json_text(image, "digest"));
		json_put_u64(j, "size", size_of(image));
		put_known_image(r, &r->made[i], image, j);
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
		put_known_image(r, &r->made[0], doc, j);
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
