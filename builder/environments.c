/* builder/environments.c - a place of registered environments, of either kind: found, listed,
 * registered, archived. */
#include "builder/environments.h"
#include "builder/environments_private.h"
#include "curated/catalog.h"
#include "specs/base/workers.h"

enum { READERS = 8 };

void versions_done(struct versions *v)
{
	VEC_DONE(&v->list);
	arena_done(&v->arena);
}

/* ---- the place ---- */

/* A relative XDG path is to be ignored (XDG Base Directory, "Basics"). Who has no home has nothing
 * registered either. */
static void usual_folder(struct environments *s)
{
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	s->unplaced = !(xdg && *xdg == '/') && !(home && *home);
	if (s->unplaced)
		s->place = STR("$HOME");
	else if (xdg && *xdg == '/')
		s->place = arena_printf(&s->arena, "%s/kiln/environments", xdg);
	else
		s->place = arena_printf(&s->arena, "%s/.local/share/kiln/environments", home);
}

int environments_open(struct str place, const struct environments_options *o,
		      struct environments **out, struct err **e)
{
	AUTO(environments_close) struct environments *s = mem_zero(1, sizeof(*s));
	bool folder = !place.n || place.p[0] == '/';
	s->actions = folder ? &environments_folder : &environments_registry;
	s->log = o->log;
	s->place = arena_str(&s->arena, place);
	if (!place.n)
		usual_folder(s);
	int code = folder ? 0 : environments_open_registry(s, o, e);
	if (code < 0)
		return code;
	*out = STEAL(&s);
	return 0;
}

void environments_close(struct environments *s)
{
	if (!s)
		return;
	if (s->actions->close)
		s->actions->close(s);
	arena_done(&s->arena);
	free(s);
}

struct str environments_place(const struct environments *s)
{
	return s->place;
}

/* For whoever cannot do without what the place should have. */
static int place_error(const struct environments *s, int code, struct err **e)
{
	return code < 0 ? err_wrap(e, code, "registered environments, %.*s", STR_ARG(s->place)) : 0;
}

/* ---- versions ---- */

/* Names in their order, the highest number first. */
static int compare_versions(const void *a, const void *b)
{
	const struct version *one = a, *two = b;
	int order = str_cmp(one->stem, two->stem);
	return order ? order : (one->number < two->number) - (one->number > two->number);
}

static int get_versions(struct environments *s, struct str stem, struct versions *out,
			struct err **e)
{
	int code = s->unplaced ? 0 : s->actions->list(s, stem, out, e);
	if (code == 0 && out->list.n)
		qsort(out->list.v, out->list.n, sizeof(*out->list.v), compare_versions);
	return place_error(s, code, e);
}

/* Somebody may have copied it to another name, or removed files of it. */
static int check_read(const struct environments *s, const struct version *v, bool whole,
		      struct environment *is, struct err **e)
{
	if (!str_eq(s->actions->stem(&is->arena, is->name), v->stem))
		return err_set(e, ERR_CORRUPT, "what is there is a version of %.*s",
			       STR_ARG(is->name));
	if (whole && !is->file_count)
		return err_set(e, ERR_CORRUPT, "its definition is missing");
	if (whole && is->locked != (is->lock.n > 0))
		return err_set(e, ERR_CORRUPT,
			       is->locked ? "its lock is missing"
					  : "a lock is there that was not registered with it");
	return 0;
}

static int read_version(struct environments *s, const struct version *v, bool whole,
			struct environment *out, struct err **e)
{
	AUTO(environment_done) struct environment made = {.arena = ARENA};
	int code = s->actions->read(s, v, whole, &made, e);
	if (code == 0)
		code = check_read(s, v, whole, &made, e);
	if (code < 0)
		return err_wrap(e, code, "%.*s:%llu of %.*s", STR_ARG(v->stem),
				(unsigned long long)v->number, STR_ARG(s->place));
	*out = made;
	made = (struct environment){.arena = ARENA};
	return 0;
}

/* ---- finding ---- */

/* What a text names. */
struct wanted {
	struct str name;
	uint64_t number; /* 0: none stands there */
	bool latest;	 /* it is said that the latest is meant */
};

static int split(struct str text, struct wanted *out, struct err **e)
{
	struct str version;
	*out = (struct wanted){.name = text};
	catalog_split_version(&out->name, &version);
	struct str behind = str_from(text, out->name.n);
	out->latest = str_starts(behind, "@");
	if (catalog_check_name(out->name, false, NULL) < 0)
		return err_set(e, ERR_ABSENT, "\"%.*s\" is no environment's name",
			       STR_ARG(out->name));
	if (str_starts(behind, ":") && (!str_u64(version, &out->number) || out->number == 0))
		return err_set(e, ERR_ABSENT, "%.*s: versions are numbers, from 1", STR_ARG(text));
	return 0;
}

static int absent(const struct environments *s, struct str name, struct err **e)
{
	return err_set(e, ERR_ABSENT, "no environment %.*s is registered in %.*s", STR_ARG(name),
		       STR_ARG(s->place));
}

