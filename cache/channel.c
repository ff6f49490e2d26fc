/* cache/channel.c - channels: named, fetched when changed, opened as mapped indexes. */
#include "cache/channel.h"
#include "cache/address.h"
#include "cache/channel_url.h"
#include "cache/mirror.h"
#include "cache/reach.h"
#include "cache/repodata.h"
#include "cache/shards.h"
#include "specs/base/vec.h"
#include "specs/base/workers.h"
#include <stdio.h>

enum { DOWNLOADS = 8 };

/* ---- opening ---- */

/* A channel on its way: where it may be asked for, and what came of each of its subdirs. */
struct attempt {
	struct channel *channel;
	struct strs places;
	size_t at;	     /* the place that is asked */
	struct err **failed; /* where another place may help; owned */
	int *unknown;	     /* offline, why the cache does not have it, or 0 */
};

struct opening {
	struct http *http;
	const struct channel_options *o;
	struct channels *c;
	struct attempt *v;     /* of all channels, */
	struct attempt **todo; /* and of those that are not open yet */
	size_t todo_count;
};

static void add_channel(struct opening *w, struct channel *to, struct str name, struct str real)
{
	struct arena *a = &w->c->arena;
	size_t n = w->o->subdirs.n;
	*to = (struct channel){.url = channel_bare_url(a, real), .subdir_count = n};
	/* A name that is an address may hold a secret; the bare address names it as well. */
	to->name = address_split(name).scheme.n ? to->url : arena_str(a, name);
	to->subdirs = arena_zero(a, n, sizeof(*to->subdirs));
	for (size_t i = 0; i < n; i++)
		to->subdirs[i].subdir = arena_str(a, w->o->subdirs.v[i]);
	if (!str_eq(real, to->url))
		http_secret(w->http, to->url, real);
}

/* Offline the cache may hold what came from the origin before there were mirrors. */
static struct strs places_of(struct opening *w, struct str url)
{
	struct strs all = mirrors_places(http_mirrors(w->http), url, &w->c->arena);
	struct str *v = arena_zero(&w->c->arena, all.n + 1, sizeof(*v));
	for (size_t i = 0; i < all.n; i++)
		v[i] = all.v[i];
	v[all.n] = url;
	return (struct strs){v, all.n + (w->o->offline && !str_eq(v[0], url))};
}

static void add_channels(struct opening *w, struct strs list)
{
	struct arena *a = &w->c->arena;
	struct strs names = channel_members(a, list, &w->o->names);
	size_t subdirs = w->o->subdirs.n;
	w->c->v = arena_zero(a, names.n, sizeof(*w->c->v));
	w->c->n = names.n;
	w->v = arena_zero(a, names.n, sizeof(*w->v));
	w->todo = arena_zero(a, names.n, sizeof(*w->todo));
	for (size_t i = 0; i < names.n; i++) {
		struct channel *c = &w->c->v[i];
		add_channel(w, c, names.v[i], channel_secret_url(a, names.v[i], &w->o->names));
		w->v[i] = (struct attempt){
			.channel = c,
			.places = places_of(w, c->url),
			.failed = arena_zero(a, subdirs, sizeof(struct err *)),
			.unknown = arena_zero(a, subdirs, sizeof(int)),
		};
		w->todo[w->todo_count++] = &w->v[i];
	}
}

static bool has_others(const struct attempt *t)
{
	return t->at + 1 < t->places.n;
}

