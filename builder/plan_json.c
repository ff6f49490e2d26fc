/* builder/plan_json.c - a plan as one document. */
#include "builder/plan.h"
#include "specs/base/json.h"

/* null where it is not known. */
static void put_size(struct json_out *j, const char *key, bool known, uint64_t size)
{
	if (known)
		json_put_u64(j, key, size);
	else
		json_put_text(j, key, NULL);
}

static void put_base(const struct plan *p, struct json_out *j)
{
	if (!p->base_name.n) {
		json_put_text(j, "base", NULL);
		return;
	}
	json_open(j, "base", '{');
	json_put_str(j, "reference", p->base_name);
	json_put_text(j, "digest", digest_name(&p->base_digest).text);
	json_put_u64(j, "layers", p->base_layers);
	json_put_u64(j, "size", p->base_size);
	json_close(j, '}');
}

/* null where the base is not made by a Dockerfile. */
static void put_steps(const struct plan *p, struct json_out *j)
{
	const struct plan_steps *s = &p->steps;
	if (!p->has_steps) {
		json_put_text(j, "base_steps", NULL);
		return;
	}
	json_open(j, "base_steps", '{');
	json_put_text(j, "context", s->context.n ? s->context.p : NULL);
	json_put_str(j, "dockerfile", s->dockerfile);
	json_put_strs(j, "from", s->from);
	json_put_text(j, "image", s->image.n ? s->image.p : NULL);
	json_put_bool(j, "made", s->made);
	json_close(j, '}');
}

/* version: null for what the target is known not to have. */
static void put_virtuals(const struct virtuals *v, struct json_out *j)
{
	json_open(j, "virtual_packages", '[');
	for (size_t i = 0; i < v->row_count; i++) {
		const struct virtual_row *row = &v->rows[i];
		json_open(j, NULL, '{');
		json_put_str(j, "name", row->name);
		if (row->version.n)
			json_put_str(j, "version", row->version);
		else
			json_put_text(j, "version", NULL);
		json_put_str(j, "build", row->build);
		json_put_str(j, "from", row->from);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_packages(const struct plan *p, struct json_out *j)
{
	json_open(j, "packages", '[');
	for (size_t i = 0; i < p->lock.count; i++) {
		const struct record *r = &p->lock.records[i];
		json_open(j, NULL, '{');
		json_put_str(j, "name", r->name);
		json_put_str(j, "version", r->version_text);
		json_put_str(j, "build", r->build);
		json_put_str(j, "channel", r->channel);
		json_put_str(j, "subdir", r->subdir);
		json_put_str(j, "url", r->url);
		put_size(j, "size", r->size > 0, r->size);
		json_put_bool(j, "cached", p->cached[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "download", '{');
	json_put_u64(j, "packages", p->download_count);
	json_put_u64(j, "size", p->download);
	json_put_u64(j, "of_unknown_size", p->unsized);
	json_close(j, '}');
}

static void put_layers(const struct plan *p, struct json_out *j)
{
	static const char *const states[] = {
		[PLAN_UNKNOWN] = "unknown", [PLAN_MISSING] = "missing", [PLAN_PACKED] = "packed"};
	if (!p->layers) {
		json_put_text(j, "layers", NULL);
		return;
	}
	json_open(j, "layers", '[');
	for (size_t l = 0; l < p->layer_count; l++) {
		const struct plan_layer *layer = &p->layers[l];
		json_open(j, NULL, '{');
		json_put_strs(j, "packages", layer->packages);
		json_put_u64(j, "archives_size", layer->archives);
		json_put_u64(j, "to_download", layer->downloads);
		json_put_text(j, "cache", states[layer->state]);
		json_put_text(j, "digest", layer->known ? digest_name(&layer->digest).text : NULL);
		put_size(j, "size", layer->known, layer->size);
		json_open(j, "at", '[');
		for (size_t i = 0; i < p->to_count; i++)
			if (p->to[i].has[l])
				json_put_str(j, NULL, p->to[i].name);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_destinations(const struct plan *p, struct json_out *j)
{
	json_open(j, "destinations", '[');
	for (size_t i = 0; i < p->to_count; i++) {
		const struct plan_destination *to = &p->to[i];
		json_open(j, NULL, '{');
		json_put_str(j, "name", to->name);
		json_put_text(j, "image", to->built ? digest_name(&to->image).text : NULL);
		json_put_u64(j, "base_size_to_send", to->base_send);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_plan(const struct plan *p, struct json_out *j)
{
	json_put_text(j, "platform", p->platform);
	json_put_text(j, "prefix", p->prefix);
	put_base(p, j);
	put_steps(p, j);
	put_virtuals(&p->virtuals, j);
	json_put_strs(j, "channels", p->lock.channels);
	put_packages(p, j);
	put_layers(p, j);
	put_destinations(p, j);
}

void plan_write_json(const struct plan *plans, size_t count, struct buf *out)
{
	struct json_out j = {out};
	json_open(&j, NULL, '{');
	json_put_text(&j, "key", digest_text(&plans->key).hex);
	if (count == 1) {
		put_plan(plans, &j);
	} else {
		json_open(&j, "platforms", '[');
		for (size_t i = 0; i < count; i++) {
			json_open(&j, NULL, '{');
			put_plan(&plans[i], &j);
			json_close(&j, '}');
		}
		json_close(&j, ']');
	}
	json_close(&j, '}');
}
