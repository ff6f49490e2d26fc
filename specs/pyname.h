/* specs/pyname.h - names of Python distributions and their extras (PEP 503, 685). */
#ifndef KILN_PYNAME_H
#define KILN_PYNAME_H
#include "specs/base/arena.h"

/* How many bytes at the start of s are a name: letters, digits, and `._-` between them. */
size_t pyname_length(struct str s);
/* The form that is compared: lower case, runs of `-_.` become one `-`. */
struct str pyname_normal(struct arena *a, struct str name);
#endif
