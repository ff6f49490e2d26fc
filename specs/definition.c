/* specs/definition.c - environment.yml / conda_dependencies.yml as a value. */
#include "specs/base/near.h"
#include "specs/definition_private.h"
#include <ctype.h>
#include <stdio.h>

enum { MAX_SPECS = 10000, MAX_CHANNELS = 256 };

void definition_done(struct definition *d)
{
	requirements_done(&d->pip);
	yaml_done(&d->document);
	arena_done(&d->arena);
	*d = (struct definition)DEFINITION;
}

/* --- channels ------------------------------------------------------------------------ */

static struct str without_slashes(struct str s)
{
	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	return s;
}

/* conda drops `nodefaults` as a channel too: it only says that nothing is to be appended,
 * and nothing ever is. */
void definition_add_channel(struct definition *d, struct str channel)
{
	channel = without_slashes(str_trim(channel));
	if (channel.n == 0 || str_is(channel, "nodefaults"))
		return;
	for (size_t i = 0; i < d->channels.n; i++)
		if (str_eq(without_slashes(d->channels.v[i]), channel))
			return;
	struct str *v = arena_alloc(&d->arena, (d->channels.n + 1) * sizeof(*v));
	if (d->channels.n)
		memcpy(v, d->channels.v, d->channels.n * sizeof(*v));
	v[d->channels.n] = arena_str(&d->arena, channel);
	d->channels = (struct strs){v, d->channels.n + 1};
}

