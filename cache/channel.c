/* cache/channel.c - channels: named, fetched when changed, opened as mapped indexes. */
#include "cache/channel.h"
#include "cache/address.h"
#include "cache/repodata.h"
#include "specs/base/vec.h"
#include "specs/base/workers.h"
#include <stdio.h>

#define ALIAS "https://conda.anaconda.org"
#define ANACONDA "https://repo.anaconda.com/"

enum { DOWNLOADS = 8 };

/* ---- names and addresses ---- */

static bool is_path(struct str name)
{
	static const char *const starts[] = {"/", "./", "../", "~/"};
	for (size_t i = 0; i < COUNT(starts); i++)
		if (str_starts(name, starts[i]))
			return true;
	return str_is(name, ".") || str_is(name, "..");
}

static struct str url_of_path(struct arena *a, struct str name)
{
	const char *home = getenv("HOME");
	struct str path = arena_str(a, name);
	if (str_starts(name, "~/") && home)
		path = arena_printf(a, "%s%.*s", home, STR_ARG(str_from(name, 1)));
	AUTO(free) char *whole = realpath(path.p, NULL);
	AUTO(free) char *here = getcwd(NULL, 0);
	if (whole)
		path = str_of(whole);
	else if (*path.p != '/' && here) /* it is not there; the message shall say where */
		path = arena_printf(a, "%s/%s", here, path.p);
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	address_of_file(&url, str_trim_end(path, '/'));
	return arena_str(a, buf_str(&url));
}

/* As given, secrets included. */
static struct str secret_url(struct arena *a, struct str name, const char *alias)
{
	name = str_trim(name);
	struct str base = str_trim_end(str_of(alias ? alias : ALIAS), '/');
	if (address_split(name).scheme.n)
		return arena_str(a, str_trim_end(name, '/'));
	if (is_path(name))
		return url_of_path(a, name);
	name = str_trim_end(name, '/');
	if (str_is(name, "defaults"))
		return arena_printf(a, ANACONDA "pkgs/main");
	if (str_starts(name, "pkgs/"))
		return arena_printf(a, ANACONDA "%.*s", STR_ARG(name));
	return arena_printf(a, "%.*s/%.*s", STR_ARG(base), STR_ARG(name));
}

/* Without user:password@, /t/TOKEN, query and fragment. */
static struct str bare_url(struct arena *a, struct str url)
{
	struct address at = address_split(url);
	struct str token = address_token(at.path), before = at.path, after = {0};
	if (token.n) {
		size_t start = (size_t)(token.p - at.path.p);
		before = str_to(at.path, start - 3); /* "/t/" */
		after = str_from(at.path, start + token.n);
	}
	return arena_printf(a, "%.*s://%.*s%.*s%.*s", STR_ARG(at.scheme), STR_ARG(at.host),
			    STR_ARG(str_trim_end(before, '/')), STR_ARG(str_trim_end(after, '/')));
}

struct str channel_url(struct arena *a, struct str name, const char *alias)
{
	return bare_url(a, secret_url(a, name, alias));
}

struct strs channel_urls(struct arena *a, struct strs names, const char *alias)
{
	struct str *v = arena_zero(a, 2 * names.n, sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < names.n; i++) {
		v[n++] = channel_url(a, names.v[i], alias);
		if (str_is(names.v[i], "defaults"))
			v[n++] = STR(ANACONDA "pkgs/r");
	}
	return (struct strs){v, n};
}

/* Drops "x/.." and "." from the path, so that a lock shows addresses in one form. */
static struct str plain_url(struct arena *a, struct str url)
{
	struct address at = address_split(url);
	struct str rest = at.path, part;
	struct buf path = BUF(BUF_UNLIMITED);
	while (rest.n) {
		str_cut(&rest, '/', &part);
		if (str_is(part, "..")) {
			while (path.n && path.data[--path.n] != '/')
				;
		} else if (part.n && !str_is(part, ".")) {
			buf_printf(&path, "/%.*s", STR_ARG(part));
		}
	}
	if (path.room)
		path.data[path.n] = 0;
	struct str out =
		arena_printf(a, "%.*s://%.*s%s/", STR_ARG(at.scheme), STR_ARG(at.host), path.data);
	buf_done(&path);
	return out;
}

