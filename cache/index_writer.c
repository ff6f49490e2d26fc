/* index_writer.c - repodata (CEP 36) from events to the index file. What only chosen records
 * need goes to the file at once; 48 bytes a record and the distinct texts stay in memory. */
#include "cache/index.h"
#include "cache/index_format.h"
#include "cache/intern.h"
#include "cache/json_stream.h"
#include "specs/base/fs.h"
#include "specs/base/vec.h"

enum section { IN_NONE, IN_INFO, IN_PACKAGES, IN_REMOVED, IN_V3 };
enum field {
	F_NONE,
	F_NAME,
	F_VERSION,
	F_BUILD,
	F_BUILD_NUMBER,
	F_DEPENDS,
	F_CONSTRAINS,
	F_SUBDIR,
	F_NOARCH,
	F_MD5,
	F_SHA256,
	F_SIZE,
	F_TIMESTAMP,
	F_TRACK_FEATURES,
	F_LICENSE,
	F_SITE_PACKAGES
};
enum { COLD_PIECE = 1 << 20, LIST_MAX = UINT16_MAX, FN_MAX = 4096 };

/* A record while others may still hide it. */
struct pending {
	struct index_hot hot; /* name: id of the string of names */
	uint64_t stem;	      /* hash of the file name without its extension */
	uint64_t fn;	      /* hash of the file name */
	bool conda;
};

struct index_writer {
	char *path;
	struct fs_file file;
	struct json_stream json;
	struct buf cold; /* not yet in the file */
	uint64_t written;
	struct intern names, strings, texts;
	VEC(struct pending) records;
	VEC(uint32_t) deps;
	VEC(uint32_t) constrains; /* of the record being read */
	VEC(uint64_t) removed;	  /* hashes of file names */
	/* Where the JSON stands. */
	unsigned depth, skip; /* skip: depth of the container that is passed over, or 0 */
	enum section section;
	enum field field;
	const char *bucket; /* extension that names in v3 lack; NULL: none */
	bool has_name, has_version;
	struct pending now;
	struct index_cold now_cold;
	struct index_hot last; /* of the record before it, for guesses */
	struct index_cold last_cold;
	struct buf fn, features;
	uint32_t base_url;
};

static int on_event(void *cookie, enum json_event what, struct str text, struct err **e);

static const struct index_header blank;

int index_writer_open(const char *path, struct index_writer **out, struct err **e)
{
	AUTO(index_writer_free) struct index_writer *w = mem_zero(1, sizeof(*w));

	w->file.fd = -1;
	w->path = mem_text(path);
	json_stream_init(&w->json, on_event, w);
	w->cold = (struct buf)BUF(4 * COLD_PIECE);
	w->fn = (struct buf)BUF(FN_MAX);
	w->features = (struct buf)BUF(1 << 16);
	int r = fs_file_open(&w->file, path, 0600, e);
	if (r < 0 || (r = fs_write_fd(w->file.fd, &blank, sizeof(blank), e)) < 0)
		return r;
	w->written = sizeof(blank);
	intern_id(&w->strings, (struct str){0});
	*out = STEAL(&w);
	return 0;
}

void index_writer_free(struct index_writer *w)
{
	if (!w)
		return;
	fs_file_done(&w->file);
	json_stream_done(&w->json);
	buf_done(&w->cold);
	buf_done(&w->fn);
	buf_done(&w->features);
	intern_done(&w->names);
	intern_done(&w->strings);
	intern_done(&w->texts);
	VEC_DONE(&w->records);
	VEC_DONE(&w->deps);
	VEC_DONE(&w->constrains);
	VEC_DONE(&w->removed);
	free(w->path);
	free(w);
}

static int flush_cold(struct index_writer *w, struct err **e)
{
	int r = fs_write_fd(w->file.fd, w->cold.data, w->cold.n, e);

	w->written += w->cold.n;
	buf_clear(&w->cold);
	return r;
}

