/* rank.c - the order of a name's records, best first, as rattler sorts candidates. */
#include "builder/problem.h"

/* What decides first: no track_features, (flexible priority: the earlier channel,) version, build
 * number; where these are equal, the order in which they were loaded. */
struct key {
	uint64_t place, build_number; /* less is better */
	uint32_t order, solvable;
};

static struct key key_of(const struct problem *p, uint32_t solvable)
{
	const struct solvable *s = &p->solvables.v[solvable];
	uint32_t order = p->version_order[s->version];
	uint64_t channel = p->request->priority == PRIORITY_DISABLED ? 0 : s->channel;

	return (struct key){(uint64_t)s->features << 63 | channel << 32 | (UINT32_MAX - order),
			    ~p->times.v[solvable].build_number, order, solvable};
}

static bool are_tied(const struct key *a, const struct key *b)
{
	return a->place == b->place && a->build_number == b->build_number;
}

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (x->build_number != y->build_number)
		return x->build_number < y->build_number ? -1 : 1;
	return (x->solvable > y->solvable) - (x->solvable < y->solvable);
}

/* Mostly they come the lowest version first: then little is to be moved. */
static void sort_keys(struct key *v, uint32_t n)
{
	size_t moves = 0;

	for (uint32_t i = 1; i < n; i++) {
		struct key now = v[i];
		uint32_t at = i;
		for (; at && compare_keys(&v[at - 1], &now) > 0; at--)
			v[at] = v[at - 1];
		v[at] = now;
		moves += i - at;
		if (moves > (size_t)16 * n) {
			qsort(v, n, sizeof(*v), compare_keys);
			return;
		}
	}
}

static int compare_orders(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->solvable > y->solvable) - (x->solvable < y->solvable);
}

/* From keys sorted by rank: the last are the lowest. */
static void add_steps_plain(struct problem *p, struct package *k, const struct key *v)
{
	struct step *steps = p->steps + k->first;

	for (uint32_t i = k->count; i-- > 0;) {
		if (i + 1 == k->count || v[i].order != v[i + 1].order)
			steps[k->steps++] = (struct step){v[i].order, v[i].solvable, 0};
		struct step *last = &steps[k->steps - 1];
		last->place = k->first + i;
		if (v[i].solvable < last->first)
			last->first = v[i].solvable;
	}
}

static void add_steps(struct problem *p, struct package *k, struct key *v)
{
	qsort(v, k->count, sizeof(*v), compare_orders);
	for (uint32_t i = 0; i < k->count; i++)
		if (!i || v[i].order != v[i - 1].order)
			p->steps[k->first + k->steps++] =
				(struct step){v[i].order, v[i].solvable, 0};
}

static void rank_versions(struct problem *p, struct package *k, struct key *v)
{
	for (uint32_t i = 0; i < k->count; i++)
		v[i] = key_of(p, k->first + k->count - 1 - i);
	sort_keys(v, k->count);
	k->plain = k->count && v[0].place >> 32 == v[k->count - 1].place >> 32;
	for (uint32_t i = 0; i < k->count; i++) {
		p->ranked[k->first + i] = v[i].solvable;
		p->solvables.v[v[i].solvable].rank =
			i && are_tied(&v[i - 1], &v[i]) ? p->solvables.v[v[i - 1].solvable].rank
							: k->first + i;
	}
	if (k->plain)
		add_steps_plain(p, k, v);
	else
		add_steps(p, k, v);
}

static int rank_some_versions(void *cookie, size_t part, struct err **e)
{
	struct problem *p = cookie;
	struct part at = problem_part(p, part);
	uint32_t most = 0;

	(void)e;
	for (size_t i = at.from; i < at.to; i++)
		if (p->packages.v[i].count > most)
			most = p->packages.v[i].count;
	AUTO(free) struct key *keys = mem_alloc((most + 1) * sizeof(*keys));
	for (size_t i = at.from; i < at.to; i++)
		rank_versions(p, &p->packages.v[i], keys);
	return 0;
}

void problem_rank_versions(struct problem *p)
{
	p->ranked = mem_alloc((p->solvables.n + 1) * sizeof(*p->ranked));
	p->steps = mem_alloc((p->solvables.n + 1) * sizeof(*p->steps));
	problem_run(p, rank_some_versions);
}

/* ---- ties ---- */

