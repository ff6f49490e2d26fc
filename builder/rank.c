/* rank.c - the order of a name's records, best first, as rattler sorts candidates. */
#include "builder/problem.h"

/* No track_features, (flexible priority: the earlier channel,) version, build number. */
static int by_version(const struct problem *p, const struct solvable *a, const struct solvable *b)
{
	uint32_t x = p->version_order[a->version], y = p->version_order[b->version];

	if (a->features != b->features)
		return a->features ? 1 : -1;
	if (a->channel != b->channel)
		return a->channel < b->channel ? -1 : 1;
	if (x != y)
		return x > y ? -1 : 1;
	return (a->build_number < b->build_number) - (a->build_number > b->build_number);
}

static int compare_versions(const void *a, const void *b, void *cookie)
{
	const struct problem *p = cookie;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int order = by_version(p, &p->solvables.v[x], &p->solvables.v[y]);

	return order ? order : (x > y) - (x < y);
}

/* The best that a record can have of a dependency: UINT32_MAX when nothing matches. */
struct reach {
	uint32_t package, best;
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

static int by_package(const void *a, const void *b, void *cookie)
{
	const struct problem *p = cookie;
	uint32_t x = ((const struct reach *)a)->package, y = ((const struct reach *)b)->package;

	return x == y ? 0 : str_cmp(p->packages.v[x].name, p->packages.v[y].name);
}

static void fill_tied(struct problem *p, struct arena *a, uint32_t solvable, struct tied *out)
{
	const struct solvable *s = &p->solvables.v[solvable];
	uint32_t n = 0;

	out->solvable = solvable;
	out->reach = arena_alloc(a, (s->depends + 1u) * sizeof(*out->reach));
	for (uint32_t i = 0; i < s->depends; i++) {
		const struct text *t = &p->texts.v[p->edges.v[s->edges + i]];
		out->reach[i] = (struct reach){t->package, t->count ? t->best : UINT32_MAX};
	}
	qsort_r(out->reach, s->depends, sizeof(*out->reach), by_package, p);
	for (uint32_t i = 0; i < s->depends; i++) {
		struct reach r = out->reach[i];
		if (!n || out->reach[n - 1].package != r.package)
			out->reach[n++] = r;
		else if (compare_best(p, r.best, out->reach[n - 1].best) > 0)
			out->reach[n - 1].best = r.best;
	}
	out->count = n;
}

/* Keeps of a only the names that b has too; both are sorted by name. */
static void intersect(const struct problem *p, struct tied *a, const struct tied *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0, k = 0; i < a->count && k < b->count;) {
		int order = by_package(&a->reach[i], &b->reach[k], (void *)p);
		if (order == 0)
			a->reach[kept++] = a->reach[i];
		i += order <= 0;
		k += order >= 0;
	}
	a->count = kept;
}

/* Keeps of every record only the names that all of them depend on, so that place i is the
 * same name everywhere. */
static void keep_shared(const struct problem *p, struct tied *v, uint32_t n)
{
	for (uint32_t k = 1; k < n; k++)
		intersect(p, &v[0], &v[k]);
	for (uint32_t k = 1; k < n; k++)
		intersect(p, &v[k], &v[0]);
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
	uint64_t s = p->solvables.v[x->solvable].timestamp,
		 t = p->solvables.v[y->solvable].timestamp;
	if (s != t)
		return s > t ? -1 : 1;
	return (x->solvable > y->solvable) - (x->solvable < y->solvable);
}

static void rank_ties(struct problem *p, uint32_t *v, uint32_t n)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct tied *tied = arena_alloc(&a, n * sizeof(*tied));

	for (uint32_t i = 0; i < n; i++)
		fill_tied(p, &a, v[i], &tied[i]);
	keep_shared(p, tied, n);
	qsort_r(tied, n, sizeof(*tied), compare_tied, p);
	for (uint32_t i = 0; i < n; i++)
		v[i] = tied[i].solvable;
}

static void rank_package(struct problem *p, const struct package *k)
{
	uint32_t *v = p->ranked + k->first, n = k->count;

	for (uint32_t i = 0; i < n; i++)
		v[i] = k->first + i;
	qsort_r(v, n, sizeof(*v), compare_versions, p);
	for (uint32_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n; end++)
			if (by_version(p, &p->solvables.v[v[i]], &p->solvables.v[v[end]]))
				break;
		if (end - i > 1)
			rank_ties(p, v + i, end - i);
	}
	for (uint32_t i = 0; i < n; i++)
		p->solvables.v[v[i]].rank = k->first + i;
}

/* Marks the ranks of what matches and reads them off in order. */
static void sort_matches(const struct problem *p, struct text *t, uint64_t *marks)
{
	uint32_t first = p->packages.v[t->package].first, n = 0;
	uint32_t words = p->packages.v[t->package].count / 64 + 1;

	memset(marks, 0, words * sizeof(*marks));
	for (uint32_t i = 0; i < t->count; i++) {
		uint32_t at = p->solvables.v[t->matches[i]].rank - first;
		marks[at / 64] |= (uint64_t)1 << at % 64;
	}
	for (uint32_t i = 0; i < words; i++)
		for (uint64_t bits = marks[i]; bits; bits &= bits - 1)
			t->matches[n++] =
				p->ranked[first + i * 64 + (uint32_t)__builtin_ctzll(bits)];
}

void problem_rank(struct problem *p)
{
	AUTO(free) uint64_t *marks = mem_alloc((p->solvables.n / 64 + 1) * sizeof(*marks));

	p->ranked = mem_alloc((p->solvables.n + 1) * sizeof(*p->ranked));
	for (size_t i = 0; i < p->packages.n; i++)
		rank_package(p, &p->packages.v[i]);
	for (size_t i = 0; i < p->texts.n; i++)
		if (p->texts.v[i].count > 1)
			sort_matches(p, &p->texts.v[i], marks);
}
