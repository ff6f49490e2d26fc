/* specs/lock_read.c - locks read: conda-lock's form (version 1) and @EXPLICIT lists.
 *
 * Names, versions and builds become names of files: their letters are checked here. */
#include "specs/base/url.h"
#include "specs/base/vec.h"
#include "specs/base/yaml.h"
#include "specs/lock.h"

enum { MAX_PACKAGES = 100000 };

/* Where a package stands, to say which one is there twice. */
struct entry {
	struct str name;
	unsigned line, column;
};

struct reader {
	const char *what, *platform;
	struct yaml yaml;
	struct lock *to;
	VEC(struct record) records;
	VEC(struct entry) entries; /* of each record */
};

/* --- what a package's address says --------------------------------------------------- */

static bool is_safe(struct str s)
{
	if (s.n == 0 || s.n > 200 || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && !(c && strchr("._-+!~=", c)))
			return false;
	}
	return true;
}

/* %21 and the like, as in `x-1%212.0-0.conda`. */
static struct str percent_decoded(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t byte;
		if (s.p[i] == '%' && i + 2 < s.n &&
		    hex_read((struct str){s.p + i + 1, 2}, &byte, 1)) {
			to[n++] = (char)byte;
			i += 2;
		} else {
			to[n++] = s.p[i];
		}
	}
	to[n] = 0;
	return (struct str){to, n};
}

static size_t last_of(struct str s, char c)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.n;
}

static bool stem_of(struct str fn, struct str *stem)
{
	static const char *const ends[] = {".conda", ".tar.bz2"};
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(fn, ends[i])) {
			*stem = str_to(fn, fn.n - strlen(ends[i]));
			return true;
		}
	return false;
}

/* Fills url, channel, subdir, fn, and name, version and build from the file's name. NULL, or
 * what is wrong with the address. */
static const char *read_url(struct arena *a, struct str text, struct record *r)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == '#')
			return "holds a letter that must be written as %XX";
	r->url = url_without_secrets(a, text);
	size_t slash = last_of(r->url, '/');
	if (slash == r->url.n)
		return "has no folder";
	r->fn = percent_decoded(a, str_from(r->url, slash + 1));
	struct str stem, folder = str_to(r->url, slash);
	if (!stem_of(r->fn, &stem) || !is_safe(r->fn))
		return "must end in a file NAME-VERSION-BUILD.conda or .tar.bz2";
	size_t build = last_of(stem, '-');
	size_t version = last_of(str_to(stem, build), '-');
	if (version >= build || build == stem.n)
		return "must end in a file NAME-VERSION-BUILD.conda or .tar.bz2";
	r->name = str_to(stem, version);
	r->version_text = str_to(str_from(stem, version + 1), build - version - 1);
	r->build = str_from(stem, build + 1);
	size_t parent = last_of(folder, '/');
	r->subdir = parent == folder.n ? folder : str_from(folder, parent + 1);
	r->channel = parent == folder.n ? (struct str){0} : str_to(folder, parent);
	if (!is_safe(r->name) || !is_safe(r->version_text) || !is_safe(r->build) ||
	    !is_safe(r->subdir))
		return "must be CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda";
	return NULL;
}

static bool is_for(const struct record *r, const char *platform)
{
	return str_is(r->subdir, platform) || str_is(r->subdir, "noarch");
}

/* The version's value is wanted by whoever links; one that does not parse stays text. */
static void read_version(struct arena *a, struct record *r)
{
	if (version_parse(a, r->version_text, &r->version, NULL) < 0)
		r->version = NULL;
}

/* --- link order ---------------------------------------------------------------------- */

struct order {
	const struct record *from;
	size_t n, done;
	size_t *by_name; /* places in from, by name */
	char *seen;
	struct record *to;
};

static struct str spec_name(struct str spec)
{
	size_t n = 0;
	while (n < spec.n && spec.p[n] && !strchr(" <>=!~[,|", spec.p[n]))
		n++;
	return str_to(spec, n);
}

static int compare_by_name(const void *a, const void *b, void *cookie)
{
	const struct record *from = cookie;
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	int order = str_cmp(from[left].name, from[right].name);
	return order ? order : left < right ? -1 : left > right;
}

