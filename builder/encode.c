/* encode.c - the clauses, made breadth-first from the request as resolvo makes them: their
 * order is the order of decisions. */
#include "builder/problem.h"
#include "builder/sat.h"

enum { GATE_FROM = 4 }; /* matching records from which a text gets a variable of its own */

enum { SEEN = 1, SEEN_DIRECT = 2 }; /* DIRECT: texts in it have no gates, or it has none */

struct encoder {
	struct problem *p;
	struct sat *s;
	const struct encode_filter *filter;
	VEC(uint32_t) solvables; /* in the order in which they were reached */
	uint8_t *reached;	 /* by solvable */
	int32_t *needed;	 /* by text: its gate, or the only record that fits; 0: neither */
	uint8_t *kind;		 /* by text: what is looked at a million times, and little */
	uint8_t *seen;		 /* by edge: the run of dependencies from there, see enum */
	VEC(uint32_t) runs;	 /* with a filter: what is kept of them */
	size_t next;
};

static bool kept(const struct encoder *c, uint32_t package, uint32_t line)
{
	return !c->filter || c->filter->keep(c->filter->cookie, package, line);
}

/* The variable of a solvable is its number behind the first. */
static int32_t var_of(uint32_t solvable)
{
	return (int32_t)solvable + SAT_FIRST;
}

static void reach(struct encoder *c, uint32_t solvable)
{
	if (c->reached[solvable])
		return;
	c->reached[solvable] = 1;
	c->p->solvables.v[solvable].var = var_of(solvable);
	VEC_PUSH(&c->solvables, solvable);
}

static void reach_matches(struct encoder *c, const struct text *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		reach(c, t->matches[i]);
}

/* A text that many records fit is needed through its gate. */
static void make_gate(struct encoder *c, uint32_t text)
{
	struct text *t = &c->p->texts.v[text];

	t->gate = c->needed[text] = sat_var(c->s, SAT_NO_GROUP);
	reach_matches(c, t);
	sat_require(c->s, t->gate, t->matches, t->count, t->package, 0);
}

static void require(struct encoder *c, int32_t parent, uint32_t text)
{
	const struct text *t = &c->p->texts.v[text];

	reach_matches(c, t);
	if (t->count == 1 && parent != SAT_ROOT) {
		c->needed[text] = var_of(*t->matches);
		sat_require_need(c->s, parent, c->needed[text], t->package);
		return;
	}
	sat_require(c->s, parent, t->matches, t->count, t->package, text * 2 + 1);
}

/* Answers whether any of them have no gates. */
static bool need_all(struct encoder *c, const struct solvable *s, const uint32_t *texts, uint32_t n)
{
	bool direct = false;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *kind = &c->kind[texts[i]];
		if (*kind == SEEN)
			continue;
		if (!*kind && c->p->texts.v[texts[i]].count >= GATE_FROM) {
			make_gate(c, texts[i]);
			*kind = SEEN;
			continue;
		}
		*kind = SEEN_DIRECT;
		direct = true;
		require(c, s->var, texts[i]);
	}
	return direct;
}

/* What many records share is looked through once, unless some of it is each record's own. */
static void need_run(struct encoder *c, const struct solvable *s)
{
	uint8_t *seen = &c->seen[s->edges];

	/* An empty run begins where another one does. */
	if (!s->depends)
		return;
	if (!(*seen & SEEN) || *seen & SEEN_DIRECT) {
		bool direct = need_all(c, s, c->p->edges.v + s->edges, s->depends);
		*seen = (uint8_t)(SEEN | (direct ? SEEN_DIRECT : 0));
	}
	sat_need_run(c->s, s->var, s->edges, s->depends);
}

static void need_kept(struct encoder *c, const struct solvable *s)
{
	uint32_t first = (uint32_t)c->runs.n;

	for (uint32_t i = 0; i < s->depends; i++) {
		uint32_t text = c->p->edges.v[s->edges + i];
		if (kept(c, s->name, text * 2 + 1))
			VEC_PUSH(&c->runs, text);
	}
	need_all(c, s, c->runs.v + first, (uint32_t)c->runs.n - first);
	sat_need_run(c->s, s->var, first, (uint32_t)c->runs.n - first);
}

