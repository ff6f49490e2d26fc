/* specs/definition_keys.c - keys, texts and variables, as all forms of a definition have them. */
#include "specs/base/fs.h"
#include "specs/base/url.h"
#include "specs/base/yaml_dump.h"
#include "specs/definition_private.h"
#include "specs/reference.h"

enum { MAX_VARIABLES = 10000 };

/* --- members ------------------------------------------------------------------------- */

int definition_text(struct reader *r, const struct yaml_node *map, const char *key, struct str *out,
		    struct err **e)
{
	struct str text = {0};
	int status = yaml_text(r->yaml, map, key, &text, e);
	if (status == 0 && text.n)
		*out = arena_str(&r->to->arena, text);
	return status;
}

void definition_refuse(struct reader *r, const struct yaml_node *at, const char *fmt, ...)
{
	AUTO(buf_done) struct buf text = BUF(1 << 16);
	va_list args;
	if (r->to->unbuildable.n)
		return;
	if (at)
		buf_printf(&text, "%s:%u:%u: ", r->yaml->what, at->line, at->column);
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	r->to->unbuildable = arena_str(&r->to->arena, buf_str(&text));
}

int definition_large_dockerfile(struct reader *r, const struct yaml_node *at, const char *path,
				struct err **e)
{
	return yaml_fail(r->yaml, at, e,
			 "%s is larger than %d bytes; copy files from a build context instead",
			 path, DEFINITION_DOCKERFILE_MAX);
}

int definition_read_file(const struct reader *r, struct str path, struct buf *out, char **out_path,
			 struct err **e)
{
	AUTO(free) char *name = mem_text(arena_copy(&r->to->arena, path.p, path.n));
	AUTO(free) char *whole = *name == '/' ? mem_text(name) : fs_join(r->folder, name);
	int status = fs_read(whole, out, e);
	if (status == 0)
		*out_path = STEAL(&whole);
	return status;
}

/* --- packages that stand in the document ------------------------------------------------ */

int definition_keep_conda(struct reader *r, const struct yaml_node *map, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(DEFINITION_MAX);
	int status = yaml_dump(r->yaml, map, false, &text, e);
	if (status == 0)
		status = buf_check(&text, "conda_file", e);
	if (status == 0)
		r->to->conda = arena_str(&r->to->arena, buf_str(&text));
	return status;
}

/* --- docker steps ----------------------------------------------------------------------- */

bool definition_has_steps(const struct definition_steps *s)
{
	return s->dockerfile.n || s->context.n;
}

struct context_folder definition_context(const struct definition_steps *s)
{
	return (struct context_folder){
		.path = s->folder.p,
		.dockerfile = s->dockerfile_path.n ? s->dockerfile_path : STR("Dockerfile"),
		.checkout = s->checkout,
	};
}

/* --- Python of the user's ------------------------------------------------------------- */

struct str definition_interpreter_folder(const struct definition *d)
{
	size_t n = d->interpreter.n;
	while (n > 0 && d->interpreter.p[n - 1] != '/')
		n--;
	bool absolute = n > 0 && d->interpreter.p[0] == '/';
	return str_to(d->interpreter, absolute ? n - (n > 1) : 0);
}

/* --- the base -------------------------------------------------------------------------- */

int definition_read_base(struct reader *r, const struct yaml_node *value, struct str reference,
			 struct err **e)
{
	struct reference parsed;
	AUTO(err_free) struct err *why = NULL;
	/* Its error would quote the reference. */
	if (!str_eq(url_without_secrets(&r->to->arena, reference), reference))
		return yaml_fail(
			r->yaml, value, e,
			"this is no image: a reference holds no login; docker's config.json does");
	if (reference_parse(&r->to->arena, reference, &parsed, &why) < 0)
		return yaml_fail(r->yaml, value, e, "this is no image: %s", why->text);
	r->to->base = arena_str(&r->to->arena, reference);
	return 0;
}