static size_t find_by_name(const struct order *o, struct str name)
{
	size_t low = 0, high = o->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(o->from[o->by_name[middle]].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < o->n && str_eq(o->from[o->by_name[low]].name, name))
		return o->by_name[low];
	return o->n;
}

struct visit {
	size_t record, next; /* next: the dependency to look at */
};

/* Depth first with a stack of its own: a lock from outside may be one long chain. */
static void visit_from(struct order *o, size_t root, struct visit *stack)
{
	size_t depth = 0;
	if (o->seen[root])
		return;
	o->seen[root] = 1;
	stack[depth++] = (struct visit){root, 0};
	while (depth) {
		struct visit *top = &stack[depth - 1];
		const struct record *r = &o->from[top->record];
		if (top->next == r->depends.n) {
			o->to[o->done++] = *r;
			depth--;
			continue;
		}
		size_t next = find_by_name(o, spec_name(r->depends.v[top->next++]));
		if (next < o->n && !o->seen[next]) {
			o->seen[next] = 1;
			stack[depth++] = (struct visit){next, 0};
		}
	}
}

/* conda-lock sorts by name: dependencies are put first again, later names before earlier
 * ones where nothing else decides, as rattler does. */
static void sort_for_linking(struct arena *a, struct record *records, size_t n)
{
	AUTO(free) size_t *by_name = mem_zero(n + 1, sizeof(*by_name));
	AUTO(free) char *seen = mem_zero(n + 1, 1);
	AUTO(free) struct visit *stack = mem_zero(n + 1, sizeof(*stack));
	struct order o = {records, n, 0, by_name, seen, arena_zero(a, n, sizeof(*records))};
	for (size_t i = 0; i < n; i++)
		by_name[i] = i;
	if (n)
		qsort_r(by_name, n, sizeof(*by_name), compare_by_name, records);
	for (size_t i = n; i-- > 0;)
		visit_from(&o, by_name[i], stack);
	if (n)
		memcpy(records, o.to, n * sizeof(*records));
}

/* --- conda-lock's form --------------------------------------------------------------- */

static int bad_hash(struct reader *r, const struct yaml_node *map, const char *key, struct err **e)
{
	return yaml_fail(&r->yaml, yaml_get(map, key), e, "\"%s\" is no %s digest in hex", key,
			 key);
}

static int read_hash(struct reader *r, const struct yaml_node *package, struct record *out,
		     struct err **e)
{
	const struct yaml_node *hash = NULL;
	struct str md5 = {0}, sha256 = {0};
	if (yaml_need_member(&r->yaml, package, "hash", YAML_MAP, &hash, e) < 0 ||
	    yaml_text(&r->yaml, hash, "md5", &md5, e) < 0 ||
	    yaml_text(&r->yaml, hash, "sha256", &sha256, e) < 0)
		return ERR_SYNTAX;
	if (md5.n && !hex_read(md5, out->md5, MD5_SIZE))
		return bad_hash(r, hash, "md5", e);
	if (sha256.n && !digest_parse(sha256, &out->sha256))
		return bad_hash(r, hash, "sha256", e);
	out->has_md5 = md5.n > 0;
	out->has_sha256 = sha256.n > 0;
	return 0;
}

