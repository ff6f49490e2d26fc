/* builder/workshop.c - where sources become wheels: what is kept, what is fetched, what is checked.
 */
#include "builder/workshop.h"
#include "builder/checked.h"
#include "builder/credentials.h"
#include "builder/git_store.h"
#include "builder/sandbox.h"
#include "builder/source_tree.h"
#include "builder/wheel.h"
#include "builder/workshop_private.h"
#include "cache/layout.h"
#include "specs/base/fs.h"
#include "specs/pyversion.h"
#include "specs/wheel_name.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define FORMAT "kiln wheel 3"
enum { KEPT_MAX = 4 << 20, DEPTH_MAX = 8 };

struct workshop *workshop_open(struct build *b, const struct lock *l,
			       const struct package_file *files,
			       const struct requirements *requirements)
{
	struct workshop *w = mem_zero(1, sizeof(*w));
	*w = (struct workshop){.b = b, .lock = l, .files = files, .requirements = requirements};
	return w;
}

void workshop_close(struct workshop *w)
{
	if (!w)
		return;
	link_plan_done(&w->plan);
	free(w->environment);
	arena_done(&w->arena);
	free(w);
}

/* "__glibc=2.36=0" gives 36. */
static unsigned glibc_minor(const struct lock *l)
{
	for (size_t i = 0; i < l->virtuals.n; i++) {
		struct str text = l->virtuals.v[i], minor;
		uint64_t n;
		if (!str_starts(text, "__glibc=2."))
			continue;
		minor = str_from(text, strlen("__glibc=2."));
		minor = str_to(minor, str_find(minor, '='));
		if (str_u64(str_to(minor, str_find(minor, '.')), &n))
			return (unsigned)n;
	}
	return 0;
}

static size_t find_python(const struct lock *l)
{
	size_t i = 0;
	while (i < l->count &&
	       !(l->records[i].manager == MANAGER_CONDA && str_is(l->records[i].name, "python")))
		i++;
	return i;
}

int workshop_target(const struct build *b, const struct lock *l, struct pip_target *out,
		    struct err **e)
{
	size_t at = find_python(l);
	if (at == l->count)
		return err_set(e, ERR_UNSOLVABLE,
			       "pip requirements need a python, and no dependency brings one: add "
			       "python to the dependencies");
	*out = (struct pip_target){b->platform, l->records[at].version_text, glibc_minor(l)};
	return 0;
}

/* ---- what is kept of a wheel: cache/built/KEY ---- */

static void add_str(struct hasher *h, struct str s)
{
	hasher_add(h, s.p, s.n);
	hasher_add(h, "", 1);
}

/* Where its requirements would come from. */
static void add_indexes(struct hasher *h, struct arena *a, const struct workshop *w)
{
	const struct requirements *r = w->requirements;
	add_str(h, w->b->newest);
	if (!r)
		return;
	add_str(h, url_without_login(a, r->index_url));
	const struct strs lists[] = {{r->extra_index_urls.v, r->extra_index_urls.n},
				     {r->find_links.v, r->find_links.n}};
	for (size_t i = 0; i < COUNT(lists); i++) {
		for (size_t k = 0; k < lists[i].n; k++)
			add_str(h, url_without_login(a, lists[i].v[k]));
		add_str(h, STR("and"));
	}
	add_str(h, r->no_index ? STR("no index") : STR("index"));
}

/* requires: what it was built with, or {0} for whatever that was. environment: of conda's
 * packages; NULL: a wheel of any platform. */
static struct digest_text key_of(const struct workshop *w, const struct record *r,
				 struct strs requires, const struct digest *environment)
{
	AUTO(hasher_free) struct hasher *h = hasher_new();
	AUTO(arena_done) struct arena a = ARENA;
	struct source_address s = {0};
	struct digest d;
	source_address_parse(&a, r->url, &s, NULL);
	add_str(h, STR(FORMAT));
	hasher_add(h, &r->sha256, sizeof(r->sha256));
	hasher_add(h, &w->files[find_python(w->lock)].sha256, sizeof(struct digest));
	add_str(h, str_of(w->b->platform->image));
	add_str(h, s.subdirectory);
	/* A commit's files may say nothing of its version, which tags do. */
	add_str(h, s.revision);
	for (size_t i = 0; i < r->source->settings.n; i++)
		add_str(h, r->source->settings.v[i]);
	add_str(h, STR("with"));
	for (size_t i = 0; i < requires.n; i++)
		add_str(h, requires.v[i]);
	if (!requires.n)
		add_indexes(h, &a, w);
	if (environment)
		hasher_add(h, environment, sizeof(*environment));
	hasher_end(h, &d);
	return digest_text(&d);
}

