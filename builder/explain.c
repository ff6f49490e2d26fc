/* explain.c - the smallest conflict: the lines (name, text) that the proof used, of which each
 * in turn is left out and the rest solved again. */
#include "builder/explain.h"
#include "builder/sat.h"
#include "specs/base/interrupt.h"

enum { CONFLICTS_SHOWN = 3 };

struct lines {
	struct problem *p;
	uint32_t *package_of; /* of a variable; UINT32_MAX for the root */
	VEC(uint64_t) v;      /* package << 32 | line; sorted once all are there */
	uint8_t *out;	      /* of each: left out */
};

static void saw(void *cookie, const int32_t *literals, size_t n, uint32_t origin)
{
	struct lines *l = cookie;

	if (!origin || !n || literals[0] >= 0)
		return;
	uint32_t package = l->package_of[-literals[0]];
	uint64_t line = (uint64_t)package << 32 | origin;
	if (package == UINT32_MAX && literals[0] != -SAT_ROOT)
		return;
	VEC_PUSH(&l->v, line);
}

/* The request first, in its own order; names in the order in which they were loaded. */
static int by_line(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a + ((uint64_t)1 << 32),
		 y = *(const uint64_t *)b + ((uint64_t)1 << 32);

	return (x > y) - (x < y);
}

static bool keep(void *cookie, uint32_t package, uint32_t line)
{
	const struct lines *l = cookie;
	uint64_t wanted = (uint64_t)package << 32 | line;
	const uint64_t *at = bsearch(&wanted, l->v.v, l->v.n, sizeof(wanted), by_line);

	return at && !l->out[at - l->v.v];
}

/* Many clauses of a proof say the same line. */
static void sort_lines(struct lines *l)
{
	size_t n = 0;

	if (l->v.n)
		qsort(l->v.v, l->v.n, sizeof(*l->v.v), by_line);
	for (size_t i = 0; i < l->v.n; i++)
		if (!n || l->v.v[n - 1] != l->v.v[i])
			l->v.v[n++] = l->v.v[i];
	l->v.n = n;
	l->out = mem_zero(n + 1, 1);
}

static void collect(struct lines *l, const struct sat *s)
{
	const struct problem *p = l->p;
	int32_t last = 0;

	for (size_t i = 0; i < p->solvables.n; i++)
		if (p->solvables.v[i].var > last)
			last = p->solvables.v[i].var;
	for (size_t i = 0; i < p->texts.n; i++) {
		last = p->texts.v[i].gate > last ? p->texts.v[i].gate : last;
		last = p->texts.v[i].never > last ? p->texts.v[i].never : last;
	}
	l->package_of = mem_alloc(((size_t)last + 2) * sizeof(*l->package_of));
	memset(l->package_of, 0xff, ((size_t)last + 2) * sizeof(*l->package_of));
	for (size_t i = 0; i < p->solvables.n; i++)
		if (p->solvables.v[i].var)
			l->package_of[p->solvables.v[i].var] = p->solvables.v[i].name;
	sat_proof(s, saw, l);
}

/* Whether the lines still contradict one another. */
static bool conflicts(struct lines *l)
{
	struct encode_filter filter = {keep, l};
	AUTO(sat_free) struct sat *s = problem_encode(l->p, &filter);
	struct err *stopped = NULL;
	bool solved = sat_solve(s, &stopped);

	err_free(stopped);
	return !solved && !stopped;
}

static void leave_out(struct lines *l, size_t from, size_t to, bool out)
{
	memset(l->out + from, out, to - from);
}

static void drop_left_out(struct lines *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->v.n; i++)
		if (!l->out[i])
			l->v.v[n++] = l->v.v[i];
	l->v.n = n;
	memset(l->out, 0, n);
}

/* Whole runs first: of a long proof most lines are of no need. */
static void shrink(struct lines *l)
{
	for (size_t run = (l->v.n + 1) / 2; run; run /= 2) {
		for (size_t end = l->v.n; end; end -= end < run ? end : run) {
			size_t from = end < run ? 0 : end - run;
			leave_out(l, from, end, true);
			if (!conflicts(l))
				leave_out(l, from, end, false);
		}
		drop_left_out(l);
	}
}

static void put_conflict(const struct lines *l, struct arena *a, struct conflict *c)
{
	c->lines = arena_zero(a, l->v.n + 1, sizeof(*c->lines));
	for (c->n = 0; c->n < l->v.n; c->n++) {
		uint32_t line = (uint32_t)l->v.v[c->n];
		c->lines[c->n] = (struct conflict_line){
			(uint32_t)(l->v.v[c->n] >> 32),
			(line - 1) / 2,
			!(line & 1),
		};
	}
}

static void find_conflict(struct problem *p, const struct sat *s, struct arena *a,
			  struct conflict *out)
{
	struct lines l = {.p = p};

	collect(&l, s);
	sort_lines(&l);
	shrink(&l);
	put_conflict(&l, a, out);
	free(l.package_of);
	free(l.out);
	VEC_DONE(&l.v);
}

/* ---- conflicts that have nothing to do with one another ---- */

static bool without(void *cookie, uint32_t package, uint32_t line)
{
	const uint8_t *left_out = cookie;

	return package != OF_REQUEST || !left_out[(line - 1) / 2];
}

/* Solves without the specs of all conflicts so far; NULL when that has a solution. */
static struct sat *next_proof(struct problem *p, const struct conflict *last, uint8_t *left_out)
{
	struct encode_filter filter = {without, left_out};
	struct err *stopped = NULL;
	size_t n = 0;

	for (size_t i = 0; i < last->n && last->lines[i].package == OF_REQUEST; i++, n++)
		left_out[last->lines[i].text] = 1;
	if (!n)
		return NULL;
	AUTO(sat_free) struct sat *s = problem_encode(p, &filter);
	bool found = sat_solve(s, &stopped);
	found |= stopped != NULL;
	err_free(stopped);
	return found ? NULL : STEAL(&s);
}

int problem_explain(struct problem *p, const struct sat *s, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf words = BUF(1 << 20);
	AUTO(sat_free) struct sat *next = NULL;
	struct conflict v[CONFLICTS_SHOWN];
	uint8_t *left_out = arena_zero(&a, p->request->spec_count + 1, 1);
	size_t n = 0;

	buf_add_text(&words, "the request has no solution:");
	while (s) {
		find_conflict(p, s, &a, &v[n]);
		buf_add_text(&words, n ? "\nand besides:" : "");
		conflict_say(p, &v[n++], &words);
		sat_free(STEAL(&next));
		if (n < CONFLICTS_SHOWN)
			next = next_proof(p, &v[n - 1], left_out);
		s = next;
	}
	remedies_say(p, v, n, &words);
	/* A user who stops it here shall not read a conflict that is not the smallest. */
	if (interrupt_check(e) < 0)
		return ERR_INTERRUPTED;
	return err_set_lines(e, ERR_UNSOLVABLE, words.data);
}