static int read_depends(struct reader *r, const struct yaml_node *package, struct record *out,
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

/* Text that becomes part of a file's name: the lock's where it has some, else the address's. */
static int read_part(struct reader *r, const struct yaml_node *package, const char *key,
		     struct str *out, struct err **e)
{
	struct str text = {0};
	if (yaml_text(&r->yaml, package, key, &text, e) < 0)
		return ERR_SYNTAX;
	if (text.n == 0)
		return 0;
	if (!is_safe(text))
		return yaml_fail(&r->yaml, yaml_get(package, key), e,
				 "\"%s\" holds letters it cannot have", key);
	*out = arena_str(&r->to->arena, text);
	return 0;
}

static int read_record(struct reader *r, const struct yaml_node *package, struct record *out,
		       struct err **e)
{
	struct str url = {0};
	if (yaml_need_text(&r->yaml, package, "url", &url, e) < 0)
		return ERR_SYNTAX;
	const char *wrong = read_url(&r->to->arena, url, out);
	if (wrong)
		return yaml_fail(&r->yaml, yaml_get(package, "url"), e, "the address %s", wrong);
	if (!is_for(out, r->platform))
		return yaml_fail(&r->yaml, yaml_get(package, "url"), e,
				 "the address is of a package for %.*s, not for %s",
				 STR_ARG(out->subdir), r->platform);
	if (read_part(r, package, "name", &out->name, e) < 0 ||
	    read_part(r, package, "version", &out->version_text, e) < 0 ||
	    read_part(r, package, "build", &out->build, e) < 0 ||
	    read_hash(r, package, out, e) < 0 || read_depends(r, package, out, e) < 0)
		return ERR_SYNTAX;
	read_version(&r->to->arena, out);
	return 0;
}

/* A package for another platform, or for a category beside the main one, is not ours. */
static int is_wanted(struct reader *r, const struct yaml_node *package, bool *wanted,
		     struct err **e)
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
	if (*wanted && str_is(manager, "pip"))
		return yaml_fail(&r->yaml, package, e, "pip packages are not supported yet");
	if (*wanted && !str_is(manager, "conda"))
		return yaml_fail(&r->yaml, yaml_get(package, "manager"), e,
				 "\"manager\" must be conda, not \"%.*s\"", STR_ARG(manager));
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = str_cmp(left->name, right->name);
	return order ? order : left->line < right->line ? -1 : left->line > right->line;
}

static void add_record(struct reader *r, const struct record *record, unsigned line,
		       unsigned column)
{
	struct entry entry = {record->name, line, column};
	VEC_PUSH(&r->records, *record);
	VEC_PUSH(&r->entries, entry);
}

static int refuse_doubled(struct reader *r, struct err **e)
{
	const struct entry *v = r->entries.v;
	if (r->entries.n)
		qsort(r->entries.v, r->entries.n, sizeof(*v), compare_entries);
	for (size_t i = 1; i < r->entries.n; i++)
		if (str_eq(v[i].name, v[i - 1].name))
			return err_set(e, ERR_SYNTAX,
				       "%s:%u:%u: the package \"%.*s\" stands here a second time",
				       r->what, v[i].line, v[i].column, STR_ARG(v[i].name));
	return 0;
}

