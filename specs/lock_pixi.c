/* specs/lock_pixi.c - pixi.lock, as rattler writes it: versions 4 to 7.
 *
 *     environments: {NAME: {channels: [{url}], packages: {PLATFORM: [{conda: ADDRESS}]}}}
 *     packages: [{conda: ADDRESS, sha256, md5, depends: [SPEC]}]     4, 5: kind, url instead
 *
 * An environment refers to packages by their address. Those that pixi builds from source stand
 * under a folder's or repository's name, and cannot be used here. */
#include "specs/lock_private.h"

/* What version 4 puts before an address that was given to pip, and not found in an index. */
#define DIRECT "direct+"

enum { PIXI_OLDEST = 4, PIXI_NEWEST = 7, NAMES_SHOWN = 4096 };

struct pixi {
	struct lock_reader *r;
	const struct yaml_node **by_address; /* the packages with one, sorted by it */
	size_t count;
};

static int check_version(struct lock_reader *r, struct err **e)
{
	struct str text = {0};
	uint64_t version = 0;
	if (yaml_need_text(&r->yaml, r->yaml.root, "version", &text, e) < 0)
		return ERR_SYNTAX;
	if (str_u64(text, &version) && version >= PIXI_OLDEST && version <= PIXI_NEWEST)
		return 0;
	return yaml_fail(&r->yaml, yaml_get(r->yaml.root, "version"), e,
			 "version %.*s of pixi.lock is not supported: %d to %d are", STR_ARG(text),
			 PIXI_OLDEST, PIXI_NEWEST);
}

/* --- packages by address ------------------------------------------------------------- */

static const struct yaml_node *address_of(const struct yaml_node *package)
{
	static const char *const keys[] = {"conda", "pypi", "url"}; /* url: of version 4 and 5 */
	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct yaml_node *at = yaml_get(package, keys[i]);
		if (at)
			return yaml_is_scalar(at) ? at : NULL;
	}
	return NULL;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct yaml_node *left = *(const struct yaml_node *const *)a;
	const struct yaml_node *right = *(const struct yaml_node *const *)b;
	int order = str_cmp(address_of(left)->text, address_of(right)->text);
	return order ? order : left->line < right->line ? -1 : left->line > right->line;
}

static int collect(struct pixi *p, struct err **e)
{
	struct lock_reader *r = p->r;
	const struct yaml_node *list = NULL;
	if (yaml_need_member(&r->yaml, r->yaml.root, "packages", YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	if (list->n > LOCK_MAX_PACKAGES)
		return yaml_fail(&r->yaml, list, e, "more than %d packages", LOCK_MAX_PACKAGES);
	p->by_address = arena_zero(&r->yaml.arena, list->n + 1, sizeof(struct yaml_node *));
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i]->kind != YAML_MAP)
			return yaml_fail(&r->yaml, list->items[i], e,
					 "a package must be a map, not %s",
					 yaml_kind_name(list->items[i]));
		if (address_of(list->items[i]))
			p->by_address[p->count++] = list->items[i];
	}
	if (p->count)
		qsort(p->by_address, p->count, sizeof(struct yaml_node *), compare_addresses);
	return 0;
}

/* The first of that address: version 5 may have it once with `purls` and once without. */
static const struct yaml_node *find(const struct pixi *p, struct str address)
{
	size_t low = 0, high = p->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(address_of(p->by_address[middle])->text, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < p->count && str_eq(address_of(p->by_address[low])->text, address))
		return p->by_address[low];
	return NULL;
}

/* --- one package --------------------------------------------------------------------- */

