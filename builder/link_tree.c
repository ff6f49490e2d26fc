/* builder/link_tree.c - packages of a plan, or some of them, linked into a folder. */
#include "builder/link_tree.h"
#include "cache/layout.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include "specs/base/workers.h"
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

enum { STALE_S = 24 * 60 * 60 };

/* --- which packages ------------------------------------------------------------------ */

static size_t find(const struct link_plan *p, struct str name)
{
	size_t i = 0;
	while (i < p->count && !str_eq(p->records[i].name, name))
		i++;
	return i;
}

size_t link_tree_find(const struct link_plan *p, const char *name)
{
	return find(p, str_of(name));
}

/* True when one was added. What is virtual, or does not parse, is nobody's. */
static bool add_dependencies_of(const struct link_plan *p, size_t at, bool *chosen)
{
	bool added = false;
	AUTO(arena_done) struct arena a = ARENA;
	struct strs depends = p->records[at].depends;
	for (size_t i = 0; i < depends.n; i++) {
		struct matchspec spec;
		if (matchspec_parse(&a, depends.v[i], MATCHSPEC_RECORD, &spec, NULL) < 0)
			continue;
		size_t found = find(p, spec.name);
		if (found == p->count || chosen[found])
			continue;
		chosen[found] = added = true;
	}
	return added;
}

void link_tree_add_dependencies(const struct link_plan *p, bool *chosen)
{
	bool more = true;
	while (more) {
		more = false;
		/* Dependencies stand before dependents, so mostly one pass does. */
		for (size_t i = p->count; i-- > 0;)
			if (chosen[i])
				more |= add_dependencies_of(p, i, chosen);
	}
}

/* --- where to ------------------------------------------------------------------------ */

/* Nobody works in one for as long: scripts are stopped after minutes. */
static void sweep(const char *trees)
{
	DIR *dir = opendir(trees);
	struct dirent *at;
	while (dir && (at = readdir(dir))) {
		struct stat st;
		if (at->d_name[0] == '.' || fstatat(dirfd(dir), at->d_name, &st, 0) < 0 ||
		    st.st_ctim.tv_sec > time(NULL) - STALE_S)
			continue;
		AUTO(free) char *path = fs_join(trees, at->d_name);
		fs_remove(path, NULL);
	}
	if (dir)
		closedir(dir);
}

int link_tree_temp(const struct link_plan *p, char **out, struct err **e)
{
	AUTO(free) char *trees = NULL;
	AUTO(free) char *tree = NULL;
	int code = layout_folder(p->options.cache, LAYOUT_TREES, &trees, e);
	if (code < 0)
		return code;
	sweep(trees);
	if ((code = fs_temp_dir(trees, &tree, e)) < 0)
		return code;
	/* Scripts see it as the prefix. */
	if (chmod(tree, 0755) < 0)
		return err_sys(e, "%s", tree);
	*out = STEAL(&tree);
	return 0;
}

/* --- a sink that lets some entries through ------------------------------------------- */

struct filter {
	struct sink sink; /* first */
	struct sink *to;
	const struct link_tree_request *q;
	bool open; /* the last entry went through */
};

static int filter_entry(struct sink *s, const struct entry *entry, struct err **e)
{
	struct filter *f = (struct filter *)s;
	const struct link_tree_request *q = f->q;
	f->open = q->wanted(q->cookie, entry->path) &&
		  (entry->kind != ENTRY_HARDLINK || q->wanted(q->cookie, entry->target));
	return f->open ? f->to->entry(f->to, entry, e) : 0;
}

static int filter_data(struct sink *s, const void *p, size_t n, struct err **e)
{
	struct filter *f = (struct filter *)s;
	return f->open ? f->to->data(f->to, p, n, e) : 0;
}

/* --- linking ------------------------------------------------------------------------- */

static int link_one(void *cookie, size_t i, struct err **e)
{
	const struct link_tree_request *q = cookie;
	if (!q->chosen[i])
		return 0;
	int code = interrupt_check(e);
	if (code < 0)
		return code;
	AUTO(sink_folder_free) struct sink *folder = sink_folder_new(q->folder, e);
	if (!folder)
		return ERR_IO;
	struct filter filter = {{filter_entry, filter_data}, folder, q, false};
	code = link_package(q->plan, i, q->wanted ? &filter.sink : folder, e);
	if (code == 0)
		code = sink_folder_end(folder, e);
	return code < 0 ? err_wrap(e, code, "%.*s", STR_ARG(q->plan->records[i].name)) : 0;
}

int link_tree(const struct link_tree_request *q, struct err **e)
{
	unsigned jobs = q->plan->options.jobs ? q->plan->options.jobs : workers_default();
	return workers_run(jobs, q->plan->count, link_one, (void *)q, e);
}
