/* builder/plan.c - the steps of a build up to where work begins. */
#include "builder/plan.h"
#include "builder/build_private.h"
#include "builder/pack_plan.h"
#include "specs/base/workers.h"

enum { QUESTIONS = 8 }; /* to registries at once */

void plan_done(struct plan *p)
{
	lock_done(&p->lock);
	arena_done(&p->arena);
	*p = (struct plan){0};
}

/* ---- packages ---- */

static void copy_lock(const struct lock *from, struct lock *out)
{
	struct arena *a = &out->arena;
	out->platform = arena_str(a, from->platform);
	out->channels = arena_strs(a, from->channels);
	out->specs = arena_strs(a, from->specs);
	out->count = from->count;
	out->records = arena_zero(a, from->count, sizeof(*out->records));
	for (size_t i = 0; i < from->count; i++)
		record_copy(a, &from->records[i], &out->records[i]);
}

static int find_packages(struct build *b, const struct definition *d, const struct lock *locked,
			 struct plan *p, struct err **e)
{
	int code = locked ? 0 : build_offline(b, d, NULL, e);
	if (code == 0)
		code = d->user_managed ? build_pull_base(b, e)
				       : build_virtuals(b, &p->arena, &p->virtuals, e);
	if (code < 0)
		return code;
	if (!locked)
		return build_lock(b, d, &p->lock, e);
	if ((code = build_lock_fits(b, d, locked, e)) < 0)
		return code;
	/* What a base that is not made yet offers, nobody knows. */
	if (!p->has_steps || p->steps.made)
		code = virtuals_check(&p->virtuals, NULL, locked->records, locked->count, e);
	if (code < 0)
		return code;
	copy_lock(locked, &p->lock);
	struct package_options options = {.cache = b->cache, .offline = b->o.offline};
	return packages_ask_sizes(b->http, p->lock.records, p->lock.count, &options, e);
}

static void count_downloads(struct plan *p, const struct package_file *files)
{
	p->cached = arena_zero(&p->arena, p->lock.count, sizeof(*p->cached));
	for (size_t i = 0; i < p->lock.count; i++) {
		p->cached[i] = files[i].path != NULL;
		if (p->cached[i])
			continue;
		p->download_count++;
		p->download += p->lock.records[i].size;
		p->unsized += p->lock.records[i].size == 0;
	}
}

/* ---- layers ---- */

static void name_layers(struct plan *p, const unsigned *layer_of, const uint64_t *sizes)
{
	size_t count = p->lock.count;
	p->layers = arena_zero(&p->arena, p->layer_count, sizeof(*p->layers));
	for (size_t l = 0; l < p->layer_count; l++) {
		struct str *names = arena_zero(&p->arena, count + 1, sizeof(*names));
		size_t n = 0;
		for (size_t i = 0; i <= count; i++) {
			if (layer_of[i] != l)
				continue;
			names[n++] = i < count ? p->lock.records[i].name : STR("environment");
			p->layers[l].archives += sizes[i];
			p->layers[l].downloads += i < count && !p->cached[i];
		}
		p->layers[l].packages = (struct strs){names, n};
	}
}

/* What the cache knows of a layer of these segments. */
static int look_up(const struct layer_options *o, const struct digest *ids, size_t n,
		   struct plan_layer *out, struct err **e)
{
	struct layer layer = {0};
	out->state = PLAN_PACKED;
	for (size_t i = 0; i < n; i++) {
		struct segment segment;
		AUTO(err_free) struct err *why = NULL;
		int code = segment_find(o, &ids[i], &segment, &why);
		if (code == ERR_ABSENT)
			out->state = PLAN_MISSING;
		else if (code < 0)
			return err_set(e, code, "%s", why->text);
	}
	out->known = layer_find(o, ids, n, &layer, NULL) == 0;
	out->digest = layer.digest;
	out->size = layer.size;
	layer_done(&layer);
	return 0;
}

/* Only with all archives here is it known what a package's segment is made from. */
static int look_up_layers(struct build *b, const struct definition *d,
			  const struct package_file *files, const unsigned *layer_of,
			  struct plan *p, struct err **e)
{
	AUTO(link_plan_done) struct link_plan plan = {0};
	size_t count = p->lock.count;
	AUTO(free) struct digest *ids = mem_zero(count + 1, sizeof(*ids));
	struct link_environment env = {build_spec_texts(&p->arena, d), d->variables,
				       d->variable_count};
	struct layer_options o = build_layer_options(b);
	int code = build_plan(b, &p->lock, files, &plan, e);
	for (size_t l = 0; l < p->layer_count && code == 0; l++) {
		size_t n = 0;
		for (size_t i = 0; i <= count; i++) {
			struct digest content;
			if (layer_of[i] != l)
				continue;
			pack_plan_identity(&plan, &env, i, &content);
			segment_id(&o, &content, &ids[n++]);
		}
		code = look_up(&o, ids, n, &p->layers[l], e);
	}
	return code;
}

