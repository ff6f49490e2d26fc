/* sat.c - two watched literals, first-UIP learning, no restarts, no deletion: the searches of
 * package sets are short, and the answer must be that of resolvo, which does the same. */
#include "builder/sat.h"
#include "specs/base/interrupt.h"
#include "specs/base/vec.h"

/* A clause of two literals. When all are made, each literal gets a row of those that must be
 * true once it is false: such clauses are most of all, and the rows are read at every step. */
struct pair {
	int32_t literal[2];
};

/* Any other clause stands in the pool, and learnt ones do too. */
enum { C_SIZE, C_ORIGIN, C_NEXT, C_WATCH = C_NEXT + 2, C_LITERALS = C_WATCH + 2 };

/* A clause as the reason of a literal that it forced: in the pool, place * 2; of two literals,
 * the index of the other * 2 + 1. */
struct clause {
	uint32_t ref;
	int32_t implied; /* the literal that was forced, or could not be */
};

/* The literals of one: those in the pool, or the two. */
struct literals {
	const int32_t *v;
	size_t n;
	int32_t two[2];
};

struct require {
	uint32_t clause, group, next; /* next: of the same parent; number + 1 */
	int32_t holds;		      /* the literal that was seen to make it hold; 0: none */
};

struct var {
	uint32_t level, reason, group;
	uint32_t place;	      /* when it first registered a requirement, from 1; 0: never */
	uint32_t first, last; /* its requirements: number + 1 */
};

struct sat {
	VEC(struct var) vars;
	VEC(int8_t) values;    /* of a variable: 1, -1 or 0 */
	VEC(uint32_t) watches; /* of literal index: node + 1 */
	VEC(struct pair) pairs;
	VEC(uint32_t) pair_origins; /* of the first pairs; those behind have none */
	uint32_t *row; /* of literal index: where its row begins; one more at the end */
	int32_t *rows;
	VEC(uint32_t) pool;
	VEC(uint32_t) units;
	VEC(int32_t) trail;
	VEC(struct require) requires;
	VEC(uint32_t) parents; /* variables with requirements, by place from 1 */
	VEC(uint64_t) open;    /* bits: the places whose parent is true */
	VEC(uint64_t) pending; /* those of them that choose has not yet seen to hold */
	VEC(int32_t) learnt;
	VEC(struct clause) why;	 /* behind each learnt one */
	VEC(uint32_t) learnt_at; /* of every learnt clause: its first in why */
	uint8_t *seen;
	double *activity, most_active, weight;
	uint32_t group_count;
	size_t propagated;
	struct clause conflict;
	uint32_t level;
};

#define NO_CLAUSE UINT32_MAX
#define LEARNT ((uint32_t)1 << 31) /* as an origin: a learnt clause's number is below it */

static size_t at_literal(int32_t l)
{
	return l > 0 ? 2 * (size_t)l : 2 * (size_t)-l + 1;
}

static int32_t literal_at(uint32_t index)
{
	return index & 1 ? -(int32_t)(index / 2) : (int32_t)(index / 2);
}

static int value(const struct sat *s, int32_t l)
{
	return l > 0 ? s->values.v[l] : -s->values.v[-l];
}

struct sat *sat_new(uint32_t group_count)
{
	struct sat *s = mem_zero(1, sizeof(*s));

	s->group_count = group_count;
	s->weight = 1;
	s->activity = mem_zero(group_count + 1, sizeof(*s->activity));
	sat_var(s, SAT_NO_GROUP);
	sat_var(s, SAT_NO_GROUP);
	return s;
}

void sat_free(struct sat *s)
{
	if (!s)
		return;
	VEC_DONE(&s->vars);
	VEC_DONE(&s->values);
	VEC_DONE(&s->watches);
	VEC_DONE(&s->pairs);
	VEC_DONE(&s->pair_origins);
	free(s->row);
	free(s->rows);
	VEC_DONE(&s->pool);
	VEC_DONE(&s->units);
	VEC_DONE(&s->trail);
	VEC_DONE(&s->requires);
	VEC_DONE(&s->parents);
	VEC_DONE(&s->open);
	VEC_DONE(&s->pending);
	VEC_DONE(&s->learnt);
	VEC_DONE(&s->why);
	VEC_DONE(&s->learnt_at);
	free(s->seen);
	free(s->activity);
	free(s);
}

