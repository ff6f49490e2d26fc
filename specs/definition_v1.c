/* specs/definition_v1.c - azureml_environment.json and the files beside it. */
#include "specs/base/fs.h"
#include "specs/base/near.h"
#include "specs/definition_private.h"
#include "specs/platform.h"
#include "specs/v1_schema.h"
#include <strings.h>

/* ---- the document against its schema ---- */

struct walk {
	struct reader *r;
	struct buf kept; /* names of what nothing is done with */
};

static int check_object(struct walk *w, const struct yaml_node *map, const struct v1_field *fields,
			const char *path, struct err **e);

static int check_list(struct walk *w, const struct yaml_node *list, const struct v1_field *f,
		      struct err **e)
{
	int status = 0;
	for (size_t i = 0; i < list->n && status == 0; i++) {
		const struct yaml_node *item = list->items[i];
		enum yaml_kind kind = f->kind == V1_TEXTS ? YAML_TEXT : YAML_MAP;
		status = yaml_want(w->r->yaml, item, kind, f->name, e);
		if (status == 0 && f->kind == V1_OBJECTS)
			status = check_object(w, item, f->fields, NULL, e);
	}
	return status;
}

static int check_value(struct walk *w, const struct yaml_node *value, const struct v1_field *f,
		       const char *path, struct err **e)
{
	static const enum yaml_kind kinds[] = {
		[V1_TEXT] = YAML_TEXT,	   [V1_BOOL] = YAML_BOOL,  [V1_TEXTS] = YAML_LIST,
		[V1_VARIABLES] = YAML_MAP, [V1_OBJECT] = YAML_MAP, [V1_OBJECTS] = YAML_LIST,
		[V1_CONDA] = YAML_MAP,	   [V1_STEPS] = YAML_TEXT,
	};
	if (value->kind == YAML_NULL)
		return 0;
	int status = yaml_want(w->r->yaml, value, kinds[f->kind], f->name, e);
	if (status < 0)
		return status;
	if (path && f->use == V1_KEPT && !v1_is_fallback(f, value)) {
		buf_printf(&w->kept, "%s%s%s", w->kept.n ? ", " : "", path, f->name);
		path = NULL;
	}
	if (f->kind == V1_TEXTS || f->kind == V1_OBJECTS)
		return check_list(w, value, f, e);
	if (f->kind != V1_OBJECT)
		return 0;
	AUTO(buf_done) struct buf inner = BUF(4096);
	buf_printf(&inner, "%s%s.", path ? path : "", f->name);
	return check_object(w, value, f->fields, path ? inner.data : NULL, e);
}

