/* builder/pip_lock.c - pylock.toml (PEP 751), as uv writes it for one target: the best wheel of
 * each distribution. */
#include "builder/pip_private.h"
#include "builder/wheel.h"
#include "specs/base/toml.h"
#include "specs/base/url.h"
#include "specs/base/vec.h"
#include "specs/pyname.h"
#include "specs/source_address.h"
#include "specs/wheel_name.h"
#include <stdlib.h>

static bool is_provided(const struct pip_request *q, struct str name)
{
	for (size_t i = 0; i < q->provided.n; i++)
		if (str_eq(q->provided.v[i].name, name))
			return true;
	return false;
}

/* The last part of the address, decoded; without what follows `#` or `?`. */
static struct str file_name(struct arena *a, struct str url)
{
	url = str_to(url, str_find(url, '#'));
	url = str_to(url, str_find(url, '?'));
	size_t at = url.n;
	while (at && url.p[at - 1] != '/')
		at--;
	return url_decoded(a, str_from(url, at));
}

struct choice {
	const cJSON *wheel;
	struct str file, url;
	int rank;
	uint64_t build;
};

/* Of `url`, or of `path`, which is absolute. */
static struct str address(struct arena *a, const cJSON *file)
{
	const char *url = json_text(file, "url"), *path = json_text(file, "path");
	if (url || !path)
		return str_of(url ? url : "");
	return source_address_of_path(a, str_of(path));
}

static bool is_better(const struct choice *a, const struct choice *b)
{
	if (!b->wheel || a->rank != b->rank)
		return !b->wheel || a->rank < b->rank;
	return a->build > b->build;
}

static void consider(const struct pip_request *q, struct arena *a, const cJSON *wheel,
		     struct choice *best)
{
	struct wheel_name name;
	struct choice c = {.wheel = wheel, .url = address(a, wheel)};
	c.file = file_name(a, c.url);
	if (wheel_name_parse(c.file, &name, NULL) < 0)
		return;
	c.rank = pip_tags_rank(&q->target, name.python, name.abi, name.platform);
	size_t digits = 0;
	while (digits < name.build.n && name.build.p[digits] >= '0' && name.build.p[digits] <= '9')
		digits++;
	str_u64(str_to(name.build, digits), &c.build);
	if (c.rank >= 0 && is_better(&c, best))
		*best = c;
}

static int fill_record(struct arena *a, const cJSON *package, const struct choice *c,
		       struct record *out, struct err **e)
{
	const char *name = json_text(package, "name"), *version = json_text(package, "version");
	const char *sha256 = json_text(json_object(c->wheel, "hashes"), "sha256");
	*out = (struct record){
		.manager = MANAGER_PIP,
		.name = arena_str(a, str_of(name)),
		.version_text = arena_str(a, str_of(version)),
		.url = url_without_login(a, str_to(c->url, str_find(c->url, '#'))),
		.fn = c->file,
		.noarch = NOARCH_PYTHON,
	};
	json_u64(c->wheel, "size", &out->size);
	out->has_sha256 = sha256 && digest_parse(str_of(sha256), &out->sha256);
	if (!out->has_sha256)
		return err_set(e, ERR_CORRUPT, "%s %s: the index gives no sha256", name, version);
	return 0;
}

/* Sources of an index stand in the lock of those names only that were asked for as sources. */
static int take_source(struct arena *a, const cJSON *package, struct record *out, struct err **e)
{
	struct choice c = {.wheel = json_object(package, "sdist")};
	struct record_source *source = arena_zero(a, 1, sizeof(*source));
	c.url = address(a, c.wheel);
	c.file = file_name(a, c.url);
	int code = fill_record(a, package, &c, out, e);
	source->kind = SOURCE_ARCHIVE;
	out->source = source;
	return code;
}

static int take_package(const struct pip_request *q, struct arena *a, const cJSON *package,
			struct record *out, struct err **e)
{
	const char *name = json_text(package, "name");
	const cJSON *wheel, *wheels = json_array(package, "wheels");
	struct choice best = {0};
	cJSON_ArrayForEach(wheel, wheels) consider(q, a, wheel, &best);
	if (best.wheel)
		return fill_record(a, package, &best, out, e);
	wheel = json_get(package, "archive");
	if (wheel)
		consider(q, a, wheel, &best);
	if (best.wheel) {
		int code = fill_record(a, package, &best, out, e);
		out->direct = code == 0;
		return code;
	}
	if (json_object(package, "sdist"))
		return take_source(a, package, out, e);
	return err_set(e, ERR_UNSOLVABLE, "%s has no wheel for Python %.*s on glibc 2.%u", name,
		       STR_ARG(q->target.python), q->target.glibc);
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct record *)a)->name, ((const struct record *)b)->name);
}

int pip_read_lock(const struct pip_request *q, struct str text, struct arena *a,
		  struct record **out, size_t *out_count, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	VEC(struct record) found = {0};
	const cJSON *package;
	int code = toml_parse(text, "pylock.toml", &doc, e);
	cJSON_ArrayForEach(package, json_array(doc, "packages"))
	{
		const char *name = json_text(package, "name");
		if (code < 0 || !name || is_provided(q, str_of(name)))
			continue;
		struct record record;
		code = take_package(q, a, package, &record, e);
		if (code == 0)
			VEC_PUSH(&found, record);
	}
	if (found.n)
		qsort(found.v, found.n, sizeof(*found.v), by_name);
	*out_count = found.n;
	*out = arena_zero(a, found.n, sizeof(**out));
	if (found.n)
		memcpy(*out, found.v, found.n * sizeof(**out));
	VEC_DONE(&found);
	return code;
}
