/* builder/context_folder.c - a user's folder as a context: what docker's own client would send. */
#include "builder/build_context.h"
#include "specs/base/fs.h"
#include "specs/dockerignore.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64, FILES_MAX = 1 << 20, IGNORE_MAX = 1 << 20, STEP = 256 << 10 };

struct walk {
	struct build_context *c;
	const char *root;
	struct str dockerfile; /* sent whatever is left out */
	struct dockerignore ignore;
	unsigned depth;
};

/* ---- bytes, when they are wanted ---- */

struct file_source {
	char *path; /* in the context's arena */
	uint64_t size;
};

static int changed(const struct file_source *f, struct err **e)
{
	return err_set(e, ERR_IO, "%s has changed meanwhile", f->path);
}

static int read_file(void *cookie, int (*write)(void *to, const void *p, size_t n, struct err **e),
		     void *to, struct err **e)
{
	const struct file_source *f = cookie;
	AUTO(free) char *step = mem_alloc(STEP);
	AUTO(fd_close) int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(e, "%s", f->path);
	for (uint64_t at = 0;;) {
		ssize_t n = read(fd, step, STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "%s", f->path);
		if ((uint64_t)n > f->size - at || (n == 0 && at < f->size))
			return changed(f, e);
		if (n == 0)
			return 0;
		int code = write(to, step, (size_t)n, e);
		if (code < 0)
			return code;
		at += (uint64_t)n;
	}
}

/* ---- entries ---- */

static int add_link(struct walk *w, struct context_file *f, const char *from, struct err **e)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof(target) - 1);
	if (n < 0)
		return err_sys(e, "%s", from);
	target[n] = 0;
	f->kind = CONTEXT_SYMLINK;
	f->text = arena_str(&w->c->arena, str_of(target));
	build_context_add(w->c, f);
	return 0;
}

static void add_file(struct walk *w, struct context_file *f, const char *from, uint64_t size)
{
	struct file_source *source = arena_zero(&w->c->arena, 1, sizeof(*source));
	*source = (struct file_source){arena_copy(&w->c->arena, from, strlen(from)), size};
	f->size = size;
	f->source = read_file;
	f->cookie = source;
	build_context_add(w->c, f);
}

static int add_folder(struct walk *w, struct str path, struct err **e);

/* A folder that is left out may hold what a later pattern sends again. */
static int add_entry(struct walk *w, struct str path, struct err **e)
{
	struct stat st;
	AUTO(free) char *from = fs_join(w->root, path.p);
	struct context_file f = {.path = path};
	bool excluded = !str_eq(path, w->dockerfile) && dockerignore_excludes(&w->ignore, path);
	if (lstat(from, &st) < 0)
		return err_sys(e, "%s", from);
	if (w->c->files.n >= FILES_MAX)
		return err_set(e, ERR_LIMIT, "%s has more than %d files", w->root, FILES_MAX);
	f.mode = st.st_mode & 0777;
	if (S_ISDIR(st.st_mode)) {
		bool above = str_starts(w->dockerfile, path.p) && w->dockerfile.p[path.n] == '/';
		f.kind = CONTEXT_FOLDER;
		if (!excluded)
			build_context_add(w->c, &f);
		return excluded && !w->ignore.any_again && !above ? 0 : add_folder(w, path, e);
	}
	if (excluded)
		return 0;
	if (S_ISLNK(st.st_mode))
		return add_link(w, &f, from, e);
	if (S_ISREG(st.st_mode)) /* sockets and the like are not sent */
		add_file(w, &f, from, (uint64_t)st.st_size);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_entry(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int add_folder(struct walk *w, struct str path, struct err **e)
{
	struct dirent **found;
	AUTO(free) char *from = path.n ? fs_join(w->root, path.p) : mem_text(w->root);
	if (w->depth == DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "%s is more than %d folders deep", from, DEPTH_MAX);
	int count = scandir(from, &found, is_entry, by_name), code = 0;
	if (count < 0)
		return err_sys(e, "%s", from);
	w->depth++;
	for (int i = 0; i < count; i++) {
		struct str below = arena_printf(&w->c->arena, "%.*s%s%s", STR_ARG(path),
						path.n ? "/" : "", found[i]->d_name);
		if (code == 0)
			code = add_entry(w, below, e);
		free(found[i]);
	}
	free(found);
	w->depth--;
	return code;
}

static int read_ignore(struct walk *w, struct err **e)
{
	AUTO(free) char *path = fs_join(w->root, ".dockerignore");
	AUTO(buf_done) struct buf text = BUF(IGNORE_MAX);
	AUTO(err_free) struct err *why = NULL;
	int code = fs_read(path, &text, &why);
	if (code == ERR_ABSENT)
		return 0;
	if (code < 0) {
		if (e)
			*e = STEAL(&why);
		return code;
	}
	return dockerignore_parse(&w->c->arena, arena_str(&w->c->arena, buf_str(&text)), path,
				  &w->ignore, e);
}

int build_context_add_folder(struct build_context *c, const char *folder, const char *dockerfile,
			     struct err **e)
{
	struct walk w = {.c = c, .root = folder, .dockerfile = str_of(dockerfile)};
	int code = read_ignore(&w, e);
	return code < 0 ? code : add_folder(&w, (struct str){0}, e);
}
