/* specs/config.c - kiln.yml as a value, by the rows of one table. */
#include "specs/config.h"
#include "specs/base/fs.h"
#include "specs/base/near.h"
#include "specs/base/url.h"
#include "specs/base/yaml.h"
#include "specs/reference.h"
#include <errno.h>
#include <stdlib.h>

enum { CONFIG_MAX = 1 << 20, SECONDS_MAX = 24 * 3600 };

struct reader {
	struct yaml yaml;
	const char *folder;
	struct config *to;
};

/* A text at its place: what it must be, and what it is kept as. */
struct value {
	const struct yaml_node *at;
	struct str name; /* of a map's member; empty in a list */
	struct str text; /* trimmed; a check may put another in its place */
};
typedef int check(struct reader *r, struct value *v, struct err **e);

struct config_checks {
	check *text, *name; /* name: of a map's members */
};

void config_done(struct config *c)
{
	arena_done(&c->arena);
	*c = (struct config)CONFIG;
}

/* ---- what a text must be ---- */

static int secret(const struct reader *r, const struct value *v, struct err **e)
{
	return yaml_fail(&r->yaml, v->at, e,
			 "a login or token is no setting: those of channels belong into .netrc "
			 "($NETRC), those of registries into docker's config.json (docker login)");
}

static bool has_scheme(struct str text)
{
	return memmem(text.p, text.n, "://", 3) != NULL;
}

static int check_address(struct reader *r, struct value *v, struct err **e)
{
	static const char *const schemes[] = {"https://", "http://", "file:///"};
	struct arena *a = &r->to->arena;
	bool known = false;
	for (size_t i = 0; i < COUNT(schemes); i++)
		known |= str_starts(v->text, schemes[i]) && v->text.n > strlen(schemes[i]);
	if (!str_eq(url_without_secrets(a, v->text), v->text))
		return secret(r, v, e);
	if (!known)
		return yaml_fail(&r->yaml, v->at, e,
				 "\"%.*s\": an address is wanted, https://HOST/...",
				 STR_ARG(v->text));
	if (str_find(v->text, '?') < v->text.n || str_find(v->text, '#') < v->text.n)
		return yaml_fail(&r->yaml, v->at, e,
				 "an address in the configuration has no \"?\" and no \"#\"");
	v->text = str_trim_end(v->text, '/');
	return 0;
}

/* Relative to the file's folder; "~/" is the user's. */
static struct str from_here(struct reader *r, struct str path)
{
	const char *home = getenv("HOME");
	if (str_starts(path, "/") || (str_starts(path, "~/") && !home))
		return path;
	if (str_starts(path, "~/"))
		return arena_printf(&r->to->arena, "%s%.*s", home, STR_ARG(str_from(path, 1)));
	while (str_starts(path, "./"))
		path = str_from(path, 2);
	return arena_printf(&r->to->arena, "%s/%.*s", r->folder, STR_ARG(path));
}

static int check_path(struct reader *r, struct value *v, struct err **e)
{
	(void)e;
	v->text = from_here(r, v->text);
	return 0;
}

static bool is_path(struct str text)
{
	return str_starts(text, "/") || str_starts(text, "./") || str_starts(text, "../") ||
	       str_starts(text, "~/");
}

static int check_channel(struct reader *r, struct value *v, struct err **e)
{
	if (has_scheme(v->text))
		return check_address(r, v, e);
	if (str_starts(v->text, "t/") || memmem(v->text.p, v->text.n, "/t/", 3))
		return secret(r, v, e);
	if (is_path(v->text))
		v->text = from_here(r, v->text);
	return 0;
}

static int check_member(struct reader *r, struct value *v, struct err **e)
{
	if (str_is(v->text, "defaults") || str_is(v->text, "nodefaults"))
		return yaml_fail(&r->yaml, v->at, e, "\"%.*s\" cannot stand for itself",
				 STR_ARG(v->text));
	return check_channel(r, v, e);
}

/* The error of a reference may quote it: what could be a password is looked for before. */
static int check_image(struct reader *r, struct value *v, struct err **e)
{
	struct reference made;
	struct str user = v->text, path = v->text, transport;
	str_cut(&user, '@', &(struct str){0});
	if ((user.n && !str_starts(user, "sha256:")) ||
	    !str_eq(url_without_secrets(&r->to->arena, v->text), v->text))
		return secret(r, v, e);
	struct err *why = NULL;
	if (reference_parse(&r->to->arena, v->text, &made, &why) < 0) {
		AUTO(free) char *line = err_line(why);
		err_free(why);
		return yaml_fail(&r->yaml, v->at, e, "%s", line);
	}
	if (made.path.n == 0)
		return 0;
	str_cut(&path, ':', &transport);
	v->text = arena_printf(&r->to->arena, "%.*s:%.*s", STR_ARG(transport),
			       STR_ARG(from_here(r, path)));
	return 0;
}

