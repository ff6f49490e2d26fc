/* sat_proof.c - after a contradiction: the clauses from which it came. */
#include "builder/sat_private.h"

struct proof {
	const struct sat *s;
	VEC(struct clause) open;
	VEC(int32_t) shown;  /* the literals of one clause */
	VEC(uint64_t) pairs; /* that the proof uses, as pair_key gives them */
	uint8_t *pool_seen, *var_seen;
};

/* Equal for both orders of the two literals. */
static uint64_t pair_key(int32_t a, int32_t b)
{
	uint64_t x = at_literal(a), y = at_literal(b);

	return x < y ? x << 32 | y : y << 32 | x;
}

static void proof_add(struct proof *p, struct clause c)
{
	if (c.ref == NO_CLAUSE)
		return;
	if (!(c.ref & 1)) {
		if (p->pool_seen[c.ref >> 1])
			return;
		p->pool_seen[c.ref >> 1] = 1;
	}
	VEC_PUSH(&p->open, c);
}

/* Why the variable is what it is, once. */
static void proof_add_reason(struct proof *p, uint32_t var)
{
	const struct sat *s = p->s;

	if (!s->values.v[var] || p->var_seen[var])
		return;
	p->var_seen[var] = 1;
	proof_add(p, (struct clause){s->vars.v[var].reason,
				     s->values.v[var] > 0 ? (int32_t)var : -(int32_t)var});
}

/* The clauses from which a learnt one came. */
static void proof_expand(struct proof *p, uint32_t learnt)
{
	const struct sat *s = p->s;
	size_t end = learnt + 1 < s->learnt_at.n ? s->learnt_at.v[learnt + 1] : s->why.n;

	for (size_t i = s->learnt_at.v[learnt]; i < end; i++)
		proof_add(p, s->why.v[i]);
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void show_pair(struct proof *p, const int32_t *l, uint32_t origin, sat_seen *seen,
		      void *cookie)
{
	uint64_t key = pair_key(l[0], l[1]);

	if (origin && bsearch(&key, p->pairs.v, p->pairs.n, sizeof(key), by_key))
		seen(cookie, l, 2, origin);
}

/* A pair as a reason does not tell its origin: all that have one are looked through, once. */
static void show_pairs(struct proof *p, sat_seen *seen, void *cookie)
{
	const struct sat *s = p->s;

	if (!p->pairs.n)
		return;
	qsort(p->pairs.v, p->pairs.n, sizeof(*p->pairs.v), by_key);
	for (size_t i = 0; i < s->needing.n; i++) {
		const struct needing *n = &s->needing.v[i];
		for (uint32_t k = 0; k < n->count; k++) {
			int32_t l[2] = {-(int32_t)n->var, need_var(s, n, k)};
			if (l[1])
				show_pair(p, l, need_origin(s, n, k), seen, cookie);
		}
	}
	for (size_t i = 0; i < s->pairs.n; i++)
		show_pair(p, s->pairs.v[i].literal, s->pairs.v[i].origin, seen, cookie);
}

static void show_long(struct proof *p, const struct literals *l, uint32_t origin, sat_seen *seen,
		      void *cookie)
{
	p->shown.n = 0;
	for (size_t i = 0; i < l->n; i++)
		VEC_PUSH(&p->shown, literal_of(l, i));
	seen(cookie, p->shown.v, p->shown.n, origin);
}

static void proof_step(struct proof *p, struct clause c, sat_seen *seen, void *cookie)
{
	const struct sat *s = p->s;
	struct literals l;

	literals_of(s, c, &l);
	if (c.ref & 1) {
		VEC_PUSH(&p->pairs, pair_key(l.v[0], l.v[1]));
	} else {
		uint32_t origin = s->pool.v[(c.ref >> 1) + C_ORIGIN];
		if (origin & LEARNT)
			proof_expand(p, origin - LEARNT);
		else
			show_long(p, &l, origin, seen, cookie);
	}
	for (size_t i = 0; i < l.n; i++)
		proof_add_reason(p, (uint32_t)abs(literal_of(&l, i)));
}

void sat_proof(const struct sat *s, sat_seen *seen, void *cookie)
{
	struct proof p = {.s = s};

	p.pool_seen = mem_zero(s->pool.n + 1, 1);
	p.var_seen = mem_zero(s->vars.n + 1, 1);
	proof_add(&p, s->conflict);
	while (p.open.n)
		proof_step(&p, p.open.v[--p.open.n], seen, cookie);
	show_pairs(&p, seen, cookie);
	VEC_DONE(&p.open);
	VEC_DONE(&p.pairs);
	VEC_DONE(&p.shown);
	free(p.pool_seen);
	free(p.var_seen);
}