static int read_texts(struct lock_reader *r, const struct yaml_node *package, const char *key,
		      struct strs *out, struct err **e)
{
	const struct yaml_node *list = NULL;
	if (yaml_member(&r->yaml, package, key, YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	if (!list)
		return 0;
	struct str *v = arena_zero(&r->to->arena, list->n, sizeof(*v));
	for (size_t i = 0; i < list->n; i++) {
		if (!yaml_is_scalar(list->items[i]))
			return yaml_want(&r->yaml, list->items[i], YAML_TEXT, key, e);
		v[i] = arena_str(&r->to->arena, list->items[i]->text);
	}
	*out = (struct strs){v, list->n};
	return 0;
}

static int read_size(struct lock_reader *r, const struct yaml_node *package, uint64_t *out,
		     struct err **e)
{
	struct str text = {0};
	if (yaml_text(&r->yaml, package, "size", &text, e) < 0)
		return ERR_SYNTAX;
	if (text.n && !str_u64(text, out))
		return yaml_fail(&r->yaml, yaml_get(package, "size"), e,
				 "\"size\" must be a number of bytes");
	return 0;
}

static int read_record(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		       struct err **e)
{
	const struct yaml_node *at = address_of(package);
	const char *wrong = lock_read_url(&r->to->arena, at->text, out);
	if (wrong)
		return yaml_fail(&r->yaml, at, e, "the address %s", wrong);
	if (!lock_is_for(out, r->platform))
		return yaml_fail(&r->yaml, at, e,
				 "the address is of a package for %.*s, not for %s",
				 STR_ARG(out->subdir), r->platform);
	if (lock_read_identity(r, package, out, e) < 0 ||
	    lock_read_hashes(r, package, out, e) < 0 || read_size(r, package, &out->size, e) < 0 ||
	    read_texts(r, package, "depends", &out->depends, e) < 0 ||
	    read_texts(r, package, "constrains", &out->constrains, e) < 0)
		return ERR_SYNTAX;
	lock_read_version(&r->to->arena, out);
	return 0;
}

/* --- an environment ------------------------------------------------------------------ */

/* Not an archive: a folder or repository that pixi builds from. */
static bool is_source(struct str address)
{
	return !str_ends(address, ".conda") && !str_ends(address, ".tar.bz2");
}

static int refuse(struct lock_reader *r, const struct yaml_node *item, struct err **e)
{
	const struct yaml_node *source = yaml_get(item, "conda_source");
	if (source && yaml_is_scalar(source))
		return yaml_fail(&r->yaml, item, e,
				 "%.*s is to be built from source, which only pixi can",
				 STR_ARG(source->text));
	return yaml_fail(&r->yaml, item, e, "a package must be a map with \"conda\" or \"pypi\"");
}

static int read_wheel(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		      struct err **e)
{
	const struct yaml_node *at = address_of(package);
	struct str url =
		str_starts(at->text, DIRECT) ? str_from(at->text, strlen(DIRECT)) : at->text;
	const char *wrong = lock_read_wheel_url(&r->to->arena, url, out);
	if (wrong)
		return yaml_fail(&r->yaml, at, e, "the address %s", wrong);
	if (lock_read_part(r, package, "name", &out->name, e) < 0 ||
	    lock_read_part(r, package, "version", &out->version_text, e) < 0 ||
	    lock_read_hashes(r, package, out, e) < 0)
		return ERR_SYNTAX;
	return lock_check_wheel(r, package, out, e);
}

static int read_item(struct pixi *p, const struct yaml_node *item, struct err **e)
{
	struct lock_reader *r = p->r;
	struct record record = {0};
	struct str address = {0};
	bool wheel = item->kind == YAML_MAP && yaml_get(item, "pypi");
	if (item->kind != YAML_MAP || (!wheel && !yaml_get(item, "conda")))
		return refuse(r, item, e);
	if (yaml_need_text(&r->yaml, item, wheel ? "pypi" : "conda", &address, e) < 0)
		return ERR_SYNTAX;
	record.manager = wheel ? MANAGER_PIP : MANAGER_CONDA;
	if (!wheel && is_source(address))
		return yaml_fail(&r->yaml, item, e,
				 "%.*s is to be built from source, which only pixi can",
				 STR_ARG(address));
	const struct yaml_node *package = find(p, address);
	if (!package)
		return yaml_fail(&r->yaml, item, e, "this package is not among \"packages\"");
	if ((wheel ? read_wheel : read_record)(r, package, &record, e) < 0)
		return ERR_SYNTAX;
	lock_add(r, &record, item->line, item->column);
	return 0;
}

static void list_keys(const struct yaml_node *map, struct buf *out)
{
	for (size_t i = 0; i < map->n && out->n < NAMES_SHOWN / 2; i++)
		buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(map->pairs[i].key->text));
}

/* Version 7 may call a platform by a name of its own: {name, subdir}. */
static const char *platform_name(struct lock_reader *r, const struct yaml_node *packages)
{
	const struct yaml_node *list = yaml_get(r->yaml.root, "platforms");
	if (yaml_get(packages, r->platform) || !list || list->kind != YAML_LIST)
		return r->platform;
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *name = yaml_get(list->items[i], "name");
		const struct yaml_node *subdir = yaml_get(list->items[i], "subdir");
		if (name && subdir && yaml_is_scalar(name) && yaml_is_scalar(subdir) &&
		    str_is(subdir->text, r->platform) && yaml_get(packages, name->text.p))
			return name->text.p;
	}
	return r->platform;
}

