/* builder/workshop_private.h - what the files of the workshop share; nobody else includes it. */
#ifndef KILN_WORKSHOP_PRIVATE_H
#define KILN_WORKSHOP_PRIVATE_H
#include "builder/build_private.h"
#include "builder/workshop.h"
#include "specs/base/fs.h"
#include "specs/base/url.h"

struct workshop {
	struct build *b;
	const struct lock *lock;
	const struct package_file *files;
	const struct requirements *requirements; /* or NULL */
	struct arena arena;
	/* What builds see of conda's packages: made at the first need. */
	struct link_plan plan;
	bool planned;
	bool *chosen;			/* [plan.count] */
	struct digest identity;		/* of those */
	char *environment;		/* the folder, once it is there */
	bool found;			/* it was there before, and may have been damaged since */
	struct strs variables;		/* of its activation, then */
	const struct making *innermost; /* what is being built, for what is built in turn */
};

/* One source on its way to a wheel. */
struct making {
	const struct making *outer; /* that it is to be built with, or NULL */
	struct arena *a;	    /* the caller's: of what r points at */
	struct record *r;
	const char *what; /* for messages */
	struct source_address address;
	char *folder;	  /* its own: gone at the end */
	char *archive;	  /* of an archive, in the cache */
	const char *kept; /* of a commit, its checkout in the cache */
	char *tree;	  /* its files, which a build may change */
};

static inline void making_done(struct making *m)
{
	if (m->folder)
		fs_remove(m->folder, NULL);
	free(m->folder);
	free(m->archive);
	free(m->tree);
}
AUTO_DEFINE_VALUE(struct making, making_done)

/* Archives into the cache. */
int workshop_fetch(struct workshop *w, const struct record *records, size_t count,
		   struct package_file *files, struct err **e);
/* A folder of one's own, for a while; the caller frees *out. */
int workshop_folder(struct workshop *w, char **out, struct err **e);
/* Fills w->plan, chosen and identity. */
int workshop_plan(struct workshop *w, struct err **e);
/* Builds m->tree with its backend and requirements, which m->r->source then names. The caller
 * frees *out: the wheel, below m->folder. */
int workshop_run(struct workshop *w, struct making *m, char **out, struct err **e);
/* After a build that failed: links the environment anew where it was found, and says whether what
 * stood there was another one, which is replaced. Once a run. */
bool workshop_renew(struct workshop *w);
/* ERR_FAILED when programs or libraries of the wheel want a newer glibc than the target has: they
 * were linked with this machine's. */
int workshop_check_libc(const struct workshop *w, const char *wheel, struct err **e);
#endif
