/* builder/cli/env_show.c - kiln env show: what a definition says of itself, and what it holds. */
#include "builder/cli/env.h"
#include "builder/cli/progress.h"
#include "specs/base/json.h"
#include "specs/base/url.h"

/* A fact is a text, a list of texts or a size in bytes; one without any is not shown. */
struct fact {
	const char *key;
	struct str value;
	struct strs list;
	uint64_t size;
};
enum { FACTS = 32 };

struct facts {
	struct fact v[FACTS];
	size_t n;
	struct arena arena; /* of texts that are made for it */
};

static void facts_done(struct facts *f)
{
	arena_done(&f->arena);
}
AUTO_DEFINE_VALUE(struct facts, facts_done)

static void add(struct facts *f, const char *key, struct str value)
{
	if (value.n)
		f->v[f->n++] = (struct fact){.key = key, .value = value};
}

static void add_list(struct facts *f, const char *key, struct strs list)
{
	if (list.n)
		f->v[f->n++] = (struct fact){.key = key, .list = list};
}

static void add_packages(struct facts *f, const struct definition *d)
{
	struct str *specs = arena_zero(&f->arena, d->spec_count, sizeof(*specs));
	struct str *pip = arena_zero(&f->arena, d->pip.lines.n, sizeof(*pip));
	AUTO(buf_done) struct buf line = BUF(BUF_UNLIMITED);
	for (size_t i = 0; i < d->spec_count; i++)
		specs[i] = url_without_secrets(&f->arena, d->specs[i].text);
	for (size_t i = 0; i < d->pip.lines.n; i++) {
		buf_clear(&line);
		requirement_line_show(&d->pip.lines.v[i], &f->arena, &line);
		pip[i] = arena_str(&f->arena, buf_str(&line));
	}
	struct str *channels = arena_zero(&f->arena, d->channels.n, sizeof(*channels));
	for (size_t i = 0; i < d->channels.n; i++)
		channels[i] = url_without_secrets(&f->arena, d->channels.v[i]);
	add_list(f, "channels", (struct strs){channels, d->channels.n});
	add_list(f, "packages", (struct strs){specs, d->spec_count});
	add_list(f, "pip", (struct strs){pip, d->pip.lines.n});
	add(f, "dockerfile", d->steps.dockerfile);
}

/* Of a v2 environment without a name: the one that its client gives it. */
static void add_names(struct facts *f, const struct definition *d)
{
	struct digest anonymous;
	bool named = d->name.n || d->form != DEFINITION_V2;
	int r = named ? 0 : definition_anonymous_version(d, &anonymous, NULL);
	add(f, "name", named ? d->name : STR(DEFINITION_ANONYMOUS));
	if (named)
		add(f, "version", d->version);
	else if (r == 0) /* a remote context has no hash here */
		add(f, "version", arena_str(&f->arena, str_of(digest_text(&anonymous).hex)));
}

static void add_registered(struct facts *f, const struct environment *v)
{
	struct str *tags = arena_zero(&f->arena, v->about.tag_count, sizeof(*tags));
	for (size_t i = 0; i < v->about.tag_count; i++)
		tags[i] = arena_printf(&f->arena, "%.*s=%.*s", STR_ARG(v->about.tags[i].name),
				       STR_ARG(v->about.tags[i].value));
	add(f, "description", v->about.description);
	add_list(f, "tags", (struct strs){tags, v->about.tag_count});
	add(f, "device", v->gpu ? STR("gpu") : STR("cpu"));
	add(f, "python", v->python);
	add(f, "base", v->base);
	add(f, "state", v->about.archived ? STR("archived") : STR("current"));
	add(f, "key", arena_str(&f->arena, str_of(digest_text(&v->key).hex)));
	add(f, "lock", v->locked ? STR("kept") : STR("none"));
}

static int add_curated(struct facts *f, const struct catalog_entry *entry,
		       const struct definition *d, struct err **e)
{
	struct catalog_about about;
	struct digest key;
	int r = catalog_read_about(entry, &f->arena, &about, e);
	if (r < 0)
		return r;
	catalog_key(d, &key);
	add(f, "description", about.summary);
	add(f, "device", about.gpu ? STR("gpu") : STR("cpu"));
	add(f, "python", about.python);
	add(f, "framework", about.framework);
	add(f, "base", about.base.n ? about.base : STR("unknown"));
	add(f, "state", about.deprecated ? STR("deprecated") : STR("current"));
	add(f, "successor", about.successor);
	add(f, "key", arena_str(&f->arena, str_of(digest_text(&key).hex)));
	add(f, "source", about.source);
	add_list(f, "unknown", about.unknown);
	add_list(f, "notes", about.notes);
	return 0;
}

