/* conflict_words.c - a conflict as a tree of lines that name the specs. */
#include "builder/explain.h"

enum {
	TEXTS_SHOWN = 3,
	ROWS_OF_A_KIND = 2, /* beyond, one row says it for all versions */
	ROWS_SHOWN = 16,
	INDENT = 2
};

/* ---- rows: versions of a package that have the same texts about another ---- */

struct row {
	uint32_t package, target;
	bool constrains;
	VEC(uint32_t) texts;
	uint8_t *versions; /* by step of the package's ladder; NULL: of the request */
	bool said;
};

struct tree {
	const struct problem *p;
	struct arena arena;
	struct buf *out;
	struct ladder *ladders; /* by package; v NULL: not made */
	uint8_t *asked;		/* by package: specs of the request about it */
	uint8_t *reached;	/* by solvable: specs of the request, or others, that lead to it */
	uint8_t *opened;	/* by package: its rows are said */
	uint8_t *noted;		/* by package: why nothing matches is said */
	VEC(struct row) rows;
	size_t said;
};

static const struct ladder *ladder_of(struct tree *t, uint32_t package)
{
	struct ladder *l = &t->ladders[package];

	if (!l->v)
		*l = ladder_make(t->p, package, &t->arena);
	return l;
}

/* A package that the request names may only be what it names; any other, what some line of
 * the conflict leads to. */
static bool is_candidate(const struct tree *t, uint32_t solvable)
{
	uint8_t asked = t->asked[t->p->solvables.v[solvable].name];

	return asked ? t->reached[solvable] == asked : t->reached[solvable] > 0;
}

static void mark_reached(struct tree *t, const struct conflict *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct text *text = &t->p->texts.v[c->lines[i].text];
		bool of_request = c->lines[i].package == OF_REQUEST;
		if (c->lines[i].constrains || (!of_request && t->asked[text->package]))
			continue;
		for (uint32_t k = 0; k < text->count; k++)
			if (t->reached[text->matches[k]] < UINT8_MAX)
				t->reached[text->matches[k]]++;
		t->asked[text->package] += of_request && t->asked[text->package] < UINT8_MAX;
	}
}

static bool has_text(const struct problem *p, const struct solvable *s, bool constrains,
		     uint32_t text)
{
	uint32_t from = s->edges + (constrains ? s->depends : 0);
	uint32_t n = constrains ? s->constrains : s->depends;

	for (uint32_t i = 0; i < n; i++)
		if (p->edges.v[from + i] == text)
			return true;
	return false;
}

static bool has_any(const struct problem *p, const struct solvable *s, const struct row *r)
{
	for (size_t i = 0; i < r->texts.n; i++)
		if (has_text(p, s, r->constrains, r->texts.v[i]))
			return true;
	return false;
}

/* Those of the candidates whose records have one of the row's texts. */
static void mark_versions(struct tree *t, struct row *r)
{
	const struct package *k = &t->p->packages.v[r->package];
	const struct ladder *l = ladder_of(t, r->package);

	r->versions = arena_zero(&t->arena, l->n + 1u, 1);
	for (uint32_t i = k->first; i < k->first + k->count; i++)
		if (is_candidate(t, i) && has_any(t->p, &t->p->solvables.v[i], r))
			r->versions[ladder_step(t->p, l, &t->p->solvables.v[i])] = 1;
}

static bool same_kind(const struct row *a, const struct row *b)
{
	return a->package == b->package && a->target == b->target && a->constrains == b->constrains;
}

/* Each spec of the request stays on its own: all of them must hold. */
static void add_row(struct tree *t, const struct conflict_line *line)
{
	struct row r = {line->package, t->p->texts.v[line->text].package, line->constrains};

	VEC_PUSH(&r.texts, line->text);
	if (r.package != OF_REQUEST)
		mark_versions(t, &r);
	for (size_t i = 0; i < t->rows.n && r.versions; i++) {
		struct row *old = &t->rows.v[i];
		if (!same_kind(old, &r) ||
		    memcmp(old->versions, r.versions, ladder_of(t, r.package)->n) != 0)
			continue;
		VEC_PUSH(&old->texts, line->text);
		VEC_DONE(&r.texts);
		return;
	}
	VEC_PUSH(&t->rows, r);
}

/* Texts by the versions that they lead to, the lowest first. */
static int by_best(const void *a, const void *b, void *cookie)
{
	const struct problem *p = cookie;
	const struct text *x = &p->texts.v[*(const uint32_t *)a],
			  *y = &p->texts.v[*(const uint32_t *)b];
	uint32_t v = x->count ? p->version_order[p->solvables.v[x->best].version] + 1 : 0;
	uint32_t w = y->count ? p->version_order[p->solvables.v[y->best].version] + 1 : 0;

	if (v != w)
		return v < w ? -1 : 1;
	return (x > y) - (x < y);
}

