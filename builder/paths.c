/* builder/paths.c - what an archive says of itself below info/: its paths and where they go. */
#include "builder/paths.h"
#include "cache/json_stream.h"
#include "specs/base/json.h"
#include "specs/base/vec.h"

enum { TEXT_MAX = 256 << 20, JSON_MAX = 1 << 30 };

void package_info_done(struct package_info *i)
{
	arena_done(&i->arena);
	free(i->paths);
	*i = (struct package_info){0};
}

bool paths_is_clean(struct str path)
{
	struct str part;
	bool more = true;
	if (path.n == 0 || path.n > UNPACK_PATH_MAX || memchr(path.p, 0, path.n))
		return false;
	while (more) {
		more = str_cut(&path, '/', &part);
		if (part.n == 0 || str_is(part, ".") || str_is(part, ".."))
			return false;
	}
	return true;
}

/* --- info/paths.json --------------------------------------------------------------------- */

typedef VEC(struct package_path) path_rows;

struct reader {
	struct json_stream json;
	struct package_info *info;
	path_rows rows;
	unsigned depth;
	bool in_paths; /* the top key is "paths" */
	bool version;  /* it is "paths_version" */
	const struct field *field;
	struct package_path row;
	struct str placeholder; /* the last one: mostly all are the same */
	uint64_t bytes;
};

static int bad(struct err **e, const char *what, struct str value)
{
	return err_set(e, ERR_CORRUPT, "%s is \"%.*s\"", what, STR_ARG(value));
}

static int set_path(struct reader *r, struct str s, struct err **e)
{
	if (!paths_is_clean(s))
		return bad(e, "_path", s);
	r->row.path = arena_str(&r->info->arena, s);
	return 0;
}

static int set_type(struct reader *r, struct str s, struct err **e)
{
	static const char *const types[] = {
		[PATH_HARDLINK] = "hardlink",
		[PATH_SOFTLINK] = "softlink",
		[PATH_DIRECTORY] = "directory",
	};
	for (uint8_t i = PATH_HARDLINK; i < COUNT(types); i++)
		if (str_is(s, types[i])) {
			r->row.type = i;
			return 0;
		}
	return bad(e, "path_type", s);
}

static int set_mode(struct reader *r, struct str s, struct err **e)
{
	bool binary = str_is(s, "binary");
	if (!binary && !str_is(s, "text"))
		return bad(e, "file_mode", s);
	r->row.mode = binary ? PATH_MODE_BINARY : PATH_MODE_TEXT;
	return 0;
}

static int set_placeholder(struct reader *r, struct str s, struct err **e)
{
	(void)e;
	if (!str_eq(s, r->placeholder))
		r->placeholder = arena_str(&r->info->arena, s);
	r->row.placeholder = r->placeholder;
	return 0;
}

static int set_sha256(struct reader *r, struct str s, struct err **e)
{
	r->row.has_sha256 = digest_parse(s, &r->row.sha256);
	return r->row.has_sha256 ? 0 : bad(e, "sha256", s);
}

static int set_size(struct reader *r, struct str s, struct err **e)
{
	r->row.has_size = str_u64(s, &r->row.size) && r->row.size <= UNPACK_BYTES_MAX;
	return r->row.has_size ? 0 : bad(e, "size_in_bytes", s);
}

static int set_no_link(struct reader *r, struct str s, struct err **e)
{
	(void)s, (void)e;
	r->row.no_link = true;
	return 0;
}

static const struct field {
	const char *key;
	enum json_event kind; /* of a value that counts; others are passed over */
	int (*set)(struct reader *r, struct str s, struct err **e);
} fields[] = {
	{"_path", JSON_STRING, set_path},     {"path_type", JSON_STRING, set_type},
	{"file_mode", JSON_STRING, set_mode}, {"prefix_placeholder", JSON_STRING, set_placeholder},
	{"sha256", JSON_STRING, set_sha256},  {"size_in_bytes", JSON_NUMBER, set_size},
	{"no_link", JSON_TRUE, set_no_link},
};

static int add_row(struct reader *r, struct err **e)
{
	struct package_path *row = &r->row;
	if (row->path.n == 0)
		return err_set(e, ERR_CORRUPT, "an entry has no _path");
	if (r->rows.n == UNPACK_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "lists more paths than kiln accepts");
	if (row->placeholder.n == 0)
		row->mode = PATH_MODE_NONE;
	else if (row->mode == PATH_MODE_NONE)
		row->mode = PATH_MODE_TEXT;
	VEC_PUSH(&r->rows, *row);
	return 0;
}

