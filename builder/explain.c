/* explain.c - the smallest conflict, in words: the lines (name, text) that the proof used, of
 * which each in turn is left out and the rest solved again. */
#include "builder/problem.h"
#include "builder/sat.h"

enum { NEAREST = 3, NAME_MAX_COMPARED = 64 };

struct lines {
	struct problem *p;
	uint32_t *package_of; /* of a variable; UINT32_MAX for the root */
	VEC(uint64_t) v;      /* package << 32 | line */
	uint64_t without;
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
	for (size_t i = 0; i < l->v.n; i++)
		if (l->v.v[i] == line)
			return;
	VEC_PUSH(&l->v, line);
}

static bool keep(void *cookie, uint32_t package, uint32_t line)
{
	const struct lines *l = cookie;
	uint64_t wanted = (uint64_t)package << 32 | line;

	for (size_t i = 0; i < l->v.n; i++)
		if (l->v.v[i] == wanted)
			return wanted != l->without;
	return false;
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

static void shrink(struct lines *l)
{
	for (size_t i = l->v.n; i-- > 0;) {
		l->without = l->v.v[i];
		if (!conflicts(l))
			continue;
		memmove(l->v.v + i, l->v.v + i + 1, (l->v.n - i - 1) * sizeof(*l->v.v));
		l->v.n--;
	}
	l->without = 0;
}

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

static void say_absent(const struct problem *p, struct str name, struct buf *out)
{
	const struct channels *c = p->request->channels;
	struct nearest near = {0};
	size_t limit = name.n < 6 ? 1 : name.n / 3;

	if (str_starts(name, "__")) {
		buf_printf(out, "; there is no virtual package %.*s", STR_ARG(name));
		return;
	}
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->v[i].subdir_count; k++) {
			const struct index *x = c->v[i].subdirs[k].index;
			for (size_t j = 0; x && j < index_name_count(x); j++) {
				struct str other = index_name(x, j);
				unsigned d = distance(name, other);
				if (d <= limit)
					offer(&near, other, d);
			}
		}
	buf_printf(out, "; no channel has %.*s", STR_ARG(name));
	for (unsigned i = 0; i < near.n; i++)
		buf_printf(out, "%s%.*s", i ? ", " : "; nearest: ", STR_ARG(near.name[i]));
}

/* Why a text matches nothing. */
static void say_unmatched(const struct problem *p, const struct text *t, struct buf *out)
{
	const struct package *k = &p->packages.v[t->package];

	if (t->count)
		return;
	if (!k->count) {
		say_absent(p, k->name, out);
		return;
	}
	const struct solvable *best = &p->solvables.v[p->ranked[k->first]];
	if (best->channel == NO_CHANNEL)
		buf_printf(out, "; %.*s is %.*s here", STR_ARG(k->name),
			   STR_ARG(best->version_text));
	else
		buf_printf(out, "; of %.*s there are %u records, the best %.*s", STR_ARG(k->name),
			   k->count, STR_ARG(best->version_text));
}

static bool has_line(const struct problem *p, const struct solvable *s, uint32_t line)
{
	uint32_t text = (line - 1) / 2, from = (line & 1) ? 0 : s->depends;
	uint32_t n = (line & 1) ? s->depends : s->constrains;

	for (uint32_t i = 0; i < n; i++)
		if (p->edges.v[s->edges + from + i] == text)
			return true;
	return false;
}

static void say_subject(const struct problem *p, uint32_t package, uint32_t line, struct buf *out)
{
	const struct package *k = &p->packages.v[package];
	struct str one = {0};
	uint32_t n = 0;

	for (uint32_t i = k->first; i < k->first + k->count; i++) {
		if (!has_line(p, &p->solvables.v[i], line))
			continue;
		n++;
		one = p->solvables.v[i].version_text;
	}
	buf_add_str(out, k->name);
	if (n == 1)
		buf_printf(out, " %.*s", STR_ARG(one));
	else if (n == k->count)
		buf_printf(out, " (all %u versions)", n);
	else
		buf_printf(out, " (%u of %u versions)", n, k->count);
}

static void say_line(const struct problem *p, uint64_t key, struct buf *out)
{
	uint32_t package = (uint32_t)(key >> 32), line = (uint32_t)key;
	const struct text *t = &p->texts.v[(line - 1) / 2];

	if (out->n)
		buf_add_text(out, "; ");
	if (package != UINT32_MAX) {
		say_subject(p, package, line, out);
		buf_add_text(out, line & 1 ? " requires " : " constrains ");
		matchspec_display(&t->spec, out);
	} else {
		matchspec_display(&t->spec, out);
		buf_add_text(out, " is requested");
	}
	if (line & 1)
		say_unmatched(p, t, out);
}

int problem_explain(struct problem *p, const struct sat *s, struct err **e)
{
	struct lines l = {.p = p};
	AUTO(buf_done) struct buf words = BUF(1 << 20);

	collect(&l, s);
	shrink(&l);
	for (size_t i = 0; i < l.v.n; i++)
		if (l.v.v[i] >> 32 == UINT32_MAX)
			say_line(p, l.v.v[i], &words);
	for (size_t i = 0; i < l.v.n; i++)
		if (l.v.v[i] >> 32 != UINT32_MAX)
			say_line(p, l.v.v[i], &words);
	free(l.package_of);
	VEC_DONE(&l.v);
	return err_set(e, ERR_UNSOLVABLE, "%s", words.n ? words.data : "no set of packages fits");
}
