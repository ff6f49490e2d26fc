/* builder/dockerfile.c - a Dockerfile, with words for who reads it. */
#include "builder/dockerfile.h"
#include "builder/kiln_version.h"
#include "specs/base/url.h"

#define LOCKS "/tmp/kiln/"

bool dockerfile_style_parse(struct str name, enum dockerfile_style *out)
{
	static const char *const names[] = {
		[DOCKERFILE_LAYERS] = "layers",
		[DOCKERFILE_CONDA] = "conda",
	};
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(name, names[i])) {
			*out = (enum dockerfile_style)i;
			return true;
		}
	return false;
}

struct str dockerfile_layer_path(struct arena *a, const struct layer *l, size_t i)
{
	return arena_printf(a, "layers/%02zu-%.*s.tar.gz", i + 1, STR_ARG(l->packages.v[0]));
}

/* ---- what was asked for ---- */

static const struct record *find_record(const struct lock *l, struct str name,
					enum record_manager manager)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->records[i].manager == manager && str_eq(l->records[i].name, name))
			return &l->records[i];
	return NULL;
}

static void put_record(const struct record *r, struct buf *out)
{
	buf_printf(out, "%.*s %.*s", STR_ARG(r->name), STR_ARG(r->version_text));
	if (r->build.n)
		buf_printf(out, " %.*s", STR_ARG(r->build));
}

static void put_asked(struct buf *out, struct str place, struct str text, const struct record *r)
{
	buf_printf(out, "#   %-24.*s %-28.*s", STR_ARG(place), STR_ARG(text));
	if (r) {
		buf_add_text(out, " gives ");
		put_record(r, out);
	}
	while (out->n && out->data[out->n - 1] == ' ')
		out->data[--out->n] = 0;
	buf_add_char(out, '\n');
}

static void put_conda_asked(const struct dockerfile *d, struct arena *a, struct buf *out)
{
	for (size_t i = 0; i < d->definition->spec_count; i++) {
		const struct definition_spec *s = &d->definition->specs[i];
		struct str place = s->line ? arena_printf(a, "%s:%u", d->source, s->line)
					   : STR("the command line");
		put_asked(out, place, url_without_secrets(a, s->text),
			  find_record(d->lock, s->spec.name, MANAGER_CONDA));
	}
}

static struct str last_part(struct str path)
{
	for (size_t at; (at = str_find(path, '/')) < path.n;)
		path = str_from(path, at + 1);
	return path;
}

static void put_pip_asked(const struct dockerfile *d, struct arena *a, struct buf *out)
{
	for (size_t i = 0; i < d->definition->pip.lines.n; i++) {
		const struct requirement_line *l = &d->definition->pip.lines.v[i];
		AUTO(buf_done) struct buf text = BUF(64 << 10);
		requirement_line_show(l, a, &text);
		struct str file = last_part(l->file);
		struct str place = arena_printf(a, "%.*s:%u, pip", STR_ARG(file), l->line);
		put_asked(out, place, str_trim(buf_str(&text)),
			  find_record(d->lock, l->requirement.normal, MANAGER_PIP));
	}
}

static void put_head(const struct dockerfile *d, struct arena *a, struct buf *out)
{
	buf_printf(out,
		   DOCKERFILE_MARK " %s from %s. `docker build .` in this folder gives the "
				   "image.\n",
		   KILN_VERSION, d->source);
	buf_add_text(out, "#\n# What was asked for, and what it became:\n");
	put_conda_asked(d, a, out);
	put_pip_asked(d, a, out);
	buf_printf(out,
		   "# All else is there because one of these needs it. lock.yml has all %zu "
		   "packages,\n# with addresses and digests.\n\n",
		   d->lock->count);
}

/* ---- FROM ---- */

static int put_from(const struct dockerfile *d, struct buf *out, struct err **e)
{
	struct reference exact;
	if (!d->base) {
		buf_add_text(out, "FROM scratch\n\n");
		return 0;
	}
	if (d->base->kind != REFERENCE_REGISTRY)
		return err_set(e, ERR_USAGE,
			       "no Dockerfile can begin with a layout's folder; name the base in a "
			       "registry");
	exact = *d->base;
	exact.has_digest = true;
	exact.digest = d->base_digest;
	buf_add_text(out, "FROM ");
	reference_write(&exact, out);
	buf_add_text(out, "\n\n");
	return 0;
}

