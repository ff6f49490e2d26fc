/* specs/textmatch.h - a string that a match spec compares: equal, glob or regex.
 *
 * CEP 29: `^...$` is a regular expression, a text with `*` a glob in which only `*` has a
 * meaning, all else is compared; ASCII case never matters. */
#ifndef KILN_TEXTMATCH_H
#define KILN_TEXTMATCH_H
#include "specs/base/arena.h"

enum textmatch_kind { TEXT_ANY, TEXT_EQUAL, TEXT_GLOB, TEXT_REGEX };

struct textmatch {
	enum textmatch_kind kind;
	struct str text;   /* as written */
	const void *regex; /* compiled; shared by all equal ones, lives as long as the process */
};

/* ERR_SYNTAX for a regular expression that does not compile. */
int textmatch_read(struct arena *a, struct str text, struct textmatch *out, struct err **e);
bool textmatch_matches(const struct textmatch *m, struct str text);
#endif