static char *kept_path(const struct workshop *w, const char *name, struct err **e)
{
	AUTO(free) char *folder = NULL;
	return layout_folder(w->b->cache, LAYOUT_BUILT, &folder, e) < 0 ? NULL
									: fs_join(folder, name);
}

static char *wheel_path(const struct workshop *w, const struct digest *d, struct err **e)
{
	AUTO(free) char *folder = NULL;
	AUTO(buf_done) struct buf name = BUF(256);
	buf_printf(&name, "%s.whl", digest_text(d).hex);
	return layout_folder(w->b->cache, LAYOUT_PACKAGES, &folder, e) < 0
		       ? NULL
		       : fs_join(folder, name.data);
}

/* A line for the wheel, then one for each it was built with, checked: by them the wheel is known in
 * locks and images. */
static int keep(const struct workshop *w, const char *name, const struct record_source *s,
		struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(KEPT_MAX);
	AUTO(free) char *path = kept_path(w, name, e);
	buf_printf(&text, "%.*s#sha256=%s\n", STR_ARG(s->wheel), digest_text(&s->wheel_sha256).hex);
	for (size_t i = 0; i < s->requires.n; i++)
		buf_printf(&text, "%.*s\n", STR_ARG(s->requires.v[i]));
	checked_end(&text);
	return path ? fs_write(path, buf_str(&text), 0600, e) : ERR_IO;
}

static bool read_kept(struct arena *a, struct str text, struct record_source *to)
{
	struct str line, hash;
	str_cut(&text, '\n', &line);
	hash = line;
	str_cut(&hash, '#', &to->wheel);
	to->requires = (struct strs){0};
	while (text.n) {
		str_cut(&text, '\n', &line);
		to->requires = strs_with(a, to->requires, line);
	}
	return to->wheel.n && str_starts(hash, "sha256=") &&
	       digest_parse(str_from(hash, strlen("sha256=")), &to->wheel_sha256);
}

/* As it was built; nobody has it but this cache. */
static bool open_wheel(const struct workshop *w, const struct digest *wanted,
		       struct package_file *out)
{
	struct digest is;
	uint64_t size;
	AUTO(free) char *path = wheel_path(w, wanted, NULL);
	AUTO(fd_close) int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || digest_of_fd(fd, &is, &size, NULL) < 0 || !digest_eq(&is, wanted))
		return false;
	*out = (struct package_file){STEAL(&path), is, size, true};
	return true;
}

/* Whether the cache has the wheel that was built under this key. */
static bool look_up(const struct workshop *w, struct arena *a, const char *name, struct record *r,
		    struct package_file *out)
{
	AUTO(buf_done) struct buf text = BUF(KEPT_MAX);
	AUTO(free) char *path = kept_path(w, name, NULL);
	struct record_source *s = arena_zero(a, 1, sizeof(*s));
	*s = *r->source;
	if (!path || !checked_read(path, &text) || !read_kept(a, arena_str(a, buf_str(&text)), s) ||
	    !open_wheel(w, &s->wheel_sha256, out))
		return false;
	r->source = s;
	return true;
}

/* By what it was built with, where that is said; else the last one. */
static int find_kept(struct workshop *w, struct arena *a, struct record *r,
		     struct package_file *out, struct err **e)
{
	struct strs requires = r->source->requires;
	if (w->b->o.update && !requires.n)
		return err_set(e, ERR_ABSENT, "built anew");
	if (look_up(w, a, key_of(w, r, requires, NULL).hex, r, out))
		return 0;
	int code = workshop_plan(w, e);
	if (code < 0)
		return code;
	if (look_up(w, a, key_of(w, r, requires, &w->identity).hex, r, out))
		return 0;
	return err_set(e, ERR_ABSENT, "its wheel is not in the cache");
}

int workshop_find(struct workshop *w, struct record *r, struct package_file *out, struct err **e)
{
	return find_kept(w, &w->arena, r, out, e);
}

/* ---- the source ---- */

static int changed(const struct record *r, const struct digest *is, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	return err_set(
		e, ERR_DIGEST,
		"the files of %.*s are sha256:%s, and those that were locked sha256:%s; `kiln "
		"lock` takes them as they are now",
		STR_ARG(url_without_login(&a, r->url)), digest_text(is).hex,
		digest_text(&r->sha256).hex);
}

