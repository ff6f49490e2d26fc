/* builder/build_pip.c - the wheels of a lock: asked for when conda's packages are known. */
#include "builder/build_private.h"
#include "builder/workshop.h"
#include "specs/base/vec.h"
#include "specs/base/workers.h"
#include "specs/wheel_name.h"

/* What conda's packages bring along, package by package. */
struct provided {
	struct build *b;
	const struct lock *lock;
	size_t count; /* of its packages, before wheels */
	struct package_file *files;
	struct arena *arenas;	    /* [count] */
	struct pip_dists *of;	    /* [count] */
	VEC(struct pip_dist) dists; /* all of them */
};

static void provided_done(struct provided *p)
{
	for (size_t i = 0; p->arenas && i < p->count; i++)
		arena_done(&p->arenas[i]);
	package_files_done(p->files, p->count);
	free(p->files);
	free(p->arenas);
	free(p->of);
	VEC_DONE(&p->dists);
}
AUTO_DEFINE_VALUE(struct provided, provided_done)

int build_check_archive(struct build *b, const struct record *r, const struct package_file *file,
			struct err **e)
{
	struct package_options options = {b->cache, b->o.offline, b->missing, b->o.jobs, b->o.log};
	return package_check(b->http, r, &options, file, e);
}

static int read_one(void *cookie, size_t i, struct err **e)
{
	struct provided *p = cookie;
	const struct record *r = &p->lock->records[i];
	const char *archive = p->files[i].path;
	int code = pip_dists_read(archive, r->name, &p->arenas[i], &p->of[i], e);
	if (code == ERR_CORRUPT && !p->files[i].verified) {
		err_clear(e);
		code = build_check_archive(p->b, r, &p->files[i], e);
		if (code == 0)
			code = pip_dists_read(archive, r->name, &p->arenas[i], &p->of[i], e);
	}
	return code < 0 ? err_wrap(e, code, "%.*s", STR_ARG(r->name)) : 0;
}

static int read_all(struct build *b, struct provided *p, struct err **e)
{
	size_t n = p->count = p->lock->count;
	p->files = mem_zero(n, sizeof(*p->files));
	p->arenas = mem_zero(n, sizeof(*p->arenas));
	p->of = mem_zero(n, sizeof(*p->of));
	int code = build_fetch(b, p->lock, p->files, e);
	if (code == 0)
		code = workers_run(b->o.jobs, n, read_one, p, e);
	for (size_t i = 0; i < n && code == 0; i++)
		for (size_t k = 0; k < p->of[i].n; k++)
			VEC_PUSH(&p->dists, p->of[i].v[k]);
	return code;
}

static void add_records(struct lock *l, const struct record *records, size_t count)
{
	struct record *all = arena_zero(&l->arena, l->count + count, sizeof(*all));
	if (l->count)
		memcpy(all, l->records, l->count * sizeof(*all));
	for (size_t i = 0; i < count; i++)
		record_copy(&l->arena, &records[i], &all[l->count + i]);
	l->records = all;
	l->count += count;
}

/* ---- sources ---- */

/* Makes a file the wheel of its source. */
static int replace_file(struct workshop *w, const struct record *r, struct package_file *file,
			bool find, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct package_file wheel = {0};
	struct record copy;
	record_copy(&a, r, &copy);
	int code =
		find ? workshop_find(w, &copy, &wheel, e) : workshop_build(w, &a, &copy, &wheel, e);
	if (code == ERR_ABSENT && find) {
		err_clear(e);
		code = 0;
	}
	if (code < 0)
		return code;
	package_files_done(file, 1);
	*file = wheel;
	return 0;
}

static int replace_files(struct build *b, const struct lock *l, struct package_file *files,
			 bool find, struct err **e)
{
	AUTO(workshop_close) struct workshop *w = NULL;
	int code = 0;
	for (size_t i = 0; i < l->count && code == 0; i++) {
		if (!l->records[i].source)
			continue;
		if (!w)
			w = workshop_open(b, l, files, NULL);
		if (b->o.no_build && !find)
			return err_set(e, ERR_UNSOLVABLE,
				       "%.*s %.*s is a source in the lock, which --no-build "
				       "forbids to build",
				       STR_ARG(l->records[i].name),
				       STR_ARG(l->records[i].version_text));
		code = replace_file(w, &l->records[i], &files[i], find, e);
	}
	return code;
}

