/* specs/lock_read.c - locks read: conda-lock's form (version 1); the others are told apart here by
 * their content. */
#include "specs/base/url.h"
#include "specs/lock_private.h"
#include "specs/pyname.h"

/* --- conda-lock's form --------------------------------------------------------------- */

static int bad_hash(struct lock_reader *r, const struct yaml_node *map, const char *key,
		    struct err **e)
{
	return yaml_fail(&r->yaml, yaml_get(map, key), e, "\"%s\" is no %s digest in hex", key,
			 key);
}

int lock_read_hashes(struct lock_reader *r, const struct yaml_node *map, struct record *out,
		     struct err **e)
{
	struct str md5 = {0}, sha256 = {0};
	if (yaml_text(&r->yaml, map, "md5", &md5, e) < 0 ||
	    yaml_text(&r->yaml, map, "sha256", &sha256, e) < 0)
		return ERR_SYNTAX;
	if (md5.n && !hex_read(md5, out->md5, MD5_SIZE))
		return bad_hash(r, map, "md5", e);
	if (sha256.n && !digest_parse(sha256, &out->sha256))
		return bad_hash(r, map, "sha256", e);
	out->has_md5 = md5.n > 0;
	out->has_sha256 = sha256.n > 0;
	return 0;
}

static int read_hash(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		     struct err **e)
{
	const struct yaml_node *hash = NULL;
	if (yaml_need_member(&r->yaml, package, "hash", YAML_MAP, &hash, e) < 0)
		return ERR_SYNTAX;
	return lock_read_hashes(r, hash, out, e);
}

static int read_depends(struct lock_reader *r, const struct yaml_node *package, struct record *out,
			struct err **e)
{
	const struct yaml_node *map = NULL;
	if (yaml_member(&r->yaml, package, "dependencies", YAML_MAP, &map, e) < 0)
		return ERR_SYNTAX;
	if (!map)
		return 0;
	struct arena *a = &r->to->arena;
	struct str *v = arena_zero(a, map->n, sizeof(*v));
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_node *name = map->pairs[i].key, *limit = map->pairs[i].value;
		if (!yaml_is_scalar(limit))
			return yaml_want(&r->yaml, limit, YAML_TEXT, name->text.p, e);
		struct str text = limit->kind == YAML_NULL ? STR("") : str_trim(limit->text);
		const char *gap = text.n && text.p[0] != '[' ? " " : "";
		v[i] = arena_printf(a, "%.*s%s%.*s", STR_ARG(name->text), gap, STR_ARG(text));
	}
	out->depends = (struct strs){v, map->n};
	return 0;
}

int lock_read_part(struct lock_reader *r, const struct yaml_node *map, const char *key,
		   struct str *out, struct err **e)
{
	struct str text = {0};
	if (yaml_text(&r->yaml, map, key, &text, e) < 0)
		return ERR_SYNTAX;
	if (text.n == 0)
		return 0;
	if (!lock_is_safe(text))
		return yaml_fail(&r->yaml, yaml_get(map, key), e,
				 "\"%s\" holds letters it cannot have", key);
	*out = arena_str(&r->to->arena, text);
	return 0;
}

int lock_read_identity(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		       struct err **e)
{
	struct record of_file = *out;
	if (lock_read_part(r, package, "name", &out->name, e) < 0 ||
	    lock_read_part(r, package, "version", &out->version_text, e) < 0 ||
	    lock_read_part(r, package, "build", &out->build, e) < 0)
		return ERR_SYNTAX;
	if (out->manager == MANAGER_PIP ||
	    (str_eq(out->name, of_file.name) && str_eq(out->version_text, of_file.version_text) &&
	     str_eq(out->build, of_file.build)))
		return 0;
	return yaml_fail(&r->yaml, package, e, "the address is of %.*s, not of %.*s-%.*s-%.*s",
			 STR_ARG(out->fn), STR_ARG(out->name), STR_ARG(out->version_text),
			 STR_ARG(out->build));
}

int lock_check_wheel(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		     struct err **e)
{
	if (pyname_length(out->name) != out->name.n)
		return yaml_fail(&r->yaml, package, e, "\"%.*s\" is no name of a distribution",
				 STR_ARG(out->name));
	out->name = pyname_normal(&r->to->arena, out->name);
	if (!out->name.n || !out->version_text.n)
		return yaml_fail(&r->yaml, package, e, "a wheel needs \"name\" and \"version\"");
	if (!out->has_sha256)
		return yaml_fail(&r->yaml, package, e, "a wheel needs its \"sha256\"");
	const struct yaml_node *source = NULL;
	if (yaml_member(&r->yaml, package, "source", YAML_MAP, &source, e) < 0)
		return ERR_SYNTAX;
	out->direct = source != NULL;
	return 0;
}

