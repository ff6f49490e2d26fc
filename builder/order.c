/* order.c - link order: dependencies first, as rattler gives it (the package last in the order
 * wins a path that two have). */
#include "builder/solve.h"
#include "specs/base/vec.h"

struct edge {
	uint32_t from, to;
	bool cut;
};

struct graph {
	const struct record *records;
	uint32_t count;
	VEC(struct edge) edges; /* grouped by from, in the order of the record's dependencies */
	uint32_t *first;	/* of a record; count + 1 of them */
};

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct record *)a)->name, ((const struct record *)b)->name);
}

/* The name in a match spec as records hold it. */
static struct str dependency_name(struct str text)
{
	text = str_trim(text);
	for (size_t i = 0; i + 1 < text.n; i++)
		if (text.p[i] == ':' && text.p[i + 1] == ':')
			text = str_from(text, i + 2);
	size_t n = 0;
	while (n < text.n && !strchr(" \t=<>!~[", text.p[n]))
		n++;
	return str_to(text, n);
}

static int compare_lower(struct str a, struct str lower)
{
	size_t n = a.n < lower.n ? a.n : lower.n;

	for (size_t i = 0; i < n; i++) {
		int c = a.p[i] >= 'A' && a.p[i] <= 'Z' ? a.p[i] + 32 : a.p[i];
		if (c != lower.p[i])
			return (unsigned char)c < (unsigned char)lower.p[i] ? -1 : 1;
	}
	return (a.n > lower.n) - (a.n < lower.n);
}

static bool find(const struct graph *g, struct str name, uint32_t *out)
{
	uint32_t low = 0, high = g->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = compare_lower(name, g->records[mid].name);
		if (order == 0) {
			*out = mid;
			return true;
		}
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

/* Records are sorted by name, so an index stands for a name in comparisons. */
static void graph_fill(struct graph *g)
{
	g->first = mem_zero(g->count + 2, sizeof(*g->first));
	for (uint32_t i = 0; i < g->count; i++) {
		const struct record *r = &g->records[i];
		g->first[i] = (uint32_t)g->edges.n;
		for (size_t k = 0; k < r->depends.n; k++) {
			uint32_t to;
			if (find(g, dependency_name(r->depends.v[k]), &to))
				VEC_PUSH(&g->edges, ((struct edge){i, to, false}));
		}
	}
	g->first[g->count] = (uint32_t)g->edges.n;
}

static void cut(struct graph *g, uint32_t from, uint32_t to)
{
	for (uint32_t i = g->first[from]; i < g->first[from + 1]; i++)
		g->edges.v[i].cut |= g->edges.v[i].to == to;
}

/* Rattler's rule, whose links must come in the same order: the first edge from an arch package
 * to a noarch one goes. Where a noarch package needs an arch one, or at the end, it is the edge
 * back that goes, which only a cycle of two has; the emission below ends all the same. */
static void cut_cycle(struct graph *g, const uint32_t *cycle, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t a = cycle[i], b = cycle[(i + 1) % n];
		bool from = g->records[a].noarch, to = g->records[b].noarch;
		if (!from && to) {
			cut(g, a, b);
			return;
		}
		if ((from && !to) || i + 1 == n) {
			cut(g, b, a);
			return;
		}
	}
}

enum { NEW, OPEN, CLOSED };

struct walk {
	struct graph *g;
	uint8_t *state;
	uint32_t *next; /* edge to look at, of every open record */
	VEC(uint32_t) path;
	VEC(uint32_t) cycles; /* each: its length, then its records */
};

static void open_record(struct walk *w, uint32_t at)
{
	w->state[at] = OPEN;
	w->next[at] = w->g->first[at];
	VEC_PUSH(&w->path, at);
}

static void note_cycle(struct walk *w, uint32_t at)
{
	size_t from = w->path.n;

	while (w->path.v[--from] != at)
		;
	VEC_PUSH(&w->cycles, (uint32_t)(w->path.n - from));
	for (; from < w->path.n; from++)
		VEC_PUSH(&w->cycles, w->path.v[from]);
}

