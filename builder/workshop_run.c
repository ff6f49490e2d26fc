/* builder/workshop_run.c - one build: its environment, its requirements, its backend. */
#include "builder/backend.h"
#include "builder/link_tree.h"
#include "builder/sandbox.h"
#include "builder/source_tree.h"
#include "builder/wheel.h"
#include "builder/workshop_private.h"
#include "cache/layout.h"
#include "specs/base/vec.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define FORMAT "kiln environment 2"

/* Requirements of a build run here, on this machine's glibc, and are to be the same everywhere:
 * so wheels for a glibc that any such machine has. */
enum { TOOLS_GLIBC = 28 };

int workshop_fetch(struct workshop *w, const struct record *records, size_t count,
		   struct package_file *files, struct err **e)
{
	struct build *b = w->b;
	struct package_options options = {b->cache, b->o.offline, b->missing, b->o.jobs, b->o.log};
	return packages_fetch(b->http, records, count, &options, files, e);
}

int workshop_folder(struct workshop *w, char **out, struct err **e)
{
	AUTO(free) char *trees = NULL;
	int code = layout_folder(w->b->cache, LAYOUT_TREES, &trees, e);
	return code < 0 ? code : fs_temp_dir(trees, out, e);
}

/* ---- conda's packages, as a build sees them ---- */

static const struct record *python_of(const struct link_plan *p)
{
	return &p->records[link_tree_find(p, "python")];
}

static int find_python(struct workshop *w, struct noarch_python *out, struct err **e)
{
	return noarch_python(&w->arena, python_of(&w->plan), out, e);
}

/* Not its Python packages: a build has its own. */
static bool is_seen(struct str path, struct str site_packages)
{
	return !str_starts(path, "conda-meta/") && !str_starts(path, "site-packages/") &&
	       !(path.n > site_packages.n && str_eq(str_to(path, site_packages.n), site_packages));
}

static bool wanted(const void *cookie, const char *path)
{
	const struct noarch_python *python = cookie;
	return is_seen(str_of(path), python->site_packages);
}

static bool has_any(const struct link_plan *p, size_t i, const struct noarch_python *python)
{
	struct strs paths = link_paths(p, i);
	for (size_t k = 0; k < paths.n; k++)
		if (is_seen(paths.v[k], python->site_packages))
			return true;
	return false;
}

static int choose(struct workshop *w, struct err **e)
{
	AUTO(hasher_free) struct hasher *h = hasher_new();
	struct noarch_python python;
	int code = find_python(w, &python, e);
	if (code < 0)
		return code;
	w->chosen = arena_zero(&w->arena, w->plan.count, sizeof(bool));
	hasher_add(h, FORMAT, sizeof(FORMAT));
	for (size_t i = 0; i < w->plan.count; i++) {
		struct digest d;
		bool of_python = w->plan.records[i].noarch == NOARCH_PYTHON;
		w->chosen[i] = !of_python && has_any(&w->plan, i, &python);
		link_identity(&w->plan, i, &d);
		if (w->chosen[i])
			hasher_add(h, &d, sizeof(d));
	}
	hasher_end(h, &w->identity);
	return 0;
}

static struct link_options link_options_of(const struct workshop *w)
{
	return (struct link_options){
		.prefix = w->b->prefix,
		.cache = w->b->cache,
		.http = w->b->http,
		.offline = w->b->o.offline,
		.jobs = w->b->o.jobs,
	};
}

int workshop_plan(struct workshop *w, struct err **e)
{
	struct link_options options = link_options_of(w);
	size_t n = 0;
	if (w->planned)
		return 0;
	struct record *records = arena_zero(&w->arena, w->lock->count, sizeof(*records));
	struct package_file *files = arena_zero(&w->arena, w->lock->count, sizeof(*files));
	for (size_t i = 0; i < w->lock->count; i++)
		if (w->lock->records[i].manager == MANAGER_CONDA) {
			records[n] = w->lock->records[i];
			files[n++] = w->files[i];
		}
	int code = link_plan_make(&options, records, files, n, &w->plan, e);
	if (code == 0)
		code = choose(w, e);
	w->planned = code == 0;
	return code;
}