/* ---- packages ---- */

static void put_named(const struct lock *l, struct str name, struct buf *out)
{
	static const enum record_manager managers[] = {MANAGER_CONDA, MANAGER_PIP};
	bool found = false;
	for (size_t i = 0; i < COUNT(managers); i++) {
		const struct record *r = find_record(l, name, managers[i]);
		if (!r)
			continue;
		found = true;
		buf_add_text(out, "# ");
		put_record(r, out);
		if (r->manager == MANAGER_CONDA)
			buf_printf(out, ", conda, %.*s/%.*s\n", STR_ARG(r->channel),
				   STR_ARG(r->subdir));
		else
			buf_printf(out, ", pip, %.*s\n", STR_ARG(r->url));
	}
	if (!found)
		buf_add_text(out, "# what belongs to all of them: the history, the results of "
				  "link scripts\n");
}

static const char *user_of(const struct dockerfile *d)
{
	const cJSON *config = d->base_image ? d->base_image->config_json : NULL;
	const char *user = json_text(json_object(config, "config"), "User");
	return user && strcmp(user, "root") != 0 && strcmp(user, "0") != 0 ? user : "";
}

static void as_root(const struct dockerfile *d, struct buf *out)
{
	if (*user_of(d))
		buf_add_text(out, "USER root\n");
}

static void as_before(const struct dockerfile *d, struct buf *out)
{
	if (*user_of(d))
		buf_printf(out, "USER %s\n", user_of(d));
	buf_add_char(out, '\n');
}

/* ADD unpacks a whiteout as a file of that name. */
static void put_removed(const struct dockerfile *d, struct arena *a, struct buf *out)
{
	struct json_out j = {out};
	if (!d->removed.n)
		return;
	buf_add_text(out, "# link scripts have removed these of other packages\n");
	as_root(d, out);
	buf_add_text(out, "RUN ");
	json_open(&j, NULL, '[');
	json_put_text(&j, NULL, "rm");
	json_put_text(&j, NULL, "-rf");
	for (size_t i = 0; i < d->removed.n; i++) {
		struct str path = d->removed.v[i], base = last_part(path);
		json_put_str(&j, NULL, arena_printf(a, "/%.*s", STR_ARG(path)));
		json_put_str(&j, NULL,
			     arena_printf(a, "/%.*s.wh.%.*s",
					  STR_ARG(str_to(path, path.n - base.n)), STR_ARG(base)));
	}
	json_close(&j, ']');
	buf_add_char(out, '\n');
	as_before(d, out);
}

static void put_layers(const struct dockerfile *d, struct arena *a, struct buf *out)
{
	for (size_t i = 0; i < d->layer_count; i++) {
		const struct layer *l = &d->layers[i];
		for (size_t k = 0; k < l->packages.n; k++)
			put_named(d->lock, l->packages.v[k], out);
		buf_printf(out, "ADD %.*s /\n\n", STR_ARG(dockerfile_layer_path(a, l, i)));
	}
	put_removed(d, a, out);
}

static bool has_wheels(const struct lock *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->records[i].manager == MANAGER_PIP)
			return true;
	return false;
}

static void put_conda(const struct dockerfile *d, struct buf *out)
{
	bool wheels = has_wheels(d->lock);
	as_root(d, out);
	buf_printf(out,
		   "# Exact addresses with digests: conda neither solves nor looks for newer "
		   "ones.\nCOPY " DOCKERFILE_EXPLICIT "%s " LOCKS "\n",
		   wheels ? " " DOCKERFILE_REQUIREMENTS : "");
	buf_printf(out,
		   "RUN conda create --yes --quiet --prefix %s --file " LOCKS DOCKERFILE_EXPLICIT
		   " \\\n",
		   d->prefix);
	if (wheels)
		buf_printf(out,
			   " && %s/bin/python -m pip install --no-deps --no-cache-dir "
			   "--require-hashes \\\n"
			   "      --requirement " LOCKS DOCKERFILE_REQUIREMENTS " \\\n",
			   d->prefix);
	buf_add_text(out, " && conda clean --all --yes \\\n && rm -rf /tmp/kiln\n");
	as_before(d, out);
}

void dockerfile_requirements(const struct lock *l, struct buf *out)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct record *r = &l->records[i];
		if (r->manager == MANAGER_PIP)
			buf_printf(out, "%.*s @ %.*s \\\n    --hash=sha256:%s\n", STR_ARG(r->name),
				   STR_ARG(r->url), digest_text(&r->sha256).hex);
	}
}

