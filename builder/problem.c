/* problem.c - from names to records to texts to names, until nothing new is reached. */
#include "builder/problem.h"
#include "specs/base/workers.h"

void problem_done(struct problem *p)
{
	intern_done(&p->names);
	intern_done(&p->texts_seen);
	intern_done(&p->versions_seen);
	VEC_DONE(&p->packages);
	VEC_DONE(&p->solvables);
	VEC_DONE(&p->virtual_solvables);
	VEC_DONE(&p->bounds);
	VEC_DONE(&p->times);
	free(p->steps);
	VEC_DONE(&p->queue);
	VEC_DONE(&p->texts);
	VEC_DONE(&p->versions);
	VEC_DONE(&p->edges);
	free(p->ranked);
	free(p->version_order);
	for (size_t i = 0; i < PROBLEM_PARTS; i++)
		arena_done(&p->matched[i]);
	arena_done(&p->specs);
	arena_done(&p->arena);
}

struct part problem_part(const struct problem *p, size_t part)
{
	return (struct part){p->packages.n * part / PROBLEM_PARTS,
			     p->packages.n * (part + 1) / PROBLEM_PARTS};
}

void problem_run(struct problem *p, int (*job)(void *problem, size_t part, struct err **e))
{
	enum { FEW = 10000, THREADS = 4 };
	unsigned threads = p->solvables.n < FEW ? 1 : workers_default();

	workers_run(threads < THREADS ? threads : THREADS, PROBLEM_PARTS, job, p, NULL);
}

static uint32_t package_of(struct problem *p, struct str name)
{
	uint32_t id = intern_id(&p->names, name);

	if (id == p->packages.n)
		VEC_PUSH(&p->packages, ((struct package){.name = arena_str(&p->arena, name)}));
	return id;
}

static uint32_t version_of(struct problem *p, struct str text)
{
	uint32_t id = intern_id(&p->versions_seen, text);

	if (id == p->versions.n) {
		const struct version *v = NULL;
		version_parse(&p->arena, text, &v, NULL);
		VEC_PUSH(&p->versions, v);
	}
	return id;
}

/* False: a version is none, or it is not simple. */
static bool read_simple(struct problem *p, struct str s, struct text *t, struct bounds *b)
{
	struct matchspec_simple simple;

	if (!matchspec_read_simple(s, &simple))
		return false;
	for (size_t i = 0; i < simple.count; i++) {
		b->keeps[i] = simple.bounds[i].keeps;
		b->version[i] = version_of(p, simple.bounds[i].version);
		if (!p->versions.v[b->version[i]])
			return false;
	}
	t->is_simple = true;
	t->package = package_of(p, simple.name);
	return true;
}

static uint32_t text_of(struct problem *p, struct str s)
{
	uint32_t id = intern_id(&p->texts_seen, s);
	struct bounds b = {0};
	struct text t = {0};

	if (id < p->texts.n)
		return id;
	if (!read_simple(p, s, &t, &b)) {
		struct matchspec *spec = arena_zero(&p->specs, 1, sizeof(*spec));
		t.spec = spec;
		t.bad = matchspec_parse(&p->specs, s, MATCHSPEC_RECORD, spec, NULL) < 0;
		if (!t.bad)
			t.package = package_of(p, spec->name);
	}
	VEC_PUSH(&p->texts, t);
	VEC_PUSH(&p->bounds, b);
	return id;
}

struct source {
	uint16_t channel, subdir;
	const struct index *index;
	uint32_t *text_of, *version_of; /* of its ids: ours + 1, 0: not yet known */
	const uint32_t *run;		/* of the record before, */
	uint32_t edges, run_size;	/* and where it came to stand */
};

static void reach(struct problem *p, uint32_t package)
{
	if (p->packages.v[package].reached)
		return;
	p->packages.v[package].reached = true;
	VEC_PUSH(&p->queue, package);
}

static bool add_edges(struct problem *p, struct source *s, const struct index_entry *entry)
{
	uint32_t n = (uint32_t)entry->depends + entry->constrains;

	if (s->run == entry->run && s->run_size == n)
		return true;
	s->run = NULL;
	s->edges = (uint32_t)p->edges.n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = entry->run[i];
		if (id >= index_text_count(s->index))
			return false;
		uint32_t *known = &s->text_of[id];
		if (!*known)
			*known = text_of(p, index_text(s->index, id)) + 1;
		if (p->texts.v[*known - 1].bad)
			return false;
		VEC_PUSH(&p->edges, *known - 1);
	}
	s->run = entry->run;
	s->run_size = n;
	for (uint32_t i = 0; i < entry->depends && p->reaching; i++)
		reach(p, p->texts.v[p->edges.v[s->edges + i]].package);
	return true;
}

