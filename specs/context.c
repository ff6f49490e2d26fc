/* specs/context.c - the hash of a folder that is uploaded as a build context. */
#include "specs/context.h"
#include "specs/base/fs.h"
#include "specs/ignore.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#define SEED "Initialize for october 2021 AML CLI version"

enum { MAX_DEPTH = 64, MAX_ENTRIES = 1000000, CHUNK = 64 << 10, IGNORE_FILE_MAX = 1 << 20 };

struct context {
	struct hasher *hasher;
	struct ignore ignore;
	char *root; /* without links */
	size_t entries;
	locale_t utf8; /* for lower case; 0: none */
};

struct entry {
	char *name;
	wchar_t *key; /* the name without case */
};

struct entries {
	VEC(struct entry) list;
};

static void entries_done(struct entries *e)
{
	for (size_t i = 0; i < e->list.n; i++) {
		free(e->list.v[i].name);
		free(e->list.v[i].key);
	}
	VEC_DONE(&e->list);
}
AUTO_DEFINE_VALUE(struct entries, entries_done)

/* Bytes that are no UTF-8 stand for themselves. */
static wchar_t *lower(const struct context *c, const char *name)
{
	size_t n = strlen(name), at = 0, made = 0;
	wchar_t *out = mem_alloc((n + 1) * sizeof(*out));
	mbstate_t state = {0};
	locale_t before = c->utf8 ? uselocale(c->utf8) : (locale_t)0;
	while (at < n) {
		wchar_t wide;
		size_t used = mbrtowc(&wide, name + at, n - at, &state);
		if (used == 0 || used > n - at) {
			wide = (unsigned char)name[at];
			used = 1;
			state = (mbstate_t){0};
		}
		out[made++] = (wchar_t)towlower((wint_t)wide);
		at += used;
	}
	out[made] = 0;
	if (c->utf8)
		uselocale(before);
	return out;
}

static int by_key(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = wcscmp(left->key, right->key);
	return order ? order : strcmp(left->name, right->name);
}

static int list_folder(struct context *c, const char *path, struct entries *out, struct err **e)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	if (!dir)
		return err_sys(e, "%s", path);
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			VEC_PUSH(&out->list,
				 ((struct entry){mem_text(d->d_name), lower(c, d->d_name)}));
	closedir(dir);
	c->entries += out->list.n;
	if (c->entries > MAX_ENTRIES)
		return err_set(e, ERR_LIMIT, "%s: more than %d files", c->root, MAX_ENTRIES);
	if (out->list.n)
		qsort(out->list.v, out->list.n, sizeof(*out->list.v), by_key);
	return 0;
}

static int hash_file(struct context *c, const char *path, struct err **e)
{
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO(free) char *bytes = mem_alloc(CHUNK);
	ssize_t n;
	if (fd < 0)
		return err_sys(e, "%s", path);
	while ((n = read(fd, bytes, CHUNK)) > 0)
		hasher_add(c->hasher, bytes, (size_t)n);
	return n < 0 ? err_sys(e, "%s", path) : 0;
}

/* From the root; what a link has led out of it is seen below "..". */
static void put_relative(const struct context *c, const char *path, struct buf *out)
{
	size_t n = strlen(c->root);
	bool inside = strncmp(path, c->root, n) == 0 && path[n] == '/';
	buf_printf(out, "%s%s", inside ? "" : "..", inside ? path + n + 1 : path);
}

static int hash_folder(struct context *c, const char *path, unsigned depth, struct err **e);

/* Whatever is neither a file nor a folder counts by its name. */
static int hash_entry(struct context *c, const char *path, unsigned depth, struct err **e)
{
	struct stat st;
	AUTO(free) char *real = NULL;
	if (lstat(path, &st) < 0)
		return err_sys(e, "%s", path);
	if (S_ISLNK(st.st_mode)) {
		real = realpath(path, NULL);
		if (!real || stat(real, &st) < 0)
			return 0;
		path = real;
	}
	if (S_ISREG(st.st_mode))
		return hash_file(c, path, e);
	return S_ISDIR(st.st_mode) ? hash_folder(c, path, depth + 1, e) : 0;
}

static int hash_folder(struct context *c, const char *path, unsigned depth, struct err **e)
{
	AUTO(entries_done) struct entries entries = {0};
	if (depth > MAX_DEPTH)
		return err_set(e, ERR_LIMIT,
			       "%s: more than %d folders deep: a link that leads back?", path,
			       MAX_DEPTH);
	int status = list_folder(c, path, &entries, e);
	for (size_t i = 0; i < entries.list.n && status == 0; i++) {
		const char *name = entries.list.v[i].name;
		AUTO(free) char *whole = fs_join(path, name);
		AUTO(buf_done) struct buf seen = BUF(BUF_UNLIMITED);
		put_relative(c, whole, &seen);
		if (ignore_fits(&c->ignore, seen.data))
			continue;
		hasher_add(c->hasher, name, strlen(name));
		status = hash_entry(c, whole, depth, e);
	}
	return status;
}

static int read_ignore(struct context *c, struct err **e)
{
	static const char *const names[] = {".amlignore", ".gitignore"};
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO(free) char *path = fs_join(c->root, names[i]);
		AUTO(buf_done) struct buf text = BUF(IGNORE_FILE_MAX);
		int status = fs_read(path, &text, e);
		if (status == ERR_ABSENT) {
			err_clear(e);
			continue;
		}
		ignore_add(&c->ignore, buf_str(&text));
		return status;
	}
	return 0;
}

static int hash_root(struct context *c, const char *folder, struct digest *out, struct err **e)
{
	c->root = realpath(folder, NULL);
	if (!c->root)
		return err_sys(e, "%s", folder);
	hasher_add(c->hasher, SEED, strlen(SEED));
	int status = read_ignore(c, e);
	if (status == 0)
		status = hash_folder(c, c->root, 0, e);
	if (status == 0)
		hasher_end(c->hasher, out);
	return status;
}

int context_hash(const char *folder, struct digest *out, struct err **e)
{
	struct context c = {.hasher = hasher_new(),
			    .ignore = IGNORE,
			    .utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)};
	int status = hash_root(&c, folder, out, e);
	hasher_free(c.hasher);
	ignore_done(&c.ignore);
	free(c.root);
	if (c.utf8)
		freelocale(c.utf8);
	return status;
}
