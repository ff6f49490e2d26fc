/* builder/environments_folder.c - versions as folders: PLACE/NAME/NUMBER/, whose files are the
 * definition's, conda-lock.yml, version.json (facts) and about.json (what is said).
 *
 * A version is written aside, synced, and renamed to the next free number in one step that fails
 * where somebody else has it; a reader sees all of it or nothing, and who is killed leaves only
 * what stands aside. Nothing of it is written again but about.json, aside and renamed too. */
#include "builder/environments_private.h"
#include "curated/catalog.h"
#include "specs/base/fs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define FACTS "version.json"
#define ABOUT "about.json"
#define ASIDE ".aside" /* no name of an environment or version */
enum { TRIES = 1000, ABANDONED_S = 24 * 3600 };

static struct str stem_of(struct arena *a, struct str name)
{
	(void)a;
	return name;
}

static struct str path_of(struct environments *s, struct arena *a, const struct version *v,
			  const char *file)
{
	return arena_printf(a, "%.*s/%.*s/%llu/%s", STR_ARG(s->place), STR_ARG(v->stem),
			    (unsigned long long)v->number, file);
}

/* ---- what is there ---- */

typedef void found(void *cookie, const char *name);

/* Calls back for each entry; a folder that is not there has none. */
static int walk(const char *path, found *each, void *cookie, struct err **e)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_sys(e, "%s", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			each(cookie, entry->d_name);
	closedir(dir);
	return 0;
}

struct names {
	struct arena *arena;
	VEC(struct str) list;
};

static void add_name(void *cookie, const char *name)
{
	struct names *to = cookie;
	if (catalog_check_name(str_of(name), false, NULL) == 0)
		VEC_PUSH(&to->list, arena_str(to->arena, str_of(name)));
}

struct numbers {
	struct str stem;
	struct versions *to;
};

static void add_number(void *cookie, const char *name)
{
	struct numbers *n = cookie;
	uint64_t number;
	if (name[0] != '0' && str_u64(str_of(name), &number) && number <= ENVIRONMENT_VERSION_MAX)
		VEC_PUSH(&n->to->list, ((struct version){n->stem, number}));
}

static int list_one(struct environments *s, struct str name, struct versions *out, struct err **e)
{
	struct numbers n = {arena_str(&out->arena, name), out};
	struct str path = arena_printf(&out->arena, "%.*s/%.*s", STR_ARG(s->place), STR_ARG(name));
	return walk(path.p, add_number, &n, e);
}

static int list(struct environments *s, struct str stem, struct versions *out, struct err **e)
{
	struct names names = {.arena = &out->arena};
	if (stem.n)
		return list_one(s, stem, out, e);
	int code = walk(s->place.p, add_name, &names, e);
	for (size_t i = 0; code == 0 && i < names.list.n; i++)
		code = list_one(s, names.list.v[i], out, e);
	VEC_DONE(&names.list);
	return code;
}

/* ---- reading ---- */

static int read_file(struct environments *s, const struct version *v, const char *name,
		     struct buf *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	return fs_read(path_of(s, &a, v, name).p, out, e);
}

/* Absent is fine: then there is nothing in out. */
static int read_optional(struct environments *s, const struct version *v, const char *name,
			 struct buf *out, struct err **e)
{
	AUTO(err_free) struct err *why = NULL;
	int code = read_file(s, v, name, out, &why);
	if (code < 0 && code != ERR_ABSENT && e)
		*e = STEAL(&why);
	return code == ERR_ABSENT ? 0 : code;
}

static int read_files(struct environments *s, const struct version *v, struct environment *out,
		      struct err **e)
{
	AUTO(buf_done) struct buf lock = BUF(LOCK_SIZE_MAX);
	int code = 0;
	for (const char *const *name = environment_file_names; *name && code == 0; name++) {
		AUTO(buf_done) struct buf text = BUF(ENVIRONMENT_FILE_MAX);
		code = read_optional(s, v, *name, &text, e);
		if (code == 0)
			environment_keep_file(out, str_of(*name), buf_str(&text));
	}
	if (code == 0)
		code = read_optional(s, v, LOCK_FILE_NAME, &lock, e);
	if (code == 0)
		out->lock = arena_str(&out->arena, buf_str(&lock));
	return code;
}

static int read_version(struct environments *s, const struct version *v, bool whole,
			struct environment *out, struct err **e)
{
	AUTO(buf_done) struct buf facts = BUF(ENVIRONMENT_TEXT_MAX);
	AUTO(buf_done) struct buf about = BUF(ENVIRONMENT_TEXT_MAX);
	out->version = v->number;
	int code = read_file(s, v, FACTS, &facts, e);
	if (code == 0)
		code = environment_read_facts(buf_str(&facts), out, e);
	if (code == 0)
		code = read_optional(s, v, ABOUT, &about, e);
	if (code == 0 && about.n)
		code = environment_read_about(buf_str(&about), out, e);
	if (code == 0 && whole)
		code = read_files(s, v, out, e);
	return code;
}

/* ---- writing ---- */

static int sync_folder(const char *path, struct err **e)
{
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? err_sys(e, "%s", path) : 0;
}

