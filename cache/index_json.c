/* index_json.c - repodata (CEP 36) from events: where in it they stand, and what that means. */
#include "cache/index_writer_private.h"

static const struct str keys[F_COUNT] = {
	[F_BUILD] = {"build", 5},
	[F_BUILD_NUMBER] = {"build_number", 12},
	[F_DEPENDS] = {"depends", 7},
	[F_CONSTRAINS] = {"constrains", 10},
	[F_LICENSE] = {"license", 7},
	[F_MD5] = {"md5", 3},
	[F_NAME] = {"name", 4},
	[F_NOARCH] = {"noarch", 6},
	[F_SHA256] = {"sha256", 6},
	[F_SIZE] = {"size", 4},
	[F_SUBDIR] = {"subdir", 6},
	[F_TIMESTAMP] = {"timestamp", 9},
	[F_INDEXED] = {"indexed_timestamp", 17},
	[F_VERSION] = {"version", 7},
	[F_TRACK_FEATURES] = {"track_features", 14},
	[F_SITE_PACKAGES] = {"python_site_packages_path", 25},
};

struct str index_field_key(enum field field)
{
	return keys[field];
}

enum field index_field_of(struct str key)
{
	for (enum field i = F_NONE + 1; i < F_COUNT; i++)
		if (str_eq(key, keys[i]))
			return i;
	return F_NONE;
}

/* Depth of the object that is a record: below root and section; in v3 below a bucket too. */
static unsigned record_depth(const struct index_writer *w)
{
	return w->section == IN_V3 ? 4 : 3;
}

static enum section section_of(struct str key)
{
	return str_is(key, "packages") || str_is(key, "packages.conda") ? IN_PACKAGES
	       : str_is(key, "info")					? IN_INFO
	       : str_is(key, "removed")					? IN_REMOVED
	       : str_is(key, "v3")					? IN_V3
									: IN_NONE;
}

static void on_key(struct index_writer *w, struct str key)
{
	if (w->depth == 1) {
		w->section = section_of(key);
		w->bucket = NULL;
	} else if (w->section == IN_V3 && w->depth == 2) {
		w->bucket = str_is(key, "conda")     ? ".conda"
			    : str_is(key, "tar.bz2") ? ".tar.bz2"
						     : NULL;
	} else if (w->section == IN_INFO && w->depth == 2) {
		w->field = str_is(key, "base_url") ? F_LICENSE : F_NONE;
	} else if (w->section != IN_INFO && w->depth == record_depth(w) - 1) {
		index_record_begins(w, key);
	} else if (w->section != IN_INFO && w->depth == record_depth(w)) {
		w->field = index_field_of(key);
	}
}

/* Whether the container that begins at this depth is one we look into. */
static bool enters(const struct index_writer *w, enum json_event what)
{
	bool object = what == JSON_OBJECT;
	unsigned record = record_depth(w);

	switch (w->section) {
	case IN_INFO:
		return object && w->depth == 2;
	case IN_REMOVED:
		return !object && w->depth == 2;
	case IN_V3:
		if (w->depth == 3 && !w->bucket)
			return false;
		/* fall through */
	case IN_PACKAGES:
		if (w->depth <= record)
			return object;
		return !object && w->depth == record + 1 &&
		       (w->field == F_DEPENDS || w->field == F_CONSTRAINS ||
			w->field == F_TRACK_FEATURES);
	default:
		return false;
	}
}

static int on_begin(struct index_writer *w, enum json_event what, struct err **e)
{
	w->depth++;
	if (w->depth == 1 && what != JSON_OBJECT)
		return err_set(e, ERR_CORRUPT, "repodata: not a JSON object");
	if (w->depth == 1)
		return 0;
	w->json.pause = w->depth == 2 && w->section == IN_PACKAGES;
	if (!enters(w, what))
		w->skip = w->depth;
	else if (what == JSON_ARRAY && w->section != IN_REMOVED)
		index_list_begins(w);
	return 0;
}

static int on_end(struct index_writer *w, struct err **e)
{
	unsigned depth = w->depth--;

	if (w->section != IN_PACKAGES && w->section != IN_V3)
		return 0;
	if (depth == record_depth(w)) {
		w->json.pause = w->section == IN_PACKAGES;
		return index_record_ends(w, e);
	}
	if (depth == record_depth(w) + 1)
		index_list_ends(w);
	return 0;
}

static void add_removed(struct index_writer *w, struct str fn)
{
	bool conda;
	uint64_t hash = index_file_hash(fn, &conda);

	VEC_PUSH(&w->removed, conda ? hash ^ INDEX_CONDA_HASH : hash);
}

static void on_scalar(struct index_writer *w, enum json_event what, struct str text)
{
	bool string = what == JSON_STRING;

	if (w->section == IN_REMOVED) {
		if (string && w->depth == 2)
			add_removed(w, text);
	} else if (w->section == IN_INFO) {
		if (string && w->depth == 2 && w->field == F_LICENSE)
			w->base_url = intern_id(&w->strings, text);
	} else if (w->section == IN_NONE) {
		return;
	} else if (w->depth == record_depth(w) + 1) {
		if (string)
			index_add_element(w, text);
	} else if (w->depth == record_depth(w)) {
		if (string)
			index_set_string(w, text);
		else if (what == JSON_NUMBER)
			index_set_number(w, text);
		else if (what == JSON_TRUE && w->field == F_NOARCH)
			w->now.noarch = NOARCH_GENERIC;
	}
}

int index_event(void *cookie, enum json_event what, struct str text, struct err **e)
{
	struct index_writer *w = cookie;

	if (w->skip) {
		w->depth += what == JSON_OBJECT || what == JSON_ARRAY;
		w->depth -= what == JSON_OBJECT_END || what == JSON_ARRAY_END;
		if (w->depth < w->skip)
			w->skip = 0;
		return 0;
	}
	switch (what) {
	case JSON_KEY:
		on_key(w, text);
		return 0;
	case JSON_OBJECT:
	case JSON_ARRAY:
		return on_begin(w, what, e);
	case JSON_OBJECT_END:
	case JSON_ARRAY_END:
		return on_end(w, e);
	default:
		if (w->depth == 0)
			return err_set(e, ERR_CORRUPT, "repodata: not a JSON object");
		on_scalar(w, what, text);
		return 0;
	}
}
