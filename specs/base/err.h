/* specs/base/err.h - why something failed: a code to branch on, a line to read, the cause below.
 *
 * A function that can fail returns int: 0 (or a count) when it did its work, a negative
 * enum err_code when not, and then *e holds a new error which the caller owns. It takes
 * `struct err **e` last; *e must be NULL on entry, and e itself may be NULL when the caller
 * needs the code only. Callers branch on the code, never on the text. */
#ifndef KILN_BASE_ERR_H
#define KILN_BASE_ERR_H
#include "specs/base/auto.h"
#include <stdarg.h>

enum err_code {
	ERR_FAILED = -1,       /* anything without a row of its own */
	ERR_USAGE = -2,	       /* the command line is wrong */
	ERR_SYNTAX = -3,       /* the user's text is wrong; the text says file:line:column */
	ERR_ABSENT = -4,       /* what was asked for is not there */
	ERR_UNSOLVABLE = -5,   /* no set of packages satisfies the request */
	ERR_NET = -6,	       /* network or registry */
	ERR_REFUSED = -7,      /* authentication or permission at the other end */
	ERR_DIGEST = -8,       /* bytes are not what their digest says */
	ERR_TIMEOUT = -9,      /* a phase ran out of its time */
	ERR_INTERRUPTED = -10, /* the user stopped it */
	ERR_IO = -11,	       /* the file system; sys holds errno */
	ERR_LIMIT = -12,       /* larger than kiln accepts */
	ERR_CORRUPT = -13,     /* bytes from outside do not parse */
};

struct err {
	enum err_code code;
	int sys;	   /* errno when it was raised, else 0 */
	struct err *cause; /* owned; NULL at the root */
	char text[];	   /* one line, no newline, no full stop; or what err_set_lines took */
};

/* Makes a new error in *e and returns code. */
int err_set(struct err **e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same of several lines: the caller answers for what the text quotes. */
int err_set_lines(struct err **e, enum err_code code, const char *text);
/* As err_set, with ERR_IO (ERR_ABSENT for ENOENT) and ": strerror(errno)" behind the text. */
int err_sys(struct err **e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts a line in front of the error in *e and returns code: the one that the cause was returned
 * with, or another that means more to the caller. */
int err_wrap(struct err **e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Frees the chain; NULL is fine. */
void err_free(struct err *e);
AUTO_DEFINE(struct err *, err_free)
/* Frees *e and makes it NULL: the caller has dealt with it. */
void err_clear(struct err **e);
/* The chain as one line, "text: cause: its cause", which the caller frees. */
char *err_line(const struct err *e);
/* What the process exits with for this code (README, "Exit status"). */
int err_exit_status(int code);
#endif
