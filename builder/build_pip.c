/* builder/build_pip.c - the wheels of a lock: asked for when conda's packages are known. */
#include "builder/build_private.h"
#include "builder/pip.h"
#include "specs/base/vec.h"
#include "specs/base/workers.h"

/* What conda's packages bring along, package by package. */
struct provided {
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

static int read_one(void *cookie, size_t i, struct err **e)
{
	struct provided *p = cookie;
	const struct record *r = &p->lock->records[i];
	int code = pip_dists_read(p->files[i].path, r->name, &p->arenas[i], &p->of[i], e);
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

static const struct record *find(const struct lock *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (str_is(l->records[i].name, name))
			return &l->records[i];
	return NULL;
}

/* "__glibc=2.36=0" gives 36. */
static unsigned glibc_minor(const struct lock *l)
{
	for (size_t i = 0; i < l->virtuals.n; i++) {
		struct str text = l->virtuals.v[i], minor;
		uint64_t n;
		if (!str_starts(text, "__glibc=2."))
			continue;
		minor = str_from(text, strlen("__glibc=2."));
		minor = str_to(minor, str_find(minor, '='));
		if (str_u64(str_to(minor, str_find(minor, '.')), &n))
			return (unsigned)n;
	}
	return 0;
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

int build_add_wheels(struct build *b, const struct definition *d, struct lock *l, struct err **e)
{
	AUTO(provided_done) struct provided p = {.lock = l};
	AUTO(arena_done) struct arena a = ARENA;
	const struct record *python = find(l, "python");
	struct record *found;
	size_t count;
	if (d->pip.lines.n == 0)
		return 0;
	if (!python)
		return err_set(e, ERR_UNSOLVABLE,
			       "pip requirements need a python, and no dependency brings one: add "
			       "python to the dependencies");
	int code = read_all(b, &p, e);
	if (code < 0)
		return code;
	struct pip_request q = {
		.requirements = &d->pip,
		.provided = {p.dists.v, p.dists.n},
		.target = {b->platform, python->version_text, glibc_minor(l)},
		.cache = b->cache,
		.offline = b->o.offline,
		.newest = b->newest,
		.log = b->o.log,
	};
	if (q.target.glibc == 0)
		return err_set(e, ERR_UNSOLVABLE,
			       "wheels need a glibc, and the base has none; another base has, or "
			       "--virtual __glibc=VERSION says so");
	log_phase(b->o.log, "pip");
	if ((code = pip_solve(&q, &a, &found, &count, e)) < 0 ||
	    (code = pip_check_provided(&q, found, count, e)) < 0)
		return code;
	add_records(l, found, count);
	return 0;
}