/* info.base_url may be absolute, or relative to the subdir's folder (CEP 15). */
static struct str base_url(struct arena *a, struct str folder, struct str given)
{
	struct address at = address_split(folder);
	struct str url = folder;
	if (address_split(given).scheme.n)
		url = bare_url(a, given);
	else if (str_starts(given, "//"))
		url = arena_printf(a, "%.*s:%.*s", STR_ARG(at.scheme), STR_ARG(given));
	else if (str_starts(given, "/"))
		url = arena_printf(a, "%.*s://%.*s%.*s", STR_ARG(at.scheme), STR_ARG(at.host),
				   STR_ARG(given));
	else if (given.n)
		url = arena_printf(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(given));
	return plain_url(a, url);
}

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
	*to = (struct channel){.url = bare_url(a, real), .subdir_count = n};
	/* A name that is an address may hold a secret; the bare address names it as well. */
	to->name = address_split(name).scheme.n ? to->url : arena_str(a, name);
	to->subdirs = arena_zero(a, n, sizeof(*to->subdirs));
	for (size_t i = 0; i < n; i++)
		to->subdirs[i].subdir = arena_str(a, w->o->subdirs.v[i]);
	if (!str_eq(real, to->url))
		http_secret(w->http, to->url, real);
}

static void add_channels(struct opening *w, struct strs names)
{
	struct arena *a = &w->c->arena;
	w->c->v = arena_zero(a, 2 * names.n, sizeof(*w->c->v));
	for (size_t i = 0; i < names.n; i++) {
		struct str name = names.v[i];
		add_channel(w, &w->c->v[w->c->n++], name, secret_url(a, name, w->o->alias));
		if (str_is(name, "defaults"))
			add_channel(w, &w->c->v[w->c->n++], name, STR(ANACONDA "pkgs/r"));
	}
}

static int open_one(void *cookie, size_t i, struct err **e)
{
	struct opening *w = cookie;
	struct channel *c = &w->c->v[i / w->o->subdirs.n];
	struct channel_subdir *s = &c->subdirs[i % w->o->subdirs.n];
	struct repodata_options o = {w->o->cache, w->o->offline, w->o->log};
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	buf_printf(&url, "%.*s/%.*s", STR_ARG(c->url), STR_ARG(s->subdir));
	int code = channel_open_subdir(w->http, buf_str(&url), &o, &s->index, e);
	if (o.offline && (code == ERR_ABSENT || code == ERR_CORRUPT)) {
		w->unknown[i] = true;
		err_clear(e);
		return 0;
	}
	return code < 0 ? err_wrap(e, code, "channel %.*s", STR_ARG(c->name)) : 0;
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
		s->base_url = base_url(&all->arena, folder, given);
	}
	return check_channel(c, e);
}

static int say_missing(const struct opening *w, struct err **e)
{
	AUTO(missing_done) struct missing own = {0};
	struct missing *all = w->o->missing ? w->o->missing : &own;
	size_t before = all->lines.n;
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
	struct opening w = {h, o, &c, NULL};
	add_channels(&w, names);
	w.unknown = arena_zero(&c.arena, c.n * o->subdirs.n, sizeof(*w.unknown));
	unsigned jobs = o->jobs > DOWNLOADS ? o->jobs : DOWNLOADS;
	int code = workers_run(jobs, c.n * o->subdirs.n, open_one, &w, e);
	if (code >= 0)
		code = say_missing(&w, e);
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
		for (size_t j = 0; j < c->v[i].subdir_count; j++)
			index_close(c->v[i].subdirs[j].index);
	arena_done(&c->arena);
	*c = (struct channels){0};
}