static int set_digest(struct record *r, const struct digest *is, struct err **e)
{
	if (r->has_sha256 && !digest_eq(&r->sha256, is))
		return changed(r, is, e);
	r->has_sha256 = true;
	r->sha256 = *is;
	return 0;
}

static int fetch_archive(struct workshop *w, struct making *m, struct err **e)
{
	struct record wanted = *m->r;
	struct package_file file = {0};
	AUTO(arena_done) struct arena a = ARENA;
	struct str shown = url_without_login(&a, m->address.address);
	if (!str_eq(shown, m->address.address)) /* a lock's has none, the definition's may */
		http_secret(w->b->http, shown, m->address.address);
	wanted.url = shown;
	int code = workshop_fetch(w, &wanted, 1, &file, e);
	if (code < 0)
		return code;
	m->archive = STEAL(&file.path);
	return set_digest(m->r, &file.sha256, e);
}

/* Only its digest: it is copied when it is built. */
static int look_at_folder(struct making *m, struct err **e)
{
	struct str path = source_address_path(m->a, m->address.address);
	struct digest is;
	int code = source_copy(path.p, NULL, &is, e);
	return code < 0 ? code : set_digest(m->r, &is, e);
}

static int find_commit(struct workshop *w, struct making *m, struct err **e)
{
	struct git_commit found;
	struct source_address asked = m->address;
	AUTO(secret_free)
	char *real = http_real_url(w->b->http, arena_str(m->a, m->address.address).p);
	asked.address = str_of(real);
	int code = git_store_get(w->b->cache, &asked, w->b->o.offline, m->a, &found, e);
	if (code < 0)
		return code;
	m->kept = found.folder;
	m->r->url = source_address_of_commit(m->a, &m->address, found.name);
	return set_digest(m->r, &found.files, e);
}

/* What is needed to know its digest. */
static int get_source(struct workshop *w, struct making *m, struct err **e)
{
	switch (m->r->source->kind) {
	case SOURCE_ARCHIVE:
		return fetch_archive(w, m, e);
	case SOURCE_FOLDER:
		return m->r->has_sha256 ? 0 : look_at_folder(m, e);
	case SOURCE_GIT:
		return m->r->has_sha256 ? 0 : find_commit(w, m, e);
	case SOURCE_NONE:
		break;
	}
	return err_set(e, ERR_FAILED, "%.*s is no source", STR_ARG(m->r->url));
}

/* *out: what its files are. */
static int copy_tree(struct making *m, const char *from, struct digest *out, struct err **e)
{
	bool checkout = m->r->source->kind == SOURCE_GIT;
	m->tree = fs_join(m->folder, "copy");
	int code = fs_make_dirs(m->tree, 0755, e);
	if (code < 0)
		return code;
	AUTO(sink_folder_free) struct sink *to = sink_folder_new(m->tree, e);
	if (!to)
		return ERR_IO;
	code = checkout ? source_copy_checkout(from, to, out, e) : source_copy(from, to, out, e);
	return code < 0 ? code : sink_folder_end(to, e);
}

static int copy_folder(struct making *m, const char *from, struct err **e)
{
	struct digest is;
	int code = copy_tree(m, from, &is, e);
	return code < 0 ? code : set_digest(m->r, &is, e);
}

static int copy_commit(struct workshop *w, struct making *m, struct err **e)
{
	int code = m->kept ? 0 : find_commit(w, m, e);
	return code < 0 ? code : copy_folder(m, m->kept, e);
}

static int unpack_archive(struct workshop *w, struct making *m, struct err **e)
{
	struct package_file file = {.path = m->archive, .sha256 = m->r->sha256};
	struct record r = *m->r;
	r.url = url_without_login(m->a, m->address.address);
	AUTO(free) char *folder = fs_join(m->folder, "unpacked");
	int code = build_check_archive(w->b, &r, &file, e);
	if (code == 0)
		code = fs_make_dirs(folder, 0755, e);
	return code < 0 ? code : source_unpack(m->archive, folder, &m->tree, e);
}

/* As files: m->tree. */
static int lay_out_source(struct workshop *w, struct making *m, struct err **e)
{
	if (m->r->source->kind == SOURCE_FOLDER)
		return copy_folder(m, source_address_path(m->a, m->address.address).p, e);
	if (m->r->source->kind == SOURCE_GIT)
		return copy_commit(w, m, e);
	return unpack_archive(w, m, e);
}

