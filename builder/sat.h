/* builder/sat.h - a conflict-driven clause engine with resolvo's order of decisions.
 *
 * A literal is +v or -v of a variable v, from 1; variable 1 is the root, which is true. All
 * clauses are made first, then sat_solve runs once. What decides is not which variable but
 * which requirement: "when the parent is true, one of these, the best first". */
#ifndef KILN_SAT_H
#define KILN_SAT_H
#include "specs/base/buf.h"

enum { SAT_ROOT = 1, SAT_FIRST = 2 }; /* SAT_FIRST: what sat_var gives first */
#define SAT_NO_GROUP UINT32_MAX

struct sat;
struct sat *sat_new(uint32_t group_count);
void sat_free(struct sat *s);
AUTO_DEFINE(struct sat *, sat_free)
/* A new variable; group: whose activity grows when it is in a conflict, or SAT_NO_GROUP. */
int32_t sat_var(struct sat *s, uint32_t group);
/* The first of all, one for each of the groups. */
void sat_first_vars(struct sat *s, const uint32_t *groups, size_t n);
/* One of the literals is true. At most one of them is positive: what nothing requires stays
 * false, and that must do. origin: the caller's number for what the clause says. */
void sat_clause(struct sat *s, const int32_t *literals, size_t n, uint32_t origin);
/* -parent or one of the n variables v[i] + SAT_FIRST, tried in this order; group: whose activity
 * counts. The same as a clause, and a place in the order of decisions. v is borrowed for as long
 * as the engine lives. */
void sat_require(struct sat *s, int32_t parent, const uint32_t *v, size_t n, uint32_t group,
		 uint32_t origin);
/* -parent or var. Of less cost than a clause where the needs of a parent are told one after the
 * other. */
void sat_need(struct sat *s, int32_t parent, int32_t var, uint32_t origin);
/* Needs of many, by numbers of the caller's below count: the variable that a number stands for is
 * set in the table that is returned (0: none, what is needed is told otherwise), its origin is
 * number * 2 + 1. The table is the engine's, and to be filled before sat_solve. */
int32_t *sat_numbers(struct sat *s, uint32_t count);
/* The parent needs what the numbers runs[first] and those behind it stand for. */
void sat_need_run(struct sat *s, int32_t parent, uint32_t first, uint32_t count);
/* Where they stand; owned: what the engine shall free, or NULL. */
void sat_set_runs(struct sat *s, const uint32_t *runs, uint32_t *owned);
/* A requirement that var alone fits, of which sat_need_run tells: only its place. */
void sat_require_need(struct sat *s, int32_t parent, int32_t var, uint32_t group);
/* At most one of the n variables v[i] + SAT_FIRST, through helpers; each in one such set only. */
void sat_at_most_one(struct sat *s, const uint32_t *v, size_t n);
/* False when the clauses contradict one another. ERR_INTERRUPTED in *e, else *e stays NULL. */
bool sat_solve(struct sat *s, struct err **e);
bool sat_is_true(const struct sat *s, int32_t var);
/* After a contradiction: calls seen for every clause that its proof needs, with the literals in
 * the order in which they were given; of clauses of two only for those that have an origin. */
typedef void sat_seen(void *cookie, const int32_t *literals, size_t n, uint32_t origin);
void sat_proof(const struct sat *s, sat_seen *seen, void *cookie);
#endif