/* NULL: it is none. */
static const struct version *read_version(struct problem *p, struct source *s, uint32_t version,
					  uint32_t *out)
{
	if (version >= index_version_count(s->index))
		return NULL;
	uint32_t *known = &s->version_of[version];
	if (!*known)
		*known = version_of(p, index_version(s->index, version)) + 1;
	*out = *known - 1;
	return p->versions.v[*out];
}

static void leave_out(struct problem *p, struct source *s, uint32_t package, uint32_t id,
		      const char *why)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct record r;

	p->packages.v[package].unreadable++;
	index_record(s->index, id, &a, &r);
	log_info(p->request->log, "%.*s: left out: %s does not parse", STR_ARG(r.fn), why);
}

static bool is_newer(const struct problem *p, const struct index *x, uint32_t id,
		     const struct index_entry *entry)
{
	uint64_t newest = p->request->newest_ms;

	if (!newest)
		return false;
	uint64_t when = entry->dated ? index_published(x, id) : entry->timestamp;
	return !when || when > newest;
}

static void load_record(struct problem *p, struct source *s, uint32_t package, uint32_t id)
{
	struct index_entry entry;
	uint32_t version;

	index_entry(s->index, id, &entry);
	if (is_newer(p, s->index, id, &entry)) {
		p->packages.v[package].newer++;
		return;
	}
	if (!read_version(p, s, entry.version, &version)) {
		leave_out(p, s, package, id, "its version");
		return;
	}
	if (!add_edges(p, s, &entry)) {
		p->edges.n = s->edges;
		leave_out(p, s, package, id, "a dependency");
		return;
	}
	VEC_PUSH(&p->times, ((struct times){entry.build_number, entry.timestamp}));
	VEC_PUSH(&p->solvables, ((struct solvable){
					.version = version,
					.name = package,
					.record = id,
					.channel = s->channel,
					.subdir = s->subdir,
					.features = entry.features,
					.edges = s->edges,
					.depends = entry.depends,
					.constrains = entry.constrains,
				}));
}

static void load_virtuals(struct problem *p, uint32_t package)
{
	const struct solve_request *r = p->request;

	for (size_t i = 0; i < r->virtual_count; i++) {
		const struct record *v = &r->virtuals[i];
		if (!str_eq(v->name, p->packages.v[package].name))
			continue;
		VEC_PUSH(&p->virtual_solvables, (uint32_t)p->solvables.n);
		VEC_PUSH(&p->times, ((struct times){v->build_number, 0}));
		VEC_PUSH(&p->solvables, ((struct solvable){
						.version = version_of(p, v->version_text),
						.name = package,
						.record = (uint32_t)i,
						.channel = NO_CHANNEL,
					}));
	}
}

/* All records of a name; with strict priority those of the first channel that has it. */
static void load_package(struct problem *p, uint32_t package)
{
	const struct channels *c = p->request->channels;
	struct str name = p->packages.v[package].name;
	bool strict = p->request->priority == PRIORITY_STRICT && !p->packages.v[package].sole,
	     found = false;
	size_t slot = 0;

	p->packages.v[package].first = (uint32_t)p->solvables.n;
	if (str_starts(name, "__"))
		load_virtuals(p, package);
	for (size_t i = 0; i < c->n && !str_starts(name, "__"); i++) {
		for (size_t k = 0; k < c->v[i].subdir_count; k++, slot++) {
			const struct index *x = c->v[i].subdirs[k].index;
			uint32_t first, count;
			if (!x || !index_find(x, name, &first, &count))
				continue;
			found = true;
			for (uint32_t j = 0; j < count; j++)
				load_record(p, &p->sources[slot], package, first + j);
		}
		if (strict && found)
			break;
	}
	p->packages.v[package].count = (uint32_t)p->solvables.n - p->packages.v[package].first;
}

struct str problem_version(const struct problem *p, const struct solvable *s)
{
	return intern_text(&p->versions_seen, s->version);
}

static int by_version(const void *a, const void *b, void *versions)
{
	const struct version *const *v = versions;

	return version_compare(v[*(const uint32_t *)a], v[*(const uint32_t *)b]);
}

/* Distinct versions are few beside the records that have them. */
static void order_versions(struct problem *p)
{
	AUTO(free) uint32_t *ids = mem_alloc((p->versions.n + 1) * sizeof(*ids));
	uint32_t n = 0, order = 0;

	p->version_order = mem_zero(p->versions.n + 1, sizeof(*p->version_order));
	for (uint32_t i = 0; i < p->versions.n; i++)
		if (p->versions.v[i])
			ids[n++] = i;
	qsort_r(ids, n, sizeof(*ids), by_version, p->versions.v);
	for (uint32_t i = 0; i < n; i++) {
		order += i && by_version(&ids[i - 1], &ids[i], p->versions.v) != 0;
		p->version_order[ids[i]] = order;
	}
}