static int plan_layers(struct build *b, const struct definition *d,
		       const struct package_file *files, struct plan *p, struct err **e)
{
	size_t count = p->lock.count;
	AUTO(free) unsigned *layer_of = mem_zero(count + 1, sizeof(*layer_of));
	AUTO(free) uint64_t *sizes = mem_zero(count + 1, sizeof(*sizes));
	if (p->unsized)
		return 0;
	if (d->user_managed) {
		name_layers(p, layer_of, sizes);
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		sizes[i] = files[i].path ? files[i].size : p->lock.records[i].size;
	pack_plan_layers(p->lock.records, sizes, count, p->base_layers, layer_of, &p->layer_count);
	name_layers(p, layer_of, sizes);
	return p->download_count ? 0 : look_up_layers(b, d, files, layer_of, p, e);
}

/* ---- destinations ---- */

struct question {
	const struct build *b;
	struct plan *p;
	struct destination *to;
};

/* Item 0 of a destination: has it the key's image; then the layers; then the base's. */
static int ask(void *cookie, size_t at, struct err **e)
{
	struct question *q = cookie;
	struct plan *p = q->p;
	size_t items = 1 + p->layer_count + p->base_layers, i = at % items;
	struct destination *to = &q->to[at / items];
	struct plan_destination *out = &p->to[at / items];
	if (i == 0) {
		struct reference by_key = to->reference;
		by_key.tag = to->tags.v[0];
		int code = registry_head(to->registry, &by_key, &out->image, NULL, e);
		out->built = code == 0;
		if (code == ERR_ABSENT)
			err_clear(e);
		return code == ERR_ABSENT ? 0 : code;
	}
	const struct plan_layer *layer = i <= p->layer_count ? &p->layers[i - 1] : NULL;
	if (layer && !layer->known)
		return 0;
	const struct descriptor *base = layer ? NULL : &q->b->base.layers[i - 1 - p->layer_count];
	int has = registry_has_blob(to->registry, &to->reference,
				    layer ? &layer->digest : &base->digest,
				    layer ? layer->size : base->size, e);
	if (has > 0)
		*(layer ? &out->has[i - 1] : &out->has_base[i - 1 - p->layer_count]) = true;
	return has < 0 ? has : 0;
}

static void describe_destination(const struct build *b, const struct destination *to,
				 struct plan *p, struct plan_destination *out)
{
	AUTO(buf_done) struct buf name = BUF(1 << 20);
	destination_name(to, &name);
	out->name = arena_str(&p->arena, buf_str(&name));
	for (size_t i = 0; i < p->base_layers; i++)
		out->base_send += out->has_base[i] ? 0 : b->base.layers[i].size;
}

static int ask_all(struct build *b, struct destination *to, size_t count, struct plan *p,
		   struct err **e)
{
	struct question q = {b, p, to};
	size_t items = 1 + p->layer_count + p->base_layers;
	p->to = arena_zero(&p->arena, count, sizeof(*p->to));
	p->to_count = count;
	for (size_t i = 0; i < count; i++) {
		p->to[i].has = arena_zero(&p->arena, p->layer_count, sizeof(bool));
		p->to[i].has_base = arena_zero(&p->arena, p->base_layers, sizeof(bool));
	}
	int code = workers_run(QUESTIONS, items * count, ask, &q, e);
	for (size_t i = 0; i < count && code == 0; i++)
		describe_destination(b, &to[i], p, &p->to[i]);
	return code;
}

/* ---- all of it ---- */

static void describe_base(const struct build *b, struct plan *p)
{
	AUTO(buf_done) struct buf name = BUF(1 << 20);
	if (!b->base_pulled)
		return;
	reference_write(&b->base_reference, &name);
	p->base_name = arena_str(&p->arena, buf_str(&name));
	p->base_digest = b->base_digest;
	p->base_layers = b->base.layer_count;
	for (size_t i = 0; i < p->base_layers; i++)
		p->base_size += b->base.layers[i].size;
}

static int fill(struct build *b, const struct definition *d, const struct lock *locked,
		struct plan *p, struct err **e)
{
	int code = find_packages(b, d, locked, p, e);
	if (code < 0)
		return code;
	describe_base(b, p);
	AUTO(free) struct package_file *files = mem_zero(p->lock.count, sizeof(*files));
	size_t missing;
	code = packages_find(p->lock.records, p->lock.count, b->cache, files, &missing, e);
	if (code == 0)
		code = build_find_sources(b, &p->lock, files, &missing, e);
	if (code == 0) {
		count_downloads(p, files);
		code = plan_layers(b, d, files, p, e);
	}
	package_files_done(files, p->lock.count);
	return code;
}

static int find_steps(struct build *b, const struct definition *d, const struct destination *to,
		      size_t to_count, struct plan *p, struct err **e)
{
	p->has_steps = definition_has_steps(&d->steps);
	if (!p->has_steps)
		return 0;
	if (b->next)
		return err_set(e, ERR_USAGE,
			       "the base is made by a Dockerfile: --engine docker builds for one "
			       "platform at a time");
	build_describe_steps(&d->steps, &p->arena, &p->steps);
	return build_find_steps(b, &d->steps, to, to_count, &p->steps, e);
}

int plan_make(struct build *b, const struct definition *d, const struct digest *key,
	      const struct lock *locked, struct strs destinations, struct plan *out, struct err **e)
{
	AUTO(plan_done)
	struct plan made = {.key = *key, .platform = b->platform->image, .prefix = b->prefix};
	struct destination *to = NULL;
	size_t count = 0;
	int code = destinations_open(b, destinations, digest_text(key).hex, &made.arena, &to,
				     &count, e);
	if (code == 0)
		code = find_steps(b, d, to, count, &made, e);
	if (code == 0)
		code = fill(b, d, locked, &made, e);
	if (code == 0)
		code = ask_all(b, to, count, &made, e);
	destinations_close(to, count);
	if (code < 0)
		return code;
	*out = made;
	made = (struct plan){0};
	return 0;
}
