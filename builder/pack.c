/* builder/pack.c - packages to layers to registries, each as soon as it can.
 *
 * One job a layer, longest first: its packages are packed and hashed in one pass, then it is
 * pushed, so uploads run beside packing. Packing is held to one thread a processor; the
 * threads beyond that wait for the registry, or for the interpreter to be there. A layer that
 * would be the last to be ready gets two, where one is free. */
#include "builder/build_private.h"
#include "builder/interpreter.h"
#include "builder/pack_plan.h"
#include "specs/base/interrupt.h"
#include "specs/base/workers.h"
#include <pthread.h>
#include <semaphore.h>

enum {
	UPLOADS = 4,	  /* threads beyond the packing ones */
	SOURCE_COST = 25, /* a byte of Python is compiled as slowly as so many are packed */
};

struct pack_layer {
	size_t *members; /* packages, in link order; the plan's count means link_finish */
	size_t count;
	uint64_t cost; /* of making it: as many plain bytes to pack */
};

struct pack {
	struct build *b;
	const struct link_plan *plan;
	const struct lock *lock;
	const struct link_environment *env;
	struct layer_options layer_options;
	struct destination *to;
	size_t to_count;
	size_t items;	    /* packages and the environment's own segment */
	uint64_t *sizes;    /* [items] */
	unsigned *layer_of; /* [items] */
	struct pack_layer *layers;
	struct digest *ids; /* [items], of segments */
	size_t *order;	    /* of layers: longest first */
	_Atomic uint64_t cost_left;
	struct packed *out;
	struct arena *arena; /* touched before and after the threads only */
	sem_t packing;
};

static bool is_environment(const struct pack *p, size_t i)
{
	return i == p->plan->count;
}

static struct str item_name(const struct pack *p, size_t i)
{
	return is_environment(p, i) ? STR("environment") : p->lock->records[i].name;
}

struct fill {
	struct pack *p;
	size_t i;
};

static int fill_segment(void *cookie, struct sink *to, struct err **e)
{
	struct fill *f = cookie;
	if (is_environment(f->p, f->i))
		return link_finish(f->p->plan, f->p->env, to, e);
	struct log *log = f->p->b->o.log;
	struct log_task *task = log_begin(log, "packing", item_name(f->p, f->i), f->p->sizes[f->i]);
	int r = link_package(f->p->plan, f->i, to, e);
	log_advance(log, task, r < 0 ? 0 : f->p->sizes[f->i]);
	log_end(log, task, r >= 0);
	return r < 0 ? err_wrap(e, r, "%.*s", STR_ARG(item_name(f->p, f->i))) : 0;
}

static int push_everywhere(struct pack *p, size_t l, struct err **e)
{
	for (size_t i = 0; i < p->to_count; i++) {
		int r = push_layer(p->b, &p->to[i], &p->out->layers[l], false, e);
		if (r < 0)
			return r;
		p->out->sent[l] |= r > 0;
	}
	return 0;
}

static bool is_packed(const struct pack *p, size_t i)
{
	struct segment found;
	return segment_find(&p->layer_options, &p->ids[i], &found, NULL) == 0;
}

static void describe_parts(struct pack *p, const struct pack_layer *layer, struct layer_part *parts,
			   struct fill *fills)
{
	for (size_t k = 0; k < layer->count; k++) {
		size_t i = layer->members[k];
		fills[k] = (struct fill){p, i};
		parts[k].fill = fill_segment;
		parts[k].cookie = &fills[k];
		parts[k].id = p->ids[i];
		if (!is_environment(p, i))
			parts[k].paths = link_paths(p->plan, i);
	}
}

/* For the first package that will need it. Whoever waits here takes no place from those who
 * pack. */