/* *out: a folder of its own. */
static int link_environment(struct workshop *w, char **out, struct err **e)
{
	struct noarch_python python;
	AUTO(free) char *aside = NULL;
	int code = find_python(w, &python, e);
	if (code == 0)
		code = link_tree_temp(&w->plan, &aside, e);
	if (code < 0)
		return code;
	struct link_tree_request q = {&w->plan, w->chosen, aside, wanted, &python};
	code = link_tree(&q, e);
	/* where a build's own packages are to be seen */
	struct str site = arena_printf(&w->arena, "%s/%.*s", aside, STR_ARG(python.site_packages));
	if (code == 0)
		code = fs_make_dirs(site.p, 0755, e);
	if (code < 0)
		fs_remove(aside, NULL);
	else
		*out = STEAL(&aside);
	return code;
}

static int link_environment_into(struct workshop *w, const char *place, struct err **e)
{
	AUTO(free) char *aside = NULL;
	int code = link_environment(w, &aside, e);
	if (code < 0)
		return code;
	code = layout_place(aside, place, e);
	if (code < 0)
		fs_remove(aside, NULL);
	return code;
}

static int lock_environment(struct workshop *w, int *out_lock, struct err **e)
{
	AUTO(free) char *locks = NULL;
	struct str name = arena_printf(&w->arena, "environment-%s", digest_text(&w->identity).hex);
	int code = layout_folder(w->b->cache, LAYOUT_LOCKS, &locks, e);
	return code < 0 ? code : layout_lock(locks, name.p, out_lock, e);
}

/* One process links it, others wait; it stays for further builds. */
static int get_environment(struct workshop *w, struct err **e)
{
	AUTO(free) char *folders = NULL;
	AUTO(fd_close) int lock = -1;
	if (w->environment)
		return 0;
	int code = layout_folder(w->b->cache, LAYOUT_INTERPRETERS, &folders, e);
	if (code == 0)
		code = lock_environment(w, &lock, e);
	if (code < 0)
		return code;
	AUTO(free) char *place = fs_join(folders, digest_text(&w->identity).hex);
	w->found = access(place, F_OK) == 0;
	if (!w->found)
		code = link_environment_into(w, place, e);
	if (code == 0)
		code = build_activation(w->b, &w->plan, &w->arena, &w->variables, e);
	if (code == 0)
		w->environment = STEAL(&place);
	return code;
}

/* What cannot be read is not the same. */
static bool same_files(const char *one, const char *two)
{
	struct digest a, b;
	return source_copy_checkout(one, NULL, &a, NULL) == 0 &&
	       source_copy_checkout(two, NULL, &b, NULL) == 0 && digest_eq(&a, &b);
}

bool workshop_renew(struct workshop *w)
{
	AUTO(free) char *aside = NULL;
	AUTO(fd_close) int lock = -1;
	if (!w->found)
		return false;
	w->found = false;
	if (lock_environment(w, &lock, NULL) < 0 || link_environment(w, &aside, NULL) < 0)
		return false;
	if (!same_files(aside, w->environment) && layout_place(aside, w->environment, NULL) == 0) {
		log_info(w->b->o.log, "%s was damaged on the disk; it is made anew",
			 w->environment);
		return true;
	}
	fs_remove(aside, NULL);
	return false;
}

/* ---- requirements of a build ---- */

struct tools {
	struct record *wheels;
	size_t count;
	char *folder; /* where they are installed */
};

static struct str file_of(struct arena *a, struct str url)
{
	size_t at = url.n;
	while (at && url.p[at - 1] != '/')
		at--;
	return url_decoded(a, str_from(url, at));
}

/* One pin, and of a source those below it. */
static int read_pin(struct arena *a, struct str pin, struct strs below, struct record *out,
		    struct err **e)
{
	struct str hash = pin, url;
	str_cut(&hash, '#', &url);
	*out = (struct record){.manager = MANAGER_PIP, .url = url, .noarch = NOARCH_PYTHON};
	out->fn = file_of(a, url);
	out->has_sha256 = str_starts(hash, "sha256=") &&
			  digest_parse(str_from(hash, strlen("sha256=")), &out->sha256);
	bool source = source_is_archive(out->fn);
	if (!out->has_sha256 || (!source && !str_ends(out->fn, ".whl")) || (!source && below.n))
		return err_set(e, ERR_SYNTAX,
			       "\"%.*s\" is nothing that it can be built with: an address of a "
			       "wheel or a source, #sha256= and 64 digits are wanted",
			       STR_ARG(pin));
	if (!source)
		return 0;
	struct record_source *s = arena_zero(a, 1, sizeof(*s));
	struct str *lines = arena_zero(a, below.n, sizeof(*lines));
	for (size_t i = 0; i < below.n; i++)
		lines[i] = str_from(below.v[i], 1);
	*s = (struct record_source){.kind = SOURCE_ARCHIVE, .requires = {lines, below.n}};
	out->source = s;
	return 0;
}

