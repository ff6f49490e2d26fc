/* builder/cli/cmd_lock.c - kiln lock: solve, and write down the exact artefacts. */
#include "builder/cli/common.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"

struct lock_args {
	struct common_args common;
	const char *output, *check;
	bool explicit_list;
};

static int write_out(const struct lock_args *args, const struct buf *text, struct err **e)
{
	if (!args->output || strcmp(args->output, "-") == 0)
		return command_print(text, e);
	return fs_write(args->output, buf_str(text), 0644, e);
}

/* One lock a platform. */
struct locks {
	struct lock v[PLATFORMS_MAX];
	size_t n;
};

static void locks_done(struct locks *l)
{
	for (size_t i = 0; i < COUNT(l->v); i++)
		lock_done(&l->v[i]);
}
AUTO_DEFINE_VALUE(struct locks, locks_done)

static int solve_all(const struct session *s, struct locks *out, struct err **e)
{
	int r = 0;
	for (struct build *b = s->build; b && r == 0; b = build_next(b)) {
		r = build_lock(b, &s->definition, &out->v[out->n++], e);
		if (r < 0 && build_next(s->build))
			err_wrap(e, r, "%s", build_platform(b)->image);
	}
	return r;
}

/* What lies below the file's folder is named from there. */
static int write_lock(const struct lock_args *args, struct locks *locks, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(256 << 20);
	AUTO(free) char *folder = NULL;
	bool file = args->output && strcmp(args->output, "-") != 0;
	int r = file ? fs_folder_of(args->output, &folder, e) : 0;
	for (size_t i = 0; i < locks->n && folder; i++)
		lock_make_relative(&locks->v[i], folder);
	if (r == 0)
		r = args->explicit_list ? lock_write_explicit(locks->v, &text, e)
					: lock_write_all(locks->v, locks->n, &text, e);
	for (size_t i = 0; i < locks->n && folder; i++)
		lock_make_absolute(&locks->v[i], folder);
	return r < 0 ? r : write_out(args, &text, e);
}

static void put_lock(const struct lock *l, struct json_out *j)
{
	json_put_str(j, "key", l->key);
	json_open(j, "packages", '[');
	for (size_t i = 0; i < l->count; i++) {
		json_open(j, NULL, '{');
		json_put_str(j, "name", l->records[i].name);
		json_put_str(j, "version", l->records[i].version_text);
		json_put_str(j, "build", l->records[i].build);
		json_put_str(j, "url", l->records[i].url);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_platforms(const struct session *s, const struct locks *locks, struct json_out *j)
{
	const struct lock *l = locks->v;
	json_open(j, "platforms", '[');
	for (const struct build *b = s->build; b; b = build_next(b), l++) {
		json_open(j, NULL, '{');
		json_put_text(j, "platform", build_platform(b)->image);
		put_lock(l, j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static int print_json(const struct session *s, const struct locks *locks, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(256 << 20);
	struct json_out j = {&text};
	struct digest digest;
	int r = lock_digest_all(locks->v, locks->n, &digest, e);
	if (r < 0)
		return r;
	json_open(&j, NULL, '{');
	json_put_text(&j, "lock_digest", digest_text(&digest).hex);
	if (locks->n > 1)
		put_platforms(s, locks, &j);
	else
		put_lock(locks->v, &j);
	json_close(&j, '}');
	buf_add_char(&text, '\n');
	return command_print(&text, e);
}

static int check_all(const struct session *s, struct err **e)
{
	const struct lock *l = s->locked;
	int r = 0;
	for (struct build *b = s->build; b && r == 0; b = build_next(b), l++)
		r = build_lock_fits(b, &s->definition, l, e);
	return r;
}

static int lock_run(void *at, const struct option_list *rest, struct err **e)
{
	struct lock_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(locks_done) struct locks locks = {0};
	int r = session_open(&s, &args->common, false, e);
	s.solves = !args->check;
	if (r == 0 && args->check)
		r = session_lock(&s, &args->common, args->check, e);
	if (r == 0 && args->explicit_list)
		r = session_one_platform(&s, e);
	if (r == 0)
		r = session_definition(&s, &args->common, rest, e);
	if (r == 0 && args->check)
		return check_all(&s, e);
	if (r == 0)
		r = solve_all(&s, &locks, e);
	if (r < 0)
		return r;
	if (args->output || !args->common.json)
		r = write_lock(args, &locks, e);
	return r < 0 || !args->common.json ? r : print_json(&s, &locks, e);
}

#define AT(field) offsetof(struct lock_args, field)
static const struct option_row own_options[] = {
	{'o', "output", OPTION_TEXT, AT(output), "PATH", "write the lock there"},
	{0, "check", OPTION_TEXT, AT(check), "LOCK",
	 "only say whether this lock fits the definition; never solve"},
	{0, "explicit", OPTION_FLAG, AT(explicit_list), NULL, "an @EXPLICIT list instead"},
	{0},
};

const struct command cmd_lock = {
	.name = "lock",
	.usage = "lock [OPTIONS] DEFINITION",
	.summary = "solve and write the exact packages (conda-lock form)",
	.options = (const struct option_row *const[]){own_options, DEFINITION_AND_LOCK_TABLES},
	.args_size = sizeof(struct lock_args),
	.run = lock_run,
};
