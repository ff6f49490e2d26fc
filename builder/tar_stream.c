/* builder/tar_stream.c - libarchive's pax writer, without blocking. */
#include "builder/tar_stream.h"
#include "builder/tar.h"
#include <archive.h>
#include <archive_entry.h>

enum { BLOCK = 512 };

struct tar_stream {
	int (*write)(void *to, const void *p, size_t n, struct err **e);
	void *to;
	struct archive *archive;
	struct archive_entry *entry;
	uint64_t size;
	struct err *failed; /* write's */
};

static la_ssize_t write_out(struct archive *archive, void *cookie, const void *p, size_t n)
{
	struct tar_stream *t = cookie;
	t->size += n;
	if (t->write && t->write(t->to, p, n, &t->failed) < 0) {
		archive_set_error(archive, -1, "writing failed");
		return -1;
	}
	return (la_ssize_t)n;
}

struct tar_stream *tar_stream_new(int (*write)(void *to, const void *p, size_t n, struct err **e),
				  void *to)
{
	struct tar_stream *t = mem_zero(1, sizeof(*t));
	t->write = write;
	t->to = to;
	t->archive = tar_open(write_out, t);
	t->entry = archive_entry_new();
	if (!t->entry)
		abort(); /* out of memory, nothing else */
	return t;
}

void tar_stream_free(struct tar_stream *t)
{
	if (!t)
		return;
	t->write = NULL; /* freeing would write the end of a tar that was given up */
	archive_write_free(t->archive);
	archive_entry_free(t->entry);
	err_free(t->failed);
	free(t);
}

static int check(struct tar_stream *t, la_ssize_t r, struct err **e)
{
	if (r >= 0)
		return 0;
	if (!t->failed)
		return err_set(e, ERR_FAILED, "tar: %s", archive_error_string(t->archive));
	int code = t->failed->code;
	if (e)
		*e = STEAL(&t->failed);
	err_clear(&t->failed);
	return code;
}

static void describe(struct tar_stream *t, const char *path, unsigned type, unsigned mode)
{
	archive_entry_clear(t->entry);
	archive_entry_set_pathname(t->entry, path);
	archive_entry_set_filetype(t->entry, type);
	archive_entry_set_perm(t->entry, mode);
	archive_entry_set_mtime(t->entry, TAR_DIRECTORY_MTIME, 0);
}

int tar_stream_file(struct tar_stream *t, const char *path, unsigned mode, uint64_t size,
		    struct err **e)
{
	describe(t, path, AE_IFREG, mode);
	archive_entry_set_size(t->entry, (la_int64_t)size);
	return check(t, archive_write_header(t->archive, t->entry), e);
}

int tar_stream_folder(struct tar_stream *t, const char *path, unsigned mode, struct err **e)
{
	describe(t, path, AE_IFDIR, mode);
	return check(t, archive_write_header(t->archive, t->entry), e);
}

int tar_stream_symlink(struct tar_stream *t, const char *path, const char *target, struct err **e)
{
	describe(t, path, AE_IFLNK, 0777);
	archive_entry_set_symlink(t->entry, target);
	return check(t, archive_write_header(t->archive, t->entry), e);
}

int tar_stream_data(void *cookie, const void *p, size_t n, struct err **e)
{
	struct tar_stream *t = cookie;
	return check(t, archive_write_data(t->archive, p, n), e);
}

int tar_stream_text(struct tar_stream *t, const char *path, struct str text, struct err **e)
{
	int code = tar_stream_file(t, path, 0644, text.n, e);
	return code < 0 ? code : tar_stream_data(t, text.p, text.n, e);
}

int tar_stream_skip(struct tar_stream *t, const char *path, uint64_t size, struct err **e)
{
	int code = tar_stream_file(t, path, 0644, 0, e);
	t->size += (size + BLOCK - 1) / BLOCK * BLOCK;
	return code;
}

int tar_stream_end(struct tar_stream *t, struct err **e)
{
	return check(t, archive_write_close(t->archive), e);
}

uint64_t tar_stream_size(const struct tar_stream *t)
{
	return t->size;
}