/* As they stand in a lock. */
static int read_pins(struct making *m, struct tools *t, struct err **e)
{
	struct strs pins = m->r->source->requires;
	int code = 0;
	t->wheels = arena_zero(m->a, pins.n, sizeof(*t->wheels));
	t->count = 0;
	for (size_t i = 0; i < pins.n && code == 0;) {
		struct strs below = {pins.v + i + 1, 0};
		while (i + 1 + below.n < pins.n && str_starts(below.v[below.n], ">"))
			below.n++;
		code = read_pin(m->a, pins.v[i], below, &t->wheels[t->count++], e);
		i += 1 + below.n;
	}
	return code;
}

static void write_pins(struct making *m, const struct tools *t)
{
	struct record_source *s = arena_zero(m->a, 1, sizeof(*s));
	VEC(struct str) pins = {0};
	*s = *m->r->source;
	for (size_t i = 0; i < t->count; i++) {
		const struct record *r = &t->wheels[i];
		VEC_PUSH(&pins, arena_printf(m->a, "%.*s#sha256=%s", STR_ARG(r->url),
					     digest_text(&r->sha256).hex));
		for (size_t k = 0; r->source && k < r->source->requires.n; k++)
			VEC_PUSH(&pins,
				 arena_printf(m->a, ">%.*s", STR_ARG(r->source->requires.v[k])));
	}
	s->requires = arena_strs(m->a, (struct strs){pins.v, pins.n});
	VEC_DONE(&pins);
	m->r->source = s;
}

static int add_requirements(struct arena *a, struct strs texts, struct requirements *to,
			    struct err **e)
{
	for (size_t i = 0; i < texts.n; i++) {
		struct requirement_line *line = VEC_ADD(&to->lines);
		*line = (struct requirement_line){.file = STR("its build requirements"),
						  .line = (unsigned)i + 1};
		int code = requirement_parse(a, texts.v[i], &line->requirement, e);
		if (code < 0)
			return err_wrap(e, code, "its build requirement %.*s", STR_ARG(texts.v[i]));
	}
	return 0;
}

/* Wheels for them, from where the definition's come from; sources where there is none. */
static int resolve(struct workshop *w, struct making *m, struct strs one, struct strs two,
		   struct tools *t, struct err **e)
{
	struct requirements from = REQUIREMENTS, wanted;
	struct pip_request q = {
		.requirements = &wanted,
		.cache = w->b->cache,
		.offline = w->b->o.offline,
		.connect_ms = w->b->o.connect_ms,
		.idle_ms = w->b->o.idle_ms,
		.newest = w->b->newest,
		.build = workshop_build_dist,
		.python = workshop_python,
		.cookie = w,
		.log = w->b->o.log,
	};
	wanted = w->requirements ? *w->requirements : from;
	memset(&wanted.lines, 0, sizeof(wanted.lines));
	wanted.no_binary.n = wanted.only_binary.n = 0;
	wanted.require_hashes = false;
	int code = workshop_target(w->b, w->lock, &q.target, e);
	if (q.target.glibc > TOOLS_GLIBC)
		q.target.glibc = TOOLS_GLIBC;
	if (code == 0)
		code = add_requirements(m->a, one, &wanted, e);
	if (code == 0)
		code = add_requirements(m->a, two, &wanted, e);
	if (code == 0 && wanted.lines.n)
		code = pip_solve(&q, m->a, &t->wheels, &t->count, e);
	else
		t->count = 0;
	VEC_DONE(&wanted.lines);
	return code < 0 ? err_wrap(e, code, "what it is built with") : 0;
}

/* A pin says no name and no version; the wheel itself does. */
static int complete(struct making *m, struct record *r, const char *archive, struct err **e)
{
	struct pip_dist dist;
	if (r->name.n)
		return 0;
	int code = pip_dist_of_wheel(archive, m->a, &dist, e);
	r->name = dist.name;
	r->version_text = dist.version;
	return code;
}