int32_t sat_var(struct sat *s, uint32_t group)
{
	VEC_PUSH(&s->vars, ((struct var){.reason = NO_CLAUSE, .group = group}));
	VEC_PUSH(&s->values, 0);
	VEC_PUSH(&s->watches, 0);
	VEC_PUSH(&s->watches, 0);
	return (int32_t)s->vars.n - 1;
}

static void literals_of(const struct sat *s, struct clause c, struct literals *out)
{
	if (c.ref & 1) {
		out->two[0] = c.implied;
		out->two[1] = literal_at(c.ref >> 1);
		out->v = out->two;
		out->n = 2;
		return;
	}
	const uint32_t *p = s->pool.v + (c.ref >> 1);
	out->v = (const int32_t *)p + C_LITERALS;
	out->n = p[C_SIZE];
}

/* The list of a literal is linked through its clauses, the newest first: node = place * 2 +
 * which of the two watches. Resolvo's lists have that order, and what is learnt depends on it. */
static uint32_t *next_of(struct sat *s, uint32_t node)
{
	return &s->pool.v[(node >> 1) + C_NEXT + (node & 1)];
}

static void watch(struct sat *s, int32_t literal, uint32_t place, unsigned which)
{
	uint32_t *head = &s->watches.v[at_literal(literal)];
	uint32_t node = place * 2 + which;

	*next_of(s, node) = *head;
	*head = node + 1;
}

/* second: which literal is watched beside the first. */
static uint32_t add_long(struct sat *s, const int32_t *l, size_t n, uint32_t second,
			 uint32_t origin)
{
	uint32_t place = (uint32_t)s->pool.n;

	VEC_PUSH(&s->pool, (uint32_t)n);
	VEC_PUSH(&s->pool, origin);
	VEC_PUSH(&s->pool, 0);
	VEC_PUSH(&s->pool, 0);
	VEC_PUSH(&s->pool, 0);
	VEC_PUSH(&s->pool, second);
	for (size_t i = 0; i < n; i++)
		VEC_PUSH(&s->pool, (uint32_t)l[i]);
	if (n < 2) {
		VEC_PUSH(&s->units, place * 2);
		return place * 2;
	}
	watch(s, l[0], place, 0);
	watch(s, l[second], place, 1);
	return place * 2;
}

static uint32_t add_pair(struct sat *s, const int32_t *l, uint32_t origin)
{
	if (origin) {
		while (s->pair_origins.n < s->pairs.n)
			VEC_PUSH(&s->pair_origins, 0);
		VEC_PUSH(&s->pair_origins, origin);
	}
	VEC_PUSH(&s->pairs, ((struct pair){{l[0], l[1]}}));
	return (uint32_t)at_literal(l[1]) << 1 | 1;
}

/* Returns the reference by which it is a reason for its first literal. */
static uint32_t add_clause(struct sat *s, const int32_t *l, size_t n, uint32_t origin)
{
	return n == 2 ? add_pair(s, l, origin) : add_long(s, l, n, 1, origin);
}

/* The newest first, as in the lists of the pool. */
static void fill_rows(struct sat *s)
{
	size_t n = s->watches.n;
	uint32_t at = 0;

	s->row = mem_zero(n + 1, sizeof(*s->row));
	s->rows = mem_alloc((2 * s->pairs.n + 1) * sizeof(*s->rows));
	for (size_t i = 0; i < s->pairs.n; i++) {
		s->row[at_literal(s->pairs.v[i].literal[0])]++;
		s->row[at_literal(s->pairs.v[i].literal[1])]++;
	}
	for (size_t i = 0; i <= n; i++) {
		uint32_t size = s->row[i];
		s->row[i] = at;
		at += size;
	}
	for (size_t i = s->pairs.n; i-- > 0;) {
		const int32_t *l = s->pairs.v[i].literal;
		s->rows[s->row[at_literal(l[0])]++] = l[1];
		s->rows[s->row[at_literal(l[1])]++] = l[0];
	}
	/* Each beginning has moved to its end, which is where the next one began. */
	memmove(s->row + 1, s->row, n * sizeof(*s->row));
	s->row[0] = 0;
}