static int write_file(const char *folder, const char *name, struct str text, struct err **e)
{
	AUTO(free) char *path = fs_join(folder, name);
	return text.n ? fs_write(path, text, 0644, e) : 0;
}

static int write_version(const struct environment *v, const char *folder, struct err **e)
{
	AUTO(buf_done) struct buf facts = BUF(BUF_UNLIMITED);
	environment_write_facts(v, &facts);
	int code = write_file(folder, FACTS, buf_str(&facts), e);
	for (size_t i = 0; code == 0 && i < v->file_count; i++)
		code = write_file(folder, v->files[i].name, v->files[i].text, e);
	if (code == 0)
		code = write_file(folder, LOCK_FILE_NAME, v->lock, e);
	return code < 0 ? code : sync_folder(folder, e);
}

/* What was left aside by those who were killed, once nobody can be at it any more. */
static void remove_abandoned(void *cookie, const char *name)
{
	AUTO(free) char *path = fs_join(cookie, name);
	struct stat st;
	if (lstat(path, &st) == 0 && st.st_mtime + ABANDONED_S < time(NULL))
		fs_remove(path, NULL);
}

/* A folder of our own beside the versions. Those who share the place may do in it what the umask
 * lets them, as in the folder above: they archive versions too. */
static int open_aside(const char *folder, char **out, struct err **e)
{
	AUTO(free) char *aside = fs_join(folder, ASIDE);
	struct stat st;
	int code = fs_make_dirs(aside, 0777, e);
	if (code < 0)
		return code;
	walk(aside, remove_abandoned, aside, NULL);
	code = fs_temp_dir(aside, out, e);
	if (code < 0)
		return code;
	return stat(aside, &st) < 0 || chmod(*out, st.st_mode & 02777) < 0 ? err_sys(e, "%s", *out)
									   : 0;
}

/* Whether the version has this content; a folder that somebody else has put there has none. */
static int is_equal(struct environments *s, const struct version *at, const struct environment *v,
		    bool *out, struct err **e)
{
	AUTO(environment_done) struct environment old = {.arena = ARENA};
	AUTO(err_free) struct err *why = NULL;
	int code = read_version(s, at, false, &old, &why);
	*out = code == 0 && digest_eq(&old.content, &v->content);
	if (code < 0 && code != ERR_ABSENT && e)
		*e = STEAL(&why);
	return code == ERR_ABSENT ? 0 : code;
}

/* The number of the version that has this content; 0: none has. *next: behind the highest. */
static int find_equal(struct environments *s, const struct environment *v, uint64_t *equal,
		      uint64_t *next, struct err **e)
{
	AUTO(versions_done) struct versions there = VERSIONS;
	int code = list_one(s, v->name, &there, e);
	*equal = 0;
	*next = 1;
	for (size_t i = 0; code == 0 && i < there.list.n; i++) {
		const struct version *at = &there.list.v[i];
		bool is;
		if (at->number >= *next)
			*next = at->number + 1;
		code = is_equal(s, at, v, &is, e);
		if (code == 0 && is)
			*equal = at->number;
	}
	return code;
}

/* A folder that is not empty is not replaced in any case: where the flag is not known (NFS) plain
 * rename does. 1: done; 0: the number is taken. */
static int take_number(const char *from, const char *to, struct err **e)
{
	int r = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
	if (r < 0 && (errno == EINVAL || errno == ENOSYS))
		r = rename(from, to);
	if (r == 0)
		return 1;
	return errno == EEXIST || errno == ENOTEMPTY ? 0 : err_sys(e, "%s", to);
}

static int add_from(struct environments *s, const struct environment *v, const char *folder,
		    const char *aside, uint64_t *out, struct err **e)
{
	for (unsigned i = 0; i < TRIES; i++) {
		AUTO(arena_done) struct arena a = ARENA;
		uint64_t equal, next;
		int code = find_equal(s, v, &equal, &next, e);
		if (code < 0)
			return code;
		*out = equal ? equal : next;
		if (equal)
			return 0;
		if (next > ENVIRONMENT_VERSION_MAX)
			return err_set(e, ERR_LIMIT, "%s: no more versions", folder);
		struct str to = arena_printf(&a, "%s/%llu", folder, (unsigned long long)next);
		code = take_number(aside, to.p, e);
		if (code != 0)
			return code < 0 || sync_folder(folder, e) == 0 ? code : ERR_IO;
	}
	return err_set(e, ERR_IO, "%s: others take each number", folder);
}

static int add(struct environments *s, const struct environment *v, uint64_t *out_version,
	       struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(free) char *aside = NULL;
	struct str folder = arena_printf(&a, "%.*s/%.*s", STR_ARG(s->place), STR_ARG(v->name));
	int code = open_aside(folder.p, &aside, e);
	if (code == 0)
		code = write_version(v, aside, e);
	if (code == 0)
		code = add_from(s, v, folder.p, aside, out_version, e);
	if (code != 1 && aside)
		fs_remove(aside, NULL);
	return code;
}

static int write_about(struct environments *s, const struct version *v, struct str text,
		       struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	return fs_write(path_of(s, &a, v, ABOUT).p, text, 0644, e);
}

const struct environments_actions environments_folder = {
	.stem = stem_of,
	.list = list,
	.add = add,
	.read = read_version,
	.write_about = write_about,
};