/* Puts all rows of the kind of the first into it. */
static void merge_rows(struct tree *t, size_t first)
{
	struct row *into = &t->rows.v[first];
	uint32_t steps = ladder_of(t, into->package)->n;
	size_t n = first + 1;

	for (size_t i = n; i < t->rows.n; i++) {
		struct row *r = &t->rows.v[i];
		if (!same_kind(into, r)) {
			t->rows.v[n++] = *r;
			continue;
		}
		for (size_t k = 0; k < r->texts.n; k++)
			VEC_PUSH(&into->texts, r->texts.v[k]);
		for (uint32_t k = 0; k < steps; k++)
			into->versions[k] |= r->versions[k];
		VEC_DONE(&r->texts);
	}
	t->rows.n = n;
}

static void make_rows(struct tree *t, const struct conflict *c)
{
	for (size_t i = 0; i < c->n; i++)
		add_row(t, &c->lines[i]);
	for (size_t i = 0; i < t->rows.n; i++) {
		size_t n = 0;
		for (size_t k = i; k < t->rows.n && t->rows.v[i].versions; k++)
			n += same_kind(&t->rows.v[i], &t->rows.v[k]);
		if (n > ROWS_OF_A_KIND)
			merge_rows(t, i);
		struct row *r = &t->rows.v[i];
		qsort_r(r->texts.v, r->texts.n, sizeof(*r->texts.v), by_best, (void *)t->p);
	}
}

/* ---- what a row says ---- */

/* How many of the versions' records it is about, where it is not all of them. */
static void say_builds(struct tree *t, const struct row *r, bool inside)
{
	const struct problem *p = t->p;
	const struct package *k = &p->packages.v[r->package];
	const struct ladder *l = ladder_of(t, r->package);
	AUTO(arena_done) struct arena a = ARENA;
	uint32_t all = 0, some = 0, one = 0;
	struct record record;

	for (uint32_t i = k->first; i < k->first + k->count; i++) {
		const struct solvable *s = &p->solvables.v[i];
		if (!is_candidate(t, i) || !r->versions[ladder_step(p, l, s)])
			continue;
		all++;
		if (has_any(p, s, r)) {
			some++;
			one = i;
		}
	}
	if (some == all)
		return;
	if (inside) {
		buf_printf(t->out, "; %u of %u builds", some, all);
	} else if (some == 1 && problem_record(p, one, &a, &record, NULL) == 0) {
		buf_add_char(t->out, ' ');
		conflict_say_plain(record.build, t->out);
	} else {
		buf_printf(t->out, " (%u of %u builds)", some, all);
	}
}

static void say_subject(struct tree *t, const struct row *r)
{
	const struct ladder *l = ladder_of(t, r->package);
	struct str name = t->p->packages.v[r->package].name;
	bool all = l->n > 1 && ladder_marked(l, r->versions) == l->n;

	buf_printf(t->out, all ? "every %.*s (" : "%.*s ", STR_ARG(name));
	ladder_say(t->p, l, r->versions, t->out);
	say_builds(t, r, all);
	buf_add_text(t->out, all ? ")" : "");
}

/* "python 3.8.1 to 3.11.9": all that the texts match. False when that is nothing. */
static bool say_matched(struct tree *t, const struct row *r)
{
	const struct ladder *l = ladder_of(t, r->target);
	AUTO(free) uint8_t *marks = mem_zero(l->n + 1u, 1);

	for (size_t i = 0; i < r->texts.n; i++) {
		const struct text *text = &t->p->texts.v[r->texts.v[i]];
		for (uint32_t k = 0; k < text->count; k++)
			marks[ladder_step(t->p, l, &t->p->solvables.v[text->matches[k]])] = 1;
	}
	if (!ladder_marked(l, marks))
		return false;
	buf_printf(t->out, "%.*s ", STR_ARG(t->p->packages.v[r->target].name));
	ladder_say(t->p, l, marks, t->out);
	return true;
}

static void say_texts(struct tree *t, const struct row *r)
{
	size_t n = r->texts.n;

	if (n > TEXTS_SHOWN && say_matched(t, r))
		return;
	for (size_t i = 0; i < n; i++) {
		if (i == TEXTS_SHOWN && n > TEXTS_SHOWN + 1) {
			buf_printf(t->out, " or %zu others", n - i);
			return;
		}
		buf_add_text(t->out, !i ? "" : i + 1 < n ? ", " : " or ");
		conflict_say_text(t->p, r->texts.v[i], i > 0, t->out);
	}
}

static bool is_matched(const struct tree *t, const struct row *r)
{
	for (size_t i = 0; i < r->texts.n; i++)
		if (t->p->texts.v[r->texts.v[i]].count)
			return true;
	return false;
}

/* ---- where rows meet ---- */

static bool is_disjoint(const struct tree *t, const struct row *a, const struct row *b)
{
	const struct package *k = &t->p->packages.v[a->target];
	AUTO(free) uint8_t *marks = mem_zero(k->count + 1u, 1);
	bool met = false;

	for (size_t i = 0; i < a->texts.n; i++) {
		const struct text *text = &t->p->texts.v[a->texts.v[i]];
		for (uint32_t j = 0; j < text->count; j++)
			marks[text->matches[j] - k->first] = 1;
	}
	for (size_t i = 0; i < b->texts.n; i++) {
		const struct text *text = &t->p->texts.v[b->texts.v[i]];
		for (uint32_t j = 0; j < text->count; j++)
			met |= marks[text->matches[j] - k->first];
	}
	return !met;
}

