/* match.c - what every text matches. Most compare versions: of a plain package they match a part
 * of the order by rank, which nobody needs to copy. */
#include "builder/problem.h"

static const struct index *index_of(const struct problem *p, const struct solvable *s)
{
	return p->request->channels->v[s->channel].subdirs[s->subdir].index;
}

/* A spec that looks at more than the version. */
static bool fits(const struct problem *p, const struct text *t, uint32_t solvable)
{
	const struct solvable *s = &p->solvables.v[solvable];
	struct record r;

	if (matchspec_needs_record(t->spec)) {
		AUTO(arena_done) struct arena a = ARENA;
		return problem_record(p, solvable, &a, &r, NULL) == 0 &&
		       matchspec_matches(t->spec, &r);
	}
	if (s->channel == NO_CHANNEL)
		return matchspec_matches_version(t->spec, &p->request->virtuals[s->record]);
	r = (struct record){
		.name = p->packages.v[s->name].name,
		.version_text = problem_version(p, s),
		.version = p->versions.v[s->version],
		.build = index_build(index_of(p, s), s->record),
		.build_number = p->times.v[solvable].build_number,
	};
	return matchspec_matches_version(t->spec, &r);
}

static void take(const struct problem *p, struct text *t, uint32_t solvable, uint32_t *found)
{
	const struct solvable *s = p->solvables.v;

	if (!t->count ||
	    p->version_order[s[solvable].version] > p->version_order[s[t->best].version])
		t->best = solvable;
	found[t->count++] = solvable;
}

/* Builds of one version stand together, and mostly the version alone decides. */
static void match_spec(const struct problem *p, struct text *t, uint32_t *found)
{
	const struct package *k = &p->packages.v[t->package];
	bool plain = matchspec_is_version_only(t->spec), fitted = false;
	uint32_t version = UINT32_MAX;
	struct record r = {0};

	for (uint32_t i = k->first; i < k->first + k->count; i++) {
		const struct solvable *s = &p->solvables.v[i];
		if (!plain) {
			fitted = fits(p, t, i);
		} else if (s->version != version) {
			version = s->version;
			r.version = p->versions.v[version];
			fitted = matchspec_matches_version(t->spec, &r);
		}
		if (fitted)
			take(p, t, i, found);
	}
}

/* The first step of the package that is not below the order. */
static uint32_t step_from(const struct problem *p, const struct package *k, uint32_t order)
{
	uint32_t low = k->first, high = k->first + k->steps;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (p->steps[mid].order < order)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct range {
	uint32_t from, to; /* steps */
};

static struct range range_of(const struct problem *p, const struct package *k,
			     const struct bounds *b)
{
	struct range r = {k->first, k->first + k->steps};

	for (size_t i = 0; i < COUNT(b->keeps) && b->keeps[i]; i++) {
		uint32_t order = p->version_order[b->version[i]], at = step_from(p, k, order);
		bool there = at < k->first + k->steps && p->steps[at].order == order;
		uint32_t from = b->keeps[i] & MATCHSPEC_LESS	? k->first
				: b->keeps[i] & MATCHSPEC_EQUAL ? at
								: at + there;
		uint32_t to = b->keeps[i] & MATCHSPEC_GREATER ? k->first + k->steps
			      : b->keeps[i] & MATCHSPEC_EQUAL ? at + there
							      : at;
		r.from = from > r.from ? from : r.from;
		r.to = to < r.to ? to : r.to;
	}
	return r;
}

/* Answers whether the matches stand in found. */
static bool match_range(const struct problem *p, struct text *t, struct range r, uint32_t *found)
{
	const struct package *k = &p->packages.v[t->package];

	if (r.from >= r.to)
		return false;
	if (k->plain) {
		uint32_t first = p->steps[r.to - 1].place;
		uint32_t end = r.from > k->first ? p->steps[r.from - 1].place : k->first + k->count;
		t->matches = p->ranked + first;
		t->count = end - first;
		t->best = p->steps[r.to - 1].first;
		return false;
	}
	uint32_t low = p->steps[r.from].order, high = p->steps[r.to - 1].order;
	for (uint32_t i = k->first; i < k->first + k->count; i++) {
		uint32_t order = p->version_order[p->solvables.v[i].version];
		if (order >= low && order <= high)
			take(p, t, i, found);
	}
	return true;
}

static void match(struct problem *p, uint32_t text, uint32_t *found, struct arena *a)
{
	struct text *t = &p->texts.v[text];
	bool copy = true;

	if (t->is_simple)
		copy = match_range(
			p, t, range_of(p, &p->packages.v[t->package], &p->bounds.v[text]), found);
	else
		match_spec(p, t, found);
	if (!copy || !t->count)
		return;
	t->matches = arena_alloc(a, t->count * sizeof(*t->matches));
	memcpy(t->matches, found, t->count * sizeof(*t->matches));
}

static int match_some(void *cookie, size_t part, struct err **e)
{
	struct problem *p = cookie;
	uint32_t most = 0, from = (uint32_t)(p->texts.n * part / PROBLEM_PARTS),
		 to = (uint32_t)(p->texts.n * (part + 1) / PROBLEM_PARTS);

	(void)e;
	for (size_t i = 0; i < p->packages.n; i++)
		if (p->packages.v[i].count > most)
			most = p->packages.v[i].count;
	AUTO(free) uint32_t *found = mem_alloc((most + 1) * sizeof(*found));
	for (uint32_t i = from; i < to; i++)
		if (!p->texts.v[i].bad)
			match(p, i, found, &p->matched[part]);
	return 0;
}

void problem_match(struct problem *p)
{
	problem_run(p, match_some);
}

/* ---- in order ---- */

static bool is_part_of_ranked(const struct problem *p, const struct text *t)
{
	return t->matches >= p->ranked && t->matches < p->ranked + p->solvables.n;
}

/* Marks the ranks of what matches and reads them off in order. */
static void sort_matches(const struct problem *p, struct text *t, uint64_t *marks)
{
	uint32_t first = p->packages.v[t->package].first, n = 0;
	uint32_t words = p->packages.v[t->package].count / 64 + 1;
	uint32_t *own = t->matches;

	memset(marks, 0, words * sizeof(*marks));
	for (uint32_t i = 0; i < t->count; i++) {
		uint32_t at = p->solvables.v[own[i]].rank - first;
		marks[at / 64] |= (uint64_t)1 << at % 64;
	}
	for (uint32_t i = 0; i < words; i++)
		for (uint64_t bits = marks[i]; bits; bits &= bits - 1)
			own[n++] = p->ranked[first + i * 64 + (uint32_t)__builtin_ctzll(bits)];
}

void problem_sort_matches(struct problem *p)
{
	AUTO(free) uint64_t *marks = mem_alloc((p->solvables.n / 64 + 1) * sizeof(*marks));

	for (size_t i = 0; i < p->texts.n; i++)
		if (p->texts.v[i].count > 1 && !is_part_of_ranked(p, &p->texts.v[i]))
			sort_matches(p, &p->texts.v[i], marks);
}
