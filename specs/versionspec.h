/* specs/versionspec.h - version expressions of match specs: `>=1.2,<2|3.*`, read once.
 *
 * CEP 29, with rattler's lenient readings of globs behind operators. A clause with a glob
 * inside (`3.*.1`) or a regex (`^3.*$`) is matched against the version's source text. */
#ifndef KILN_VERSIONSPEC_H
#define KILN_VERSIONSPEC_H
#include "specs/record.h"
#include "specs/textmatch.h"

enum version_op {
	VERSION_ANY,
	VERSION_EQ,
	VERSION_NE,
	VERSION_LT,
	VERSION_LE,
	VERSION_GT,
	VERSION_GE,
	VERSION_PREFIX,
	VERSION_NOT_PREFIX,
	VERSION_COMPATIBLE,
	VERSION_TEXT, /* glob or regex against the source text */
	VERSION_NOT_TEXT,
	VERSION_AND,
	VERSION_OR,
};

struct versionspec {
	enum version_op op;
	struct str text;			/* of the version, as written */
	const struct version *version;		/* of a clause */
	struct textmatch pattern;		/* of VERSION_TEXT and VERSION_NOT_TEXT */
	const struct versionspec *first, *next; /* children of AND and OR; siblings */
};

/* Reads an expression from the start of *text and leaves in *text what follows it: nothing, or
 * a build behind a blank or `=`. ERR_SYNTAX; *text is then where the fault is. */
int versionspec_read(struct arena *a, struct str *text, const struct versionspec **out,
		     struct err **e);
bool versionspec_matches(const struct versionspec *v, const struct version *version,
			 struct str version_text);
/* Written so that it reads back to an equal expression; VERSION_ANY is "*". */
void versionspec_write(const struct versionspec *v, struct buf *out);
#endif