static int start_interpreter(struct pack *p, const struct pack_layer *layer, struct err **e)
{
	struct compiler *compiler;
	for (size_t k = 0; k < layer->count; k++) {
		size_t i = layer->members[k];
		if (!is_environment(p, i) && link_source_size(p->plan, i) > 0 && !is_packed(p, i))
			return interpreter_start(p->plan, &compiler, e);
	}
	return 0;
}

/* In one of the places for packing; in two, when this layer alone would take longer than all
 * that is left on all processors. */
static int build_in_place(struct pack *p, const struct pack_layer *layer, struct layer_part *parts,
			  struct layer *out, struct err **e)
{
	struct layer_options o = p->layer_options;
	while (sem_wait(&p->packing) < 0)
		;
	o.beside = layer->cost * p->b->o.jobs > atomic_load(&p->cost_left) &&
		   sem_trywait(&p->packing) == 0;
	int r = layer_build(&o, parts, layer->count, out, e);
	atomic_fetch_sub(&p->cost_left, layer->cost);
	if (o.beside)
		sem_post(&p->packing);
	sem_post(&p->packing);
	return r;
}

/* A layer that is made again finds what was packed for it the first time. */
static void note_part(const struct layer_part *part, struct packed_part *to)
{
	to->size = part->segment.size;
	to->unpacked = part->segment.tar_size;
	to->made = to->made || part->made;
}

static int make_layer(struct pack *p, size_t l, struct err **e)
{
	const struct pack_layer *layer = &p->layers[l];
	struct layer *made = &p->out->layers[l];
	struct strs packages = made->packages;
	AUTO(free) struct layer_part *parts = mem_zero(layer->count, sizeof(*parts));
	AUTO(free) struct fill *fills = mem_zero(layer->count, sizeof(*fills));
	layer_done(made);
	describe_parts(p, layer, parts, fills);
	int r = start_interpreter(p, layer, e);
	if (r == 0)
		r = build_in_place(p, layer, parts, made, e);
	made->packages = packages;
	for (size_t k = 0; r == 0 && k < layer->count; k++)
		note_part(&parts[k], &p->out->parts[l][k]);
	return r;
}

static int make_and_push(struct pack *p, size_t l, struct err **e)
{
	int r = interrupt_check(e);
	if (r == 0 && atomic_load(&p->b->given_up))
		r = err_set(e, ERR_INTERRUPTED, "given up");
	if (r == 0)
		r = make_layer(p, l, e);
	return r < 0 ? r : push_everywhere(p, l, e);
}

static void forget_layer(const struct pack *p, size_t l)
{
	const struct layer *made = &p->out->layers[l];
	layer_forget(&p->layer_options, made->segments, made->segment_count);
}

static int pack_one(void *cookie, size_t at, struct err **e)
{
	struct pack *p = cookie;
	int r = make_and_push(p, p->order[at], e);
	if (r == ERR_DIGEST) {
		/* A segment that the disk has damaged is gone by now, so it is made again; or
		 * the layer is another one than was remembered. */
		err_clear(e);
		forget_layer(p, p->order[at]);
		atomic_fetch_add(&p->cost_left, p->layers[p->order[at]].cost);
		r = make_and_push(p, p->order[at], e);
	}
	if (r < 0)
		atomic_store(&p->b->given_up, true);
	return r;
}

static int by_cost(const void *a, const void *b, void *layers)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct pack_layer *l = layers;
	if (l[i].cost != l[j].cost)
		return l[i].cost < l[j].cost ? 1 : -1;
	return i < j ? -1 : 1;
}

static void plan_items(struct pack *p)
{
	uint64_t *packed = arena_zero(p->arena, p->items, sizeof(*packed));
	for (size_t i = 0; i < p->items; i++) {
		struct digest content;
		pack_plan_identity(p->plan, p->env, i, &content);
		segment_id(&p->layer_options, &content, &p->ids[i]);
	}
	for (size_t i = 0; i < p->plan->count; i++) {
		p->sizes[i] = link_size(p->plan, i);
		packed[i] = p->plan->files[i].size;
	}
	pack_plan_layers(p->lock->records, packed, p->plan->count,
			 p->b->base_pulled ? p->b->base.layer_count : 0, p->layer_of,
			 &p->out->count);
}