void sat_clause(struct sat *s, const int32_t *literals, size_t n, uint32_t origin)
{
	add_clause(s, literals, n, origin);
}

void sat_require(struct sat *s, int32_t parent, const int32_t *literals, size_t n, uint32_t group,
		 uint32_t origin)
{
	s->learnt.n = 0;
	VEC_PUSH(&s->learnt, -parent);
	for (size_t i = 0; i < n; i++)
		VEC_PUSH(&s->learnt, literals[i]);
	uint32_t clause = add_clause(s, s->learnt.v, s->learnt.n, origin);
	struct var *v = &s->vars.v[parent];
	VEC_PUSH(&s->requires, ((struct require){clause, group, 0, 0}));
	uint32_t number = (uint32_t)s->requires.n;
	if (!v->place) {
		VEC_PUSH(&s->parents, (uint32_t)parent);
		v->place = (uint32_t)s->parents.n;
		v->first = number;
		if (s->open.n * 64 <= v->place) {
			VEC_PUSH(&s->open, 0);
			VEC_PUSH(&s->pending, 0);
		}
	} else {
		s->requires.v[v->last - 1].next = number;
	}
	v->last = number;
}

static void open_place(struct sat *s, uint32_t place)
{
	uint64_t bit = (uint64_t)1 << place % 64;

	if (!place)
		return;
	s->open.v[place / 64] |= bit;
	s->pending.v[place / 64] |= bit;
}

/* False when the literal is false already. */
static bool assign(struct sat *s, int32_t literal, uint32_t reason)
{
	int now = value(s, literal);
	uint32_t var = (uint32_t)abs(literal);

	if (now)
		return now > 0;
	s->values.v[var] = literal > 0 ? 1 : -1;
	s->vars.v[var].level = s->level;
	s->vars.v[var].reason = reason;
	VEC_PUSH(&s->trail, literal);
	if (literal > 0)
		open_place(s, s->vars.v[var].place);
	return true;
}

static int32_t undo_last(struct sat *s)
{
	int32_t literal = s->trail.v[--s->trail.n];
	uint32_t var = (uint32_t)abs(literal), place = s->vars.v[var].place;

	s->values.v[var] = 0;
	if (literal > 0 && place)
		s->open.v[place / 64] &= ~((uint64_t)1 << place % 64);
	if (s->propagated > s->trail.n)
		s->propagated = s->trail.n;
	return literal;
}

static void undo_until(struct sat *s, uint32_t level)
{
	while (s->trail.n && s->vars.v[abs(s->trail.v[s->trail.n - 1])].level > level)
		undo_last(s);
	s->level = level;
	/* What held may hold no more. */
	memcpy(s->pending.v, s->open.v, s->open.n * sizeof(*s->open.v));
}

/* Moves a watch to the first literal, in the clause's order, that may still be true. */
static bool move_watch(struct sat *s, uint32_t place, unsigned which)
{
	uint32_t *c = s->pool.v + place;
	const int32_t *l = (const int32_t *)c + C_LITERALS;
	uint32_t other = c[C_WATCH + !which];
	for (uint32_t i = 0; i < c[C_SIZE]; i++) {
		if (i == other || value(s, l[i]) < 0)
			continue;
		c[C_WATCH + which] = i;
		watch(s, l[i], place, which);
		return true;
	}
	return false;
}

static bool force(struct sat *s, int32_t literal, uint32_t reason)
{
	if (assign(s, literal, reason))
		return true;
	s->conflict = (struct clause){reason, literal};
	return false;
}

static bool propagate_pairs(struct sat *s, int32_t is_false)
{
	size_t index = at_literal(is_false);
	uint32_t reason = (uint32_t)index << 1 | 1;

	for (uint32_t i = s->row[index]; i < s->row[index + 1]; i++)
		if (!force(s, s->rows[i], reason))
			return false;
	return true;
}

