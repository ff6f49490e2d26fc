/* solve.c - a request becomes clauses, the engine's answer becomes records in link order. */
#include "builder/solve.h"
#include "builder/problem.h"
#include "builder/sat.h"
#include "specs/textmatch.h"

void solution_done(struct solution *s)
{
	arena_done(&s->arena);
	*s = (struct solution){0};
}

static int collect(const struct problem *p, const struct sat *s, struct solution *out,
		   struct err **e)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < p->solvables.n; i++)
		n += p->solvables.v[i].var && sat_is_true(s, p->solvables.v[i].var);
	out->records = arena_zero(&out->arena, n + 1, sizeof(*out->records));
	for (size_t i = 0; i < p->solvables.n && r >= 0; i++) {
		const struct solvable *v = &p->solvables.v[i];
		if (v->channel == NO_CHANNEL || !v->var || !sat_is_true(s, v->var))
			continue;
		r = problem_record(p, (uint32_t)i, &out->arena, &out->records[out->count], e);
		out->count++;
	}
	return r;
}

int solve(const struct solve_request *r, struct solution *out, struct err **e)
{
	AUTO(problem_done) struct problem p = {0};
	AUTO(solution_done) struct solution found = {0};
	struct err *stopped = NULL;

	problem_load(&p, r);
	AUTO(sat_free) struct sat *s = problem_encode(&p, NULL);
	if (!sat_solve(s, &stopped)) {
		if (!stopped)
			return problem_explain(&p, s, e);
		int code = stopped->code;
		if (e)
			*e = stopped;
		else
			err_free(stopped);
		return code;
	}
	int code = collect(&p, s, &found, e);
	if (code < 0)
		return code;
	solve_sort(found.records, found.count);
	*out = found;
	found = (struct solution){0};
	return 0;
}

/* Adds what matches of one name. */
static int search_name(const struct channels *c, const struct matchspec *spec, bool strict,
		       struct arena *a, struct buf *found, struct err **e)
{
	AUTO(problem_done) struct problem p = {0};
	struct solve_request r = {.channels = c, .specs = spec, .spec_count = 1, .strict = strict};
	struct record record;
	int code = 0;

	problem_look(&p, &r);
	const struct text *t = &p.texts.v[p.requested[0]];
	for (uint32_t i = 0; i < t->count && code >= 0; i++) {
		code = problem_record(&p, t->matches[i], a, &record, e);
		if (code >= 0)
			buf_add(found, &record, sizeof(record));
	}
	return code;
}

/* Every name of every channel once, for a spec whose name is a pattern. */
static int search_all(const struct channels *c, const struct matchspec *spec, bool strict,
		      struct arena *a, struct buf *found, struct err **e)
{
	struct textmatch pattern;
	struct intern seen = {0};
	int r = textmatch_read(a, spec->name, &pattern, e);

	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->v[i].subdir_count; k++) {
			const struct index *x = c->v[i].subdirs[k].index;
			for (size_t j = 0; x && j < index_name_count(x); j++)
				intern_id(&seen, index_name(x, j));
		}
	}
	for (uint32_t i = 0; i < seen.n && r >= 0; i++) {
		struct matchspec one = *spec;
		one.name = intern_text(&seen, i);
		if (textmatch_matches(&pattern, one.name))
			r = search_name(c, &one, strict, a, found, e);
	}
	intern_done(&seen);
	return r;
}

int solve_search(const struct channels *c, const struct matchspec *spec, bool strict,
		 struct arena *a, struct record **out, size_t *out_count, struct err **e)
{
	AUTO(buf_done) struct buf found = BUF(BUF_UNLIMITED);
	bool pattern = spec->name.p[0] == '^' || str_find(spec->name, '*') < spec->name.n;
	int r = pattern ? search_all(c, spec, strict, a, &found, e)
			: search_name(c, spec, strict, a, &found, e);

	if (r < 0)
		return r;
	*out_count = found.n / sizeof(struct record);
	*out = arena_alloc(a, found.n + 1);
	memcpy(*out, found.data, found.n);
	return 0;
}
