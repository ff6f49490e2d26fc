/* absent.c - why a text matches nothing, and where it would have matched. */
#include "builder/explain.h"

enum { BUILDS_SHOWN = 4 };

static void note(unsigned indent, struct buf *out)
{
	buf_printf(out, "\n%*s", (int)indent, "");
}

/* ---- a name that is nowhere ---- */

static void say_where(const struct channels *c, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		size_t n = 0;
		buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(c->v[i].name));
		for (size_t k = 0; k < c->v[i].subdir_count; k++)
			if (c->v[i].subdirs[k].index)
				buf_printf(out, "%s%.*s", n++ ? ", " : " (",
					   STR_ARG(c->v[i].subdirs[k].subdir));
		buf_add_text(out, n ? ")" : "");
	}
}

static void say_nowhere(const struct problem *p, struct str name, unsigned indent, struct buf *out)
{
	const struct solve_request *r = p->request;
	AUTO(buf_done) struct buf others = BUF(1 << 16);
	AUTO(buf_done) struct buf near = BUF(1 << 16);

	if (r->elsewhere)
		r->elsewhere(r->cookie, name, &others);
	if (others.n) {
		note(indent, out);
		buf_printf(out, "only for other platforms: %s", others.data);
	}
	solve_nearest(r->channels, name, &near);
	if (near.n) {
		note(indent, out);
		buf_printf(out, "nearest: %s", near.data);
	}
	note(indent, out);
	buf_add_text(out, "looked in ");
	say_where(r->channels, out);
}

/* ---- a name of which no record fits ---- */

/* The builds of the versions that fit, where it is the build that does not. */
static bool say_builds(const struct problem *p, uint32_t text, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct package *k = &p->packages.v[p->texts.v[text].package];
	AUTO(buf_done) struct buf shown = BUF(1 << 16);
	struct matchspec any_build;
	uint32_t n = 0;

	conflict_say_text(p, text, false, &shown);
	struct str rest = buf_str(&shown), name, version;
	str_cut(&rest, ' ', &name);
	if (!str_cut(&rest, ' ', &version))
		return false;
	rest = arena_printf(&a, "%.*s %.*s", STR_ARG(name), STR_ARG(version));
	if (matchspec_parse(&a, rest, MATCHSPEC_RECORD, &any_build, NULL) < 0)
		return false;
	for (uint32_t i = k->first; i < k->first + k->count; i++) {
		struct record r;
		const struct solvable *s = &p->solvables.v[p->ranked[i]];
		if (problem_record(p, p->ranked[i], &a, &r, NULL) < 0 ||
		    !matchspec_matches_version(&any_build, &r))
			continue;
		if (n++ >= BUILDS_SHOWN)
			continue;
		if (n == 1)
			buf_printf(out, ": there is only %.*s ", STR_ARG(k->name));
		buf_printf(out, "%s%.*s ", n > 1 ? ", " : "", STR_ARG(problem_version(p, s)));
		conflict_say_plain(r.build, out);
	}
	if (n > BUILDS_SHOWN)
		buf_printf(out, " and %u more builds", n - BUILDS_SHOWN);
	return n > 0;
}

/* Whether the record may be what a spec with that channel wants; an empty one is any. */
static bool is_of(const struct problem *p, const struct solvable *s, struct str channel)
{
	return !channel.n || (s->channel != NO_CHANNEL &&
			      conflict_is_channel(&p->request->channels->v[s->channel], channel));
}

/* False when there are none. */
static bool say_versions(const struct problem *p, uint32_t package, struct str channel,
			 struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct package *k = &p->packages.v[package];
	struct ladder l = ladder_make(p, package, &a);
	uint8_t *marks = arena_zero(&a, l.n + 1u, 1);

	for (uint32_t i = k->first; i < k->first + k->count; i++)
		if (is_of(p, &p->solvables.v[i], channel))
			marks[ladder_step(p, &l, &p->solvables.v[i])] = 1;
	uint32_t n = ladder_marked(&l, marks);
	ladder_say(p, &l, marks, out);
	if (n > 2)
		buf_printf(out, " (%u versions)", n);
	return n > 0;
}

static void say_there_is_only(const struct problem *p, uint32_t text, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf versions = BUF(1 << 16);
	const struct text *t = &p->texts.v[text];
	struct str channel = conflict_spec_channel(problem_spec(p, text, &a), &a);
	struct str name = p->packages.v[t->package].name;

	if (say_versions(p, t->package, channel, &versions))
		buf_printf(out, ": %s only %.*s %s", channel.n ? "that channel has" : "there is",
			   STR_ARG(name), versions.data);
	else
		buf_printf(out, ": that channel has no %.*s", STR_ARG(name));
}

