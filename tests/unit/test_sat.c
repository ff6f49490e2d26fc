/* tests/unit/test_sat.c - the clause engine against trying all assignments of a few variables. */
#include "builder/sat.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { VARS = 7, CLAUSES = 40, LITERALS = 4, ROUNDS = 4000 };

struct clause {
	int32_t literal[LITERALS];
	uint32_t required[LITERALS]; /* from 0: the variables behind the first */
	size_t n;
	bool is_required; /* the first is the parent, negated */
};

struct formula {
	struct clause clause[CLAUSES];
	size_t n;
	bool runs;		/* needs are told as runs of numbers */
	size_t single;		/* of the first so many variables at most one is true */
	bool used[CLAUSES + 1]; /* by the proof; by origin */
};

static uint32_t seed = 1;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Variables from 2, as the engine numbers them behind the root. */
static struct clause random_clause(void)
{
	struct clause c = {.n = 1 + dice(LITERALS), .is_required = dice(2)};

	for (size_t i = 0; i < c.n; i++) {
		int32_t var = 2 + (int32_t)dice(VARS);
		c.literal[i] = c.is_required || (i == 0 && dice(2)) ? var : -var;
	}
	for (size_t i = 1; i < c.n && c.is_required; i++)
		c.required[i - 1] = (uint32_t)c.literal[i] - SAT_FIRST;
	if (c.is_required)
		c.literal[0] = dice(3) ? -c.literal[0] : -SAT_ROOT;
	return c;
}

static bool holds(const struct clause *c, uint32_t values)
{
	for (size_t i = 0; i < c->n; i++)
		if ((values >> abs(c->literal[i]) & 1) == (c->literal[i] > 0))
			return true;
	return false;
}

static bool are_single(const struct formula *f, uint32_t values)
{
	uint32_t set = values >> 2 & ((1u << f->single) - 1);

	return (set & (set - 1)) == 0;
}

/* Whether any assignment, the root being true, satisfies the clauses that only() keeps. */
static bool any_holds(const struct formula *f, const bool *only)
{
	for (uint32_t values = 0; values < 1u << VARS; values++) {
		bool all = are_single(f, values << 2);
		for (size_t i = 0; i < f->n && all; i++)
			all = (only && !only[i + 1]) ||
			      holds(&f->clause[i], values << 2 | 1u << SAT_ROOT);
		if (all)
			return true;
	}
	return false;
}

static bool is_need(const struct clause *c)
{
	return !c->is_required && c->n == 2 && c->literal[0] < 0 && c->literal[1] > 0;
}

/* The number of a clause is its place; all that one variable needs makes one run. */
static void tell_runs(const struct formula *f, struct sat *s)
{
	uint32_t *runs = mem_alloc(CLAUSES * sizeof(*runs)), n = 0;
	int32_t *numbers = sat_numbers(s, CLAUSES);

	for (int32_t parent = SAT_FIRST; parent < SAT_FIRST + VARS; parent++) {
		uint32_t first = n;
		for (uint32_t i = 0; i < f->n; i++) {
			const struct clause *c = &f->clause[i];
			if (!is_need(c) || c->literal[0] != -parent)
				continue;
			runs[n++] = i;
			numbers[i] = c->literal[1];
		}
		sat_need_run(s, parent, first, n - first);
	}
	sat_set_runs(s, runs, runs);
}

/* The origin of the i-th clause is i * 2 + 1. */
static struct sat *engine_of(const struct formula *f)
{
	struct sat *s = sat_new(VARS);
	static const uint32_t all[VARS] = {0, 1, 2, 3, 4, 5, 6},
			      groups[VARS] = {0, 1, 2, 3, 4, 5, 6};

	sat_first_vars(s, groups, VARS);
	if (f->runs)
		tell_runs(f, s);
	for (size_t i = 0; i < f->n; i++) {
		const struct clause *c = &f->clause[i];
		uint32_t origin = (uint32_t)i * 2 + 1;
		if (c->is_required)
			sat_require(s, -c->literal[0], c->required, c->n - 1, SAT_NO_GROUP, origin);
		else if (is_need(c) && !f->runs)
			sat_need(s, -c->literal[0], c->literal[1], origin);
		else if (!is_need(c))
			sat_clause(s, c->literal, c->n, origin);
	}
	sat_at_most_one(s, all, f->single);
	return s;
}

static void saw(void *cookie, const int32_t *literals, size_t n, uint32_t origin)
{
	struct formula *f = cookie;

	assert_int_equal(origin % 2, 1);
	assert_in_range(origin / 2, 0, f->n - 1);
	const struct clause *c = &f->clause[origin / 2];
	assert_int_equal(n, c->n);
	assert_memory_equal(literals, c->literal, n * sizeof(*literals));
	f->used[origin / 2 + 1] = true;
}

static void check_values(const struct formula *f, const struct sat *s)
{
	uint32_t values = 0;

	for (int32_t i = SAT_ROOT; i < 2 + VARS; i++)
		values |= (uint32_t)sat_is_true(s, i) << i;
	for (size_t i = 0; i < f->n; i++)
		assert_true(holds(&f->clause[i], values));
	assert_true(are_single(f, values));
}

static void it_agrees_with_trying_everything(void **state)
{
	unsigned unsolvable = 0;
	(void)state;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct formula f = {
			.n = 1 + dice(CLAUSES), .single = dice(VARS + 1), .runs = dice(2)};
		for (size_t i = 0; i < f.n; i++)
			f.clause[i] = random_clause();
		AUTO(sat_free) struct sat *s = engine_of(&f);
		bool solved = sat_solve(s, NULL);
		assert_int_equal(solved, any_holds(&f, NULL));
		if (solved) {
			check_values(&f, s);
			continue;
		}
		unsolvable++;
		sat_proof(s, saw, &f);
		assert_false(any_holds(&f, f.used));
	}
	assert_in_range(unsolvable, ROUNDS / 10, ROUNDS * 9 / 10);
}

static void the_first_that_can_be_is_chosen(void **state)
{
	(void)state;
	AUTO(sat_free) struct sat *s = sat_new(2);
	int32_t a[3], b[2];

	for (int i = 0; i < 3; i++)
		a[i] = sat_var(s, 0);
	for (int i = 0; i < 2; i++)
		b[i] = sat_var(s, 1);
	static const uint32_t all[] = {0, 1, 2, 3, 4};
	sat_require(s, SAT_ROOT, all, 3, 0, 0);
	sat_require(s, a[0], all + 3, 2, 1, 0);
	sat_require(s, a[1], all + 3, 2, 1, 0);
	int32_t never[] = {-a[0], -b[0]}, nor[] = {-a[0], -b[1]};
	sat_clause(s, never, 2, 0);
	sat_clause(s, nor, 2, 0);
	assert_true(sat_solve(s, NULL));
	assert_false(sat_is_true(s, a[0]));
	assert_true(sat_is_true(s, a[1]));
	assert_true(sat_is_true(s, b[0]));
	assert_false(sat_is_true(s, b[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_trying_everything),
		cmocka_unit_test(the_first_that_can_be_is_chosen),
	};
	return cmocka_run_group_tests_name("sat", tests, NULL, NULL);
}
