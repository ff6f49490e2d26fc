/* builder/cli/cmd_config.c - kiln config: the settings in force, and who said so. */
#include "builder/cli/common.h"
#include "cache/layout.h"
#include "specs/base/json.h"
#include "specs/base/yaml.h"

/* A setting as a map: of a text or a list the one member has no name. */
struct setting {
	const struct config_row *row;
	struct config_map value;
	struct str from;
};

struct settings {
	struct arena arena;
	struct config config;
	struct setting v[CONFIG_KEYS];
};

static void settings_done(struct settings *s)
{
	config_done(&s->config);
	arena_done(&s->arena);
}
AUTO_DEFINE_VALUE(struct settings, settings_done)

/* ---- what is in force ---- */

static struct config_map of_list(struct arena *a, struct strs list)
{
	struct config_named *one = arena_zero(a, 1, sizeof(*one));
	one->to = arena_strs(a, list);
	return (struct config_map){one, list.n > 0};
}

static struct config_map of_text(struct arena *a, struct str text)
{
	return of_list(a, (struct strs){&text, text.n > 0});
}

/* Every place, so that nobody has to add a default to what the file holds of a map. */
static struct config_map timeouts(struct arena *a, const struct config *c)
{
	static const struct {
		struct str name;
		unsigned usual_ms;
	} rows[] = {{STR("connect"), HTTP_CONNECT_MS}, {STR("idle"), HTTP_IDLE_MS}};
	struct config_named *v = arena_zero(a, COUNT(rows), sizeof(*v));
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned set = config_timeout_ms(c, rows[i].name.p);
		unsigned ms = set ? set : rows[i].usual_ms;
		v[i] = of_text(a, arena_printf(a, "%u", ms / 1000)).v[0];
		v[i].name = rows[i].name;
	}
	return (struct config_map){v, COUNT(rows)};
}

static struct config_map read_value(struct arena *a, const struct config *c,
				    const struct config_row *row)
{
	const void *at = (const char *)c + row->at;
	if (row->kind == CONFIG_TEXT)
		return of_text(a, *(const struct str *)at);
	if (row->kind == CONFIG_LIST)
		return of_list(a, *(const struct strs *)at);
	return *(const struct config_map *)at;
}

/* Of the settings that are something when nobody has said anything. */
static bool usual(struct arena *a, const char *key, struct config_map *out)
{
	const struct {
		const char *key;
		struct strs value;
	} rows[] = {
		{"channel_alias", {&channel_names_usual.alias, 1}},
		{"default_channels", channel_names_usual.defaults},
		{"compression", {&STR("gzip"), 1}},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].key, key) == 0)
			*out = of_list(a, rows[i].value);
	return out->n > 0;
}

static int set_cache(struct settings *s, const struct common_args *args, struct setting *to,
		     struct err **e)
{
	const char *named = session_cache(args, &s->config);
	AUTO(free) char *path = NULL;
	int r = named ? 0 : layout_default(&path, e);
	to->value = of_text(&s->arena, str_of(named ? named : path));
	if (args->cache)
		to->from = STR("--cache");
	else if (!named && getenv("KILN_CACHE") && *getenv("KILN_CACHE"))
		to->from = STR("$KILN_CACHE");
	else if (!named)
		to->from = STR("default");
	return r;
}

static int settle(struct settings *s, const struct common_args *args, struct err **e)
{
	struct arena *a = &s->arena;
	int r = config_open(args->config, &s->config, e);
	for (size_t i = 0; i < CONFIG_KEYS && r == 0; i++) {
		struct setting *to = &s->v[i];
		unsigned line = s->config.lines[i];
		to->row = &config_rows[i];
		to->value = read_value(a, &s->config, to->row);
		if (line)
			to->from = arena_printf(a, "%.*s:%u", STR_ARG(s->config.file), line);
		else if (usual(a, to->row->key, &to->value))
			to->from = STR("default");
		if (strcmp(to->row->key, "cache") == 0)
			r = set_cache(s, args, to, e);
		if (strcmp(to->row->key, "timeouts") == 0)
			to->value = timeouts(a, &s->config);
	}
	return r;
}

