/* builder/build_remote.c - a build context that is in a git repository: fetched, and from then on a
 * folder like any other. */
#include "builder/build_private.h"
#include "builder/git_store.h"
#include "specs/base/fs.h"
#include "specs/base/url.h"
#include <stdlib.h>

/* As Docker names it: ADDRESS#REVISION:FOLDER, each but the first may be missing. "git@HOST:PATH"
 * is ssh's. */
static void parse(struct arena *a, struct str text, struct source_address *out)
{
	struct str rest, address, host;
	*out = (struct source_address){.kind = SOURCE_GIT};
	rest = text;
	str_cut(&rest, '#', &address);
	str_cut(&rest, ':', &out->revision);
	out->subdirectory = rest;
	out->address = address;
	rest = address;
	str_cut(&rest, ':', &host);
	bool ssh = rest.n && rest.p[0] != '/' && str_find(host, '/') == host.n;
	if (ssh)
		out->address = arena_printf(a, "ssh://%.*s/%.*s", STR_ARG(host), STR_ARG(rest));
	else if (str_find(address, ':') == address.n)
		out->address = arena_printf(a, "https://%.*s", STR_ARG(address));
	else
		out->address = arena_str(a, address);
	out->revision = arena_str(a, out->revision);
	out->subdirectory = arena_str(a, out->subdirectory);
}

/* The name in a folder of the repository top; a link may lead anywhere on this machine. */
static int find_inside(const char *top, const char *folder, const char *name, char **out,
		       struct err **e)
{
	AUTO(free) char *path = fs_join(folder, name);
	AUTO(free) char *above = realpath(top, NULL);
	AUTO(free) char *real = realpath(path, NULL);
	size_t n = above ? strlen(above) : 0;
	if (!above || !real)
		return err_set(e, ERR_SYNTAX, "the repository has no %s", name);
	if (strncmp(real, above, n) != 0 || (real[n] && real[n] != '/'))
		return err_set(e, ERR_SYNTAX, "%s leads out of the repository", name);
	*out = STEAL(&real);
	return 0;
}

static int read_folder(struct definition *d, const char *top, struct err **e)
{
	struct definition_steps *s = &d->steps;
	struct context_folder folder = definition_context(s);
	AUTO(buf_done) struct buf text = BUF(DEFINITION_DOCKERFILE_MAX);
	AUTO(free) char *file = NULL;
	struct digest digest;
	int code = find_inside(top, folder.path, folder.dockerfile.p, &file, e);
	if (code == 0)
		code = fs_read(file, &text, e);
	if (code == 0)
		code = context_digest(&folder, &digest, e);
	if (code < 0)
		return code;
	s->dockerfile = arena_str(&d->arena, buf_str(&text));
	s->digest = arena_str(&d->arena, str_of(digest_text(&digest).hex));
	return 0;
}

int build_fetch_context(struct build *b, struct definition *d, struct err **e)
{
	struct definition_steps *s = &d->steps;
	struct source_address from;
	struct git_commit commit;
	AUTO(free) char *folder = NULL;
	if (!s->context.n || s->folder.n)
		return 0;
	struct str shown = url_without_login(&b->arena, s->context);
	parse(&b->arena, s->context, &from);
	int code = git_store_get(b->cache, &from, b->o.offline, &b->arena, &commit, e);
	if (code == 0)
		code = find_inside(commit.folder, commit.folder, from.subdirectory.p, &folder, e);
	if (code == 0) {
		log_info(b->o.log, "the build context is commit %.*s", STR_ARG(commit.name));
		s->folder = arena_str(&d->arena, str_of(folder));
		s->checkout = true;
		code = read_folder(d, commit.folder, e);
	}
	return code < 0 ? err_wrap(e, code, "the build context %.*s", STR_ARG(shown)) : 0;
}