static int add_facts(struct facts *f, const struct named *n, struct err **e)
{
	const struct definition *d = &n->definition;
	add(f, "form", str_of(definition_form_name(d->form)));
	int r = 0;
	add_names(f, d);
	if (n->curated) {
		r = add_curated(f, &n->entry, d, e);
	} else if (n->registered) {
		add_registered(f, &n->environment);
	} else {
		add(f, "description", d->description);
		add(f, "base", d->base);
	}
	if (r < 0)
		return r;
	add(f, "context", url_without_login(&f->arena, d->steps.context));
	add(f, "interpreter", d->interpreter);
	add(f, "unbuildable", d->unbuildable);
	add_packages(f, d);
	return 0;
}

/* ---- its image ---- */

/* What a build would find at the destination that is settled. */
static int find_image(const struct env_args *args, const char *word, struct found_image *out,
		      struct err **e)
{
	AUTO(session_done) struct session s = SESSION;
	int r = env_open_session(&args->common, word, &s, e);
	return r < 0 ? r : build_find_image(s.build, &s.definition, s.config.to.v[0], out, e);
}

/* Who only wants to look at an environment need not reach its registry. */
static void add_image(struct facts *f, const struct env_args *args, const char *word)
{
	AUTO(found_image_done) struct found_image found = {.arena = ARENA};
	AUTO(err_free) struct err *why = NULL;
	int r = find_image(args, word, &found, &why);
	add(f, "image", r == 0 ? arena_str(&f->arena, found.image) : STR("not known"));
	if (r == 0)
		f->v[f->n++] = (struct fact){.key = "size", .size = found.size};
	if (r == 0 || r == ERR_ABSENT)
		return;
	AUTO(free) char *line = err_line(why);
	log_warn(args->common.log, "its image: %s", line);
}

static void put_json(const struct facts *f, struct buf *out)
{
	struct json_out j = {out, false};
	json_open(&j, NULL, '{');
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].list.n)
			json_put_strs(&j, f->v[i].key, f->v[i].list);
		else if (f->v[i].size)
			json_put_u64(&j, f->v[i].key, f->v[i].size);
		else
			json_put_str(&j, f->v[i].key, f->v[i].value);
	json_close(&j, '}');
	buf_add_char(out, '\n');
}

/* The key stands before the first line only. */
static void put_lines(struct buf *out, const struct fact *fact)
{
	const char *key = fact->key;
	struct str rest = fact->value, line;
	char size[16];
	if (fact->size)
		rest = str_of(size_text(fact->size, size));
	for (size_t i = 0; i < fact->list.n; i++, key = "")
		buf_printf(out, "%-12s %.*s\n", key, STR_ARG(fact->list.v[i]));
	for (; rest.n; key = "") {
		str_cut(&rest, '\n', &line);
		buf_printf(out, "%-12s %.*s\n", key, STR_ARG(line));
	}
}

static int show_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	AUTO(config_done) struct config c = CONFIG;
	AUTO(named_done) struct named n = NAMED;
	AUTO(buf_done) struct buf out = BUF(16 << 20);
	AUTO(facts_done) struct facts facts = {.arena = ARENA};
	int r = config_open(args->common.config, &c, e);
	if (r == 0)
		r = named_read(&c, &args->common, words->v[1], &n, e);
	if (r == 0)
		r = add_facts(&facts, &n, e);
	if (r < 0)
		return r;
	if (c.to.n && (n.curated || n.registered))
		add_image(&facts, args, words->v[1]);
	if (args->common.json)
		put_json(&facts, &out);
	for (size_t i = 0; i < facts.n && !args->common.json; i++)
		put_lines(&out, &facts.v[i]);
	return command_print(&out, e);
}

const struct command env_show = {
	.name = "show",
	.usage = "env show NAME[:VERSION]|DEFINITION [OPTIONS]",
	.summary = "what a definition says of itself and holds; its image",
	.options =
		(const struct option_row *const[]){env_base_options, channel_options,
						   virtual_options, target_options, ENV_NAME_TABLES,
						   cache_options, COMMON_TABLES},
	.least = 2,
	.most = 2,
	.run = show_run,
};
