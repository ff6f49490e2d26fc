/* conflict_words.c - the lines of a conflict as clauses that name the specs. */
#include "builder/problem.h"

enum {
	NEAREST = 3,
	NAME_MAX_COMPARED = 64,
	VERSIONS_SHOWN = 5,
	GROUPS_SHOWN = 16,
	TEXTS_SHOWN = 6
};

/* ---- names that are nearly the one that is not there ---- */

static unsigned distance(struct str a, struct str b)
{
	unsigned row[NAME_MAX_COMPARED + 1];

	if (a.n > NAME_MAX_COMPARED || b.n > NAME_MAX_COMPARED)
		return UINT32_MAX;
	for (unsigned j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 0; i < a.n; i++) {
		unsigned corner = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < b.n; j++) {
			unsigned change = corner + (a.p[i] != b.p[j]);
			unsigned step = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
			corner = row[j + 1];
			row[j + 1] = change < step ? change : step;
		}
	}
	return row[b.n];
}

struct nearest {
	struct str name[NEAREST];
	unsigned distance[NEAREST], n;
};

static void offer(struct nearest *near, struct str name, unsigned d)
{
	unsigned at = near->n;

	for (unsigned i = 0; i < near->n; i++)
		if (str_eq(near->name[i], name))
			return;
	while (at && near->distance[at - 1] > d)
		at--;
	if (at == NEAREST)
		return;
	near->n += near->n < NEAREST;
	for (unsigned i = near->n - 1; i > at; i--) {
		near->name[i] = near->name[i - 1];
		near->distance[i] = near->distance[i - 1];
	}
	near->name[at] = name;
	near->distance[at] = d;
}

static void find_nearest(const struct index *x, struct str name, struct nearest *near)
{
	size_t limit = name.n < 6 ? 1 : name.n / 3;

	for (size_t i = 0; x && i < index_name_count(x); i++) {
		struct str other = index_name(x, i);
		if (other.n + limit < name.n || name.n + limit < other.n)
			continue;
		unsigned d = distance(name, other);
		if (d <= limit)
			offer(near, other, d);
	}
}

static void say_absent(const struct problem *p, struct str name, struct buf *out)
{
	const struct channels *c = p->request->channels;
	struct nearest near = {0};

	if (str_starts(name, "__")) {
		buf_printf(out, "; there is no virtual package %.*s", STR_ARG(name));
		return;
	}
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->v[i].subdir_count; k++)
			find_nearest(c->v[i].subdirs[k].index, name, &near);
	buf_printf(out, "; no channel has %.*s", STR_ARG(name));
	for (unsigned i = 0; i < near.n; i++)
		buf_printf(out, "%s%.*s", i ? ", " : "; nearest: ", STR_ARG(near.name[i]));
}

/* ---- the versions of a name ---- */

struct versions {
	const struct solvable **v; /* one of each version, ascending */
	size_t n, records;	   /* records: that were counted */
};

static int by_version(const void *a, const void *b, void *order)
{
	const struct solvable *const *x = a, *const *y = b;
	uint32_t v = ((uint32_t *)order)[(*x)->version], w = ((uint32_t *)order)[(*y)->version];

	return (v > w) - (v < w);
}

/* Lines of one name about one other: of its builds, say, each needs another python. */
struct group {
	uint32_t package, target; /* package: UINT32_MAX for the request */
	bool constrains;
	VEC(uint32_t) lines;
};

static bool has_text(const struct problem *p, const struct solvable *s, const struct group *g,
		     uint32_t line)
{
	uint32_t text = (line - 1) / 2, from = g->constrains ? s->depends : 0;
	uint32_t n = g->constrains ? s->constrains : s->depends;

	for (uint32_t i = 0; i < n; i++)
		if (p->edges.v[s->edges + from + i] == text)
			return true;
	return false;
}

static bool has_any(const struct problem *p, const struct solvable *s, const struct group *g)
{
	for (size_t i = 0; i < g->lines.n; i++)
		if (has_text(p, s, g, g->lines.v[i]))
			return true;
	return false;
}

/* Of the records that have one of the lines, of all when g is NULL. The caller frees v. */
static struct versions versions_of(const struct problem *p, const struct package *k,
				   const struct group *g)
{
	struct versions out = {.v = mem_alloc((k->count + 1) * sizeof(*out.v))};

	for (uint32_t i = k->first; i < k->first + k->count; i++)
		if (!g || has_any(p, &p->solvables.v[i], g))
			out.v[out.records++] = &p->solvables.v[i];
	if (out.records)
		qsort_r(out.v, out.records, sizeof(*out.v), by_version, p->version_order);
	for (size_t i = 0; i < out.records; i++)
		if (!out.n || by_version(&out.v[out.n - 1], &out.v[i], p->version_order))
			out.v[out.n++] = out.v[i];
	return out;
}

static void say_versions(const struct problem *p, const struct package *k, struct buf *out)
{
	struct versions all = versions_of(p, k, NULL);

	buf_printf(out, "; %.*s is here as ", STR_ARG(k->name));
	if (all.n <= VERSIONS_SHOWN) {
		for (size_t i = 0; i < all.n; i++)
			buf_printf(out, "%s%.*s", i ? ", " : "",
				   STR_ARG(problem_version(p, all.v[i])));
	} else {
		buf_printf(out, "%.*s to %.*s (%zu versions)",
			   STR_ARG(problem_version(p, all.v[0])),
			   STR_ARG(problem_version(p, all.v[all.n - 1])), all.n);
	}
	free(all.v);
}

