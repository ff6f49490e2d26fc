/* specs/requirement.h - one requirement of a Python distribution (PEP 508):
 * `name[extra] >=1,<2 ; marker` or `name @ URL ; marker`. */
#ifndef KILN_REQUIREMENT_H
#define KILN_REQUIREMENT_H
#include "specs/marker.h"
#include "specs/pyversion.h"

struct requirement {
	struct str name;    /* as written */
	struct str normal;  /* as it is compared */
	struct strs extras; /* normal, sorted, each once */
	struct pyspecifiers specifiers;
	struct str url;		     /* of a direct reference, else empty */
	const struct marker *marker; /* NULL: none */
};

/* Reads a whole requirement, by the rules that pip has: specifiers may stand in brackets, a
 * comma may follow the last one, a marker may be empty. ERR_SYNTAX with what was wanted. */
int requirement_parse(struct arena *a, struct str text, struct requirement *out, struct err **e);
/* The canonical text, which reads back to the same: ` ; ` stands before a marker. */
void requirement_write(const struct requirement *r, struct buf *out);
#endif