/* In a folder shards save nothing, and are made last: what is beside them is newer. */
static int open_subdir(struct opening *w, const struct attempt *t, struct channel_subdir *s,
		       struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str place = t->places.v[t->at], subdir = s->subdir;
	struct str url = arena_printf(&a, "%.*s/%.*s", STR_ARG(place), STR_ARG(subdir));
	struct repodata_options o = {
		.cache = w->o->cache,
		.offline = w->o->offline,
		.since_ms = w->o->since_ms,
		.brief = has_others(t),
		.origin = arena_printf(&a, "%.*s/%.*s", STR_ARG(t->channel->url), STR_ARG(subdir)),
		.log = w->o->log,
	};
	bool may = w->o->wanted && !str_starts(url, "file:");
	int code = may ? shards_open(w->http, url, &o, false, &s->shards, e) : 0;
	if (code < 0 || s->shards)
		return code;
	code = channel_open_subdir(w->http, url, &o, &s->index, e);
	if (code < 0 || s->index || !may || o.offline)
		return code;
	/* There must be one of them: that there were no shards may be out of date. */
	return shards_open(w->http, url, &o, true, &s->shards, e);
}

static int open_one(void *cookie, size_t i, struct err **e)
{
	struct opening *w = cookie;
	struct attempt *t = w->todo[i / w->o->subdirs.n];
	size_t k = i % w->o->subdirs.n;
	struct err *why = NULL;
	int code = open_subdir(w, t, &t->channel->subdirs[k], &why);
	if (code < 0)
		err_wrap(&why, code, "channel %.*s", STR_ARG(t->channel->name));
	if (w->o->offline && (code == ERR_ABSENT || code == ERR_CORRUPT)) {
		t->unknown[k] = code;
		err_free(why);
		return 0;
	}
	if (code < 0 && has_others(t) && mirror_may_help(code)) {
		t->failed[k] = why;
		return 0;
	}
	*e = why;
	return code;
}

/* ---- the next place ---- */

/* Every channel has a noarch, be it empty; other subdirs may be missing. */
static bool is_absent(const struct channel_subdir *s)
{
	return str_is(s->subdir, "noarch") && !s->index && !s->shards;
}

/* Why another place is to be asked; NULL when this one has the channel. Offline the cache does
 * not tell why it lacks something, and nobody has to be told. */
static bool is_wanting(struct attempt *t, struct err **why)
{
	bool wanting = false;
	for (size_t k = 0; k < t->channel->subdir_count; k++) {
		wanting |= t->unknown[k] < 0 || t->failed[k] || is_absent(&t->channel->subdirs[k]);
		if (!*why)
			*why = STEAL(&t->failed[k]);
		err_clear(&t->failed[k]);
	}
	if (wanting && !*why)
		err_set(why, ERR_ABSENT, "not a channel: %.*s", STR_ARG(t->places.v[t->at]));
	return wanting;
}

static void drop_subdirs(struct channel *c)
{
	for (size_t i = 0; i < c->subdir_count; i++) {
		index_close(STEAL(&c->subdirs[i].index));
		shards_close(STEAL(&c->subdirs[i].shards));
	}
}

static bool goes_on(struct opening *w, struct attempt *t)
{
	struct err *why = NULL;
	if (!has_others(t) || !is_wanting(t, &why))
		return false;
	if (w->o->offline)
		err_clear(&why);
	else
		mirrors_pass(w->http, t->places, t->at, &why);
	mirrors_avoid(http_mirrors(w->http), t->places.v[t->at]);
	drop_subdirs(t->channel);
	memset(t->unknown, 0, t->channel->subdir_count * sizeof(*t->unknown));
	t->at++;
	return true;
}

static void drop_failures(struct attempt *t)
{
	for (size_t k = 0; k < t->channel->subdir_count; k++)
		err_clear(&t->failed[k]);
}

/* All that are left at once; each goes from place to place until one has all of it. */
static int open_all(struct opening *w, struct err **e)
{
	unsigned jobs = w->o->jobs > DOWNLOADS ? w->o->jobs : DOWNLOADS;
	while (w->todo_count) {
		int code = workers_run(jobs, w->todo_count * w->o->subdirs.n, open_one, w, e);
		size_t left = 0;
		for (size_t i = 0; i < w->todo_count; i++)
			if (code < 0)
				drop_failures(w->todo[i]);
			else if (goes_on(w, w->todo[i]))
				w->todo[left++] = w->todo[i];
		if (code < 0)
			return code;
		w->todo_count = left;
	}
	return 0;
}