/* With strict priority a channel below may have what was looked for. */
static void say_hidden(const struct problem *p, const struct package *k, struct buf *out)
{
	const struct channels *c = p->request->channels;
	size_t first = c->n;

	for (size_t i = 0; i < c->n && p->request->strict && !k->sole; i++) {
		bool has = false;
		for (size_t j = 0; j < c->v[i].subdir_count; j++) {
			const struct index *x = c->v[i].subdirs[j].index;
			uint32_t at, count;
			has |= x && index_find(x, k->name, &at, &count);
		}
		if (!has)
			continue;
		if (first < c->n) {
			buf_printf(out, "; channel %.*s has it too, but %.*s goes before it",
				   STR_ARG(c->v[i].name), STR_ARG(c->v[first].name));
			return;
		}
		first = i;
	}
}

/* Why a text matches nothing. */
static void say_unmatched(const struct problem *p, const struct text *t, struct buf *out)
{
	const struct package *k = &p->packages.v[t->package];

	if (t->count)
		return;
	if (k->unreadable && !k->count) {
		buf_printf(out,
			   "; every record of %.*s has a version or dependency that does not "
			   "parse",
			   STR_ARG(k->name));
		return;
	}
	if (!k->count) {
		say_absent(p, k->name, out);
		return;
	}
	say_versions(p, k, out);
	say_hidden(p, k, out);
}

/* ---- the lines ---- */

static void say_subject(const struct problem *p, const struct group *g, struct buf *out)
{
	const struct package *k = &p->packages.v[g->package];
	struct versions all = versions_of(p, k, NULL), some = versions_of(p, k, g);

	buf_add_str(out, k->name);
	if (some.n == 1)
		buf_printf(out, " %.*s", STR_ARG(problem_version(p, some.v[0])));
	else if (some.records == all.records && some.n == 2)
		buf_add_text(out, " (both versions)");
	else if (some.records == all.records)
		buf_printf(out, " (all %zu versions)", some.n);
	else if (some.n < all.n)
		buf_printf(out, " (%zu of %zu versions)", some.n, all.n);
	else
		buf_printf(out, " (%zu of %zu builds)", some.records, all.records);
	free(all.v);
	free(some.v);
}

/* The texts of the group, "numpy >=2 or <1"; the name once. */
static void say_texts(const struct problem *p, const struct group *g, struct buf *out)
{
	struct str name = p->packages.v[g->target].name;

	for (size_t i = 0; i < g->lines.n; i++) {
		AUTO(buf_done) struct buf text = BUF(1 << 16);
		AUTO(arena_done) struct arena a = ARENA;
		if (i == TEXTS_SHOWN && g->lines.n > TEXTS_SHOWN + 1) {
			buf_printf(out, " or %zu others", g->lines.n - i);
			return;
		}
		matchspec_display(problem_spec(p, (g->lines.v[i] - 1) / 2, &a), &text);
		struct str s = buf_str(&text);
		if (i && s.n > name.n && s.p[name.n] == ' ')
			s = str_from(s, name.n + 1);
		buf_printf(out, "%s%.*s", i ? " or " : "", STR_ARG(s));
	}
}

static void say_group(const struct problem *p, const struct group *g, struct buf *out)
{
	if (out->n)
		buf_add_text(out, "; ");
	if (g->package != UINT32_MAX) {
		say_subject(p, g, out);
		buf_add_text(out, g->constrains ? " constrains " : " requires ");
	}
	say_texts(p, g, out);
	if (g->package == UINT32_MAX)
		buf_add_text(out, " is requested");
}

/* Moves the first line and those of its kind into the group. Each spec of the request is on its
 * own: all of them must hold. */
static size_t take_group(const struct problem *p, uint64_t *lines, size_t n, struct group *g)
{
	size_t left = 0;

	g->lines.n = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t package = (uint32_t)(lines[i] >> 32), line = (uint32_t)lines[i];
		uint32_t target = p->texts.v[(line - 1) / 2].package;
		bool constrains = !(line & 1);
		if (!i) {
			g->package = package;
			g->target = target;
			g->constrains = constrains;
		}
		if (!i || (package != UINT32_MAX && package == g->package && target == g->target &&
			   constrains == g->constrains))
			VEC_PUSH(&g->lines, line);
		else
			lines[left++] = lines[i];
	}
	return left;
}

void problem_say(const struct problem *p, uint64_t *lines, size_t n, struct buf *out)
{
	AUTO(free) uint8_t *said = mem_zero(p->packages.n + 1, 1);
	struct group g = {0};

	for (size_t shown = 0; n; shown++) {
		/* What nobody reads to the end; the first are those nearest to the request. */
		if (shown == GROUPS_SHOWN && n > 1) {
			buf_printf(out, "; and %zu more of that kind", n);
			break;
		}
		n = take_group(p, lines, n, &g);
		say_group(p, &g, out);
		for (size_t i = 0; i < g.lines.n; i++) {
			const struct text *t = &p->texts.v[(g.lines.v[i] - 1) / 2];
			if (g.constrains || t->count || said[t->package])
				continue;
			said[t->package] = 1;
			say_unmatched(p, t, out);
		}
	}
	VEC_DONE(&g.lines);
}
