/* builder/git_store.c - commits of git repositories, kept as checkouts.
 *
 *     git/HEX/tree     the checkout       git/HEX/digest     of its files, and of its .git */
#include "builder/git_store.h"
#include "builder/git_fetch.h"
#include "builder/source_tree.h"
#include "cache/layout.h"
#include "specs/base/fs.h"
#include "specs/base/url.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { DIGEST_TEXT_MAX = 256 };

static const char *place_of(struct arena *a, const char *folder, struct str address,
			    struct str commit)
{
	AUTO(hasher_free) struct hasher *h = hasher_new();
	struct digest d;
	hasher_add(h, address.p, address.n);
	hasher_add(h, "", 1);
	hasher_add(h, commit.p, commit.n);
	hasher_end(h, &d);
	return arena_printf(a, "%s/%s", folder, digest_text(&d).hex).p;
}

/* Two digests, as clones of one commit differ in their .git, from which versions are told. */
static int describe(const char *tree, struct digest *files, struct buf *out, struct err **e)
{
	AUTO(free) char *known = fs_join(tree, ".git");
	struct digest git;
	int code = source_copy_checkout(tree, NULL, files, e);
	if (code == 0)
		code = source_copy_checkout(known, NULL, &git, e);
	if (code == 0)
		buf_printf(out, "%s %s", digest_text(files).hex, digest_text(&git).hex);
	return code;
}

/* The digests stand there only when all else does. A checkout that has become another since is
 * none. */
static bool is_kept(const char *place, struct arena *a, struct git_commit *out)
{
	AUTO(buf_done) struct buf was = BUF(DIGEST_TEXT_MAX), is = BUF(DIGEST_TEXT_MAX);
	AUTO(free) char *file = fs_join(place, "digest");
	struct digest files;
	out->folder = arena_printf(a, "%s/tree", place).p;
	if (fs_read(file, &was, NULL) < 0 || describe(out->folder, &files, &is, NULL) < 0 ||
	    !str_eq(buf_str(&was), buf_str(&is)))
		return false;
	out->files = files;
	return true;
}

/* aside: a folder of ours, which becomes the place. */
static int fetch(const struct source_address *s, const char *aside, struct arena *a,
		 struct git_commit *out, struct err **e)
{
	AUTO(free) char *tree = fs_join(aside, "tree");
	AUTO(free) char *file = fs_join(aside, "digest");
	AUTO(buf_done) struct buf text = BUF(DIGEST_TEXT_MAX);
	int code = fs_make_dirs(tree, 0755, e);
	if (code == 0)
		code = git_fetch(s, tree, a, &out->name, e);
	if (code == 0)
		code = describe(tree, &out->files, &text, e);
	return code < 0 ? code : fs_write(file, buf_str(&text), 0600, e);
}

static int fetch_into_store(const char *cache, const char *folder, const struct source_address *s,
			    struct arena *a, struct git_commit *out, struct err **e)
{
	AUTO(free) char *trees = NULL;
	AUTO(free) char *aside = NULL;
	int code = layout_folder(cache, LAYOUT_TREES, &trees, e);
	if (code == 0)
		code = fs_temp_dir(trees, &aside, e);
	if (code == 0)
		code = fetch(s, aside, a, out, e);
	const char *place =
		code < 0 ? NULL : place_of(a, folder, url_without_login(a, s->address), out->name);
	/* An abbreviated commit may be one that is there. */
	if (code == 0 && !is_kept(place, a, out))
		code = layout_place(aside, place, e);
	if (aside)
		fs_remove(aside, NULL);
	return code;
}

static int lock_address(const char *cache, struct str address, int *out_fd, struct err **e)
{
	AUTO(free) char *locks = NULL;
	AUTO(buf_done) struct buf name = BUF(DIGEST_TEXT_MAX);
	struct digest d;
	digest_of(address.p, address.n, &d);
	buf_printf(&name, "git-%s", digest_text(&d).hex);
	int code = layout_folder(cache, LAYOUT_LOCKS, &locks, e);
	return code < 0 ? code : layout_lock(locks, name.data, out_fd, e);
}

int git_store_get(const char *cache, const struct source_address *s, bool offline, struct arena *a,
		  struct git_commit *out, struct err **e)
{
	struct str address = url_without_login(a, s->address);
	bool asks = !(offline && !str_starts(address, "file:"));
	struct git_commit found = {.name = source_is_commit(s->revision) ? s->revision : STR("")};
	AUTO(free) char *folder = NULL;
	AUTO(fd_close) int lock = -1;
	int code = layout_folder(cache, LAYOUT_GIT, &folder, e);
	if (code == 0)
		code = lock_address(cache, address, &lock, e);
	if (code == 0 && !found.name.n && asks)
		code = git_ask(s, folder, a, &found.name, e);
	if (code < 0)
		return code;
	bool kept = found.name.n && is_kept(place_of(a, folder, address, found.name), a, &found);
	if (!kept && !asks)
		return err_set(e, ERR_ABSENT, "%.*s: git repositories are not asked when offline",
			       STR_ARG(address));
	if (!kept)
		code = fetch_into_store(cache, folder, s, a, &found, e);
	if (code == 0)
		*out = found;
	return code;
}
