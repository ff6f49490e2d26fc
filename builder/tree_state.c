/* builder/tree_state.c - what packages put into a folder, and what link scripts made of it. */
#include "builder/tree_state.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include "specs/base/vec.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <time.h>

struct stamp {
	const char *path;
	ino_t inode;
	mode_t mode;
	off_t size;
	struct timespec changed;
	bool seen; /* by the walk */
};

struct tree_state {
	struct arena arena;
	char *root;
	struct path_set dirs; /* above what was added */
	VEC(struct stamp) stamps;
	bool sorted;
};

struct tree_state *tree_state_new(const char *root)
{
	struct tree_state *s = mem_zero(1, sizeof(*s));
	s->root = mem_text(root);
	return s;
}

void tree_state_free(struct tree_state *s)
{
	if (!s)
		return;
	path_set_done(&s->dirs);
	VEC_DONE(&s->stamps);
	arena_done(&s->arena);
	free(s->root);
	free(s);
}

void tree_state_add(struct tree_state *s, struct strs paths)
{
	AUTO(fd_close) int root = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < paths.n; i++) {
		struct str name = paths.v[i];
		char *path = arena_copy(&s->arena, name.p, name.n - str_ends(name, "/"));
		struct stat st;
		if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		path_set_add_parents(&s->dirs, paths.v[i]);
		VEC_PUSH(&s->stamps, ((struct stamp){path, st.st_ino, st.st_mode, st.st_size,
						     st.st_ctim, false}));
	}
	s->sorted = false;
}

/* A path may have been added twice, as something before and after: the latter holds. */
static int by_path_latest_last(const void *a, const void *b)
{
	const struct stamp *one = a, *two = b;
	int order = strcmp(one->path, two->path);
	if (order)
		return order;
	return one->changed.tv_sec != two->changed.tv_sec
		       ? (one->changed.tv_sec > two->changed.tv_sec) * 2 - 1
		       : (one->changed.tv_nsec > two->changed.tv_nsec) -
				 (one->changed.tv_nsec < two->changed.tv_nsec);
}

static void sort(struct tree_state *s)
{
	if (s->sorted || s->stamps.n == 0)
		return;
	qsort(s->stamps.v, s->stamps.n, sizeof(*s->stamps.v), by_path_latest_last);
	size_t n = 0;
	for (size_t i = 0; i < s->stamps.n; i++)
		if (i + 1 == s->stamps.n ||
		    strcmp(s->stamps.v[i].path, s->stamps.v[i + 1].path) != 0)
			s->stamps.v[n++] = s->stamps.v[i];
	s->stamps.n = n;
	s->sorted = true;
}

static int by_path(const void *key, const void *at)
{
	return strcmp(key, ((const struct stamp *)at)->path);
}

static struct stamp *find(struct tree_state *s, const char *path)
{
	return s->stamps.n ? bsearch(path, s->stamps.v, s->stamps.n, sizeof(*s->stamps.v), by_path)
			   : NULL;
}

void tree_state_settle(void)
{
	struct timespec begin, now;
	clock_gettime(CLOCK_REALTIME_COARSE, &begin);
	do {
		usleep(1000);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == begin.tv_sec && now.tv_nsec == begin.tv_nsec);
}

/* --- what is new --------------------------------------------------------------------- */

struct walk {
	struct tree_state *state;
	const struct tree_changes *changes;
	struct sink *to;
};

static bool is_as_added(struct stamp *was, const struct stat *st)
{
	if (!was)
		return false;
	was->seen = true;
	if (S_ISDIR(st->st_mode)) /* its times change with what is in it */
		return was->mode == st->st_mode;
	return was->inode == st->st_ino && was->mode == st->st_mode && was->size == st->st_size &&
	       was->changed.tv_sec == st->st_ctim.tv_sec &&
	       was->changed.tv_nsec == st->st_ctim.tv_nsec;
}

static int emit_file(struct walk *w, const FTSENT *at, struct entry *entry, struct err **e)
{
	AUTO(fd_close) int fd = open(at->fts_accpath, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char chunk[64 << 10];
	if (fd < 0)
		return err_sys(e, "%s", at->fts_path);
	int code = w->to->entry(w->to, entry, e);
	while (code == 0) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "%s", at->fts_path);
		if (n == 0)
			break;
		code = w->to->data(w->to, chunk, (size_t)n, e);
	}
	return code;
}