/* The best that a record can have of a dependency: UINT32_MAX when nothing matches. */
struct reach {
	uint32_t order, best; /* order: of the name */
};
struct tied {
	uint32_t solvable, count;
	struct reach *reach; /* by package name */
};

static int compare_best(const struct problem *p, uint32_t a, uint32_t b)
{
	if (a == b)
		return 0;
	if (a == UINT32_MAX || b == UINT32_MAX)
		return a == UINT32_MAX ? 1 : -1;
	const struct solvable *x = &p->solvables.v[a], *y = &p->solvables.v[b];
	if (x->features != y->features)
		return x->features ? 1 : -1;
	uint32_t v = p->version_order[x->version], w = p->version_order[y->version];
	return (v < w) - (v > w);
}

static int by_name(const void *a, const void *b, void *packages)
{
	const struct package *v = packages;

	return str_cmp(v[*(const uint32_t *)a].name, v[*(const uint32_t *)b].name);
}

/* Names compared a million times are compared as numbers. */
static void order_names(struct problem *p)
{
	AUTO(free) uint32_t *ids = mem_alloc((p->packages.n + 1) * sizeof(*ids));

	for (uint32_t i = 0; i < p->packages.n; i++)
		ids[i] = i;
	qsort_r(ids, p->packages.n, sizeof(*ids), by_name, p->packages.v);
	for (uint32_t i = 0; i < p->packages.n; i++)
		p->packages.v[ids[i]].order = i;
}

/* A few, and mostly in order already. */
static void sort_reach(struct reach *v, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct reach now = v[i];
		uint32_t at = i;
		for (; at && v[at - 1].order > now.order; at--)
			v[at] = v[at - 1];
		v[at] = now;
	}
}

static bool has_package(const struct problem *p, const uint32_t *texts, uint32_t n,
			const uint8_t *among, uint32_t package)
{
	for (uint32_t i = 0; i < n; i++)
		if (among[i] && p->texts.v[texts[i]].package == package)
			return true;
	return false;
}

/* Columns of dependencies in which all of them have the same text; these decide nothing, unless
 * some other text is on the same name: NULL. */
static uint8_t *same_columns(const struct problem *p, struct arena *a, const uint32_t *v,
			     uint32_t n)
{
	const struct solvable *first = &p->solvables.v[v[0]];
	const uint32_t *edges = p->edges.v + first->edges;
	uint32_t width = first->depends;
	uint8_t *same = arena_alloc(a, width + 1u);

	memset(same, 1, width);
	for (uint32_t k = 1; k < n; k++) {
		const struct solvable *s = &p->solvables.v[v[k]];
		if (s->depends != width)
			return NULL;
		for (uint32_t i = 0; i < width && s->edges != first->edges; i++)
			same[i] &= p->edges.v[s->edges + i] == edges[i];
	}
	for (uint32_t i = 0; i < width; i++)
		for (uint32_t k = 0; k < n && !same[i]; k++) {
			uint32_t text = p->edges.v[p->solvables.v[v[k]].edges + i];
			if (has_package(p, edges, width, same, p->texts.v[text].package))
				return NULL;
		}
	return same;
}

/* Without the columns of same; NULL: all of them. */
static void fill_tied(struct problem *p, struct arena *a, uint32_t solvable, const uint8_t *same,
		      struct tied *out)
{
	const struct solvable *s = &p->solvables.v[solvable];
	uint32_t n = 0, columns = 0;

	out->solvable = solvable;
	out->reach = arena_alloc(a, (s->depends + 1u) * sizeof(*out->reach));
	for (uint32_t i = 0; i < s->depends; i++) {
		if (same && same[i])
			continue;
		const struct text *t = &p->texts.v[p->edges.v[s->edges + i]];
		out->reach[columns++] = (struct reach){p->packages.v[t->package].order,
						       t->count ? t->best : UINT32_MAX};
	}
	sort_reach(out->reach, columns);
	for (uint32_t i = 0; i < columns; i++) {
		struct reach r = out->reach[i];
		if (!n || out->reach[n - 1].order != r.order)
			out->reach[n++] = r;
		else if (compare_best(p, r.best, out->reach[n - 1].best) > 0)
			out->reach[n - 1].best = r.best;
	}
	out->count = n;
}

