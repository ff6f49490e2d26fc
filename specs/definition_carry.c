/* specs/definition_carry.c - what a definition says and another form has no place for. */
#include "specs/definition_private.h"
#include "specs/v1_schema.h"

#define FORM(form) (1u << (form))

/* What a form keeps of another's keys; those of output only mean nothing in a definition. */
static const struct {
	enum definition_form from;
	unsigned to; /* FORM() of each */
	const char *path;
} carried[] = {
	{DEFINITION_V1, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V2), "name"},
	{DEFINITION_V1, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V2), "version"},
	{DEFINITION_V1, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V2), "python.condaDependencies"},
	{DEFINITION_V1, FORM(DEFINITION_V2), "python.userManagedDependencies"},
	{DEFINITION_V1, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V2), "docker.platform.os"},
	{DEFINITION_V1, FORM(DEFINITION_V2), "docker.baseImage"},
	{DEFINITION_V1, FORM(DEFINITION_V2), "docker.baseImageRegistry.address"},
	{DEFINITION_V1, FORM(DEFINITION_V2), "docker.buildContext"},
	{DEFINITION_V2, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V1), "$schema"},
	{DEFINITION_V2, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V1), "name"},
	{DEFINITION_V2, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V1), "version"},
	{DEFINITION_V2, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V1), "conda_file"},
	{DEFINITION_V2, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V1), "os_type"},
	{DEFINITION_V2, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V1), "id"},
	{DEFINITION_V2, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V1), "creation_context"},
	{DEFINITION_V2, FORM(DEFINITION_CONDA) | FORM(DEFINITION_V1), "latest_version"},
	{DEFINITION_V2, FORM(DEFINITION_V1), "image"},
	{DEFINITION_V2, FORM(DEFINITION_V1), "build"},
};

struct carrying {
	const struct definition *d;
	enum definition_form to;
	struct log *log;
};

static bool is_carried(const struct carrying *c, const char *path)
{
	for (size_t i = 0; i < COUNT(carried); i++)
		if (carried[i].from == c->d->form && carried[i].to & FORM(c->to) &&
		    strcmp(carried[i].path, path) == 0)
			return true;
	return false;
}

static void warn(const struct carrying *c, const struct yaml_node *key, const char *path)
{
	log_warn(c->log, "%s:%u:%u: the %s form has no place for \"%s\": it is left out",
		 c->d->document.what, key->line, key->column, definition_form_name(c->to), path);
}

/* A key that the schema does not know is told like all others. */
static const struct v1_field *field_of(const struct v1_field *fields, struct str key)
{
	while (fields && fields->name && !str_is(key, fields->name))
		fields++;
	return fields && fields->name ? fields : NULL;
}

/* above: the map's path, with a dot at its end. */
static void warn_of_v1(const struct carrying *c, const struct yaml_node *map,
		       const struct v1_field *fields, const char *above)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_node *key = map->pairs[i].key, *value = map->pairs[i].value;
		const struct v1_field *f = field_of(fields, key->text);
		AUTO(buf_done) struct buf path = BUF(1 << 16);
		buf_printf(&path, "%s%.*s", above, STR_ARG(key->text));
		if ((f && (f->use == V1_OBSOLETE || v1_is_fallback(f, value))) ||
		    is_carried(c, path.data))
			continue;
		if (f && f->kind == V1_OBJECT && f->use != V1_KEPT) {
			buf_add_char(&path, '.');
			warn_of_v1(c, value, f->fields, path.data);
		} else {
			warn(c, key, path.data);
		}
	}
}

static void warn_of_v2(const struct carrying *c, const struct yaml_node *map)
{
	for (size_t i = 0; i < map->n; i++)
		if (!is_carried(c, map->pairs[i].key->text.p))
			warn(c, map->pairs[i].key, map->pairs[i].key->text.p);
}

int definition_carry(const struct definition *d, enum definition_form to, struct log *log,
		     struct err **e)
{
	const struct carrying c = {d, to, log};
	if (d->form == to || d->form == DEFINITION_CONDA)
		return 0;
	/* The other form would not say it. */
	if (d->unbuildable.n)
		return err_set(e, ERR_USAGE, "the %s form cannot say this: %.*s",
			       definition_form_name(to), STR_ARG(d->unbuildable));
	if (d->form == DEFINITION_V1)
		warn_of_v1(&c, d->document.root, v1_schema, "");
	else
		warn_of_v2(&c, d->document.root);
	if (d->user_managed && d->conda.n && to == DEFINITION_V2)
		log_warn(log,
			 "%s: the v2 form has no place for the packages of an environment that its "
			 "user manages: they are left out",
			 d->document.what);
	return 0;
}
