/* specs/pyversion.h - versions of Python distributions (PEP 440) and specifiers (`>=1.2,<2`),
 * read once, compared without allocating. Not conda's versions: those are specs/version.h. */
#ifndef KILN_PYVERSION_H
#define KILN_PYVERSION_H
#include "specs/base/arena.h"

enum pyversion_pre { PYVERSION_ALPHA, PYVERSION_BETA, PYVERSION_CANDIDATE, PYVERSION_NO_PRE };

/* Numbers are digits without zeros in front, of any length; 0 is the empty text. */
struct pyversion {
	struct str epoch;
	struct strs release; /* at least one */
	enum pyversion_pre pre_kind;
	struct str pre, post, dev;
	bool has_post, has_dev;
	struct strs local; /* numbers and lower-case words */
};

/* ERR_SYNTAX with the reason when the text is no version. */
int pyversion_parse(struct arena *a, struct str text, struct pyversion *out, struct err **e);
/* Negative, 0 or positive; 0 means equal as PEP 440 sees it (`1.0` and `1`). */
int pyversion_compare(const struct pyversion *a, const struct pyversion *b);
/* An alpha, a beta, a candidate or a development release. */
bool pyversion_is_pre(const struct pyversion *v);
/* The normal form: `1.0rc1`, `1!2.0.post1+x.1`. */
void pyversion_write(const struct pyversion *v, struct buf *out);

enum pyspecifier_op {
	PYSPECIFIER_COMPATIBLE, /* ~= */
	PYSPECIFIER_EQ,
	PYSPECIFIER_NE,
	PYSPECIFIER_LE,
	PYSPECIFIER_GE,
	PYSPECIFIER_LT,
	PYSPECIFIER_GT,
	PYSPECIFIER_TEXT, /* === */
};

struct pyspecifier {
	enum pyspecifier_op op;
	bool prefix; /* EQ and NE: the text ended in `.*` */
	struct str text;
	struct pyversion version; /* but for TEXT */
};

struct pyspecifiers {
	const struct pyspecifier *v; /* all must hold; none: any version */
	size_t n;
};

/* Reads one specifier, with its operator, from the start of *text, and leaves in *text what
 * follows it. ERR_SYNTAX. */
int pyspecifier_read(struct arena *a, struct str *text, struct pyspecifier *out, struct err **e);
/* Reads a whole set; an empty text is any version, an empty part (`>=1,`) is left out. */
int pyspecifiers_parse(struct arena *a, struct str text, struct pyspecifiers *out, struct err **e);
/* Whether an installed version satisfies it: pre-releases count. */
bool pyspecifier_matches(const struct pyspecifier *s, const struct pyversion *v);
bool pyspecifiers_match(struct pyspecifiers s, const struct pyversion *v);
/* As written, without blanks, in the order written. */
void pyspecifiers_write(struct pyspecifiers s, struct buf *out);
#endif
