/* builder/cli/env_register.c - kiln env register, archive, restore: what a team keeps by name. */
#include "builder/cli/env.h"
#include "specs/base/json.h"

enum { PLATFORM_NAMES = 256 };

/* ---- the name ---- */

static int check_name(const struct env_args *args, struct str name, struct err **e)
{
	if (!name.n)
		return err_set(e, ERR_USAGE, "the definition has no name: --name NAME");
	int r = catalog_check_name(name, args->strict, e);
	if (r < 0 || !catalog_has(name))
		return r;
	return err_set(e, ERR_USAGE,
		       "the catalogue has an environment %.*s, which no other can stand for; "
		       "--name gives another name",
		       STR_ARG(name));
}

/* ---- the lock ---- */

/* Whether it is a lock of the session's definition: *misfit says what is not. */
static int compare_lock(struct session *s, const struct common_args *args, const struct named *n,
			struct err **misfit, struct err **e)
{
	session_channels(s, args);
	int r = session_lock_text(s, args, str_of(n->lock), n->lock_name, e);
	if (r == 0)
		session_lock_fits(s, args, misfit);
	return r;
}

/* The same of which platforms it is for. */
static int find_platforms(const struct named *n, struct buf *out, struct err **misfit,
			  struct err **e)
{
	AUTO(err_free) struct err *why = NULL;
	int r = env_lock_platforms(n, out, &why);
	if (r == ERR_USAGE)
		*misfit = STEAL(&why);
	else if (r < 0 && e)
		*e = STEAL(&why);
	return r == ERR_USAGE ? 0 : r;
}

/* Both of this definition, on all platforms that the lock is for. The session has it meanwhile;
 * what it settles (channels, and what specs name of them) does not stay. */
static int find_misfit(const struct env_args *args, struct named *n, struct err **misfit,
		       struct err **e)
{
	AUTO(session_done) struct session s = SESSION;
	AUTO(buf_done) struct buf platforms = BUF(PLATFORM_NAMES);
	struct common_args common = args->common;
	struct definition *d = &n->definition;
	int r = find_platforms(n, &platforms, misfit, e);
	if (r < 0 || *misfit)
		return r;
	common.platform = platforms.data;
	if ((r = session_open(&s, &common, false, e)) < 0)
		return r;
	struct definition_spec *specs = arena_zero(&d->arena, d->spec_count, sizeof(*specs));
	if (d->spec_count)
		memcpy(specs, d->specs, d->spec_count * sizeof(*specs));
	struct strs channels = d->channels;
	s.definition = *d;
	r = compare_lock(&s, &common, n, misfit, e);
	*d = s.definition;
	d->channels = channels;
	d->specs = specs;
	s.definition = (struct definition)DEFINITION;
	return r;
}

/* One that was not asked for is left away where it is another definition's, but not where nobody
 * could find out. */
static int settle_lock(const struct env_args *args, const char *word, struct named *n,
		       struct err **e)
{
	AUTO(err_free) struct err *misfit = NULL;
	int r = env_find_lock(args, word, n, e);
	if (r < 0 || !n->lock)
		return r;
	r = find_misfit(args, n, &misfit, e);
	if (r < 0 || !misfit)
		return r;
	if (args->lock) {
		if (e)
			*e = STEAL(&misfit);
		return err_wrap(e, ERR_USAGE, "--lock %s", args->lock);
	}
	AUTO(free) char *line = err_line(misfit);
	line[strcspn(line, "\n;")] = 0;
	log_warn(args->common.log, "%s is not kept with it: %s", n->lock_name, line);
	free(STEAL(&n->lock));
	return 0;
}

/* ---- registering ---- */

static void put_json(const struct environment *v, const struct environment_registered *done,
		     struct buf *out)
{
	struct json_out j = {out, false};
	json_open(&j, NULL, '{');
	json_put_str(&j, "name", v->name);
	json_put_u64(&j, "version", v->version);
	json_put_bool(&j, "new", done->made);
	json_put_bool(&j, "changed", done->changed);
	json_put_bool(&j, "locked", v->locked);
	json_put_text(&j, "key", digest_text(&v->key).hex);
	json_close(&j, '}');
	buf_add_char(out, '\n');
}

