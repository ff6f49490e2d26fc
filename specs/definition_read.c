/* specs/definition_read.c - finds a definition's form by its content, and its files. */
#include "specs/base/fs.h"
#include "specs/definition_private.h"
#include <unistd.h>

#define V1_FILE "azureml_environment.json"

const char *definition_form_name(enum definition_form form)
{
	static const char *const names[] = {"conda", "v1", "v2"};
	return names[form];
}

/* ---- the form ---- */

static bool has_any(const struct yaml_node *root, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (yaml_get(root, keys[i]))
			return true;
	return false;
}

/* "python: 3.10" at the top of a YAML file is a slip of who writes a conda file. */
static bool has_map(const struct yaml_node *root, const char *key, bool json)
{
	const struct yaml_node *value = yaml_get(root, key);
	return value && (json || value->kind == YAML_MAP);
}

/* Keys that only one form has; a file with neither is a conda file, whatever else it says. */
static enum definition_form form_of(const struct yaml_node *root, bool json)
{
	static const char *const v1[] = {"environmentVariables", "inferencingStackVersion",
					 "assetId", "databricks"};
	static const char *const v2[] = {"$schema",    "image",	  "build",
					 "conda_file", "os_type", "inference_config"};
	static const char *const conda[] = {"dependencies", "channels"};
	static const char *const maybe_v2[] = {"version", "tags", "description"};
	static const char *const sections[] = {"docker", "python", "spark", "r"};
	for (size_t i = 0; i < COUNT(sections); i++)
		if (has_map(root, sections[i], json))
			return DEFINITION_V1;
	if (has_any(root, v1, COUNT(v1)))
		return DEFINITION_V1;
	if (has_any(root, v2, COUNT(v2)) ||
	    (!has_any(root, conda, COUNT(conda)) && has_any(root, maybe_v2, COUNT(maybe_v2))))
		return DEFINITION_V2;
	return DEFINITION_CONDA;
}

/* {"a": ...} is JSON; {a: ...} is YAML, and so is everything else. */
static bool is_json(struct str text)
{
	text = str_trim(str_from(text, str_starts(text, "\xef\xbb\xbf") ? 3 : 0));
	if (text.n == 0 || text.p[0] != '{')
		return false;
	text = str_trim(str_from(text, 1));
	return text.n && (text.p[0] == '"' || text.p[0] == '}');
}

/* A reference to an environment that is registered somewhere. */
static int only_named(struct reader *r, struct err **e)
{
	return yaml_fail(r->yaml, r->yaml->root, e,
			 "this only names an environment and does not say what is in it");
}

static bool is_reference(const struct yaml_node *root)
{
	for (size_t i = 0; i < root->n; i++)
		if (!str_is(root->pairs[i].key->text, "name") &&
		    !str_is(root->pairs[i].key->text, "version"))
			return false;
	return root->n > 0;
}

static int read_document(struct reader *r, bool json, struct err **e)
{
	const struct yaml_node *root = r->yaml->root;
	bool map = root && root->kind == YAML_MAP;
	if (map && json && is_reference(root))
		return only_named(r, e);
	switch (map ? form_of(root, json) : DEFINITION_CONDA) {
	case DEFINITION_V1:
		if (!json)
			return yaml_fail(r->yaml, root, e,
					 "these are keys of a v1 environment, which is JSON");
		/* Only a folder of this form has further files. */
		r->folder = str_ends(str_of(r->yaml->what), V1_FILE) ? r->folder : NULL;
		return definition_read_v1(r, e);
	case DEFINITION_V2:
		return definition_read_v2(r, e);
	default:
		return definition_read_conda(r, root, e);
	}
}

/* ---- texts and files ---- */

/* from: where its other files are, and who is told. */
static int read_text(const struct reader *from, struct str text, const char *what,
		     struct definition *out, struct err **e)
{
	AUTO(definition_done) struct definition made = DEFINITION;
	bool json = is_json(text);
	const char *name = arena_copy(&made.arena, what, strlen(what));
	int status = json ? yaml_parse_json(text, name, &made.document, e)
			  : yaml_parse(text, name, &made.document, e);
	struct reader r = *from;
	r.yaml = &made.document;
	r.to = &made;
	if (status == 0)
		status = read_document(&r, json, e);
	if (status < 0)
		return status;
	if (made.form == DEFINITION_CONDA)
		made.conda = arena_str(&made.arena, text);
	*out = made;
	made = (struct definition)DEFINITION;
	return 0;
}

int definition_read_text(struct str text, const char *what, const char *folder, struct log *log,
			 struct definition *out, struct err **e)
{
	const struct reader from = {.folder = folder, .log = log};
	return read_text(&from, text, what, out, e);
}

int definition_read_files(const struct definition_files *files, struct log *log,
			  struct definition *out, struct err **e)
{
	const struct reader from = {.files = files, .log = log};
	AUTO(free) char *what = fs_join(files->what, V1_FILE);
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->v[i].name, V1_FILE) == 0)
			return read_text(&from, files->v[i].text, what, out, e);
	return err_set(e, ERR_ABSENT, "%s is not there", what);
}

static int read_path(const char *path, const char *folder, struct log *log, struct definition *out,
		     struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(DEFINITION_MAX);
	int status = fs_read(path, &text, e);
	return status < 0 ? status
			  : definition_read_text(buf_str(&text), path, folder, log, out, e);
}

static int read_folder(const char *path, struct log *log, struct definition *out, struct err **e)
{
	AUTO(free) char *file = fs_join(path, V1_FILE);
	int status = read_path(file, path, log, out, e);
	if (status == ERR_ABSENT)
		return err_wrap(e, status,
				"%s is a folder, and not one of a v1 environment; name the file in "
				"it that is meant",
				path);
	return status;
}

static int read_piped(struct log *log, struct definition *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(DEFINITION_MAX);
	int status = fs_read_fd(STDIN_FILENO, "standard input", &text, e);
	return status < 0
		       ? status
		       : definition_read_text(buf_str(&text), "standard input", NULL, log, out, e);
}

int definition_read(const char *path, struct log *log, struct definition *out, struct err **e)
{
	if (strcmp(path, "-") == 0)
		return read_piped(log, out, e);
	if (fs_is_folder(path))
		return read_folder(path, log, out, e);
	const char *slash = strrchr(path, '/');
	AUTO(arena_done) struct arena a = ARENA;
	const char *folder = slash ? arena_copy(&a, path, (size_t)(slash - path) + 1) : ".";
	return read_path(path, folder, log, out, e);
}
