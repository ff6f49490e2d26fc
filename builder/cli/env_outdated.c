/* builder/cli/env_outdated.c - kiln env outdated: what solving again would change in environments
 * that have a lock. Nothing is changed. */
#include "builder/cli/env_rows.h"
#include "specs/lock_changes.h"

enum { RESULT_MAX = 256 << 20 };

/* One environment. */
struct subject {
	const char *word;
	struct session session; /* with the lock that it has, one a platform */
	struct lock then[PLATFORMS_MAX];
	struct lock_changes changes[PLATFORMS_MAX];
	size_t count; /* platforms */
	struct common_args common;
	struct buf platforms; /* what common's points to */
};
#define SUBJECT(name)                                                                              \
	{                                                                                          \
		.word = (name), .session = SESSION, .platforms = BUF(4096)                         \
	}

static void subject_done(struct subject *s)
{
	for (size_t i = 0; i < COUNT(s->then); i++) {
		lock_changes_done(&s->changes[i]);
		lock_done(&s->then[i]);
	}
	session_done(&s->session);
	buf_done(&s->platforms);
}
AUTO_DEFINE_VALUE(struct subject, subject_done)

/* ---- its lock ---- */

/* A definition that names no base stays on the lock's, by its name: what that means today. */
static void choose_base(struct subject *s, const struct definition *d)
{
	bool named = s->common.base || d->base.n || definition_has_steps(&d->steps);
	if (!named && s->session.locked->base_name.n)
		s->common.base = s->session.locked->base_name.p;
}

/* Opens the session for all platforms that the lock is for, unless one is named. The lock is
 * compared with, not used. */
static int open_with_lock(const struct env_args *args, struct subject *s, struct err **e)
{
	AUTO(named_done) struct named n = NAMED;
	struct env_args silent = *args; /* the session reads the definition again, and warns */
	silent.common.log = NULL;
	int r = env_read(&silent, s->word, &n, e);
	if (r == 0)
		r = env_find_lock(&silent, s->word, &n, e);
	if (r == 0 && !n.lock)
		return err_set(e, ERR_ABSENT, "it has no lock; --lock names one");
	if (r == 0 && !s->common.platform) {
		r = env_lock_platforms(&n, &s->platforms, e);
		s->common.platform = s->platforms.data;
	}
	if (r == 0)
		r = session_open(&s->session, &s->common, true, e);
	if (r == 0)
		r = session_lock_text(&s->session, &s->common, str_of(n.lock), n.lock_name, e);
	if (r < 0)
		return r;
	choose_base(s, &n.definition);
	s->session.locked = NULL;
	return 0;
}

/* ---- what would change ---- */

static int solve_again(struct subject *s, struct err **e)
{
	int r = 0;
	for (struct build *b = s->session.build; b && r == 0; b = build_next(b), s->count++) {
		struct lock *then = &s->then[s->count];
		r = build_lock(b, &s->session.definition, then, e);
		if (r == 0)
			lock_changes_find(&s->session.locks[s->count], then, &s->changes[s->count]);
		if (r < 0 && build_next(s->session.build))
			return err_wrap(e, r, "%s", build_platform(b)->image);
	}
	return r;
}

static int look_at(const struct env_args *args, struct subject *s, struct err **e)
{
	const struct option_list words = {&s->word, 1};
	s->common = args->common;
	int r = open_with_lock(args, s, e);
	s->session.solves = true;
	if (r == 0)
		r = session_definition(&s->session, &s->common, &words, e);
	return r < 0 ? r : solve_again(s, e);
}

static size_t change_count(const struct subject *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->count; i++)
		n += s->changes[i].n;
	return n;
}

/* ---- what is told ---- */

static void put_changes(const struct subject *s, struct json_out *j)
{
	const struct build *b = s->session.build;
	json_open(j, "changes", '[');
	for (size_t i = 0; i < s->count; i++, b = build_next(b)) {
		for (size_t k = 0; k < s->changes[i].n; k++) {
			const struct lock_change *c = &s->changes[i].v[k];
			json_open(j, NULL, '{');
			json_put_str(j, "name", c->name);
			json_put_text(j, "manager", c->manager);
			env_put_text(j, "from", c->from);
			env_put_text(j, "to", c->to);
			if (s->count > 1)
				json_put_text(j, "platform", build_platform(b)->image);
			json_close(j, '}');
		}
	}
	json_close(j, ']');
}

static void put_json(const struct subject *s, const struct err *why, struct json_out *j)
{
	const struct definition *d = &s->session.definition;
	json_open(j, NULL, '{');
	json_put_str(j, "name", d->name.n ? d->name : str_of(s->word));
	env_put_text(j, "version", d->version);
	if (why) {
		AUTO(free) char *line = err_line(why);
		json_put_text(j, "outdated", NULL);
		json_put_text(j, "error", line);
	} else {
		json_put_bool(j, "outdated", change_count(s) > 0);
		put_changes(s, j);
	}
	json_close(j, '}');
}

/* Enough of a digest to tell it from others. */
static struct str shown(const struct lock_change *c, struct str value)
{
	if (!value.n)
		return STR("-");
	return strcmp(c->manager, "base") == 0 ? str_to(value, strlen("sha256:") + 12) : value;
}

