/* cache/store.c - blobs by their SHA-256. */
#include "cache/store.h"
#include "cache/layout.h"
#include "specs/base/fs.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP = 256 << 10 };

static int blob_path(const char *cache, const struct digest *d, char **out, struct err **e)
{
	AUTO(free) char *folder = NULL;
	int code = layout_folder(cache, LAYOUT_BLOBS, &folder, e);
	if (code < 0)
		return code;
	*out = fs_join(folder, digest_text(d).hex);
	return 0;
}

int store_put(const char *cache, struct str bytes, struct digest *out, struct err **e)
{
	AUTO(free) char *path = NULL;
	struct digest d;
	if (bytes.n > STORE_BLOB_MAX)
		return err_set(e, ERR_LIMIT, "a blob of %zu bytes is too large to keep", bytes.n);
	digest_of(bytes.p, bytes.n, &d);
	int code = blob_path(cache, &d, &path, e);
	if (code < 0)
		return code;
	/* Written again even when it is there: that repairs what a disk has changed. */
	if ((code = fs_place(path, bytes, 0600, e)) < 0)
		return code;
	if (out)
		*out = d;
	return 0;
}

int store_get(const char *cache, const struct digest *d, struct buf *out, struct err **e)
{
	AUTO(free) char *path = NULL;
	AUTO(buf_done) struct buf bytes = BUF(STORE_BLOB_MAX);
	struct digest found;
	int code = blob_path(cache, d, &path, e);
	if (code < 0 || (code = fs_read(path, &bytes, e)) < 0)
		return code;
	digest_of(bytes.data, bytes.n, &found);
	if (!digest_eq(&found, d)) {
		fs_remove(path, NULL);
		return err_set(e, ERR_ABSENT, "%s: damaged, and removed", path);
	}
	buf_add_str(out, buf_str(&bytes));
	return buf_check(out, path, e);
}

bool store_link(const char *cache, const struct digest *d, const char *file)
{
	AUTO(free) char *path = NULL;
	if (blob_path(cache, d, &path, NULL) < 0)
		return false;
	/* What is there may be damaged: the new bytes have just been checked. */
	unlink(path);
	return link(file, path) == 0;
}

bool store_has(const char *cache, const struct digest *d, uint64_t size)
{
	AUTO(free) char *path = NULL;
	struct stat st;
	return blob_path(cache, d, &path, NULL) == 0 && stat(path, &st) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

int store_read(const char *cache, const struct digest *d, uint64_t at,
	       int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
	       struct err **e)
{
	AUTO(free) char *path = NULL;
	int code = blob_path(cache, d, &path, e);
	if (code < 0)
		return code;
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || lseek(fd, (off_t)at, SEEK_SET) < 0)
		return err_sys(e, "%s", path);
	AUTO(free) char *bytes = mem_alloc(STEP);
	ssize_t n;
	while ((n = read(fd, bytes, STEP)) > 0)
		if ((code = write(to, bytes, (size_t)n, e)) < 0)
			return code;
	return n < 0 ? err_sys(e, "%s", path) : 0;
}

void store_forget(const char *cache, const struct digest *d)
{
	AUTO(free) char *path = NULL;
	if (blob_path(cache, d, &path, NULL) == 0)
		unlink(path);
}