static void warn_of_unknown(struct walk *w, const struct yaml_node *key,
			    const struct v1_field *fields)
{
	const char *names[32];
	size_t n = 0;
	for (; fields[n].name && n < COUNT(names); n++)
		names[n] = fields[n].name;
	const char *near = near_word(key->text, names, n);
	log_warn(w->r->log, "%s:%u:%u: the key \"%.*s\" is not known; it is kept%s%s%s",
		 w->r->yaml->what, key->line, key->column, STR_ARG(key->text),
		 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* path: of the object, with a dot at its end; NULL: what holds it is named already. */
static int check_object(struct walk *w, const struct yaml_node *map, const struct v1_field *fields,
			const char *path, struct err **e)
{
	int status = 0;
	for (size_t i = 0; i < map->n && status == 0; i++) {
		const struct yaml_pair *pair = &map->pairs[i];
		const struct v1_field *f = fields;
		while (f->name && !str_is(pair->key->text, f->name))
			f++;
		if (f->name)
			status = check_value(w, pair->value, f, path, e);
		else
			warn_of_unknown(w, pair->key, fields);
	}
	return status;
}

static int check_document(struct reader *r, struct err **e)
{
	struct walk w = {r, BUF(1 << 16)};
	int status = check_object(&w, r->yaml->root, v1_schema, "", e);
	if (status == 0 && w.kept.n)
		log_warn(r->log, "%s: kept, and nothing is done with: %s", r->yaml->what,
			 w.kept.data);
	buf_done(&w.kept);
	return status;
}

/* ---- members ---- */

/* A member that says something; NULL when it is absent, null or empty. */
static const struct yaml_node *member(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *value = yaml_get(map, key);
	return value && !v1_is_empty(value) ? value : NULL;
}

static struct str copy(struct reader *r, const struct yaml_node *text)
{
	return text ? arena_str(&r->to->arena, text->text) : (struct str){0};
}

static bool is_true(const struct yaml_node *node)
{
	return node && str_is(node->text, "true");
}

/* ---- the base ---- */

static int check_login(struct reader *r, const struct yaml_node *registry, struct err **e)
{
	const struct yaml_node *user = member(registry, "username");
	const struct yaml_node *password = member(registry, "password");
	if (!user != !password)
		return yaml_fail(r->yaml, user ? user : password, e,
				 "\"%s\" without \"%s\": a login has both",
				 user ? "username" : "password", user ? "password" : "username");
	if (password)
		definition_refuse(
			r, password,
			"a password in a definition: kiln takes none from there; leave it "
			"out and log in (docker login %s)",
			member(registry, "address") ? member(registry, "address")->text.p : "HOST");
	return 0;
}

/* "HOST/NAME" and not only "NAME": hosts have a dot, a port, or are localhost. */
static bool has_host(struct str image)
{
	struct str host = str_to(image, str_find(image, '/'));
	return host.n < image.n && (str_find(host, '.') < host.n || str_find(host, ':') < host.n ||
				    str_is(host, "localhost"));
}

/* The image's name is within the registry that is named beside it. */
static int read_image(struct reader *r, const struct yaml_node *docker, struct err **e)
{
	const struct yaml_node *image = member(docker, "baseImage");
	const struct yaml_node *registry = yaml_get(docker, "baseImageRegistry");
	const struct yaml_node *address = member(registry, "address");
	int status = check_login(r, registry, e);
	if (status < 0 || !image)
		return status;
	struct str name = image->text;
	if (address && !has_host(name))
		name = arena_printf(&r->to->arena, "%.*s/%.*s",
				    STR_ARG(str_trim_end(address->text, '/')), STR_ARG(name));
	return definition_read_base(r, image, name, e);
}

static int read_context(struct reader *r, const struct yaml_node *context, struct err **e)
{
	struct definition_steps *s = &r->to->steps;
	const struct yaml_node *location = member(context, "location");
	const struct yaml_node *type = member(context, "locationType");
	const struct yaml_node *dockerfile = member(context, "dockerfilePath");
	if (!location)
		return yaml_fail(r->yaml, context, e, "\"location\" is missing");
	if (dockerfile && definition_leads_out(dockerfile->text))
		return yaml_fail(r->yaml, dockerfile, e, "%s leads out of the build context",
				 dockerfile->text.p);
	s->context = copy(r, location);
	s->dockerfile_path = copy(r, dockerfile);
	if (type && strcasecmp(type->text.p, "git") != 0)
		definition_refuse(r, type,
				  "the build context is in AzureML's storage, which kiln does not "
				  "read; name a git address");
	else if (definition_has_login(location->text))
		definition_refuse(r, location, DEFINITION_LOGIN);
	return 0;
}

/* amd64 is what a client writes that was told nothing. */
static void read_architecture(struct reader *r, const struct yaml_node *docker)
{
	const struct yaml_node *node = member(yaml_get(docker, "platform"), "architecture");
	const struct platform *known;
	if (!node || strcasecmp(node->text.p, "amd64") == 0)
		return;
	r->to->platform = arena_printf(&r->to->arena, "linux/%.*s", STR_ARG(node->text));
	if (platform_find(r->to->platform.p, &known, NULL) < 0)
		definition_refuse(r, node,
				  "kiln makes no images for \"%s\", but for amd64, arm64 and "
				  "ppc64le",
				  node->text.p);
}

static int read_platform(struct reader *r, const struct yaml_node *docker, struct err **e)
{
	static const char *const known[] = {"Linux", "Windows", "OSX"};
	const struct yaml_node *os = member(yaml_get(docker, "platform"), "os");
	size_t i = 0;
	while (os && i < COUNT(known) && strcasecmp(os->text.p, known[i]) != 0)
		i++;
	if (i == COUNT(known))
		return yaml_fail(r->yaml, os, e, "\"os\" must be Linux, Windows or OSX, not \"%s\"",
				 os->text.p);
	if (i > 0)
		definition_refuse(r, os, "kiln makes images for Linux, not for %s", known[i]);
	read_architecture(r, docker);
	return 0;
}

static int read_in_memory(const struct definition_files *in, struct str name, struct buf *out,
			  char **out_path)
{
	for (size_t i = 0; i < in->n; i++) {
		if (!str_is(name, in->v[i].name))
			continue;
		buf_add_str(out, in->v[i].text);
		*out_path = fs_join(in->what, in->v[i].name);
		return 0;
	}
	return ERR_ABSENT;
}

/* A file beside the document, with its ends of lines as Python reads them: the client saves them
 * so. */
static int read_beside(struct reader *r, struct str name, struct buf *out, char **out_path,
		       struct err **e)
{
	AUTO(buf_done) struct buf raw = BUF(out->max);
	int status = r->files	 ? read_in_memory(r->files, name, &raw, out_path)
		     : r->folder ? definition_read_file(r, name, &raw, out_path, e)
				 : ERR_ABSENT;
	for (size_t i = 0; status == 0 && i < raw.n; i++) {
		if (raw.data[i] != '\r')
			buf_add_char(out, raw.data[i]);
		else if (raw.data[i + 1] != '\n')
			buf_add_char(out, '\n');
	}
	return status;
}

/* What a Dockerfile in a file of its own says goes before the document's. */
static int read_dockerfile(struct reader *r, const struct yaml_node *docker, struct err **e)
{
	const struct yaml_node *inline_text = member(docker, "baseDockerfile");
	const struct yaml_node *at = docker ? docker : r->yaml->root;
	AUTO(buf_done) struct buf text = BUF(DEFINITION_DOCKERFILE_MAX);
	AUTO(free) char *path = NULL;
	AUTO(err_free) struct err *why = NULL;
	int status = read_beside(r, STR("BaseDockerfile"), &text, &path, &why);
	if (status == ERR_LIMIT || (inline_text && inline_text->text.n > DEFINITION_DOCKERFILE_MAX))
		return definition_large_dockerfile(r, inline_text ? inline_text : at,
						   "BaseDockerfile", e);
	if (status < 0 && status != ERR_ABSENT)
		return err_set(e, status, "%s", why->text);
	r->to->steps.dockerfile =
		status == 0 ? arena_str(&r->to->arena, buf_str(&text)) : copy(r, inline_text);
	return 0;
}

static int one_base(struct reader *r, const struct yaml_node *docker, struct err **e)
{
	const struct yaml_node *image = member(docker, "baseImage");
	const struct yaml_node *context = member(docker, "buildContext");
	bool steps = r->to->steps.dockerfile.n > 0;
	if (image && (context || steps))
		return yaml_fail(
			r->yaml, image, e,
			"both \"baseImage\" and \"%s\": one of them is the base, the other "
			"must be null",
			steps ? "baseDockerfile" : "buildContext");
	if (context && steps)
		return yaml_fail(r->yaml, context, e,
				 "both \"buildContext\" and \"baseDockerfile\": one of them is the "
				 "base");
	return 0;
}

static int read_docker(struct reader *r, struct err **e)
{
	const struct yaml_node *docker = member(r->yaml->root, "docker");
	const struct yaml_node *context = member(docker, "buildContext");
	int status = read_dockerfile(r, docker, e);
	if (status == 0)
		status = one_base(r, docker, e);
	if (status == 0)
		status = read_image(r, docker, e);
	if (status == 0 && context)
		status = read_context(r, context, e);
	return status < 0 ? status : read_platform(r, docker, e);
}

/* ---- packages ---- */

/* Clients save what nobody can install: requirements that lie elsewhere, say. Such a file is kept,
 * and its fault is one of who wants an image. What is installed in an environment that the user
 * manages is none of ours. */
static void read_packages(struct reader *r, const struct yaml *yaml, const struct yaml_node *root)
{
	AUTO(err_free) struct err *why = NULL;
	struct reader conda = {.yaml = yaml, .folder = r->folder, .log = r->log, .to = r->to};
	if (r->to->user_managed || definition_read_conda(&conda, root, &why) == 0)
		return;
	AUTO(free) char *line = err_line(why);
	definition_refuse(r, NULL, "%s", line);
}

static int read_conda_text(struct reader *r, struct str text, const char *what, struct err **e)
{
	AUTO(yaml_done) struct yaml y = YAML;
	int status = yaml_parse(text, what, &y, e);
	if (status < 0)
		return status;
	read_packages(r, &y, y.root);
	r->to->conda = arena_str(&r->to->arena, text);
	return 0;
}

static int read_conda(struct reader *r, const struct yaml_node *python, struct err **e)
{
	const struct yaml_node *map = member(python, "condaDependencies");
	AUTO(buf_done) struct buf text = BUF(DEFINITION_MAX);
	AUTO(free) char *path = NULL;
	AUTO(err_free) struct err *why = NULL;
	int status = read_beside(r, STR("conda_dependencies.yml"), &text, &path, &why);
	if (status == 0)
		return read_conda_text(r, buf_str(&text), path, e);
	if (status != ERR_ABSENT)
		return err_set(e, status, "%s", why->text);
	if (!map)
		return 0;
	read_packages(r, r->yaml, map);
	return definition_keep_conda(r, map, e);
}

/* "python" is what the client writes that was told nothing. */
static void read_interpreter(struct reader *r, const struct yaml_node *path)
{
	r->to->interpreter = copy(r, path);
	if (path && !str_is(path->text, "python") && path->text.p[0] != '/')
		log_warn(r->log,
			 "%s:%u:%u: \"interpreterPath\" is kept, and nothing is done with it: the "
			 "folder of an absolute path would stand first in the image's PATH",
			 r->yaml->what, path->line, path->column);
}

static int read_python(struct reader *r, struct err **e)
{
	const struct yaml_node *python = member(r->yaml->root, "python");
	r->to->user_managed = is_true(member(python, "userManagedDependencies"));
	if (r->to->user_managed)
		read_interpreter(r, member(python, "interpreterPath"));
	return read_conda(r, python, e);
}

/* ---- all ---- */

/* The service builds such a context and nothing on top of it. */
static void check_context(struct reader *r)
{
	const struct yaml_node *root = r->yaml->root;
	const struct yaml_node *context = member(member(root, "docker"), "buildContext");
	const struct definition *d = r->to;
	if (context && (d->environment_count || d->spec_count || d->pip.lines.n))
		definition_refuse(r, context,
				  "a build context together with %s: put that into its Dockerfile",
				  d->environment_count ? "environment variables" : "packages");
}

int definition_read_v1(struct reader *r, struct err **e)
{
	const struct yaml_node *root = r->yaml->root;
	const struct yaml_node *variables = member(root, "environmentVariables");
	struct definition *d = r->to;
	d->form = DEFINITION_V1;
	int status = check_document(r, e);
	r->any_names = true;
	if (status == 0 && variables)
		status = definition_read_variables(r, variables, &d->environment,
						   &d->environment_count, e);
	if (status == 0)
		status = read_docker(r, e);
	if (status == 0)
		status = read_python(r, e);
	if (status < 0)
		return status;
	d->name = copy(r, member(root, "name"));
	d->version = copy(r, member(root, "version"));
	check_context(r);
	return 0;
}