static int print(const struct env_args *args, struct environment *v,
		 const struct environment_registered *done, struct err **e)
{
	AUTO(buf_done) struct buf out = BUF(64 << 10), line = BUF(64 << 10);
	struct str title = environment_title(v);
	if (args->common.json)
		put_json(v, done, &out);
	else
		buf_printf(&out, "%s\n", title.p);
	if (!done->made)
		buf_printf(&line, "%s has this content already%s%s", title.p,
			   done->changed ? "; what is said of it was changed" : "",
			   done->archived ? "; it is archived" : "");
	if (line.n)
		log_line(args->common.log, line.data);
	return command_print(&out, e);
}

static int register_named(const struct env_args *args, const struct config *c, struct named *n,
			  struct str name, struct err **e)
{
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	AUTO(environments_close) struct environments *place = NULL;
	AUTO(free) struct str *tags = NULL;
	struct environment_registered done;
	const struct environment_change change = {args->description,
						  option_strs(&args->tags, &tags)};
	int r = environment_make(&n->definition, name, str_of(n->lock), &v, e);
	if (r == 0)
		r = named_open_place(c, &args->common, &place, e);
	if (r == 0)
		r = environments_register(place, &v, &change, &done, e);
	return r < 0 ? r : print(args, &v, &done, e);
}

static int register_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	AUTO(config_done) struct config c = CONFIG;
	AUTO(named_done) struct named n = NAMED;
	AUTO(arena_done) struct arena a = ARENA;
	int r = config_open(args->common.config, &c, e);
	if (r == 0)
		r = named_read(&c, &args->common, words->v[1], &n, e);
	struct str name = arena_str(&a, args->name ? str_of(args->name) : n.definition.name);
	if (r == 0)
		r = check_name(args, name, e);
	if (r == 0)
		r = settle_lock(args, words->v[1], &n, e);
	return r < 0 ? r : register_named(args, &c, &n, name, e);
}

#define AT(field) offsetof(struct env_args, field)
static const struct option_row register_options[] = {
	{0, "name", OPTION_TEXT, AT(name), "NAME", "under this name (its own)"},
	{0, "description", OPTION_TEXT, AT(description), "TEXT",
	 "what it is for; may change afterwards"},
	{0, "tag", OPTION_LIST, AT(tags), "NAME=VALUE",
	 "may change afterwards, NAME= takes it away; repeatable"},
	{0},
};
#undef AT

const struct command env_register = {
	.name = "register",
	.usage = "env register DIR|FILE|NAME [OPTIONS]",
	.summary = "keep a definition, with its lock, as the next version of its name",
	.options = (const struct option_row *const[]){register_options, env_lock_options,
						      env_strict_options, ENV_NAME_TABLES,
						      cache_options, COMMON_TABLES},
	.least = 2,
	.most = 2,
	.run = register_run,
};

/* ---- archiving ---- */

static int set_archived(const struct env_args *args, const char *word, bool archived,
			struct err **e)
{
	AUTO(config_done) struct config c = CONFIG;
	AUTO(environments_close) struct environments *place = NULL;
	struct str name = str_of(word), version;
	size_t count;
	catalog_split_version(&name, &version);
	if (catalog_has(name) || catalog_is_reserved(name))
		return err_set(e, ERR_USAGE, "%s is the catalogue's, which cannot be changed",
			       word);
	int r = config_open(args->common.config, &c, e);
	if (r == 0)
		r = named_open_place(&c, &args->common, &place, e);
	if (r == 0)
		r = environments_archive(place, str_of(word), archived, &count, e);
	if (r == 0 && count == 0)
		log_warn(args->common.log, "%s %s", word,
			 archived ? "is archived already" : "is not archived");
	return r;
}

static int archive_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	return set_archived(args, words->v[1], true, e);
}

const struct command env_archive = {
	.name = "archive",
	.usage = "env archive NAME[:VERSION] [OPTIONS]",
	.summary = "take versions out of lists, and of what a bare name means",
	.options = (const struct option_row *const[]){ENV_NAME_TABLES, common_options, NULL},
	.least = 2,
	.most = 2,
	.run = archive_run,
};

static int restore_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	return set_archived(args, words->v[1], false, e);
}

const struct command env_restore = {
	.name = "restore",
	.usage = "env restore NAME[:VERSION] [OPTIONS]",
	.summary = "bring archived versions back",
	.options = (const struct option_row *const[]){ENV_NAME_TABLES, common_options, NULL},
	.least = 2,
	.most = 2,
	.run = restore_run,
};