static int take_key(struct reader *r, struct str key)
{
	r->field = NULL;
	if (r->depth == 1) {
		r->in_paths = str_is(key, "paths");
		r->version = str_is(key, "paths_version");
	}
	for (size_t i = 0; r->depth == 3 && r->in_paths && i < COUNT(fields); i++)
		if (str_is(key, fields[i].key))
			r->field = &fields[i];
	return 0;
}

static int take_value(struct reader *r, enum json_event what, struct str text, struct err **e)
{
	if (r->depth == 1 && r->version && !(what == JSON_NUMBER && str_is(text, "1")))
		return bad(e, "paths_version", text);
	const struct field *field = r->depth == 3 ? r->field : NULL;
	r->field = NULL;
	return field && field->kind == what ? field->set(r, text, e) : 0;
}

/* { "paths": [ {"_path": ...}, ... ], "paths_version": 1 } */
static int on_event(void *cookie, enum json_event what, struct str text, struct err **e)
{
	struct reader *r = cookie;
	switch (what) {
	case JSON_KEY:
		return take_key(r, text);
	case JSON_OBJECT:
	case JSON_ARRAY:
		r->depth++;
		if (r->depth == 3)
			r->row = (struct package_path){.type = PATH_HARDLINK};
		return 0;
	case JSON_OBJECT_END:
	case JSON_ARRAY_END:
		r->field = NULL;
		r->depth--;
		return r->depth == 2 && r->in_paths ? add_row(r, e) : 0;
	default:
		return take_value(r, what, text, e);
	}
}

static void reader_init(struct reader *r, struct package_info *info)
{
	*r = (struct reader){.info = info};
	json_stream_init(&r->json, on_event, r);
}

static void reader_done(struct reader *r)
{
	json_stream_done(&r->json);
	VEC_DONE(&r->rows);
}
AUTO_DEFINE_VALUE(struct reader, reader_done)

static int reader_feed(struct reader *r, const void *p, size_t n, struct err **e)
{
	r->bytes += n;
	if (r->bytes > JSON_MAX)
		return err_set(e, ERR_LIMIT, "is larger than kiln accepts");
	return json_stream_feed(&r->json, p, n, e);
}

static int reader_end(struct reader *r, struct err **e)
{
	int code = json_stream_end(&r->json, e);
	if (code < 0)
		return code;
	free(r->info->paths);
	r->info->count = r->rows.n;
	r->info->paths = STEAL(&r->rows.v);
	r->rows.n = r->rows.room = 0;
	return 0;
}

int paths_read_json(struct str text, struct package_info *out, struct err **e)
{
	AUTO(reader_done) struct reader r;
	reader_init(&r, out);
	int code = reader_feed(&r, text.p, text.n, e);
	return code < 0 ? code : reader_end(&r, e);
}

/* --- info/index.json and info/link.json --------------------------------------------------- */

static struct str text_of(struct package_info *i, const cJSON *doc, const char *key)
{
	const char *text = json_text(doc, key);
	return text ? arena_str(&i->arena, str_of(text)) : (struct str){NULL, 0};
}

static struct strs texts_of(struct package_info *i, const cJSON *doc, const char *key)
{
	const cJSON *list = json_array(doc, key), *item;
	struct str *v = arena_zero(&i->arena, (size_t)cJSON_GetArraySize(list), sizeof(*v));
	size_t n = 0;
	cJSON_ArrayForEach(item, list) if (cJSON_IsString(item)) v[n++] =
		arena_str(&i->arena, str_of(item->valuestring));
	return (struct strs){v, n};
}

int paths_read_index(struct str text, struct package_info *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int code = json_parse(text, "info/index.json", &doc, e);
	if (code < 0)
		return code;
	out->index = arena_str(&out->arena, text);
	out->name = text_of(out, doc, "name");
	out->version = text_of(out, doc, "version");
	out->build = text_of(out, doc, "build");
	out->python_site_packages_path = text_of(out, doc, "python_site_packages_path");
	if (!out->name.n || !out->version.n || !out->build.n)
		return err_set(e, ERR_CORRUPT, "info/index.json lacks a name, version or build");
	out->depends = texts_of(out, doc, "depends");
	out->constrains = texts_of(out, doc, "constrains");
	json_u64(doc, "build_number", &out->build_number);
	const char *noarch = json_text(doc, "noarch");
	if (noarch && strcmp(noarch, "python") == 0)
		out->noarch = NOARCH_PYTHON;
	else if (noarch || cJSON_IsTrue(json_get(doc, "noarch")))
		out->noarch = NOARCH_GENERIC;
	/* Milliseconds; seconds in packages of before 2017. */
	uint64_t when = 0;
	json_u64(doc, "timestamp", &when);
	out->timestamp = when > UINT64_C(253402300799) ? when / 1000 : when;
	return 0;
}

