/* builder/tar.c - libarchive's pax writer without its blocking and without its end. */
#include "builder/tar.h"
#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <stdio.h>

#define WHITEOUT ".wh."

struct tar {
	struct archive *archive;
	struct archive_entry *entry;
	struct packer *packer;
	struct buf name, target;
	size_t prefix; /* bytes of name and target that stay: "opt/env/" */
	uint64_t left; /* bytes the open file still misses */
	bool closing;  /* what the library writes now is the end of archive */
	struct err *failed;
};

static la_ssize_t write_out(struct archive *a, void *cookie, const void *p, size_t n)
{
	struct tar *t = cookie;
	if (t->closing)
		return (la_ssize_t)n;
	if (packer_add(t->packer, p, n, &t->failed) < 0) {
		archive_set_error(a, -1, "packing failed");
		return -1;
	}
	return (la_ssize_t)n;
}

struct archive *tar_open(archive_write_callback *write, void *cookie)
{
	struct archive *a = archive_write_new();
	if (!a)
		abort(); /* out of memory, nothing else */
	archive_write_set_format_pax_restricted(a);
	/* Names are bytes: converted, they would depend on the locale kiln runs in. */
	archive_write_set_options(a, "hdrcharset=BINARY");
	/* 0: every write is handed on as it comes, nothing is padded. */
	archive_write_set_bytes_per_block(a, 0);
	archive_write_open(a, cookie, NULL, write, NULL);
	return a;
}

struct tar *tar_new(const char *prefix, struct packer *packer)
{
	struct tar *t = mem_zero(1, sizeof(*t));
	t->packer = packer;
	t->archive = tar_open(write_out, t);
	t->entry = archive_entry_new();
	if (!t->entry)
		abort(); /* out of memory, nothing else */
	t->name = (struct buf)BUF(BUF_UNLIMITED);
	t->target = (struct buf)BUF(BUF_UNLIMITED);
	buf_printf(&t->name, "%s/", prefix + strspn(prefix, "/"));
	buf_add_str(&t->target, buf_str(&t->name));
	t->prefix = t->name.n;
	return t;
}

void tar_free(struct tar *t)
{
	if (!t)
		return;
	t->closing = true;
	archive_write_free(t->archive);
	archive_entry_free(t->entry);
	buf_done(&t->name);
	buf_done(&t->target);
	err_free(t->failed);
	free(t);
}

/* Our own error, raised below the library, or what the library says. */
static int fail(struct tar *t, const char *path, struct err **e)
{
	if (t->failed) {
		int code = t->failed->code;
		if (e)
			*e = STEAL(&t->failed);
		return code;
	}
	const char *why = archive_error_string(t->archive);
	return err_set(e, ERR_FAILED, "%s: tar: %s", path, why ? why : "not written");
}

static const char *put(struct buf *at, size_t prefix, const char *path)
{
	at->n = prefix;
	buf_add_text(at, path);
	return at->data;
}

static int check_name(const char *path, enum entry_kind kind, struct err **e)
{
	if (path[0] == 0 && kind == ENTRY_DIR)
		return 0;
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	if (path[0] == 0 || path[0] == '/')
		return err_set(e, ERR_CORRUPT, "\"%s\" is no name below a prefix", path);
	/* A reader of layers takes such a file as the order to delete another one. */
	if (strncmp(base, WHITEOUT, strlen(WHITEOUT)) == 0)
		return err_set(e, ERR_CORRUPT, "%s: names of layers may not begin with " WHITEOUT,
			       path);
	return 0;
}

/* A whiteout, as the image specification (layer.md) has it: an empty file beside the path. */
static const char *put_whiteout(struct buf *at, size_t prefix, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
	at->n = prefix;
	buf_printf(at, "%.*s" WHITEOUT "%s", (int)folder, path, path + folder);
	return at->data;
}

static void describe(struct tar *t, const struct entry *entry)
{
	static const unsigned types[] = {
		[ENTRY_FILE] = AE_IFREG, [ENTRY_SYMLINK] = AE_IFLNK, [ENTRY_HARDLINK] = AE_IFREG,
		[ENTRY_DIR] = AE_IFDIR,	 [ENTRY_REMOVED] = AE_IFREG,
	};
	bool removed = entry->kind == ENTRY_REMOVED;
	struct archive_entry *to = archive_entry_clear(t->entry);
	archive_entry_copy_pathname(
		to, (removed ? put_whiteout : put)(&t->name, t->prefix, entry->path));
	archive_entry_set_filetype(to, types[entry->kind]);
	archive_entry_set_perm(to, (__LA_MODE_T)(entry->mode & 07777));
	archive_entry_set_mtime(to, (time_t)entry->mtime, 0);
	archive_entry_set_size(to, entry->kind == ENTRY_FILE ? (la_int64_t)entry->size : 0);
	if (entry->kind == ENTRY_SYMLINK)
		archive_entry_copy_symlink(to, entry->target);
	if (entry->kind == ENTRY_HARDLINK)
		archive_entry_copy_hardlink(to, put(&t->target, t->prefix, entry->target));
}

int tar_entry(struct tar *t, const struct entry *entry, struct err **e)
{
	int r = tar_finish(t, e);
	if (r < 0 || (r = check_name(entry->path, entry->kind, e)) < 0)
		return r;
	describe(t, entry);
	if (archive_write_header(t->archive, t->entry) != ARCHIVE_OK)
		return fail(t, entry->path, e);
	t->left = entry->kind == ENTRY_FILE ? entry->size : 0;
	return 0;
}

int tar_data(struct tar *t, const void *p, size_t n, struct err **e)
{
	if (n > t->left)
		return err_set(e, ERR_FAILED, "%s: more bytes than its size", t->name.data);
	t->left -= n;
	if (n > 0 && archive_write_data(t->archive, p, n) != (la_ssize_t)n)
		return fail(t, t->name.data, e);
	return 0;
}

int tar_finish(struct tar *t, struct err **e)
{
	if (t->left > 0)
		return err_set(e, ERR_FAILED, "%s: %" PRIu64 " bytes are missing", t->name.data,
			       t->left);
	/* Pads the last file to whole blocks; a second call does nothing. */
	if (archive_write_finish_entry(t->archive) != ARCHIVE_OK)
		return fail(t, t->name.data, e);
	return 0;
}

int tar_end_of_archive(struct packer *packer, struct err **e)
{
	static const char zero[1024];
	return packer_add(packer, zero, sizeof(zero), e);
}

struct str tar_identity(void)
{
	static _Thread_local char text[32];
	int n = snprintf(text, sizeof(text), "libarchive %d", archive_version_number());
	return (struct str){text, (size_t)n};
}
