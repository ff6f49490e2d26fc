/* builder/condameta.c - what an installed environment says of itself below conda-meta/. */
#include "builder/condameta.h"
#include <time.h>

/* --- one package --------------------------------------------------------------------- */

int condameta_path(struct arena *a, const struct record *r, struct str *out, struct err **e)
{
	struct str stem = record_stem(a, r);
	bool bad = r->name.n == 0;
	for (size_t i = 0; i < stem.n; i++)
		bad |= stem.p[i] == '/' || (unsigned char)stem.p[i] < 0x20;
	if (bad)
		return err_set(e, ERR_CORRUPT,
			       "\"%.*s\" cannot be a package's name, version and build",
			       STR_ARG(stem));
	*out = arena_printf(a, "conda-meta/%.*s.json", STR_ARG(stem));
	return 0;
}

static void put_digest(struct json_out *j, const char *key, const struct digest *d)
{
	json_put_text(j, key, digest_text(d).hex);
}

/* What names the package and its place, from the record alone. */
static void put_place(struct json_out *j, const struct record *r)
{
	json_put_str(j, "name", r->name);
	json_put_str(j, "version", r->version_text);
	json_put_str(j, "build", r->build);
	json_put_str(j, "subdir", r->subdir);
	json_put_str(j, "fn", r->fn);
	json_put_str(j, "url", r->url);
	/* With a closing slash: rattler reads the last part as a folder only then. */
	AUTO(buf_done) struct buf channel = BUF(64 << 10);
	buf_add_str(&channel, r->channel);
	if (r->channel.n && !str_ends(r->channel, "/"))
		buf_add_char(&channel, '/');
	json_put_str(j, "channel", buf_str(&channel));
	if (r->has_md5) {
		char hex[MD5_HEX + 1];
		hex_write(r->md5, MD5_SIZE, hex);
		json_put_text(j, "md5", hex);
	}
	json_put_strs(j, "depends", r->depends);
}

/* Keys of info/index.json that belong into the record; `depends` is the record's, which a
 * channel may have repaired since the archive was made. */
static const char *const index_keys[] = {
	"arch",
	"build_number",
	"constrains",
	"features",
	"license",
	"license_family",
	"noarch",
	"platform",
	"preferred_env",
	"purls",
	"python_site_packages_path",
	"timestamp",
	"track_features",
};

static void put_index(struct json_out *j, const cJSON *index)
{
	for (size_t i = 0; i < COUNT(index_keys); i++) {
		const cJSON *value = json_get(index, index_keys[i]);
		if (value && !cJSON_IsNull(value))
			json_put_value(j, index_keys[i], value);
	}
	if (!json_get(index, "build_number"))
		json_put_u64(j, "build_number", 0);
}

static void put_optional(struct json_out *j, const char *key, struct str value)
{
	if (value.n)
		json_put_str(j, key, value);
}

static void put_rest_of_record(struct json_out *j, const struct record *r)
{
	static const char *const noarch[] = {
		[NOARCH_NONE] = "",
		[NOARCH_GENERIC] = "generic",
		[NOARCH_PYTHON] = "python",
	};
	json_put_u64(j, "build_number", r->build_number);
	if (r->constrains.n)
		json_put_strs(j, "constrains", r->constrains);
	put_optional(j, "license", r->license);
	put_optional(j, "noarch", str_of(noarch[r->noarch]));
	put_optional(j, "python_site_packages_path", r->python_site_packages_path);
	if (r->timestamp)
		json_put_u64(j, "timestamp", r->timestamp);
	put_optional(j, "track_features", r->track_features);
}

static void put_path(struct json_out *j, const struct condameta_path *p)
{
	static const char *const types[] = {
		[CONDAMETA_HARDLINK] = "hardlink",
		[CONDAMETA_SOFTLINK] = "softlink",
		[CONDAMETA_DIRECTORY] = "directory",
		[CONDAMETA_ENTRY_POINT] = "unix_python_entry_point",
		[CONDAMETA_PYC] = "pyc_file",
	};
	json_open(j, NULL, '{');
	json_put_str(j, "_path", p->path);
	json_put_text(j, "path_type", types[p->type]);
	if (p->has_sha256)
		put_digest(j, "sha256", &p->sha256);
	if (p->has_in_prefix && !(p->has_sha256 && digest_eq(&p->sha256, &p->in_prefix)))
		put_digest(j, "sha256_in_prefix", &p->in_prefix);
	if (p->has_size)
		json_put_u64(j, "size_in_bytes", p->size);
	if (p->mode != CONDAMETA_MODE_NONE)
		json_put_text(j, "file_mode", p->mode == CONDAMETA_MODE_TEXT ? "text" : "binary");
	put_optional(j, "prefix_placeholder", p->placeholder);
	if (p->no_link)
		json_put_bool(j, "no_link", true);
	put_optional(j, "original_path", p->original_path);
	json_close(j, '}');
}