/* Keeps of a only the names that b has too; both are sorted by name. */
static void intersect(struct tied *a, const struct tied *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0, k = 0; i < a->count && k < b->count;) {
		uint32_t x = a->reach[i].order, y = b->reach[k].order;
		if (x == y)
			a->reach[kept++] = a->reach[i];
		i += x <= y;
		k += x >= y;
	}
	a->count = kept;
}

/* Keeps of every record only the names that all of them depend on, so that place i is the
 * same name everywhere. */
static void keep_shared(struct tied *v, uint32_t n)
{
	for (uint32_t k = 1; k < n; k++)
		intersect(&v[0], &v[k]);
	for (uint32_t k = 1; k < n; k++)
		intersect(&v[k], &v[0]);
}

static bool is_conda(const struct problem *p, const struct solvable *s, struct arena *a,
		     struct record *r)
{
	const struct channel *c = &p->request->channels->v[s->channel];

	index_record(c->subdirs[s->subdir].index, s->record, a, r);
	return str_ends(r->fn, ".conda");
}

/* The order of the file; but its two lists, of .tar.bz2 and of .conda, as one by file name. */
static int by_place(const struct problem *p, uint32_t a, uint32_t b)
{
	const struct solvable *s = &p->solvables.v[a], *t = &p->solvables.v[b];
	AUTO(arena_done) struct arena names = ARENA;
	struct record x, y;

	if (s->channel == t->channel && s->subdir == t->subdir && s->channel != NO_CHANNEL &&
	    is_conda(p, s, &names, &x) != is_conda(p, t, &names, &y))
		return str_cmp(x.fn, y.fn);
	return (a > b) - (a < b);
}

static int compare_tied(const void *a, const void *b, void *cookie)
{
	const struct problem *p = cookie;
	const struct tied *x = a, *y = b;

	for (uint32_t i = 0; i < x->count; i++) {
		int order = compare_best(p, x->reach[i].best, y->reach[i].best);
		if (order)
			return order;
	}
	uint64_t s = p->times.v[x->solvable].timestamp, t = p->times.v[y->solvable].timestamp;
	if (s != t)
		return s > t ? -1 : 1;
	return by_place(p, x->solvable, y->solvable);
}

static int compare_times(const void *a, const void *b, void *cookie)
{
	const struct problem *p = cookie;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint64_t s = p->times.v[x].timestamp, t = p->times.v[y].timestamp;

	if (s != t)
		return s > t ? -1 : 1;
	return by_place(p, x, y);
}

/* Records that share their dependencies are equal in what they can have. */
static bool depend_alike(const struct problem *p, const uint32_t *v, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (p->solvables.v[v[i]].edges != p->solvables.v[v[0]].edges ||
		    p->solvables.v[v[i]].depends != p->solvables.v[v[0]].depends)
			return false;
	return true;
}

static void rank_tied(struct problem *p, uint32_t *v, uint32_t n, struct arena *a)
{
	if (depend_alike(p, v, n)) {
		qsort_r(v, n, sizeof(*v), compare_times, p);
		return;
	}
	struct tied *tied = arena_alloc(a, n * sizeof(*tied));
	const uint8_t *same = same_columns(p, a, v, n);
	for (uint32_t i = 0; i < n; i++)
		fill_tied(p, a, v[i], same, &tied[i]);
	keep_shared(tied, n);
	qsort_r(tied, n, sizeof(*tied), compare_tied, p);
	for (uint32_t i = 0; i < n; i++)
		v[i] = tied[i].solvable;
}

static void rank_ties(struct problem *p, const struct package *k, struct arena *a)
{
	uint32_t *v = p->ranked + k->first, n = k->count;

	for (uint32_t i = 0, end; i < n; i = end) {
		uint32_t rank = p->solvables.v[v[i]].rank;
		for (end = i + 1; end < n && p->solvables.v[v[end]].rank == rank; end++)
			;
		if (end - i > 1)
			rank_tied(p, v + i, end - i, a);
	}
	for (uint32_t i = 0; i < n; i++)
		p->solvables.v[v[i]].rank = k->first + i;
}

static int rank_some_ties(void *cookie, size_t part, struct err **e)
{
	struct problem *p = cookie;
	struct part at = problem_part(p, part);

	(void)e;
	for (size_t i = at.from; i < at.to; i++) {
		AUTO(arena_done) struct arena a = ARENA;
		rank_ties(p, &p->packages.v[i], &a);
	}
	return 0;
}

void problem_rank_ties(struct problem *p)
{
	order_names(p);
	problem_run(p, rank_some_ties);
}
