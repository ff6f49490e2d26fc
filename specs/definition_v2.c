/* specs/definition_v2.c - the environment YAML of azure-ai-ml, by that client's rules. */
#include "specs/base/fs.h"
#include "specs/base/near.h"
#include "specs/base/yaml_type.h"
#include "specs/context.h"
#include "specs/definition_private.h"
#include <strings.h>
#include <sys/stat.h>

typedef int member_reader(struct reader *r, const struct yaml_node *value, struct err **e);

/* A key of a map: what must stand there, and what becomes of it. */
struct member {
	const char *name;
	enum yaml_kind kind;
	member_reader *read; /* NULL: kept, and nothing else */
	bool acted_on;	     /* or it means nothing for an image: no warning */
};

/* ---- members by their rows ---- */

static int unknown_key(struct reader *r, const struct yaml_node *key, const struct member *rows,
		       size_t count, struct err **e)
{
	const char *names[32];
	for (size_t i = 0; i < count; i++)
		names[i] = rows[i].name;
	const char *near = near_word(key->text, names, count);
	return yaml_fail(r->yaml, key, e, "the key \"%.*s\" is not known here%s%s%s",
			 STR_ARG(key->text), near ? "; did you mean \"" : "", near ? near : "",
			 near ? "\"?" : "");
}

/* The client reads YAML 1.1: `yes` and `2024-01-02` are no texts for it. */
static int want_text(struct reader *r, const struct yaml_node *value, const char *key,
		     struct err **e)
{
	int status = yaml_want(r->yaml, value, YAML_TEXT, key, e);
	if (status < 0 || yaml_node_type(value) == YAML_TYPE_TEXT)
		return status;
	return yaml_fail(r->yaml, value, e, "\"%s\" must be text, and %.*s is none without quotes",
			 key, STR_ARG(value->text));
}

static int read_member(struct reader *r, const struct yaml_pair *pair, const struct member *m,
		       struct err **e)
{
	const struct yaml_node *value = pair->value;
	int status = 0;
	if (value->kind == YAML_NULL)
		return yaml_fail(r->yaml, value, e, "\"%s\" must not be empty; leave the key out",
				 m->name);
	if (m->kind == YAML_TEXT)
		status = want_text(r, value, m->name, e);
	else if (m->kind == YAML_MAP)
		status = yaml_want(r->yaml, value, YAML_MAP, m->name, e);
	if (status < 0)
		return status;
	if (!m->acted_on)
		log_warn(r->log, "%s:%u:%u: \"%s\" is kept, and nothing is done with it",
			 r->yaml->what, pair->key->line, pair->key->column, m->name);
	return m->read ? m->read(r, value, e) : 0;
}

static int read_members(struct reader *r, const struct yaml_node *map, const struct member *rows,
			size_t count, struct err **e)
{
	int status = 0;
	for (size_t i = 0; i < map->n && status == 0; i++) {
		size_t k = 0;
		while (k < count && !str_is(map->pairs[i].key->text, rows[k].name))
			k++;
		status = k < count ? read_member(r, &map->pairs[i], &rows[k], e)
				   : unknown_key(r, map->pairs[i].key, rows, count, e);
	}
	return status;
}

static int need(struct reader *r, const struct yaml_node *map, const char *key, struct err **e)
{
	return yaml_get(map, key) ? 0 : yaml_fail(r->yaml, map, e, "\"%s\" is missing", key);
}

/* ---- who it is ---- */

static int read_name(struct reader *r, const struct yaml_node *value, struct err **e)
{
	(void)e;
	r->to->name = arena_str(&r->to->arena, value->text);
	return 0;
}

/* Numbers become texts as they do in Python: 1.10 is "1.1". */
static int read_version(struct reader *r, const struct yaml_node *value, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(1 << 16);
	enum yaml_type type = yaml_is_scalar(value) ? yaml_node_type(value) : YAML_TYPE_SYNTAX;
	bool number = type == YAML_TYPE_INT || type == YAML_TYPE_FLOAT;
	if (type != YAML_TYPE_TEXT && !number)
		return yaml_fail(r->yaml, value, e, "\"version\" must be text or a number");
	if (number && yaml_type_write(type, value->text, &text, NULL) < 0)
		return yaml_fail(r->yaml, value, e, "\"version\" is no number; put it in quotes");
	r->to->version = arena_str(&r->to->arena, number ? buf_str(&text) : value->text);
	return 0;
}

static int read_description(struct reader *r, const struct yaml_node *value, struct err **e)
{
	(void)e;
	r->to->description = arena_str(&r->to->arena, value->text);
	return 0;
}

static int read_tags(struct reader *r, const struct yaml_node *map, struct err **e)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_node *key = map->pairs[i].key, *value = map->pairs[i].value;
		if (want_text(r, key, "a tag's name", e) < 0)
			return ERR_SYNTAX;
		if (!yaml_is_scalar(value))
			return yaml_fail(r->yaml, value, e, "a tag's value must be text, not %s",
					 yaml_kind_name(value));
	}
	return 0;
}

