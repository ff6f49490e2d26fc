/* builder/image.c - manifest and config of an image, as text that never varies. */
#include "builder/image.h"
#include "builder/media_type.h"
#include "specs/base/vec.h"
#include "specs/moment.h"

/* What a shell and runc take when an image has no PATH. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void image_done(struct image *i)
{
	arena_done(&i->arena);
	*i = (struct image){0};
}

struct making {
	const struct base_image *base; /* or NULL */
	const struct layer *layers;
	size_t count;
	const struct image_options *o;
	struct arena *arena;
	struct str created;
	bool docker; /* family */
	VEC(struct str) env;
	VEC(struct str) marks; /* name and value in turn: labels and annotations of ours */
};

static const cJSON *base_layers(const struct making *m)
{
	return m->base ? json_array(m->base->manifest_json, "layers") : NULL;
}

static const cJSON *base_config(const struct making *m)
{
	return m->base ? m->base->config_json : NULL;
}

static int created_text(struct making *m, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(64);
	if (!moment_write_seconds(m->o->created, &text))
		return err_set(e, ERR_LIMIT, "the time of creation is past the year 9999");
	m->created = arena_str(m->arena, buf_str(&text));
	return 0;
}

/* ---- environment ---- */

static struct str env_name(struct str variable)
{
	return str_to(variable, str_find(variable, '='));
}

/* Replaces the variable of that name where it stands, or adds it. */
static void env_set(struct making *m, struct str variable)
{
	for (size_t i = 0; i < m->env.n; i++)
		if (str_eq(env_name(m->env.v[i]), env_name(variable))) {
			m->env.v[i] = variable;
			return;
		}
	VEC_PUSH(&m->env, variable);
}

static struct str env_get(const struct making *m, const char *name)
{
	for (size_t i = 0; i < m->env.n; i++)
		if (str_is(env_name(m->env.v[i]), name))
			return str_from(m->env.v[i], strlen(name) + 1);
	return (struct str){0};
}

/* PREFIX/bin stands first: an image has to work without activation. */
static void env_path(struct making *m)
{
	const char *prefix = m->o->prefix;
	struct str path = env_get(m, "PATH");
	struct str bin = prefix ? arena_printf(m->arena, "%s/bin", prefix) : m->o->bin;
	struct str first = str_to(path, str_find(path, ':'));
	if (path.n == 0)
		path = STR(DEFAULT_PATH);
	if (!str_eq(first, bin))
		env_set(m, arena_printf(m->arena, "PATH=%.*s:%.*s", STR_ARG(bin), STR_ARG(path)));
}

/* What programs that AzureML starts, and those that conda does, look for. LD_LIBRARY_PATH is not
 * among it: packages find their libraries by their own rpath, and it would put ours before those of
 * the base's programs as well. */
static void env_known(struct making *m)
{
	static const char *const names[] = {"AZUREML_CONDA_ENVIRONMENT_PATH", "CONDA_PREFIX",
					    "CONDA_DEFAULT_ENV"};
	for (size_t i = 0; i < COUNT(names); i++)
		env_set(m, arena_printf(m->arena, "%s=%s", names[i], m->o->prefix));
	env_set(m, STR("AZUREML_ENVIRONMENT_IMAGE=True"));
}

static int check_pair(struct str pair, struct err **e)
{
	size_t name = str_find(pair, '=');
	if (name > 0 && name < pair.n)
		return 0;
	return err_set(e, ERR_USAGE, "\"%.*s\" is not NAME=value", STR_ARG(pair));
}

static int env_make(struct making *m, struct err **e)
{
	const cJSON *one = NULL;
	const cJSON *config = json_object(base_config(m), "config");
	cJSON_ArrayForEach(one, json_array(config, "Env")) env_set(m, str_of(one->valuestring));
	if (m->o->prefix)
		env_known(m);
	for (size_t i = 0; i < m->o->env.n; i++) {
		if (check_pair(m->o->env.v[i], e) < 0)
			return ERR_USAGE;
		env_set(m, m->o->env.v[i]);
	}
	if (m->o->prefix || m->o->bin.n)
		env_path(m);
	return 0;
}

