/* builder/source_tree.c - the source of a distribution as a folder, and its digest. */
#include "builder/source_tree.h"
#include "builder/unpack.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>

#define FORMAT "kiln source 1"
enum { LINK_MAX = 4096, CHUNK = 256 << 10 };
#define SOURCE_BYTES_MAX ((uint64_t)8 << 30)

/* ---- archives ---- */

/* Whether a link that stands at `path` goes above the top, or begins there. */
static bool leads_out(struct str path, struct str target)
{
	size_t depth = 0;
	struct str part;
	for (size_t i = 0; i < path.n; i++)
		depth += path.p[i] == '/';
	if (target.n && target.p[0] == '/')
		return true;
	while (target.n) {
		str_cut(&target, '/', &part);
		if (str_is(part, "..") && depth-- == 0)
			return true;
		if (part.n && !str_is(part, ".") && !str_is(part, ".."))
			depth++;
	}
	return false;
}

static int put_entry(struct unpack *u, const struct entry *from, struct sink *to, struct err **e)
{
	struct entry entry = *from;
	const void *p;
	size_t n;
	if (entry.kind == ENTRY_SYMLINK && leads_out(str_of(entry.path), str_of(entry.target)))
		return err_set(e, ERR_CORRUPT, "%s: %s: a link that leads out, to %s",
			       unpack_name(u), entry.path, entry.target);
	entry.mode = entry.kind == ENTRY_DIR || entry.mode & 0111 ? 0755 : 0644;
	int code = to->entry(to, &entry, e);
	if (code < 0 || entry.kind != ENTRY_FILE)
		return code;
	while ((code = unpack_data(u, &p, &n, e)) == 0 && n)
		if ((code = to->data(to, p, n, e)) < 0)
			return code;
	return code;
}

static int unpack_all(const char *archive, const char *folder, struct err **e)
{
	AUTO(unpack_close) struct unpack *u = NULL;
	AUTO(sink_folder_free) struct sink *to = sink_folder_new(folder, e);
	const struct entry *entry;
	uint64_t bytes = 0;
	if (!to)
		return ERR_IO;
	int code = unpack_open(archive, UNPACK_SOURCE, &u, e);
	while (code == 0 && (code = unpack_next(u, &entry, e)) > 0) {
		bytes += entry->size;
		if (bytes > SOURCE_BYTES_MAX)
			return err_set(e, ERR_LIMIT, "%s: unpacks to more than a source may have",
				       unpack_name(u));
		code = put_entry(u, entry, to, e);
	}
	return code < 0 ? code : sink_folder_end(to, e);
}

