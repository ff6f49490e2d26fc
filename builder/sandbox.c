/* builder/sandbox.c - programs of packages, run with nothing but the environment's files. */
#include "builder/sandbox.h"
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

enum { CHECK_MS = 20000, CHECK_OUTPUT = 4096 };

static void add(struct sandbox_words *w, const char *const *more, size_t count)
{
	for (size_t i = 0; i < count; i++)
		VEC_PUSH(&w->list, more[i]);
}
#define ADD(w, ...)                                                                                \
	add(w, (const char *const[]){__VA_ARGS__},                                                 \
	    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* How apart a program runs, best first. A container without privileges may not mount a /proc of
 * its own: there the host's must do. Root in a chroot may not make user namespaces, and needs
 * none. */
static const struct way {
	bool user_namespace, own_proc;
} ways[] = {{true, true}, {true, false}, {false, true}, {false, false}};

/* A merged /usr has links at the top, others have folders: the sandbox gets the same. */
static void add_system_folder(struct sandbox_words *w, const char *path)
{
	struct stat st;
	char target[256];
	if (lstat(path, &st) < 0)
		return;
	if (!S_ISLNK(st.st_mode)) {
		ADD(w, "--ro-bind", path, path);
		return;
	}
	ssize_t n = readlink(path, target, sizeof(target));
	if (n > 0 && (size_t)n < sizeof(target))
		ADD(w, "--symlink", arena_copy(&w->arena, target, (size_t)n), path);
}

static void add_namespaces(struct sandbox_words *w, const struct way *way)
{
	ADD(w, "bwrap");
	if (way->user_namespace)
		ADD(w, "--unshare-all", "--uid", "0", "--gid", "0");
	else
		ADD(w, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts");
	ADD(w, "--new-session", "--hostname", "kiln", "--cap-drop", "ALL");
}

static void add_root(struct sandbox_words *w, const struct way *way)
{
	static const char *const folders[] = {
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
	};
	add_namespaces(w, way);
	for (size_t i = 0; i < COUNT(folders); i++)
		add_system_folder(w, folders[i]);
	/* Programs of /usr/bin that are links to here; where libraries are. */
	ADD(w, "--ro-bind-try", "/etc/alternatives", "/etc/alternatives");
	ADD(w, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache");
	if (way->own_proc)
		ADD(w, "--proc", "/proc");
	else
		ADD(w, "--ro-bind", "/proc", "/proc");
	ADD(w, "--dev", "/dev", "--tmpfs", "/tmp");
}

/* --- does it work here? -------------------------------------------------------------- */

static struct {
	pthread_once_t once;
	int code;
	const struct way *way;
	char why[CHECK_OUTPUT];
} checked = {.once = PTHREAD_ONCE_INIT};

static void try_way(const struct way *way)
{
	AUTO(sandbox_words_done) struct sandbox_words w = {.arena = ARENA};
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(CHECK_OUTPUT);
	AUTO(err_free) struct err *e = NULL;
	add_root(&w, way);
	ADD(&w, "--die-with-parent", "true", NULL);
	const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	int code =
		process_run(&(struct process_request){w.list.v, env, "/"}, CHECK_MS, true, &r, &e);
	checked.code = code < 0 ? code : r.status == 0 ? 0 : ERR_FAILED;
	checked.way = way;
	struct str text = code < 0 ? str_of(e->text) : str_trim(buf_str(&r.out));
	snprintf(checked.why, sizeof(checked.why), "%.*s", STR_ARG(text));
}

static void check(void)
{
	for (size_t i = 0; i < COUNT(ways); i++) {
		try_way(&ways[i]);
		if (checked.code != ERR_FAILED)
			return;
	}
}

int sandbox_check(struct err **e)
{
	pthread_once(&checked.once, check);
	if (checked.code == 0)
		return 0;
	if (checked.code == ERR_ABSENT)
		return err_set(e, ERR_ABSENT,
			       "programs of packages run in a sandbox, and there is no bwrap here; "
			       "install the package bubblewrap");
	return err_set(e, ERR_FAILED,
		       "programs of packages run in a sandbox, which this system does not allow "
		       "(%s); allow unprivileged user namespaces (sysctl "
		       "kernel.unprivileged_userns_clone=1, user.max_user_namespaces, "
		       "kernel.apparmor_restrict_unprivileged_userns=0), or in a container run it "
		       "with --security-opt seccomp=unconfined --security-opt apparmor=unconfined",
		       checked.why);
}

/* --- running ------------------------------------------------------------------------- */

static bool is_named_in(const char *const *env, const char *variable)
{
	size_t n = strcspn(variable, "=") + 1;
	for (; env && *env; env++)
		if (strncmp(*env, variable, n) == 0)
			return true;
	return false;
}

static void add_env(struct sandbox_words *w, const struct sandbox_request *q)
{
	const char *const fixed[] = {
		"HOME=/tmp",
		"TMPDIR=/tmp",
		"TZ=UTC",
		"LC_ALL=C.UTF-8",
		"LANG=C.UTF-8",
		"PYTHONHASHSEED=0",
		/* Bytecode with times in it would come into the image. */
		"PYTHONDONTWRITEBYTECODE=1",
		arena_printf(&w->arena, "SOURCE_DATE_EPOCH=%lld", (long long)q->epoch).p,
	};
	for (size_t i = 0; i < COUNT(fixed); i++)
		if (!is_named_in(q->env, fixed[i]))
			VEC_PUSH(&w->list, fixed[i]);
	for (const char *const *v = q->env; v && *v; v++)
		VEC_PUSH(&w->list, *v);
	VEC_PUSH(&w->list, NULL);
}

/* The command of bwrap and the environment that it hands on. */
struct boxed {
	struct sandbox_words argv, env;
	struct process_request inner; /* of both */
};

static void boxed_done(struct boxed *b)
{
	sandbox_words_done(&b->argv);
	sandbox_words_done(&b->env);
}
AUTO_DEFINE_VALUE(struct boxed, boxed_done)

static int box(const struct sandbox_request *q, struct boxed *out, struct err **e)
{
	int code = sandbox_check(e);
	if (code < 0)
		return code;
	struct sandbox_words *w = &out->argv;
	add_root(w, checked.way);
	if (!q->ends_with_input)
		ADD(w, "--die-with-parent");
	for (size_t i = 0; i < q->bind_count; i++) {
		const struct sandbox_bind *b = &q->binds[i];
		ADD(w, b->writable ? "--bind" : "--ro-bind", b->from, b->to);
	}
	ADD(w, "--chdir", q->folder ? q->folder : "/", "--");
	ADD(w, "/bin/sh", "-c", "umask 022; unset OLDPWD SHLVL; exec \"$@\"", "sh");
	for (const char *const *a = q->argv; *a; a++)
		VEC_PUSH(&w->list, *a);
	VEC_PUSH(&w->list, NULL);
	add_env(&out->env, q);
	out->inner = (struct process_request){.argv = w->list.v,
					      .env = out->env.list.v,
					      .folder = "/",
					      .fixed_addresses = q->fixed_addresses};
	return 0;
}

int sandbox_start(const struct sandbox_request *q, const int fds[3], pid_t *out, struct err **e)
{
	AUTO(boxed_done) struct boxed b = {0};
	int code = box(q, &b, e);
	return code < 0 ? code : process_start(&b.inner, fds, out, e);
}

int sandbox_run(const struct sandbox_request *q, struct process_result *r, struct err **e)
{
	AUTO(boxed_done) struct boxed b = {0};
	int code = box(q, &b, e);
	return code < 0 ? code : process_run(&b.inner, q->timeout_ms, q->together, r, e);
}

static void put_quoted(struct buf *out, const char *word)
{
	buf_add_text(out, " '");
	for (; *word; word++)
		if (*word == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, *word);
	buf_add_char(out, '\'');
}

/* Variables are set inside: bwrap itself needs those of whoever starts the script. */
int sandbox_script(const struct sandbox_request *q, struct buf *out, struct err **e)
{
	AUTO(sandbox_words_done) struct sandbox_words words = {.arena = ARENA};
	AUTO(boxed_done) struct boxed b = {0};
	struct sandbox_request inside = *q;
	ADD(&words, "/usr/bin/env", "-i");
	add_env(&words, q);
	words.list.n--;
	for (const char *const *a = q->argv; *a; a++)
		VEC_PUSH(&words.list, *a);
	VEC_PUSH(&words.list, NULL);
	inside.argv = words.list.v;
	int code = box(&inside, &b, e);
	buf_add_text(out, "#!/bin/sh\nexec");
	for (size_t i = 0; code == 0 && b.argv.list.v[i]; i++)
		put_quoted(out, b.argv.list.v[i]);
	buf_add_text(out, " \"$@\"\n");
	return code;
}