int paths_read_link(struct str text, struct package_info *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int code = json_parse(text, "info/link.json", &doc, e);
	if (code < 0)
		return code;
	const cJSON *list = json_array(json_object(doc, "noarch"), "entry_points"), *item;
	size_t n = (size_t)cJSON_GetArraySize(list);
	out->entry_points = arena_zero(&out->arena, n, sizeof(*out->entry_points));
	out->entry_point_count = 0;
	cJSON_ArrayForEach(item, list)
	{
		const char *value = cJSON_GetStringValue(item);
		struct str copy = arena_str(&out->arena, str_of(value ? value : ""));
		struct entry_point *at = &out->entry_points[out->entry_point_count++];
		if ((code = entry_point_parse(copy, at, e)) < 0)
			return code;
	}
	return 0;
}

/* --- before paths.json --------------------------------------------------------------------- */

static struct str next_line(struct str *rest)
{
	struct str line;
	str_cut(rest, '\n', &line);
	return str_trim(line);
}

/* The next word of a has_prefix line, or what stands between quotes, escapes resolved. */
static struct str next_word(struct arena *a, struct str *rest)
{
	struct str s = str_trim(*rest);
	size_t n = 0, at = 1;
	if (s.n == 0 || (s.p[0] != '"' && s.p[0] != '\'')) {
		while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
			n++;
		*rest = str_from(s, n);
		return str_to(s, n);
	}
	char *word = arena_alloc(a, s.n);
	for (; at < s.n && s.p[at] != s.p[0]; at++) {
		at += s.p[at] == '\\' && at + 1 < s.n;
		word[n++] = s.p[at];
	}
	*rest = str_from(s, at < s.n ? at + 1 : at);
	return (struct str){word, n};
}

/* What conda wrote before packages named their own. */
#define OLD_PLACEHOLDER "/opt/anaconda1anaconda2anaconda3"

/* "path", or "placeholder mode path". */
static struct package_path parse_prefix_line(struct arena *a, struct str line)
{
	struct str rest = line, placeholder = next_word(a, &rest), mode = next_word(a, &rest);
	struct str path = str_trim(rest);
	if (path.n && (path.p[0] == '"' || path.p[0] == '\''))
		path = next_word(a, &rest);
	bool text = str_is(mode, "text"), binary = str_is(mode, "binary");
	if (path.n && (text || binary))
		return (struct package_path){.path = path,
					     .placeholder = placeholder,
					     .mode = text ? PATH_MODE_TEXT : PATH_MODE_BINARY};
	rest = line;
	if (line.p[0] == '"' || line.p[0] == '\'')
		line = next_word(a, &rest);
	return (struct package_path){
		.path = line, .placeholder = STR(OLD_PLACEHOLDER), .mode = PATH_MODE_TEXT};
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct package_path *)a)->path,
		       ((const struct package_path *)b)->path);
}

/* Rows of `files` that has_prefix names too. */
static void apply_prefixes(path_rows *prefixes, struct package_info *out)
{
	if (prefixes->n == 0)
		return;
	qsort(prefixes->v, prefixes->n, sizeof(*prefixes->v), by_path);
	for (size_t i = 0; i < out->count; i++) {
		struct package_path *to = &out->paths[i];
		struct package_path *from =
			bsearch(to, prefixes->v, prefixes->n, sizeof(*prefixes->v), by_path);
		if (!from)
			continue;
		to->placeholder = from->placeholder;
		to->mode = from->mode;
	}
}

int paths_read_files(struct str files, struct str has_prefix, struct package_info *out,
		     struct err **e)
{
	path_rows rows = {0}, prefixes = {0};
	int code = 0;
	while (files.n && code == 0) {
		struct str line = next_line(&files);
		if (line.n == 0)
			continue;
		if (!paths_is_clean(line))
			code = bad(e, "info/files: a path", line);
		struct package_path row = {.path = arena_str(&out->arena, line)};
		VEC_PUSH(&rows, row);
	}
	/* The rows point into it. */
	has_prefix = arena_str(&out->arena, has_prefix);
	while (has_prefix.n && code == 0) {
		struct str line = next_line(&has_prefix);
		if (line.n)
			VEC_PUSH(&prefixes, parse_prefix_line(&out->arena, line));
	}
	free(out->paths);
	out->paths = rows.v;
	out->count = rows.n;
	apply_prefixes(&prefixes, out);
	VEC_DONE(&prefixes);
	return code;
}

static void apply_no_link(struct str list, struct package_info *out)
{
	path_rows names = {0};
	while (list.n) {
		struct package_path name = {.path = next_line(&list)};
		VEC_PUSH(&names, name);
	}
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_path);
	for (size_t i = 0; names.n && i < out->count; i++)
		if (bsearch(&out->paths[i], names.v, names.n, sizeof(*names.v), by_path))
			out->paths[i].no_link = true;
	VEC_DONE(&names);
}

