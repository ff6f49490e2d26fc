/* builder/cli/env_list.c - kiln env list: environments by name, as a table or a document. */
#include "builder/cli/env.h"
#include "builder/cli/table.h"
#include "specs/base/json.h"

static const char *const titles[] = {"NAME", "VERSION", "DEVICE", "PYTHON", "STATE", "DESCRIPTION"};

struct listing {
	const struct env_args *args;
	struct str wanted; /* a text that it holds; empty: all */
	struct json_out *json;
	struct table *table;
	size_t n;
};

static bool is_wanted(const struct listing *l, const struct catalog_entry *entry,
		      const struct catalog_about *about)
{
	const struct str texts[] = {entry->name, about->summary, about->framework, about->base};
	if (l->args->gpu && !about->gpu)
		return false;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (str_holds(texts[i], l->wanted))
			return true;
	return false;
}

static void put_text(struct json_out *j, const char *key, struct str text)
{
	if (text.n)
		json_put_str(j, key, text);
	else
		json_put_text(j, key, NULL);
}

static int put_json(struct json_out *j, const struct catalog_entry *entry,
		    const struct catalog_about *about, struct err **e)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	struct digest key;
	int r = catalog_read(entry, NULL, &d, e);
	if (r < 0)
		return r;
	catalog_key(&d, &key);
	json_open(j, NULL, '{');
	json_put_str(j, "name", entry->name);
	json_put_str(j, "version", entry->version);
	json_put_text(j, "kind", "curated");
	json_put_bool(j, "gpu", about->gpu);
	put_text(j, "python", about->python);
	put_text(j, "base", about->base);
	json_put_text(j, "state", about->deprecated ? "deprecated" : "current");
	json_put_text(j, "key", digest_text(&key).hex);
	put_text(j, "description", about->summary);
	json_close(j, '}');
	return 0;
}

static void put_row(struct table *t, const struct catalog_entry *entry,
		    const struct catalog_about *about)
{
	table_add(t, entry->name);
	table_add(t, entry->version);
	table_add(t, about->gpu ? STR("gpu") : STR("cpu"));
	table_add(t, about->python);
	table_add(t, about->deprecated ? STR("deprecated") : STR("current"));
	table_add(t, about->summary);
}

static int list_curated(struct listing *l, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct catalog_entry entry = {0};
	int r = 0;
	while (r == 0 && catalog_next(&entry)) {
		struct catalog_about about;
		r = catalog_read_about(&entry, &a, &about, e);
		if (r < 0 || !is_wanted(l, &entry, &about))
			continue;
		l->n++;
		if (l->args->common.json)
			r = put_json(l->json, &entry, &about, e);
		else
			put_row(l->table, &entry, &about);
	}
	return r;
}

int env_list(const struct env_args *args, const struct option_list *words, struct err **e)
{
	AUTO(buf_done) struct buf out = BUF(16 << 20);
	AUTO(table_done) struct table table = {.titles = titles, .columns = COUNT(titles)};
	struct json_out j = {&out, false};
	struct listing l = {args, str_of(words->n > 1 ? words->v[1] : ""), &j, &table, 0};
	if (args->registered && !args->curated)
		log_warn(args->common.log, "nothing is registered: this kiln has the environments "
					   "of its catalogue only");
	if (args->common.json) {
		json_open(&j, NULL, '{');
		json_open(&j, "environments", '[');
	}
	int r = args->registered && !args->curated ? 0 : list_curated(&l, e);
	if (r < 0)
		return r;
	if (args->common.json) {
		json_close(&j, ']');
		json_close(&j, '}');
		buf_add_char(&out, '\n');
	} else if (l.n) {
		table_print(&table, &out);
	}
	if (!l.n && !args->registered)
		log_warn(args->common.log, "no environment fits; `kiln env list` names all");
	return command_print(&out, e);
}
