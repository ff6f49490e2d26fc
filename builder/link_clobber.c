/* builder/link_clobber.c - who has a path that several packages want.
 *
 * Of two files the one of the package that rattler links last: a dependent beats what it
 * depends on, and among independents the first by name has it. A file beats a directory of its
 * name, and what others wanted below it: nothing is ever written through a link that another
 * package owns. A wheel shares a path with another package only where the bytes are the same. */
#include "builder/bytecode.h"
#include "builder/link_private.h"
#include "cache/intern.h"
#include "specs/base/vec.h"

#define NOBODY UINT32_MAX

/* Who wants it: a package and the place in its paths. */
struct owner {
	uint32_t package, at;
};

/* Paths that one package lost to another. */
struct clash {
	uint32_t loser, winner;
	struct str path; /* the first of them */
	size_t count;
};

struct settling {
	struct link_plan *plan;
	struct intern names;
	VEC(struct owner) owners; /* of a number in names */
	VEC(struct clash) clashes;
	struct str checked; /* a directory with nothing in its way */
	struct owner none;
	struct owner wheel,
		other; /* the first two that may not share a path; wheel.package NOBODY */
	bool full;     /* of names: nothing it says is right any more */
};

static void settling_done(struct settling *s)
{
	intern_done(&s->names);
	VEC_DONE(&s->owners);
	VEC_DONE(&s->clashes);
}
AUTO_DEFINE_VALUE(struct settling, settling_done)

static struct link_path *path_of(const struct settling *s, struct owner o)
{
	return &s->plan->packages[o.package]->paths[o.at];
}

static struct package_path *listed(const struct settling *s, struct owner o)
{
	bool is = path_of(s, o)->kind == LINK_LISTED;
	return is ? &s->plan->packages[o.package]->info.paths[o.at] : NULL;
}

static bool is_directory(const struct settling *s, struct owner o)
{
	const struct package_path *path = listed(s, o);
	return path && path->type == PATH_DIRECTORY;
}

/* Its owner, to be read or set. */
static struct owner *lookup(struct settling *s, struct str path)
{
	uint32_t id = intern_id(&s->names, path);
	if (id == UINT32_MAX) {
		s->full = true;
		s->none = (struct owner){NOBODY, 0};
		return &s->none;
	}
	while (s->owners.n <= id)
		VEC_PUSH(&s->owners, ((struct owner){NOBODY, 0}));
	return &s->owners.v[id];
}

static bool is_wheel(const struct settling *s, struct owner o)
{
	return s->plan->packages[o.package]->info.wheel != NULL;
}

/* Namespace packages come with the same __init__.py in several wheels. */
static bool same_bytes(const struct settling *s, struct owner a, struct owner b)
{
	const struct package_path *one = listed(s, a), *two = listed(s, b);
	return one && two && one->has_sha256 && two->has_sha256 &&
	       digest_eq(&one->sha256, &two->sha256);
}

static void lose(struct settling *s, struct owner loser, struct owner winner)
{
	struct link_path *path = path_of(s, loser);
	bool wheels =
		loser.package != winner.package && (is_wheel(s, loser) || is_wheel(s, winner));
	path->lost = true;
	if (wheels && same_bytes(s, loser, winner))
		return;
	if (wheels && s->wheel.package == NOBODY) {
		s->wheel = loser;
		s->other = winner;
	}
	for (size_t i = s->clashes.n; i-- > 0;) {
		struct clash *c = &s->clashes.v[i];
		if (c->loser == loser.package && c->winner == winner.package) {
			c->count++;
			return;
		}
	}
	VEC_PUSH(&s->clashes, ((struct clash){loser.package, winner.package, path->path, 1}));
}

/* --- paths that two want ----------------------------------------------------------------- */

static bool beats(const struct settling *s, struct owner a, struct owner b)
{
	bool dir_a = is_directory(s, a), dir_b = is_directory(s, b);
	int kind_a = path_of(s, a)->kind, kind_b = path_of(s, b)->kind;
	if (dir_a != dir_b)
		return dir_b;
	/* No package may speak for another in conda-meta. */
	if ((kind_a == LINK_META) != (kind_b == LINK_META))
		return kind_a == LINK_META;
	if (a.package == b.package)
		return kind_a > kind_b;
	return s->plan->packages[a.package]->rank > s->plan->packages[b.package]->rank;
}

static void claim(struct settling *s, struct owner who)
{
	struct link_path *path = path_of(s, who);
	struct owner *at = lookup(s, path->path);
	if (at->package == NOBODY) {
		*at = who;
		return;
	}
	struct owner other = *at;
	bool directories = is_directory(s, who) && is_directory(s, other);
	if (directories && who.package != other.package)
		return;
	/* The same line twice is no conflict. */
	struct package_path *one = listed(s, who), *two = listed(s, other);
	if (one && two && who.package == other.package && str_eq(one->path, two->path)) {
		path->lost = true;
		return;
	}
	if (beats(s, who, other)) {
		*at = who;
		lose(s, other, who);
	} else {
		lose(s, who, other);
	}
}

/* --- paths below another's file ---------------------------------------------------------- */

static struct str parent_of(struct str path)
{
	while (path.n && path.p[path.n - 1] != '/')
		path.n--;
	return str_to(path, path.n ? path.n - 1 : 0);
}

