/* tests/unit/package_maker.h - small package archives, made in a test through libarchive. */
#ifndef KILN_PACKAGE_MAKER_H
#define KILN_PACKAGE_MAKER_H
#include "builder/sink.h"
#include "specs/base/fs.h"
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>

struct made_file {
	const char *path;
	const char *text; /* of a file; the target of a link */
	char kind;	  /* 0 file, 'l' symbolic link, 'h' hard link, 'd' directory, 'p' pipe */
	unsigned mode;	  /* 0: 0644 */
	int64_t mtime;	  /* 0: 1000 */
	size_t size;	  /* of text; 0: strlen */
};

/* A tar of those entries below info/ (or of the others), through the named filter. */
static inline struct buf made_tar(const struct made_file *files, size_t count, unsigned parts,
				  const char *filter)
{
	static const size_t room = 64 << 20;
	struct archive *a = archive_write_new();
	char *bytes = mem_alloc(room);
	size_t used = 0;
	archive_write_set_format_pax_restricted(a);
	archive_write_set_options(a, "hdrcharset=BINARY");
	if (filter)
		archive_write_add_filter_by_name(a, filter);
	archive_write_open_memory(a, bytes, room, &used);
	for (size_t i = 0; i < count; i++) {
		const struct made_file *f = &files[i];
		bool info = strncmp(f->path, "info/", 5) == 0;
		if (!(parts & (info ? 1u : 2u)))
			continue;
		struct archive_entry *entry = archive_entry_new();
		size_t n = f->size ? f->size : strlen(f->text ? f->text : "");
		archive_entry_set_pathname(entry, f->path);
		archive_entry_set_filetype(entry, f->kind == 'l'   ? AE_IFLNK
						  : f->kind == 'd' ? AE_IFDIR
						  : f->kind == 'p' ? AE_IFIFO
								   : AE_IFREG);
		if (f->kind == 'l')
			archive_entry_set_symlink(entry, f->text);
		if (f->kind == 'h')
			archive_entry_set_hardlink(entry, f->text);
		archive_entry_set_perm(entry, f->mode ? f->mode : 0644);
		archive_entry_set_mtime(entry, f->mtime ? f->mtime : 1000, 0);
		archive_entry_set_size(entry, f->kind ? 0 : (la_int64_t)n);
		archive_write_header(a, entry);
		if (!f->kind)
			archive_write_data(a, f->text, n);
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
	struct buf out = BUF(BUF_UNLIMITED);
	buf_add(&out, bytes, used);
	free(bytes);
	return out;
}

static inline void made_member(struct archive *zip, const char *name, const struct buf *bytes)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)bytes->n);
	archive_write_header(zip, entry);
	archive_write_data(zip, bytes->data, bytes->n);
	archive_entry_free(entry);
}

/* Writes "x.conda" or "x.tar.bz2" of the files, which stand in the order of the archive. */
static inline void make_package(const char *path, const struct made_file *files, size_t count)
{
	if (str_ends(str_of(path), ".tar.bz2")) {
		struct buf all = made_tar(files, count, 3, "bzip2");
		fs_write(path, buf_str(&all), 0644, NULL);
		buf_done(&all);
		return;
	}
	struct buf metadata = BUF(1000);
	struct buf info = made_tar(files, count, 1, "zstd");
	struct buf payload = made_tar(files, count, 2, "zstd");
	struct archive *zip = archive_write_new();
	archive_write_set_format_zip(zip);
	archive_write_set_options(zip, "zip:compression=store");
	archive_write_open_filename(zip, path);
	buf_add_text(&metadata, "{\"conda_pkg_format_version\": 2}");
	made_member(zip, "metadata.json", &metadata);
	made_member(zip, "pkg-x-1-0.tar.zst", &payload);
	made_member(zip, "info-x-1-0.tar.zst", &info);
	archive_write_close(zip);
	archive_write_free(zip);
	buf_done(&metadata);
	buf_done(&info);
	buf_done(&payload);
}
#endif
