/* specs/context_sent.c - what a container engine gets of a folder, and the digest of that. */
#include "specs/base/fs.h"
#include "specs/context.h"
#include "specs/dockerignore.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DEPTH_MAX = 64,
	FILES_MAX = 1 << 20,
	IGNORE_MAX = 1 << 20,
	TARGET_MAX = 4096,
	STEP = 256 << 10
};

struct walk {
	const char *root;
	struct str dockerfile;
	bool checkout;
	struct arena arena; /* of the patterns */
	struct dockerignore ignore;
	size_t seen;
	unsigned depth;
	int (*entry)(void *cookie, const struct context_entry *entry, struct err **e);
	void *cookie;
};

static void walk_done(struct walk *w)
{
	arena_done(&w->arena);
}
AUTO_DEFINE_VALUE(struct walk, walk_done)

static int walk_folder(struct walk *w, struct str path, struct err **e);

/* Of a checkout those that git knows: the others come from the umask of whoever checked it out. */
static unsigned mode_of(const struct walk *w, const struct stat *st)
{
	if (!w->checkout || S_ISLNK(st->st_mode))
		return st->st_mode & 0777;
	return S_ISDIR(st->st_mode) || st->st_mode & S_IXUSR ? 0755 : 0644;
}

/* Sockets and the like are not sent. */
static int tell(struct walk *w, struct context_entry *entry, const struct stat *st, struct err **e)
{
	char target[TARGET_MAX];
	entry->mode = mode_of(w, st);
	if (S_ISLNK(st->st_mode)) {
		ssize_t n = readlink(entry->from, target, sizeof(target) - 1);
		if (n < 0)
			return err_sys(e, "%s", entry->from);
		target[n] = 0;
		entry->kind = CONTEXT_SYMLINK;
		entry->target = (struct str){target, (size_t)n};
	} else if (S_ISREG(st->st_mode)) {
		entry->kind = CONTEXT_FILE;
		entry->size = (uint64_t)st->st_size;
	} else if (S_ISDIR(st->st_mode)) {
		entry->kind = CONTEXT_FOLDER;
	} else {
		return 0;
	}
	return w->entry(w->cookie, entry, e);
}

/* A folder that is left out may hold what is sent all the same. */
static int walk_entry(struct walk *w, struct str path, struct err **e)
{
	struct stat st;
	AUTO(free) char *from = fs_join(w->root, path.p);
	struct context_entry entry = {.path = path, .from = from};
	bool dockerfile = str_eq(path, w->dockerfile);
	bool above = str_starts(w->dockerfile, path.p) && w->dockerfile.p[path.n] == '/';
	bool excluded = !dockerfile && dockerignore_excludes(&w->ignore, path);
	if (w->checkout && str_is(path, ".git"))
		return 0;
	if (++w->seen > FILES_MAX)
		return err_set(e, ERR_LIMIT, "%s has more than %d files", w->root, FILES_MAX);
	if (lstat(from, &st) < 0)
		return err_sys(e, "%s", from);
	int code = excluded ? 0 : tell(w, &entry, &st, e);
	if (code < 0 || !S_ISDIR(st.st_mode))
		return code;
	bool any = !excluded || above || dockerignore_may_send_below(&w->ignore, path);
	return any ? walk_folder(w, path, e) : 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_entry(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int walk_folder(struct walk *w, struct str path, struct err **e)
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
		AUTO(buf_done) struct buf below = BUF(BUF_UNLIMITED);
		buf_printf(&below, "%.*s%s%s", STR_ARG(path), path.n ? "/" : "", found[i]->d_name);
		if (code == 0)
			code = walk_entry(w, buf_str(&below), e);
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
	if (code == 0)
		return dockerignore_parse(&w->arena, arena_str(&w->arena, buf_str(&text)), path,
					  &w->ignore, e);
	if (code != ERR_ABSENT && e)
		*e = STEAL(&why);
	return code == ERR_ABSENT ? 0 : code;
}

int context_walk(const struct context_folder *folder,
		 int (*entry)(void *cookie, const struct context_entry *entry, struct err **e),
		 void *cookie, struct err **e)
{
	AUTO(walk_done)
	struct walk w = {.root = folder->path,
			 .dockerfile = folder->dockerfile,
			 .checkout = folder->checkout,
			 .arena = ARENA,
			 .entry = entry,
			 .cookie = cookie};
	while (str_starts(w.dockerfile, "./"))
		w.dockerfile = str_from(w.dockerfile, 2);
	int code = read_ignore(&w, e);
	return code < 0 ? code : walk_folder(&w, (struct str){0}, e);
}

/* ---- the digest ---- */

static int hash_bytes(struct hasher *h, const struct context_entry *entry, struct err **e)
{
	AUTO(fd_close) int fd = open(entry->from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO(free) char *step = mem_alloc(STEP);
	ssize_t n = fd < 0 ? -1 : 0;
	while (fd >= 0 && (n = read(fd, step, STEP)) > 0)
		hasher_add(h, step, (size_t)n);
	return n < 0 ? err_sys(e, "%s", entry->from) : 0;
}

/* In a form that no other entries, nor contents, can have. */
static int hash_entry(void *cookie, const struct context_entry *entry, struct err **e)
{
	struct hasher *h = cookie;
	AUTO(buf_done) struct buf head = BUF(BUF_UNLIMITED);
	buf_printf(&head, "%zu %.*s %u %o %llu %zu %.*s", entry->path.n, STR_ARG(entry->path),
		   (unsigned)entry->kind, entry->mode, (unsigned long long)entry->size,
		   entry->target.n, STR_ARG(entry->target));
	hasher_add(h, head.data, head.n);
	return entry->kind == CONTEXT_FILE ? hash_bytes(h, entry, e) : 0;
}

int context_digest(const struct context_folder *folder, struct digest *out, struct err **e)
{
	struct hasher *h = hasher_new();
	int code = context_walk(folder, hash_entry, h, e);
	if (code == 0)
		hasher_end(h, out);
	hasher_free(h);
	return code;
}
