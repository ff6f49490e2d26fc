/* builder/check_source.c - imports of the user's own code that nothing in the environment provides.
 */
#include "builder/check_source.h"
#include "builder/link_tree.h"
#include "builder/noarch.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include "specs/pyimports.h"
#include <errno.h>
#include <fts.h>
#include <sys/stat.h>

enum { SOURCE_MAX = 16 << 20 };

/* Modules that are part of the interpreter in some Python or other, and so no file. */
static const char *const built_in[] = {
	"__main__", "_thread",	   "array",	   "atexit",   "binascii", "builtins",	"cmath",
	"errno",    "fcntl",	   "faulthandler", "gc",       "grp",	   "itertools", "marshal",
	"math",	    "mmap",	   "msvcrt",	   "nt",       "posix",	   "pwd",	"pyexpat",
	"resource", "select",	   "signal",	   "spwd",     "sys",	   "syslog",	"termios",
	"time",	    "unicodedata", "winreg",	   "winsound", "zlib",
};

/* Distributions whose module has another name. */
static const struct {
	const char *module, *distribution;
} known[] = {
	{"Crypto", "pycryptodome"},
	{"OpenSSL", "pyOpenSSL"},
	{"PIL", "pillow"},
	{"attr", "attrs"},
	{"bs4", "beautifulsoup4"},
	{"cv2", "opencv-python-headless"},
	{"dateutil", "python-dateutil"},
	{"dotenv", "python-dotenv"},
	{"faiss", "faiss-cpu"},
	{"fitz", "PyMuPDF"},
	{"git", "GitPython"},
	{"github", "PyGithub"},
	{"google", "google-api-python-client or the like"},
	{"jose", "python-jose"},
	{"jwt", "PyJWT"},
	{"kafka", "kafka-python"},
	{"ldap", "python-ldap"},
	{"magic", "python-magic"},
	{"mpl_toolkits", "matplotlib"},
	{"MySQLdb", "mysqlclient"},
	{"pkg_resources", "setuptools before 82"},
	{"psycopg2", "psycopg2-binary"},
	{"pythoncom", "pywin32"},
	{"serial", "pyserial"},
	{"skimage", "scikit-image"},
	{"sklearn", "scikit-learn"},
	{"telegram", "python-telegram-bot"},
	{"usb", "pyusb"},
	{"win32api", "pywin32"},
	{"yaml", "PyYAML"},
	{"zmq", "pyzmq"},
};

struct names {
	VEC(struct str) list;
};

struct looking {
	struct arena arena;
	struct names there; /* what may be imported; sorted before it is asked */
	struct names files; /* the user's sources */
	struct names told;
	const char *folder;
	struct findings *out;
};

static void looking_done(struct looking *l)
{
	VEC_DONE(&l->there.list);
	VEC_DONE(&l->files.list);
	VEC_DONE(&l->told.list);
	arena_done(&l->arena);
}
AUTO_DEFINE_VALUE(struct looking, looking_done)

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool has(const struct names *n, struct str name)
{
	return n->list.n && bsearch(&name, n->list.v, n->list.n, sizeof(name), by_text);
}

/* ---- what is there ---- */

/* `numpy` of numpy/__init__.py, `six` of six.py, `_cffi` of _cffi.cpython-311-x86_64-linux-gnu.so.
 */
static struct str module_of(struct str path)
{
	static const char *const suffixes[] = {".py", ".so", ".pyc", ".pyd", ".pyx"};
	size_t slash = str_find(path, '/');
	if (slash < path.n)
		return str_to(path, slash);
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (str_ends(path, suffixes[i]))
			return str_to(path, str_find(path, '.'));
	return (struct str){0};
}

/* Neighbours in a list of files mostly are of one module. */
static void add_module(struct looking *l, struct str name)
{
	struct names *n = &l->there;
	if (name.n && (!n->list.n || !str_eq(n->list.v[n->list.n - 1], name)))
		VEC_PUSH(&n->list, name);
}

static bool cut_folder(struct str *path, struct str folder)
{
	if (path->n <= folder.n || !str_eq(str_to(*path, folder.n), folder) ||
	    path->p[folder.n] != '/')
		return false;
	*path = str_from(*path, folder.n + 1);
	return true;
}