static int read_os(struct reader *r, const struct yaml_node *value, struct err **e)
{
	const char *os = value->text.p;
	if (strcasecmp(os, "windows") == 0)
		definition_refuse(r, value, "kiln makes images for Linux, not for Windows");
	else if (strcasecmp(os, "linux") != 0)
		return yaml_fail(r->yaml, value, e,
				 "\"os_type\" must be linux or windows, not \"%s\"", os);
	return 0;
}

/* ---- the base ---- */

static int read_image(struct reader *r, const struct yaml_node *value, struct err **e)
{
	if (value->text.n == 0)
		return yaml_fail(r->yaml, value, e, "\"image\" must not be empty");
	return definition_read_base(r, value, value->text, e);
}

static int find_folder(struct reader *r, const struct yaml_node *value, struct err **e)
{
	struct stat st;
	if (!r->folder)
		return yaml_fail(
			r->yaml, value, e,
			"a folder cannot be named here: there is none that it would be in");
	AUTO(free)
	char *whole = value->text.p[0] == '/' ? mem_text(value->text.p)
					      : fs_join(r->folder, value->text.p);
	AUTO(free) char *path = realpath(whole, NULL);
	if (!path || stat(path, &st) < 0)
		return yaml_fail(r->yaml, value, e, "there is no folder %s", whole);
	if (!S_ISDIR(st.st_mode))
		return yaml_fail(r->yaml, value, e,
				 "%s is a file; the folder that it is in is wanted", whole);
	r->to->steps.folder = arena_str(&r->to->arena, str_of(path));
	return 0;
}

static int read_build_path(struct reader *r, const struct yaml_node *value, struct err **e)
{
	r->to->steps.context = arena_str(&r->to->arena, value->text);
	if (!definition_is_address(value->text))
		return find_folder(r, value, e);
	if (definition_has_login(value->text))
		definition_refuse(r, value, DEFINITION_LOGIN);
	return 0;
}

static int read_dockerfile_path(struct reader *r, const struct yaml_node *value, struct err **e)
{
	if (definition_leads_out(value->text))
		return yaml_fail(r->yaml, value, e,
				 "%s leads out of the build context; the path is relative to "
				 "\"path\"",
				 value->text.p);
	r->to->steps.dockerfile_path = arena_str(&r->to->arena, value->text);
	return 0;
}

static int read_dockerfile(struct reader *r, const struct yaml_node *build, struct err **e)
{
	struct definition_steps *s = &r->to->steps;
	AUTO(buf_done) struct buf text = BUF(DEFINITION_DOCKERFILE_MAX);
	AUTO(err_free) struct err *why = NULL;
	struct context_folder folder = definition_context(s);
	const char *name = folder.dockerfile.p;
	struct digest digest = {0};
	if (!s->folder.n)
		return 0;
	AUTO(free) char *path = fs_join(s->folder.p, name);
	int status = fs_read(path, &text, &why);
	if (status == ERR_LIMIT)
		return definition_large_dockerfile(r, build, path, e);
	if (status < 0) {
		definition_refuse(r, build,
				  "the build context has no %s: \"dockerfile_path\" is relative to "
				  "\"path\"",
				  name);
		return 0;
	}
	s->dockerfile = arena_str(&r->to->arena, buf_str(&text));
	status = context_digest(&folder, &digest, e);
	s->digest = arena_str(&r->to->arena, str_of(digest_text(&digest).hex));
	return status < 0 ? err_wrap(e, status, "build context") : 0;
}

static const struct member build_members[] = {
	{"path", YAML_TEXT, read_build_path, true},
	{"dockerfile_path", YAML_TEXT, read_dockerfile_path, true},
};

static int read_build(struct reader *r, const struct yaml_node *map, struct err **e)
{
	int status = read_members(r, map, build_members, COUNT(build_members), e);
	if (status == 0)
		status = need(r, map, "path", e);
	return status < 0 ? status : read_dockerfile(r, map, e);
}

/* ---- packages ---- */

/* Its name is not the environment's. */
static int read_inline_conda(struct reader *r, const struct yaml_node *map, struct err **e)
{
	struct reader conda = {.yaml = r->yaml, .folder = r->folder, .log = r->log, .to = r->to};
	struct str name = r->to->name;
	int status = map->n ? definition_read_conda(&conda, map, e) : 0;
	r->to->name = name;
	return status < 0 ? status : definition_keep_conda(r, map, e);
}

