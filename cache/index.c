/* index.c - the mapped index. Sections are checked when it is opened; what lies inside them
 * when it is looked at, so that opening touches one page. */
#include "cache/index.h"
#include "cache/index_format.h"
#include "specs/base/fs.h"

struct index {
	struct fs_map map;
	const struct index_header *h;
};

static const void *section(const struct index *x, struct index_section s)
{
	return x->map.p + s.at;
}

static bool fits(const struct index *x, struct index_section s, size_t size)
{
	return s.at % 8 == 0 && s.at <= x->map.n && s.count <= (x->map.n - s.at) / size &&
	       s.count < UINT32_MAX;
}

static bool header_ok(const struct index *x)
{
	const struct index_header *h = x->h;

	return x->map.n >= sizeof(*h) && memcmp(h->magic, INDEX_MAGIC, sizeof(h->magic)) == 0 &&
	       h->format == INDEX_FORMAT && h->file_size == x->map.n && h->cold.at % 8 == 0 &&
	       h->cold.at <= x->map.n && h->cold.count <= x->map.n - h->cold.at &&
	       fits(x, h->records, sizeof(struct index_hot)) &&
	       fits(x, h->names, sizeof(struct index_name)) && fits(x, h->deps, sizeof(uint32_t)) &&
	       fits(x, h->text_ends, sizeof(uint32_t)) && fits(x, h->text_bytes, 1) &&
	       fits(x, h->string_ends, sizeof(uint32_t)) && fits(x, h->string_bytes, 1);
}

int index_open(const char *path, struct index **out, struct err **e)
{
	AUTO(index_close) struct index *x = mem_zero(1, sizeof(*x));
	int r = fs_map_open(path, &x->map, e);

	if (r < 0)
		return r;
	x->h = (const void *)x->map.p;
	if (!header_ok(x))
		return err_set(e, ERR_CORRUPT, "%s: not an index of this kiln", path);
	*out = STEAL(&x);
	return 0;
}

void index_close(struct index *x)
{
	if (!x)
		return;
	fs_map_done(&x->map);
	free(x);
}

static struct str text_at(const struct index *x, struct index_section ends,
			  struct index_section bytes, uint32_t id)
{
	const uint32_t *at = section(x, ends);

	if (id >= ends.count)
		return (struct str){0};
	uint32_t from = id ? at[id - 1] : 0, to = at[id];
	if (from > to || to > bytes.count)
		return (struct str){0};
	return (struct str){(const char *)section(x, bytes) + from, to - from};
}

static struct str string(const struct index *x, uint32_t id)
{
	return text_at(x, x->h->string_ends, x->h->string_bytes, id);
}

size_t index_name_count(const struct index *x)
{
	return x->h->names.count;
}

struct str index_name(const struct index *x, size_t i)
{
	const struct index_name *names = section(x, x->h->names);

	return i < x->h->names.count ? string(x, names[i].string) : (struct str){0};
}

bool index_find(const struct index *x, struct str name, uint32_t *first, uint32_t *count)
{
	const struct index_name *names = section(x, x->h->names);
	size_t low = 0, high = x->h->names.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = str_cmp(index_name(x, mid), name);
		if (order == 0) {
			uint64_t end = (uint64_t)names[mid].first + names[mid].count;
			*first = names[mid].first;
			*count = names[mid].count;
			return end <= x->h->records.count;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static const struct index_hot *hot(const struct index *x, uint32_t record)
{
	const struct index_hot *v = section(x, x->h->records);

	return record < x->h->records.count ? &v[record] : NULL;
}

static void fill_cold(const struct index *x, uint64_t at, struct record *out)
{
	uint64_t left = x->h->cold.count;

	if (at > left || left - at < sizeof(struct index_cold))
		return;
	const struct index_cold *c = (const void *)((const char *)section(x, x->h->cold) + at);
	if (left - at - sizeof(*c) < c->fn_size)
		return;
	out->fn = (struct str){(const char *)(c + 1), c->fn_size};
	out->subdir = string(x, c->subdir);
	out->license = string(x, c->license);
	out->python_site_packages_path = string(x, c->site_packages);
	out->size = c->size;
	out->noarch = c->noarch <= NOARCH_PYTHON ? (enum noarch)c->noarch : NOARCH_NONE;
	out->has_sha256 = c->flags & INDEX_HAS_SHA256;
	out->has_md5 = c->flags & INDEX_HAS_MD5;
	memcpy(out->sha256.bytes, c->sha256, DIGEST_SIZE);
	memcpy(out->md5, c->md5, MD5_SIZE);
}

void index_record_brief(const struct index *x, uint32_t record, struct record *out)
{
	const struct index_hot *h = hot(x, record);

	memset(out, 0, sizeof(*out));
	if (!h)
		return;
	out->name = index_name(x, h->name);
	out->version_text = string(x, h->version);
	out->build = string(x, h->build);
	out->build_number = h->build_number;
	out->timestamp = h->timestamp;
	out->track_features = string(x, h->track_features);
}

void index_record(const struct index *x, uint32_t record, struct record *out)
{
	const struct index_hot *h = hot(x, record);

	index_record_brief(x, record, out);
	if (h)
		fill_cold(x, (uint64_t)h->cold * 8, out);
}

static const uint32_t *deps_at(const struct index *x, uint64_t first, uint32_t count, size_t *n)
{
	const uint32_t *deps = section(x, x->h->deps);

	*n = first + count <= x->h->deps.count ? count : 0;
	return deps + (*n ? first : 0);
}

const uint32_t *index_depends(const struct index *x, uint32_t record, size_t *n)
{
	const struct index_hot *h = hot(x, record);

	return deps_at(x, h ? h->deps : 0, h ? h->depends : 0, n);
}

const uint32_t *index_constrains(const struct index *x, uint32_t record, size_t *n)
{
	const struct index_hot *h = hot(x, record);

	return deps_at(x, h ? (uint64_t)h->deps + h->depends : 0, h ? h->constrains : 0, n);
}

size_t index_text_count(const struct index *x)
{
	return x->h->text_ends.count;
}

struct str index_text(const struct index *x, uint32_t text)
{
	return text_at(x, x->h->text_ends, x->h->text_bytes, text);
}

struct str index_base_url(const struct index *x)
{
	return string(x, x->h->base_url);
}
