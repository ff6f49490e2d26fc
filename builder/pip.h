/* builder/pip.h - the pip half of an environment: from requirements to wheels, each with address
 * and digest, on top of what conda installs. uv, as a program, decides on versions. */
#ifndef KILN_PIP_H
#define KILN_PIP_H
#include "cache/package.h"
#include "specs/base/log.h"
#include "specs/platform.h"
#include "specs/requirements.h"

/* A distribution that a conda package brings along. */
struct pip_dist {
	struct str name; /* normal */
	struct str version;
	struct str metadata; /* the headers of its METADATA or PKG-INFO */
	struct str package;  /* conda's */
};
struct pip_dists {
	const struct pip_dist *v;
	size_t n;
};

/* What the archive's files below site-packages say; texts in the arena. ERR_CORRUPT. */
int pip_dists_read(const char *archive, struct str package, struct arena *a, struct pip_dists *out,
		   struct err **e);

/* Where the wheels will run. */
struct pip_target {
	const struct platform *platform;
	struct str python; /* "3.11.2" */
	unsigned glibc;	   /* N of glibc 2.N */
};

/* How well a wheel with these tags (of its file's name) suits the target: less is better, -1: not
 * at all. The order is that of packaging.tags for CPython on manylinux. */
int pip_tags_rank(const struct pip_target *t, struct str python, struct str abi,
		  struct str platform);

/* Builds the wheel of a source, once. r: its address, with credentials where there are any, and all
 * else that is known; on return exact, without credentials, with name, version and what it was
 * built with. *out: what the wheel says of itself. Texts in the arena. */
typedef int pip_build_fn(void *cookie, struct arena *a, struct record *r, struct pip_dist *out,
			 struct err **e);

/* A shell script that is the target's Python, which sees the folder `shown` of this machine. */
typedef int pip_python_fn(void *cookie, struct arena *a, const char *shown, struct str *out,
			  struct err **e);

struct pip_request {
	const struct requirements *requirements;
	struct pip_dists provided;
	struct pip_target target;
	const char *cache; /* kiln's: uv's own lives in it */
	bool offline;
	unsigned connect_ms, idle_ms; /* see http_options */
	struct str newest;	      /* RFC 3339: files uploaded later are none; empty: all are */
	/* Why no source can be built, as in "NAME has to be built, WHICH ..."; NULL: build does. */
	const char *why_not;
	pip_build_fn *build;
	pip_python_fn *python; /* for a machine that has none for uv to ask; or NULL */
	void *cookie;
	struct log *log;
};

/* What a wheel says of itself; texts in the arena. ERR_CORRUPT. */
int pip_dist_of_wheel(const char *archive, struct arena *a, struct pip_dist *out, struct err **e);

/* The path that a line of kind PATH names, absolute; in the arena. */
struct str pip_line_path(struct arena *a, const struct requirement_line *l);

/* Records of wheels and of sources that were built (manager pip), by name; texts in the arena. No
 * code of a source runs for it but through `build`. ERR_UNSOLVABLE with uv's words and
 * the conda package that a version came from; ERR_ABSENT without uv, with how to get it; ERR_NET,
 * ERR_REFUSED, ERR_SYNTAX. */
int pip_solve(const struct pip_request *q, struct arena *a, struct record **out, size_t *out_count,
	      struct err **e);
/* Whether the wheels are what conda's distributions need, as `pip check` does. ERR_UNSOLVABLE names
 * both sides. */
int pip_check_provided(const struct pip_request *q, const struct record *wheels, size_t count,
		       struct err **e);
#endif