/* ---- labels and annotations ---- */

static void mark(struct making *m, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	VEC_PUSH(&m->marks, str_of(name));
	VEC_PUSH(&m->marks, value);
}

static void marks_make(struct making *m)
{
	if (m->base) {
		mark(m, "org.opencontainers.image.base.digest",
		     arena_str(m->arena, str_of(digest_name(&m->base->named).text)));
		mark(m, "org.opencontainers.image.base.name", m->base->reference);
	}
	mark(m, "org.opencontainers.image.created", m->created);
	mark(m, IMAGE_KEY, str_of(m->o->key));
	mark(m, IMAGE_LOCK_DIGEST, str_of(m->o->lock_digest));
}

static void put_marks(const struct making *m, struct json_out *j)
{
	for (size_t i = 0; i < m->marks.n; i += 2)
		json_put_str(j, m->marks.v[i].p, m->marks.v[i + 1]);
}

/* Ours, or one that the user gave. */
static bool is_mark(const struct making *m, const char *name)
{
	for (size_t i = 0; i < m->o->labels.n; i++)
		if (str_is(env_name(m->o->labels.v[i]), name))
			return true;
	for (size_t i = 0; i < m->marks.n; i += 2)
		if (str_is(m->marks.v[i], name))
			return true;
	return false;
}

/* ---- config ---- */

static void put_env(const struct making *m, struct json_out *j)
{
	json_put_strs(j, "Env", (struct strs){m->env.v, m->env.n});
}

static void put_labels(const struct making *m, const cJSON *base, struct json_out *j)
{
	const cJSON *one = NULL;
	json_open(j, "Labels", '{');
	cJSON_ArrayForEach(one, base) if (!is_mark(m, one->string))
		json_put_value(j, one->string, one);
	for (size_t i = 0; i < m->o->labels.n; i++) {
		struct str name = env_name(m->o->labels.v[i]);
		struct str key = arena_str(m->arena, name);
		json_put_str(j, key.p, str_from(m->o->labels.v[i], name.n + 1));
	}
	put_marks(m, j);
	json_close(j, '}');
}

static bool is_set(const struct making *m, const char *key)
{
	return strcmp(key, "Env") == 0 || strcmp(key, "Labels") == 0 ||
	       (strcmp(key, "User") == 0 && m->o->user.n) ||
	       (strcmp(key, "WorkingDir") == 0 && m->o->workdir.n);
}

/* The base's settings but for those that are given; all others as they are. */
static void put_settings(const struct making *m, struct json_out *j)
{
	const cJSON *base = json_object(base_config(m), "config");
	const cJSON *one = NULL;
	json_open(j, "config", '{');
	cJSON_ArrayForEach(one, base)
	{
		if (!is_set(m, one->string))
			json_put_value(j, one->string, one);
	}
	if (m->o->user.n)
		json_put_str(j, "User", m->o->user);
	if (m->o->workdir.n)
		json_put_str(j, "WorkingDir", m->o->workdir);
	put_env(m, j);
	put_labels(m, json_object(base, "Labels"), j);
	json_close(j, '}');
}

static void put_diff_ids(const struct making *m, struct json_out *j)
{
	const cJSON *one = NULL;
	const cJSON *rootfs = json_object(base_config(m), "rootfs");
	json_open(j, "rootfs", '{');
	json_put_text(j, "type", "layers");
	json_open(j, "diff_ids", '[');
	cJSON_ArrayForEach(one, json_array(rootfs, "diff_ids")) json_put_value(j, NULL, one);
	for (size_t i = 0; i < m->count; i++)
		json_put_text(j, NULL, digest_name(&m->layers[i].diff_id).text);
	json_close(j, ']');
	json_close(j, '}');
}

static struct str created_by(const struct making *m, const struct layer *l)
{
	enum { NAMED = 8 };
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	buf_add_text(&text, "kiln:");
	for (size_t i = 0; i < l->packages.n && i < NAMED; i++)
		buf_printf(&text, "%s %.*s", i ? "," : "", STR_ARG(l->packages.v[i]));
	if (l->packages.n > NAMED)
		buf_printf(&text, " and %zu more", l->packages.n - NAMED);
	return arena_str(m->arena, buf_str(&text));
}