/* A folder, or a repository whose host is named: "team/envs" could be either. */
static int check_place(struct reader *r, struct value *v, struct err **e)
{
	struct reference made;
	struct str text = str_trim_end(v->text, '/');
	if (is_path(v->text)) {
		text = str_trim_end(from_here(r, v->text), '/');
		v->text = text.n ? text : STR("/");
		return 0;
	}
	v->text = text;
	int code = check_image(r, v, e);
	if (code < 0)
		return code;
	struct str host = str_to(v->text, str_find(v->text, '/'));
	code = reference_parse(&r->to->arena, v->text, &made, e);
	if (code < 0 || (made.kind == REFERENCE_REGISTRY && str_eq(made.host, host) &&
			 made.tag.n == 0 && !made.has_digest))
		return code;
	return yaml_fail(&r->yaml, v->at, e,
			 "\"%.*s\": environments live in a repository (HOST/REPOSITORY, without a "
			 "tag) or in a folder (/PATH, ./PATH, ~/PATH)",
			 STR_ARG(v->text));
}

/* HOST or HOST/PATH; it must be read as such with a repository behind it. */
static int check_registry(struct reader *r, struct value *v, struct err **e)
{
	struct reference made = {0};
	struct arena *a = &r->to->arena;
	v->text = str_trim_end(v->text, '/');
	struct str host = str_to(v->text, str_find(v->text, '/'));
	if (str_find(v->text, '@') < v->text.n)
		return secret(r, v, e);
	int code = reference_parse(a, arena_printf(a, "%.*s/x", STR_ARG(v->text)), &made, NULL);
	if (code == 0 && str_eq(made.host, host))
		return 0;
	return yaml_fail(&r->yaml, v->at, e,
			 "\"%.*s\": a mirror is one of an address (https://HOST/...) or of a "
			 "registry (HOST or HOST/PATH)",
			 STR_ARG(v->text));
}

static int check_mirrored(struct reader *r, struct value *v, struct err **e)
{
	return has_scheme(v->text) ? check_address(r, v, e) : check_registry(r, v, e);
}

static int check_mirror(struct reader *r, struct value *v, struct err **e)
{
	if (has_scheme(v->text) != has_scheme(v->name))
		return yaml_fail(&r->yaml, v->at, e, "the mirror of %s is one too, this is none",
				 has_scheme(v->name) ? "an address" : "a registry");
	return check_mirrored(r, v, e);
}

static int check_compression(struct reader *r, struct value *v, struct err **e)
{
	if (str_is(v->text, "gzip") || str_is(v->text, "zstd"))
		return 0;
	return yaml_fail(&r->yaml, v->at, e, "gzip or zstd is wanted, not \"%.*s\"",
			 STR_ARG(v->text));
}

/* A name that no image has, or only one of Docker Hub's own. */
static int check_base_name(struct reader *r, struct value *v, struct err **e)
{
	for (size_t i = 0; i < v->text.n; i++)
		if (strchr("/:@.", v->text.p[i]))
			return yaml_fail(&r->yaml, v->at, e,
					 "\"%.*s\": a base's name holds no '/', ':', '@' and '.'",
					 STR_ARG(v->text));
	return 0;
}

static int check_timeout(struct reader *r, struct value *v, struct err **e)
{
	static const char *const known[] = {"connect", "idle"};
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_is(v->text, known[i]))
			return 0;
	return yaml_fail(&r->yaml, v->at, e, "there is no timeout \"%.*s\"; there are %s and %s",
			 STR_ARG(v->text), known[0], known[1]);
}

static int check_seconds(struct reader *r, struct value *v, struct err **e)
{
	uint64_t n;
	if (str_u64(v->text, &n) && n > 0 && n <= SECONDS_MAX)
		return 0;
	return yaml_fail(&r->yaml, v->at, e, "seconds are wanted, 1 to %d", SECONDS_MAX);
}

/* ---- the table ---- */