/* --- the archive's info/ ------------------------------------------------------------------- */

enum { INDEX, LINK, FILES, HAS_PREFIX, NO_LINK, NO_SOFTLINK, TEXTS };

static const char *const text_names[TEXTS] = {
	[INDEX] = "info/index.json", [LINK] = "info/link.json",
	[FILES] = "info/files",	     [HAS_PREFIX] = "info/has_prefix",
	[NO_LINK] = "info/no_link",  [NO_SOFTLINK] = "info/no_softlink",
};

struct gather {
	struct buf texts[TEXTS];
	bool seen[TEXTS];
	bool paths, about;
	struct reader reader;
	struct package_info info;
};

static void gather_done(struct gather *g)
{
	for (size_t i = 0; i < TEXTS; i++)
		buf_done(&g->texts[i]);
	reader_done(&g->reader);
	package_info_done(&g->info);
}
AUTO_DEFINE_VALUE(struct gather, gather_done)

static int feed_paths(struct gather *g, struct unpack *u, struct err **e)
{
	const void *p;
	size_t n;
	int code;
	g->paths = true;
	while ((code = unpack_data(u, &p, &n, e)) == 0 && n)
		if ((code = reader_feed(&g->reader, p, n, e)) < 0)
			break;
	return code < 0 ? code : reader_end(&g->reader, e);
}

static int take_entry(struct gather *g, struct unpack *u, const struct entry *entry, struct err **e)
{
	if (entry->kind != ENTRY_FILE)
		return 0;
	if (strcmp(entry->path, "info/about.json") == 0) {
		g->about = true;
		g->info.mtime = entry->mtime;
	}
	if (strcmp(entry->path, text_names[INDEX]) == 0 && !g->about)
		g->info.mtime = entry->mtime;
	if (strcmp(entry->path, "info/paths.json") == 0 && !g->paths)
		return feed_paths(g, u, e);
	for (size_t i = 0; i < TEXTS; i++) {
		if (strcmp(entry->path, text_names[i]) != 0 || g->seen[i])
			continue;
		g->seen[i] = true;
		int code = unpack_read(u, &g->texts[i], e);
		if (code == 0 && i == INDEX)
			code = paths_read_index(buf_str(&g->texts[i]), &g->info, e);
		return code;
	}
	return 0;
}

/* Nothing more of what is looked for can come: a .tar.bz2 need not be read to its end. */
static bool is_complete(const struct gather *g)
{
	return g->paths && g->about && g->seen[INDEX] &&
	       (g->seen[LINK] || g->info.noarch != NOARCH_PYTHON);
}

static int settle(struct gather *g, struct err **e)
{
	struct package_info *info = &g->info;
	int code = 0;
	if (!g->seen[INDEX])
		return err_set(e, ERR_CORRUPT, "has no info/index.json");
	if (!g->paths && !g->seen[FILES])
		return err_set(e, ERR_CORRUPT, "has neither info/paths.json nor info/files");
	if (!g->paths) {
		code = paths_read_files(buf_str(&g->texts[FILES]), buf_str(&g->texts[HAS_PREFIX]),
					info, e);
		apply_no_link(buf_str(&g->texts[NO_LINK]), info);
		apply_no_link(buf_str(&g->texts[NO_SOFTLINK]), info);
	}
	if (code == 0 && g->seen[LINK] && info->noarch == NOARCH_PYTHON)
		code = paths_read_link(buf_str(&g->texts[LINK]), info, e);
	return code;
}

int package_info_read(const char *archive, struct package_info *out, struct err **e)
{
	AUTO(gather_done) struct gather g = {0};
	AUTO(unpack_close) struct unpack *u = NULL;
	const struct entry *entry;
	for (size_t i = 0; i < TEXTS; i++)
		g.texts[i] = (struct buf)BUF(TEXT_MAX);
	reader_init(&g.reader, &g.info);
	int code = unpack_open(archive, UNPACK_INFO, &u, e);
	if (code < 0)
		return code;
	while (!is_complete(&g) && (code = unpack_next(u, &entry, e)) > 0)
		if ((code = take_entry(&g, u, entry, e)) < 0)
			return err_wrap(e, code, "%s: %s", unpack_name(u), entry->path);
	if (code < 0 || (code = unpack_end(u, e)) < 0)
		return code;
	if ((code = settle(&g, e)) < 0)
		return err_wrap(e, code, "%s", unpack_name(u));
	*out = g.info;
	g.info = (struct package_info){0};
	return 0;
}