/* ---- shown: a kiln.yml with remarks, or JSON ---- */

static bool has_lists(const struct setting *s)
{
	return s->row->kind == CONFIG_LIST || s->row->kind == CONFIG_LISTS;
}

static void put_texts(struct buf *out, const struct setting *s, size_t at)
{
	struct strs texts = s->value.v[at].to;
	buf_add_text(out, has_lists(s) ? "[" : "");
	for (size_t i = 0; i < texts.n; i++) {
		buf_add_text(out, i ? ", " : "");
		if (s->row->kind == CONFIG_NUMBERS)
			buf_add_str(out, texts.v[i]);
		else
			yaml_put_text(out, texts.v[i]);
	}
	buf_add_text(out, has_lists(s) ? "]" : "");
}

static void put_setting(struct buf *out, const struct setting *s)
{
	bool map = s->row->kind >= CONFIG_MAP;
	if (s->value.n == 0) {
		buf_printf(out, "# %s: not set\n", s->row->key);
		return;
	}
	buf_printf(out, "%s:", s->row->key);
	if (!map) {
		buf_add_char(out, ' ');
		put_texts(out, s, 0);
	}
	buf_printf(out, "  # %.*s\n", STR_ARG(s->from.n ? s->from : STR("default")));
	for (size_t i = 0; map && i < s->value.n; i++) {
		buf_add_text(out, "  ");
		yaml_put_text(out, s->value.v[i].name);
		buf_add_text(out, ": ");
		put_texts(out, s, i);
		buf_add_char(out, '\n');
	}
}

static void put_value(struct json_out *j, const char *key, const struct setting *s, size_t at)
{
	struct strs to = s->value.v[at].to;
	if (has_lists(s))
		json_put_strs(j, key, to);
	else if (s->row->kind == CONFIG_NUMBERS)
		json_put_raw(j, key, to.v[0]);
	else
		json_put_str(j, key, to.v[0]);
}

static void put_json(struct json_out *j, const struct setting *s)
{
	json_open(j, s->row->key, '{');
	if (s->row->kind >= CONFIG_MAP) {
		json_open(j, "value", '{');
		for (size_t i = 0; i < s->value.n; i++)
			put_value(j, s->value.v[i].name.p, s, i);
		json_close(j, '}');
	} else if (s->value.n) {
		put_value(j, "value", s, 0);
	} else {
		json_put_text(j, "value", NULL);
	}
	json_put_text(j, "from", s->from.n ? s->from.p : NULL);
	json_close(j, '}');
}

static void show(const struct settings *s, struct buf *out)
{
	bool any = s->config.file.n > 0;
	buf_printf(out, "# file: %.*s\n", STR_ARG(any ? s->config.file : STR("none")));
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		put_setting(out, &s->v[i]);
}

static void show_json(const struct settings *s, struct buf *out)
{
	struct json_out j = {out};
	json_open(&j, NULL, '{');
	json_put_text(&j, "file", s->config.file.n ? s->config.file.p : NULL);
	json_open(&j, "settings", '{');
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		put_json(&j, &s->v[i]);
	json_close(&j, '}');
	json_close(&j, '}');
	buf_add_char(out, '\n');
}

static int config_run(void *at, const struct option_list *rest, struct err **e)
{
	const struct common_args *args = at;
	AUTO(settings_done) struct settings s = {.config = CONFIG};
	AUTO(buf_done) struct buf out = BUF(16 << 20);
	if (rest->n)
		return err_set(e, ERR_USAGE, "config takes no words; --config names a file");
	int r = settle(&s, args, e);
	if (r < 0)
		return r;
	if (args->json)
		show_json(&s, &out);
	else
		show(&s, &out);
	return command_print(&out, e);
}

const struct command cmd_config = {
	.name = "config",
	.usage = "config [--config FILE] [--json]",
	.summary = "print the settings in force, and where each stands",
	.options = (const struct option_row *const[]){config_options, cache_options, COMMON_TABLES},
	.args_size = sizeof(struct common_args),
	.run = config_run,
};
