/* builder/registry_archive.c - oci-archive: and docker-archive:, written when all is known. */
#include "builder/image_tar.h"
#include "builder/registry_private.h"
#include "builder/registry_whole.h"
#include "specs/base/fs.h"

void whole_options(const struct registry *g, struct buf *name, struct image_tar_options *out)
{
	struct reference named = g->whole;
	*out = (struct image_tar_options){.engine = g->form->plain, .tag = named.tag};
	if (named.repository.n)
		reference_write_name(&named, name);
	out->name = buf_str(name);
}

int whole_push_blob(struct registry *g, const struct reference *to, struct push_blob *b,
		    struct err **e)
{
	(void)to;
	if (!g->tar || !b->again)
		return 0;
	struct log_task *task = log_begin(g->log, "write", b->name, b->size);
	through_enter(b);
	int code = image_tar_blob(g->tar, b, e);
	through_leave(b);
	log_advance(g->log, task, code < 0 ? 0 : b->size);
	log_end(g->log, task, code == 0);
	b->sent = code == 0;
	return code;
}

int whole_write(struct registry *g, const struct push_manifest *m, write_bytes *write, void *to,
		struct err **e)
{
	AUTO(buf_done) struct buf name = BUF(4096);
	struct image_tar_options o;
	whole_options(g, &name, &o);
	o.write = write;
	o.to = to;
	g->tar = image_tar_new(&o);
	int code = image_tar_write(g->tar, m, e);
	image_tar_free(STEAL(&g->tar));
	return code;
}

int whole_defer(struct registry *g, const struct push_manifest *m, bool *out_done, struct err **e)
{
	*out_done = true;
	if (g->tar)
		return image_tar_manifest(g->tar, m, e);
	if (m->part)
		return 0;
	*out_done = false;
	return m->lost ? 0 : err_set(e, ERR_ABSENT, "it is written as a whole");
}

/* ---- files ---- */

/* A long build must not end with what could be known at its start. */
static int open_file(struct registry *g, const struct reference *r, struct registry *like,
		     struct err **e)
{
	AUTO(free) char *path = NULL;
	(void)like;
	g->whole = *r;
	g->whole.path = arena_str(&g->arena, r->path);
	int code = fs_absolute(g->whole.path.p, &path, e);
	if (code < 0)
		return code;
	char *slash = strrchr(path, '/');
	slash[slash == path] = 0;
	return access(path, W_OK | X_OK) < 0 ? err_sys(e, "the folder %s", path) : 0;
}

static int head(struct registry *g, const struct reference *r, struct digest *out,
		uint64_t *out_size, struct err **e)
{
	AUTO(buf_done) struct buf name = BUF(4096);
	struct image_tar_options o;
	struct descriptor d;
	whole_options(g, &name, &o);
	int code = image_tar_find(g->whole.path.p, &o, r->tag, &d, e);
	if (code < 0)
		return code;
	*out = d.digest;
	if (out_size)
		*out_size = d.size;
	return 0;
}

static int write_file(void *to, const void *p, size_t n, struct err **e)
{
	const struct fs_file *file = to;
	int code = fs_write_fd(file->fd, p, n, e);
	return code < 0 ? err_wrap(e, code, "%s", file->path) : 0;
}

static int put(struct registry *g, const struct reference *to, const struct push_manifest *m,
	       struct err **e)
{
	AUTO(fs_file_done) struct fs_file file = FS_FILE;
	bool done;
	(void)to;
	int code = whole_defer(g, m, &done, e);
	if (code < 0 || done)
		return code;
	if ((code = fs_file_open(&file, g->whole.path.p, 0644, e)) < 0 ||
	    (code = whole_write(g, m, write_file, &file, e)) < 0)
		return code;
	return fs_file_commit(&file, e);
}

const struct registry_actions registry_archive = {
	.open = open_file,
	.head = head,
	.push_blob = whole_push_blob,
	.put = put,
};
