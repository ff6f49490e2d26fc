/* builder/pack_plan.c - which package goes into which layer. */
#include "builder/pack_plan.h"
#include "builder/layer.h"

/* With the base's: others build on our images, Docker takes 125. */
enum { LAYERS_MAX = 100 };

void pack_plan_layers(const struct record *records, const uint64_t *sizes, size_t count,
		      size_t base_layers, unsigned *out, size_t *out_layers)
{
	AUTO(free) struct layer_item *items = mem_zero(count + 1, sizeof(*items));
	size_t room = base_layers + 2 < LAYERS_MAX ? LAYERS_MAX - base_layers : 2;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct layer_item){.name = records[i].name, .size = sizes[i]};
	items[count] = (struct layer_item){.name = STR(""), .last = true};
	layer_plan(items, count + 1, room, out, out_layers);
}

static void add_text(struct hasher *h, struct str text)
{
	hasher_add(h, text.p, text.n);
	hasher_add(h, "", 1);
}

/* Before a list, so that the next one does not run into it. */
static void add_count(struct hasher *h, uint64_t n)
{
	hasher_add(h, &n, sizeof(n));
}

void pack_plan_identity(const struct link_plan *plan, const struct link_environment *env, size_t i,
			struct digest *out)
{
	if (i < plan->count) {
		link_identity(plan, i, out);
		return;
	}
	AUTO(hasher_free) struct hasher *h = hasher_new();
	add_text(h, STR("environment 4"));
	for (size_t k = 0; k < plan->count; k++) {
		struct digest id;
		link_identity(plan, k, &id);
		hasher_add(h, &id, sizeof(id));
	}
	if (plan->left_scripts)
		add_text(h, STR("without link scripts"));
	add_count(h, env->specs.n);
	for (size_t k = 0; k < env->specs.n; k++)
		add_text(h, env->specs.v[k]);
	for (size_t k = 0; k < env->variable_count; k++) {
		add_text(h, env->variables[k].name);
		add_text(h, env->variables[k].value);
	}
	hasher_end(h, out);
}