/* In the place of sources. */
static int build_tools(struct workshop *w, struct making *m, struct tools *t,
		       struct package_file *files, struct err **e)
{
	int code = 0;
	for (size_t i = 0; i < t->count && code == 0; i++) {
		struct package_file wheel = {0};
		if (!t->wheels[i].source)
			continue;
		code = workshop_build(w, m->a, &t->wheels[i], &wheel, e);
		if (code < 0)
			break;
		package_files_done(&files[i], 1);
		files[i] = wheel;
	}
	return code;
}

static int install(struct workshop *w, struct making *m, struct tools *t,
		   const struct package_file *files, struct err **e)
{
	AUTO(link_plan_done) struct link_plan plan = {0};
	AUTO(free) struct record *records = mem_zero(t->count + 1, sizeof(*records));
	AUTO(free) struct package_file *all = mem_zero(t->count + 1, sizeof(*all));
	AUTO(free) bool *chosen = mem_zero(t->count + 1, sizeof(*chosen));
	struct link_options options = link_options_of(w);
	size_t python = link_tree_find(&w->plan, "python");
	int code = 0;
	records[0] = w->plan.records[python];
	all[0] = w->plan.files[python];
	for (size_t i = 0; i < t->count && code == 0; i++) {
		code = complete(m, &t->wheels[i], files[i].path, e);
		records[i + 1] = t->wheels[i];
		all[i + 1] = files[i];
		chosen[i + 1] = true;
	}
	if (code == 0)
		code = link_plan_make(&options, records, all, t->count + 1, &plan, e);
	return code < 0 ? code
			: link_tree(
				  &(struct link_tree_request){&plan, chosen, t->folder, NULL, NULL},
				  e);
}

/* name: of the folder, below the build's own. */
static int install_tools(struct workshop *w, struct making *m, const char *name, struct tools *t,
			 struct err **e)
{
	AUTO(free) struct package_file *files = mem_zero(t->count + 1, sizeof(*files));
	struct noarch_python python;
	free(t->folder);
	t->folder = fs_join(m->folder, name);
	int code = find_python(w, &python, e);
	if (code < 0)
		return code;
	struct str site = arena_printf(m->a, "%s/%.*s", t->folder, STR_ARG(python.site_packages));
	if ((code = fs_make_dirs(site.p, 0755, e)) < 0 ||
	    (code = workshop_fetch(w, t->wheels, t->count, files, e)) < 0)
		return code;
	for (size_t i = 0; i < t->count && code == 0; i++)
		code = files[i].path ? build_check_archive(w->b, &t->wheels[i], &files[i], e) : 0;
	if (code == 0)
		code = build_tools(w, m, t, files, e);
	if (code == 0)
		code = install(w, m, t, files, e);
	package_files_done(files, t->count);
	return code < 0 ? err_wrap(e, code, "what it is built with") : 0;
}

/* ---- the backend ---- */

/* Requirements that only the backend knows are asked for, unless the lock says all of them. */
static int get_tools(struct workshop *w, struct making *m, struct backend_request *q,
		     struct tools *t, struct err **e)
{
	struct strs more = {0};
	bool pinned = m->r->source->requires.n > 0;
	int code = pinned ? read_pins(m, t, e) : resolve(w, m, q->system->requires, more, t, e);
	if (code == 0)
		code = install_tools(w, m, "tools", t, e);
	q->tools = t->folder;
	if (code < 0 || pinned)
		return code;
	code = backend_requires(q, m->a, &more, e);
	if (code == 0 && more.n) {
		code = resolve(w, m, q->system->requires, more, t, e);
		if (code == 0)
			code = install_tools(w, m, "more-tools", t, e);
		q->tools = t->folder;
	}
	if (code == 0)
		write_pins(m, t);
	return code;
}