static bool propagate_long(struct sat *s, int32_t is_false)
{
	size_t head = at_literal(is_false);
	uint32_t before = 0, node;

	for (node = s->watches.v[head]; node;) {
		uint32_t place = (node - 1) >> 1;
		unsigned which = (node - 1) & 1;
		uint32_t next = *next_of(s, node - 1);
		const uint32_t *c = s->pool.v + place;
		int32_t other = (int32_t)c[C_LITERALS + c[C_WATCH + !which]];
		if (value(s, other) <= 0 && move_watch(s, place, which)) {
			if (before)
				*next_of(s, before - 1) = next;
			else
				s->watches.v[head] = next;
			node = next;
			continue;
		}
		if (!force(s, other, place * 2))
			return false;
		before = node;
		node = next;
	}
	return true;
}

static bool propagate_units(struct sat *s)
{
	for (size_t i = 0; i < s->units.n; i++) {
		struct clause c = {s->units.v[i], 0};
		struct literals l;
		literals_of(s, c, &l);
		if (l.n && force(s, l.v[0], c.ref))
			continue;
		s->conflict = c;
		return false;
	}
	return true;
}

static bool propagate(struct sat *s)
{
	if (s->level == 1 && !propagate_units(s))
		return false;
	while (s->propagated < s->trail.n) {
		int32_t is_false = -s->trail.v[s->propagated++];
		if (!propagate_pairs(s, is_false) || !propagate_long(s, is_false))
			return false;
	}
	return true;
}

/* Every conflict makes all that came before weigh 0.95 of what it did: the same as letting the
 * new weigh more. */
static void bump(struct sat *s)
{
	for (size_t i = 0; i < s->learnt.n; i++) {
		uint32_t group = s->vars.v[abs(s->learnt.v[i])].group;
		if (group == SAT_NO_GROUP)
			continue;
		s->activity[group] += s->weight;
		if (s->activity[group] > s->most_active)
			s->most_active = s->activity[group];
	}
	s->weight /= 0.95;
	if (s->weight < 1e100)
		return;
	for (uint32_t i = 0; i < s->group_count; i++)
		s->activity[i] *= 1e-100;
	s->weight *= 1e-100;
	s->most_active *= 1e-100;
}

/* Takes in the literals of one clause of the analysis; answers how many are of the level. */
static uint32_t take_in(struct sat *s, struct clause clause, uint32_t level, uint32_t *back_to)
{
	struct literals l;
	uint32_t count = 0;

	literals_of(s, clause, &l);
	for (size_t i = 0; i < l.n; i++) {
		uint32_t var = (uint32_t)abs(l.v[i]), at = s->vars.v[var].level;
		if (s->seen[var])
			continue;
		s->seen[var] = 1;
		if (at == level) {
			count++;
			continue;
		}
		VEC_PUSH(&s->learnt, s->values.v[var] > 0 ? -(int32_t)var : (int32_t)var);
		if (at > *back_to)
			*back_to = at;
	}
	return count;
}

/* Goes back along the trail to the first unique implication point; its literal is the last
 * of the learnt clause. */
static uint32_t analyze(struct sat *s)
{
	struct clause clause = s->conflict;
	uint32_t open = 0, back_to = 1;
	int32_t at = 0;

	memset(s->seen, 0, s->vars.n);
	s->learnt.n = 0;
	VEC_PUSH(&s->learnt_at, (uint32_t)s->why.n);
	do {
		VEC_PUSH(&s->why, clause);
		open += take_in(s, clause, s->level, &back_to);
		do {
			at = undo_last(s);
			clause = (struct clause){s->vars.v[abs(at)].reason, at};
		} while (!s->seen[abs(at)]);
	} while (--open);
	VEC_PUSH(&s->learnt, -at);
	return back_to;
}

static void learn(struct sat *s)
{
	uint32_t origin = LEARNT + (uint32_t)s->learnt_at.n, back_to = analyze(s);
	size_t n = s->learnt.n;
	int32_t last = s->learnt.v[n - 1];

	bump(s);
	uint32_t clause = add_long(s, s->learnt.v, n, (uint32_t)n - 1, origin);
	undo_until(s, back_to);
	assign(s, last, clause);
}