static int read_numbered(struct environments *s, const struct versions *all, uint64_t number,
			 struct environment *out, struct err **e)
{
	const struct version *latest = &all->list.v[0];
	for (size_t i = 0; i < all->list.n; i++)
		if (all->list.v[i].number == number)
			return read_version(s, &all->list.v[i], true, out, e);
	return err_set(e, ERR_FAILED, "%.*s has no version %llu; its latest is %llu",
		       STR_ARG(latest->stem), (unsigned long long)number,
		       (unsigned long long)latest->number);
}

/* The same of one among others: a registry may list a version a moment before it has it, and that
 * is not there yet (*out has no version then). */
static int read_listed(struct environments *s, const struct version *v, bool whole,
		       struct environment *out, struct err **e)
{
	AUTO(err_free) struct err *why = NULL;
	int code = read_version(s, v, whole, out, &why);
	if (code < 0 && code != ERR_ABSENT && e)
		*e = STEAL(&why);
	return code == ERR_ABSENT ? 0 : code;
}

/* The latest of those that are not archived. */
static int read_latest(struct environments *s, const struct version *v, size_t n, bool whole,
		       struct environment *out, struct err **e)
{
	for (size_t i = 0; i < n; i++) {
		AUTO(environment_done) struct environment made = {.arena = ARENA};
		int code = read_listed(s, &v[i], false, &made, e);
		if (code < 0)
			return code;
		if (!made.version || made.about.archived)
			continue;
		if (whole)
			return read_version(s, &v[i], true, out, e);
		*out = made;
		made = (struct environment){.arena = ARENA};
		return 0;
	}
	return err_set(e, ERR_FAILED,
		       "all versions of %.*s are archived: name one (%.*s:%llu), or bring it back "
		       "with kiln env restore",
		       STR_ARG(v->stem), STR_ARG(v->stem), (unsigned long long)v->number);
}

int environments_find(struct environments *s, struct str text, struct environment *out,
		      struct err **e)
{
	AUTO(versions_done) struct versions all = VERSIONS;
	struct wanted w;
	int code = split(text, &w, e);
	if (code == 0)
		code = get_versions(s, s->actions->stem(&all.arena, w.name), &all, e);
	if (code < 0)
		return code;
	if (!all.list.n)
		return absent(s, w.name, e);
	return w.number ? read_numbered(s, &all, w.number, out, e)
			: read_latest(s, all.list.v, all.list.n, true, out, e);
}

/* ---- listing ---- */

void environment_list_done(struct environment_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		environment_done(&l->v[i]);
	for (size_t i = 0; i < l->faults.n; i++)
		err_free(l->faults.v[i].why);
	VEC_DONE(&l->faults);
	free(l->v);
	*l = (struct environment_list){0};
}

/* Versions of one name, next to one another. */
struct group {
	const struct version *v;
	size_t n;
};

struct listing {
	struct environments *s;
	struct group *groups;
	/* One a group, or one a version: */
	struct environment *found;
	struct environment_fault *faults; /* code: 0 where there is none */
};

/* Whether it is this version's fault, and no reason to give up the others. */
static bool is_damage(int code)
{
	return code == ERR_CORRUPT || code == ERR_DIGEST || code == ERR_LIMIT || code == ERR_IO;
}

static int note_fault(struct listing *l, size_t i, int code, struct err **why, struct err **e)
{
	if (is_damage(code)) {
		l->faults[i] = (struct environment_fault){code, STEAL(why)};
		return 0;
	}
	if (code < 0 && e)
		*e = STEAL(why);
	return code;
}

static int read_group(void *cookie, size_t i, struct err **e)
{
	struct listing *l = cookie;
	const struct group *g = &l->groups[i];
	AUTO(err_free) struct err *why = NULL;
	int code = read_latest(l->s, g->v, g->n, false, &l->found[i], &why);
	return code == ERR_FAILED ? 0 : note_fault(l, i, code, &why, e);
}

static int read_each(void *cookie, size_t i, struct err **e)
{
	struct listing *l = cookie;
	AUTO(err_free) struct err *why = NULL;
	int code = read_listed(l->s, &l->groups[0].v[i], false, &l->found[i], &why);
	return note_fault(l, i, code, &why, e);
}

static size_t make_groups(const struct versions *all, struct group *out)
{
	size_t n = 0;
	for (size_t i = 0; i < all->list.n; i++) {
		const struct version *v = &all->list.v[i];
		if (!n || !str_eq(out[n - 1].v->stem, v->stem))
			out[n++] = (struct group){v, 0};
		out[n - 1].n++;
	}
	return n;
}

static int compare_environments(const void *a, const void *b)
{
	const struct environment *one = a, *two = b;
	int order = str_cmp(one->name, two->name);
	return order ? order : (one->version > two->version) - (one->version < two->version);
}

/* Moves what was read, or why it was not, into the list. */
static void put_listed(const struct listing *l, size_t n, struct environment_list *out)
{
	qsort(l->found, n, sizeof(*l->found), compare_environments);
	for (size_t i = 0; i < n; i++)
		if (l->found[i].version)
			VEC_PUSH(out, l->found[i]);
		else
			environment_done(&l->found[i]);
	for (size_t i = 0; i < n; i++)
		if (l->faults[i].code < 0)
			VEC_PUSH(&out->faults, l->faults[i]);
}