/* Nothing that is said of the target itself follows: what leads to it must clash there. */
static bool is_meeting_point(const struct tree *t, uint32_t package)
{
	for (size_t i = 0; i < t->rows.n; i++)
		if (t->rows.v[i].package == package)
			return false;
	return true;
}

static void say_meeting(struct tree *t, const struct row *r)
{
	size_t before = 0, behind = 0;

	if (!is_meeting_point(t, r->target))
		return;
	for (size_t i = 0; i < t->rows.n; i++) {
		const struct row *other = &t->rows.v[i];
		if (other == r || other->target != r->target)
			continue;
		before += other->said;
		behind += !other->said;
		if (!other->said || !is_disjoint(t, r, other))
			continue;
		buf_add_text(t->out, ", which excludes ");
		say_texts(t, other);
		return;
	}
	if (before && !behind)
		buf_printf(t->out, ", which leaves no %.*s",
			   STR_ARG(t->p->packages.v[r->target].name));
}

/* ---- the tree ---- */

static void end_row(struct tree *t, struct row *r, unsigned depth)
{
	uint32_t text = r->texts.v[0];

	bool virtual = str_starts(t->p->packages.v[r->target].name, "__");

	if ((!r->constrains || virtual) && !is_matched(t, r)) {
		absent_clause(t->p, text, t->out);
		if (!t->noted[r->target])
			absent_notes(t->p, text, (depth + 1) * INDENT, t->out);
		t->noted[r->target] = 1;
	} else {
		say_meeting(t, r);
	}
	r->said = true;
}

static void say_row(struct tree *t, struct row *r, unsigned depth)
{
	buf_printf(t->out, "\n%*s", (int)(depth * INDENT), "");
	say_subject(t, r);
	buf_add_text(t->out, r->constrains ? " allows only " : " needs ");
	say_texts(t, r);
	end_row(t, r, depth);
}

static void say_rows(struct tree *t, uint32_t package, unsigned depth)
{
	if (t->opened[package])
		return;
	t->opened[package] = 1;
	for (size_t i = 0; i < t->rows.n; i++) {
		struct row *r = &t->rows.v[i];
		if (r->package != package || t->said == ROWS_SHOWN)
			continue;
		t->said++;
		say_row(t, r, depth);
		if (!t->asked[r->target])
			say_rows(t, r->target, depth + 1);
	}
}

static size_t rows_of(const struct tree *t, uint32_t package)
{
	size_t n = 0;

	for (size_t i = 0; i < t->rows.n; i++)
		n += t->rows.v[i].package == package;
	return n;
}

/* A bare name of which only one thing is to be said needs no line of its own. */
static bool goes_without_saying(const struct tree *t, const struct row *r)
{
	AUTO(buf_done) struct buf text = BUF(1 << 16);

	if (t->asked[r->target] != 1 || rows_of(t, r->target) != 1)
		return false;
	conflict_say_text(t->p, r->texts.v[0], false, &text);
	return str_eq(buf_str(&text), t->p->packages.v[r->target].name);
}

/* Specs that only limit what others lead to stand before those others. */
static void say_request(struct tree *t, bool limits)
{
	for (size_t i = 0; i < t->rows.n; i++) {
		struct row *r = &t->rows.v[i];
		if (r->package != OF_REQUEST || limits != (rows_of(t, r->target) == 0))
			continue;
		bool silent = goes_without_saying(t, r);
		if (!silent) {
			buf_printf(t->out, "\n%*s", INDENT, "");
			say_texts(t, r);
			end_row(t, r, 1);
		}
		if (!limits)
			say_rows(t, r->target, silent ? 1 : 2);
	}
}

void conflict_say(const struct problem *p, const struct conflict *c, struct buf *out)
{
	struct tree t = {.p = p, .out = out};
	size_t unsaid = 0;

	t.ladders = arena_zero(&t.arena, p->packages.n + 1, sizeof(*t.ladders));
	t.asked = arena_zero(&t.arena, p->packages.n + 1, 1);
	t.opened = arena_zero(&t.arena, p->packages.n + 1, 1);
	t.noted = arena_zero(&t.arena, p->packages.n + 1, 1);
	t.reached = arena_zero(&t.arena, p->solvables.n + 1, 1);
	mark_reached(&t, c);
	make_rows(&t, c);
	say_request(&t, true);
	say_request(&t, false);
	for (size_t i = 0; i < t.rows.n; i++) {
		unsaid += t.rows.v[i].package != OF_REQUEST && !t.rows.v[i].said;
		VEC_DONE(&t.rows.v[i].texts);
	}
	if (unsaid)
		buf_printf(out, "\n%*sand %zu more of that kind", INDENT, "", unsaid);
	VEC_DONE(&t.rows);
	arena_done(&t.arena);
}
