/* builder/link_scripts.c - a whole environment in a folder, with its link scripts run. */
#include "builder/link_scripts.h"
#include "builder/condameta.h"
#include "builder/link_tree.h"
#include "builder/sandbox.h"
#include "builder/tar.h"
#include "specs/base/fs.h"
#include <fcntl.h>
#include <stdio.h>

#define SOURCE "/tmp/source" /* in the sandbox: the package of a pre-link script, unpacked */
enum {
	SCRIPT_MS = 10 * 60 * 1000,
	OUTPUT_MAX = 256 << 10,
	LAST_WORDS = 2000, /* of the output, in a message */
	MESSAGES_MAX = 64 << 10,
};

struct stage {
	const struct link_plan *plan;
	const char *tree;
	struct tree_state *packaged;
	bool *batch; /* [plan->count] to be linked next */
};

int64_t link_time(const struct link_plan *p)
{
	return p->newest ? (int64_t)p->newest : TAR_DIRECTORY_MTIME;
}

/* --- conda-meta ---------------------------------------------------------------------- */

static int put_text(struct sink *to, const char *path, const struct buf *text, int64_t mtime,
		    struct err **e)
{
	int code = buf_check(text, path, e);
	if (code < 0)
		return code;
	struct entry entry = {ENTRY_FILE, path, NULL, 0644, mtime, text->n};
	code = to->entry(to, &entry, e);
	return code < 0 || text->n == 0 ? code : to->data(to, text->data, text->n, e);
}

int link_put_meta(const struct link_plan *p, const struct link_environment *env, struct sink *to,
		  struct err **e)
{
	AUTO(buf_done) struct buf history = BUF(64 << 20), state = BUF(16 << 20);
	int64_t mtime = link_time(p);
	condameta_history(p->records, p->count, env->specs, mtime, &history);
	condameta_state(env->variables, env->variable_count, &state);
	int code = put_text(to, "conda-meta/history", &history, mtime, e);
	if (code == 0 && state.n)
		code = put_text(to, "conda-meta/state", &state, mtime, e);
	return code;
}

/* --- one script ---------------------------------------------------------------------- */

static struct str script_path(struct arena *a, const struct record *r, const char *when)
{
	return arena_printf(a, "bin/.%.*s-%s.sh", STR_ARG(r->name), when);
}

/* Whether package i has this script, and it runs here. */
static bool has_script(const struct link_plan *p, size_t i, struct str path)
{
	if (p->options.foreign)
		return false;
	struct strs paths = link_paths(p, i);
	for (size_t k = 0; k < paths.n; k++)
		if (str_eq(paths.v[k], path))
			return true;
	return false;
}

/* What a package wants its user to read. The file is a script's: no link is followed. */
static void show_messages(const struct stage *s, const struct record *r)
{
	AUTO(free) char *path = fs_join(s->tree, ".messages.txt");
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO(buf_done) struct buf text = BUF(MESSAGES_MAX);
	if (fd >= 0)
		(void)fs_read_fd(fd, path, &text, NULL);
	struct str rest = str_trim(buf_str(&text)), line;
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		log_warn(s->plan->options.log, "%.*s: %.*s", STR_ARG(r->name), STR_ARG(line));
	}
	unlink(path);
}

static int script_failed(const struct record *r, const char *when, const struct process_result *run,
			 struct err **e)
{
	struct str text = str_trim(buf_str(&run->out));
	if (text.n > LAST_WORDS)
		text = str_from(text, text.n - LAST_WORDS);
	return err_set(e, ERR_FAILED, "the %s script of %.*s failed with status %d%s%.*s", when,
		       STR_ARG(r->name), run->status, text.n ? ": " : ", without a word",
		       STR_ARG(text));
}

struct script {
	const struct record *record;
	const char *when;   /* "pre-link", "post-link" */
	const char *source; /* folder of the host: the unpacked package, of a pre-link script */
};