static int add_packages(struct looking *l, const struct link_plan *p, struct err **e)
{
	struct noarch_python python;
	size_t at = link_tree_find(p, "python");
	if (at == p->count)
		return err_set(e, ERR_ABSENT, "the environment has no python that would import");
	int code = noarch_python(&l->arena, &p->records[at], &python, e);
	if (code < 0)
		return code;
	struct str library = arena_printf(&l->arena, "lib/python%.*s", STR_ARG(python.minor));
	for (size_t i = 0; i < p->count; i++) {
		struct strs paths = link_paths(p, i);
		for (size_t k = 0; k < paths.n; k++) {
			struct str path = paths.v[k];
			if (!cut_folder(&path, python.site_packages) && !cut_folder(&path, library))
				continue;
			cut_folder(&path, STR("lib-dynload"));
			add_module(l, module_of(path));
		}
	}
	return 0;
}

/* ---- the user's files ---- */

static bool is_skipped(const FTSENT *at)
{
	AUTO(free) char *environment = fs_join(at->fts_path, "pyvenv.cfg");
	return at->fts_level > 0 &&
	       (at->fts_name[0] == '.' || strcmp(at->fts_name, "__pycache__") == 0 ||
		strcmp(at->fts_name, "node_modules") == 0 || access(environment, F_OK) == 0);
}

/* Any folder and any file may be a module, from some place that is started. */
static void take_file(struct looking *l, FTS *walk, FTSENT *at)
{
	struct str name = str_of(at->fts_name);
	if (at->fts_info == FTS_D && is_skipped(at)) {
		fts_set(walk, at, FTS_SKIP);
	} else if (at->fts_info == FTS_D) {
		add_module(l, arena_str(&l->arena, name));
	} else if (at->fts_info == FTS_F) {
		add_module(l, module_of(arena_str(&l->arena, name)));
		if (str_ends(name, ".py"))
			VEC_PUSH(&l->files.list, arena_str(&l->arena, str_of(at->fts_path)));
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int find_files(struct looking *l, struct err **e)
{
	char *roots[] = {(char *)l->folder, NULL};
	struct stat st;
	if (stat(l->folder, &st) < 0)
		return err_sys(e, "%s", l->folder);
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *at;
	int code = 0;
	if (!walk)
		return err_sys(e, "%s", l->folder);
	while ((code = interrupt_check(e)) == 0 && (at = fts_read(walk)))
		take_file(l, walk, at);
	fts_close(walk);
	return code;
}

/* ---- what is not there ---- */

static void tell(struct looking *l, struct str file, const struct pyimport *at)
{
	const char *distribution = NULL;
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_is(at->name, known[i].module))
			distribution = known[i].distribution;
	struct arena *a = &l->out->arena;
	struct str hint = distribution ? arena_printf(a, " (%s does)", distribution) : STR("");
	findings_add_import(l->out, arena_printf(a,
						 "%.*s:%u: nothing in the environment provides "
						 "%.*s%.*s",
						 STR_ARG(file), at->line, STR_ARG(at->name),
						 STR_ARG(hint)));
}

static bool is_told(struct looking *l, struct str name)
{
	for (size_t i = 0; i < l->told.list.n; i++)
		if (str_eq(l->told.list.v[i], name))
			return true;
	VEC_PUSH(&l->told.list, arena_str(&l->arena, name));
	return false;
}

static bool is_built_in(struct str name)
{
	for (size_t i = 0; i < COUNT(built_in); i++)
		if (str_is(name, built_in[i]))
			return true;
	return false;
}

static int look_at(struct looking *l, struct str file, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(SOURCE_MAX);
	AUTO(pyimports_done) struct pyimports imports = {0};
	int code = fs_read(file.p, &text, e);
	if (code < 0)
		return code;
	pyimports_read(buf_str(&text), &imports);
	for (size_t i = 0; i < imports.list.n; i++) {
		const struct pyimport *at = &imports.list.v[i];
		if (!has(&l->there, at->name) && !is_built_in(at->name) && !is_told(l, at->name))
			tell(l, file, at);
	}
	return 0;
}

int check_source(const char *folder, const struct link_plan *p, struct findings *out,
		 struct err **e)
{
	AUTO(looking_done) struct looking l = {.arena = ARENA, .folder = folder, .out = out};
	int code = find_files(&l, e);
	if (code == 0)
		code = add_packages(&l, p, e);
	if (code < 0)
		return code;
	if (l.there.list.n)
		qsort(l.there.list.v, l.there.list.n, sizeof(*l.there.list.v), by_text);
	for (size_t i = 0; i < l.files.list.n && code == 0; i++)
		code = look_at(&l, l.files.list.v[i], e);
	return code;
}