/* `NAME WORD TEXT` of the record's source: see put_builds in lock.c. */
static bool take_build(struct lock_reader *r, struct str line, struct record_source *to)
{
	struct str word, hash = {0};
	str_cut(&line, ' ', &word);
	if (str_is(word, "gives")) {
		hash = line;
		str_cut(&hash, '#', &to->wheel);
		return lock_is_safe(to->wheel) && str_starts(hash, "sha256=") &&
		       digest_parse(str_from(hash, strlen("sha256=")), &to->wheel_sha256);
	}
	if (str_is(word, "revision"))
		to->revision = line;
	else if (str_is(word, "setting"))
		to->settings = strs_with(&r->to->arena, to->settings, line);
	else if (str_is(word, "with"))
	to->requires = strs_with(&r->to->arena, to->requires, line);
	else return false;
	return line.n > 0;
}

static int read_builds(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		       struct err **e)
{
	if (!out->source)
		return 0;
	struct record_source *source = arena_zero(&r->to->arena, 1, sizeof(*source));
	*source = *out->source;
	for (size_t i = 0; i < r->builds.n; i++) {
		struct str line = r->builds.v[i], name;
		str_cut(&line, ' ', &name);
		if (str_eq(name, out->name) && !take_build(r, line, source))
			return yaml_fail(&r->yaml, package, e,
					 "kiln_builds says of it \"%.*s\", which means nothing",
					 STR_ARG(line));
	}
	out->source = source;
	return 0;
}

static int read_record(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		       struct err **e)
{
	struct str url = {0};
	if (yaml_need_text(&r->yaml, package, "url", &url, e) < 0)
		return ERR_SYNTAX;
	bool wheel = out->manager == MANAGER_PIP;
	const char *wrong = wheel ? lock_read_wheel_url(&r->to->arena, url, out)
				  : lock_read_url(&r->to->arena, url, out);
	if (wrong)
		return yaml_fail(&r->yaml, yaml_get(package, "url"), e, "the address %s", wrong);
	if (!wheel && !lock_is_for(out, r->platform))
		return yaml_fail(&r->yaml, yaml_get(package, "url"), e,
				 "the address is of a package for %.*s, not for %s",
				 STR_ARG(out->subdir), r->platform);
	if (lock_read_identity(r, package, out, e) < 0 || read_hash(r, package, out, e) < 0 ||
	    read_depends(r, package, out, e) < 0)
		return ERR_SYNTAX;
	if (wheel && lock_check_wheel(r, package, out, e) < 0)
		return ERR_SYNTAX;
	if (wheel)
		return read_builds(r, package, out, e);
	lock_read_version(&r->to->arena, out);
	return 0;
}

/* A package for another platform, or for a category beside the main one, is not ours. */
static int is_wanted(struct lock_reader *r, const struct yaml_node *package, bool *wanted,
		     enum record_manager *out, struct err **e)
{
	struct str platform = {0}, category = STR("main"), manager = STR("conda");
	if (package->kind != YAML_MAP)
		return yaml_fail(&r->yaml, package, e, "a package must be a map, not %s",
				 yaml_kind_name(package));
	if (yaml_need_text(&r->yaml, package, "platform", &platform, e) < 0 ||
	    yaml_text(&r->yaml, package, "category", &category, e) < 0 ||
	    yaml_text(&r->yaml, package, "manager", &manager, e) < 0)
		return ERR_SYNTAX;
	*wanted = str_is(platform, r->platform) && str_is(category, "main");
	*out = str_is(manager, "pip") ? MANAGER_PIP : MANAGER_CONDA;
	if (*wanted && *out == MANAGER_CONDA && !str_is(manager, "conda"))
		return yaml_fail(&r->yaml, yaml_get(package, "manager"), e,
				 "\"manager\" must be conda or pip, not \"%.*s\"",
				 STR_ARG(manager));
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct lock_entry *left = a, *right = b;
	int order = left->manager != right->manager ? (int)left->manager - (int)right->manager
						    : str_cmp(left->name, right->name);
	return order ? order : left->line < right->line ? -1 : left->line > right->line;
}

void lock_add(struct lock_reader *r, const struct record *record, unsigned line, unsigned column)
{
	struct lock_entry entry = {record->manager, record->name, line, column};
	VEC_PUSH(&r->records, *record);
	VEC_PUSH(&r->entries, entry);
}

