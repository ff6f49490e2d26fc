/* builder/sink_folder.c - the files of an environment, written below a folder.
 *
 * Folders are opened below one descriptor with openat2 and RESOLVE_BENEATH (Linux 5.6): a link
 * in the tree may be gone through (`lib64 -> lib`), one that leads out may not. Where the call
 * is missing or forbidden (old seccomp profiles), no link is gone through at all. Directories
 * get their modes and times last: a read-only one must still take its files. */
#include "builder/sink.h"
#include "specs/base/fs.h"
#include "specs/base/vec.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { DIR_MODE = 0755, MODE_BITS = 07777 };

struct dir_entry {
	char *path;
	unsigned mode;
	int64_t mtime;
};

struct sink_folder {
	struct sink sink; /* first: a struct sink * is one of these */
	int root;
	char *name; /* of the folder, for messages */

	int parent; /* the folder the last entry went to; -1: none */
	char *parent_path;

	int file; /* being written; -1: none */
	char *path;
	unsigned mode;
	int64_t mtime;
	uint64_t left; /* bytes still to come */

	VEC(struct dir_entry) dirs;
};

/* --- opening below the folder -------------------------------------------------------- */

/* Never ERR_ABSENT, whatever errno says: nobody asked for the path. */
static int failed(const struct sink_folder *f, const char *path, struct err **e)
{
	int sys = errno;
	bool full = sys == ENOSPC || sys == EDQUOT;
	err_set(e, ERR_IO, "%s/%s: %s%s", f->name, path, strerror(sys),
		full ? "; the environment needs more room than this file system has" : "");
	if (e)
		(*e)->sys = sys;
	return ERR_IO;
}

/* Each part by itself and no links at all: for kernels without openat2. */
static int open_parts(int root, const char *path)
{
	AUTO(free) char *copy = mem_text(path);
	int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
	char *rest = copy, *part;
	while (at >= 0 && (part = strsep(&rest, "/"))) {
		int next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int sys = errno;
		close(at);
		errno = sys == ENOTDIR || sys == ELOOP ? EXDEV : sys;
		at = next;
	}
	return at;
}

static int open_dir(int root, const char *path)
{
	if (!*path)
		return fcntl(root, F_DUPFD_CLOEXEC, 0);
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd;
	do
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_parts(root, path);
	return (int)fd;
}

/* The text before the last "/", which the caller frees. */
static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = mem_text(slash ? path : "");
	if (slash)
		dir[slash - path] = 0;
	return dir;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Opens the directory, making it and those above it; another thread may do the same. */
static int make_dir(const struct sink_folder *f, const char *path, int *out, struct err **e)
{
	int fd = open_dir(f->root, path);
	if (fd < 0 && errno == ENOENT) {
		AUTO(free) char *above = dir_of(path);
		AUTO(fd_close) int at = -1;
		int code = make_dir(f, above, &at, e);
		if (code < 0)
			return code;
		/* The second call is for the umask. */
		if (mkdirat(at, base_of(path), DIR_MODE) == 0)
			(void)fchmodat(at, base_of(path), DIR_MODE, 0);
		else if (errno != EEXIST)
			return failed(f, path, e);
		fd = open_dir(f->root, path);
	}
	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return err_set(e, ERR_CORRUPT, "%s/%s: a link on this way leads out of the folder",
			       f->name, path);
	if (fd < 0)
		return failed(f, path, e);
	*out = fd;
	return 0;
}

/* f->parent becomes the folder of `path`. */
static int go_to_parent(struct sink_folder *f, const char *path, struct err **e)
{
	AUTO(free) char *dir = dir_of(path);
	if (f->parent >= 0 && strcmp(f->parent_path, dir) == 0)
		return 0;
	int fd;
	int code = make_dir(f, dir, &fd, e);
	if (code < 0)
		return code;
	if (f->parent >= 0)
		close(f->parent);
	free(f->parent_path);
	f->parent = fd;
	f->parent_path = STEAL(&dir);
	return 0;
}

/* --- entries ------------------------------------------------------------------------- */

