/* builder/backend.c - a source built into a wheel by its own build backend, in the sandbox. */
#include "builder/backend.h"
#include "builder/sandbox.h"
#include "builder/source_tree.h"
#include "specs/base/fs.h"
#include "specs/base/toml.h"
#include "specs/base/vec.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	PYPROJECT_MAX = 4 << 20,
	BUILD_MS = 60 * 60 * 1000,
	OUTPUT_MAX = 4 << 20,
	ANSWER_MAX = 1 << 20,
	SHOWN_LINES = 20,
	SHOWN_BYTES = 8 << 10,
};

/* Where the sandbox shows things. */
#define AT_SOURCE "/build/source"
#define AT_TOOLS "/build/tools"
#define AT_OUT "/build/out"
#define ANSWER "answer"
#define WHEEL "wheel"

/* ---- [build-system] ---- */

#define LEGACY_BACKEND "setuptools.build_meta:__legacy__"
static const struct str legacy_requires[] = {{"setuptools>=40.8.0", 18}};

static int read_texts(struct arena *a, const cJSON *table, const char *key, struct strs *out,
		      struct err **e)
{
	const cJSON *list = json_get(table, key), *at;
	VEC(struct str) texts = {0};
	int code = 0;
	if (list && !cJSON_IsArray(list))
		return err_set(e, ERR_SYNTAX, "pyproject.toml: %s is no list", key);
	cJSON_ArrayForEach(at, list)
	{
		if (!cJSON_IsString(at)) {
			code = err_set(e, ERR_SYNTAX, "pyproject.toml: %s holds what is no text",
				       key);
			break;
		}
		VEC_PUSH(&texts, arena_str(a, str_of(at->valuestring)));
	}
	if (code == 0)
		*out = arena_strs(a, (struct strs){texts.v, texts.n});
	VEC_DONE(&texts);
	return code;
}

/* `package.module:object.attribute`, of letters that names have. */
static bool is_backend(struct str text)
{
	size_t colons = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			      (c >= '0' && c <= '9') || c == '_' || c == '.' || c >= 0x80;
		colons += c == ':';
		if (!letter && c != ':')
			return false;
	}
	return text.n && text.p[0] != ':' && colons <= 1;
}

static bool leads_out(struct str path)
{
	struct str part;
	bool out = path.n && path.p[0] == '/';
	while (path.n && !out) {
		str_cut(&path, '/', &part);
		out = str_is(part, "..");
	}
	return out;
}

static int read_table(struct arena *a, const cJSON *table, struct build_system *out, struct err **e)
{
	const char *backend = json_text(table, "build-backend");
	if (!json_get(table, "requires"))
		return err_set(e, ERR_SYNTAX, "pyproject.toml: [build-system] has no requires");
	int code = read_texts(a, table, "requires", &out->requires, e);
	if (code == 0)
		code = read_texts(a, table, "backend-path", &out->path, e);
	if (code < 0)
		return code;
	if (backend)
		out->backend = arena_str(a, str_of(backend));
	if (!is_backend(out->backend))
		return err_set(e, ERR_SYNTAX, "pyproject.toml: build-backend \"%.*s\" is none",
			       STR_ARG(out->backend));
	for (size_t i = 0; i < out->path.n; i++)
		if (leads_out(out->path.v[i]))
			return err_set(e, ERR_SYNTAX,
				       "pyproject.toml: backend-path \"%.*s\" leads out of the "
				       "source",
				       STR_ARG(out->path.v[i]));
	return 0;
}

int build_system_read(struct arena *a, struct str pyproject, struct build_system *out,
		      struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	struct build_system s = {.requires = {legacy_requires, COUNT(legacy_requires)},
				 .backend = STR(LEGACY_BACKEND)};
	int code = toml_parse(pyproject, "pyproject.toml", &doc, e);
	const cJSON *table = code == 0 ? json_get(doc, "build-system") : NULL;
	if (table && !cJSON_IsObject(table))
		return err_set(e, ERR_SYNTAX, "pyproject.toml: build-system is no table");
	if (table)
		code = read_table(a, table, &s, e);
	if (code == 0)
		*out = s;
	return code;
}

