/* sat.c - two watched literals, first-UIP learning, no restarts, no deletion: the searches of
 * package sets are short, and the answer must be that of resolvo, which does the same. */
#include "builder/sat_private.h"
#include "specs/base/interrupt.h"

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
	VEC_DONE(&s->linked);
	VEC_DONE(&s->pairs);
	VEC_DONE(&s->needs);
	VEC_DONE(&s->needing);
	free(s->own_runs);
	free(s->numbers);
	free(s->needed_at);
	free(s->needed);
	VEC_DONE(&s->sets);
	VEC_DONE(&s->members);
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
	for (int sign = 0; sign < 2; sign++) {
		VEC_PUSH(&s->watches, 0);
		VEC_PUSH(&s->linked, 0);
	}
	return (int32_t)s->vars.n - 1;
}

static void *grown(void *v, size_t *room, size_t n, size_t size)
{
	*room = n;
	return mem_grow(v, n, size);
}

/* Memory that is 0 and, as long as nobody writes there, none. */
static uint32_t *renewed(uint32_t *v, size_t *room, size_t n)
{
	free(v);
	*room = n;
	return mem_zero(n, sizeof(*v));
}

void sat_first_vars(struct sat *s, const uint32_t *groups, size_t n)
{
	size_t all = SAT_FIRST + n, room = all + all / 4; /* more, for the helpers */

	s->vars.v = grown(s->vars.v, &s->vars.room, room, sizeof(*s->vars.v));
	s->values.v = grown(s->values.v, &s->values.room, room, 1);
	s->watches.v = renewed(s->watches.v, &s->watches.room, 2 * room);
	s->linked.v = renewed(s->linked.v, &s->linked.room, 2 * room);
	for (size_t i = 0; i < n; i++)
		s->vars.v[SAT_FIRST + i] = (struct var){.reason = NO_CLAUSE, .group = groups[i]};
	memset(s->values.v + SAT_FIRST, 0, n);
	s->vars.n = s->values.n = all;
	s->watches.n = s->linked.n = 2 * all;
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

static uint32_t clause_begins(struct sat *s, size_t n, uint32_t second, uint32_t origin)
{
	const uint32_t head[C_LITERALS] = {
		[C_SIZE] = (uint32_t)n, [C_ORIGIN] = origin, [C_WATCH + 1] = second};
	uint32_t place = (uint32_t)s->pool.n;

	for (size_t i = 0; i < C_LITERALS; i++)
		VEC_PUSH(&s->pool, head[i]);
	return place;
}

/* second: which literal is watched beside the first. */
static uint32_t add_long(struct sat *s, const int32_t *l, size_t n, uint32_t second,
			 uint32_t origin)
{
	uint32_t place = clause_begins(s, n, second, origin);

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

/* -parent or one of at least two. */
static uint32_t add_borrowing(struct sat *s, int32_t parent, const uint32_t *run, size_t n,
			      uint32_t origin)
{
	uint32_t place = clause_begins(s, (n + 1) | BORROWS, 1, origin), address[2];

	memcpy(address, &run, sizeof(run));
	VEC_PUSH(&s->pool, (uint32_t)-parent);
	for (size_t i = 0; i < sizeof(run) / sizeof(*address); i++)
		VEC_PUSH(&s->pool, address[i]);
	watch(s, -parent, place, 0);
	watch(s, (int32_t)run[0] + SAT_FIRST, place, 1);
	return place * 2;
}

static void add_pair(struct sat *s, const int32_t *l, uint32_t origin)
{
	struct pair made = {{l[0], l[1]}, {0, 0}, origin};
	uint32_t place = (uint32_t)s->pairs.n + 1;

	for (uint32_t which = 0; which < 2; which++) {
		uint32_t *newest = &s->linked.v[at_literal(l[which])];
		made.next[which] = *newest;
		*newest = place * 2 + which;
	}
	VEC_PUSH(&s->pairs, made);
}

void sat_clause(struct sat *s, const int32_t *literals, size_t n, uint32_t origin)
{
	if (n == 2)
		add_pair(s, literals, origin);
	else
		add_long(s, literals, n, 1, origin);
}

/* NULL when the parent has needs already, and another's have come between. */
static struct needing *needing_of(struct sat *s, int32_t parent, bool is_run, uint32_t first)
{
	struct var *v = &s->vars.v[parent];

	if (!v->needing) {
		VEC_PUSH(&s->needing, ((struct needing){(uint32_t)parent, first, 0, is_run}));
		v->needing = (uint32_t)s->needing.n;
	}
	struct needing *n = &s->needing.v[v->needing - 1];
	return v->needing == s->needing.n && n->is_run == is_run ? n : NULL;
}

void sat_need(struct sat *s, int32_t parent, int32_t var, uint32_t origin)
{
	struct needing *n = needing_of(s, parent, false, (uint32_t)s->needs.n);
	int32_t pair[2] = {-parent, var};

	if (!n) {
		add_pair(s, pair, origin);
		return;
	}
	VEC_PUSH(&s->needs, ((struct need){var, origin}));
	n->count++;
}

int32_t *sat_numbers(struct sat *s, uint32_t count)
{
	free(s->numbers);
	s->numbers = mem_zero(count + 1, sizeof(*s->numbers));
	return s->numbers;
}

void sat_need_run(struct sat *s, int32_t parent, uint32_t first, uint32_t count)
{
	if (count)
		needing_of(s, parent, true, first)->count = count & INT32_MAX;
}

void sat_set_runs(struct sat *s, const uint32_t *runs, uint32_t *owned)
{
	s->runs = runs;
	s->own_runs = owned;
}

/* Turns the needs round. */
static void fill_needed(struct sat *s)
{
	size_t n = s->vars.n;
	uint32_t at = 0;

	s->needed_at = mem_zero(n + 1, sizeof(*s->needed_at));
	for (size_t i = 0; i < s->needing.n; i++) {
		const struct needing *one = &s->needing.v[i];
		for (uint32_t k = 0; k < one->count; k++)
			s->needed_at[need_var(s, one, k)]++;
	}
	s->needed_at[0] = 0;
	for (size_t i = 0; i < n; i++) {
		at += s->needed_at[i];
		s->needed_at[i] = at;
	}
	s->needed_at[n] = at;
	s->needed = mem_alloc((at + 1u) * sizeof(*s->needed));
	for (size_t i = 0; i < s->needing.n; i++) {
		const struct needing *one = &s->needing.v[i];
		for (uint32_t k = 0; k < one->count; k++) {
			int32_t var = need_var(s, one, k);
			if (var)
				s->needed[--s->needed_at[var]] = one->var;
		}
	}
}

void sat_at_most_one(struct sat *s, const uint32_t *v, size_t n)
{
	struct set set = {.first = (uint32_t)s->members.n, .count = (uint32_t)n};

	if (n < 2)
		return;
	while ((n - 1) >> set.bits)
		set.bits++;
	set.first_bit = (uint32_t)s->vars.n;
	for (uint32_t bit = 0; bit < set.bits; bit++) {
		int32_t helper = sat_var(s, SAT_NO_GROUP);
		s->vars.v[helper].set = (uint32_t)s->sets.n + 1;
		s->vars.v[helper].position = bit;
	}
	VEC_PUSH(&s->sets, set);
	for (uint32_t i = 0; i < n; i++) {
		struct var *var = &s->vars.v[v[i] + SAT_FIRST];
		VEC_PUSH(&s->members, v[i] + SAT_FIRST);
		var->set = (uint32_t)s->sets.n;
		var->position = i;
	}
}

static void add_require(struct sat *s, int32_t parent, uint32_t clause, uint32_t group)
{
	uint32_t number = (uint32_t)s->requires.n + 1;
	struct var *var = &s->vars.v[parent];

	VEC_PUSH(&s->requires, ((struct require){clause, group, 0, 0}));
	if (var->parent) {
		s->requires.v[s->parents.v[var->parent - 1].last - 1].next = number;
	} else {
		VEC_PUSH(&s->parents, ((struct parent){(uint32_t)parent, number, number}));
		var->parent = (uint32_t)s->parents.n;
		if (s->open.n * 64 <= var->parent) {
			VEC_PUSH(&s->open, 0);
			VEC_PUSH(&s->pending, 0);
		}
	}
	s->parents.v[var->parent - 1].last = number;
}

void sat_require_need(struct sat *s, int32_t parent, int32_t var, uint32_t group)
{
	add_require(s, parent, (uint32_t)at_literal(var) << 1 | 1, group);
}

void sat_require(struct sat *s, int32_t parent, const uint32_t *v, size_t n, uint32_t group,
		 uint32_t origin)
{
	const int32_t never[] = {-parent};

	if (n == 1) {
		int32_t only = (int32_t)*v + SAT_FIRST;
		sat_need(s, parent, only, origin);
		sat_require_need(s, parent, only, group);
		return;
	}
	add_require(s, parent,
		    n ? add_borrowing(s, parent, v, n, origin) : add_long(s, never, 1, 1, origin),
		    group);
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
		open_place(s, s->vars.v[var].parent);
	return true;
}

static int32_t undo_last(struct sat *s)
{
	int32_t literal = s->trail.v[--s->trail.n];
	uint32_t var = (uint32_t)abs(literal), place = s->vars.v[var].parent;

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
	uint32_t other = c[C_WATCH + !which];
	struct literals l;

	literals_of(s, (struct clause){place * 2, 0}, &l);
	for (uint32_t i = 0; i < l.n; i++) {
		int32_t literal = literal_of(&l, i);
		if (i == other || value(s, literal) < 0)
			continue;
		c[C_WATCH + which] = i;
		watch(s, literal, place, which);
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

/* A member is true: the helpers say which. Otherwise a helper is: it contradicts half of them. */
static bool propagate_set(struct sat *s, uint32_t var, bool value, uint32_t reason)
{
	uint32_t position = s->vars.v[var].position;
	const struct set *set = &s->sets.v[s->vars.v[var].set - 1];

	if (var < set->first_bit || var >= set->first_bit + set->bits) {
		for (uint32_t bit = value ? set->bits : 0; bit-- > 0;) {
			int32_t helper = (int32_t)(set->first_bit + bit);
			if (!force(s, position >> bit & 1 ? helper : -helper, reason))
				return false;
		}
		return true;
	}
	for (uint32_t i = set->count; i-- > 0;)
		if ((i >> position & 1) != value &&
		    !force(s, -(int32_t)s->members.v[set->first + i], reason))
			return false;
	return true;
}

static bool propagate_needs(struct sat *s, const struct needing *n, uint32_t reason)
{
	for (uint32_t i = n->count; i-- > 0;) {
		int32_t var = need_var(s, n, i);
		if (var && !force(s, var, reason))
			return false;
	}
	return true;
}

/* Of all kinds those first that were made last, as in the lists of the pool. */
static bool propagate_pairs(struct sat *s, int32_t is_false)
{
	size_t index = at_literal(is_false);
	uint32_t reason = (uint32_t)index << 1 | 1, var = (uint32_t)abs(is_false);
	bool value = is_false < 0;

	if (s->vars.v[var].set && !propagate_set(s, var, value, reason))
		return false;
	for (uint32_t at = s->linked.v[index]; at; at = s->pairs.v[at / 2 - 1].next[at & 1])
		if (!force(s, s->pairs.v[at / 2 - 1].literal[!(at & 1)], reason))
			return false;
	if (value)
		return !s->vars.v[var].needing ||
		       propagate_needs(s, &s->needing.v[s->vars.v[var].needing - 1], reason);
	for (uint32_t i = s->needed_at[var]; i < s->needed_at[var + 1]; i++)
		if (!force(s, -(int32_t)s->needed[i], reason))
			return false;
	return true;
}

static int32_t watched(const struct sat *s, uint32_t place, unsigned which)
{
	const uint32_t *c = s->pool.v + place;
	uint32_t i = c[C_WATCH + which];

	if (i && c[C_SIZE] & BORROWS)
		return (int32_t)run_of(c)[i - 1] + SAT_FIRST;
	return (int32_t)c[C_LITERALS + i];
}

static bool propagate_long(struct sat *s, int32_t is_false)
{
	size_t head = at_literal(is_false);
	uint32_t before = 0, node;

	for (node = s->watches.v[head]; node;) {
		uint32_t place = (node - 1) >> 1;
		unsigned which = (node - 1) & 1;
		uint32_t next = *next_of(s, node - 1);
		int32_t other = watched(s, place, !which);
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

/* Resolvo keeps all clauses of a literal in one list, the newest first. Requirements and what was
 * learnt before all pairs is close to that: one answer in 20,000 is another for it, and of
 * channels in the shape of real ones five in 7,400. Other orders of the kinds do worse. */
static bool propagate(struct sat *s)
{
	if (s->level == 1 && !propagate_units(s))
		return false;
	while (s->propagated < s->trail.n) {
		int32_t is_false = -s->trail.v[s->propagated++];
		if (!propagate_long(s, is_false) || !propagate_pairs(s, is_false))
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
		uint32_t var = (uint32_t)abs(literal_of(&l, i)), at = s->vars.v[var].level;
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
		int32_t literal = literal_of(&l, i);
		int v = value(s, literal);
		if (v > 0) {
			q->holds = literal;
			return false;
		}
		if (v < 0)
			continue;
		if (!out->open++)
			out->literal = literal;
	}
	return out->open > 0;
}

/* False when all that the parent requires holds already. */
static bool consider_parent(struct sat *s, uint32_t place, struct choice *best)
{
	struct choice now;
	bool any = false;

	for (uint32_t i = s->parents.v[place - 1].first; i; i = s->requires.v[i - 1].next) {
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

	if (s->vars.v[SAT_ROOT].parent)
		consider_parent(s, s->vars.v[SAT_ROOT].parent, &best);
	if (best.literal)
		return best.literal;
	for (size_t i = 0; i < s->pending.n; i++) {
		for (uint64_t bits = s->pending.v[i]; bits; bits &= bits - 1) {
			uint32_t place = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(bits);
			if (!consider_parent(s, place, &best))
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
	fill_needed(s);
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
