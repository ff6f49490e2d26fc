/* cache/layout.c - where things live in the cache folder. */
#include "cache/layout.h"
#include "specs/base/fs.h"
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>

static int below(const char *folder, const char *rest, char **out)
{
	*out = fs_join(folder, rest);
	return 0;
}

int layout_default(char **out, struct err **e)
{
	const char *given = getenv("KILN_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	if (given && *given) {
		*out = mem_text(given);
		return 0;
	}
	/* A relative XDG path is to be ignored (XDG Base Directory, "Basics"). */
	if (xdg && *xdg == '/')
		return below(xdg, "kiln", out);
	const char *home = getenv("HOME");
	if (home && *home)
		return below(home, ".cache/kiln", out);
	const struct passwd *user = getpwuid(getuid());
	if (user && user->pw_dir)
		return below(user->pw_dir, ".cache/kiln", out);
	return err_set(e, ERR_ABSENT, "no home folder for the cache; give one with --cache");
}

int layout_folder(const char *cache, enum layout_part part, char **out, struct err **e)
{
	static const char *const names[] = {
		[LAYOUT_PACKAGES] = "packages",
		[LAYOUT_INDEXES] = "indexes",
		[LAYOUT_CHANNELS] = "channels",
		[LAYOUT_BLOBS] = "blobs/sha256",
		[LAYOUT_SEGMENTS] = "segments",
		[LAYOUT_LOCKS] = "locks",
		[LAYOUT_INTERPRETERS] = "interpreters",
		[LAYOUT_TREES] = "trees",
		[LAYOUT_BUILT] = "built",
		[LAYOUT_GIT] = "git",
		[LAYOUT_UV] = "uv",
	};
	AUTO(free) char *path = fs_join(cache, names[part]);
	int code = fs_make_dirs(path, 0700, e);
	if (code < 0)
		return err_wrap(e, code, "the cache folder");
	*out = STEAL(&path);
	return 0;
}

int layout_lock(const char *folder, const char *name, int *out_fd, struct err **e)
{
	AUTO(free) char *path = fs_join(folder, name);
	AUTO(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int code = fd < 0 ? err_sys(e, "%s", path) : fs_lock(fd, path, e);
	if (code < 0)
		return code;
	*out_fd = fd;
	fd = -1;
	return 0;
}

int layout_place(const char *aside, const char *place, struct err **e)
{
	AUTO(fd_close) int fd = open(aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return err_sys(e, "%s", aside);
	int code = fs_remove(place, e);
	if (code < 0)
		return code;
	return rename(aside, place) < 0 ? err_sys(e, "%s", place) : 0;
}