static void put_history_entry(struct json_out *j, struct str created, struct str by)
{
	json_open(j, NULL, '{');
	json_put_str(j, "created", created);
	json_put_str(j, "created_by", by);
	json_close(j, '}');
}

/* One entry a layer that is not empty: with more Docker refuses, with fewer converters fail. */
static int put_history(const struct making *m, struct json_out *j, struct err **e)
{
	const cJSON *one = NULL;
	size_t full = 0, base_layers = m->base ? m->base->layer_count : 0;
	json_open(j, "history", '[');
	cJSON_ArrayForEach(one, json_array(base_config(m), "history"))
	{
		json_put_value(j, NULL, one);
		full += !cJSON_IsTrue(json_get(one, "empty_layer"));
	}
	if (full > base_layers)
		return err_set(e, ERR_CORRUPT, "the base's history tells of %zu layers, it has %zu",
			       full, base_layers);
	for (; full < base_layers; full++)
		put_history_entry(j, m->created, STR("a layer of the base, without history"));
	for (size_t i = 0; i < m->count; i++)
		put_history_entry(j, m->created, created_by(m, &m->layers[i]));
	json_close(j, ']');
	return 0;
}

static bool is_ours(const char *key)
{
	static const char *const keys[] = {"config", "created", "history", "rootfs"};
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

static void put_platform(const struct making *m, struct json_out *j)
{
	struct str rest = str_of(m->o->platform), os, arch;
	str_cut(&rest, '/', &os);
	str_cut(&rest, '/', &arch);
	json_put_str(j, "architecture", arch);
	json_put_str(j, "os", os);
	if (rest.n > 0)
		json_put_str(j, "variant", rest);
}

static int put_config(const struct making *m, struct buf *to, struct err **e)
{
	struct json_out j = {to, false};
	const cJSON *one = NULL;
	json_open(&j, NULL, '{');
	if (!m->base)
		put_platform(m, &j);
	cJSON_ArrayForEach(one, base_config(m))
	{
		if (!is_ours(one->string))
			json_put_value(&j, one->string, one);
	}
	json_put_str(&j, "created", m->created);
	put_settings(m, &j);
	put_diff_ids(m, &j);
	int r = put_history(m, &j, e);
	if (r < 0)
		return r;
	json_close(&j, '}');
	return buf_check(to, "image config", e);
}

/* ---- manifest ---- */

/* A base's layer keeps its urls and annotations; its type gets the name of the family. */
static void put_base_layer(const struct making *m, struct json_out *j, const cJSON *layer)
{
	const cJSON *one = NULL;
	const char *type = json_text(layer, "mediaType");
	enum media_kind kind = media_type_kind(str_of(type), NULL);
	if (kind != MEDIA_LAYER_FOREIGN)
		type = media_type_name(kind, m->docker);
	json_open(j, NULL, '{');
	json_put_text(j, "mediaType", type);
	cJSON_ArrayForEach(one, layer)
	{
		if (strcmp(one->string, "mediaType") != 0)
			json_put_value(j, one->string, one);
	}
	json_close(j, '}');
}

static struct descriptor layer_descriptor(const struct making *m, const struct layer *l)
{
	enum media_kind kind =
		l->compression == COMPRESSION_ZSTD ? MEDIA_LAYER_ZSTD : MEDIA_LAYER_GZIP;
	return (struct descriptor){str_of(media_type_name(kind, m->docker)), l->digest, l->size};
}

static int put_manifest(const struct making *m, const struct image *i, struct buf *to,
			struct err **e)
{
	struct json_out j = {to, false};
	const cJSON *one = NULL;
	struct descriptor config = {str_of(media_type_name(MEDIA_CONFIG, m->docker)),
				    i->config_digest, i->config.n};
	json_open(&j, NULL, '{');
	json_put_u64(&j, "schemaVersion", 2);
	json_put_str(&j, "mediaType", i->media_type);
	descriptor_put(&j, "config", &config);
	json_open(&j, "layers", '[');
	cJSON_ArrayForEach(one, base_layers(m)) put_base_layer(m, &j, one);
	for (size_t l = 0; l < m->count; l++) {
		struct descriptor d = layer_descriptor(m, &m->layers[l]);
		descriptor_put(&j, NULL, &d);
	}
	json_close(&j, ']');
	if (!m->docker) { /* Docker's manifests have none: there the labels have to do */
		json_open(&j, "annotations", '{');
		put_marks(m, &j);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	return buf_check(to, "manifest", e);
}

/* Docker's types only on a Docker base, and only while none of its layers or ours is zstd. */
static bool is_docker(const struct making *m)
{
	if (!m->base || !m->base->docker || m->o->oci)
		return false;
	for (size_t i = 0; i < m->count; i++)
		if (m->layers[i].compression == COMPRESSION_ZSTD)
			return false;
	for (size_t i = 0; i < m->base->layer_count; i++)
		if (media_type_kind(m->base->layers[i].media_type, NULL) == MEDIA_LAYER_ZSTD)
			return false;
	return true;
}

static int check(const struct making *m, struct err **e)
{
	size_t base = m->base ? m->base->layer_count : 0;
	if (base + m->count > IMAGE_LAYERS_MAX)
		return err_set(e, ERR_LIMIT, "%zu layers, %zu of them the base's: engines take %d",
			       base + m->count, base, IMAGE_LAYERS_MAX);
	if (!m->base)
		return 0;
	const char *os = json_text(m->base->config_json, "os");
	const char *arch = json_text(m->base->config_json, "architecture");
	struct str rest = str_of(m->o->platform), want_os, want_arch;
	str_cut(&rest, '/', &want_os);
	str_cut(&rest, '/', &want_arch);
	if (!str_is(want_os, os) || !str_is(want_arch, arch))
		return err_set(e, ERR_USAGE, "the base is for %s/%s, not for %s", os, arch,
			       m->o->platform);
	return 0;
}

static void take(struct image *i, struct buf *from, struct str *to, struct digest *digest)
{
	*to = arena_str(&i->arena, buf_str(from));
	digest_of(to->p, to->n, digest);
}

static int make(struct making *m, struct image *i, struct err **e)
{
	AUTO(buf_done) struct buf config = BUF(IMAGE_CONFIG_SIZE_MAX);
	AUTO(buf_done) struct buf manifest = BUF(MANIFEST_SIZE_MAX);
	int r = check(m, e);
	for (size_t l = 0; l < m->o->labels.n && r == 0; l++)
		r = check_pair(m->o->labels.v[l], e);
	if (r < 0 || (r = created_text(m, e)) < 0 || (r = env_make(m, e)) < 0)
		return r;
	marks_make(m);
	m->docker = is_docker(m);
	i->media_type = str_of(media_type_name(MEDIA_MANIFEST, m->docker));
	if ((r = put_config(m, &config, e)) < 0)
		return r;
	take(i, &config, &i->config, &i->config_digest);
	if ((r = put_manifest(m, i, &manifest, e)) < 0)
		return r;
	take(i, &manifest, &i->manifest, &i->manifest_digest);
	i->size = i->config.n + i->manifest.n;
	for (size_t l = 0; l < m->count; l++)
		i->size += m->layers[l].size;
	for (size_t l = 0; m->base && l < m->base->layer_count; l++)
		i->size += m->base->layers[l].size;
	return 0;
}

int image_make(const struct base_image *base, const struct layer *layers, size_t count,
	       const struct image_options *o, struct image *out, struct err **e)
{
	AUTO(image_done) struct image i = {0};
	struct making m = {
		.base = base, .layers = layers, .count = count, .o = o, .arena = &i.arena};
	int r = make(&m, &i, e);
	VEC_DONE(&m.env);
	VEC_DONE(&m.marks);
	if (r < 0)
		return r;
	*out = i;
	i = (struct image){0};
	return 0;
}
