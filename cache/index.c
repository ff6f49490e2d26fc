/* index.c - the mapped index. Sections are checked when it is opened; what lies inside them
 * when it is looked at. */
#include "cache/index.h"
#include "cache/index_format.h"
#include "specs/base/fs.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

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

static bool fits_texts(const struct index *x, struct index_texts t)
{
	return fits(x, t.ends, sizeof(uint32_t)) && fits(x, t.bytes, 1);
}

static bool header_ok(const struct index *x)
{
	const struct index_header *h = x->h;

	return x->map.n >= sizeof(*h) && memcmp(h->magic, INDEX_MAGIC, sizeof(h->magic)) == 0 &&
	       h->format == INDEX_FORMAT && h->file_size == x->map.n && h->cold.at % 8 == 0 &&
	       h->cold.at <= x->map.n && h->cold.count <= x->map.n - h->cold.at &&
	       fits(x, h->records, sizeof(struct index_hot)) &&
	       fits(x, h->names, sizeof(struct index_name)) && fits(x, h->deps, sizeof(uint32_t)) &&
	       fits_texts(x, h->versions) && fits_texts(x, h->texts) && fits_texts(x, h->strings);
}

uint64_t index_header_crc(uint64_t behind, const struct index_header *h)
{
	return crc64(behind, h, offsetof(struct index_header, crc));
}

/* Read, not looked at through the mapping: pages of that would count as this process's memory. */
static int check_bytes(const struct index *x, int fd, const char *path, struct err **e)
{
	uint64_t behind;

	if (lseek(fd, sizeof(*x->h), SEEK_SET) < 0)
		return err_sys(e, "%s", path);
	int r = crc64_of_fd(fd, &behind, e);
	if (r < 0)
		return err_wrap(e, r, "%s", path);
	if (index_header_crc(behind, x->h) != x->h->crc)
		return err_set(e, ERR_CORRUPT, "%s: not as it was written", path);
	return 0;
}

static int open_index(const char *path, bool own, struct index **out, struct err **e)
{
	AUTO(index_close) struct index *x = mem_zero(1, sizeof(*x));
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? err_sys(e, "%s", path) : fs_map_fd(fd, path, &x->map, e);

	if (r < 0)
		return r;
	x->h = (const void *)x->map.p;
	if (!header_ok(x))
		return err_set(e, ERR_CORRUPT, "%s: not an index of this kiln", path);
	if (!own && (r = check_bytes(x, fd, path, e)) < 0)
		return r;
	*out = STEAL(&x);
	return 0;
}

int index_open(const char *path, struct index **out, struct err **e)
{
	return open_index(path, false, out, e);
}

int index_open_own(const char *path, struct index **out, struct err **e)
{
	return open_index(path, true, out, e);
}

void index_close(struct index *x)
{
	if (!x)
		return;
	fs_map_done(&x->map);
	free(x);
}

void index_rest(const struct index *x)
{
	madvise((void *)x->map.p, x->map.n, MADV_DONTNEED);
}

static struct str text_at(const struct index *x, struct index_texts t, uint32_t id)
{
	const uint32_t *at = section(x, t.ends);

	if (id >= t.ends.count)
		return (struct str){0};
	uint32_t from = id ? at[id - 1] : 0, to = at[id];
	if (from > to || to > t.bytes.count)
		return (struct str){0};
	return (struct str){(const char *)section(x, t.bytes) + from, to - from};
}

static struct str string(const struct index *x, uint32_t id)
{
	return text_at(x, x->h->strings, id);
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

/* The name of a record: the last one that does not begin behind it. */
static struct str name_of(const struct index *x, uint32_t record)
{
	const struct index_name *names = section(x, x->h->names);
	size_t low = 0, high = x->h->names.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (names[mid].first <= record)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? string(x, names[low - 1].string) : (struct str){0};
}

/* What is left of a record's part of cold. */
struct tail {
	const char *p;
	size_t n;
};

/* Fills with zeros where the file ends. */
static void tail_take(struct tail *t, void *out, size_t n)
{
	memset(out, 0, n);
	if (t->n < n) {
		t->n = 0;
		return;
	}
	memcpy(out, t->p, n);
	t->p += n;
	t->n -= n;
}

static struct str tail_bytes(struct tail *t, size_t n)
{
	struct str s = {t->p, n <= t->n ? n : 0};

	t->p += s.n;
	t->n = n <= t->n ? t->n - n : 0;
	return s;
}

static struct str tail_string(const struct index *x, struct tail *t)
{
	uint32_t id;

	tail_take(t, &id, sizeof(id));
	return string(x, id);
}

static const struct index_cold *cold(const struct index *x, const struct index_hot *h,
				     struct tail *out)
{
	uint64_t left = x->h->cold.count, at = h ? (uint64_t)h->cold * 8 : left;

