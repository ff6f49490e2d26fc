/* cache/elsewhere.c - where else a name is: on subdirs that are not open. */
#include "cache/address.h"
#include "cache/channel.h"
#include "cache/mirror.h"
#include "cache/repodata.h"
#include "specs/platform.h"

static bool is_open(const struct channel *c, const char *subdir)
{
	for (size_t i = 0; i < c->subdir_count; i++)
		if (str_is(c->subdirs[i].subdir, subdir))
			return true;
	return false;
}

/* A folder that does not exist is nothing to tell of. */
static bool is_folder(struct str url)
{
	AUTO(buf_done) struct buf path = BUF(64 << 10);
	return address_file(&path, url) && access(path.data, F_OK) == 0;
}

/* A server's repodata of another platform may be hundreds of megabytes: too much for a hint. */
static bool has_name(struct http *h, const struct channel *c, const struct channel_options *o,
		     const char *subdir, struct str name)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str url = arena_printf(&a, "%.*s/%s", STR_ARG(c->url), subdir);
	struct strs places = mirrors_places(http_mirrors(h), url, &a);
	bool found = false;

	for (size_t i = 0; i < places.n && !found; i++) {
		AUTO(index_close) struct index *x = NULL;
		struct repodata_options options = {
			.cache = o->cache, .offline = o->offline || !is_folder(places.v[i])};
		uint32_t first, count;
		found = channel_open_subdir(h, places.v[i], &options, &x, NULL) == 0 && x &&
			index_find(x, name, &first, &count);
	}
	return found;
}

void channels_elsewhere(struct http *h, const struct channels *c, const struct channel_options *o,
			struct str name, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; platform_subdirs[k]; k++) {
			const char *subdir = platform_subdirs[k];
			if (is_open(&c->v[i], subdir) || !has_name(h, &c->v[i], o, subdir, name))
				continue;
			buf_printf(out, "%s%s of %.*s", comma, subdir, STR_ARG(c->v[i].name));
			comma = ", ";
		}
	}
}
