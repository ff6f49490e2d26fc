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
	VEC(struct edge) edges; /* grouped by from, sorted by the name of to */
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

static int by_target(const void *a, const void *b)
{
	uint32_t x = ((const struct edge *)a)->to, y = ((const struct edge *)b)->to;

	return (x > y) - (x < y);
}

/* Records are sorted by name, so an index stands for a name in comparisons. */
static void graph_fill(struct graph *g)
{
	g->first = mem_zero(g->count + 2, sizeof(*g->first));
	for (uint32_t i = 0; i < g->count; i++) {
		const struct record *r = &g->records[i];
		size_t from = g->edges.n;
		g->first[i] = (uint32_t)from;
		for (size_t k = 0; k < r->depends.n; k++) {
			uint32_t to;
			if (find(g, dependency_name(r->depends.v[k]), &to))
				VEC_PUSH(&g->edges, ((struct edge){i, to, to == i}));
		}
		if (g->edges.n > from)
			qsort(g->edges.v + from, g->edges.n - from, sizeof(*g->edges.v), by_target);
	}
	g->first[g->count] = (uint32_t)g->edges.n;
}

/* Cuts the cycle whose edges are given, in their order: where an arch package needs a noarch
 * one, else at its end. */
static void cut_cycle(struct graph *g, const uint32_t *edges, size_t n)
{
	size_t at = n - 1;

	for (size_t i = 0; i < n; i++) {
		const struct edge *x = &g->edges.v[edges[i]];
		if (g->records[x->from].noarch || !g->records[x->to].noarch)
			continue;
		at = i;
		break;
	}
	struct edge cut = g->edges.v[edges[at]];
	for (uint32_t i = g->first[cut.from]; i < g->first[cut.from + 1]; i++)
		g->edges.v[i].cut |= g->edges.v[i].to == cut.to;
}

enum { NEW, OPEN, CLOSED };

struct walk {
	struct graph *g;
	uint8_t *state;
	uint32_t *next;	    /* edge to look at, of every open record */
	VEC(uint32_t) path; /* edges from the start to where we are */
};

/* Follows edges from a record; true when a cycle was found, and cut. */
static bool walk_from(struct walk *w, uint32_t start)
{
	struct graph *g = w->g;
	uint32_t at = start;

	w->path.n = 0;
	w->state[at] = OPEN;
	w->next[at] = g->first[at];
	for (;;) {
		if (w->next[at] == g->first[at + 1]) {
			w->state[at] = CLOSED;
			if (!w->path.n)
				return false;
			at = g->edges.v[w->path.v[--w->path.n]].from;
			continue;
		}
		uint32_t edge = w->next[at]++, to = g->edges.v[edge].to;
		if (g->edges.v[edge].cut || w->state[to] == CLOSED)
			continue;
		VEC_PUSH(&w->path, edge);
		if (w->state[to] == OPEN) {
			size_t from = w->path.n - 1;
			while (g->edges.v[w->path.v[from]].from != to)
				from--;
			cut_cycle(g, w->path.v + from, w->path.n - from);
			return true;
		}
		at = to;
		w->state[at] = OPEN;
		w->next[at] = g->first[at];
	}
}

static void mark_targets(const struct graph *g, uint8_t *wanted)
{
	memset(wanted, 0, g->count);
	for (size_t i = 0; i < g->edges.n; i++)
		if (!g->edges.v[i].cut)
			wanted[g->edges.v[i].to] = 1;
}

/* Roots first, as rattler looks for cycles; a cycle that nothing leads to has none. */
static void cut_cycles(struct graph *g)
{
	struct walk w = {.g = g};
	uint8_t *wanted = mem_zero(g->count + 1, 1);
	bool found = true;

	w.state = mem_zero(g->count + 1, 1);
	w.next = mem_zero(g->count + 1, sizeof(*w.next));
	mark_targets(g, wanted);
	while (found) {
		found = false;
		memset(w.state, NEW, g->count);
		for (uint32_t pass = 0; pass < 2 * g->count && !found; pass++) {
			uint32_t i = pass % g->count;
			if (w.state[i] == NEW && (pass >= g->count || !wanted[i]))
				found = walk_from(&w, i);
		}
	}
	free(wanted);
	free(w.state);
	free(w.next);
	VEC_DONE(&w.path);
}

/* The stack holds records to visit (even) and to emit (odd); the last one goes first. */
static void emit(const struct graph *g, uint32_t *order)
{
	VEC(uint64_t) stack = {0};
	uint8_t *seen = mem_zero(g->count + 1, 1), *wanted = mem_zero(g->count + 1, 1);
	uint32_t n = 0;

	mark_targets(g, wanted);
	for (uint32_t i = 0; i < g->count; i++)
		if (!wanted[i])
			VEC_PUSH(&stack, (uint64_t)i * 2);
	while (stack.n) {
		uint64_t top = stack.v[--stack.n];
		uint32_t at = (uint32_t)(top / 2);
		if (top & 1) {
			order[n++] = at;
			continue;
		}
		if (seen[at])
			continue;
		seen[at] = 1;
		VEC_PUSH(&stack, (uint64_t)at * 2 + 1);
		for (uint32_t i = g->first[at]; i < g->first[at + 1]; i++)
			if (!g->edges.v[i].cut)
				VEC_PUSH(&stack, (uint64_t)g->edges.v[i].to * 2);
	}
	VEC_DONE(&stack);
	free(seen);
	free(wanted);
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
