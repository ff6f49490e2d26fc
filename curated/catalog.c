/* curated/catalog.c - finds and reads the entries of the catalogue. */
#include "curated/catalog.h"
#include "curated/catalog_files.h"
#include "specs/base/near.h"
#include "specs/key.h"

#define PREFIX "AzureML-"
enum { NAME_MAX_BYTES = 255, ENTRY_FILES = 4, NEAREST = 3, NAMES = 512 };

/* ---- entries ---- */

/* "NAME/VERSION/FILE" in its parts. */
static void split(size_t file, struct str *name, struct str *version, struct str *base_name)
{
	struct str rest = str_of(catalog_files[file].path);
	str_cut(&rest, '/', name);
	str_cut(&rest, '/', version);
	*base_name = rest;
}

bool catalog_next(struct catalog_entry *entry)
{
	struct catalog_entry next = {.first = entry->first + entry->count};
	struct str name, version, file;
	for (size_t i = next.first; i < catalog_file_count; i++) {
		split(i, &name, &version, &file);
		if (next.count && !(str_eq(name, next.name) && str_eq(version, next.version)))
			break;
		next.name = name;
		next.version = version;
		next.count++;
	}
	*entry = next;
	return next.count > 0;
}

static uint64_t number(struct str version)
{
	uint64_t n = 0;
	str_u64(version, &n);
	return n;
}

/* version: empty for the latest. */
static bool find(struct str name, struct str version, struct catalog_entry *out)
{
	struct catalog_entry entry = {0};
	bool found = false;
	while (catalog_next(&entry)) {
		struct str rest = str_from(entry.name, strlen(PREFIX));
		if (!str_eq(entry.name, name) && !str_eq(rest, name))
			continue;
		if (version.n ? !str_eq(entry.version, version)
			      : found && number(entry.version) < number(out->version))
			continue;
		*out = entry;
		found = true;
	}
	return found;
}

bool catalog_has(struct str name)
{
	struct catalog_entry latest;
	return find(name, (struct str){0}, &latest);
}

void catalog_split_version(struct str *name, struct str *version)
{
	struct str rest = *name;
	*version = (struct str){0};
	if (str_ends(rest, "@latest"))
		*name = str_to(rest, rest.n - strlen("@latest"));
	else if (str_cut(&rest, ':', name))
		*version = rest;
}

/* ---- names that were meant ---- */

/* The one that is a few letters off, else some that the name is a part of. */
static size_t nearest(struct arena *a, struct str name, struct str out[NEAREST])
{
	const char *names[NAMES];
	struct catalog_entry entry = {0};
	size_t n = 0, found = 0;
	while (n < NAMES && catalog_next(&entry))
		names[n++] = arena_copy(a, entry.name.p, entry.name.n);
	const char *near = near_word(name, names, n);
	if (near) {
		out[0] = str_of(near);
		return 1;
	}
	for (size_t i = 0; i < n && found < NEAREST && name.n > 2; i++)
		if (str_holds(str_of(names[i]), name))
			out[found++] = str_of(names[i]);
	return found;
}

bool catalog_is_meant(struct str text)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str near[NEAREST], version;
	catalog_split_version(&text, &version);
	return catalog_is_reserved(text) || nearest(&a, text, near) > 0;
}

static int absent(struct str name, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf text = BUF(4096);
	struct str near[NEAREST];
	size_t n = nearest(&a, name, near);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%.*s", i ? ", " : "; nearest: ", STR_ARG(near[i]));
	return err_set(e, ERR_ABSENT, "there is no environment %.*s%s; `kiln env list` names all",
		       STR_ARG(name), text.data);
}

int catalog_find(struct str text, struct catalog_entry *out, struct err **e)
{
	struct str name = text, version;
	struct catalog_entry latest;
	catalog_split_version(&name, &version);
	if (find(name, version, out))
		return 0;
	if (!find(name, (struct str){0}, &latest))
		return absent(name, e);
	return err_set(e, ERR_ABSENT, "%.*s has no version %.*s; its latest is %.*s",
		       STR_ARG(latest.name), STR_ARG(version), STR_ARG(latest.version));
}

/* ---- what is in an entry ---- */

int catalog_read(const struct catalog_entry *entry, struct log *log, struct definition *out,
		 struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct definition_file files[ENTRY_FILES];
	struct str name, version, file;
	size_t n = 0;
	for (; n < entry->count && n < ENTRY_FILES; n++) {
		split(entry->first + n, &name, &version, &file);
		files[n] = (struct definition_file){file.p, catalog_files[entry->first + n].text};
	}
	struct str what =
		arena_printf(&a, "%.*s:%.*s", STR_ARG(entry->name), STR_ARG(entry->version));
	const struct definition_files folder = {what.p, files, n};
	return definition_read_files(&folder, log, out, e);
}

static struct str text_of(const struct catalog_entry *entry, const char *wanted)
{
	struct str name, version, file;
	for (size_t i = entry->first; i < entry->first + entry->count; i++) {
		split(i, &name, &version, &file);
		if (str_is(file, wanted))
			return catalog_files[i].text;
	}
	return (struct str){0};
}

/* ---- about.yml ---- */

static int read_word(const struct yaml *y, const char *key, const char *const words[2], bool *out,
		     struct err **e)
{
	struct str text;
	int status = yaml_need_text(y, y->root, key, &text, e);
	if (status < 0)
		return status;
	if (!str_is(text, words[0]) && !str_is(text, words[1]))
		return yaml_fail(y, yaml_get(y->root, key), e, "\"%s\" must be %s or %s", key,
				 words[0], words[1]);
	*out = str_is(text, words[1]);
	return 0;
}