static struct str stem_of(struct str fn)
{
	static const char *const ends[] = {".conda", ".tar.bz2"};

	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(fn, ends[i]))
			return str_to(fn, fn.n - strlen(ends[i]));
	return fn;
}

static void record_begins(struct index_writer *w, struct str fn)
{
	memset(&w->now, 0, sizeof(w->now));
	memset(&w->now_cold, 0, sizeof(w->now_cold));
	w->has_name = w->has_version = false;
	w->constrains.n = 0;
	buf_clear(&w->fn);
	w->fn.failed = false;
	buf_add_str(&w->fn, fn);
	if (w->bucket)
		buf_add_text(&w->fn, w->bucket);
	fn = buf_str(&w->fn);
	w->now.conda = str_ends(fn, ".conda");
	w->now.stem = intern_hash(stem_of(fn));
	w->now.fn = intern_hash(fn);
	w->now.hot.deps = (uint32_t)w->deps.n;
}

static int record_ends(struct index_writer *w, struct err **e)
{
	static const char zeros[8];
	size_t depends = w->deps.n - w->now.hot.deps, constrains = w->constrains.n;

	/* A record that cannot be kept must not cost the channel. */
	if (!w->has_name || !w->has_version || w->fn.failed || !w->fn.n || depends > LIST_MAX ||
	    constrains > LIST_MAX) {
		w->deps.n = w->now.hot.deps;
		return 0;
	}
	for (size_t i = 0; i < constrains; i++)
		VEC_PUSH(&w->deps, w->constrains.v[i]);
	w->now.hot.depends = (uint16_t)depends;
	w->now.hot.constrains = (uint16_t)constrains;
	uint64_t at = w->written - sizeof(blank) + w->cold.n;
	if (at / 8 > UINT32_MAX || w->deps.n > UINT32_MAX / 2 || w->records.n > UINT32_MAX / 2)
		return err_set(e, ERR_LIMIT, "repodata: too many records");
	w->now.hot.cold = (uint32_t)(at / 8);
	w->now_cold.fn_size = (uint16_t)w->fn.n;
	buf_add(&w->cold, &w->now_cold, sizeof(w->now_cold));
	buf_add_str(&w->cold, buf_str(&w->fn));
	buf_add(&w->cold, zeros, -w->cold.n & 7);
	VEC_PUSH(&w->records, w->now);
	w->last = w->now.hot;
	w->last_cold = w->now_cold;
	return w->cold.n >= COLD_PIECE ? flush_cold(w, e) : 0;
}