static int emit_symlink(struct walk *w, const FTSENT *at, struct entry *entry, struct err **e)
{
	char target[4097];
	ssize_t n = readlink(at->fts_accpath, target, sizeof(target) - 1);
	if (n < 0)
		return err_sys(e, "%s", at->fts_path);
	target[n] = 0;
	entry->target = target;
	return w->to->entry(w->to, entry, e);
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	int names = 0; /* "." and ".." are two */
	while (names < 3 && readdir(dir))
		names++;
	closedir(dir);
	return names < 3;
}

static int emit(struct walk *w, const FTSENT *at, const char *path, struct err **e)
{
	const struct stat *st = at->fts_statp;
	struct entry entry = {
		.path = path, .mode = st->st_mode & 07777, .mtime = w->changes->mtime};
	if (S_ISREG(st->st_mode)) {
		entry.kind = ENTRY_FILE;
		entry.size = (uint64_t)st->st_size;
		return emit_file(w, at, &entry, e);
	}
	if (S_ISLNK(st->st_mode)) {
		entry.kind = ENTRY_SYMLINK;
		return emit_symlink(w, at, &entry, e);
	}
	if (!S_ISDIR(st->st_mode)) {
		log_warn(w->changes->log, "%s made %s, which no image can hold: left out",
			 w->changes->what, path);
		return 0;
	}
	if (entry.mode == 0755 && !is_empty(at->fts_accpath))
		return 0;
	entry.kind = ENTRY_DIR;
	return w->to->entry(w->to, &entry, e);
}

static int visit(struct walk *w, const FTSENT *at, struct err **e)
{
	struct tree_state *s = w->state;
	const char *path = at->fts_path + strlen(s->root) + 1;
	if (strcmp(path, "conda-meta/history") == 0 || strcmp(path, "conda-meta/state") == 0)
		return 0;
	if (is_as_added(find(s, path), at->fts_statp))
		return 0;
	if (S_ISDIR(at->fts_statp->st_mode) && path_set_has(&s->dirs, str_of(path)))
		return 0;
	int code = interrupt_check(e);
	return code < 0 ? code : emit(w, at, path, e);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* What to remove for a path that is gone: the topmost folder that is gone with it. Empty: nothing,
 * as something that is no folder stands where a folder above it was. */
static struct str gone_with(const struct tree_state *s, const char *path, struct buf *full)
{
	struct stat st;
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		struct str above = {path, (size_t)(slash - path)};
		buf_clear(full);
		buf_printf(full, "%s/%.*s", s->root, STR_ARG(above));
		if (lstat(full->data, &st) < 0)
			return above;
		if (!S_ISDIR(st.st_mode))
			return (struct str){0};
	}
	return str_of(path);
}

static int emit_removed(const struct walk *w, struct err **e)
{
	const struct tree_state *s = w->state;
	AUTO(buf_done) struct buf full = BUF(BUF_UNLIMITED), last = BUF(BUF_UNLIMITED);
	int code = 0;
	for (size_t i = 0; i < s->stamps.n && code == 0; i++) {
		struct entry entry = {
			.kind = ENTRY_REMOVED, .mode = 0644, .mtime = w->changes->mtime};
		if (s->stamps.v[i].seen)
			continue;
		struct str gone = gone_with(s, s->stamps.v[i].path, &full);
		if (!gone.n || str_eq(gone, buf_str(&last)))
			continue;
		buf_clear(&last);
		buf_add_str(&last, gone);
		entry.path = last.data;
		code = w->to->entry(w->to, &entry, e);
	}
	return code;
}

int tree_state_emit_changes(struct tree_state *s, const struct tree_changes *c, struct sink *to,
			    struct err **e)
{
	struct walk w = {s, c, to};
	char *const roots[] = {s->root, NULL};
	sort(s);
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!fts)
		return err_sys(e, "%s", s->root);
	int code = 0;
	for (FTSENT *at; code == 0 && (at = fts_read(fts));) {
		if (at->fts_info == FTS_ERR || at->fts_info == FTS_DNR || at->fts_info == FTS_NS) {
			errno = at->fts_errno;
			code = err_sys(e, "%s", at->fts_path);
		} else if (at->fts_level > 0 && at->fts_info != FTS_DP) {
			code = visit(&w, at, e);
		}
	}
	fts_close(fts);
	return code < 0 ? code : emit_removed(&w, e);
}
