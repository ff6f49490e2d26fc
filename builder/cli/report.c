/* builder/cli/report.c - reads the document of a build, and sorts what it tells by size. */
#include "builder/cli/report.h"
#include <stdlib.h>

static const struct {
	const char *class, *text;
} states[] = {
	[REPORT_NEW] = {"new", "new"},
	[REPORT_PACKED] = {"packed", "packed before"},
	[REPORT_THERE] = {"there", "there already"},
};

const char *report_state_class(enum report_state s)
{
	return states[s].class;
}

const char *report_state_text(enum report_state s)
{
	return states[s].text;
}

static uint64_t number(const cJSON *of, const char *key)
{
	uint64_t n = 0;
	json_u64(of, key, &n);
	return n;
}

/* Larger ones first; then by what tells them apart, so that equal documents give equal orders. */
static int by_size(uint64_t x, uint64_t y)
{
	return x < y ? 1 : x > y ? -1 : 0;
}

static int order_parts(const void *a, const void *b)
{
	const struct report_part *x = a, *y = b;
	int order = by_size(x->size, y->size);
	return order ? order : strcmp(x->name, y->name);
}

static int order_layers(const void *a, const void *b)
{
	const struct report_layer *x = a, *y = b;
	int order = by_size(x->size, y->size);
	return order ? order : (int)x->number - (int)y->number;
}

static size_t count_of(const cJSON *list)
{
	return list ? (size_t)cJSON_GetArraySize(list) : 0;
}

static void read_part(const cJSON *part, const struct report_layer *in, bool reused,
		      struct report_part *out)
{
	const char *name = json_text(part, "name");
	bool made = cJSON_IsTrue(json_get(part, "new"));
	*out = (struct report_part){
		.name = name ? name : "",
		.version = json_text(part, "version"),
		.manager = json_text(part, "manager"),
		.size = number(part, "size"),
		.unpacked = number(part, "unpacked"),
		.layer = in->number,
		.state = reused ? REPORT_THERE
			 : made ? REPORT_NEW
				: REPORT_PACKED,
	};
}

/* A layer is as new as the newest of what it holds. */
static void read_layer(const cJSON *layer, struct arena *a, struct report_layer *out)
{
	const cJSON *contents = json_array(layer, "contents"), *part = NULL;
	bool reused = cJSON_IsTrue(json_get(layer, "reused"));
	const char *digest = json_text(layer, "digest");
	out->digest = digest ? digest : "";
	out->size = number(layer, "size");
	out->state = reused ? REPORT_THERE : REPORT_PACKED;
	out->parts = arena_zero(a, count_of(contents), sizeof(*out->parts));
	cJSON_ArrayForEach(part, contents)
	{
		struct report_part *to = &out->parts[out->count++];
		read_part(part, out, reused, to);
		if (to->state < out->state)
			out->state = to->state;
	}
	qsort(out->parts, out->count, sizeof(*out->parts), order_parts);
}

static void add_up(struct report_image *out)
{
	for (size_t i = 0; i < out->layer_count; i++)
		out->layers_size += out->layers[i].size;
	for (size_t i = 0; i < out->part_count; i++) {
		const struct report_part *part = &out->parts[i];
		out->unpacked += part->unpacked;
		out->package_count += part->manager != NULL;
		out->state_size[part->state] += part->size;
		out->state_count[part->state]++;
	}
}

static void gather_parts(struct report_image *out, struct arena *a)
{
	size_t n = 0;
	for (size_t i = 0; i < out->layer_count; i++)
		n += out->layers[i].count;
	out->parts = arena_zero(a, n, sizeof(*out->parts));
	for (size_t i = 0; i < out->layer_count; i++) {
		const struct report_layer *layer = &out->layers[i];
		for (size_t k = 0; k < layer->count; k++)
			out->parts[out->part_count++] = layer->parts[k];
	}
	qsort(out->parts, n, sizeof(*out->parts), order_parts);
}

void report_read(const cJSON *image, struct arena *a, struct report_image *out)
{
	const cJSON *layers = json_array(image, "layers"), *layer = NULL;
	const cJSON *base = json_object(image, "base");
	*out = (struct report_image){
		.platform = json_text(image, "platform"),
		.digest = json_text(image, "digest"),
		.base = json_text(base, "image"),
		.base_digest = json_text(base, "digest"),
		.size = number(image, "size"),
		.base_size = number(base, "size"),
		.base_layers = number(base, "layers"),
		.layers = arena_zero(a, count_of(layers), sizeof(*out->layers)),
	};
	cJSON_ArrayForEach(layer, layers)
	{
		struct report_layer *to = &out->layers[out->layer_count++];
		to->number = out->layer_count;
		read_layer(layer, a, to);
	}
	qsort(out->layers, out->layer_count, sizeof(*out->layers), order_layers);
	gather_parts(out, a);
	add_up(out);
}
