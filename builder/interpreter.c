/* builder/interpreter.c - the environment's own python, unpacked so that it can be run here. */
#include "builder/interpreter.h"
#include "builder/link_tree.h"
#include "cache/layout.h"
#include "specs/base/fs.h"
#include <errno.h>
#include <stdio.h>

enum { FORMAT = 1 };

void interpreter_done(struct interpreter *i)
{
	free(i->folder);
	free(i->program);
	*i = (struct interpreter){0};
}

/* --- what it is made of -------------------------------------------------------------- */

struct parts {
	const struct link_plan *plan;
	size_t python;
	struct str minor; /* "3.11" */
	bool *chosen;	  /* [plan->count] */
	char library[32]; /* "lib/python3.11/" */
};

static void parts_done(struct parts *p)
{
	free(p->chosen);
}
AUTO_DEFINE_VALUE(struct parts, parts_done)

/* Python and what it depends on, but no noarch packages: those would need it themselves. */
static int choose(const struct link_plan *p, struct parts *out, struct err **e)
{
	out->plan = p;
	out->python = link_tree_find(p, "python");
	if (out->python == p->count)
		return err_set(e, ERR_ABSENT,
			       "the environment has no python to make bytecode with");
	struct str version = p->records[out->python].version_text;
	out->minor = bytecode_minor(version);
	if (out->minor.n == 0 || out->minor.n > 8)
		return err_set(e, ERR_CORRUPT, "python has the version \"%.*s\"", STR_ARG(version));
	snprintf(out->library, sizeof(out->library), "lib/python%.*s/", STR_ARG(out->minor));
	out->chosen = mem_zero(p->count, sizeof(bool));
	out->chosen[out->python] = true;
	link_tree_add_dependencies(p, out->chosen);
	for (size_t i = 0; i < p->count; i++)
		out->chosen[i] &= p->records[i].noarch == NOARCH_NONE;
	return 0;
}

static struct digest_text identity(const struct parts *p)
{
	AUTO(hasher_free) struct hasher *h = hasher_new();
	struct digest d;
	hasher_add(h, &(uint32_t){FORMAT}, sizeof(uint32_t));
	for (size_t i = 0; i < p->plan->count; i++) {
		if (!p->chosen[i])
			continue;
		link_identity(p->plan, i, &d);
		hasher_add(h, &d, sizeof(d));
	}
	hasher_end(h, &d);
	return digest_text(&d);
}

/* Folders of the standard library that compiling may reach: encodings that a source declares,
 * and what starting up reads. */
static bool wanted_library(struct str rest)
{
	static const char *const folders[] = {
		"collections", "encodings", "importlib", "lib-dynload", "re",
	};
	size_t slash = str_find(rest, '/');
	if (slash == rest.n)
		return true;
	for (size_t i = 0; i < COUNT(folders); i++)
		if (str_is(str_to(rest, slash), folders[i]))
			return true;
	return false;
}

static bool wanted(const void *cookie, const char *path)
{
	const struct parts *p = cookie;
	struct str s = str_of(path);
	if (str_starts(s, p->library))
		return wanted_library(str_from(s, strlen(p->library)));
	if (str_starts(s, "bin/python"))
		return true;
	/* Shared libraries: lib/libz.so.1 and the like. */
	return str_starts(s, "lib/") && strstr(path, ".so") && !strchr(path + 4, '/');
}

/* --- making it ----------------------------------------------------------------------- */

struct library {
	const struct interpreter *python;
	struct str version;
	struct bytecode *compiler;
	struct sink *to;
};

/* One of the modules that starting up reads. */
static int add_module(struct library *l, const char *path, struct err **e)
{
	AUTO(free) char *file = fs_join(l->python->folder, path);
	AUTO(buf_done) struct buf source = BUF(16 << 20);
	int code = fs_read(file, &source, e);
	return code < 0 ? code : bytecode_add(l->compiler, path, source.data, source.n, e);
}

static int put_bytecode(void *cookie, const struct bytecode_file *f, struct err **e)
{
	struct library *l = cookie;
	AUTO(buf_done) struct buf path = BUF(BUF_UNLIMITED);
	if (!f->p || !bytecode_path(str_of(f->source), l->version, &path))
		return 0;
	struct entry entry = {ENTRY_FILE, path.data, NULL, 0644, 0, f->size};
	int code = l->to->entry(l->to, &entry, e);
	return code < 0 ? code : l->to->data(l->to, f->p, f->size, e);
}