struct choice {
	int32_t literal;
	uint32_t open;
	double activity;
};

static double activity_of(const struct sat *s, uint32_t group)
{
	return group == SAT_NO_GROUP ? 0 : s->activity[group];
}

/* What the requirement leaves open: false when it holds already. */
static bool consider(const struct sat *s, struct require *q, struct choice *out)
{
	struct literals l;

	literals_of(s, (struct clause){q->clause, 0}, &l);
	*out = (struct choice){0, 0, activity_of(s, q->group)};
	for (size_t i = 1; i < l.n; i++) {
		int v = value(s, l.v[i]);
		if (v > 0) {
			q->holds = l.v[i];
			return false;
		}
		if (v < 0)
			continue;
		if (!out->open++)
			out->literal = l.v[i];
	}
	return out->open > 0;
}

/* False when all that the parent requires holds already. */
static bool consider_parent(struct sat *s, uint32_t var, struct choice *best)
{
	struct choice now;
	bool any = false;

	for (uint32_t i = s->vars.v[var].first; i; i = s->requires.v[i - 1].next) {
		struct require *q = &s->requires.v[i - 1];
		if (q->holds && value(s, q->holds) > 0)
			continue;
		if (best->literal && activity_of(s, q->group) <= best->activity) {
			any = true; /* perhaps: it cannot win, so nobody looks */
			continue;
		}
		if (!consider(s, q, &now))
			continue;
		any = true;
		if (!best->literal || now.open < best->open)
			*best = now;
	}
	return any;
}

/* Nothing can come before it any more. */
static bool is_settled(const struct sat *s, const struct choice *best)
{
	return best->literal && (best->open == 1 || best->activity >= s->most_active);
}

/* 0 when every requirement holds. Those of the root go before all others. */
static int32_t choose(struct sat *s)
{
	struct choice best = {0};

	consider_parent(s, SAT_ROOT, &best);
	if (best.literal)
		return best.literal;
	for (size_t i = 0; i < s->pending.n; i++) {
		for (uint64_t bits = s->pending.v[i]; bits; bits &= bits - 1) {
			size_t place = i * 64 + (size_t)__builtin_ctzll(bits);
			if (!consider_parent(s, s->parents.v[place - 1], &best))
				s->pending.v[i] &= ~(bits & -bits);
			if (is_settled(s, &best))
				return best.literal;
		}
	}
	return best.literal;
}

bool sat_solve(struct sat *s, struct err **e)
{
	s->seen = mem_zero(s->vars.n, 1);
	fill_rows(s);
	s->level = 1;
	assign(s, SAT_ROOT, NO_CLAUSE);
	for (;;) {
		while (!propagate(s)) {
			if (s->level == 1)
				return false;
			if (interrupt_check(e) < 0)
				return false;
			learn(s);
		}
		int32_t literal = choose(s);
		if (!literal)
			return true;
		s->level++;
		assign(s, literal, NO_CLAUSE);
	}
}

bool sat_is_true(const struct sat *s, int32_t var)
{
	return s->values.v[var] > 0;
}

struct proof {
	const struct sat *s;
	VEC(struct clause) open;
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

/* A pair as a reason does not tell its origin: all that have one are looked through, once. */
static void show_pairs(struct proof *p, sat_seen *seen, void *cookie)
{
	const struct sat *s = p->s;

	if (!p->pairs.n)
		return;
	qsort(p->pairs.v, p->pairs.n, sizeof(*p->pairs.v), by_key);
	for (size_t i = 0; i < s->pair_origins.n; i++) {
		const int32_t *l = s->pairs.v[i].literal;
		uint64_t key = pair_key(l[0], l[1]);
		if (s->pair_origins.v[i] &&
		    bsearch(&key, p->pairs.v, p->pairs.n, sizeof(key), by_key))
			seen(cookie, l, 2, s->pair_origins.v[i]);
	}
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
			seen(cookie, l.v, l.n, origin);
	}
	for (size_t i = 0; i < l.n; i++)
		proof_add_reason(p, (uint32_t)abs(l.v[i]));
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
	free(p.pool_seen);
	free(p.var_seen);
}
