/* builder/context_folder.c - a user's folder as a context: what docker's own client would send. */
#include "builder/build_context.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { STEP = 256 << 10 };

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

static int add_entry(void *cookie, const struct context_entry *entry, struct err **e)
{
	struct build_context *c = cookie;
	struct context_file f = {
		.kind = entry->kind,
		.path = arena_str(&c->arena, entry->path),
		.mode = entry->mode,
		.size = entry->size,
		.text = arena_str(&c->arena, entry->target),
	};
	(void)e;
	if (entry->kind == CONTEXT_FILE) {
		struct file_source *source = arena_zero(&c->arena, 1, sizeof(*source));
		*source = (struct file_source){
			arena_copy(&c->arena, entry->from, strlen(entry->from)), entry->size};
		f.source = read_file;
		f.cookie = source;
	}
	build_context_add(c, &f);
	return 0;
}

int build_context_add_folder(struct build_context *c, const struct context_folder *folder,
			     struct err **e)
{
	return context_walk(folder, add_entry, c, e);
}