int environments_list(struct environments *s, bool all, struct environment_list *out,
		      struct err **e)
{
	AUTO(versions_done) struct versions versions = VERSIONS;
	AUTO(environment_list_done) struct environment_list made = {0};
	int code = get_versions(s, STR(""), &versions, e);
	if (code < 0 || !versions.list.n)
		return code;
	size_t n = versions.list.n;
	AUTO(free) struct group *groups = mem_zero(n, sizeof(*groups));
	AUTO(free) struct environment *found = mem_zero(n, sizeof(*found));
	AUTO(free) struct environment_fault *faults = mem_zero(n, sizeof(*faults));
	struct listing l = {s, groups, found, faults};
	size_t group_count = make_groups(&versions, groups);
	code = workers_run(READERS, all ? n : group_count, all ? read_each : read_group, &l, e);
	put_listed(&l, n, &made);
	if (code < 0)
		return code;
	*out = made;
	made = (struct environment_list){0};
	return 0;
}

/* ---- registering ---- */

static int put_about(struct environments *s, const struct version *v,
		     const struct environment_about *about, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	environment_write_about(about, &text);
	return s->actions->write_about(s, v, buf_str(&text), e);
}

static int add_version(struct environments *s, struct environment *v, struct version *at,
		       struct err **e)
{
	at->stem = s->actions->stem(&v->arena, v->name);
	int code = s->actions->add(s, v, &at->number, e);
	if (code >= 0)
		v->version = at->number;
	return code;
}

/* What is said of one that was there goes on, but for what the definition and the change say. */
static int say_about(struct environments *s, struct environment *v, const struct version *at,
		     const struct environment_change *change, struct environment_registered *done,
		     struct err **e)
{
	AUTO(environment_done) struct environment there = {.arena = ARENA};
	bool changed;
	int code = done->made ? 0 : read_version(s, at, false, &there, e);
	if (code == 0)
		code = environment_change_about(&there, &v->about, change, &changed, e);
	done->archived = there.about.archived;
	done->changed = !done->made && code == 0 && changed;
	if (code == 0 && changed)
		code = put_about(s, at, &there.about, e);
	return code;
}

int environments_register(struct environments *s, struct environment *v,
			  const struct environment_change *change,
			  struct environment_registered *out, struct err **e)
{
	struct environment_registered done = {0};
	struct version at;
	bool changed;
	if (s->unplaced)
		return err_set(
			e, ERR_USAGE,
			"there is no place for it: neither $HOME nor $XDG_DATA_HOME is set, nor "
			"`environments` in kiln.yml");
	/* What is wrong with the change is said before anything is made. */
	AUTO(environment_done) struct environment tried = {.arena = ARENA};
	int code = environment_change_about(&tried, &v->about, change, &changed, e);
	if (code < 0)
		return code;
	code = add_version(s, v, &at, e);
	done.made = code == 1;
	if (code >= 0)
		code = say_about(s, v, &at, change, &done, e);
	if (code < 0)
		return place_error(s, code, e);
	*out = done;
	return 0;
}

/* ---- archiving ---- */

/* *out: false where it is so already. A version that is not there yet is none (found). */
static int archive_one(struct environments *s, const struct version *at, bool archived, bool *found,
		       bool *out, struct err **e)
{
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	int code = read_listed(s, at, false, &v, e);
	*found = v.version > 0;
	*out = *found && v.about.archived != archived;
	if (code < 0 || !*out)
		return code;
	v.about.archived = archived;
	return put_about(s, at, &v.about, e);
}

static int number_of_latest(struct environments *s, const struct versions *all, uint64_t *out,
			    struct err **e)
{
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	int code = read_latest(s, all->list.v, all->list.n, false, &v, e);
	*out = v.version;
	return code;
}

int environments_archive(struct environments *s, struct str text, bool archived, size_t *out_count,
			 struct err **e)
{
	AUTO(versions_done) struct versions all = VERSIONS;
	struct wanted w;
	size_t found = 0, count = 0;
	int code = split(text, &w, e);
	if (code == 0 && w.latest && !archived)
		return err_set(e, ERR_USAGE,
			       "%.*s is the latest that is not archived: name the version to "
			       "bring back",
			       STR_ARG(text));
	if (code == 0)
		code = get_versions(s, s->actions->stem(&all.arena, w.name), &all, e);
	if (code == 0 && w.latest && all.list.n)
		code = number_of_latest(s, &all, &w.number, e);
	for (size_t i = 0; code == 0 && i < all.list.n; i++) {
		bool is_there, changed;
		if (w.number && all.list.v[i].number != w.number)
			continue;
		code = archive_one(s, &all.list.v[i], archived, &is_there, &changed, e);
		found += code == 0 && is_there;
		count += code == 0 && changed;
	}
	if (code == 0 && !found)
		return absent(s, text, e);
	if (code == 0)
		*out_count = count;
	return code;
}
