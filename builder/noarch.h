/* builder/noarch.h - python packages for any python: where their files go, and their commands. */
#ifndef KILN_NOARCH_H
#define KILN_NOARCH_H
#include "specs/base/arena.h"
#include "specs/record.h"

/* The python that an environment has. */
struct noarch_python {
	const struct record *record; /* NULL: none */
	struct str minor;	     /* "3.11" */
	struct str site_packages;    /* "lib/python3.11/site-packages" */
};

/* record: NULL for no python. ERR_CORRUPT for a version or a path that cannot be. */
int noarch_python(struct arena *a, const struct record *record, struct noarch_python *out,
		  struct err **e);
/* Where a noarch python package's file goes: site-packages/X and python-scripts/X move. The
 * answer is ended by 0, as path is. */
struct str noarch_path(struct arena *a, const struct noarch_python *python, struct str path);

/* A command that calls a function. */
struct entry_point {
	struct str command, module, function;
};
/* "command = module:function"; slices of text. ERR_CORRUPT for names that could lead out of
 * bin/ or are no Python. */
int entry_point_parse(struct str text, struct entry_point *out, struct err **e);
/* The text of bin/COMMAND (mode 0775). */
void entry_point_write(const struct entry_point *p, const struct noarch_python *python,
		       const char *prefix, struct buf *out);
#endif