int lock_refuse_doubled(struct lock_reader *r, struct err **e)
{
	const struct lock_entry *v = r->entries.v;
	if (r->entries.n)
		qsort(r->entries.v, r->entries.n, sizeof(*v), compare_entries);
	for (size_t i = 1; i < r->entries.n; i++)
		if (v[i].manager == v[i - 1].manager && str_eq(v[i].name, v[i - 1].name))
			return err_set(e, ERR_SYNTAX,
				       "%s:%u:%u: the package \"%.*s\" stands here a second time",
				       r->what, v[i].line, v[i].column, STR_ARG(v[i].name));
	return 0;
}

static int read_packages(struct lock_reader *r, const struct yaml_node *root, struct err **e)
{
	const struct yaml_node *list = NULL;
	if (yaml_need_member(&r->yaml, root, "package", YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	if (list->n > LOCK_MAX_PACKAGES)
		return yaml_fail(&r->yaml, list, e, "more than %d packages", LOCK_MAX_PACKAGES);
	for (size_t i = 0; i < list->n; i++) {
		bool wanted = false;
		struct record record = {0};
		if (is_wanted(r, list->items[i], &wanted, &record.manager, e) < 0)
			return ERR_SYNTAX;
		if (!wanted)
			continue;
		if (read_record(r, list->items[i], &record, e) < 0)
			return ERR_SYNTAX;
		lock_add(r, &record, list->items[i]->line, list->items[i]->column);
	}
	return lock_refuse_doubled(r, e);
}

/* Entries that stand a line each. */
static struct strs split_lines(struct arena *a, struct str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	struct str *v = arena_zero(a, n + 1, sizeof(*v)), line;
	n = 0;
	while (text.n) {
		str_cut(&text, '\n', &line);
		if (line.n)
			v[n++] = line;
	}
	return (struct strs){v, n};
}

/* Of a lock for several platforms, each has its own of some: "kiln_key_linux-64". */
static int read_custom(struct lock_reader *r, const struct yaml_node *metadata, bool *in_order,
		       struct err **e)
{
	const struct yaml_node *custom = NULL;
	struct str order = {0}, virtuals = {0}, builds = {0}, specs = {0}, pip = {0};
	struct lock *l = r->to;
	if (yaml_member(&r->yaml, metadata, "custom_metadata", YAML_MAP, &custom, e) < 0)
		return ERR_SYNTAX;
	if (!custom)
		return 0;
	const struct {
		const char *key;
		struct str *to;
	} rows[] = {
		{"kiln_key", &l->key},
		{"kiln_base_name", &l->base_name},
		{"kiln_base_digest", &l->base_digest},
		{"kiln_order", &order},
		{"kiln_virtuals", &virtuals},
		{"kiln_builds", &builds},
		{"kiln_specs", &specs},
		{"kiln_pip", &pip},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str own = arena_printf(&l->arena, "%s_%s", rows[i].key, r->platform);
		const char *key = yaml_get(custom, own.p) ? own.p : rows[i].key;
		if (yaml_text(&r->yaml, custom, key, rows[i].to, e) < 0)
			return ERR_SYNTAX;
		*rows[i].to = arena_str(&l->arena, *rows[i].to);
	}
	*in_order = str_is(order, "link");
	r->builds = split_lines(&l->arena, builds);
	l->virtuals = split_lines(&l->arena, virtuals);
	l->specs = split_lines(&l->arena, specs);
	l->pip = split_lines(&l->arena, pip);
	return 0;
}

int lock_read_channels(struct lock_reader *r, const struct yaml_node *map, struct err **e)
{
	const struct yaml_node *list = NULL;
	if (yaml_member(&r->yaml, map, "channels", YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	if (!list)
		return 0;
	struct str *v = arena_zero(&r->to->arena, list->n, sizeof(*v));
	for (size_t i = 0; i < list->n; i++) {
		struct str url = list->items[i]->text;
		if (!yaml_is_scalar(list->items[i]) &&
		    yaml_need_text(&r->yaml, list->items[i], "url", &url, e) < 0)
			return ERR_SYNTAX;
		v[i] = url_without_secrets(&r->to->arena, url);
	}
	r->to->channels = (struct strs){v, list->n};
	return 0;
}

/* An environment without packages is one all the same, when the lock names the platform. */
static int check_platform(struct lock_reader *r, const struct yaml_node *metadata, struct err **e)
{
	const struct yaml_node *list = NULL;
	if (yaml_member(&r->yaml, metadata, "platforms", YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	AUTO(buf_done) struct buf names = BUF(4096);
	for (size_t i = 0; list && i < list->n; i++) {
		if (yaml_is_scalar(list->items[i]) && str_is(list->items[i]->text, r->platform))
			return 0;
		buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARG(list->items[i]->text));
	}
	if (r->records.n)
		return 0;
	return err_set(e, ERR_ABSENT, "%s: nothing is locked for %s; there is %s", r->what,
		       r->platform, names.n ? names.data : "no platform at all");
}

static int check_version(struct lock_reader *r, const struct yaml_node *root, struct err **e)
{
	struct str version = {0};
	if (!yaml_get(root, "package"))
		return yaml_fail(&r->yaml, root, e, "this is no lock: it has no \"package\"");
	if (yaml_need_text(&r->yaml, root, "version", &version, e) < 0)
		return ERR_SYNTAX;
	if (!str_is(version, "1"))
		return yaml_fail(&r->yaml, yaml_get(root, "version"), e,
				 "version %.*s of conda-lock.yml is not supported: only 1 is",
				 STR_ARG(version));
	return 0;
}

static int read_conda_lock(struct lock_reader *r, struct err **e)
{
	const struct yaml_node *root = r->yaml.root, *metadata = NULL;
	bool in_order = false;
	if (check_version(r, root, e) < 0 ||
	    yaml_need_member(&r->yaml, root, "metadata", YAML_MAP, &metadata, e) < 0 ||
	    read_custom(r, metadata, &in_order, e) < 0 || lock_read_channels(r, metadata, e) < 0 ||
	    read_packages(r, root, e) < 0)
		return ERR_SYNTAX;
	int status = check_platform(r, metadata, e);
	if (status == 0 && !in_order)
		lock_sort(&r->to->arena, r->records.v, r->records.n);
	return status;
}

/* --- any form ------------------------------------------------------------------------ */

static int refuse_environment(const struct lock_reader *r, struct err **e)
{
	if (!r->environment || strcmp(r->environment, "default") == 0)
		return 0;
	return err_set(e, ERR_USAGE,
		       "%s: there is no environment \"%s\": only a pixi.lock names environments",
		       r->what, r->environment);
}

static int read_yaml(struct lock_reader *r, struct err **e)
{
	const struct yaml_node *root = r->yaml.root;
	if (!root || root->kind != YAML_MAP)
		return yaml_fail(&r->yaml, root, e,
				 "a lock must be a conda-lock.yml, a pixi.lock or an @EXPLICIT "
				 "list");
	if (yaml_get(root, "environments"))
		return lock_read_pixi(r, e);
	return refuse_environment(r, e) < 0 ? ERR_USAGE : read_conda_lock(r, e);
}

static int read_text(struct lock_reader *r, struct str text, struct err **e)
{
	if (lock_is_explicit(text))
		return refuse_environment(r, e) < 0 ? ERR_USAGE : lock_read_explicit(r, text, e);
	int status = yaml_parse(text, r->what, &r->yaml, e);
	if (status < 0)
		return status;
	status = read_yaml(r, e);
	yaml_done(&r->yaml);
	return status;
}

/* By a key that each YAML form must have, and no definition may. */
bool lock_is(struct str text)
{
	static const char *const keys[] = {"package:", "environments:"};
	struct str rest = text, line;
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		for (size_t i = 0; i < COUNT(keys); i++)
			if (str_starts(line, keys[i]))
				return true;
	}
	return lock_is_explicit(text);
}

int lock_read(struct str text, const char *what, const char *platform, struct lock *out,
	      struct err **e)
{
	struct lock_source from = {text, what, platform, NULL};
	return lock_read_from(&from, out, e);
}

int lock_read_from(const struct lock_source *from, struct lock *out, struct err **e)
{
	struct lock made = {.arena = ARENA};
	struct lock_reader r = {.what = from->what,
				.platform = from->platform,
				.environment = from->environment,
				.to = &made};
	made.platform = arena_str(&made.arena, str_of(from->platform));
	int status = read_text(&r, from->text, e);
	if (status == 0 && r.records.n) {
		made.records = arena_zero(&made.arena, r.records.n, sizeof(*made.records));
		memcpy(made.records, r.records.v, r.records.n * sizeof(*made.records));
		made.count = r.records.n;
	}
	VEC_DONE(&r.records);
	VEC_DONE(&r.entries);
	if (status < 0)
		lock_done(&made);
	else
		*out = made;
	return status;
}