/* ---- opened ---- */

size_t channel_name_count(const struct channel_subdir *s)
{
	if (s->shards)
		return shard_list_count(shards_list(s->shards));
	return s->index ? index_name_count(s->index) : 0;
}

struct str channel_name(const struct channel_subdir *s, size_t i)
{
	return s->shards ? shard_list_name(shards_list(s->shards), i) : index_name(s->index, i);
}

/* A mirror is named beside what it is one of. */
static int no_channel(const struct attempt *t, const char *lacks, struct err **e)
{
	struct str url = t->channel->url, place = t->places.v[t->at];
	bool mirror = !str_eq(place, url);
	return err_set(e, http_needed(place, ERR_ABSENT), "not a channel: %.*s (%.*s has %s)",
		       STR_ARG(url), STR_ARG(mirror ? place : STR("it")), lacks);
}

static int check_channel(const struct attempt *t, struct err **e)
{
	const struct channel *c = t->channel;
	bool any = c->subdir_count == 0;
	for (size_t i = 0; i < c->subdir_count; i++) {
		if (is_absent(&c->subdirs[i]))
			return no_channel(t, "no noarch", e);
		any |= c->subdirs[i].index != NULL;
	}
	return any ? 0 : no_channel(t, "nothing", e);
}

static int finish_channel(struct opening *w, const struct attempt *t, struct err **e)
{
	struct channel *c = t->channel;
	struct arena *a = &w->c->arena;
	for (size_t i = 0; i < c->subdir_count; i++) {
		struct channel_subdir *s = &c->subdirs[i];
		struct str given = s->index ? index_base_url(s->index) : (struct str){0};
		struct str folder =
			arena_printf(a, "%.*s/%.*s", STR_ARG(c->url), STR_ARG(s->subdir));
		s->base_url = mirrors_origin(http_mirrors(w->http), c->url,
					     channel_base_url(a, folder, given), a);
	}
	return check_channel(t, e);
}

#define DAMAGED " (there is an index of it, but damaged, or made by another kiln)"

static int say_missing(const struct opening *w, struct missing *all, size_t before, struct err **e)
{
	for (size_t i = 0; i < w->c->n; i++)
		for (size_t k = 0; k < w->o->subdirs.n; k++)
			if (w->v[i].unknown[k] < 0)
				missing_add(all, "channel %.*s/%.*s%s", STR_ARG(w->c->v[i].url),
					    STR_ARG(w->o->subdirs.v[k]),
					    w->v[i].unknown[k] == ERR_CORRUPT ? DAMAGED : "");
	return all->lines.n > before ? missing_error(all, e) : 0;
}

int channels_open(struct http *h, struct strs names, const struct channel_options *o,
		  struct channels *out, struct err **e)
{
	AUTO(channels_close) struct channels c = {0};
	AUTO(missing_done) struct missing own = {0};
	struct missing *missing = o->missing ? o->missing : &own;
	size_t before = missing->lines.n;
	struct opening w = {.http = h, .o = o, .c = &c};
	add_channels(&w, names);
	int code = open_all(&w, e);
	if (code >= 0 && o->wanted)
		code = reach(&c, o, missing, e);
	if (code >= 0)
		code = say_missing(&w, missing, before, e);
	for (size_t i = 0; code >= 0 && i < c.n; i++)
		code = finish_channel(&w, &w.v[i], e);
	if (code < 0)
		return code;
	*out = c;
	c = (struct channels){0};
	return 0;
}

void channels_close(struct channels *c)
{
	for (size_t i = 0; i < c->n; i++)
		drop_subdirs(&c->v[i]);
	arena_done(&c->arena);
	*c = (struct channels){0};
}