static int run(struct workshop *w, struct making *m, struct backend_request *q, struct tools *t,
	       char **out, struct err **e)
{
	struct noarch_python python;
	AUTO(free) char *left = fs_join(m->folder, "out");
	int code = find_python(w, &python, e);
	if (code == 0)
		code = fs_make_dirs(left, 0755, e);
	if (code < 0)
		return code;
	q->out = left;
	q->environment = w->environment;
	q->prefix = w->b->prefix;
	q->variables = w->variables;
	q->site_packages = python.site_packages;
	q->python = arena_printf(m->a, "bin/python%.*s", STR_ARG(python.minor));
	code = get_tools(w, m, q, t, e);
	return code < 0 ? code : backend_build(q, out, e);
}

int workshop_run(struct workshop *w, struct making *m, char **out, struct err **e)
{
	struct build_system system;
	struct tools tools = {0};
	struct str folder = arena_str(m->a, m->address.subdirectory);
	AUTO(free) char *project = fs_join(m->tree, folder.n ? folder.p : ".");
	struct backend_request q = {
		.what = m->what,
		.system = &system,
		.settings = m->r->source->settings,
		.source = m->tree,
		.folder = folder.n ? folder.p : "",
	};
	int code = build_system_find(m->a, project, &system, e);
	if (code == 0)
		code = workshop_plan(w, e);
	if (code == 0)
		code = get_environment(w, e);
	if (code == 0)
		code = run(w, m, &q, &tools, out, e);
	free(tools.folder);
	return code;
}

/* ---- a Python for uv ---- */

int workshop_python(void *cookie, struct arena *a, const char *shown, struct str *out,
		    struct err **e)
{
	struct workshop *w = cookie;
	struct noarch_python python;
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	if (w->b->foreign)
		return err_set(e, ERR_UNSOLVABLE,
			       "it is for %s, whose programs do not run on this machine: install "
			       "any Python",
			       w->b->foreign);
	int code = sandbox_check(e);
	if (code == 0)
		code = workshop_plan(w, e);
	if (code == 0)
		code = find_python(w, &python, e);
	if (code == 0)
		code = get_environment(w, e);
	if (code < 0)
		return code;
	struct sandbox_bind binds[] = {{w->environment, w->b->prefix, false},
				       {shown, shown, false}};
	struct str program =
		arena_printf(a, "%s/bin/python%.*s", w->b->prefix, STR_ARG(python.minor));
	const char *argv[] = {program.p, NULL};
	struct sandbox_request q = {
		.argv = argv, .binds = binds, .bind_count = COUNT(binds), .epoch = SOURCE_EPOCH};
	code = sandbox_script(&q, &text, e);
	*out = arena_str(a, buf_str(&text));
	return code;
}

/* ---- what it was linked with ---- */

/* The highest N of "GLIBC_2.N" in a library's table of wanted versions. */
static unsigned newest_glibc(struct str bytes)
{
	static const char name[] = "GLIBC_2.";
	unsigned newest = 0;
	const char *at;
	while ((at = memmem(bytes.p, bytes.n, name, sizeof(name) - 1))) {
		unsigned n = 0, digits = 0;
		bytes = str_from(bytes, (size_t)(at - bytes.p) + sizeof(name) - 1);
		while (digits < bytes.n && digits < 3 && bytes.p[digits] >= '0' &&
		       bytes.p[digits] <= '9')
			n = n * 10 + (unsigned)(bytes.p[digits++] - '0');
		newest = n > newest ? n : newest;
	}
	return newest;
}

int workshop_check_libc(const struct workshop *w, const char *wheel, struct err **e)
{
	AUTO(unpack_close) struct unpack *u = NULL;
	const struct entry *entry;
	struct pip_target target;
	int code = workshop_target(w->b, w->lock, &target, e);
	if (code == 0)
		code = unpack_open(wheel, UNPACK_WHEEL, &u, e);
	while (code == 0 && (code = unpack_next(u, &entry, e)) > 0) {
		AUTO(buf_done) struct buf bytes = BUF((size_t)1 << 30);
		if ((code = unpack_read(u, &bytes, e)) < 0)
			return code;
		unsigned wants = str_starts(buf_str(&bytes), "\x7f"
							     "ELF")
					 ? newest_glibc(buf_str(&bytes))
					 : 0;
		if (target.glibc && wants > target.glibc)
			return err_set(e, ERR_FAILED,
				       "%s of it was linked with glibc 2.%u, and the target has "
				       "2.%u: build where glibc is no newer, or with conda's "
				       "compilers among the dependencies",
				       entry->path, wants, target.glibc);
	}
	return code;
}
