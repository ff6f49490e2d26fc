/* specs/base/fs.c - the file system, for those who write aside and rename. */
#include "specs/base/fs.h"
#include "specs/base/clock.h"
#include "specs/base/interrupt.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

int fs_read_fd(int fd, const char *name, struct buf *out, struct err **e)
{
	enum { CHUNK = 64 << 10 };
	char chunk[4096];
	for (;;) {
		char *room = buf_room(out, CHUNK);
		size_t want = CHUNK;
		if (!room) { /* near the maximum: go on in small steps to tell full from ended */
			out->failed = false;
			room = chunk;
			want = sizeof(chunk);
		}
		ssize_t n = read(fd, room, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "%s", name);
		if (n == 0)
			return 0;
		if (room == chunk)
			buf_add(out, chunk, (size_t)n);
		else
			buf_fill(out, (size_t)n);
		if (out->failed)
			return buf_check(out, name, e);
	}
}

int fs_read(const char *path, struct buf *out, struct err **e)
{
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	return fs_read_fd(fd, path, out, e);
}

int fs_write_fd(int fd, const void *p, size_t n, struct err **e)
{
	const char *at = p;
	while (n > 0) {
		ssize_t done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(e, "write");
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

bool fs_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int fs_make_dirs(const char *path, mode_t mode, struct err **e)
{
	AUTO(free) char *part = mem_text(path);
	for (char *p = part + 1; *part; p++) {
		if (*p != '/' && *p != 0)
			continue;
		char was = *p;
		*p = 0;
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return err_sys(e, "%s", part);
		*p = was;
		if (!was)
			break;
	}
	struct stat st;
	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return err_sys(e, "%s", path);
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* Names in a folder that may not be written or searched cannot be removed, except by root. */
static int open_up(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if ((type == FTW_D || type == FTW_DNR) && (st->st_mode & S_IRWXU) != S_IRWXU)
		(void)chmod(path, (st->st_mode & 07777) | S_IRWXU);
	return 0;
}

int fs_remove(const char *path, struct err **e)
{
	enum { OPEN_FDS = 64 };
	int r = nftw(path, remove_one, OPEN_FDS, FTW_DEPTH | FTW_PHYS);
	if (r < 0 && errno == EACCES) {
		nftw(path, open_up, OPEN_FDS, FTW_PHYS);
		r = nftw(path, remove_one, OPEN_FDS, FTW_DEPTH | FTW_PHYS);
	}
	if (r < 0 && errno != ENOENT)
		return err_sys(e, "remove %s", path);
	return 0;
}

char *fs_join(const char *a, const char *b)
{
	struct buf path = BUF(BUF_UNLIMITED);
	buf_printf(&path, "%s/%s", a, b);
	return buf_take(&path);
}

int fs_absolute(const char *path, char **out, struct err **e)
{
	char here[PATH_MAX] = "";
	if (path[0] != '/' && !getcwd(here, sizeof(here)))
		return err_sys(e, "current folder");
	*out = path[0] == '/' ? mem_text(path) : fs_join(here, path);
	for (size_t n = strlen(*out); n > 1 && (*out)[n - 1] == '/';)
		(*out)[--n] = 0;
	return 0;
}

int fs_folder_of(const char *file, char **out, struct err **e)
{
	const char *slash = strrchr(file, '/');
	AUTO(free) char *folder = mem_text(slash == file ? "/" : slash ? file : ".");
	if (slash && slash > file)
		folder[slash - file] = 0;
	*out = realpath(folder, NULL);
	return *out ? 0 : err_sys(e, "%s", folder);
}

/* Drawn once: process numbers are alike in two containers, and in one that starts again. */
static uint64_t own;

static void draw_own(void)
{
	if (getrandom(&own, sizeof(own), 0) != sizeof(own))
		own = (uint64_t)(clock_seconds() * 1e9) ^ (uint64_t)getpid() << 40;
}

char *fs_own_name(const char *path)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static atomic_uint counter;
	struct buf name = BUF(BUF_UNLIMITED);
	pthread_once(&once, draw_own);
	buf_printf(&name, "%s.%016" PRIx64 ".%u", path, own, atomic_fetch_add(&counter, 1));
	return buf_take(&name);
}

static char *name_aside(const char *path)
{
	AUTO(free) char *name = fs_own_name(path);
	struct buf aside = BUF(BUF_UNLIMITED);
	buf_printf(&aside, "%s.part", name);
	return buf_take(&aside);
}

int fs_file_open(struct fs_file *f, const char *path, mode_t mode, struct err **e)
{
	f->path = mem_text(path);
	f->aside = name_aside(path);
	f->fd = open(f->aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (f->fd < 0) {
		int code = err_sys(e, "%s", f->aside);
		free(STEAL(&f->aside));
		fs_file_done(f);
		return code;
	}
	return 0;
}

int fs_file_place(struct fs_file *f, struct err **e)
{
	int fd = f->fd;
	f->fd = -1;
	if (close(fd) < 0 || rename(f->aside, f->path) < 0)
		return err_sys(e, "%s", f->path);
	free(STEAL(&f->aside));
	fs_file_done(f);
	return 0;
}

int fs_file_commit(struct fs_file *f, struct err **e)
{
	return fsync(f->fd) < 0 ? err_sys(e, "%s", f->aside) : fs_file_place(f, e);
}

void fs_file_done(struct fs_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->aside)
		unlink(f->aside);
	free(f->aside);
	free(f->path);
	*f = (struct fs_file)FS_FILE;
}

static int write_whole(const char *path, struct str bytes, mode_t mode, struct fs_file *f,
		       struct err **e)
{
	int r = fs_file_open(f, path, mode, e);
	if (r < 0)
		return r;
	r = fs_write_fd(f->fd, bytes.p, bytes.n, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : 0;
}

int fs_write(const char *path, struct str bytes, mode_t mode, struct err **e)
{
	AUTO(fs_file_done) struct fs_file f = FS_FILE;
	int r = write_whole(path, bytes, mode, &f, e);
	return r < 0 ? r : fs_file_commit(&f, e);
}

int fs_place(const char *path, struct str bytes, mode_t mode, struct err **e)
{
	AUTO(fs_file_done) struct fs_file f = FS_FILE;
	int r = write_whole(path, bytes, mode, &f, e);
	return r < 0 ? r : fs_file_place(&f, e);
}

int fs_temp_dir(const char *base, char **out, struct err **e)
{
	AUTO(free) char *path = fs_join(base, "XXXXXX");
	if (!mkdtemp(path))
		return err_sys(e, "%s", path);
	*out = STEAL(&path);
	return 0;
}

int fs_map_open(const char *path, struct fs_map *out, struct err **e)
{
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "%s", path) : fs_map_fd(fd, path, out, e);
}

int fs_map_fd(int fd, const char *name, struct fs_map *out, struct err **e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s", name);
	struct fs_map map = {NULL, (size_t)st.st_size};
	if (map.n) {
		void *p = mmap(NULL, map.n, PROT_READ, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			return err_sys(e, "%s", name);
		map.p = p;
	}
	*out = map;
	return 0;
}

void fs_map_done(struct fs_map *m)
{
	if (m->p)
		munmap((void *)m->p, m->n);
	*m = (struct fs_map){0};
}

/* Not blocking in flock: whoever waits must still hear an interrupt. */
int fs_lock(int fd, const char *name, struct err **e)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "lock %s", name);
		int code = interrupt_check(e);
		if (code < 0)
			return code;
		usleep(50 * 1000);
	}
	return 0;
}