/* ---- configuration: what differs from the base's ---- */

static int put_quoted(struct buf *out, struct str text, struct err **e)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n' || text.p[i] == '\r')
			return err_set(
				e, ERR_USAGE,
				"\"%.*s...\": no Dockerfile can hold a text of several lines",
				(int)(i < 40 ? i : 40), text.p);
		if (strchr("\\\"$", text.p[i]))
			buf_add_char(out, '\\');
		buf_add_char(out, text.p[i]);
	}
	buf_add_char(out, '"');
	return 0;
}

static bool has_text(const cJSON *list, const char *text)
{
	const cJSON *one;
	cJSON_ArrayForEach(one, list)
	{
		if (cJSON_IsString(one) && strcmp(one->valuestring, text) == 0)
			return true;
	}
	return false;
}

static int put_env(const cJSON *is, const cJSON *was, struct buf *out, struct err **e)
{
	const cJSON *one;
	int code = 0;
	cJSON_ArrayForEach(one, json_array(is, "Env"))
	{
		struct str value = str_of(one->valuestring), name;
		if (code < 0 || has_text(json_array(was, "Env"), one->valuestring))
			continue;
		str_cut(&value, '=', &name);
		buf_printf(out, "ENV %.*s=", STR_ARG(name));
		code = put_quoted(out, value, e);
		buf_add_char(out, '\n');
	}
	return code;
}

static int put_labels(const cJSON *is, const cJSON *was, struct buf *out, struct err **e)
{
	const cJSON *one;
	int code = 0;
	cJSON_ArrayForEach(one, json_object(is, "Labels"))
	{
		const char *before = json_text(json_object(was, "Labels"), one->string);
		if (code < 0 || (before && strcmp(before, one->valuestring) == 0))
			continue;
		buf_add_text(out, "LABEL ");
		code = put_quoted(out, str_of(one->string), e);
		buf_add_char(out, '=');
		if (code == 0)
			code = put_quoted(out, str_of(one->valuestring), e);
		buf_add_char(out, '\n');
	}
	return code;
}

static int put_words(const cJSON *is, const cJSON *was, struct buf *out, struct err **e)
{
	static const struct {
		const char *member, *instruction;
	} rows[] = {{"WorkingDir", "WORKDIR"},
		    {"Entrypoint", "ENTRYPOINT"},
		    {"Cmd", "CMD"},
		    {"User", "USER"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const cJSON *now = json_get(is, rows[i].member);
		if (!now || cJSON_IsNull(now) ||
		    cJSON_Compare(now, json_get(was, rows[i].member), true))
			continue;
		struct json_out j = {out};
		buf_printf(out, "%s ", rows[i].instruction);
		if (cJSON_IsString(now))
			buf_add_text(out, now->valuestring);
		else
			json_put_value(&j, NULL, now);
		if (cJSON_IsString(now) && strpbrk(now->valuestring, "\r\n"))
			return err_set(e, ERR_USAGE, "%s: no Dockerfile can hold several lines",
				       rows[i].instruction);
		buf_add_char(out, '\n');
	}
	return 0;
}

static int put_settings(const struct dockerfile *d, struct buf *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int code = json_parse(d->image->config, "image config", &doc, e);
	if (code < 0)
		return code;
	const cJSON *is = json_object(doc, "config");
	const cJSON *was = d->base_image ? json_object(d->base_image->config_json, "config") : NULL;
	buf_add_text(out,
		     "# The image works without `conda activate`: this is what that would set.\n");
	if ((code = put_env(is, was, out, e)) < 0 || (code = put_labels(is, was, out, e)) < 0)
		return code;
	return put_words(is, was, out, e);
}

int dockerfile_write(const struct dockerfile *d, struct buf *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	put_head(d, &a, out);
	int code = put_from(d, out, e);
	if (code < 0)
		return code;
	if (d->style == DOCKERFILE_LAYERS)
		put_layers(d, &a, out);
	else
		put_conda(d, out);
	code = put_settings(d, out, e);
	if (d->definition->after.n)
		buf_printf(out, "\n# steps behind the packages\n%.*s\n",
			   STR_ARG(str_trim_end(d->definition->after, '\n')));
	return code < 0 ? code : buf_check(out, "Dockerfile", e);
}