/* Read specs take more room than all else that was loaded; few are asked for again. */
static void drop_specs(struct problem *p)
{
	for (size_t i = p->request->spec_count; i < p->texts.n; i++)
		p->texts.v[i].spec = NULL;
	VEC_DONE(&p->bounds);
	VEC_DONE(&p->times);
	free(STEAL(&p->steps));
	arena_done(&p->specs);
}

const struct matchspec *problem_spec(const struct problem *p, uint32_t text, struct arena *a)
{
	struct matchspec *spec;

	if (text < p->request->spec_count)
		return &p->request->specs[text];
	spec = arena_zero(a, 1, sizeof(*spec));
	matchspec_parse(a, intern_text(&p->texts_seen, text), MATCHSPEC_RECORD, spec, NULL);
	return spec;
}

/* ---- all that is reached ---- */

/* Constrains are of no concern unless a dependency reaches their name too. */
static void reach_all(struct problem *p, bool further)
{
	p->reaching = true;
	for (size_t i = 0; i < p->request->virtual_count; i++)
		reach(p, package_of(p, p->request->virtuals[i].name));
	for (size_t i = 0; i < p->request->spec_count; i++)
		reach(p, p->texts.v[p->requested[i]].package);
	size_t asked = p->queue.n;
	for (size_t next = 0; next < p->queue.n; next++) {
		p->reaching = further || next < asked;
		load_package(p, p->queue.v[next]);
	}
	VEC_DONE(&p->queue);
}

static void load_request(struct problem *p)
{
	const struct solve_request *r = p->request;

	p->requested = arena_zero(&p->arena, r->spec_count + 1, sizeof(*p->requested));
	for (size_t i = 0; i < r->spec_count; i++) {
		/* A text that no record can hold keeps its place in the table of texts. */
		struct str key = arena_printf(&p->arena, "\n%zu", i);
		uint32_t id = intern_id(&p->texts_seen, key);
		uint32_t package = package_of(p, r->specs[i].name);
		VEC_PUSH(&p->texts, ((struct text){.spec = &r->specs[i], .package = package}));
		VEC_PUSH(&p->bounds, (struct bounds){0});
		p->requested[i] = id;
		if (r->specs[i].channel.n || r->specs[i].url.n)
			p->packages.v[package].sole = true;
	}
}

static void open_sources(struct problem *p)
{
	const struct channels *c = p->request->channels;
	size_t slots = 0;

	for (size_t i = 0; i < c->n; i++)
		slots += c->v[i].subdir_count;
	p->sources = arena_zero(&p->arena, slots + 1, sizeof(*p->sources));
	slots = 0;
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->v[i].subdir_count; k++, slots++) {
			const struct index *x = c->v[i].subdirs[k].index;
			size_t texts = x ? index_text_count(x) : 0,
			       versions = x ? index_version_count(x) : 0;
			p->sources[slots] = (struct source){
				.channel = (uint16_t)i,
				.subdir = (uint16_t)k,
				.index = x,
				.text_of = arena_zero(&p->arena, texts + 1, sizeof(uint32_t)),
				.version_of = arena_zero(&p->arena, versions + 1, sizeof(uint32_t)),
			};
		}
}

/* From here on only the records that are chosen are looked at. */
static void rest_sources(struct problem *p)
{
	const struct channels *c = p->request->channels;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->v[i].subdir_count; k++)
			if (c->v[i].subdirs[k].index)
				index_rest(c->v[i].subdirs[k].index);
}

static void load(struct problem *p, const struct solve_request *r, bool further)
{
	p->request = r;
	open_sources(p);
	load_request(p);
	reach_all(p, further);
	order_versions(p);
	problem_rank_versions(p);
	problem_match(p);
	problem_rank_ties(p);
	problem_sort_matches(p);
	drop_specs(p);
	rest_sources(p);
}

void problem_load(struct problem *p, const struct solve_request *r)
{
	load(p, r, true);
}

void problem_look(struct problem *p, const struct solve_request *r)
{
	load(p, r, false);
}

int problem_record(const struct problem *p, uint32_t solvable, struct arena *a, struct record *out,
		   struct err **e)
{
	const struct solvable *s = &p->solvables.v[solvable];

	if (s->channel == NO_CHANNEL) {
		record_copy(a, &p->request->virtuals[s->record], out);
		return 0;
	}
	const struct channel *c = &p->request->channels->v[s->channel];
	return channel_record(c, &c->subdirs[s->subdir], s->record, a, out, e);
}