/* The bytecode that came with it goes by file times, which linking sets anew: python would
 * compile what it reads at each start, which doubles the time that takes. What fails here is
 * only slower, or will fail again where it matters. */
static int quicken(const struct parts *p, const struct interpreter *python, struct err **e)
{
	static const char *const modules[] = {
		"encodings/__init__.py",
		"encodings/aliases.py",
		"encodings/utf_8.py",
		"warnings.py",
	};
	AUTO(sink_folder_free) struct sink *to = sink_folder_new(python->folder, e);
	AUTO(bytecode_free) struct bytecode *compiler = NULL;
	struct library l = {.python = python, .version = p->minor, .to = to};
	int code = to ? 0 : ERR_IO;
	if (code == 0)
		code = bytecode_start(python, p->plan->options.prefix, python->folder, &compiler,
				      e);
	l.compiler = compiler;
	for (size_t i = 0; i < COUNT(modules) && code == 0; i++) {
		struct buf path = BUF(200);
		buf_printf(&path, "%s%s", p->library, modules[i]);
		AUTO(free) char *name = buf_take(&path);
		code = add_module(&l, name, e);
	}
	return code < 0 ? code : bytecode_end(compiler, put_bytecode, &l, e);
}

static int make(const struct parts *p, const char *program, const char *place, struct err **e)
{
	AUTO(free) char *aside = NULL;
	int code = link_tree_temp(p->plan, &aside, e);
	if (code < 0)
		return code;
	struct link_tree_request q = {p->plan, p->chosen, aside, wanted, p};
	struct interpreter python = {aside, (char *)program};
	code = link_tree(&q, e);
	if (code == 0)
		(void)quicken(p, &python, NULL);
	if (code == 0 && rename(aside, place) < 0)
		code = err_sys(e, "%s", place);
	if (code < 0)
		fs_remove(aside, NULL);
	return code;
}

/* One process makes it, the others wait. */
static int make_once(const struct parts *p, const char *program, const char *place, struct err **e)
{
	if (access(place, F_OK) == 0)
		return 0;
	AUTO(free) char *locks = NULL;
	AUTO(fd_close) int lock = -1;
	struct buf name = BUF(200);
	buf_printf(&name, "interpreter-%s", strrchr(place, '/') + 1);
	AUTO(free) char *lock_name = buf_take(&name);
	int code = layout_folder(p->plan->options.cache, LAYOUT_LOCKS, &locks, e);
	if (code == 0)
		code = layout_lock(locks, lock_name, &lock, e);
	if (code < 0 || access(place, F_OK) == 0)
		return code;
	return make(p, program, place, e);
}

int interpreter_open(const struct link_plan *p, struct interpreter *out, struct err **e)
{
	AUTO(parts_done) struct parts parts = {0};
	AUTO(free) char *folders = NULL;
	int code = choose(p, &parts, e);
	if (code == 0)
		code = layout_folder(p->options.cache, LAYOUT_INTERPRETERS, &folders, e);
	if (code < 0)
		return code;
	AUTO(free) char *place = fs_join(folders, identity(&parts).hex);
	struct buf name = BUF(100);
	buf_printf(&name, "bin/python%.*s", STR_ARG(parts.minor));
	AUTO(free) char *program = buf_take(&name);
	if ((code = make_once(&parts, program, place, e)) < 0)
		return err_wrap(e, "the interpreter that makes bytecode");
	out->folder = STEAL(&place);
	out->program = STEAL(&program);
	return 0;
}

int bytecode_open(const struct link_plan *p, struct bytecode **out, struct err **e)
{
	AUTO(interpreter_done) struct interpreter python = {0};
	AUTO(free) char *scratch = NULL;
	int code = interpreter_open(p, &python, e);
	if (code == 0)
		code = layout_folder(p->options.cache, LAYOUT_TREES, &scratch, e);
	return code < 0 ? code : bytecode_start(&python, p->options.prefix, scratch, out, e);
}