static void walk_from(struct walk *w, uint32_t start)
{
	const struct graph *g = w->g;

	open_record(w, start);
	while (w->path.n) {
		uint32_t at = w->path.v[w->path.n - 1];
		if (w->next[at] == g->first[at + 1]) {
			w->state[at] = CLOSED;
			w->path.n--;
			continue;
		}
		uint32_t to = g->edges.v[w->next[at]++].to;
		if (w->state[to] == OPEN)
			note_cycle(w, to);
		else if (w->state[to] == NEW)
			open_record(w, to);
	}
}

static void cut_cycles(struct graph *g)
{
	struct walk w = {.g = g};

	w.state = mem_zero(g->count + 1, 1);
	w.next = mem_zero(g->count + 1, sizeof(*w.next));
	for (uint32_t i = 0; i < g->count; i++)
		if (w.state[i] == NEW)
			walk_from(&w, i);
	for (size_t i = 0; i < w.cycles.n; i += w.cycles.v[i] + 1)
		cut_cycle(g, w.cycles.v + i + 1, w.cycles.v[i]);
	free(w.state);
	free(w.next);
	VEC_DONE(&w.path);
	VEC_DONE(&w.cycles);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct stack {
	VEC(uint64_t) v; /* records to visit (even) and to emit (odd); the last one goes first */
};

static void push_targets(const struct graph *g, uint32_t at, struct stack *s)
{
	size_t from = s->v.n;

	for (uint32_t i = g->first[at]; i < g->first[at + 1]; i++)
		if (!g->edges.v[i].cut)
			VEC_PUSH(&s->v, (uint64_t)g->edges.v[i].to * 2);
	if (s->v.n > from)
		qsort(s->v.v + from, s->v.n - from, sizeof(*s->v.v), by_number);
}

/* Below the roots lies what none of them leads to: cycles that were not cut. */
static void push_roots(const struct graph *g, struct stack *s)
{
	uint8_t *wanted = mem_zero(g->count + 1, 1);

	for (size_t i = 0; i < g->edges.n; i++)
		if (!g->edges.v[i].cut)
			wanted[g->edges.v[i].to] = 1;
	for (int roots = 0; roots < 2; roots++)
		for (uint32_t i = 0; i < g->count; i++)
			if (wanted[i] == !roots)
				VEC_PUSH(&s->v, (uint64_t)i * 2);
	free(wanted);
}

static void emit(const struct graph *g, uint32_t *order)
{
	struct stack stack = {0};
	uint8_t *seen = mem_zero(g->count + 1, 1);
	uint32_t n = 0;

	push_roots(g, &stack);
	while (stack.v.n) {
		uint64_t top = stack.v.v[--stack.v.n];
		uint32_t at = (uint32_t)(top / 2);
		if (top & 1) {
			order[n++] = at;
			continue;
		}
		if (seen[at])
			continue;
		seen[at] = 1;
		VEC_PUSH(&stack.v, (uint64_t)at * 2 + 1);
		push_targets(g, at, &stack);
	}
	VEC_DONE(&stack.v);
	free(seen);
}

void solve_sort(struct record *records, size_t count)
{
	struct graph g = {.records = records, .count = (uint32_t)count};
	AUTO(free) uint32_t *order = mem_alloc((count + 1) * sizeof(*order));
	AUTO(free) struct record *sorted = mem_alloc((count + 1) * sizeof(*sorted));

	if (!count)
		return;
	qsort(records, count, sizeof(*records), by_name);
	graph_fill(&g);
	cut_cycles(&g);
	emit(&g, order);
	for (size_t i = 0; i < count; i++)
		sorted[i] = records[order[i]];
	memcpy(records, sorted, count * sizeof(*records));
	VEC_DONE(&g.edges);
	free(g.first);
}
