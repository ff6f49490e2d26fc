/* solve.c - a request becomes clauses, the engine's answer becomes records in link order. */
#include "builder/solve.h"
#include "builder/problem.h"
#include "builder/sat.h"
#include "specs/textmatch.h"

static const char *const priorities[] = {"strict", "flexible", "disabled"};

const char *channel_priority_name(enum channel_priority p)
{
	return priorities[p];
}

bool channel_priority_parse(struct str text, enum channel_priority *out)
{
	for (size_t i = 0; i < COUNT(priorities); i++) {
		if (!str_is(text, priorities[i]))
			continue;
		*out = (enum channel_priority)i;
		return true;
	}
	return false;
}

void solution_done(struct solution *s)
{
	arena_done(&s->arena);
	*s = (struct solution){0};
}

struct chosen {
	VEC(uint32_t) v; /* solvables, without the virtual ones */
};

static void chosen_done(struct chosen *c)
{
	VEC_DONE(&c->v);
}
AUTO_DEFINE_VALUE(struct chosen, chosen_done)

static int collect(const struct problem *p, const struct chosen *chosen, struct solution *out,
		   struct err **e)
{
	int r = 0;

	out->records = arena_zero(&out->arena, chosen->v.n + 1, sizeof(*out->records));
	for (size_t i = 0; i < chosen->v.n && r >= 0; i++, out->count++)
		r = problem_record(p, chosen->v.v[i], &out->arena, &out->records[i], e);
	return r;
}

/* What is solved takes the most memory: it is gone before records are looked at. */
static int choose(struct problem *p, struct chosen *out, struct err **e)
{
	AUTO(sat_free) struct sat *s = problem_encode(p, NULL);
	struct err *stopped = NULL;

	if (!sat_solve(s, &stopped)) {
		if (!stopped)
			return problem_explain(p, s, e);
		int code = stopped->code;
		if (e)
			*e = stopped;
		else
			err_free(stopped);
		return code;
	}
	for (size_t i = 0; i < p->solvables.n; i++) {
		const struct solvable *v = &p->solvables.v[i];
		if (v->channel != NO_CHANNEL && v->var && sat_is_true(s, v->var))
			VEC_PUSH(&out->v, (uint32_t)i);
	}
	return 0;
}

int solve(const struct solve_request *r, struct solution *out, struct err **e)
{
	AUTO(problem_done) struct problem p = {0};
	AUTO(solution_done) struct solution found = {0};
	AUTO(chosen_done) struct chosen chosen = {0};

	problem_load(&p, r);
	int code = choose(&p, &chosen, e);
	if (code < 0 || (code = collect(&p, &chosen, &found, e)) < 0)
		return code;
	solve_sort(found.records, found.count);
	*out = found;
	found = (struct solution){0};
	return 0;
}

struct search {
	struct arena *arena;
	struct buf found; /* records */
	VEC(struct str) names;
};

static void search_done(struct search *s)
{
	buf_done(&s->found);
	VEC_DONE(&s->names);
}
AUTO_DEFINE_VALUE(struct search, search_done)

/* Adds what matches of some names, a spec each. */
static int search_names(const struct channels *c, const struct matchspec *specs, size_t n,
			enum channel_priority priority, struct search *out, struct err **e)
{
	AUTO(problem_done) struct problem p = {0};
	struct solve_request r = {
		.channels = c, .specs = specs, .spec_count = n, .priority = priority};
	struct record record;
	int code = 0;

	problem_look(&p, &r);
	for (size_t k = 0; k < n; k++) {
		const struct text *t = &p.texts.v[p.requested[k]];
		for (uint32_t i = 0; i < t->count && code >= 0; i++) {
			code = problem_record(&p, t->matches[i], out->arena, &record, e);
			if (code >= 0)
				buf_add(&out->found, &record, sizeof(record));
		}
	}
	return code;
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The names of all channels that the pattern fits, sorted; some twice. */
static void fitting_names(const struct channels *c, const struct textmatch *pattern,
			  struct search *s)
{
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->v[i].subdir_count; k++) {
			const struct index *x = c->v[i].subdirs[k].index;
			for (size_t j = 0; x && j < index_name_count(x); j++)
				if (textmatch_matches(pattern, index_name(x, j)))
					VEC_PUSH(&s->names, index_name(x, j));
		}
	}
	if (s->names.n)
		qsort(s->names.v, s->names.n, sizeof(*s->names.v), by_bytes);
}

/* Many names share what they depend on; all at once may be more than memory should hold. */
static int search_all(const struct channels *c, const struct matchspec *spec,
		      enum channel_priority priority, struct search *s, struct err **e)
{
	enum { AT_ONCE = 256 };
	struct matchspec specs[AT_ONCE];
	struct textmatch pattern;
	size_t n = 0;
	int r = textmatch_read(s->arena, spec->name, &pattern, e);

	if (r >= 0)
		fitting_names(c, &pattern, s);
	for (size_t i = 0; i < s->names.n && r >= 0; i++) {
		if (!i || !str_eq(s->names.v[i - 1], s->names.v[i])) {
			specs[n] = *spec;
			specs[n++].name = s->names.v[i];
		}
		if (n == AT_ONCE || (n && i + 1 == s->names.n)) {
			r = search_names(c, specs, n, priority, s, e);
			n = 0;
		}
	}
	return r;
}

bool solve_is_pattern(struct str name)
{
	return str_starts(name, "^") || str_find(name, '*') < name.n;
}

int solve_search(const struct channels *c, const struct matchspec *spec,
		 enum channel_priority priority, struct arena *a, struct record **out,
		 size_t *out_count, struct err **e)
{
	AUTO(search_done) struct search s = {.arena = a, .found = BUF(BUF_UNLIMITED)};
	int r = solve_is_pattern(spec->name) ? search_all(c, spec, priority, &s, e)
					     : search_names(c, spec, 1, priority, &s, e);

	if (r < 0)
		return r;
	*out_count = s.found.n / sizeof(struct record);
	*out = arena_alloc(a, s.found.n + 1);
	memcpy(*out, s.found.data, s.found.n);
	return 0;
}