static int read_list(const struct yaml *y, const char *key, struct arena *a, struct strs *out,
		     struct err **e)
{
	const struct yaml_node *list = NULL;
	int status = yaml_member(y, y->root, key, YAML_LIST, &list, e);
	for (size_t i = 0; status == 0 && list && i < list->n; i++) {
		status = yaml_want(y, list->items[i], YAML_TEXT, key, e);
		if (status == 0)
			*out = strs_with(a, *out, arena_str(a, list->items[i]->text));
	}
	return status;
}

static int read_texts(const struct yaml *y, struct arena *a, struct catalog_about *out,
		      struct err **e)
{
	const struct {
		const char *key;
		bool needed;
		struct str *to;
	} rows[] = {
		{"summary", true, &out->summary},
		{"python", true, &out->python},
		{"framework", false, &out->framework},
		{"base", true, &out->base},
		{"successor", false, &out->successor},
		{"source", true, &out->source},
		{"key", true, &out->key},
	};
	int status = 0;
	for (size_t i = 0; i < COUNT(rows) && status == 0; i++) {
		struct str text = {0};
		status = rows[i].needed ? yaml_need_text(y, y->root, rows[i].key, &text, e)
					: yaml_text(y, y->root, rows[i].key, &text, e);
		*rows[i].to = arena_str(a, text);
	}
	if (str_is(out->base, "unknown"))
		out->base = (struct str){0};
	return status;
}

static int check_keys(const struct yaml *y, struct err **e)
{
	static const char *const known[] = {"summary", "device",    "python", "framework",
					    "base",    "state",	    "source", "unknown",
					    "notes",   "successor", "key"};
	for (size_t i = 0; y->root && i < y->root->n; i++) {
		const struct yaml_node *key = y->root->pairs[i].key;
		size_t k = 0;
		while (k < COUNT(known) && !str_is(key->text, known[k]))
			k++;
		if (k == COUNT(known))
			return yaml_fail(y, key, e, "the key \"%.*s\" is not known",
					 STR_ARG(key->text));
	}
	return 0;
}

int catalog_read_about(const struct catalog_entry *entry, struct arena *a,
		       struct catalog_about *out, struct err **e)
{
	static const char *const devices[] = {"cpu", "gpu"}, *const states[] = {"current",
										"deprecated"};
	AUTO(yaml_done) struct yaml y = YAML;
	struct catalog_about made = {0};
	struct str what = arena_printf(a, "%.*s/%.*s/about.yml", STR_ARG(entry->name),
				       STR_ARG(entry->version));
	int status = yaml_parse(text_of(entry, "about.yml"), what.p, &y, e);
	if (status == 0)
		status = check_keys(&y, e);
	if (status == 0)
		status = read_texts(&y, a, &made, e);
	if (status == 0)
		status = read_word(&y, "device", devices, &made.gpu, e);
	if (status == 0)
		status = read_word(&y, "state", states, &made.deprecated, e);
	if (status == 0)
		status = read_list(&y, "unknown", a, &made.unknown, e);
	if (status == 0)
		status = read_list(&y, "notes", a, &made.notes, e);
	if (status == 0)
		*out = made;
	return status;
}

/* ---- identity ---- */

void catalog_key(const struct definition *d, struct digest *out)
{
	const struct key_input in = {
		.definition = d,
		.channels = d->channels,
		.platform = STR("linux/amd64"),
		.base_digest = d->base,
		.prefix = STR("/opt/env"),
		.priority = STR("strict"),
		.bytecode = true,
		.compression = STR("gzip"),
	};
	key_digest(&in, out);
}

/* ---- names ---- */

static const char *const reserved[] = {"AzureML", "Microsoft"};

static const char *prefix_of(struct str name)
{
	for (size_t i = 0; i < COUNT(reserved); i++)
		if (str_starts(name, reserved[i]))
			return reserved[i];
	return NULL;
}

bool catalog_is_reserved(struct str name)
{
	return prefix_of(name) != NULL;
}

/* The service's words, and what to write instead. */
static int refuse_prefix(struct str name, const char *prefix, struct err **e)
{
	struct str rest = str_from(name, strlen(prefix));
	while (rest.n && strchr("-_.", rest.p[0]))
		rest = str_from(rest, 1);
	return err_set(e, ERR_USAGE,
		       "the name %.*s can not start with the prefix %s; to alter a curated "
		       "environment first make a copy of it under a name of your own: kiln env "
		       "clone NAME my-%.*s",
		       STR_ARG(name), prefix, STR_ARG(rest.n ? rest : STR("environment")));
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int catalog_check_name(struct str name, bool strict, struct err **e)
{
	const char *more = strict ? "-_" : "-_.";
	const char *prefix = prefix_of(name);
	size_t i = 0;
	if (prefix)
		return refuse_prefix(name, prefix, e);
	while (i < name.n &&
	       (is_letter_or_digit(name.p[i]) || (i > 0 && memchr(more, name.p[i], strlen(more)))))
		i++;
	if (name.n > 0 && i == name.n && name.n <= NAME_MAX_BYTES)
		return 0;
	return err_set(e, ERR_USAGE,
		       "the name \"%.*s\" is none of an environment: letters, digits, %s, a letter "
		       "or digit first, at most %d",
		       STR_ARG(name), strict ? "\"-\" and \"_\"" : "\"-\", \"_\" and \".\"",
		       NAME_MAX_BYTES);
}