/* ---- the wheel ---- */

static bool same_version(struct str one, struct str two)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct pyversion v, w;
	return pyversion_parse(&a, one, &v, NULL) == 0 && pyversion_parse(&a, two, &w, NULL) == 0 &&
	       pyversion_compare(&v, &w) == 0;
}

/* An index, or a lock, has said what it is to be. */
static int check_identity(const struct making *m, const struct package_info *info, struct err **e)
{
	const struct record *r = m->r;
	if ((r->name.n && !str_eq(r->name, info->name)) ||
	    (r->version_text.n && !same_version(r->version_text, info->version)))
		return err_set(e, ERR_CORRUPT, "the wheel that came of it is %.*s %.*s",
			       STR_ARG(info->name), STR_ARG(info->version));
	return 0;
}

static int check_tags(const struct workshop *w, const struct wheel_name *name, struct err **e)
{
	struct pip_target target;
	int code = workshop_target(w->b, w->lock, &target, e);
	if (code == 0 && pip_tags_rank(&target, name->python, name->abi, name->platform) < 0)
		return err_set(
			e, ERR_FAILED,
			"the wheel that came of it is for %.*s-%.*s-%.*s, not for this Python",
			STR_ARG(name->python), STR_ARG(name->abi), STR_ARG(name->platform));
	return code;
}

static int check_wheel(const struct workshop *w, struct making *m, const char *path,
		       struct wheel_name *name, struct err **e)
{
	AUTO(package_info_done) struct package_info info = {.arena = ARENA};
	const char *file = strrchr(path, '/') + 1;
	int code = wheel_name_parse(arena_str(m->a, str_of(file)), name, e);
	if (code == 0)
		code = wheel_info_read(path, &info, e);
	if (code == 0)
		code = check_identity(m, &info, e);
	if (code == 0)
		code = check_tags(w, name, e);
	if (code == 0 && !str_is(name->platform, "any"))
		code = workshop_check_libc(w, path, e);
	return code;
}

/* Into the cache, under its digest. */
static int take_wheel(const struct workshop *w, struct making *m, const char *path,
		      struct package_file *out, struct err **e)
{
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	int code = digest_of_fd(fd, &out->sha256, &out->size, e);
	if (code < 0)
		return code;
	AUTO(free) char *to = wheel_path(w, &out->sha256, e);
	if (!to)
		return ERR_IO;
	if (fchmod(fd, 0600) < 0 || fsync(fd) < 0 || rename(path, to) < 0)
		return err_sys(e, "%s", to);
	struct record_source *s = arena_zero(m->a, 1, sizeof(*s));
	*s = *m->r->source;
	s->wheel = arena_str(m->a, str_of(strrchr(path, '/') + 1));
	s->wheel_sha256 = out->sha256;
	m->r->source = s;
	out->path = STEAL(&to);
	out->verified = true;
	return 0;
}

/* ---- building ---- */

static int run_once(struct workshop *w, struct making *m, char **out, struct err **e)
{
	int code = lay_out_source(w, m, e);
	return code < 0 ? code : workshop_run(w, m, out, e);
}

/* Once more where it was the environment's fault, of the source as it was. */
static int run(struct workshop *w, struct making *m, char **out, struct err **e)
{
	const struct record_source *source = m->r->source;
	int code = run_once(w, m, out, e);
	if (code != ERR_FAILED || !w->environment || !workshop_renew(w))
		return code;
	err_clear(e);
	m->r->source = source;
	free(STEAL(&m->tree));
	if ((code = fs_remove(m->folder, e)) < 0)
		return code;
	free(STEAL(&m->folder));
	code = workshop_folder(w, &m->folder, e);
	return code < 0 ? code : run_once(w, m, out, e);
}

static int build(struct workshop *w, struct making *m, struct package_file *out, struct err **e)
{
	struct wheel_name name;
	struct strs none = {0};
	AUTO(free) char *path = NULL;
	int code = sandbox_check(e);
	if (code == 0)
		code = run(w, m, &path, e);
	if (code == 0)
		code = check_wheel(w, m, path, &name, e);
	if (code == 0)
		code = take_wheel(w, m, path, out, e);
	if (code < 0)
		return code;
	bool any = str_is(name.platform, "any");
	const struct digest *environment = any ? NULL : &w->identity;
	code = keep(w, key_of(w, m->r, m->r->source->requires, environment).hex, m->r->source, e);
	if (code == 0)
		code = keep(w, key_of(w, m->r, none, environment).hex, m->r->source, e);
	return code;
}