static int read_conda_path(struct reader *r, const struct yaml_node *value, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(DEFINITION_MAX);
	AUTO(free) char *path = NULL;
	AUTO(err_free) struct err *why = NULL;
	struct str name = r->to->name;
	if (!r->folder)
		return yaml_fail(
			r->yaml, value, e,
			"a file cannot be named here; write its content below \"conda_file\"");
	int status = definition_read_file(r, value->text, &text, &path, &why);
	if (status < 0) {
		AUTO(free) char *line = err_line(why);
		return yaml_fail(r->yaml, value, e, "conda_file: %s", line);
	}
	status = definition_read_conda_text(r, buf_str(&text), path, e);
	r->to->name = name;
	return status;
}

static int read_conda_file(struct reader *r, const struct yaml_node *value, struct err **e)
{
	if (value->kind == YAML_MAP)
		return read_inline_conda(r, value, e);
	if (value->kind != YAML_TEXT || value->text.n == 0)
		return yaml_fail(r->yaml, value, e,
				 "\"conda_file\" must be a path or a conda file's map, not %s",
				 value->kind == YAML_TEXT ? "empty" : yaml_kind_name(value));
	return read_conda_path(r, value, e);
}

/* ---- what a service does with it ---- */

static int read_port(struct reader *r, const struct yaml_node *value, struct err **e)
{
	uint64_t port;
	if (!yaml_is_scalar(value) || !str_u64(value->text, &port) || port > 65535)
		return yaml_fail(r->yaml, value, e, "\"port\" must be a number up to 65535");
	return 0;
}

static const struct member route_members[] = {
	{"port", YAML_NUMBER, read_port, true},
	{"path", YAML_TEXT, NULL, true},
};

static int read_route(struct reader *r, const struct yaml_node *map, struct err **e)
{
	int status = read_members(r, map, route_members, COUNT(route_members), e);
	for (size_t i = 0; i < COUNT(route_members) && status == 0; i++)
		status = need(r, map, route_members[i].name, e);
	return status;
}

static const struct member inference_members[] = {
	{"liveness_route", YAML_MAP, read_route, true},
	{"readiness_route", YAML_MAP, read_route, true},
	{"scoring_route", YAML_MAP, read_route, true},
};

static int read_inference(struct reader *r, const struct yaml_node *map, struct err **e)
{
	int status = read_members(r, map, inference_members, COUNT(inference_members), e);
	for (size_t i = 0; i < COUNT(inference_members) && status == 0; i++)
		status = need(r, map, inference_members[i].name, e);
	return status;
}

/* ---- the document ---- */

/* YAML_LIST stands for any kind: the reader decides. */
static const struct member members[] = {
	{"$schema", YAML_LIST, NULL, true},
	{"name", YAML_TEXT, read_name, true},
	{"version", YAML_LIST, read_version, true},
	{"description", YAML_TEXT, read_description, true},
	{"tags", YAML_MAP, read_tags, true},
	{"properties", YAML_MAP, read_tags, true},
	{"image", YAML_TEXT, read_image, true},
	{"build", YAML_MAP, read_build, true},
	{"conda_file", YAML_LIST, read_conda_file, true},
	{"inference_config", YAML_MAP, read_inference, false},
	{"os_type", YAML_TEXT, read_os, true},
	{"datastore", YAML_TEXT, NULL, false},
	{"auto_delete_setting", YAML_MAP, NULL, false},
	{"intellectual_property", YAML_MAP, NULL, false},
	{"id", YAML_TEXT, NULL, true},
	{"creation_context", YAML_MAP, NULL, true},
	{"latest_version", YAML_LIST, NULL, true},
};

/* What people take from their conda file. */
static int check_misplaced(struct reader *r, const struct yaml_node *root, struct err **e)
{
	for (size_t i = 0; i < root->n; i++) {
		const struct yaml_node *key = root->pairs[i].key;
		if (str_is(key->text, "channels") || str_is(key->text, "dependencies"))
			return yaml_fail(r->yaml, key, e,
					 "\"%s\" is a conda file's: put it below \"conda_file\"",
					 key->text.p);
	}
	return 0;
}

static int check_whole(struct reader *r, const struct yaml_node *root, struct err **e)
{
	const struct yaml_node *image = yaml_get(root, "image"), *build = yaml_get(root, "build");
	const struct yaml_node *version = yaml_get(root, "version");
	if (image && build)
		return yaml_fail(r->yaml, build->line > image->line ? build : image, e,
				 "both \"image\" and \"build\": one of them is the base");
	if (!image && !build)
		return yaml_fail(r->yaml, root, e,
				 "\"image\" or \"build\" is missing: one of them is the base");
	if (version && !yaml_get(root, "name"))
		return yaml_fail(
			r->yaml, version, e,
			"\"version\" without \"name\": an environment with a version has one");
	return 0;
}

int definition_read_v2(struct reader *r, struct err **e)
{
	const struct yaml_node *root = r->yaml->root;
	r->to->form = DEFINITION_V2;
	int status = check_misplaced(r, root, e);
	if (status == 0)
		status = read_members(r, root, members, COUNT(members), e);
	return status < 0 ? status : check_whole(r, root, e);
}
