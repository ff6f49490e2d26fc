/* specs/marker.h - environment markers of requirements (PEP 508): `python_version < "3.8"`. */
#ifndef KILN_MARKER_H
#define KILN_MARKER_H
#include "specs/base/arena.h"

enum marker_variable {
	MARKER_OS_NAME,
	MARKER_SYS_PLATFORM,
	MARKER_PLATFORM_MACHINE,
	MARKER_PLATFORM_PYTHON_IMPLEMENTATION,
	MARKER_PLATFORM_RELEASE,
	MARKER_PLATFORM_SYSTEM,
	MARKER_PLATFORM_VERSION,
	MARKER_PYTHON_VERSION,	    /* "3.11" */
	MARKER_PYTHON_FULL_VERSION, /* "3.11.9" */
	MARKER_IMPLEMENTATION_NAME,
	MARKER_IMPLEMENTATION_VERSION,
	MARKER_EXTRA, /* of the distribution that names the requirement; empty: none */
	MARKER_VARIABLES,
};

struct marker; /* lives in the arena it was read into */

/* What the variables are at the target. */
struct marker_environment {
	struct str values[MARKER_VARIABLES];
};

/* Reads a whole marker. ERR_SYNTAX with what was wanted. */
int marker_parse(struct arena *a, struct str text, const struct marker **out, struct err **e);
/* Versions are compared as versions where both sides are one, else as text. An order between
 * what cannot be ordered is false. */
bool marker_holds(const struct marker *m, const struct marker_environment *env);
/* Today's names of the variables, double quotes, only the brackets that are needed. */
void marker_write(const struct marker *m, struct buf *out);
#endif