static bool is_match(const struct problem *p, const struct text *t, const struct solvable *s)
{
	uint32_t low = 0, high = t->count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		uint32_t rank = p->solvables.v[t->matches[mid]].rank;
		if (rank == s->rank)
			return true;
		if (rank < s->rank)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Clauses that keep away what t does not match: through one helper when there are many. In the
 * order of the file, as resolvo has them: which of them propagates first decides what is
 * learnt. */
static void keep_away(struct encoder *c, int32_t from, uint32_t package, uint32_t line)
{
	const struct problem *p = c->p;
	const struct package *k = &p->packages.v[package];
	const struct text *t = &p->texts.v[(line - 1) / 2];

	for (uint32_t i = k->first; i < k->first + k->count; i++) {
		const struct solvable *s = &p->solvables.v[i];
		if (!s->var || is_match(p, t, s))
			continue;
		int32_t clause[2] = {-from, -s->var};
		sat_clause(c->s, clause, 2, line);
	}
}

static void constrain(struct encoder *c, const struct solvable *s, uint32_t text)
{
	struct text *t = &c->p->texts.v[text];
	uint32_t line = text * 2 + 2;
	const struct package *k = &c->p->packages.v[t->package];

	if (t->count == k->count || !kept(c, s->name, line))
		return;
	if (k->count - t->count < GATE_FROM) {
		keep_away(c, s->var, t->package, line);
		return;
	}
	if (!t->never) {
		t->never = sat_var(c->s, SAT_NO_GROUP);
		keep_away(c, t->never, t->package, line);
	}
	int32_t clause[2] = {-s->var, t->never};
	sat_clause(c->s, clause, 2, line);
}

static void encode_reached(struct encoder *c)
{
	const struct problem *p = c->p;

	while (c->next < c->solvables.n) {
		const struct solvable *s = &p->solvables.v[c->solvables.v[c->next++]];
		if (c->filter)
			need_kept(c, s);
		else
			need_run(c, s);
	}
	for (size_t i = 0; i < c->solvables.n; i++) {
		const struct solvable *s = &p->solvables.v[c->solvables.v[i]];
		for (uint32_t k = 0; k < s->constrains; k++)
			constrain(c, s, p->edges.v[s->edges + s->depends + k]);
	}
}

/* At most one of a name: its records in the order in which they were reached. */
static void encode_groups(struct encoder *c)
{
	const struct problem *p = c->p;
	AUTO(free) uint32_t *end = mem_zero(p->packages.n + 1, sizeof(*end));
	AUTO(free) uint32_t *members = mem_alloc((c->solvables.n + 1) * sizeof(*members));

	for (size_t i = 0; i < c->solvables.n; i++)
		end[p->solvables.v[c->solvables.v[i]].name + 1]++;
	for (size_t i = 0; i < p->packages.n; i++)
		end[i + 1] += end[i];
	for (size_t i = 0; i < c->solvables.n; i++)
		members[end[p->solvables.v[c->solvables.v[i]].name]++] = c->solvables.v[i];
	for (size_t i = 0; i < p->packages.n; i++) {
		uint32_t first = i ? end[i - 1] : 0;
		sat_at_most_one(c->s, members + first, end[i] - first);
	}
}

static void encoder_open(struct encoder *c)
{
	struct problem *p = c->p;

	c->reached = mem_zero(p->solvables.n + 1, 1);
	c->needed = sat_numbers(c->s, (uint32_t)p->texts.n);
	c->seen = mem_zero(p->edges.n + 1, 1);
	c->kind = mem_zero(p->texts.n + 1, 1);
	AUTO(free) uint32_t *groups = mem_alloc((p->solvables.n + 1) * sizeof(*groups));
	for (size_t i = 0; i < p->solvables.n; i++) {
		p->solvables.v[i].var = 0;
		groups[i] = p->solvables.v[i].name;
	}
	sat_first_vars(c->s, groups, p->solvables.n);
	for (size_t i = 0; i < p->texts.n; i++)
		p->texts.v[i].gate = p->texts.v[i].never = 0;
}

struct sat *problem_encode(struct problem *p, const struct encode_filter *filter)
{
	struct encoder c = {.p = p, .s = sat_new((uint32_t)p->packages.n), .filter = filter};

	encoder_open(&c);
	for (size_t i = 0; i < p->virtual_solvables.n; i++) {
		uint32_t solvable = p->virtual_solvables.v[i];
		reach(&c, solvable);
		sat_require(c.s, SAT_ROOT, &p->virtual_solvables.v[i], 1,
			    p->solvables.v[solvable].name, 0);
	}
	for (size_t i = 0; i < p->request->spec_count; i++)
		if (kept(&c, UINT32_MAX, p->requested[i] * 2 + 1))
			require(&c, SAT_ROOT, p->requested[i]);
	encode_reached(&c);
	encode_groups(&c);
	VEC_DONE(&c.solvables);
	sat_set_runs(c.s, filter ? c.runs.v : p->edges.v, c.runs.v);
	free(c.reached);
	free(c.seen);
	free(c.kind);
	return c.s;
}