static int read_channels(struct reader *r, const struct yaml_node *root, struct err **e)
{
	const struct yaml_node *list = NULL;
	if (yaml_member(r->yaml, root, "channels", YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	if (list && list->n > MAX_CHANNELS)
		return yaml_fail(r->yaml, list, e, "more than %d channels", MAX_CHANNELS);
	r->to->lists_channels = list && list->n;
	for (size_t i = 0; list && i < list->n; i++) {
		const struct yaml_node *item = list->items[i];
		if (item->kind != YAML_TEXT)
			return yaml_fail(r->yaml, item, e, "a channel must be text, not %s",
					 yaml_kind_name(item));
		if (str_trim(item->text).n == 0)
			return yaml_fail(r->yaml, item, e, "a channel must not be empty");
		definition_add_channel(r->to, item->text);
	}
	return 0;
}

/* --- dependencies -------------------------------------------------------------------- */

static struct definition_spec *grow_specs(struct definition *d, size_t more)
{
	struct definition_spec *v = arena_zero(&d->arena, d->spec_count + more, sizeof(*v));
	if (d->spec_count)
		memcpy(v, d->specs, d->spec_count * sizeof(*v));
	d->specs = v;
	return v + d->spec_count;
}

int definition_add_spec(struct definition *d, struct str text, struct err **e)
{
	struct definition_spec spec = {.text = arena_str(&d->arena, str_trim(text))};
	int status = matchspec_parse(&d->arena, spec.text, MATCHSPEC_USER, &spec.spec, e);
	if (status < 0)
		return err_wrap(e, status, "\"%.*s\"", STR_ARG(spec.text));
	*grow_specs(d, 1) = spec;
	d->spec_count++;
	definition_add_channel(d, spec.spec.channel);
	return 0;
}

/* The characters before a byte of the text. */
static unsigned characters_before(struct str s, size_t at)
{
	unsigned n = 0;
	for (size_t i = 0; i < at && i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* A reader of specs says "column N: ..." within the spec; the user has a file before him. */
static int bad_spec(struct reader *r, const struct yaml_node *at, struct err **e)
{
	if (!e || !*e)
		return ERR_SYNTAX;
	AUTO(err_free) struct err *inner = STEAL(e);
	AUTO(free) char *line = err_line(inner);
	unsigned column = 0;
	int skip = 0;
	if (sscanf(line, "column %u: %n", &column, &skip) < 1 || skip == 0)
		column = 0;
	struct yaml_node place = *at;
	if (column && at->text_column)
		place.column = at->text_column + characters_before(at->text, column - 1);
	else
		skip = 0;
	return yaml_fail(r->yaml, &place, e, "\"%.*s\": %s", STR_ARG(at->text), line + skip);
}

static int read_spec(struct reader *r, const struct yaml_node *item, struct definition_spec *out,
		     struct err **e)
{
	if (item->kind == YAML_NULL)
		return yaml_fail(r->yaml, item, e, "a match spec is missing behind \"-\"");
	if (item->kind != YAML_TEXT)
		return yaml_fail(r->yaml, item, e,
				 "a dependency must be a match spec as text, not %s",
				 yaml_kind_name(item));
	out->text = arena_str(&r->to->arena, item->text);
	out->line = item->line;
	out->column = item->column;
	if (matchspec_parse(&r->to->arena, out->text, MATCHSPEC_USER, &out->spec, e) < 0)
		return bad_spec(r, item, e);
	return 0;
}

static bool is_package_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("._-", s.p[i]))
			return false;
	return s.n > 0;
}

static int read_requirement(struct reader *r, const struct yaml_node *item, struct err **e)
{
	struct requirements_source from = {.name = r->yaml->what,
					   .folder = r->folder,
					   .line = item->line,
					   .column = item->column};
	if (!yaml_is_scalar(item) || item->kind == YAML_NULL)
		return yaml_fail(r->yaml, item, e,
				 "a pip requirement must be text, not %s; quotes keep it together",
				 yaml_kind_name(item));
	return requirements_add(&r->to->pip, &from, item->text, r->log, e);
}

/* `- pip: [...]` stands once; an empty list asks for nothing. */
static int read_pip(struct reader *r, const struct yaml_pair *pair, struct err **e)
{
	const struct yaml_node *list = pair->value;
	if (r->has_pip)
		return yaml_fail(r->yaml, pair->key, e, "a second \"pip:\" list");
	r->has_pip = true;
	if (list->kind == YAML_NULL)
		return 0;
	if (list->kind != YAML_LIST)
		return yaml_fail(r->yaml, list, e, "\"pip\" must be a list, not %s",
				 yaml_kind_name(list));
	int code = 0;
	for (size_t i = 0; i < list->n && code == 0; i++)
		code = read_requirement(r, list->items[i], e);
	return code;
}

/* `- python: 3.10` is how people who know other tools write `- python=3.10`. */
static int read_installer(struct reader *r, const struct yaml_node *item, struct err **e)
{
	if (item->n == 0)
		return yaml_fail(r->yaml, item, e, "a dependency must not be an empty map");
	const struct yaml_node *key = item->pairs[0].key, *value = item->pairs[0].value;
	if (str_is(key->text, "pip") && item->n == 1)
		return read_pip(r, &item->pairs[0], e);
	if (is_package_name(key->text) && yaml_is_scalar(value) && value->text.n)
		return yaml_fail(r->yaml, key, e,
				 "unknown installer \"%.*s\"; a package is written \"%.*s=%.*s\"",
				 STR_ARG(key->text), STR_ARG(key->text), STR_ARG(value->text));
	return yaml_fail(r->yaml, key, e,
			 "unknown installer \"%.*s\"; a dependency is a match spec as text",
			 STR_ARG(key->text));
}

static int read_dependencies(struct reader *r, const struct yaml_node *root, struct err **e)
{
	const struct yaml_node *list = NULL;
	if (yaml_member(r->yaml, root, "dependencies", YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	if (!list) {
		log_warn(r->log, "%s: no \"dependencies\": the environment will be empty",
			 r->yaml->what);
		return 0;
	}
	if (list->n > MAX_SPECS)
		return yaml_fail(r->yaml, list, e, "more than %d dependencies", MAX_SPECS);
	struct definition_spec *out = grow_specs(r->to, list->n);
	size_t n = 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *item = list->items[i];
		bool map = item->kind == YAML_MAP;
		int code = map ? read_installer(r, item, e) : read_spec(r, item, &out[n], e);
		if (code < 0)
			return code;
		n += !map;
	}
	r->to->spec_count += n;
	/* Channels of `channel::package` come behind those the file lists. */
	for (size_t i = 0; i < n; i++)
		definition_add_channel(r->to, out[i].spec.channel);
	return 0;
}

/* --- keys ---------------------------------------------------------------------------- */

static const char *const known_keys[] = {"name",      "prefix",	   "channels", "dependencies",
					 "variables", "platforms", "category"};

static bool is_known(struct str key)
{
	for (size_t i = 0; i < COUNT(known_keys); i++)
		if (str_is(key, known_keys[i]))
			return true;
	return false;
}

static void warn_of_unknown(struct reader *r, const struct yaml_node *root)
{
	for (size_t i = 0; i < root->n; i++) {
		const struct yaml_node *key = root->pairs[i].key;
		if (is_known(key->text))
			continue;
		const char *near = near_word(key->text, known_keys, COUNT(known_keys));
		log_warn(r->log, "%s:%u:%u: the key \"%.*s\" is not known and ignored%s%s%s",
			 r->yaml->what, key->line, key->column, STR_ARG(key->text),
			 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
}

static int read_variables(struct reader *r, const struct yaml_node *root, struct err **e)
{
	const struct yaml_node *map = NULL;
	if (yaml_member(r->yaml, root, "variables", YAML_MAP, &map, e) < 0)
		return ERR_SYNTAX;
	return map ? definition_read_variables(r, map, &r->to->variables, &r->to->variable_count, e)
		   : 0;
}

int definition_read_conda(struct reader *r, const struct yaml_node *root, struct err **e)
{
	if (!root)
		return yaml_fail(r->yaml, NULL, e,
				 "the file is empty; it needs at least \"dependencies\"");
	if (root->kind != YAML_MAP)
		return yaml_fail(r->yaml, root, e,
				 "an environment must be a map with \"channels\" and "
				 "\"dependencies\", not %s",
				 yaml_kind_name(root));
	warn_of_unknown(r, root);
	int status = definition_text(r, root, "name", &r->to->name, e);
	if (status == 0)
		status = definition_text(r, root, "prefix", &r->to->prefix, e);
	if (status == 0)
		status = read_channels(r, root, e);
	if (status == 0)
		status = read_dependencies(r, root, e);
	if (status == 0)
		status = read_variables(r, root, e);
	return status;
}

int definition_read_conda_text(const struct reader *from, struct str text, const char *what,
			       struct err **e)
{
	AUTO(yaml_done) struct yaml yaml = YAML;
	struct reader r = {.yaml = &yaml, .folder = from->folder, .log = from->log, .to = from->to};
	int status = yaml_parse(text, what, &yaml, e);
	if (status == 0)
		status = definition_read_conda(&r, yaml.root, e);
	if (status == 0)
		r.to->conda = arena_str(&r.to->arena, text);
	return status;
}

int definition_parse(struct str text, const char *what, const char *folder, struct log *log,
		     struct definition *out, struct err **e)
{
	AUTO(definition_done) struct definition made = DEFINITION;
	struct reader r = {.folder = folder, .log = log, .to = &made};
	int status = definition_read_conda_text(&r, text, what, e);
	if (status < 0)
		return status;
	*out = made;
	made = (struct definition)DEFINITION;
	return 0;
}
