/* cache/channel_record.c - a record of an opened channel, whole. */
#include "cache/channel.h"

static struct strs texts(struct arena *a, const struct index *x, const uint32_t *ids, size_t n)
{
	struct str *v = arena_zero(a, n, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = arena_str(a, index_text(x, ids[i]));
	return (struct strs){v, n};
}

int channel_record(const struct channel *c, const struct channel_subdir *s, uint32_t record,
		   struct arena *a, struct record *out, struct err **e)
{
	struct record r = {0};
	struct index_entry entry;
	index_record(s->index, record, a, &r);
	index_entry(s->index, record, &entry);
	struct str *const copied[] = {&r.name,
				      &r.version_text,
				      &r.build,
				      &r.fn,
				      &r.track_features,
				      &r.license,
				      &r.python_site_packages_path};
	for (size_t i = 0; i < COUNT(copied); i++)
		*copied[i] = arena_str(a, *copied[i]);
	if (str_find(r.fn, '/') != r.fn.n)
		return err_set(e, ERR_CORRUPT, "%.*s: \"%.*s\" is no file name", STR_ARG(c->name),
			       STR_ARG(r.fn));
	r.channel = arena_str(a, c->url);
	r.subdir = arena_str(a, s->subdir);
	r.url = arena_printf(a, "%.*s%.*s", STR_ARG(s->base_url), STR_ARG(r.fn));
	r.depends = texts(a, s->index, entry.run, entry.depends);
	r.constrains = texts(a, s->index, entry.run + entry.depends, entry.constrains);
	if (version_parse(a, r.version_text, &r.version, e) < 0)
		return err_wrap(e, ERR_CORRUPT, "%.*s/%.*s", STR_ARG(c->name), STR_ARG(r.fn));
	*out = r;
	return 0;
}
