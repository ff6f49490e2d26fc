/* builder/link_install.c - an environment in a folder of the machine: `kiln install`.
 *
 * It is linked into a folder beside its place and renamed when whole. An environment that
 * stands there is exchanged and removed afterwards, so there is always one. */
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

/* A folder beside `path`, so that it can be renamed to it. */
static int make_aside(const char *path, char **out, struct err **e)
{
	AUTO(free) char *above = mem_text(path);
	char *slash = strrchr(above, '/');
	if (slash)
		slash[slash == above] = 0;
	const char *folder = slash ? above : ".";
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

int link_install(const struct link_plan *p, const struct link_environment *env, const char *path,
		 struct err **e)
{
	AUTO(free) char *place_path = mem_text(path);
	AUTO(free) char *aside = NULL;
	for (size_t n = strlen(place_path); n > 1 && place_path[n - 1] == '/'; n--)
		place_path[n - 1] = 0;
	enum place place = PLACE_FREE;
	int code = look(place_path, &place, e);
	if (code == 0)
		code = make_aside(place_path, &aside, e);
	if (code < 0)
		return code;
	code = link_with_scripts(p, env, aside, NULL, e);
	if (code == 0)
		code = move(p, aside, place_path, place, e);
	if (code < 0)
		fs_remove(aside, NULL);
	return code;
}