int build_system_find(struct arena *a, const char *source, struct build_system *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(PYPROJECT_MAX);
	AUTO(free) char *pyproject = fs_join(source, "pyproject.toml");
	AUTO(free) char *setup = fs_join(source, "setup.py");
	AUTO(fd_close) int fd = open(pyproject, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && access(setup, F_OK) < 0)
		return err_set(e, ERR_CORRUPT,
			       "is no Python project: it has neither pyproject.toml nor setup.py");
	int code = fd < 0 ? 0 : fs_read_fd(fd, "pyproject.toml", &text, e);
	return code < 0 ? code : build_system_read(a, buf_str(&text), out, e);
}

/* ---- a hook, called ---- */

/* The first path of a program given with -c is the working folder, which is none of a backend's
 * (PEP 517, "In-tree build backends"). A setting that is given twice is a list, as in pip. */
static const char program[] =
	"import importlib, os, sys\n"
	"hook, backend, count = sys.argv[1], sys.argv[2], 4 + int(sys.argv[3])\n"
	"sys.path[:1] = [os.path.abspath(path) for path in sys.argv[4:count]]\n"
	"settings = {}\n"
	"for pair in sys.argv[count:]:\n"
	"    key, _, value = pair.partition('=')\n"
	"    if key in settings:\n"
	"        old = settings[key]\n"
	"        value = (old if isinstance(old, list) else [old]) + [value]\n"
	"    settings[key] = value\n"
	"del sys.argv[1:]\n"
	"module, _, names = backend.partition(':')\n"
	"found = importlib.import_module(module)\n"
	"for name in names.split('.') if names else ():\n"
	"    found = getattr(found, name)\n"
	"if hook == 'build':\n"
	"    found.build_wheel('" AT_OUT "/" WHEEL "', settings or None)\n"
	"else:\n"
	"    get = getattr(found, 'get_requires_for_build_wheel', None)\n"
	"    lines = get(settings or None) if get else []\n"
	"    with open('" AT_OUT "/" ANSWER "', 'w', encoding='utf-8') as answer:\n"
	"        answer.writelines(line + '\\n' for line in lines)\n";

static void add(struct sandbox_words *w, struct str word)
{
	VEC_PUSH(&w->list, arena_copy(&w->arena, word.p, word.n));
}

static void make_command(const struct backend_request *q, const char *hook, struct sandbox_words *w)
{
	const struct build_system *s = q->system;
	add(w, arena_printf(&w->arena, "%s/%.*s", q->prefix, STR_ARG(q->python)));
	add(w, STR("-s"));
	/* so that what it said last before it failed stands last */
	add(w, STR("-u"));
	add(w, STR("-c"));
	add(w, STR(program));
	add(w, str_of(hook));
	add(w, s->backend);
	add(w, arena_printf(&w->arena, "%zu", s->path.n));
	for (size_t i = 0; i < s->path.n; i++)
		add(w, s->path.v[i]);
	for (size_t i = 0; i < q->settings.n; i++)
		add(w, q->settings.v[i]);
	VEC_PUSH(&w->list, NULL);
}

/* What conda's compilers are found by (CC, CFLAGS) is among the variables of activation. */
static void make_environment(const struct backend_request *q, struct sandbox_words *w)
{
	for (size_t i = 0; i < q->variables.n; i++)
		add(w, q->variables.v[i]);
	add(w, arena_printf(&w->arena, "CONDA_PREFIX=%s", q->prefix));
	add(w, arena_printf(&w->arena, "PATH=" AT_TOOLS "/bin:%s/bin:/usr/local/bin:/usr/bin:/bin",
			    q->prefix));
	/* a work tree that another user owns is one all the same */
	add(w, STR("GIT_CONFIG_COUNT=1"));
	add(w, STR("GIT_CONFIG_KEY_0=safe.directory"));
	add(w, STR("GIT_CONFIG_VALUE_0=*"));
	VEC_PUSH(&w->list, NULL);
}

/* Whatever it wrote: colours and the like would change what is shown around it. */
static void put_seen(struct buf *out, struct str line)
{
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		buf_add_char(out, c == '\t' ? ' ' : c < ' ' || c == 0x7f ? '?' : (char)c);
	}
}

/* The last lines that it wrote, each on a line of its own. */
static int hook_failed(const struct backend_request *q, const struct process_result *r,
		       struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	struct str out = str_trim(buf_str(&r->out)), line;
	size_t lines = 0, at = out.n;
	while (at && (out.p[at - 1] != '\n' || ++lines < SHOWN_LINES))
		at--;
	if (out.n - at > SHOWN_BYTES)
		at = out.n - SHOWN_BYTES;
	buf_printf(&text, "%s: its build backend %.*s failed with status %d%s", q->what,
		   STR_ARG(q->system->backend), r->status, out.n ? ":" : ", without a word");
	out = str_from(out, at);
	while (out.n) {
		str_cut(&out, '\n', &line);
		buf_add_text(&text, "\n  ");
		put_seen(&text, str_trim_end(line, '\r'));
	}
	return err_set_lines(e, ERR_FAILED, text.data);
}

