/* index_fields.c - a record of repodata, field by field, until it can be kept. What only chosen
 * records need goes to the file at once; 40 bytes a record and the distinct texts stay. */
#include "cache/index_writer_private.h"

enum { COLD_PIECE = 1 << 20, LIST_MAX = UINT16_MAX, BUILD_MAX = UINT16_MAX };

int index_flush_cold(struct index_writer *w, struct err **e)
{
	int r = index_append(w, w->cold.data, w->cold.n, e);

	buf_clear(&w->cold);
	return r;
}

uint64_t index_file_hash(struct str fn, bool *out_conda)
{
	*out_conda = str_ends(fn, ".conda");
	if (*out_conda)
		return intern_hash(str_to(fn, fn.n - strlen(".conda")));
	if (str_ends(fn, ".tar.bz2"))
		return intern_hash(str_to(fn, fn.n - strlen(".tar.bz2")));
	/* Neither hides the other. */
	return ~intern_hash(fn);
}

static void restart(struct buf *b)
{
	buf_clear(b);
	b->failed = false;
}

void index_record_begins(struct index_writer *w, struct str fn)
{
	struct draft *d = &w->now;

	memset(&d->hot, 0, sizeof(d->hot));
	memset(&d->cold, 0, sizeof(d->cold));
	d->build_number = d->indexed = 0;
	d->noarch = NOARCH_NONE;
	d->subdir = d->features = d->site_packages = 0;
	d->has_name = d->has_version = false;
	w->constrains.n = 0;
	restart(&d->fn);
	restart(&d->build);
	buf_add_str(&d->fn, fn);
	if (w->bucket)
		buf_add_text(&d->fn, w->bucket);
	d->hot.deps = (uint32_t)w->deps.n;
}

/* Records of one version and build number mostly depend on the same. */
static void share_run(struct index_writer *w)
{
	struct index_hot *now = &w->now.hot;
	const struct index_hot *last = &w->last;
	size_t n = (size_t)now->depends + now->constrains;

	if (now->depends != last->depends || now->constrains != last->constrains || !n ||
	    memcmp(w->deps.v + now->deps, w->deps.v + last->deps, n * sizeof(*w->deps.v)) != 0)
		return;
	w->deps.n = now->deps;
	now->deps = last->deps;
}

/* Whether the file is called as the record says. */
static bool is_usual_name(const struct index_writer *w, const char *extension)
{
	const struct draft *d = &w->now;
	struct str parts[] = {intern_text(&w->names, d->name),
			      {"-", 1},
			      intern_text(&w->versions, d->hot.version),
			      {"-", 1},
			      buf_str(&d->build),
			      str_of(extension)};
	struct str rest = buf_str(&d->fn);

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (rest.n < parts[i].n || memcmp(rest.p, parts[i].p, parts[i].n) != 0)
			return false;
		rest = str_from(rest, parts[i].n);
	}
	return rest.n == 0;
}

static void add_tail(struct index_writer *w, unsigned flag, const void *p, size_t n)
{
	if (w->now.cold.flags & flag)
		buf_add(&w->cold, p, n);
}

static void put_cold(struct index_writer *w, bool conda)
{
	static const char zeros[8];
	struct draft *d = &w->now;
	struct index_cold *c = &d->cold;
	uint16_t fn_size = (uint16_t)d->fn.n;

	c->flags |= conda ? INDEX_IS_CONDA : 0;
	c->flags |= is_usual_name(w, conda ? ".conda" : ".tar.bz2") ? 0 : INDEX_FILE_NAME;
	c->flags |= d->subdir == w->subdir ? 0 : INDEX_SUBDIR;
	c->flags |= d->features ? INDEX_FEATURES : 0;
	c->flags |= d->site_packages ? INDEX_SITE_PACKAGES : 0;
	c->flags |= d->hot.build_number == UINT32_MAX ? INDEX_BUILD_NUMBER : 0;
	c->flags |= d->indexed ? INDEX_INDEXED : 0;
	c->flags |= (uint16_t)(d->noarch * INDEX_NOARCH);
	c->build_size = (uint16_t)d->build.n;
	buf_add(&w->cold, c, sizeof(*c));
	buf_add_str(&w->cold, buf_str(&d->build));
	add_tail(w, INDEX_FILE_NAME, &fn_size, sizeof(fn_size));
	add_tail(w, INDEX_FILE_NAME, d->fn.data, d->fn.n);
	add_tail(w, INDEX_SUBDIR, &d->subdir, sizeof(d->subdir));
	add_tail(w, INDEX_FEATURES, &d->features, sizeof(d->features));
	add_tail(w, INDEX_SITE_PACKAGES, &d->site_packages, sizeof(d->site_packages));
	add_tail(w, INDEX_BUILD_NUMBER, &d->build_number, sizeof(d->build_number));
	add_tail(w, INDEX_INDEXED, &d->indexed, sizeof(d->indexed));
	buf_add(&w->cold, zeros, -w->cold.n & 7);
}

