/* builder/sat_private.h - what the engine holds; for sat.c and sat_proof.c only.
 *
 * Clauses of two literals are most of all, and nearly all of them follow from something that is
 * known anyway: they are not stored as clauses.
 *	needs	-parent or var: a run of the caller's numbers for each parent, and turned round,
 *		for each variable, those that need it
 *	sets	at most one of many: the i-th forces helpers to the binary digits of i
 *	pairs	all others, linked from both literals */
#ifndef KILN_SAT_PRIVATE_H
#define KILN_SAT_PRIVATE_H
#include "builder/sat.h"
#include "specs/base/vec.h"

/* Places are number + 1; 0: none. */
struct pair {
	int32_t literal[2];
	uint32_t next[2]; /* of the same literal, older: place * 2 + which of the two */
	uint32_t origin;
};

/* Any other clause stands in the pool, and learnt ones do too. A requirement borrows what may
 * satisfy it: behind its first literal stands an address. */
enum { C_SIZE, C_ORIGIN, C_NEXT, C_WATCH = C_NEXT + 2, C_LITERALS = C_WATCH + 2 };
#define BORROWS ((uint32_t)1 << 31) /* in C_SIZE */

/* A clause as the reason of a literal that it forced: in the pool, place * 2; of two literals,
 * the index of the other * 2 + 1. */
struct clause {
	uint32_t ref;
	int32_t implied; /* the literal that was forced, or could not be */
};

/* The literals of one: those in the pool, or the two; with a run only the first, and the others
 * are the variables of the run. */
struct literals {
	const int32_t *v;
	const uint32_t *run;
	size_t n;
	int32_t two[2];
};

struct require {
	uint32_t clause, group, next; /* next: of the same parent; number + 1 */
	int32_t holds;		      /* the literal that was seen to make it hold; 0: none */
};

/* A variable with requirements. */
struct parent {
	uint32_t var, first, last; /* its requirements: number + 1 */
};

/* A variable that needs others: count numbers of the caller's from runs, or so many of needs. */
struct needing {
	uint32_t var, first;
	uint32_t count : 31, is_run : 1;
};

/* One that is told alone. */
struct need {
	int32_t var;
	uint32_t origin;
};

struct set {
	uint32_t first, count;	  /* members */
	uint32_t first_bit, bits; /* variables */
};

struct var {
	uint32_t level, reason, group;
	uint32_t parent;   /* place among those with requirements */
	uint32_t needing;  /* place */
	uint32_t set;	   /* place; of a helper too */
	uint32_t position; /* in the set; of a helper: which digit it is */
};

struct sat {
	VEC(struct var) vars;
	VEC(int8_t) values;    /* of a variable: 1, -1 or 0 */
	VEC(uint32_t) watches; /* of literal index: node + 1 */
	VEC(uint32_t) linked;  /* of literal index: its newest pair, place * 2 + which */
	VEC(struct pair) pairs;
	VEC(struct needing) needing;
	VEC(struct need) needs;
	const uint32_t *runs;
	uint32_t *own_runs;  /* NULL: runs are the caller's */
	int32_t *numbers;    /* of the caller's: the variable that is needed; 0: none */
	uint32_t *needed_at; /* of a variable: where its part of needed begins; one more */
	uint32_t *needed;    /* parents, the newest first */
	VEC(struct set) sets;
	VEC(uint32_t) members;
	VEC(uint32_t) pool;
	VEC(uint32_t) units;
	VEC(int32_t) trail;
	VEC(struct require) requires;
	VEC(struct parent) parents;
	VEC(uint64_t) open;    /* bits: the places of parents that are true */
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

static inline size_t at_literal(int32_t l)
{
	return l > 0 ? 2 * (size_t)l : 2 * (size_t)-l + 1;
}

static inline int32_t literal_at(uint32_t index)
{
	return index & 1 ? -(int32_t)(index / 2) : (int32_t)(index / 2);
}

static inline const uint32_t *run_of(const uint32_t *clause)
{
	const uint32_t *run;

	memcpy(&run, clause + C_LITERALS + 1, sizeof(run));
	return run;
}

static inline void literals_of(const struct sat *s, struct clause c, struct literals *out)
{
	out->run = NULL;
	if (c.ref & 1) {
		out->two[0] = c.implied;
		out->two[1] = literal_at(c.ref >> 1);
		out->v = out->two;
		out->n = 2;
		return;
	}
	const uint32_t *p = s->pool.v + (c.ref >> 1);
	out->v = (const int32_t *)p + C_LITERALS;
	out->n = p[C_SIZE] & ~BORROWS;
	if (p[C_SIZE] & BORROWS)
		out->run = run_of(p);
}

static inline int32_t literal_of(const struct literals *l, size_t i)
{
	return l->run && i ? (int32_t)l->run[i - 1] + SAT_FIRST : l->v[i];
}

/* What the i-th need asks for; 0: nothing, it is told otherwise. */
static inline int32_t need_var(const struct sat *s, const struct needing *n, uint32_t i)
{
	return n->is_run ? s->numbers[s->runs[n->first + i]] : s->needs.v[n->first + i].var;
}

static inline uint32_t need_origin(const struct sat *s, const struct needing *n, uint32_t i)
{
	return n->is_run ? s->runs[n->first + i] * 2 + 1 : s->needs.v[n->first + i].origin;
}
#endif
