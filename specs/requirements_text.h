/* specs/requirements_text.h - from a requirements file's bytes to its logical lines. */
#ifndef KILN_REQUIREMENTS_TEXT_H
#define KILN_REQUIREMENTS_TEXT_H
#include "specs/base/arena.h"

/* A logical line: continuations joined, comment gone, ${NAME} replaced. */
struct requirements_text {
	struct arena *arena;
	struct str rest;
	unsigned next; /* number of the physical line that rest begins with */
};

/* Decodes: a byte order mark (UTF-8, 16, 32), `coding: NAME` in one of the first two lines, else
 * UTF-8. ERR_SYNTAX with the place of a byte that is none. */
int requirements_decode(struct arena *a, struct str bytes, struct str *out, struct err **e);
/* The next line that is not empty, and the number of its first physical line; false at the
 * end. */
bool requirements_next(struct requirements_text *t, struct str *line, unsigned *number);
/* All ${NAME} replaced, those in the user part of an address too: for whoever uses the address. */
struct str requirements_expand(struct arena *a, struct str text);
/* Cuts the text at blanks, as a shell does, with quotes and backslashes. ERR_SYNTAX. */
int requirements_words(struct arena *a, struct str text, struct strs *out, struct err **e);
#endif