/* Python packages of the environment are not to be seen: in their place stand the requirements, so
 * that whatever program the backend starts finds them as well. */
static int run(const struct backend_request *q, const char *hook, struct err **e)
{
	AUTO(sandbox_words_done) struct sandbox_words w = {.arena = ARENA}, env = {.arena = ARENA};
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(OUTPUT_MAX);
	struct arena *a = &w.arena;
	r.both_ends = true;
	struct sandbox_bind binds[] = {
		{q->environment, q->prefix, false},
		{arena_printf(a, "%s/%.*s", q->tools, STR_ARG(q->site_packages)).p,
		 arena_printf(a, "%s/%.*s", q->prefix, STR_ARG(q->site_packages)).p, false},
		{q->tools, AT_TOOLS, false},
		{q->source, AT_SOURCE, true},
		{q->out, AT_OUT, true},
	};
	make_environment(q, &env);
	make_command(q, hook, &w);
	struct sandbox_request request = {
		.argv = w.list.v,
		.env = env.list.v,
		.binds = binds,
		.bind_count = COUNT(binds),
		.folder = arena_printf(a, AT_SOURCE "/%s", q->folder).p,
		.epoch = SOURCE_EPOCH,
		.timeout_ms = BUILD_MS,
		.together = true,
	};
	int code = sandbox_run(&request, &r, e);
	if (code < 0)
		return err_wrap(e, code, "%s: its build", q->what);
	return r.status ? hook_failed(q, &r, e) : 0;
}

/* ---- what came of it ---- */

/* Whatever ran there may have left links to files of this machine: none is followed. */
static int open_below(const struct backend_request *q, const char *name, int flags, struct err **e)
{
	AUTO(fd_close) int folder = open(q->out, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags);
	if (fd < 0)
		return err_set(e, ERR_FAILED, "%s: its build backend left no %s", q->what, name);
	return fd;
}

int backend_requires(const struct backend_request *q, struct arena *a, struct strs *out,
		     struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(ANSWER_MAX);
	VEC(struct str) lines = {0};
	int code = run(q, "requires", e);
	if (code < 0)
		return code;
	AUTO(fd_close) int fd = open_below(q, ANSWER, 0, e);
	if (fd < 0 || (code = fs_read_fd(fd, ANSWER, &text, e)) < 0)
		return fd < 0 ? fd : code;
	struct str rest = buf_str(&text), line;
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		if (str_trim(line).n)
			VEC_PUSH(&lines, str_trim(line));
	}
	*out = arena_strs(a, (struct strs){lines.v, lines.n});
	VEC_DONE(&lines);
	return 0;
}

/* The name of the one file; ERR_FAILED. */
static int only_wheel(const struct backend_request *q, int fd, char **out, struct err **e)
{
	DIR *dir = fdopendir(fd);
	struct dirent *at;
	AUTO(free) char *found = NULL;
	size_t count = 0;
	while (dir && (at = readdir(dir))) {
		struct stat st;
		if (!str_ends(str_of(at->d_name), ".whl") ||
		    fstatat(dirfd(dir), at->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		count++;
		free(found);
		found = mem_text(at->d_name);
	}
	if (dir)
		closedir(dir);
	if (count != 1)
		return err_set(e, ERR_FAILED, "%s: its build backend %.*s made %zu wheels, not one",
			       q->what, STR_ARG(q->system->backend), count);
	*out = STEAL(&found);
	return 0;
}

int backend_build(const struct backend_request *q, char **out, struct err **e)
{
	AUTO(free) char *folder = fs_join(q->out, WHEEL);
	AUTO(free) char *name = NULL;
	int code = fs_make_dirs(folder, 0755, e);
	if (code == 0)
		code = run(q, "build", e);
	if (code < 0)
		return code;
	int fd = open_below(q, WHEEL, O_DIRECTORY, e);
	if (fd < 0 || (code = only_wheel(q, fd, &name, e)) < 0)
		return fd < 0 ? fd : code;
	*out = fs_join(folder, name);
	return 0;
}