static const struct config_checks path_checks = {check_path, NULL},
				  channel_checks = {check_channel, NULL},
				  member_checks = {check_member, NULL},
				  address_checks = {check_address, NULL},
				  mirror_checks = {check_mirror, check_mirrored},
				  base_checks = {check_image, check_base_name},
				  compression_checks = {check_compression, NULL},
				  image_checks = {check_image, NULL},
				  place_checks = {check_place, NULL},
				  timeout_checks = {check_seconds, check_timeout};

#define AT(field) offsetof(struct config, field)
const struct config_row config_rows[CONFIG_KEYS] = {
	{"cache", CONFIG_TEXT, AT(cache), &path_checks},
	{"channels", CONFIG_LIST, AT(channels), &channel_checks},
	{"channel_alias", CONFIG_TEXT, AT(channel_alias), &address_checks},
	{"default_channels", CONFIG_LIST, AT(default_channels), &member_checks},
	{"mirrors", CONFIG_LISTS, AT(mirrors), &mirror_checks},
	{"bases", CONFIG_MAP, AT(bases), &base_checks},
	{"compression", CONFIG_TEXT, AT(compression), &compression_checks},
	{"to", CONFIG_LIST, AT(to), &image_checks},
	{"environments", CONFIG_TEXT, AT(environments), &place_checks},
	{"timeouts", CONFIG_NUMBERS, AT(timeouts), &timeout_checks},
};
#undef AT

/* ---- reading ---- */

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static int read_text(struct reader *r, const struct config_row *row, struct value *v,
		     struct str *out, struct err **e)
{
	if (!yaml_is_scalar(v->at))
		return yaml_want(&r->yaml, v->at, YAML_TEXT, row->key, e);
	v->text = str_trim(v->at->text);
	if (v->at->kind == YAML_NULL || v->text.n == 0)
		return yaml_fail(&r->yaml, v->at, e, "a text is missing (in \"%s\")", row->key);
	if (has_control(v->text))
		return yaml_fail(&r->yaml, v->at, e, "a control character (in \"%s\")", row->key);
	int code = row->checks->text(r, v, e);
	if (code == 0)
		*out = arena_str(&r->to->arena, v->text);
	return code;
}

static int read_list(struct reader *r, const struct config_row *row, struct value *list,
		     struct strs *out, struct err **e)
{
	bool one = yaml_is_scalar(list->at);
	size_t n = one ? 1 : list->at->n;
	if (!one && list->at->kind != YAML_LIST)
		return yaml_want(&r->yaml, list->at, YAML_LIST, row->key, e);
	if (n == 0)
		return yaml_fail(&r->yaml, list->at, e, "the list is empty (of \"%s\")", row->key);
	struct str *texts = arena_zero(&r->to->arena, n, sizeof(*texts));
	for (size_t i = 0; i < n; i++) {
		struct value v = {one ? list->at : list->at->items[i], list->name, {0}};
		int code = read_text(r, row, &v, &texts[i], e);
		if (code < 0)
			return code;
	}
	*out = (struct strs){texts, n};
	return 0;
}

static int read_named(struct reader *r, const struct config_row *row, const struct yaml_pair *from,
		      struct config_named *out, struct err **e)
{
	struct value name = {.at = from->key, .text = str_trim(from->key->text)};
	if (name.text.n == 0 || has_control(name.text))
		return yaml_fail(&r->yaml, name.at, e, "a name is missing (in \"%s\")", row->key);
	int code = row->checks->name(r, &name, e);
	if (code < 0)
		return code;
	out->name = arena_str(&r->to->arena, name.text);
	struct value value = {.at = from->value, .name = out->name};
	if (row->kind == CONFIG_LISTS)
		return read_list(r, row, &value, &out->to, e);
	struct str *text = arena_zero(&r->to->arena, 1, sizeof(*text));
	out->to = (struct strs){text, 1};
	return read_text(r, row, &value, text, e);
}

static int read_map(struct reader *r, const struct config_row *row, const struct yaml_node *map,
		    struct config_map *out, struct err **e)
{
	int code = yaml_want(&r->yaml, map, YAML_MAP, row->key, e);
	struct config_named *v = arena_zero(&r->to->arena, map->n, sizeof(*v));
	*out = (struct config_map){v, 0};
	for (size_t i = 0; i < map->n && code == 0; i++) {
		code = read_named(r, row, &map->pairs[i], &v[i], e);
		/* Two ways of writing one name: YAML's own check has not seen it. */
		if (code == 0 && config_find(out, v[i].name))
			return yaml_fail(&r->yaml, map->pairs[i].key, e, "%.*s stands here twice",
					 STR_ARG(v[i].name));
		out->n++;
	}
	return code;
}