/* A record that cannot be kept must not cost the channel. */
static bool can_be_kept(const struct index_writer *w, size_t depends)
{
	const struct draft *d = &w->now;

	return d->has_name && d->has_version && !d->fn.failed && d->fn.n && !d->build.failed &&
	       depends <= LIST_MAX && w->constrains.n <= LIST_MAX;
}

int index_record_ends(struct index_writer *w, struct err **e)
{
	struct draft *d = &w->now;
	size_t depends = w->deps.n - d->hot.deps;

	if (!can_be_kept(w, depends)) {
		w->deps.n = d->hot.deps;
		return 0;
	}
	for (size_t i = 0; i < w->constrains.n; i++)
		VEC_PUSH(&w->deps, w->constrains.v[i]);
	d->hot.depends = (uint16_t)depends;
	d->hot.constrains = (uint16_t)w->constrains.n;
	d->hot.traits = (d->features ? INDEX_TRACKS : 0) | (d->indexed ? INDEX_DATED : 0);
	d->hot.build_number = d->build_number < UINT32_MAX ? (uint32_t)d->build_number : UINT32_MAX;
	share_run(w);
	uint64_t at = w->written - sizeof(struct index_header) + w->cold.n;
	if (at / 8 > UINT32_MAX || w->deps.n > UINT32_MAX / 2 || w->records.n > UINT32_MAX / 2 ||
	    w->names.n > INT32_MAX)
		return err_set(e, ERR_LIMIT, "repodata: too many records");
	d->hot.cold = (uint32_t)(at / 8);
	struct pending kept = {.hot = d->hot, .name = d->name};
	bool conda;
	kept.stem = index_file_hash(buf_str(&d->fn), &conda);
	kept.conda = conda;
	w->conda |= conda;
	w->other |= !conda;
	put_cold(w, conda);
	VEC_PUSH(&w->records, kept);
	w->last = d->hot;
	w->last_name = d->name;
	w->last_license = d->cold.license;
	return w->cold.n >= COLD_PIECE ? index_flush_cold(w, e) : 0;
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

/* Of seconds or milliseconds. */
static uint64_t milliseconds(uint64_t value)
{
	static const uint64_t last_second_of_9999 = 253402300799, most = ((uint64_t)1 << 48) - 1;

	value = value > last_second_of_9999 ? value : value * 1000;
	return value < most ? value : most;
}

static void set_timestamp(struct index_hot *hot, uint64_t value)
{
	hot->timestamp_low = (uint32_t)value;
	hot->timestamp_high = (uint16_t)(value >> 32);
}

void index_set_number(struct index_writer *w, struct str text)
{
	if (w->field == F_BUILD_NUMBER)
		w->now.build_number = number(text);
	else if (w->field == F_SIZE)
		w->now.cold.size = number(text);
	else if (w->field == F_TIMESTAMP)
		set_timestamp(&w->now.hot, milliseconds(number(text)));
	else if (w->field == F_INDEXED)
		w->now.indexed = milliseconds(number(text));
}

static void set_name(struct index_writer *w, struct str text)
{
	char lower[INDEX_FN_MAX];

	if (!text.n || text.n > sizeof(lower))
		return;
	for (size_t i = 0; i < text.n; i++)
		lower[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + 32 : text.p[i];
	w->now.name = intern_guess(&w->names, (struct str){lower, text.n}, w->last_name);
	w->now.has_name = true;
}

/* Words of a string are set apart by blanks or commas; a list has a word an element. */
static void add_features(struct index_writer *w, struct str text)
{
	struct buf *b = &w->now.feature_words;

	for (size_t i = 0; i < text.n; i++) {
		bool gap = text.p[i] == ' ' || text.p[i] == ',' || text.p[i] == '\t';
		if (!gap)
			buf_add_char(b, text.p[i]);
		else if (b->n && b->data[b->n - 1] != ' ')
			buf_add_char(b, ' ');
	}
	if (b->n && b->data[b->n - 1] != ' ')
		buf_add_char(b, ' ');
}

static void set_noarch(struct index_writer *w, struct str text)
{
	w->now.noarch = str_is(text, "python")	  ? NOARCH_PYTHON
			: str_is(text, "generic") ? NOARCH_GENERIC
						  : NOARCH_NONE;
}

void index_set_string(struct index_writer *w, struct str text)
{
	struct draft *d = &w->now;
	struct index_cold *cold = &d->cold;

	switch (w->field) {
	case F_NAME:
		set_name(w, text);
		break;
	case F_VERSION:
		d->hot.version = intern_guess(&w->versions, text, w->last.version);
		d->has_version = text.n > 0;
		break;
	case F_BUILD:
		restart(&d->build);
		buf_add_str(&d->build, text);
		break;
	case F_SUBDIR:
		d->subdir = intern_guess(&w->strings, text, w->subdir);
		if (!w->subdir)
			w->subdir = d->subdir;
		break;
	case F_LICENSE:
		cold->license = intern_guess(&w->strings, text, w->last_license);
		break;
	case F_SITE_PACKAGES:
		d->site_packages = intern_id(&w->strings, text);
		break;
	case F_MD5:
		cold->flags |= hex_read(text, cold->md5, MD5_SIZE) ? INDEX_HAS_MD5 : 0;
		break;
	case F_SHA256:
		cold->flags |= hex_read(text, cold->sha256, DIGEST_SIZE) ? INDEX_HAS_SHA256 : 0;
		break;
	case F_NOARCH:
		set_noarch(w, text);
		break;
	case F_TRACK_FEATURES:
		index_list_begins(w);
		add_features(w, text);
		index_list_ends(w);
		break;
	default:
		break;
	}
}

/* A doubled key: the last one counts. */
void index_list_begins(struct index_writer *w)
{
	w->like = w->last.deps;
	w->like_end = w->like + w->last.depends;
	if (w->field == F_DEPENDS) {
		w->deps.n = w->now.hot.deps;
	} else if (w->field == F_CONSTRAINS) {
		w->constrains.n = 0;
		w->like = w->like_end;
		w->like_end += w->last.constrains;
	} else if (w->field == F_TRACK_FEATURES) {
		restart(&w->now.feature_words);
	}
}

void index_list_ends(struct index_writer *w)
{
	if (w->field == F_TRACK_FEATURES)
		w->now.features = intern_id(&w->strings, str_trim(buf_str(&w->now.feature_words)));
}

/* A record mostly depends on what the one before it does, in the same order, with some left out. */
static uint32_t text_id(struct index_writer *w, struct str text)
{
	enum { AHEAD = 4 };

	for (uint32_t at = w->like; at < w->like_end && at < w->like + AHEAD; at++) {
		if (!str_eq(intern_text(&w->texts, w->deps.v[at]), text))
			continue;
		w->like = at + 1;
		return w->deps.v[at];
	}
	w->like++;
	return intern_id(&w->texts, text);
}

void index_add_element(struct index_writer *w, struct str text)
{
	uint32_t id;

	if (w->field == F_DEPENDS) {
		id = text_id(w, text);
		VEC_PUSH(&w->deps, id);
	} else if (w->field == F_CONSTRAINS) {
		id = text_id(w, text);
		VEC_PUSH(&w->constrains, id);
	} else {
		add_features(w, text);
	}
}
