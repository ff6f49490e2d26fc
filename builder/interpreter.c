/* builder/interpreter.c - the environment's own python, unpacked so that it can be run here. */
#include "builder/interpreter.h"
#include "builder/link_tree.h"
#include "cache/layout.h"
#include "specs/base/fs.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

enum { FORMAT = 2 };

/* --- what it is made of -------------------------------------------------------------- */

struct parts {
	const struct link_plan *plan;
	size_t python;
	struct str minor; /* "3.11" */
	bool *chosen;	  /* [plan->count] */
	bool whole;	  /* with all that it depends on, and the whole library */
	char library[32]; /* "lib/python3.11/" */
	char *place;	  /* the folder, in the cache */
};

static void parts_done(struct parts *p)
{
	free(p->chosen);
	free(p->place);
}
AUTO_DEFINE_VALUE(struct parts, parts_done)

/* Python, which mostly needs nothing else to start. Of what it depends on, no noarch packages:
 * those would need it themselves. */
static int choose(const struct link_plan *p, bool whole, struct parts *out, struct err **e)
{
	out->plan = p;
	out->whole = whole;
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
	if (whole)
		link_tree_add_dependencies(p, out->chosen);
	for (size_t i = 0; i < p->count; i++)
		out->chosen[i] &= p->records[i].noarch == NOARCH_NONE;
	return 0;
}

static struct digest_text identity(const struct parts *p)
{
	AUTO(hasher_free) struct hasher *h = hasher_new();
	struct digest d;
	hasher_add(h, &(uint32_t[]){FORMAT, p->whole}, 2 * sizeof(uint32_t));
	for (size_t i = 0; i < p->plan->count; i++) {
		if (!p->chosen[i])
			continue;
		link_identity(p->plan, i, &d);
		hasher_add(h, &d, sizeof(d));
	}
	hasher_end(h, &d);
	return digest_text(&d);
}

static bool starts_with_any(struct str s, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(s, texts[i]))
			return true;
	return false;
}

/* Of the standard library: what starting up reads, with os.py, by which a library is known;
 * encodings, which sources declare; sockets. */
static bool wanted_library(const struct parts *p, struct str rest)
{
	static const char *const names[] = {
		"_bootlocale.py",
		"abc.py",
		"codecs.py",
		"encodings/",
		"io.py",
		"lib-dynload/_codecs_",
		"lib-dynload/_multibytecodec",
		"lib-dynload/_socket",
		"lib-dynload/unicodedata",
		"os.py",
		"stringprep.py",
		"warnings.py",
	};
	static const char *const more[] = {"collections/", "importlib/", "lib-dynload/", "re/"};
	return starts_with_any(rest, names, COUNT(names)) ||
	       (p->whole &&
		(str_find(rest, '/') == rest.n || starts_with_any(rest, more, COUNT(more))));
}

static bool wanted(const void *cookie, const char *path)
{
	const struct parts *p = cookie;
	struct str s = str_of(path);
	if (str_starts(s, p->library))
		return wanted_library(p, str_from(s, strlen(p->library)));
	if (str_starts(s, "bin/python"))
		return true;
	/* Shared libraries: lib/libz.so.1 and the like. */
	return str_starts(s, "lib/") && strstr(path, ".so") && !strchr(path + 4, '/');
}

/* --- making it ----------------------------------------------------------------------- */

static ino_t inode_of(const char *place)
{
	struct stat st;
	return stat(place, &st) == 0 ? st.st_ino : 0;
}

static bool usable(const char *place, ino_t damaged)
{
	ino_t inode = inode_of(place);
	return inode != 0 && inode != damaged;
}

static int make(const struct parts *p, struct err **e)
{
	AUTO(free) char *aside = NULL;
	int code = link_tree_temp(p->plan, &aside, e);
	if (code < 0)
		return code;
	struct link_tree_request q = {p->plan, p->chosen, aside, wanted, p};
	code = link_tree(&q, e);
	if (code == 0)
		code = layout_place(aside, p->place, e);
	if (code < 0)
		fs_remove(aside, NULL);
	return code;
}

/* One process makes it, the others wait. damaged: the folder that is not to be used, or 0; by its
 * inode, so that of several that find it damaged only one makes it again. */
static int make_once(const struct parts *p, ino_t damaged, struct err **e)
{
	if (usable(p->place, damaged))
		return 0;
	AUTO(free) char *locks = NULL;
	AUTO(fd_close) int lock = -1;
	struct buf name = BUF(200);
	buf_printf(&name, "interpreter-%s", strrchr(p->place, '/') + 1);
	AUTO(free) char *lock_name = buf_take(&name);
	int code = layout_folder(p->plan->options.cache, LAYOUT_LOCKS, &locks, e);
	if (code == 0)
		code = layout_lock(locks, lock_name, &lock, e);
	if (code < 0 || usable(p->place, damaged))
		return code;
	return make(p, e);
}

/* --- starting it --------------------------------------------------------------------- */

static int start_parts(const struct parts *p, ino_t damaged, struct compiler **out, struct err **e)
{
	AUTO(free) char *scratch = NULL;
	AUTO(arena_done) struct arena a = ARENA;
	int code = make_once(p, damaged, e);
	if (code < 0)
		return err_wrap(e, code, "the interpreter that makes bytecode");
	if ((code = layout_folder(p->plan->options.cache, LAYOUT_TREES, &scratch, e)) < 0)
		return code;
	const char *program = arena_printf(&a, "bin/python%.*s", STR_ARG(p->minor)).p;
	struct interpreter python = {p->place, program};
	return compiler_start(&python, p->plan->options.prefix, scratch, out, e);
}

static int start(const struct link_plan *p, bool whole, struct compiler **out, struct err **e)
{
	AUTO(parts_done) struct parts parts = {0};
	AUTO(free) char *folders = NULL;
	int code = choose(p, whole, &parts, e);
	if (code == 0)
		code = layout_folder(p->options.cache, LAYOUT_INTERPRETERS, &folders, e);
	if (code < 0)
		return code;
	parts.place = fs_join(folders, identity(&parts).hex);
	ino_t before = inode_of(parts.place);
	code = start_parts(&parts, 0, out, e);
	if (code != ERR_FAILED || !whole || before == 0)
		return code;
	/* It stood there and does not start: what a power cut may leave. */
	err_clear(e);
	return start_parts(&parts, before, out, e);
}

struct interpreter_slot {
	pthread_mutex_t lock;
	struct compiler *compiler;
};

struct interpreter_slot *interpreter_slot_new(void)
{
	struct interpreter_slot *s = mem_zero(1, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void interpreter_slot_free(struct interpreter_slot *s)
{
	if (!s)
		return;
	compiler_stop(s->compiler);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int interpreter_start(const struct link_plan *p, struct compiler **out, struct err **e)
{
	struct interpreter_slot *s = p->interpreter;
	pthread_mutex_lock(&s->lock);
	int code = s->compiler ? 0 : start(p, false, &s->compiler, e);
	if (code == ERR_FAILED) {
		err_clear(e);
		code = start(p, true, &s->compiler, e);
	}
	*out = s->compiler;
	pthread_mutex_unlock(&s->lock);
	return code;
}