	if (at > left || left - at < sizeof(struct index_cold))
		return NULL;
	const struct index_cold *c = (const void *)((const char *)section(x, x->h->cold) + at);
	*out = (struct tail){(const char *)(c + 1), left - at - sizeof(*c)};
	return c;
}

static struct str file_name(const struct index_cold *c, struct tail *t, struct arena *a,
			    const struct record *r)
{
	uint16_t n;

	if (c->flags & INDEX_FILE_NAME) {
		tail_take(t, &n, sizeof(n));
		return tail_bytes(t, n);
	}
	return arena_printf(a, "%.*s-%.*s-%.*s%s", STR_ARG(r->name), STR_ARG(r->version_text),
			    STR_ARG(r->build), c->flags & INDEX_IS_CONDA ? ".conda" : ".tar.bz2");
}

static void fill_cold(const struct index *x, const struct index_cold *c, struct tail *t,
		      struct arena *a, struct record *out)
{
	out->build = tail_bytes(t, c->build_size);
	out->fn = file_name(c, t, a, out);
	out->subdir = c->flags & INDEX_SUBDIR ? tail_string(x, t) : string(x, x->h->subdir);
	if (c->flags & INDEX_FEATURES)
		out->track_features = tail_string(x, t);
	if (c->flags & INDEX_SITE_PACKAGES)
		out->python_site_packages_path = tail_string(x, t);
	if (c->flags & INDEX_BUILD_NUMBER)
		tail_take(t, &out->build_number, sizeof(out->build_number));
	out->license = string(x, c->license);
	out->size = c->size;
	unsigned noarch = c->flags / INDEX_NOARCH;
	out->noarch = noarch <= NOARCH_PYTHON ? (enum noarch)noarch : NOARCH_NONE;
	out->has_sha256 = c->flags & INDEX_HAS_SHA256;
	out->has_md5 = c->flags & INDEX_HAS_MD5;
	memcpy(out->sha256.bytes, c->sha256, DIGEST_SIZE);
	memcpy(out->md5, c->md5, MD5_SIZE);
}

void index_record(const struct index *x, uint32_t record, struct arena *a, struct record *out)
{
	const struct index_hot *h = hot(x, record);
	struct index_entry entry;
	struct tail t;
	const struct index_cold *c = cold(x, h, &t);

	memset(out, 0, sizeof(*out));
	index_entry(x, record, &entry);
	out->name = name_of(x, record);
	out->version_text = index_version(x, entry.version);
	out->build_number = entry.build_number;
	out->timestamp = entry.timestamp;
	if (c)
		fill_cold(x, c, &t, a, out);
}

struct str index_build(const struct index *x, uint32_t record)
{
	struct tail t;
	const struct index_cold *c = cold(x, hot(x, record), &t);

	return c ? tail_bytes(&t, c->build_size) : (struct str){0};
}

/* Few are that large. */
static uint64_t large_build_number(const struct index *x, uint32_t record)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct record r = {0};
	struct tail t;
	const struct index_cold *c = cold(x, hot(x, record), &t);

	if (c)
		fill_cold(x, c, &t, &a, &r);
	return r.build_number;
}

void index_entry(const struct index *x, uint32_t record, struct index_entry *out)
{
	const struct index_hot *h = hot(x, record);

	memset(out, 0, sizeof(*out));
	out->version = UINT32_MAX;
	out->run = section(x, x->h->deps);
	if (!h)
		return;
	out->version = h->version;
	out->features = h->traits & INDEX_TRACKS;
	out->dated = h->traits & INDEX_DATED;
	out->timestamp = (uint64_t)h->timestamp_high << 32 | h->timestamp_low;
	out->build_number =
		h->build_number < UINT32_MAX ? h->build_number : large_build_number(x, record);
	if ((uint64_t)h->deps + h->depends + h->constrains > x->h->deps.count)
		return;
	out->run += h->deps;
	out->depends = h->depends;
	out->constrains = h->constrains;
}

uint64_t index_published(const struct index *x, uint32_t record)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct record r = {0};
	struct tail t;
	uint64_t indexed = 0;
	const struct index_cold *c = cold(x, hot(x, record), &t);

	if (!c)
		return 0;
	fill_cold(x, c, &t, &a, &r);
	if (c->flags & INDEX_INDEXED)
		tail_take(&t, &indexed, sizeof(indexed));
	return indexed;
}

size_t index_version_count(const struct index *x)
{
	return x->h->versions.ends.count;
}

struct str index_version(const struct index *x, uint32_t version)
{
	return text_at(x, x->h->versions, version);
}

size_t index_text_count(const struct index *x)
{
	return x->h->texts.ends.count;
}

struct str index_text(const struct index *x, uint32_t text)
{
	return text_at(x, x->h->texts, text);
}

struct str index_base_url(const struct index *x)
{
	return string(x, x->h->base_url);
}