/* What stands at the directory `dir` or above and is none; NOBODY. */
static struct owner in_the_way(struct settling *s, struct str dir)
{
	for (; dir.n; dir = parent_of(dir)) {
		struct owner *at = lookup(s, dir);
		if (at->package != NOBODY && !is_directory(s, *at))
			return *at;
	}
	return (struct owner){NOBODY, 0};
}

static int check_above(struct settling *s, struct owner who, struct err **e)
{
	struct link_path *path = path_of(s, who);
	struct str dir = parent_of(path->path);
	if (path->lost || str_eq(dir, s->checked))
		return 0;
	for (;;) {
		struct owner other = in_the_way(s, dir);
		if (other.package == NOBODY) {
			s->checked = dir;
			return 0;
		}
		struct package_path *old = listed(s, other);
		if (other.package == who.package && old && old->type == PATH_UNKNOWN) {
			old->type = PATH_DIRECTORY;
			continue;
		}
		if (other.package == who.package)
			return err_set(e, ERR_CORRUPT, "%.*s lists %s as a file and %s below it",
				       STR_ARG(s->plan->packages[who.package]->stem),
				       path_of(s, other)->path.p, path->path.p);
		lose(s, who, other);
		return 0;
	}
}

/* --- bytecode ---------------------------------------------------------------------------- */

/* conda compiles what stands below site-packages, not scripts. */
static void plan_bytecode(struct settling *s, struct owner who)
{
	struct link_package_plan *p = s->plan->packages[who.package];
	struct link_path *path = path_of(s, who);
	struct package_path *from = listed(s, who);
	if (!p->bytecode || !from || path->lost || from->type == PATH_DIRECTORY ||
	    !str_starts(from->path, "site-packages/"))
		return;
	AUTO(buf_done) struct buf pyc = BUF(BUF_UNLIMITED);
	if (!bytecode_path(path->path, p->python.record->version_text, &pyc) ||
	    lookup(s, buf_str(&pyc))->package != NOBODY ||
	    in_the_way(s, parent_of(buf_str(&pyc))).package != NOBODY)
		return;
	path->pyc = arena_str(&p->info.arena, buf_str(&pyc));
}

static void list_emitted(struct link_package_plan *p)
{
	struct arena *a = &p->info.arena;
	struct str *v = arena_zero(a, 2 * p->count, sizeof(*v));
	size_t n = 0;
	for (size_t k = 0; k < p->count; k++) {
		const struct link_path *path = &p->paths[k];
		if (path->lost)
			continue;
		bool dir = k < p->info.count && p->info.paths[k].type == PATH_DIRECTORY;
		v[n++] = dir ? arena_printf(a, "%s/", path->path.p) : path->path;
		if (path->pyc.n)
			v[n++] = path->pyc;
	}
	p->emitted = (struct strs){v, n};
}

/* --- all of them ------------------------------------------------------------------------- */

static void warn(const struct settling *s)
{
	const struct link_plan *p = s->plan;
	for (size_t i = 0; i < s->clashes.n; i++) {
		const struct clash *c = &s->clashes.v[i];
		struct str loser = p->records[c->loser].name, winner = p->records[c->winner].name;
		if (c->count == 1)
			log_warn(p->options.log, "%s is of %.*s, and not of %.*s, which has it too",
				 c->path.p, STR_ARG(winner), STR_ARG(loser));
		else
			log_warn(p->options.log,
				 "%s and %zu more paths are of %.*s, and not of %.*s, which has "
				 "them too",
				 c->path.p, c->count - 1, STR_ARG(winner), STR_ARG(loser));
	}
}

/* With pip the one installed last would have it, and the other be broken. */
static int refuse_shared(const struct settling *s, struct err **e)
{
	if (s->wheel.package == NOBODY)
		return 0;
	const struct link_package_plan *one = s->plan->packages[s->wheel.package];
	const struct link_package_plan *two = s->plan->packages[s->other.package];
	return err_set(e, ERR_UNSOLVABLE,
		       "%s is both of %.*s (%s) and of %.*s (%s), with different contents: leave "
		       "one of them out",
		       path_of(s, s->wheel)->path.p, STR_ARG(one->stem),
		       one->info.wheel ? "pip" : "conda", STR_ARG(two->stem),
		       two->info.wheel ? "pip" : "conda");
}

static int check_package(struct settling *s, uint32_t i, struct err **e)
{
	int code = 0;
	s->checked = (struct str){NULL, 0};
	for (uint32_t k = 0; k < s->plan->packages[i]->count && code == 0; k++)
		code = check_above(s, (struct owner){i, k}, e);
	return code;
}

int link_plan_settle(struct link_plan *p, struct err **e)
{
	AUTO(settling_done) struct settling s = {.plan = p, .wheel = {NOBODY, 0}};
	uint32_t count = (uint32_t)p->count;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < p->packages[i]->count; k++)
			claim(&s, (struct owner){i, k});
	for (uint32_t i = 0; i < count; i++) {
		int code = check_package(&s, i, e);
		if (code < 0)
			return code;
	}
	int shared = refuse_shared(&s, e);
	if (shared < 0)
		return shared;
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < p->packages[i]->count; k++)
			plan_bytecode(&s, (struct owner){i, k});
		list_emitted(p->packages[i]);
	}
	if (s.full)
		return err_set(e, ERR_LIMIT, "the packages have more paths than kiln accepts");
	warn(&s);
	return 0;
}
