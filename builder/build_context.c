/* builder/build_context.c - a context's files, written into a folder or a tar. */
#include "builder/build_context.h"
#include "builder/dockerfile.h"
#include "builder/tar_stream.h"
#include "specs/base/fs.h"
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

void build_context_done(struct build_context *c)
{
	VEC_DONE(&c->files);
	arena_done(&c->arena);
}

void build_context_add(struct build_context *c, const struct context_file *file)
{
	VEC_PUSH(&c->files, *file);
}

void build_context_add_text(struct build_context *c, const char *path, struct str text)
{
	struct context_file file = {
		.path = arena_str(&c->arena, str_of(path)),
		.mode = 0644,
		.size = text.n,
		.text = arena_str(&c->arena, text),
	};
	build_context_add(c, &file);
}

/* ---- a tar ---- */

static int add_to_tar(const struct context_file *f, struct tar_stream *tar, bool counted,
		      struct err **e)
{
	if (f->kind == CONTEXT_FOLDER)
		return tar_stream_folder(tar, f->path.p, f->mode, e);
	if (f->kind == CONTEXT_SYMLINK)
		return tar_stream_symlink(tar, f->path.p, f->text.p, e);
	if (f->source && counted)
		return tar_stream_skip(tar, f->path.p, f->size, e);
	int code = tar_stream_file(tar, f->path.p, f->mode, f->size, e);
	if (code < 0)
		return code;
	return f->source ? f->source(f->cookie, tar_stream_data, tar, e)
			 : tar_stream_data(tar, f->text.p, f->text.n, e);
}

int build_context_tar(void *context,
		      int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		      struct err **e)
{
	const struct build_context *c = context;
	AUTO(tar_stream_free) struct tar_stream *tar = tar_stream_new(write, to);
	int code = 0;
	for (size_t i = 0; i < c->files.n && code == 0; i++)
		code = add_to_tar(&c->files.v[i], tar, !write, e);
	if (code == 0)
		code = tar_stream_end(tar, e);
	if (code == 0 && !write)
		*(uint64_t *)to = tar_stream_size(tar);
	return code;
}

int build_context_tar_size(const struct build_context *c, uint64_t *out, struct err **e)
{
	return build_context_tar((void *)c, NULL, out, e);
}

/* ---- a folder ---- */

static int write_fd(void *to, const void *p, size_t n, struct err **e)
{
	return fs_write_fd(*(int *)to, p, n, e);
}

/* Modes of a context come into the image: they are no matter of the umask. */
static int make_folder(const char *path, struct err **e)
{
	int code = fs_make_dirs(path, 0755, e);
	if (code == 0 && chmod(path, 0755) < 0)
		return err_sys(e, "%s", path);
	return code;
}

static int write_file(const struct context_file *f, const char *folder, struct err **e)
{
	AUTO(free) char *path = fs_join(folder, f->path.p);
	AUTO(free) char *above = mem_text(path);
	AUTO(fs_file_done) struct fs_file file = FS_FILE;
	*strrchr(above, '/') = 0;
	bool folder_itself = f->kind == CONTEXT_FOLDER;
	int code = make_folder(folder_itself ? path : above, e);
	if (code < 0 || folder_itself)
		return code;
	if (f->kind == CONTEXT_SYMLINK)
		return symlink(f->text.p, path) < 0 ? err_sys(e, "%s", path) : 0;
	if ((code = fs_file_open(&file, path, f->mode, e)) < 0)
		return code;
	if (fchmod(file.fd, f->mode) < 0)
		return err_sys(e, "%s", path);
	code = f->source ? f->source(f->cookie, write_fd, &file.fd, e)
			 : fs_write_fd(file.fd, f->text.p, f->text.n, e);
	return code < 0 ? code : fs_file_place(&file, e);
}

/* What the two styles put at the top of a context. */
static const char *const context_names[] = {"Dockerfile", "lock.yml", "layers", "explicit.txt",
					    "requirements.txt"};

static bool is_empty(const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return false;
	size_t entries = 0;
	while (readdir(dir))
		entries++;
	closedir(dir);
	return entries <= 2;
}

/* Whether all that stands there is what a context has; a repository or a program that somebody put
 * beside it is not. */
static bool is_context(const char *folder, const struct build_context *c)
{
	DIR *dir = opendir(folder);
	bool ours = dir != NULL;
	for (struct dirent *at; ours && (at = readdir(dir));) {
		bool known = strcmp(at->d_name, ".") == 0 || strcmp(at->d_name, "..") == 0;
		for (size_t i = 0; i < COUNT(context_names) && !known; i++)
			known = strcmp(at->d_name, context_names[i]) == 0;
		for (size_t i = 0; i < c->files.n && !known; i++) {
			struct str path = c->files.v[i].path, top;
			str_cut(&path, '/', &top);
			known = str_is(top, at->d_name);
		}
		ours = known;
	}
	if (dir)
		closedir(dir);
	return ours;
}

/* What somebody else made is not thrown away. */
static int check_place(const char *folder, const struct build_context *c, struct err **e)
{
	AUTO(free) char *path = fs_join(folder, "Dockerfile");
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	if (access(folder, F_OK) < 0)
		return 0;
	if (fs_read(path, &text, NULL) == 0 && str_starts(buf_str(&text), DOCKERFILE_MARK) &&
	    is_context(folder, c))
		return 0;
	if (is_empty(folder))
		return 0;
	return err_set(e, ERR_USAGE, "%s holds other things than a context of kiln's", folder);
}

static int write_all(const struct build_context *c, const char *folder, struct err **e)
{
	for (size_t i = 0; i < c->files.n; i++) {
		int code = write_file(&c->files.v[i], folder, e);
		if (code < 0)
			return err_wrap(e, code, "%s", c->files.v[i].path.p);
	}
	return chmod(folder, 0755) < 0 ? err_sys(e, "%s", folder) : 0;
}

static int put_in_place(const char *aside, const char *folder, struct err **e)
{
	int code = fs_remove(folder, e);
	if (code < 0)
		return code;
	return rename(aside, folder) < 0 ? err_sys(e, "%s", folder) : 0;
}

int build_context_to_folder(const struct build_context *c, const char *folder, struct err **e)
{
	AUTO(free) char *path = NULL;
	AUTO(free) char *above = NULL;
	AUTO(free) char *aside = NULL;
	/* "." is no name that a folder can be put under. */
	AUTO(free) char *real = realpath(folder, NULL);
	int code = check_place(folder, c, e);
	if (code < 0 || (code = fs_absolute(real ? real : folder, &path, e)) < 0)
		return code;
	above = mem_text(path);
	*strrchr(above, '/') = 0;
	code = fs_make_dirs(*above ? above : "/", 0755, e);
	if (code < 0 || (code = fs_temp_dir(*above ? above : "/", &aside, e)) < 0)
		return code;
	code = write_all(c, aside, e);
	if (code == 0)
		code = put_in_place(aside, path, e);
	if (code < 0)
		fs_remove(aside, NULL);
	return code;
}