/* conda gives a script to bash whatever its first line says, in the script's folder. */
static int run_script(const struct stage *s, const struct script *script, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(process_result_done) struct process_result run = PROCESS_RESULT(OUTPUT_MAX);
	const struct record *r = script->record;
	const char *prefix = s->plan->options.prefix;
	const char *home = script->source ? SOURCE : prefix;
	const char *shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
	struct str path = script_path(&a, r, script->when);
	const char *argv[] = {shell, arena_printf(&a, "%s/%.*s", home, STR_ARG(path)).p, NULL};
	const char *env[] = {
		arena_printf(&a, "PATH=%s/bin:/usr/local/bin:/usr/bin:/bin", prefix).p,
		arena_printf(&a, "PREFIX=%s", prefix).p,
		arena_printf(&a, "CONDA_PREFIX=%s", prefix).p,
		arena_printf(&a, "ROOT_PREFIX=%s", prefix).p,
		arena_printf(&a, "PKG_NAME=%.*s", STR_ARG(r->name)).p,
		arena_printf(&a, "PKG_VERSION=%.*s", STR_ARG(r->version_text)).p,
		arena_printf(&a, "PKG_BUILDNUM=%llu", (unsigned long long)r->build_number).p,
		script->source ? "SOURCE_DIR=" SOURCE : NULL,
		NULL,
	};
	struct sandbox_bind binds[] = {{s->tree, prefix, true}, {script->source, SOURCE, false}};
	struct sandbox_request q = {
		.argv = argv,
		.env = env,
		.binds = binds,
		.bind_count = script->source ? 2 : 1,
		.folder = arena_printf(&a, "%s/bin", home).p,
		.epoch = link_time(s->plan),
		.timeout_ms = SCRIPT_MS,
		.together = true,
	};
	log_info(s->plan->options.log, "%.*s: %s script", STR_ARG(r->name), script->when);
	int code = sandbox_run(&q, &run, e);
	if (code < 0)
		return err_wrap(e, code, "the %s script of %.*s", script->when, STR_ARG(r->name));
	show_messages(s, r);
	return run.status ? script_failed(r, script->when, &run, e) : 0;
}

/* --- all of them --------------------------------------------------------------------- */

static int link_chosen(const struct link_plan *p, const bool *chosen, const char *folder,
		       struct err **e)
{
	return link_tree(&(struct link_tree_request){p, chosen, folder, NULL, NULL}, e);
}

static int link_batch(struct stage *s, struct err **e)
{
	int code = link_chosen(s->plan, s->batch, s->tree, e);
	for (size_t i = 0; i < s->plan->count && code == 0; i++) {
		if (s->batch[i] && s->packaged)
			tree_state_add(s->packaged, link_paths(s->plan, i));
		s->batch[i] = false;
	}
	return code;
}

static int run_pre_link(const struct stage *s, size_t i, struct err **e)
{
	AUTO(free) bool *only = mem_zero(s->plan->count, sizeof(bool));
	AUTO(free) char *source = NULL;
	only[i] = true;
	int code = link_tree_temp(s->plan, &source, e);
	if (code < 0)
		return code;
	code = link_chosen(s->plan, only, source, e);
	struct script script = {&s->plan->records[i], "pre-link", source};
	tree_state_settle();
	if (code == 0)
		code = run_script(s, &script, e);
	fs_remove(source, NULL);
	return code;
}

static int link_all(struct stage *s, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	int code = 0;
	for (size_t i = 0; i < s->plan->count && code == 0; i++) {
		struct str script = script_path(&a, &s->plan->records[i], "pre-link");
		if (has_script(s->plan, i, script)) {
			code = link_batch(s, e);
			if (code == 0)
				code = run_pre_link(s, i, e);
		}
		s->batch[i] = true;
	}
	return code < 0 ? code : link_batch(s, e);
}

static int run_post_links(const struct stage *s, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	tree_state_settle();
	for (size_t i = 0; i < s->plan->count; i++) {
		const struct record *r = &s->plan->records[i];
		if (!has_script(s->plan, i, script_path(&a, r, "post-link")))
			continue;
		struct script script = {r, "post-link", NULL};
		int code = run_script(s, &script, e);
		if (code < 0)
			return code;
	}
	return 0;
}

static int put_meta_into(const struct link_plan *p, const struct link_environment *env,
			 const char *tree, struct err **e)
{
	AUTO(sink_folder_free) struct sink *to = sink_folder_new(tree, e);
	if (!to)
		return ERR_IO;
	int code = link_put_meta(p, env, to, e);
	return code < 0 ? code : sink_folder_end(to, e);
}

int link_with_scripts(const struct link_plan *p, const struct link_environment *env,
		      const char *tree, struct tree_state *packaged, struct err **e)
{
	AUTO(free) bool *batch = mem_zero(p->count, sizeof(bool));
	struct stage s = {.plan = p, .tree = tree, .packaged = packaged, .batch = batch};
	/* Before half a gigabyte is linked in vain. */
	int code = p->has_scripts ? sandbox_check(e) : 0;
	if (code < 0)
		return err_wrap(e, code, "the environment has link scripts");
	if ((code = link_all(&s, e)) < 0 || (code = put_meta_into(p, env, tree, e)) < 0)
		return code;
	return run_post_links(&s, e);
}