struct str absent_origin(const struct problem *p, struct str name)
{
	const struct solve_request *r = p->request;

	for (size_t i = 0; i < r->origin_count; i++)
		if (str_eq(r->origins[i].name, name))
			return r->origins[i].from;
	return (struct str){0};
}

static void say_target(const struct problem *p, uint32_t package, struct buf *out)
{
	const struct package *k = &p->packages.v[package];
	struct str from = absent_origin(p, k->name);

	buf_printf(out, ": the target has %s%.*s", k->count ? "" : "no ", STR_ARG(k->name));
	if (k->count) {
		buf_add_char(out, ' ');
		say_versions(p, package, (struct str){0}, out);
	}
	if (from.n)
		buf_printf(out, " (%.*s)", STR_ARG(from));
}

void absent_clause(const struct problem *p, uint32_t text, struct buf *out)
{
	uint32_t package = p->texts.v[text].package;
	const struct package *k = &p->packages.v[package];

	if (!k->count && k->newer) {
		buf_printf(out, ": every %.*s is newer than --exclude-newer allows",
			   STR_ARG(k->name));
	} else if (!k->count && k->unreadable) {
		buf_printf(out,
			   ": every record of %.*s has a version or dependency that does not parse",
			   STR_ARG(k->name));
	} else if (str_starts(k->name, "__")) {
		say_target(p, package, out);
	} else if (!k->count) {
		buf_printf(out, ": no channel has %.*s", STR_ARG(k->name));
	} else if (!say_builds(p, text, out)) {
		say_there_is_only(p, text, out);
	}
}

/* ---- channels behind the first that has the name ---- */

static bool has_name(const struct channel *c, struct str name)
{
	uint32_t first, count;

	for (size_t k = 0; k < c->subdir_count; k++)
		if (c->subdirs[k].index && index_find(c->subdirs[k].index, name, &first, &count))
			return true;
	return false;
}

static size_t next_with(const struct problem *p, struct str name, size_t at)
{
	const struct channels *c = p->request->channels;

	while (at < c->n && !has_name(&c->v[at], name))
		at++;
	return at;
}

bool absent_hidden(const struct problem *p, uint32_t package, size_t *at)
{
	const struct package *k = &p->packages.v[package];
	size_t first = next_with(p, k->name, 0), from = *at > first ? *at : first + 1;

	if (p->request->priority != PRIORITY_STRICT || k->sole || str_starts(k->name, "__"))
		return false;
	*at = next_with(p, k->name, from);
	return *at < p->request->channels->n;
}

/* How many records of the channel the spec fits; *best: the highest version. */
static size_t fitting(const struct channel *c, const struct matchspec *m, struct arena *a,
		      struct record *best)
{
	uint32_t first, count;
	struct record r;
	size_t n = 0;

	for (size_t k = 0; k < c->subdir_count; k++) {
		const struct index *x = c->subdirs[k].index;
		if (!x || !index_find(x, m->name, &first, &count))
			continue;
		for (uint32_t i = 0; i < count; i++) {
			index_record(x, first + i, a, &r);
			if (version_parse(a, r.version_text, &r.version, NULL) < 0 ||
			    !matchspec_matches_version(m, &r))
				continue;
			if (!n++ || version_compare(r.version, best->version) > 0)
				*best = r;
		}
	}
	return n;
}

static void say_hidden(const struct problem *p, uint32_t text, unsigned indent, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct channel *c = p->request->channels->v;
	const struct matchspec *m = problem_spec(p, text, &a);
	uint32_t package = p->texts.v[text].package;
	struct str user = c[next_with(p, m->name, 0) % p->request->channels->n].name;
	struct record best;

	for (size_t at = 0; absent_hidden(p, package, &at); at++) {
		if (!fitting(&c[at], m, &a, &best))
			continue;
		note(indent, out);
		buf_printf(out, "%.*s has %.*s %.*s, hidden by %.*s: strict channel priority",
			   STR_ARG(c[at].name), STR_ARG(m->name), STR_ARG(best.version_text),
			   STR_ARG(user));
		return;
	}
}

void absent_notes(const struct problem *p, uint32_t text, unsigned indent, struct buf *out)
{
	const struct package *k = &p->packages.v[p->texts.v[text].package];

	if (str_starts(k->name, "__"))
		return;
	if (!k->count && !k->unreadable && !k->newer)
		say_nowhere(p, k->name, indent, out);
	else
		say_hidden(p, text, indent, out);
}