/* One process builds it, others wait and then find it. Not where it is built for another one: two
 * processes could wait for each other's. */
static int build_once(struct workshop *w, struct making *m, struct package_file *out,
		      struct err **e)
{
	AUTO(free) char *locks = NULL;
	AUTO(fd_close) int lock = -1;
	struct strs none = {0};
	AUTO(buf_done) struct buf name = BUF(256);
	buf_printf(&name, "build-%s", key_of(w, m->r, none, NULL).hex);
	int code = layout_folder(w->b->cache, LAYOUT_LOCKS, &locks, e);
	if (code == 0 && !m->outer)
		code = layout_lock(locks, name.data, &lock, e);
	if (code == 0)
		code = find_kept(w, m->a, m->r, out, e);
	if (code != ERR_ABSENT)
		return code;
	err_clear(e);
	log_info(w->b->o.log, "%s: building its wheel", m->what);
	return build(w, m, out, e);
}

/* What comes of a source again may be something else, when its build is not reproducible. */
static void compare_with_lock(const struct workshop *w, const struct making *m,
			      const struct record_source *locked)
{
	const struct record_source *s = m->r->source;
	if (locked->wheel.n && !digest_eq(&locked->wheel_sha256, &s->wheel_sha256))
		log_warn(w->b->o.log,
			 "%s: the wheel built here is not the one of the lock (sha256:%s, not %s): "
			 "its build depends on more than its source and requirements, as on this "
			 "machine's compiler",
			 m->what, digest_text(&s->wheel_sha256).hex,
			 digest_text(&locked->wheel_sha256).hex);
}

static int make(struct workshop *w, struct making *m, struct package_file *out, struct err **e)
{
	struct record_source locked = *m->r->source;
	int code = get_source(w, m, e);
	if (code == 0)
		code = build_once(w, m, out, e);
	if (code == 0)
		compare_with_lock(w, m, &locked);
	return code;
}

/* What messages call it. */
static const char *what_of(struct arena *a, const struct record *r)
{
	if (r->name.n && r->version_text.n)
		return record_stem(a, r).p;
	return r->name.n ? arena_str(a, r->name).p : url_without_login(a, r->url).p;
}

/* What it is needed for must not need it in turn. */
static int check_outer(const struct making *m, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str url = url_without_login(&a, m->r->url);
	size_t depth = 0;
	for (const struct making *at = m->outer; at; at = at->outer) {
		if (str_eq(url_without_login(&a, at->r->url), url))
			return err_set(e, ERR_UNSOLVABLE,
				       "%s is needed to build %s: only a wheel of one of those in "
				       "between would help",
				       m->what, at->what);
		if (++depth == DEPTH_MAX)
			return err_set(e, ERR_LIMIT,
				       "more than %d sources that are built with one another",
				       DEPTH_MAX);
	}
	return 0;
}

int workshop_build(struct workshop *w, struct arena *a, struct record *r, struct package_file *out,
		   struct err **e)
{
	AUTO(making_done)
	struct making m = {.outer = w->innermost, .a = a, .r = r, .what = what_of(a, r)};
	int code = check_outer(&m, e);
	if (code == 0)
		code = source_address_parse(a, r->url, &m.address, e);
	if (code == 0 && w->b->foreign)
		code = err_set(e, ERR_UNSOLVABLE,
			       "it has to be built by programs for %s, which do not run on this "
			       "machine",
			       w->b->foreign);
	if (code == 0)
		code = workshop_folder(w, &m.folder, e);
	w->innermost = &m;
	if (code == 0)
		code = make(w, &m, out, e);
	w->innermost = m.outer;
	r->url = url_without_login(a, r->url);
	return code < 0 ? err_wrap(e, code, "%s", m.what) : 0;
}

int workshop_build_dist(void *cookie, struct arena *a, struct record *r, struct pip_dist *out,
			struct err **e)
{
	struct package_file file = {0};
	int code = workshop_build(cookie, a, r, &file, e);
	if (code == 0)
		code = pip_dist_of_wheel(file.path, a, out, e);
	package_files_done(&file, 1);
	if (code == 0 && r->name.n == 0)
		r->name = out->name;
	if (code == 0 && r->version_text.n == 0)
		r->version_text = out->version;
	return code;
}