static void put_lines(const struct subject *s, struct buf *out)
{
	const struct build *b = s->session.build;
	size_t n = change_count(s);
	if (n == 0) {
		buf_printf(out, "%s: nothing would change\n", s->word);
		return;
	}
	buf_printf(out, "%s: %zu would change\n", s->word, n);
	for (size_t i = 0; i < s->count; i++, b = build_next(b)) {
		for (size_t k = 0; k < s->changes[i].n; k++) {
			const struct lock_change *c = &s->changes[i].v[k];
			struct str from = shown(c, c->from), to = shown(c, c->to);
			buf_printf(out, "  %-5s %-24.*s %.*s -> %.*s%s%s\n", c->manager,
				   STR_ARG(c->name), STR_ARG(from), STR_ARG(to),
				   s->count > 1 ? "  " : "",
				   s->count > 1 ? build_platform(b)->image : "");
		}
	}
}

/* ---- all of them ---- */

struct survey {
	const struct env_args *args;
	struct buf *out;
	struct json_out json;
	size_t count, outdated, failed;
	int code; /* of the first failure */
};

/* What could not be read says itself what it is. */
static void note_failure(struct survey *all, const char *word, int code, const struct err *why)
{
	AUTO(free) char *line = err_line(why);
	size_t n = strlen(word);
	bool named = strncmp(line, word, n) == 0 && line[n] == ':';
	log_warn(all->args->common.log, "%s%s%s", named ? "" : word, named ? "" : ": ", line);
	all->failed++;
	all->code = all->code ? all->code : code;
}

/* One that cannot be looked at does not keep the others from it; an interrupt does. */
static int survey_one(struct survey *all, const char *word, struct err **e)
{
	AUTO(subject_done) struct subject s = SUBJECT(word);
	AUTO(err_free) struct err *why = NULL;
	int r = look_at(all->args, &s, &why);
	if (all->args->common.json)
		put_json(&s, why, &all->json);
	else if (r == 0)
		put_lines(&s, all->out);
	if (r == ERR_INTERRUPTED && e)
		*e = STEAL(&why);
	else if (r < 0)
		note_failure(all, word, r, why);
	all->outdated += r == 0 && change_count(&s) > 0;
	all->count++;
	return r == ERR_INTERRUPTED ? r : 0;
}

static int say(const struct survey *all, struct err **e)
{
	if (all->failed)
		return err_set(e, all->code, "environments that could not be looked at: %zu of %zu",
			       all->failed, all->count);
	if (all->outdated && all->args->exit_code)
		return err_set(e, ERR_FAILED, "environments that are outdated: %zu of %zu",
			       all->outdated, all->count);
	return 0;
}

/* What its name is stands in the error, as far as it is known. */
static void put_fault(struct survey *all, const struct err *why)
{
	AUTO(free) char *line = err_line(why);
	json_open(&all->json, NULL, '{');
	json_put_text(&all->json, "name", NULL);
	json_put_text(&all->json, "outdated", NULL);
	json_put_text(&all->json, "error", line);
	json_close(&all->json, '}');
}

/* Those whose lock is kept with them, in the order of their names. */
static int survey_registered(struct survey *all, struct err **e)
{
	AUTO(config_done) struct config c = CONFIG;
	AUTO(environments_close) struct environments *place = NULL;
	AUTO(environment_list_done) struct environment_list list = {0};
	int r = config_open(all->args->common.config, &c, e);
	if (r == 0)
		r = named_open_place(&c, &all->args->common, &place, e);
	if (r == 0)
		r = environments_list(place, all->args->all, &list, e);
	all->code = env_warn_of_faults(all->args, &list);
	all->failed = all->count = list.faults.n;
	for (size_t i = 0; i < list.faults.n && all->args->common.json; i++)
		put_fault(all, list.faults.v[i].why);
	for (size_t i = 0; i < list.n && r == 0; i++)
		if (list.v[i].locked)
			r = survey_one(all, environment_title(&list.v[i]).p, e);
	if (r == 0 && !all->count)
		log_warn(all->args->common.log, "no registered environment has a lock");
	return r;
}

static int survey(struct survey *all, const struct option_list *words, struct err **e)
{
	if (words->n == 1)
		return survey_registered(all, e);
	int r = 0;
	for (size_t i = 1; i < words->n && r == 0; i++)
		r = survey_one(all, words->v[i], e);
	return r;
}

static int outdated_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	AUTO(buf_done) struct buf out = BUF(RESULT_MAX);
	struct survey all = {.args = args, .out = &out, .json = {&out, false}};
	if (args->lock && words->n != 2)
		return err_set(e, ERR_USAGE, "--lock: it is the lock of one environment");
	if (args->all && words->n > 1)
		return err_set(e, ERR_USAGE,
			       "--all is for registered environments that are not named");
	if (args->common.json) {
		json_open(&all.json, NULL, '{');
		json_open(&all.json, "environments", '[');
	}
	int r = survey(&all, words, e);
	if (args->common.json) {
		json_close(&all.json, ']');
		json_close(&all.json, '}');
		buf_add_char(&out, '\n');
	}
	if (r == 0)
		r = command_print(&out, e);
	return r < 0 ? r : say(&all, e);
}

#define AT(field) offsetof(struct env_args, field)
static const struct option_row outdated_options[] = {
	{0, "exit-code", OPTION_FLAG, AT(exit_code), NULL, "exit 1 when something would change"},
	{0},
};
#undef AT

const struct command env_outdated = {
	.name = "outdated",
	.usage = "env outdated [NAME[:VERSION]|DEFINITION...] [OPTIONS]",
	.summary = "solve again, and tell what would change beside a lock; nothing is changed",
	.options = (const struct option_row *const[]){outdated_options, env_all_options,
						      env_lock_options, env_base_options,
						      channel_options, virtual_options,
						      SESSION_TABLES},
	.least = 1,
	.most = SIZE_MAX,
	.run = outdated_run,
};
