/* specs/record.c - records copied, named, and made up for virtual packages. */
#include "specs/record.h"

const struct record_source *record_source_copy(struct arena *a, const struct record_source *from)
{
	struct record_source *s = arena_zero(a, 1, sizeof(*s));
	*s = *from;
	s->revision = arena_str(a, from->revision);
	s->settings = arena_strs(a, from->settings);
	s->requires = arena_strs(a, from->requires);
	s->wheel = arena_str(a, from->wheel);
	return s;
}

void record_copy(struct arena *a, const struct record *from, struct record *out)
{
	*out = *from;
	struct str *const texts[] = {&out->name,    &out->version_text,
				     &out->build,   &out->channel,
				     &out->subdir,  &out->fn,
				     &out->url,	    &out->track_features,
				     &out->license, &out->python_site_packages_path};
	for (size_t i = 0; i < COUNT(texts); i++)
		*texts[i] = arena_str(a, *texts[i]);
	out->depends = arena_strs(a, from->depends);
	out->constrains = arena_strs(a, from->constrains);
	if (from->source)
		out->source = record_source_copy(a, from->source);
	/* It lives in another arena: read it again. It parsed before, so it does now. */
	if (from->version)
		version_parse(a, out->version_text, &out->version, NULL);
}

const char *record_manager_name(const struct record *r)
{
	return r->manager == MANAGER_PIP ? "pip" : "conda";
}

struct str record_stem(struct arena *a, const struct record *r)
{
	return arena_printf(a, "%.*s-%.*s%s%.*s", STR_ARG(r->name), STR_ARG(r->version_text),
			    r->manager == MANAGER_PIP ? "" : "-", STR_ARG(r->build));
}

int record_virtual(struct arena *a, const char *name, const char *version, const char *build,
		   struct record *out, struct err **e)
{
	*out = (struct record){
		.name = arena_str(a, str_of(name)),
		.version_text = arena_str(a, str_of(version)),
		.build = arena_str(a, str_of(build ? build : "0")),
		.subdir = STR("noarch"),
	};
	return version_parse(a, out->version_text, &out->version, e);
}