static int read_packages(struct reader *r, const struct yaml_node *root, struct err **e)
{
	const struct yaml_node *list = NULL;
	if (yaml_need_member(&r->yaml, root, "package", YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	if (list->n > MAX_PACKAGES)
		return yaml_fail(&r->yaml, list, e, "more than %d packages", MAX_PACKAGES);
	for (size_t i = 0; i < list->n; i++) {
		bool wanted = false;
		if (is_wanted(r, list->items[i], &wanted, e) < 0)
			return ERR_SYNTAX;
		struct record record = {0};
		if (!wanted)
			continue;
		if (read_record(r, list->items[i], &record, e) < 0)
			return ERR_SYNTAX;
		add_record(r, &record, list->items[i]->line, list->items[i]->column);
	}
	return refuse_doubled(r, e);
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

static int read_custom(struct reader *r, const struct yaml_node *metadata, bool *in_order,
		       struct err **e)
{
	const struct yaml_node *custom = NULL;
	struct str order = {0}, virtuals = {0}, specs = {0};
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
		{"kiln_specs", &specs},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (yaml_text(&r->yaml, custom, rows[i].key, rows[i].to, e) < 0)
			return ERR_SYNTAX;
		*rows[i].to = arena_str(&l->arena, *rows[i].to);
	}
	*in_order = str_is(order, "link");
	l->virtuals = split_lines(&l->arena, virtuals);
	l->specs = split_lines(&l->arena, specs);
	return 0;
}

static int read_lock_channels(struct reader *r, const struct yaml_node *metadata, struct err **e)
{
	const struct yaml_node *list = NULL;
	if (yaml_member(&r->yaml, metadata, "channels", YAML_LIST, &list, e) < 0)
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
static int check_platform(struct reader *r, const struct yaml_node *metadata, struct err **e)
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

static int check_version(struct reader *r, const struct yaml_node *root, struct err **e)
{
	struct str version = {0};
	if (!root || root->kind != YAML_MAP)
		return yaml_fail(&r->yaml, root, e,
				 "a lock must be a conda-lock.yml or an @EXPLICIT list");
	if (yaml_get(root, "environments"))
		return yaml_fail(
			&r->yaml, root, e,
			"a pixi.lock is not read; a conda-lock.yml or an @EXPLICIT list is");
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

static int read_yaml(struct reader *r, struct err **e)
{
	const struct yaml_node *root = r->yaml.root, *metadata = NULL;
	bool in_order = false;
	if (check_version(r, root, e) < 0 ||
	    yaml_need_member(&r->yaml, root, "metadata", YAML_MAP, &metadata, e) < 0 ||
	    read_custom(r, metadata, &in_order, e) < 0 || read_lock_channels(r, metadata, e) < 0 ||
	    read_packages(r, root, e) < 0)
		return ERR_SYNTAX;
	int status = check_platform(r, metadata, e);
	if (status == 0 && !in_order)
		sort_for_linking(&r->to->arena, r->records.v, r->records.n);
	return status;
}

/* --- @EXPLICIT ----------------------------------------------------------------------- */

static bool is_explicit(struct str text)
{
	struct str line;
	while (text.n) {
		str_cut(&text, '\n', &line);
		line = str_trim(line);
		if (line.n && line.p[0] != '#')
			return str_is(line, "@EXPLICIT");
	}
	return false;
}

/* 32 hex digits are an MD5; 64, with or without "sha256:", a SHA-256. */
static bool read_fragment(struct str hash, struct record *r)
{
	if (hash.n == MD5_HEX)
		return r->has_md5 = hex_read(hash, r->md5, MD5_SIZE);
	return r->has_sha256 = digest_parse(hash, &r->sha256);
}

static int read_line(struct reader *r, struct str line, unsigned number, struct err **e)
{
	struct record record = {0};
	struct str url;
	bool hash = str_cut(&line, '#', &url);
	const char *wrong = read_url(&r->to->arena, str_trim(url), &record);
	if (wrong)
		return err_set(e, ERR_SYNTAX, "%s:%u:1: the address %s", r->what, number, wrong);
	if (hash && !read_fragment(str_trim(line), &record))
		return err_set(e, ERR_SYNTAX,
			       "%s:%u:%zu: behind \"#\" must stand an MD5 (32 hex digits) or a "
			       "SHA-256 (64)",
			       r->what, number, url.n + 2);
	if (!is_for(&record, r->platform))
		return err_set(e, ERR_ABSENT, "%s:%u:1: the package is for %.*s, not for %s",
			       r->what, number, STR_ARG(record.subdir), r->platform);
	if (r->records.n == MAX_PACKAGES)
		return err_set(e, ERR_LIMIT, "%s:%u:1: more than %d packages", r->what, number,
			       MAX_PACKAGES);
	read_version(&r->to->arena, &record);
	add_record(r, &record, number, 1);
	return 0;
}

static int read_explicit(struct reader *r, struct str text, struct err **e)
{
	struct str line;
	for (unsigned number = 1; text.n; number++) {
		str_cut(&text, '\n', &line);
		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#' || str_is(line, "@EXPLICIT"))
			continue;
		int status = read_line(r, line, number, e);
		if (status < 0)
			return status;
	}
	return refuse_doubled(r, e);
}

/* --- either -------------------------------------------------------------------------- */

static int read_text(struct reader *r, struct str text, struct err **e)
{
	if (is_explicit(text))
		return read_explicit(r, text, e);
	int status = yaml_parse(text, r->what, &r->yaml, e);
	if (status < 0)
		return status;
	status = read_yaml(r, e);
	yaml_done(&r->yaml);
	return status;
}

int lock_read(struct str text, const char *what, const char *platform, struct lock *out,
	      struct err **e)
{
	struct lock made = {.arena = ARENA};
	struct reader r = {.what = what, .platform = platform, .to = &made};
	made.platform = arena_str(&made.arena, str_of(platform));
	int status = read_text(&r, text, e);
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
