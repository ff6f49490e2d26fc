/* builder/cli/env_rows.c - collects the environments that have a name. */
#include "builder/cli/env_rows.h"
#include "specs/base/vec.h"

void env_rows_done(struct env_rows *rows)
{
	arena_done(&rows->arena);
	free(rows->v);
	*rows = (struct env_rows){.arena = ARENA};
}

static bool is_wanted(const struct env_wanted *wanted, const struct env_row *row)
{
	const struct str texts[] = {row->name, row->description, row->framework, row->base,
				    row->tags};
	if (wanted->args->gpu && !row->gpu)
		return false;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (str_holds(texts[i], wanted->text))
			return true;
	return false;
}

static int read_curated(const struct env_wanted *wanted, struct env_rows *out, struct err **e)
{
	struct catalog_entry entry = {0};
	int r = 0;
	while (r == 0 && catalog_next(&entry)) {
		struct catalog_about about;
		r = catalog_read_about(&entry, &out->arena, &about, e);
		if (r < 0)
			return r;
		struct env_row row = {
			.name = entry.name,
			.version = entry.version,
			.kind = "curated",
			.state = about.deprecated ? "deprecated" : "current",
			.gpu = about.gpu,
			.python = about.python,
			.base = about.base,
			.framework = about.framework,
			.description = about.summary,
			.successor = about.successor,
			.key = about.key,
		};
		if (is_wanted(wanted, &row))
			VEC_PUSH(out, row);
	}
	return r;
}

static struct str tag_words(const struct environment *v, struct arena *a)
{
	AUTO(buf_done) struct buf words = BUF(BUF_UNLIMITED);
	for (size_t i = 0; i < v->about.tag_count; i++)
		buf_printf(&words, "%s%.*s=%.*s", i ? " " : "", STR_ARG(v->about.tags[i].name),
			   STR_ARG(v->about.tags[i].value));
	return arena_str(a, buf_str(&words));
}

static struct env_row registered_row(const struct environment *v, struct arena *a)
{
	return (struct env_row){
		.name = arena_str(a, v->name),
		.version = arena_printf(a, "%llu", (unsigned long long)v->version),
		.kind = "registered",
		.state = v->about.archived ? "archived" : "current",
		.gpu = v->gpu,
		.python = arena_str(a, v->python),
		.base = arena_str(a, v->base),
		.tags = tag_words(v, a),
		.description = arena_str(a, v->about.description),
		.key = arena_str(a, str_of(digest_text(&v->key).hex)),
	};
}

static int read_registered(const struct env_wanted *wanted, struct env_rows *out, struct err **e)
{
	AUTO(config_done) struct config c = CONFIG;
	AUTO(environments_close) struct environments *place = NULL;
	AUTO(environment_list_done) struct environment_list list = {0};
	const struct env_args *args = wanted->args;
	int r = config_open(args->common.config, &c, e);
	if (r == 0)
		r = named_open_place(&c, &args->common, &place, e);
	if (r == 0)
		r = environments_list(place, args->all, &list, e);
	if (r == 0)
		out->fault = env_warn_of_faults(args, &list);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		struct env_row row = registered_row(&list.v[i], &out->arena);
		if (is_wanted(wanted, &row))
			VEC_PUSH(out, row);
	}
	return r;
}

int env_rows_read(const struct env_wanted *wanted, struct env_rows *out, struct err **e)
{
	const struct env_args *args = wanted->args;
	bool both = args->curated == args->registered;
	int r = args->curated || both ? read_curated(wanted, out, e) : 0;
	return r == 0 && (args->registered || both) ? read_registered(wanted, out, e) : r;
}

void env_put_text(struct json_out *j, const char *key, struct str text)
{
	if (text.n)
		json_put_str(j, key, text);
	else
		json_put_text(j, key, NULL);
}

void env_rows_put(const struct env_rows *rows, struct json_out *j)
{
	json_open(j, "environments", '[');
	for (size_t i = 0; i < rows->n; i++) {
		const struct env_row *row = &rows->v[i];
		json_open(j, NULL, '{');
		json_put_str(j, "name", row->name);
		json_put_str(j, "version", row->version);
		json_put_text(j, "kind", row->kind);
		json_put_bool(j, "gpu", row->gpu);
		env_put_text(j, "python", row->python);
		env_put_text(j, "base", row->base);
		json_put_text(j, "state", row->state);
		env_put_text(j, "key", row->key);
		env_put_text(j, "description", row->description);
		json_close(j, '}');
	}
	json_close(j, ']');
}