/* Link scripts run over all packages, unpacked once more. */
static uint64_t cost_of(const struct pack *p, size_t i)
{
	uint64_t cost = 0;
	if (is_packed(p, i))
		return 0;
	if (!is_environment(p, i))
		return p->sizes[i] + SOURCE_COST * link_source_size(p->plan, i);
	for (size_t k = 0; k < p->plan->count && p->plan->has_scripts; k++)
		cost += p->sizes[k];
	return cost;
}

static void plan_layers(struct pack *p)
{
	size_t n = p->out->count;
	p->layers = arena_zero(p->arena, n, sizeof(*p->layers));
	p->order = arena_zero(p->arena, n, sizeof(*p->order));
	p->out->layers = arena_zero(p->arena, n, sizeof(*p->out->layers));
	p->out->sent = arena_zero(p->arena, n, sizeof(*p->out->sent));
	p->out->parts = arena_zero(p->arena, n, sizeof(*p->out->parts));
	for (size_t i = 0; i < p->items; i++) {
		uint64_t cost = cost_of(p, i);
		p->layers[p->layer_of[i]].count++;
		p->layers[p->layer_of[i]].cost += cost;
		p->cost_left += cost;
	}
	for (size_t l = 0; l < n; l++) {
		p->order[l] = l;
		p->layers[l].members = arena_zero(p->arena, p->layers[l].count, sizeof(size_t));
		p->layers[l].count = 0;
	}
	for (size_t i = 0; i < p->items; i++) {
		struct pack_layer *layer = &p->layers[p->layer_of[i]];
		layer->members[layer->count++] = i;
	}
	qsort_r(p->order, n, sizeof(*p->order), by_cost, p->layers);
}

/* All packages of a layer, and their names for people. */
static void list_parts(struct pack *p)
{
	for (size_t l = 0; l < p->out->count; l++) {
		struct pack_layer *layer = &p->layers[l];
		struct str *names = arena_zero(p->arena, layer->count, sizeof(*names));
		struct packed_part *parts = arena_zero(p->arena, layer->count, sizeof(*parts));
		for (size_t k = 0; k < layer->count; k++) {
			size_t i = layer->members[k];
			names[k] = item_name(p, i);
			parts[k].record = is_environment(p, i) ? NULL : &p->lock->records[i];
		}
		p->out->parts[l] = parts;
		p->out->layers[l].packages = (struct strs){names, layer->count};
	}
}

void packed_done(struct packed *p)
{
	for (size_t i = 0; i < p->count; i++)
		layer_done(&p->layers[i]);
	*p = (struct packed){0};
}

int pack_and_push(struct build *b, const struct link_plan *plan, const struct lock *l,
		  const struct definition *d, struct destination *to, size_t to_count,
		  struct arena *a, struct packed *out, struct err **e)
{
	struct link_environment env = {build_spec_texts(a, d), d->variables, d->variable_count};
	size_t items = plan->count + 1;
	struct pack p = {
		.b = b,
		.plan = plan,
		.lock = l,
		.env = &env,
		.layer_options = build_layer_options(b),
		.to = to,
		.to_count = to_count,
		.items = items,
		.sizes = arena_zero(a, items, sizeof(uint64_t)),
		.layer_of = arena_zero(a, items, sizeof(unsigned)),
		.ids = arena_zero(a, items, sizeof(struct digest)),
		.out = out,
		.arena = a,
	};
	plan_items(&p);
	plan_layers(&p);
	list_parts(&p);
	sem_init(&p.packing, 0, b->o.jobs);
	int r = workers_run(b->o.jobs + UPLOADS, out->count, pack_one, &p, e);
	sem_destroy(&p.packing);
	return r;
}