int build_sources(struct build *b, const struct lock *l, struct package_file *files, struct err **e)
{
	return replace_files(b, l, files, false, e);
}

int build_find_sources(struct build *b, const struct lock *l, struct package_file *files,
		       size_t *missing, struct err **e)
{
	int code = *missing ? 0 : replace_files(b, l, files, true, e);
	for (size_t i = 0; i < l->count && code == 0; i++)
		*missing += l->records[i].source && !files[i].path;
	return code;
}

/* ---- wheels of a lock ---- */

enum { ANY_GLIBC = 999 };

static int check_wheel(const struct pip_target *t, const struct record *r, struct err **e)
{
	struct wheel_name name;
	AUTO(buf_done) struct buf target = BUF(256);
	if (r->manager != MANAGER_PIP || r->source || wheel_name_parse(r->fn, &name, NULL) < 0 ||
	    pip_tags_rank(t, name.python, name.abi, name.platform) >= 0)
		return 0;
	buf_printf(&target, "Python %.*s on %s", STR_ARG(t->python), t->platform->image);
	if (t->glibc != ANY_GLIBC)
		buf_printf(&target, " with glibc 2.%u", t->glibc);
	return err_set(e, ERR_UNSOLVABLE, "%.*s %.*s is a wheel for %.*s-%.*s-%.*s, not for %s",
		       STR_ARG(r->name), STR_ARG(r->version_text), STR_ARG(name.python),
		       STR_ARG(name.abi), STR_ARG(name.platform), target.data);
}

int build_check_wheels(struct build *b, const struct lock *l, bool glibc, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct lock as = *l;
	struct pip_target target;
	struct virtuals v = {0};
	size_t wheels = 0;
	for (size_t i = 0; i < l->count; i++)
		wheels += l->records[i].manager == MANAGER_PIP;
	if (wheels == 0)
		return 0;
	int code = glibc ? build_virtuals(b, &a, &v, e) : 0;
	as.virtuals = v.texts;
	if (code == 0)
		code = workshop_target(b, &as, &target, e);
	if (code == 0 && target.glibc == 0)
		target.glibc = ANY_GLIBC;
	for (size_t i = 0; i < l->count && code == 0; i++)
		code = check_wheel(&target, &l->records[i], e);
	return code;
}

/* ---- the request ---- */

static const char *why_not(const struct build *b)
{
	if (b->o.no_build)
		return "--no-build forbids";
	return b->foreign ? "takes programs of the target, and those do not run on this machine"
			  : NULL;
}

static int solve_pip(struct build *b, const struct definition *d, struct provided *p,
		     const struct pip_target *target, struct lock *l, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(workshop_close) struct workshop *w = workshop_open(b, l, p->files, &d->pip);
	struct record *found;
	size_t count;
	struct pip_request q = {
		.requirements = &d->pip,
		.provided = {p->dists.v, p->dists.n},
		.target = *target,
		.cache = b->cache,
		.offline = b->o.offline,
		.connect_ms = b->o.connect_ms,
		.idle_ms = b->o.idle_ms,
		.newest = b->newest,
		.why_not = why_not(b),
		.build = workshop_build_dist,
		.python = workshop_python,
		.cookie = w,
		.log = b->o.log,
	};
	int code = pip_solve(&q, &a, &found, &count, e);
	if (code == 0)
		code = pip_check_provided(&q, found, count, e);
	if (code == 0)
		add_records(l, found, count);
	return code;
}

int build_add_wheels(struct build *b, const struct definition *d, struct lock *l, struct err **e)
{
	AUTO(provided_done) struct provided p = {.b = b, .lock = l};
	struct pip_target target;
	if (d->pip.lines.n == 0)
		return 0;
	build_know_logins(b, d);
	int code = workshop_target(b, l, &target, e);
	if (code == 0)
		code = read_all(b, &p, e);
	if (code < 0)
		return code;
	if (target.glibc == 0)
		return err_set(e, ERR_UNSOLVABLE,
			       "wheels need a glibc, and the base has none; another base has, or "
			       "--virtual __glibc=VERSION says so");
	log_phase(b->o.log, "pip");
	return solve_pip(b, d, &p, &target, l, e);
}
