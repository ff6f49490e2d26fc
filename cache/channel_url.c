/* cache/channel_url.c - from names of channels to addresses. */
#include "cache/channel_url.h"
#include "cache/address.h"
#include "cache/channel.h"
#include "specs/base/url.h"
#include <stdlib.h>
#include <unistd.h>

#define ANACONDA "https://repo.anaconda.com/"

/* conda has a third on Windows. */
static const struct str usual_defaults[] = {STR("pkgs/main"), STR("pkgs/r")};
const struct channel_names channel_names_usual = {
	.alias = STR("https://conda.anaconda.org"),
	.defaults = {usual_defaults, COUNT(usual_defaults)},
};

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

struct str channel_secret_url(struct arena *a, struct str name, const struct channel_names *names)
{
	struct str alias = names->alias.n ? names->alias : channel_names_usual.alias;
	name = str_trim(name);
	if (address_split(name).scheme.n)
		return arena_str(a, str_trim_end(name, '/'));
	if (is_path(name))
		return url_of_path(a, name);
	name = str_trim_end(name, '/');
	if (str_starts(name, "pkgs/"))
		return arena_printf(a, ANACONDA "%.*s", STR_ARG(name));
	return arena_printf(a, "%.*s/%.*s", STR_ARG(str_trim_end(alias, '/')), STR_ARG(name));
}

struct str channel_bare_url(struct arena *a, struct str url)
{
	struct address at = address_split(url_without_secrets(a, url));
	return arena_printf(a, "%.*s://%.*s%.*s", STR_ARG(at.scheme), STR_ARG(at.host),
			    STR_ARG(str_trim_end(at.path, '/')));
}

struct str channel_url(struct arena *a, struct str name, const struct channel_names *names)
{
	return channel_bare_url(a, channel_secret_url(a, name, names));
}

/* ---- lists ---- */

struct members {
	struct arena *arena;
	const struct channel_names *names;
	struct str *v, *urls;
	size_t n;
};

static void add_member(struct members *m, struct str name)
{
	struct str url = channel_url(m->arena, name, m->names);
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->urls[i], url))
			return;
	m->urls[m->n] = url;
	m->v[m->n++] = name;
}

static struct members find_members(struct arena *a, struct strs list,
				   const struct channel_names *names)
{
	struct strs defaults = names->defaults.n ? names->defaults : channel_names_usual.defaults;
	size_t room = list.n * (defaults.n + 1);
	struct members m = {a, names, arena_zero(a, room, sizeof(*m.v)),
			    arena_zero(a, room, sizeof(*m.urls)), 0};
	for (size_t i = 0; i < list.n; i++) {
		bool many = str_is(str_trim(list.v[i]), "defaults");
		for (size_t k = 0; many && k < defaults.n; k++)
			add_member(&m, defaults.v[k]);
		if (!many)
			add_member(&m, list.v[i]);
	}
	return m;
}

struct strs channel_members(struct arena *a, struct strs list, const struct channel_names *names)
{
	struct members m = find_members(a, list, names);
	return (struct strs){m.v, m.n};
}

struct strs channel_urls(struct arena *a, struct strs list, const struct channel_names *names)
{
	struct members m = find_members(a, list, names);
	return (struct strs){m.urls, m.n};
}

struct strs channel_identities(struct arena *a, struct strs list, const struct channel_names *names)
{
	struct members m = find_members(a, list, names);
	for (size_t i = 0; i < m.n; i++)
		if (is_path(m.v[i]))
			m.urls[i] = m.v[i];
	return (struct strs){m.urls, m.n};
}

/* ---- packages ---- */

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
struct str channel_base_url(struct arena *a, struct str folder, struct str given)
{
	struct address at = address_split(folder);
	struct str url = folder;
	if (address_split(given).scheme.n)
		url = channel_bare_url(a, given);
	else if (str_starts(given, "//"))
		url = arena_printf(a, "%.*s:%.*s", STR_ARG(at.scheme), STR_ARG(given));
	else if (str_starts(given, "/"))
		url = arena_printf(a, "%.*s://%.*s%.*s", STR_ARG(at.scheme), STR_ARG(at.host),
				   STR_ARG(given));
	else if (given.n)
		url = arena_printf(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(given));
	return plain_url(a, url);
}