static bool is_clean(const char *path)
{
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, "/");
		bool dots = (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.');
		if (n == 0 || dots)
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

static int check_path(const struct sink_folder *f, const char *path, struct err **e)
{
	if (path && is_clean(path))
		return 0;
	return err_set(e, ERR_CORRUPT, "%s: \"%s\" is no path below the folder", f->name,
		       path ? path : "");
}

/* Removes what stands in the way of a new entry; an empty folder counts. */
static bool make_way(const struct sink_folder *f, const char *name)
{
	if (unlinkat(f->parent, name, 0) == 0)
		return true;
	return (errno == EISDIR || errno == EPERM) && unlinkat(f->parent, name, AT_REMOVEDIR) == 0;
}

/* What the times of an entry are set to, for utimensat. */
static const struct timespec *times_of(int64_t mtime, struct timespec times[2])
{
	times[0] = times[1] = (struct timespec){.tv_sec = (time_t)mtime};
	return times;
}

static int end_file(struct sink_folder *f, struct err **e)
{
	if (f->file < 0)
		return 0;
	if (f->left)
		return err_set(e, ERR_FAILED, "%s/%s: %llu bytes are missing", f->name, f->path,
			       (unsigned long long)f->left);
	struct timespec times[2];
	int fd = f->file;
	f->file = -1;
	bool bad =
		fchmod(fd, f->mode & MODE_BITS) < 0 || futimens(fd, times_of(f->mtime, times)) < 0;
	int sys = errno;
	/* Some file systems tell only now that there was no room. */
	if (close(fd) < 0 && !bad) {
		bad = true;
		sys = errno;
	}
	errno = sys;
	return bad ? failed(f, f->path, e) : 0;
}

static int begin_file(struct sink_folder *f, const struct entry *entry, struct err **e)
{
	const char *name = base_of(entry->path);
	enum { HOW = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
	int fd = openat(f->parent, name, HOW, 0600);
	if (fd < 0 && errno == EEXIST && make_way(f, name))
		fd = openat(f->parent, name, HOW, 0600);
	if (fd < 0)
		return failed(f, entry->path, e);
	free(f->path);
	f->path = mem_text(entry->path);
	f->file = fd;
	f->mode = entry->mode;
	f->mtime = entry->mtime;
	f->left = entry->size;
	return f->left ? 0 : end_file(f, e);
}

static int put_symlink(struct sink_folder *f, const struct entry *entry, struct err **e)
{
	const char *name = base_of(entry->path);
	int r = symlinkat(entry->target, f->parent, name);
	if (r < 0 && errno == EEXIST && make_way(f, name))
		r = symlinkat(entry->target, f->parent, name);
	struct timespec times[2];
	if (r < 0 ||
	    utimensat(f->parent, name, times_of(entry->mtime, times), AT_SYMLINK_NOFOLLOW) < 0)
		return failed(f, entry->path, e);
	return 0;
}

static int put_hardlink(struct sink_folder *f, const struct entry *entry, struct err **e)
{
	int code = check_path(f, entry->target, e);
	if (code < 0)
		return code;
	if (strcmp(entry->target, entry->path) == 0)
		return err_set(e, ERR_CORRUPT, "%s/%s: a hard link to itself", f->name,
			       entry->path);
	AUTO(free) char *above = dir_of(entry->target);
	AUTO(fd_close) int at = open_dir(f->root, above);
	if (at < 0)
		return failed(f, entry->target, e);
	const char *from = base_of(entry->target), *name = base_of(entry->path);
	int r = linkat(at, from, f->parent, name, 0);
	if (r < 0 && errno == EEXIST && make_way(f, name))
		r = linkat(at, from, f->parent, name, 0);
	return r < 0 ? failed(f, entry->path, e) : 0;
}

static int put_dir(struct sink_folder *f, const struct entry *entry, struct err **e)
{
	struct stat st;
	if (fstatat(f->parent, base_of(entry->path), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		unlinkat(f->parent, base_of(entry->path), 0);
	AUTO(fd_close) int fd = -1;
	int code = make_dir(f, entry->path, &fd, e);
	if (code < 0)
		return code;
	VEC_PUSH(&f->dirs, ((struct dir_entry){mem_text(entry->path), entry->mode, entry->mtime}));
	return 0;
}

static int take_away(struct sink_folder *f, const struct entry *entry, struct err **e)
{
	if (make_way(f, base_of(entry->path)) || errno == ENOENT)
		return 0;
	return err_sys(e, "%s/%s", f->name, entry->path);
}

static int folder_entry(struct sink *s, const struct entry *entry, struct err **e)
{
	struct sink_folder *f = (struct sink_folder *)s;
	int code = end_file(f, e);
	if (code == 0)
		code = check_path(f, entry->path, e);
	if (code == 0)
		code = go_to_parent(f, entry->path, e);
	if (code < 0)
		return code;
	switch (entry->kind) {
	case ENTRY_FILE:
		return begin_file(f, entry, e);
	case ENTRY_SYMLINK:
		return put_symlink(f, entry, e);
	case ENTRY_HARDLINK:
		return put_hardlink(f, entry, e);
	case ENTRY_DIR:
		return put_dir(f, entry, e);
	case ENTRY_REMOVED:
		return take_away(f, entry, e);
	}
	return err_set(e, ERR_FAILED, "%s/%s: of no kind", f->name, entry->path);
}

static int folder_data(struct sink *s, const void *p, size_t n, struct err **e)
{
	struct sink_folder *f = (struct sink_folder *)s;
	if (n == 0)
		return 0;
	if (f->file < 0 || n > f->left)
		return err_set(e, ERR_FAILED, "%s/%s: more bytes than its size", f->name,
			       f->path ? f->path : "");
	for (const char *at = p; n > 0;) {
		ssize_t done = write(f->file, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return failed(f, f->path, e);
		at += done;
		n -= (size_t)done;
		f->left -= (uint64_t)done;
	}
	return f->left ? 0 : end_file(f, e);
}

/* --- the sink ------------------------------------------------------------------------ */

struct sink *sink_folder_new(const char *path, struct err **e)
{
	int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		err_sys(e, "%s", path);
		return NULL;
	}
	struct sink_folder *f = mem_zero(1, sizeof(*f));
	f->sink = (struct sink){.entry = folder_entry, .data = folder_data};
	f->root = root;
	f->name = mem_text(path);
	f->parent = f->file = -1;
	return &f->sink;
}

static int end_dir(struct sink_folder *f, const struct dir_entry *d, struct err **e)
{
	struct timespec times[2];
	AUTO(fd_close) int at = open_dir(f->root, d->path);
	/* What open_dir gives is good for names below it only. */
	AUTO(fd_close) int fd = at < 0 ? -1 : openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, d->mode & MODE_BITS) < 0 ||
	    futimens(fd, times_of(d->mtime, times)) < 0)
		return failed(f, d->path, e);
	return 0;
}

/* The last one first: a folder stands before what is in it. */
static int end_dirs(struct sink_folder *f, struct err **e)
{
	int code = 0;
	while (f->dirs.n) {
		struct dir_entry *d = &f->dirs.v[--f->dirs.n];
		if (code == 0)
			code = end_dir(f, d, e);
		free(d->path);
	}
	return code;
}

int sink_folder_end(struct sink *s, struct err **e)
{
	struct sink_folder *f = (struct sink_folder *)s;
	int code = end_file(f, e);
	return code < 0 ? code : end_dirs(f, e);
}

void sink_folder_free(struct sink *s)
{
	struct sink_folder *f = (struct sink_folder *)s;
	if (!f)
		return;
	if (f->file >= 0) { /* half a file is none */
		close(f->file);
		unlinkat(f->parent, base_of(f->path), 0);
	}
	end_dirs(f, NULL);
	VEC_DONE(&f->dirs);
	if (f->parent >= 0)
		close(f->parent);
	close(f->root);
	free(f->parent_path);
	free(f->path);
	free(f->name);
	free(f);
}