static enum field field_of(struct str key)
{
	static const struct {
		struct str key;
		enum field field;
	} rows[] = {
		{{"build", 5}, F_BUILD},
		{{"build_number", 12}, F_BUILD_NUMBER},
		{{"depends", 7}, F_DEPENDS},
		{{"constrains", 10}, F_CONSTRAINS},
		{{"license", 7}, F_LICENSE},
		{{"md5", 3}, F_MD5},
		{{"name", 4}, F_NAME},
		{{"noarch", 6}, F_NOARCH},
		{{"sha256", 6}, F_SHA256},
		{{"size", 4}, F_SIZE},
		{{"subdir", 6}, F_SUBDIR},
		{{"timestamp", 9}, F_TIMESTAMP},
		{{"version", 7}, F_VERSION},
		{{"track_features", 14}, F_TRACK_FEATURES},
		{{"python_site_packages_path", 25}, F_SITE_PACKAGES},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (key.n == rows[i].key.n && memcmp(key.p, rows[i].key.p, key.n) == 0)
			return rows[i].field;
	return F_NONE;
}

/* Numbers are whole and not negative wherever they mean something; others count as 0. */
static uint64_t number(struct str text)
{
	char copy[32];
	uint64_t value;

	if (str_u64(text, &value))
		return value;
	if (text.n >= sizeof(copy))
		return 0;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	double d = strtod(copy, NULL);
	return d > 0 && d < 9e15 ? (uint64_t)d : 0;
}

static void set_number(struct index_writer *w, struct str text)
{
	enum { LAST_SECOND_OF_9999 = 253402300799 };
	uint64_t value = number(text);

	if (w->field == F_BUILD_NUMBER)
		w->now.hot.build_number = value;
	else if (w->field == F_SIZE)
		w->now_cold.size = value;
	else if (w->field == F_TIMESTAMP)
		w->now.hot.timestamp = value > LAST_SECOND_OF_9999 ? value : value * 1000;
}

static void set_name(struct index_writer *w, struct str text)
{
	char lower[FN_MAX];

	if (!text.n || text.n > sizeof(lower))
		return;
	for (size_t i = 0; i < text.n; i++)
		lower[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + 32 : text.p[i];
	w->now.hot.name = intern_guess(&w->names, (struct str){lower, text.n}, w->last.name);
	w->has_name = true;
}

static void set_features(struct index_writer *w)
{
	w->now.hot.track_features = intern_id(&w->strings, str_trim(buf_str(&w->features)));
}

/* Words of a string are set apart by blanks or commas; a list has a word an element. */
static void add_features(struct index_writer *w, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		bool gap = text.p[i] == ' ' || text.p[i] == ',' || text.p[i] == '\t';
		if (!gap)
			buf_add_char(&w->features, text.p[i]);
		else if (w->features.n && w->features.data[w->features.n - 1] != ' ')
			buf_add_char(&w->features, ' ');
	}
	if (w->features.n && w->features.data[w->features.n - 1] != ' ')
		buf_add_char(&w->features, ' ');
}

static uint32_t string_id(struct index_writer *w, struct str text, uint32_t guess)
{
	return intern_guess(&w->strings, text, guess);
}

static void set_string(struct index_writer *w, struct str text)
{
	struct index_cold *cold = &w->now_cold;

	switch (w->field) {
	case F_NAME:
		set_name(w, text);
		break;
	case F_VERSION:
		w->now.hot.version = string_id(w, text, w->last.version);
		w->has_version = text.n > 0;
		break;
	case F_BUILD:
		w->now.hot.build = string_id(w, text, w->last.build);
		break;
	case F_SUBDIR:
		cold->subdir = string_id(w, text, w->last_cold.subdir);
		break;
	case F_LICENSE:
		cold->license = string_id(w, text, w->last_cold.license);
		break;
	case F_SITE_PACKAGES:
		cold->site_packages = intern_id(&w->strings, text);
		break;
	case F_MD5:
		cold->flags |= hex_read(text, cold->md5, MD5_SIZE) ? INDEX_HAS_MD5 : 0;
		break;
	case F_SHA256:
		cold->flags |= hex_read(text, cold->sha256, DIGEST_SIZE) ? INDEX_HAS_SHA256 : 0;
		break;
	case F_NOARCH:
		cold->noarch = str_is(text, "python")	 ? NOARCH_PYTHON
			       : str_is(text, "generic") ? NOARCH_GENERIC
							 : NOARCH_NONE;
		break;
	case F_TRACK_FEATURES:
		buf_clear(&w->features);
		add_features(w, text);
		set_features(w);
		break;
	default:
		break;
	}
}

/* A record mostly depends on what the one before it does, in the same order. */
static uint32_t dependency_id(struct index_writer *w, struct str text)
{
	size_t like = w->last.deps + (w->deps.n - w->now.hot.deps);

	return intern_guess(&w->texts, text, like < w->deps.n ? w->deps.v[like] : UINT32_MAX);
}

static void add_element(struct index_writer *w, struct str text)
{
	if (w->field == F_DEPENDS)
		VEC_PUSH(&w->deps, dependency_id(w, text));
	else if (w->field == F_CONSTRAINS)
		VEC_PUSH(&w->constrains, intern_id(&w->texts, text));
	else
		add_features(w, text);
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
		record_begins(w, key);
	} else if (w->section != IN_INFO && w->depth == record_depth(w)) {
		w->field = field_of(key);
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
	if (!enters(w, what))
		w->skip = w->depth;
	/* A doubled key: the last one counts. */
	else if (w->depth == record_depth(w) + 1 && w->field == F_DEPENDS)
		w->deps.n = w->now.hot.deps;
	else if (w->depth == record_depth(w) + 1 && w->field == F_CONSTRAINS)
		w->constrains.n = 0;
	else if (w->field == F_TRACK_FEATURES)
		buf_clear(&w->features);
	return 0;
}

static int on_end(struct index_writer *w, struct err **e)
{
	unsigned depth = w->depth--;

	if (w->section != IN_PACKAGES && w->section != IN_V3)
		return 0;
	if (depth == record_depth(w))
		return record_ends(w, e);
	if (depth == record_depth(w) + 1 && w->field == F_TRACK_FEATURES)
		set_features(w);
	return 0;
}

static void on_scalar(struct index_writer *w, enum json_event what, struct str text)
{
	bool string = what == JSON_STRING;

	if (w->section == IN_REMOVED) {
		if (string && w->depth == 2)
			VEC_PUSH(&w->removed, intern_hash(text));
	} else if (w->section == IN_INFO) {
		if (string && w->depth == 2 && w->field == F_LICENSE)
			w->base_url = intern_id(&w->strings, text);
	} else if (w->section == IN_NONE) {
		return;
	} else if (w->depth == record_depth(w) + 1) {
		if (string)
			add_element(w, text);
	} else if (w->depth == record_depth(w)) {
		if (string)
			set_string(w, text);
		else if (what == JSON_NUMBER)
			set_number(w, text);
		else if (what == JSON_TRUE && w->field == F_NOARCH)
			w->now_cold.noarch = NOARCH_GENERIC;
	}
}

static int on_event(void *cookie, enum json_event what, struct str text, struct err **e)
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

int index_writer_feed(struct index_writer *w, const void *p, size_t n, struct err **e)
{
	return json_stream_feed(&w->json, p, n, e);
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool has_hash(const uint64_t *v, size_t n, uint64_t hash)
{
	return n && bsearch(&hash, v, n, sizeof(*v), by_hash);
}

/* Leaves out what `removed` names and every .tar.bz2 that has a .conda of the same stem. */
static void drop_hidden(struct index_writer *w)
{
	uint64_t *stems = mem_alloc((w->records.n + 1) * sizeof(*stems));
	size_t conda = 0, kept = 0;

	if (w->removed.n)
		if (w->removed.n)
			qsort(w->removed.v, w->removed.n, sizeof(*w->removed.v), by_hash);
	for (size_t i = 0; i < w->records.n; i++) {
		const struct pending *p = &w->records.v[i];
		if (p->conda && !has_hash(w->removed.v, w->removed.n, p->fn))
			stems[conda++] = p->stem;
	}
	qsort(stems, conda, sizeof(*stems), by_hash);
	for (size_t i = 0; i < w->records.n; i++) {
		const struct pending *p = &w->records.v[i];
		if (has_hash(w->removed.v, w->removed.n, p->fn) ||
		    (!p->conda && has_hash(stems, conda, p->stem)))
			continue;
		w->records.v[kept++] = *p;
	}
	w->records.n = kept;
	free(stems);
}

static int by_name(const void *a, const void *b, void *names)
{
	return str_cmp(intern_text(names, *(const uint32_t *)a),
		       intern_text(names, *(const uint32_t *)b));
}

/* Names in order; from then on a record's name is its place there. Answers how many. */
static uint32_t sort_names(struct index_writer *w, struct index_name **out)
{
	uint32_t n = w->names.n, total = 0, used = 0;
	uint32_t *ids = mem_alloc((n + 1) * sizeof(*ids)), *count = mem_zero(n + 1, sizeof(*count));
	struct index_name *rows = mem_zero(n + 1, sizeof(*rows));

	for (size_t i = 0; i < w->records.n; i++)
		count[w->records.v[i].hot.name]++;
	for (uint32_t i = 0; i < n; i++)
		if (count[i])
			ids[used++] = i;
	qsort_r(ids, used, sizeof(*ids), by_name, &w->names);
	for (uint32_t i = 0; i < used; i++) {
		rows[i].string = intern_id(&w->strings, intern_text(&w->names, ids[i]));
		rows[i].first = total;
		rows[i].count = count[ids[i]];
		total += count[ids[i]];
		count[ids[i]] = i;
	}
	for (size_t i = 0; i < w->records.n; i++)
		w->records.v[i].hot.name = count[w->records.v[i].hot.name];
	free(ids);
	free(count);
	*out = rows;
	return used;
}

/* Appends a section at the next multiple of 8. */
static int put(struct index_writer *w, struct index_section *s, const void *p, size_t count,
	       size_t size, struct err **e)
{
	static const char zeros[8];
	size_t pad = -w->written & 7;
	int r = fs_write_fd(w->file.fd, zeros, pad, e);

	if (r < 0 || (r = fs_write_fd(w->file.fd, p, count * size, e)) < 0)
		return r;
	s->at = w->written + pad;
	s->count = count;
	w->written = s->at + count * size;
	return 0;
}

static int put_records(struct index_writer *w, struct index_section *s,
		       const struct index_name *names, uint32_t name_count, struct err **e)
{
	AUTO(free) struct index_hot *sorted = mem_alloc((w->records.n + 1) * sizeof(*sorted));
	AUTO(free) uint32_t *next = mem_alloc((name_count + 1) * sizeof(*next));

	for (uint32_t i = 0; i < name_count; i++)
		next[i] = names[i].first;
	for (size_t i = 0; i < w->records.n; i++)
		sorted[next[w->records.v[i].hot.name]++] = w->records.v[i].hot;
	return put(w, s, sorted, w->records.n, sizeof(*sorted), e);
}

static int put_texts(struct index_writer *w, struct index_section *ends,
		     struct index_section *bytes, const struct intern *t, struct err **e)
{
	int r = put(w, ends, t->ends, t->n, sizeof(*t->ends), e);

	return r < 0 ? r : put(w, bytes, t->bytes, t->bytes_n, 1, e);
}

static int put_all(struct index_writer *w, struct index_header *h, struct err **e)
{
	AUTO(free) struct index_name *names = NULL;
	int r;

	if (w->names.bytes_n + w->strings.bytes_n >= UINT32_MAX ||
	    w->texts.bytes_n >= UINT32_MAX - JSON_STREAM_TOKEN)
		return err_set(e, ERR_LIMIT, "repodata: more text than an index holds");
	uint32_t n = sort_names(w, &names);
	h->cold = (struct index_section){sizeof(*h), w->written - sizeof(*h)};
	if ((r = put_records(w, &h->records, names, n, e)) < 0 ||
	    (r = put(w, &h->names, names, n, sizeof(*names), e)) < 0 ||
	    (r = put(w, &h->deps, w->deps.v, w->deps.n, sizeof(*w->deps.v), e)) < 0 ||
	    (r = put_texts(w, &h->text_ends, &h->text_bytes, &w->texts, e)) < 0)
		return r;
	return put_texts(w, &h->string_ends, &h->string_bytes, &w->strings, e);
}

int index_writer_finish(struct index_writer *w, struct err **e)
{
	struct index_header h = {.magic = INDEX_MAGIC, .format = INDEX_FORMAT};
	int r = json_stream_end(&w->json, e);

	if (r < 0 || (r = flush_cold(w, e)) < 0)
		return r;
	drop_hidden(w);
	if ((r = put_all(w, &h, e)) < 0)
		return r;
	h.base_url = w->base_url;
	h.file_size = w->written;
	if (pwrite(w->file.fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return err_sys(e, "%s", w->path);
	return fs_file_commit(&w->file, e);
}