/* The name of the one folder that is all there is; NULL: there is more, or nothing. */
static char *only_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *at;
	char *found = NULL;
	size_t count = 0;
	while (dir && (at = readdir(dir))) {
		struct stat st;
		/* a pax header that some tools show as a file */
		if (strcmp(at->d_name, ".") == 0 || strcmp(at->d_name, "..") == 0 ||
		    strcmp(at->d_name, "pax_global_header") == 0)
			continue;
		count++;
		if (found || fstatat(dirfd(dir), at->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		found = mem_text(at->d_name);
	}
	if (dir)
		closedir(dir);
	if (count != 1)
		free(STEAL(&found));
	return found;
}

int source_unpack(const char *archive, const char *folder, char **out, struct err **e)
{
	int code = unpack_all(archive, folder, e);
	if (code < 0)
		return code;
	AUTO(free) char *only = only_folder(folder);
	*out = only ? fs_join(folder, only) : mem_text(folder);
	return 0;
}

/* ---- folders ---- */

/* Names that tools leave in a source tree and no build reads. */
static bool is_litter(const char *name)
{
	static const char *const names[] = {"__pycache__",   ".hg",	    ".svn",  ".bzr",
					    ".tox",	     ".nox",	    ".venv", ".mypy_cache",
					    ".pytest_cache", ".ruff_cache", ".eggs", ".DS_Store"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return str_ends(str_of(name), ".pyc");
}

static bool is_virtual_environment(const FTSENT *at)
{
	AUTO(free) char *mark = fs_join(at->fts_path, "pyvenv.cfg");
	return at->fts_info == FTS_D && access(mark, F_OK) == 0;
}

/* Of .git only that which a version is told from: its index changes with every look at it. */
static bool counts(struct str path, bool checkout)
{
	static const char *const files[] = {".git/HEAD", ".git/packed-refs"};
	if (!str_starts(path, ".git/") || checkout)
		return !str_starts(path, ".git/");
	for (size_t i = 0; i < COUNT(files); i++)
		if (str_is(path, files[i]))
			return true;
	return str_starts(path, ".git/refs/");
}

struct copying {
	const char *from;
	struct sink *to; /* NULL: nowhere */
	struct hasher *all;
	uint64_t bytes;
	bool checkout; /* nothing of .git counts, and nothing else is left out */
};

static int put(struct copying *c, const struct entry *entry, struct err **e)
{
	return c->to ? c->to->entry(c->to, entry, e) : 0;
}

/* Exactly as many bytes as were told before: a file that grows meanwhile is an error there. */
static int copy_data(struct copying *c, int fd, const char *path, uint64_t size, struct hasher *own,
		     struct err **e)
{
	AUTO(free) char *chunk = mem_alloc(CHUNK);
	while (size) {
		ssize_t n = read(fd, chunk, size < CHUNK ? (size_t)size : CHUNK);
		if (n < 0)
			return err_sys(e, "%s", path);
		if (n == 0)
			return err_set(e, ERR_FAILED, "%s became shorter while it was read", path);
		hasher_add(own, chunk, (size_t)n);
		int code = c->to ? c->to->data(c->to, chunk, (size_t)n, e) : 0;
		if (code < 0)
			return code;
		size -= (uint64_t)n;
	}
	return 0;
}

/* A row of the digest: kind, name, and the digest of what it holds. */
static void add_row(struct copying *c, char kind, struct str path, const struct digest *held)
{
	if (!counts(path, c->checkout))
		return;
	hasher_add(c->all, &kind, 1);
	hasher_add(c->all, path.p, path.n);
	hasher_add(c->all, "", 1);
	hasher_add(c->all, held, sizeof(*held));
}

static int copy_file(struct copying *c, const char *path, const char *below, struct err **e)
{
	AUTO(hasher_free) struct hasher *own = hasher_new();
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	struct digest held;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	unsigned mode = st.st_mode & 0111 ? 0755 : 0644;
	c->bytes += (uint64_t)st.st_size;
	if (c->bytes > SOURCE_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "%s: more than a source may have", c->from);
	struct entry entry = {ENTRY_FILE, below, NULL, mode, SOURCE_EPOCH, (uint64_t)st.st_size};
	int code = put(c, &entry, e);
	if (code == 0)
		code = copy_data(c, fd, path, entry.size, own, e);
	hasher_end(own, &held);
	add_row(c, mode & 0111 ? 'x' : 'f', str_of(below), &held);
	return code;
}

static int copy_link(struct copying *c, const char *path, const char *below, struct err **e)
{
	char target[LINK_MAX];
	struct digest held;
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return err_sys(e, "%s", path);
	target[n] = 0;
	digest_of(target, (size_t)n, &held);
	add_row(c, 'l', str_of(below), &held);
	return put(c, &(struct entry){ENTRY_SYMLINK, below, target, 0777, SOURCE_EPOCH, 0}, e);
}

static int copy_folder(struct copying *c, const char *below, struct err **e)
{
	return put(c, &(struct entry){ENTRY_DIR, below, NULL, 0755, SOURCE_EPOCH, 0}, e);
}

static bool is_left_out(const struct copying *c, const FTSENT *at, const char *below)
{
	if (c->checkout)
		return !c->to && strcmp(below, ".git") == 0; /* needless to read */
	return is_litter(at->fts_name) || is_virtual_environment(at);
}

static int copy_one(struct copying *c, FTS *walk, FTSENT *at, struct err **e)
{
	const char *below = at->fts_path + strlen(c->from);
	below += *below == '/';
	if (at->fts_level == 0 || at->fts_info == FTS_DP)
		return 0;
	if (is_left_out(c, at, below)) {
		fts_set(walk, at, FTS_SKIP);
		return 0;
	}
	switch (at->fts_info) {
	case FTS_D:
		return copy_folder(c, below, e);
	case FTS_F:
		/* a work tree beside its repository, which is elsewhere */
		return strcmp(below, ".git") == 0 ? 0 : copy_file(c, at->fts_path, below, e);
	case FTS_SL:
	case FTS_SLNONE:
		return copy_link(c, at->fts_path, below, e);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return err_set(e, ERR_IO, "%s: %s", at->fts_path, strerror(at->fts_errno));
	default: /* sockets and the like */
		return 0;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int copy_all(struct copying *c, struct err **e)
{
	char *roots[] = {(char *)c->from, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *at;
	int code = 0;
	if (!walk)
		return err_sys(e, "%s", c->from);
	while (code == 0 && (at = fts_read(walk)))
		if ((code = interrupt_check(e)) == 0)
			code = copy_one(c, walk, at, e);
	fts_close(walk);
	return code;
}

static int take(const char *from, struct sink *to, bool checkout, struct digest *out,
		struct err **e)
{
	AUTO(hasher_free) struct hasher *all = hasher_new();
	AUTO(free) char *folder = NULL;
	struct stat st;
	int code = fs_absolute(from, &folder, e);
	if (code < 0)
		return code;
	if (stat(folder, &st) < 0)
		return err_sys(e, "%s", from);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_USAGE, "%s is neither a folder nor an archive", from);
	struct copying c = {folder, to, all, 0, checkout};
	hasher_add(all, FORMAT, sizeof(FORMAT));
	code = copy_all(&c, e);
	hasher_end(all, out);
	return code;
}

int source_copy(const char *from, struct sink *to, struct digest *out, struct err **e)
{
	return take(from, to, false, out, e);
}

int source_copy_checkout(const char *from, struct sink *to, struct digest *out, struct err **e)
{
	return take(from, to, true, out, e);
}
