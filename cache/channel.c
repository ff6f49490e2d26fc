/* cache/channel.c - channels: named, fetched when changed, opened as mapped indexes. */
#include "cache/channel.h"
#include "cache/address.h"
#include "cache/channel_url.h"
#include "cache/reach.h"
#include "cache/repodata.h"
#include "cache/shards.h"
#include "specs/base/vec.h"
#include "specs/base/workers.h"
#include <stdio.h>

enum { DOWNLOADS = 8 };

/* ---- opening ---- */

struct opening {
	struct http *http;
	const struct channel_options *o;
	struct channels *c;
	bool *unknown; /* of each subdir of each channel: offline, and not in the cache */
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

static void add_channels(struct opening *w, struct strs list)
{
	struct arena *a = &w->c->arena;
	struct strs names = channel_members(a, list, &w->o->names);
	w->c->v = arena_zero(a, names.n, sizeof(*w->c->v));
	w->c->n = names.n;
	for (size_t i = 0; i < names.n; i++)
		add_channel(w, &w->c->v[i], names.v[i],
			    channel_secret_url(a, names.v[i], &w->o->names));
}

/* In a folder shards save nothing, and are made last: what is beside them is newer. */
static int open_subdir(struct opening *w, struct str url, struct channel_subdir *s, struct err **e)
{
	struct repodata_options o = {w->o->cache, w->o->offline, w->o->log};
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
	struct channel *c = &w->c->v[i / w->o->subdirs.n];
	struct channel_subdir *s = &c->subdirs[i % w->o->subdirs.n];
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	buf_printf(&url, "%.*s/%.*s", STR_ARG(c->url), STR_ARG(s->subdir));
	int code = open_subdir(w, buf_str(&url), s, e);
	if (w->o->offline && (code == ERR_ABSENT || code == ERR_CORRUPT)) {
		w->unknown[i] = true;
		err_clear(e);
		return 0;
	}
	return code < 0 ? err_wrap(e, code, "channel %.*s", STR_ARG(c->name)) : 0;
}

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

/* Every channel has a noarch, be it empty; other subdirs may be missing. */
static int check_channel(const struct channel *c, struct err **e)
{
	bool any = c->subdir_count == 0;
	for (size_t i = 0; i < c->subdir_count; i++) {
		if (str_is(c->subdirs[i].subdir, "noarch") && !c->subdirs[i].index)
			return err_set(e, http_needed(c->url, ERR_ABSENT),
				       "not a channel: %.*s (it has no noarch)", STR_ARG(c->url));
		any |= c->subdirs[i].index != NULL;
	}
	int code = any ? 0 : http_needed(c->url, ERR_ABSENT);
	return any ? 0 : err_set(e, code, "not a channel: %.*s", STR_ARG(c->url));
}

static int finish_channel(struct channels *all, struct channel *c, struct err **e)
{
	for (size_t i = 0; i < c->subdir_count; i++) {
		struct channel_subdir *s = &c->subdirs[i];
		struct str given = s->index ? index_base_url(s->index) : (struct str){0};
		struct str folder =
			arena_printf(&all->arena, "%.*s/%.*s", STR_ARG(c->url), STR_ARG(s->subdir));
		s->base_url = channel_base_url(&all->arena, folder, given);
	}
	return check_channel(c, e);
}

static int say_missing(const struct opening *w, struct missing *all, size_t before, struct err **e)
{
	for (size_t i = 0; i < w->c->n * w->o->subdirs.n; i++) {
		const struct channel *c = &w->c->v[i / w->o->subdirs.n];
		struct str subdir = w->o->subdirs.v[i % w->o->subdirs.n];
		if (w->unknown[i])
			missing_add(all, "channel %.*s/%.*s", STR_ARG(c->url), STR_ARG(subdir));
	}
	return all->lines.n > before ? missing_error(all, e) : 0;
}

int channels_open(struct http *h, struct strs names, const struct channel_options *o,
		  struct channels *out, struct err **e)
{
	AUTO(channels_close) struct channels c = {0};
	AUTO(missing_done) struct missing own = {0};
	struct missing *missing = o->missing ? o->missing : &own;
	size_t before = missing->lines.n;
	struct opening w = {h, o, &c, NULL};
	add_channels(&w, names);
	w.unknown = arena_zero(&c.arena, c.n * o->subdirs.n, sizeof(*w.unknown));
	unsigned jobs = o->jobs > DOWNLOADS ? o->jobs : DOWNLOADS;
	int code = workers_run(jobs, c.n * o->subdirs.n, open_one, &w, e);
	if (code >= 0 && o->wanted)
		code = reach(&c, o, missing, e);
	if (code >= 0)
		code = say_missing(&w, missing, before, e);
	for (size_t i = 0; code >= 0 && i < c.n; i++)
		code = finish_channel(&c, &c.v[i], e);
	if (code < 0)
		return code;
	*out = c;
	c = (struct channels){0};
	return 0;
}

void channels_close(struct channels *c)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->v[i].subdir_count; j++) {
			index_close(c->v[i].subdirs[j].index);
			shards_close(c->v[i].subdirs[j].shards);
		}
	arena_done(&c->arena);
	*c = (struct channels){0};
}
