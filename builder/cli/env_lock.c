/* builder/cli/env_lock.c - the lock that is kept with a definition, and what it is for. */
#include "builder/cli/env.h"
#include "specs/base/fs.h"
#include <unistd.h>

/* A folder's lock is in it: what lies beside the folder is another's. */
static bool keeps_its_own(const struct named *n, const char *word)
{
	return n->lock || n->curated || n->registered || strcmp(word, "-") == 0 ||
	       fs_is_folder(word);
}

int env_find_lock(const struct env_args *args, const char *word, struct named *n, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(LOCK_SIZE_MAX);
	AUTO(free) char *beside = NULL;
	const char *slash = strrchr(word, '/');
	if (!args->lock && keeps_its_own(n, word))
		return 0;
	if (!args->lock) {
		AUTO(arena_done) struct arena a = ARENA;
		size_t folder = slash ? (size_t)(slash - word) + 1 : 0;
		beside = mem_text(arena_printf(&a, "%.*s" LOCK_FILE_NAME, (int)folder, word).p);
		if (access(beside, F_OK) != 0)
			return 0;
	}
	int r = fs_read(args->lock ? args->lock : beside, &text, e);
	if (r < 0)
		return args->lock ? err_wrap(e, r, "--lock") : r;
	free(n->lock);
	free(n->lock_name);
	n->lock = buf_take(&text);
	n->lock_name = mem_text(args->lock ? args->lock : beside);
	return 0;
}

int env_lock_platforms(const struct named *n, struct buf *out, struct err **e)
{
	for (const char *const *subdir = platform_subdirs; *subdir; subdir++) {
		AUTO(lock_done) struct lock l = {0};
		AUTO(err_free) struct err *why = NULL;
		const struct platform *p;
		if (platform_find(*subdir, &p, NULL) < 0)
			continue;
		int r = lock_read(str_of(n->lock), n->lock_name, *subdir, &l, &why);
		if (r < 0 && r != ERR_ABSENT && e)
			*e = STEAL(&why);
		if (r < 0 && r != ERR_ABSENT)
			return r;
		if (r == 0)
			buf_printf(out, "%s%s", out->n ? "," : "", p->image);
	}
	return out->n ? 0 : err_set(e, ERR_USAGE, "it is for no platform that kiln knows");
}

/* ---- the lock of an image ---- */

/* there: at the settled destination; else what this machine knows, and nobody is asked. */
static int find_lock_of_image(const struct env_args *args, const char *word, bool there,
			      struct buf *out, struct err **e)
{
	AUTO(session_done) struct session s = SESSION;
	struct common_args common = args->common;
	common.offline = !there;
	int r = env_open_session(&common, word, &s, e);
	if (r < 0)
		return r;
	struct str destination = there ? s.config.to.v[0] : (struct str){0};
	return build_find_lock(s.build, &s.definition, destination, out, e);
}

static int find_lock_there(const struct env_args *args, const char *word, struct buf *out,
			   struct err **e)
{
	AUTO(config_done) struct config c = CONFIG;
	int r = config_open(args->common.config, &c, e);
	if (r == 0 && (args->common.offline || !c.to.n))
		return err_set(e, ERR_ABSENT, "no destination is to be asked");
	return r < 0 ? r : find_lock_of_image(args, word, true, out, e);
}

/* Who only wants a copy need not reach a registry. */
static int find_lock_anywhere(const struct env_args *args, const char *word, struct buf *out,
			      struct err **e)
{
	int r = find_lock_there(args, word, out, e);
	if (r == 0 || r == ERR_INTERRUPTED)
		return r;
	if (r != ERR_ABSENT) {
		AUTO(free) char *line = err_line(*e);
		log_warn(args->common.log, "its image: %s", line);
	}
	err_clear(e);
	buf_clear(out);
	return find_lock_of_image(args, word, false, out, e);
}

/* What has no packages, or puts them onto a base of its own making, is not locked. */
int env_take_lock_of_image(const struct env_args *args, const char *word, struct named *n,
			   bool *missing, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(LOCK_SIZE_MAX);
	AUTO(err_free) struct err *why = NULL;
	const struct definition *d = &n->definition;
	*missing = false;
	if (!n->curated || d->user_managed || definition_has_steps(&d->steps))
		return 0;
	int r = find_lock_anywhere(args, word, &text, &why);
	if (r == 0) {
		n->lock = buf_take(&text);
		n->lock_name = mem_text(word);
	}
	if (r < 0 && r != ERR_ABSENT && r != ERR_INTERRUPTED) {
		AUTO(free) char *line = err_line(why);
		log_warn(args->common.log, "its lock: %s", line);
	}
	*missing = r < 0;
	if (r == ERR_INTERRUPTED && e)
		*e = STEAL(&why);
	return r == ERR_INTERRUPTED ? r : 0;
}
