/* builder/link_install.c - an environment in a folder of the machine: `kiln install`.
 *
 * It is linked into a folder beside its place and renamed when whole. An environment that
 * stands there is exchanged and removed afterwards, so there is always one. An empty folder
 * that cannot be renamed over (a volume of a container) is filled where it is. */
#include "builder/link_scripts.h"
#include "specs/base/fs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum place { PLACE_FREE, PLACE_EMPTY, PLACE_ENVIRONMENT };

/* --- the place ----------------------------------------------------------------------- */

/* Names in the folder, "." and ".." aside; -1 when it cannot be read. */
static int count_names(const char *path)
{
	DIR *dir = opendir(path);
	if (!dir)
		return -1;
	int n = -2;
	while (n < 1 && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static bool has(const char *path, const char *name)
{
	AUTO(free) char *whole = fs_join(path, name);
	struct stat st;
	return lstat(whole, &st) == 0;
}

/* Environments are replaced as a whole; an installation of conda, with other environments
 * below it, is none of them. */
static int look(const char *path, enum place *out, struct err **e)
{
	static const char *const of_conda[] = {"envs", "condabin", "pkgs"};
	int n = count_names(path);
	if (n < 0 && errno == ENOENT) {
		*out = PLACE_FREE;
		return 0;
	}
	if (n < 0)
		return err_sys(e, "%s", path);
	for (size_t i = 0; i < COUNT(of_conda); i++)
		if (n > 0 && has(path, of_conda[i]))
			return err_set(e, ERR_USAGE,
				       "%s holds \"%s\": a conda installation is not replaced; "
				       "name another folder",
				       path, of_conda[i]);
	if (n > 0 && !has(path, "conda-meta/history"))
		return err_set(e, ERR_USAGE,
			       "%s is not empty and no conda environment; name another folder, or "
			       "remove what is in it",
			       path);
	*out = n > 0 ? PLACE_ENVIRONMENT : PLACE_EMPTY;
	return 0;
}

/* The folder that holds `path`, which the caller frees. */
static char *above(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return mem_text(".");
	char *folder = mem_text(path);
	folder[slash == path ? 1 : slash - path] = 0;
	return folder;
}

/* A folder beside `path`, so that it can be renamed to it. */
static int make_aside(const char *path, char **out, struct err **e)
{
	AUTO(free) char *folder = above(path);
	int code = fs_make_dirs(folder, 0755, e);
	if (code < 0)
		return code;
	struct buf name = BUF(BUF_UNLIMITED);
	buf_printf(&name, "%s/.kiln-install-XXXXXX", folder);
	AUTO(free) char *aside = buf_take(&name);
	if (!mkdtemp(aside) || chmod(aside, 0755) < 0)
		return err_sys(e, "%s", aside);
	*out = STEAL(&aside);
	return 0;
}

static int move(const struct link_plan *p, const char *aside, const char *path, enum place place,
		struct err **e)
{
	if (place != PLACE_ENVIRONMENT)
		return rename(aside, path) < 0 ? err_sys(e, "%s", path) : 0;
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_EXCHANGE) < 0)
		return err_sys(e, "%s", path);
	if (fs_remove(aside, NULL) < 0)
		log_warn(p->options.log, "%s, the environment before, could not be removed", aside);
	return 0;
}

/* --- installing ---------------------------------------------------------------------- */

static bool may_be_renamed_over(const char *path)
{
	AUTO(free) char *folder = above(path);
	struct stat in, out;
	return stat(path, &in) == 0 && stat(folder, &out) == 0 && in.st_dev == out.st_dev &&
	       eaccess(folder, W_OK) == 0;
}

static void make_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *at;
	while (dir && (at = readdir(dir)))
		if (strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0) {
			AUTO(free) char *whole = fs_join(path, at->d_name);
			fs_remove(whole, NULL);
		}
	if (dir)
		closedir(dir);
}

static int install_in_place(const struct link_plan *p, const struct link_environment *env,
			    const char *path, struct err **e)
{
	int code = link_with_scripts(p, env, path, NULL, e);
	if (code < 0)
		make_empty(path);
	return code;
}

static int install_aside(const struct link_plan *p, const struct link_environment *env,
			 const char *path, enum place place, struct err **e)
{
	AUTO(free) char *aside = NULL;
	int code = make_aside(path, &aside, e);
	if (code < 0)
		return code;
	code = link_with_scripts(p, env, aside, NULL, e);
	if (code == 0)
		code = move(p, aside, path, place, e);
	if (code < 0)
		fs_remove(aside, NULL);
	return code;
}

int link_install(const struct link_plan *p, const struct link_environment *env, const char *path,
		 struct err **e)
{
	AUTO(free) char *clean = mem_text(path);
	for (size_t n = strlen(clean); n > 1 && clean[n - 1] == '/'; n--)
		clean[n - 1] = 0;
	enum place place = PLACE_FREE;
	int code = look(clean, &place, e);
	if (code < 0)
		return code;
	if (place == PLACE_EMPTY && !may_be_renamed_over(clean))
		return install_in_place(p, env, clean, e);
	return install_aside(p, env, clean, place, e);
}