static int by_path(const void *a, const void *b)
{
	const struct condameta_path *const *one = a, *const *two = b;
	return str_cmp((*one)->path, (*two)->path);
}

static void put_paths(struct json_out *j, const struct condameta *m)
{
	AUTO(free) const struct condameta_path **sorted = mem_zero(m->count, sizeof(*sorted));
	for (size_t i = 0; i < m->count; i++)
		sorted[i] = &m->paths[i];
	if (m->count)
		qsort(sorted, m->count, sizeof(*sorted), by_path);
	json_open(j, "files", '[');
	for (size_t i = 0; i < m->count; i++)
		if (sorted[i]->type != CONDAMETA_DIRECTORY)
			json_put_str(j, NULL, sorted[i]->path);
	json_close(j, ']');
	json_open(j, "paths_data", '{');
	json_put_u64(j, "paths_version", 1);
	json_open(j, "paths", '[');
	for (size_t i = 0; i < m->count; i++)
		put_path(j, sorted[i]);
	json_close(j, ']');
	json_close(j, '}');
}

void condameta_record(const struct condameta *m, struct buf *out)
{
	struct json_out j = {.to = out};
	json_open(&j, NULL, '{');
	put_place(&j, m->record);
	if (m->index)
		put_index(&j, m->index);
	else
		put_rest_of_record(&j, m->record);
	put_digest(&j, "sha256", &m->sha256);
	json_put_u64(&j, "size", m->size);
	/* Paths of the machine that linked: conda wants the keys, and only shows them. Type 3 is
	 * a copy. */
	json_put_text(&j, "extracted_package_dir", "");
	json_put_text(&j, "package_tarball_full_path", "");
	json_open(&j, "link", '{');
	json_put_text(&j, "source", "");
	json_put_u64(&j, "type", 3);
	json_close(&j, '}');
	json_put_strs(&j, "requested_specs", m->requested_specs);
	put_paths(&j, m);
	json_close(&j, '}');
	buf_add_char(out, '\n');
}

void condameta_identity(const struct record *r, struct buf *out)
{
	struct json_out j = {.to = out};
	json_open(&j, NULL, '{');
	put_place(&j, r);
	json_close(&j, '}');
}

/* --- the environment ----------------------------------------------------------------- */

/* "CHANNEL/SUBDIR::NAME-VERSION-BUILD", as conda's own lines. */
static void put_linked(struct buf *out, const struct record *r)
{
	buf_printf(out, "+%.*s/%.*s::%.*s-%.*s-%.*s\n", STR_ARG(r->channel), STR_ARG(r->subdir),
		   STR_ARG(r->name), STR_ARG(r->version_text), STR_ARG(r->build));
}

/* A Python list of texts, which conda reads with ast.literal_eval. */
static void put_specs(struct buf *out, struct strs specs)
{
	buf_add_text(out, "# update specs: [");
	for (size_t i = 0; i < specs.n; i++) {
		buf_add_text(out, i ? ", '" : "'");
		for (size_t k = 0; k < specs.v[i].n; k++) {
			char c = specs.v[i].p[k];
			if (c == '\'' || c == '\\')
				buf_add_char(out, '\\');
			buf_add_char(out, c == '\n' ? ' ' : c);
		}
		buf_add_char(out, '\'');
	}
	buf_add_text(out, "]\n");
}

void condameta_history(const struct record *records, size_t count, struct strs specs, int64_t when,
		       struct buf *out)
{
	time_t at = (time_t)when;
	struct tm tm;
	char date[32] = "1970-01-01 00:00:00";
	if (gmtime_r(&at, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	buf_printf(out, "==> %s <==\n# cmd: kiln\n", date);
	for (size_t i = 0; i < count; i++)
		if (records[i].manager == MANAGER_CONDA)
			put_linked(out, &records[i]);
	if (specs.n)
		put_specs(out, specs);
}

void condameta_state(const struct definition_variable *variables, size_t count, struct buf *out)
{
	if (count == 0)
		return;
	struct json_out j = {.to = out};
	json_open(&j, NULL, '{');
	json_put_u64(&j, "version", 1);
	json_open(&j, "env_vars", '{');
	for (size_t i = 0; i < count; i++) {
		AUTO(buf_done) struct buf name = BUF(BUF_UNLIMITED);
		buf_add_str(&name, variables[i].name);
		json_put_str(&j, name.data, variables[i].value);
	}
	json_close(&j, '}');
	json_close(&j, '}');
	buf_add_char(out, '\n');
}
