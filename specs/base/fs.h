/* specs/base/fs.h - files: read whole, written aside and renamed, folders made and removed. */
#ifndef KILN_BASE_FS_H
#define KILN_BASE_FS_H
#include "specs/base/buf.h"
#include <sys/types.h>

/* All of a file appended to out; ERR_ABSENT, ERR_IO, or ERR_LIMIT past out's maximum. */
int fs_read(const char *path, struct buf *out, struct err **e);
int fs_read_fd(int fd, const char *name, struct buf *out, struct err **e);
/* Writes n bytes, however often the system splits them. */
int fs_write_fd(int fd, const void *p, size_t n, struct err **e);
/* Whether the path leads to a folder, links followed. */
bool fs_is_folder(const char *path);
/* Makes the folder and those above it. An existing one is fine. */
int fs_make_dirs(const char *path, mode_t mode, struct err **e);
/* Removes a file or a whole folder, never following links; absent is fine, and so are folders
 * in it that are read-only. */
int fs_remove(const char *path, struct err **e);
/* a + "/" + b, which the caller frees. */
char *fs_join(const char *a, const char *b);
/* The path from the root of the file system, without a slash at its end; nothing is asked of
 * what stands there. The caller frees *out. */
int fs_absolute(const char *path, char **out, struct err **e);
/* The folder that a file stands in, absolute and without links on the way; of "-" the current one.
 * The caller frees *out. ERR_ABSENT, ERR_IO. */
int fs_folder_of(const char *file, char **out, struct err **e);

/* path and an ending that no other process and no other call gives, on whatever machine or in
 * whatever container that shares the folder. The caller's, to be freed. */
char *fs_own_name(const char *path);

/* A file on its way: written beside its place, synced, renamed over it by fs_file_commit.
 * fs_file_done removes what was not committed. */
struct fs_file {
	int fd; /* -1: not open */
	char *path, *aside;
};
#define FS_FILE                                                                                    \
	{                                                                                          \
		.fd = -1                                                                           \
	}
int fs_file_open(struct fs_file *f, const char *path, mode_t mode, struct err **e);
int fs_file_commit(struct fs_file *f, struct err **e);
/* Renamed without being synced: for what can be made again, and tells when it is damaged. */
int fs_file_place(struct fs_file *f, struct err **e);
void fs_file_done(struct fs_file *f);
AUTO_DEFINE_VALUE(struct fs_file, fs_file_done)
/* The same in one go: open, write and commit, or place. */
int fs_write(const char *path, struct str bytes, mode_t mode, struct err **e);
int fs_place(const char *path, struct str bytes, mode_t mode, struct err **e);
/* A new folder of our own beside others: base + "/" + a name, which the caller frees. */
int fs_temp_dir(const char *base, char **out, struct err **e);

/* A file mapped for reading; {NULL, 0} for an empty one. */
struct fs_map {
	const char *p;
	size_t n;
};
int fs_map_open(const char *path, struct fs_map *out, struct err **e);
/* The same of an open file, whose name is for messages. */
int fs_map_fd(int fd, const char *name, struct fs_map *out, struct err **e);
void fs_map_done(struct fs_map *m);
AUTO_DEFINE_VALUE(struct fs_map, fs_map_done)

/* Waits for an exclusive lock on an open file or folder, whose name is for messages. Closing fd
 * lets go of it, and so does the end of the process. ERR_INTERRUPTED. */
int fs_lock(int fd, const char *name, struct err **e);
#endif
