/* specs/definition_v1_write.c - a folder as azureml-core 1.61 saves it, to the byte. */
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include "specs/definition_private.h"
#include "specs/v1_schema.h"
#include <sys/stat.h>

enum { INDENT = 4, DOCUMENT_MAX = 64 << 20 };

/* ---- JSON as Python's json.dump(indent=4) ---- */

struct writer {
	struct buf *out;
	int indent;
	bool first; /* in the innermost list or map */
	bool steps; /* there is a Dockerfile, in a file of its own */
};

static void put_escaped(struct buf *out, uint32_t c)
{
	static const char names[] = "\"\"\\\\\nn\rr\tt\bb\ff";
	for (size_t i = 0; i + 1 < sizeof(names); i += 2)
		if (c == (unsigned char)names[i]) {
			buf_printf(out, "\\%c", names[i + 1]);
			return;
		}
	if (c >= 0x20 && c < 0x7f)
		buf_add_char(out, (char)c);
	else if (c < 0x10000)
		buf_printf(out, "\\u%04x", c);
	else
		buf_printf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

static void put_string(struct buf *out, struct str s)
{
	buf_add_char(out, '"');
	while (s.n)
		put_escaped(out, str_code_point(&s));
	buf_add_char(out, '"');
}

static void new_line(struct writer *w)
{
	buf_printf(w->out, "\n%*s", w->indent, "");
}

static void open_bracket(struct writer *w, char bracket)
{
	buf_add_char(w->out, bracket);
	w->indent += INDENT;
	w->first = true;
}

static void next_item(struct writer *w, struct str key)
{
	if (!w->first)
		buf_add_char(w->out, ',');
	w->first = false;
	new_line(w);
	if (key.p) {
		put_string(w->out, key);
		buf_add_text(w->out, ": ");
	}
}

static void close_bracket(struct writer *w, char bracket)
{
	w->indent -= INDENT;
	if (!w->first)
		new_line(w);
	w->first = false;
	buf_add_char(w->out, bracket);
}

static void put_node(struct writer *w, const struct yaml_node *node)
{
	if (node->kind == YAML_TEXT) {
		put_string(w->out, node->text);
	} else if (yaml_is_scalar(node)) {
		buf_add_str(w->out, node->text);
	} else {
		bool map = node->kind == YAML_MAP;
		open_bracket(w, map ? '{' : '[');
		for (size_t i = 0; i < node->n; i++) {
			next_item(w, map ? node->pairs[i].key->text : (struct str){0});
			put_node(w, map ? node->pairs[i].value : node->items[i]);
		}
		close_bracket(w, map ? '}' : ']');
	}
}

/* ---- by the schema ---- */

static void put_object(struct writer *w, const struct yaml_node *map,
		       const struct v1_field *fields);

static void put_objects(struct writer *w, const struct yaml_node *list,
			const struct v1_field *fields)
{
	open_bracket(w, '[');
	for (size_t i = 0; i < list->n; i++) {
		next_item(w, (struct str){0});
		put_object(w, list->items[i], fields);
	}
	close_bracket(w, ']');
}

static void put_field(struct writer *w, const struct yaml_node *value, const struct v1_field *f)
{
	if (!value && f->fallback)
		buf_add_text(w->out, f->fallback);
	else if (!value || value->kind == YAML_MAP)
		(f->fields ? put_object(w, value, f->fields) : put_node(w, value));
	else if (f->kind == V1_OBJECTS && value->kind == YAML_LIST)
		put_objects(w, value, f->fields);
	else
		put_node(w, value);
}

static bool is_known(const struct v1_field *fields, struct str key)
{
	while (fields->name && !str_is(key, fields->name))
		fields++;
	return fields->name != NULL;
}

/* What is in a file of its own does not stand here; no Dockerfile stands as null. */
static bool is_left_out(const struct writer *w, const struct v1_field *f)
{
	return f->kind == V1_CONDA || (f->kind == V1_STEPS && w->steps);
}

/* map: NULL where it is missing: all of it by its fallbacks. Keys that are not known stand behind
 * the others. */
static void put_object(struct writer *w, const struct yaml_node *map, const struct v1_field *fields)
{
	open_bracket(w, '{');
	for (const struct v1_field *f = fields; f->name; f++) {
		const struct yaml_node *value = yaml_get(map, f->name);
		if (is_left_out(w, f))
			continue;
		next_item(w, str_of(f->name));
		put_field(w, value, f);
	}
	for (size_t i = 0; map && i < map->n; i++) {
		if (is_known(fields, map->pairs[i].key->text))
			continue;
		next_item(w, map->pairs[i].key->text);
		put_node(w, map->pairs[i].value);
	}
	close_bracket(w, '}');
}

/* ---- definitions of other forms ---- */

static void put_docker(const struct definition *d, struct json_out *j)
{
	json_open(j, "docker", '{');
	if (d->base.n)
		json_put_str(j, "baseImage", d->base);
	if (d->steps.context.n) {
		json_open(j, "buildContext", '{');
		json_put_text(j, "locationType", "git");
		json_put_str(j, "location", d->steps.context);
		if (d->steps.dockerfile_path.n)
			json_put_str(j, "dockerfilePath", d->steps.dockerfile_path);
		json_close(j, '}');
	}
	json_put_text(j, "shmSize", "2g");
	json_close(j, '}');
}

/* The document it would have been read from. */
static int make_document(const struct definition *d, struct yaml *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(DOCUMENT_MAX);
	struct json_out j = {&text, false};
	json_open(&j, NULL, '{');
	json_put_str(&j, "name", d->name);
	if (d->version.n)
		json_put_str(&j, "version", d->version);
	put_docker(d, &j);
	json_close(&j, '}');
	return yaml_parse_json(buf_str(&text), "definition", out, e);
}

static int check_form(const struct definition *d, struct err **e)
{
	if (d->name.n == 0)
		return err_set(e, ERR_USAGE, "a v1 environment has a name, and this has none");
	if (d->steps.folder.n)
		return err_set(e, ERR_USAGE,
			       "the build context %.*s is a folder here: a v1 environment can name "
			       "one in git only",
			       STR_ARG(d->steps.context));
	return 0;
}

/* ---- files ---- */

/* A Dockerfile that does not stand in a context. */
static struct str own_steps(const struct definition *d)
{
	return d->steps.context.n ? (struct str){0} : d->steps.dockerfile;
}

static bool is_python(struct str spec)
{
	return str_starts(spec, "python") && (spec.n == 6 || strchr("=<>~! [", spec.p[6]));
}

int definition_check_python(const struct definition *d, struct err **e)
{
	AUTO(yaml_done) struct yaml y = YAML;
	const struct yaml_node *list;
	if (!d->conda.n)
		return 0;
	int status = yaml_parse(d->conda, "conda_dependencies.yml", &y, e);
	if (status < 0)
		return status;
	list = yaml_get(y.root, "dependencies");
	for (size_t i = 0; list && list->kind == YAML_LIST && i < list->n; i++)
		if (list->items[i]->kind == YAML_TEXT && is_python(list->items[i]->text))
			return 0;
	return err_set(e, ERR_USAGE,
		       "no python among the dependencies: azureml-core saves no environment "
		       "without it");
}

/* What an earlier definition has left there would be read as part of this one. */
static int write_or_remove(const char *folder, const char *name, struct str text, struct err **e)
{
	AUTO(free) char *path = fs_join(folder, name);
	return text.n ? fs_write(path, text, 0644, e) : fs_remove(path, e);
}

static int write_files(const struct definition *d, struct str document, const char *folder,
		       struct err **e)
{
	int status = fs_make_dirs(folder, 0755, e);
	if (status == 0)
		status = write_or_remove(folder, "conda_dependencies.yml", d->conda, e);
	if (status == 0)
		status = write_or_remove(folder, "BaseDockerfile", own_steps(d), e);
	return status < 0 ? status
			  : write_or_remove(folder, "azureml_environment.json", document, e);
}

int definition_v1_document(const struct definition *d, struct buf *out, struct err **e)
{
	AUTO(yaml_done) struct yaml made = YAML;
	struct writer w = {.out = out, .steps = own_steps(d).n > 0};
	bool v1 = d->form == DEFINITION_V1;
	int status = v1 ? 0 : check_form(d, e);
	if (status == 0 && !v1)
		status = make_document(d, &made, e);
	if (status < 0)
		return status;
	put_object(&w, v1 ? d->document.root : made.root, v1_schema);
	return buf_check(out, "azureml_environment.json", e);
}

int definition_write_v1(const struct definition *d, const char *folder, bool overwrite,
			struct err **e)
{
	AUTO(buf_done) struct buf document = BUF(DOCUMENT_MAX);
	struct stat st;
	int status = definition_v1_document(d, &document, e);
	if (status == 0 && !overwrite && stat(folder, &st) == 0)
		return err_set(e, ERR_USAGE, "%s is there already", folder);
	return status < 0 ? status : write_files(d, buf_str(&document), folder, e);
}