static int find_environment(struct lock_reader *r, const struct yaml_node **out, struct err **e)
{
	const char *wanted = r->environment ? r->environment : "default";
	const struct yaml_node *all = NULL;
	AUTO(buf_done) struct buf names = BUF(NAMES_SHOWN);
	if (yaml_need_member(&r->yaml, r->yaml.root, "environments", YAML_MAP, &all, e) < 0)
		return ERR_SYNTAX;
	if (yaml_member(&r->yaml, all, wanted, YAML_MAP, out, e) < 0)
		return ERR_SYNTAX;
	if (*out)
		return 0;
	list_keys(all, &names);
	return err_set(e, ERR_USAGE, "%s:%u:%u: there is no environment \"%s\"; there is %s",
		       r->what, all->line, all->column, wanted, names.n ? names.data : "none");
}

/* Without the platform's key an environment is not made for it; with an empty list it is. */
static int read_environment(struct pixi *p, const struct yaml_node *environment, struct err **e)
{
	struct lock_reader *r = p->r;
	const struct yaml_node *packages = NULL, *list = NULL;
	AUTO(buf_done) struct buf names = BUF(NAMES_SHOWN);
	if (lock_read_channels(r, environment, e) < 0 ||
	    yaml_need_member(&r->yaml, environment, "packages", YAML_MAP, &packages, e) < 0 ||
	    yaml_member(&r->yaml, packages, platform_name(r, packages), YAML_LIST, &list, e) < 0)
		return ERR_SYNTAX;
	list_keys(packages, &names);
	if (!list)
		return err_set(e, ERR_ABSENT, "%s: nothing is locked for %s; there is %s", r->what,
			       r->platform, names.n ? names.data : "no platform at all");
	if (list->n > LOCK_MAX_PACKAGES)
		return yaml_fail(&r->yaml, list, e, "more than %d packages", LOCK_MAX_PACKAGES);
	for (size_t i = 0; i < list->n; i++)
		if (read_item(p, list->items[i], e) < 0)
			return ERR_SYNTAX;
	return 0;
}

int lock_read_pixi(struct lock_reader *r, struct err **e)
{
	struct pixi p = {.r = r};
	const struct yaml_node *environment = NULL;
	if (check_version(r, e) < 0 || collect(&p, e) < 0)
		return ERR_SYNTAX;
	int code = find_environment(r, &environment, e);
	if (code < 0 || (code = read_environment(&p, environment, e)) < 0)
		return code;
	if ((code = lock_refuse_doubled(r, e)) < 0)
		return code;
	lock_sort(&r->to->arena, r->records.v, r->records.n);
	return 0;
}