static int read_row(struct reader *r, size_t at, const struct yaml_pair *from, struct err **e)
{
	const struct config_row *row = &config_rows[at];
	void *to = (char *)r->to + row->at;
	struct value value = {.at = from->value};
	r->to->lines[at] = from->key->line;
	if (row->kind == CONFIG_TEXT)
		return read_text(r, row, &value, to, e);
	if (row->kind == CONFIG_LIST)
		return read_list(r, row, &value, to, e);
	return read_map(r, row, from->value, to, e);
}

static int unknown(const struct reader *r, const struct yaml_node *key, struct err **e)
{
	const char *known[CONFIG_KEYS];
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		known[i] = config_rows[i].key;
	const char *near = near_word(key->text, known, CONFIG_KEYS);
	return yaml_fail(&r->yaml, key, e, "there is no setting \"%.*s\"%s%s%s", STR_ARG(key->text),
			 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int read_root(struct reader *r, struct err **e)
{
	const struct yaml_node *root = r->yaml.root;
	int code = 0;
	if (!root || root->kind == YAML_NULL)
		return 0;
	if (root->kind != YAML_MAP)
		return yaml_fail(&r->yaml, root, e, "settings are a map, not %s",
				 yaml_kind_name(root));
	for (size_t i = 0; i < root->n && code == 0; i++) {
		const struct yaml_node *key = root->pairs[i].key;
		size_t row = 0;
		while (row < CONFIG_KEYS && !str_is(key->text, config_rows[row].key))
			row++;
		code = row < CONFIG_KEYS ? read_row(r, row, &root->pairs[i], e)
					 : unknown(r, key, e);
	}
	return code;
}

int config_parse(struct str text, const char *what, const char *folder, struct config *out,
		 struct err **e)
{
	AUTO(config_done) struct config made = CONFIG;
	struct reader r = {.yaml = YAML, .folder = folder, .to = &made};
	int code = yaml_parse(text, what, &r.yaml, e);
	if (code < 0)
		return code;
	made.file = arena_str(&made.arena, str_of(what));
	code = read_root(&r, e);
	yaml_done(&r.yaml);
	if (code < 0)
		return code;
	*out = made;
	made = (struct config)CONFIG;
	return 0;
}

/* ---- finding ---- */

static int read_file(const char *path, struct config *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(CONFIG_MAX);
	AUTO(free) char *whole = NULL;
	int code = fs_read(path, &text, e);
	if (code < 0 || (code = fs_absolute(path, &whole, e)) < 0)
		return code;
	*strrchr(whole, '/') = 0;
	return config_parse(buf_str(&text), path, whole, out, e);
}

static int read_given(const char *by, const char *path, struct config *out, struct err **e)
{
	int code = read_file(path, out, e);
	if (code == ERR_ABSENT)
		code = ERR_USAGE;
	return code < 0 && code != ERR_SYNTAX ? err_wrap(e, code, "%s", by) : code;
}

/* A relative XDG path is to be ignored (XDG Base Directory, "Basics"). */
static struct str user_file(struct arena *a)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (xdg && *xdg == '/')
		return arena_printf(a, "%s/kiln/kiln.yml", xdg);
	return home && *home ? arena_printf(a, "%s/.config/kiln/kiln.yml", home) : (struct str){0};
}

int config_open(const char *given, struct config *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	const char *named = getenv("KILN_CONFIG");
	if (given)
		return read_given("--config", given, out, e);
	if (named && *named)
		return read_given("$KILN_CONFIG", named, out, e);
	const char *const places[] = {"kiln.yml", user_file(&a).p, "/etc/kiln/kiln.yml"};
	for (size_t i = 0; i < COUNT(places); i++) {
		struct err *why = NULL;
		int code = places[i] ? read_file(places[i], out, &why) : ERR_ABSENT;
		bool none = code == ERR_ABSENT || (code == ERR_IO && why->sys == ENOTDIR);
		if (!none && e)
			*e = STEAL(&why);
		err_free(why);
		if (!none)
			return code;
	}
	return 0;
}

/* ---- asking ---- */

const struct strs *config_find(const struct config_map *m, struct str name)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].name, name))
			return &m->v[i].to;
	return NULL;
}

unsigned config_timeout_ms(const struct config *c, const char *name)
{
	const struct strs *found = config_find(&c->timeouts, str_of(name));
	uint64_t seconds = 0;
	if (found)
		str_u64(found->v[0], &seconds);
	return (unsigned)seconds * 1000;
}