bool definition_leads_out(struct str path)
{
	struct str part;
	int depth = 0;
	if (path.n && path.p[0] == '/')
		return true;
	while (path.n && depth >= 0) {
		str_cut(&path, '/', &part);
		if (str_is(part, ".."))
			depth--;
		else if (part.n && !str_is(part, "."))
			depth++;
	}
	return depth < 0;
}

bool definition_is_address(struct str s)
{
	return str_starts(s, "https://") || str_starts(s, "http://");
}

/* "https://USER:SECRET@HOST/..." */
bool definition_has_login(struct str address)
{
	struct str rest = str_from(address, str_find(address, '/'));
	if (!str_starts(rest, "//"))
		return false;
	rest = str_from(rest, 2);
	rest = str_to(rest, str_find(rest, '/'));
	return str_find(rest, '@') < rest.n;
}

/* --- variables ----------------------------------------------------------------------- */

bool definition_is_variable_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && !(i > 0 && c >= '0' && c <= '9'))
			return false;
	}
	return s.n > 0;
}

static int compare_variables(const void *a, const void *b)
{
	const struct definition_variable *left = a, *right = b;
	return str_cmp(left->name, right->name);
}

static int read_variable(struct reader *r, const struct yaml_pair *pair,
			 struct definition_variable *out, struct err **e)
{
	const struct yaml_node *key = pair->key, *value = pair->value;
	bool fine = r->any_names ? key->text.n && str_find(key->text, '=') == key->text.n
				 : definition_is_variable_name(key->text);
	if (!fine)
		return yaml_fail(r->yaml, key, e, "\"%.*s\" is no name of a variable: %s",
				 STR_ARG(key->text),
				 r->any_names ? "it must not be empty, nor hold ="
					      : "letters, digits and _ are, no digit first");
	if (!r->any_names && str_is(key->text, "PATH"))
		return yaml_fail(r->yaml, key, e, "the variable PATH is the image's own");
	if (!yaml_is_scalar(value) || value->kind == YAML_NULL)
		return yaml_fail(r->yaml, value, e,
				 "the variable \"%.*s\" must be text or a number, not %s",
				 STR_ARG(key->text), yaml_kind_name(value));
	if (memchr(value->text.p, 0, value->text.n))
		return yaml_fail(r->yaml, value, e, "the variable \"%.*s\" holds a zero byte",
				 STR_ARG(key->text));
	out->name = arena_str(&r->to->arena, key->text);
	out->value = arena_str(&r->to->arena, value->text);
	return 0;
}

int definition_read_variables(struct reader *r, const struct yaml_node *map,
			      struct definition_variable **out, size_t *count, struct err **e)
{
	if (map->n == 0)
		return 0;
	if (map->n > MAX_VARIABLES)
		return yaml_fail(r->yaml, map, e, "more than %d variables", MAX_VARIABLES);
	struct definition_variable *v = arena_zero(&r->to->arena, map->n, sizeof(*v));
	for (size_t i = 0; i < map->n; i++)
		if (read_variable(r, &map->pairs[i], &v[i], e) < 0)
			return ERR_SYNTAX;
	qsort(v, map->n, sizeof(*v), compare_variables);
	*out = v;
	*count = map->n;
	return 0;
}

/* In its place of a list that is sorted. */
static void set_variable(struct arena *a, struct definition_variable new,
			 struct definition_variable **list, size_t *count)
{
	struct definition_variable *v = arena_zero(a, *count + 1, sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < *count; i++)
		if (!str_eq((*list)[i].name, new.name))
			v[n++] = (*list)[i];
	v[n++] = new;
	qsort(v, n, sizeof(*v), compare_variables);
	*list = v;
	*count = n;
}

int definition_set_pair(struct definition *d, bool variable, struct str pair)
{
	struct definition_variable new;
	struct str rest = arena_str(&d->arena, pair);
	if (!str_cut(&rest, '=', &new.name) || new.name.n == 0)
		return ERR_USAGE;
	new.value = rest;
	if (variable)
		set_variable(&d->arena, new, &d->environment, &d->environment_count);
	else
		set_variable(&d->arena, new, &d->labels, &d->label_count);
	return 0;
}
