/* index_file.c - all that was read, put in order and written behind what is there already. */
#include "cache/index_writer_private.h"

/* ---- what is hidden ---- */

/* Hashes that are there; 0 is a free place (and one that is 0 is not found). */
struct hashes {
	uint64_t *v;
	size_t mask;
};

static void hashes_fill(struct hashes *h, size_t n)
{
	size_t room = 16;

	while (room < 2 * n)
		room *= 2;
	h->v = mem_zero(room, sizeof(*h->v));
	h->mask = room - 1;
}

static uint64_t *hashes_at(const struct hashes *h, uint64_t hash)
{
	size_t at = hash & h->mask;

	while (h->v[at] && h->v[at] != hash)
		at = (at + 1) & h->mask;
	return &h->v[at];
}

static bool hashes_have(const struct hashes *h, uint64_t hash)
{
	return h->v && hash && *hashes_at(h, hash) == hash;
}

static uint64_t file_hash(const struct pending *p)
{
	return p->conda ? p->stem ^ INDEX_CONDA_HASH : p->stem;
}

/* Leaves out what `removed` names and every .tar.bz2 that has a .conda of the same stem. */
static void drop_hidden(struct index_writer *w)
{
	struct hashes removed = {0}, conda = {0};
	size_t kept = 0;

	if (!w->removed.n && !(w->conda && w->other))
		return;
	hashes_fill(&removed, w->removed.n);
	for (size_t i = 0; i < w->removed.n; i++)
		*hashes_at(&removed, w->removed.v[i]) = w->removed.v[i];
	if (w->conda && w->other)
		hashes_fill(&conda, w->records.n);
	for (size_t i = 0; i < w->records.n && conda.v; i++) {
		const struct pending *p = &w->records.v[i];
		if (p->conda && !hashes_have(&removed, file_hash(p)))
			*hashes_at(&conda, p->stem) = p->stem;
	}
	for (size_t i = 0; i < w->records.n; i++) {
		const struct pending *p = &w->records.v[i];
		if (hashes_have(&removed, file_hash(p)) ||
		    (!p->conda && hashes_have(&conda, p->stem)))
			continue;
		w->records.v[kept++] = *p;
	}
	w->records.n = kept;
	free(removed.v);
	free(conda.v);
}

/* ---- names in order ---- */

static int by_name(const void *a, const void *b, void *names)
{
	return str_cmp(intern_text(names, *(const uint32_t *)a),
		       intern_text(names, *(const uint32_t *)b));
}

/* Rows of the names that have records, sorted; next: of an id of names, where its first record
 * goes. Answers how many. */
static uint32_t sort_names(struct index_writer *w, struct index_name *rows, uint32_t *next)
{
	uint32_t n = w->names.n, total = 0, used = 0;
	AUTO(free) uint32_t *ids = mem_alloc((n + 1) * sizeof(*ids));

	for (size_t i = 0; i < w->records.n; i++)
		next[w->records.v[i].name]++;
	for (uint32_t i = 0; i < n; i++)
		if (next[i])
			ids[used++] = i;
	qsort_r(ids, used, sizeof(*ids), by_name, &w->names);
	for (uint32_t i = 0; i < used; i++) {
		uint32_t count = next[ids[i]];
		rows[i] = (struct index_name){
			intern_id(&w->strings, intern_text(&w->names, ids[i])), total, count};
		next[ids[i]] = total;
		total += count;
	}
	return used;
}

/* ---- sections ---- */

int index_append(struct index_writer *w, const void *p, size_t n, struct err **e)
{
	w->crc = crc64(w->crc, p, n);
	w->written += n;
	return fs_write_fd(w->file.fd, p, n, e);
}

static int put_begins(struct index_writer *w, struct index_section *s, struct err **e)
{
	static const char zeros[8];
	size_t pad = -w->written & 7;

	*s = (struct index_section){w->written + pad, 0};
	return index_append(w, zeros, pad, e);
}

static int put_more(struct index_writer *w, struct index_section *s, const void *p, size_t count,
		    size_t size, struct err **e)
{
	s->count += count;
	return index_append(w, p, count * size, e);
}

/* A section at the next multiple of 8. */
static int put(struct index_writer *w, struct index_section *s, const void *p, size_t count,
	       size_t size, struct err **e)
{
	int r = put_begins(w, s, e);

	return r < 0 ? r : put_more(w, s, p, count, size, e);
}

/* Grouped by name, in each the order of the JSON. */
static int put_records(struct index_writer *w, struct index_section *s, uint32_t *next,
		       struct err **e)
{
	enum { AT_ONCE = 8192 };
	AUTO(free) uint32_t *order = mem_alloc((w->records.n + 1) * sizeof(*order));
	AUTO(free) struct index_hot *some = mem_alloc(AT_ONCE * sizeof(*some));
	int r = put_begins(w, s, e);

	for (size_t i = 0; i < w->records.n; i++)
		order[next[w->records.v[i].name]++] = (uint32_t)i;
	for (size_t i = 0; i < w->records.n && r >= 0; i += AT_ONCE) {
		size_t n = w->records.n - i < AT_ONCE ? w->records.n - i : AT_ONCE;
		for (size_t k = 0; k < n; k++)
			some[k] = w->records.v[order[i + k]].hot;
		r = put_more(w, s, some, n, sizeof(*some), e);
	}
	return r;
}

static int put_texts(struct index_writer *w, struct index_texts *s, const struct intern *t,
		     struct err **e)
{
	int r = put(w, &s->ends, t->ends, t->n, sizeof(*t->ends), e);

	return r < 0 ? r : put(w, &s->bytes, t->bytes, t->bytes_n, 1, e);
}

static int put_all(struct index_writer *w, struct index_header *h, struct err **e)
{
	AUTO(free) uint32_t *next = mem_zero(w->names.n + 1, sizeof(*next));
	AUTO(free) struct index_name *names = mem_zero(w->names.n + 1, sizeof(*names));
	uint32_t n = sort_names(w, names, next);
	int r;

	h->cold = (struct index_section){sizeof(*h), w->written - sizeof(*h)};
	if ((r = put_records(w, &h->records, next, e)) < 0 ||
	    (r = put(w, &h->names, names, n, sizeof(*names), e)) < 0 ||
	    (r = put(w, &h->deps, w->deps.v, w->deps.n, sizeof(*w->deps.v), e)) < 0 ||
	    (r = put_texts(w, &h->versions, &w->versions, e)) < 0 ||
	    (r = put_texts(w, &h->texts, &w->texts, e)) < 0)
		return r;
	return put_texts(w, &h->strings, &w->strings, e);
}

int index_write(struct index_writer *w, struct err **e)
{
	struct index_header h = {.magic = INDEX_MAGIC, .format = INDEX_FORMAT};
	int r = index_flush_cold(w, e);

	if (r < 0)
		return r;
	if (w->names.bytes_n + w->strings.bytes_n >= UINT32_MAX ||
	    w->versions.bytes_n >= UINT32_MAX - JSON_STREAM_TOKEN ||
	    w->texts.bytes_n >= UINT32_MAX - JSON_STREAM_TOKEN)
		return err_set(e, ERR_LIMIT, "repodata: more text than an index holds");
	drop_hidden(w);
	if ((r = put_all(w, &h, e)) < 0)
		return r;
	h.base_url = w->base_url;
	h.subdir = w->subdir;
	h.file_size = w->written;
	h.crc = index_header_crc(w->crc, &h);
	if (pwrite(w->file.fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return err_sys(e, "%s", w->path);
	return fs_file_commit(&w->file, e);
}
