/* builder/explain.h - why a request has no solution: the smallest conflict, the words for it,
 * and the changes that help. Private to the solver. */
#ifndef KILN_EXPLAIN_H
#define KILN_EXPLAIN_H
#include "builder/problem.h"

#define OF_REQUEST UINT32_MAX /* in place of a package: the request itself */

/* What must hold and cannot: packages (by id) and the texts that their records, or the request,
 * have. Without any one of the lines the others hold. Lines of the request come first, in its
 * order; then those of packages, in the order in which they were loaded. */
struct conflict_line {
	uint32_t package, text;
	bool constrains;
};
struct conflict {
	struct conflict_line *lines;
	size_t n;
};

/* conflict_words.c: the conflict as an indented tree, a line each, without a closing newline:
 * the specs of the request, below each which versions need what, at the ends why that cannot
 * be. */
void conflict_say(const struct problem *p, const struct conflict *c, struct buf *out);
/* spec_words.c: a text for people: `numpy >=1.26,<2`; without the name when bare. */
void conflict_say_text(const struct problem *p, uint32_t text, bool bare, struct buf *out);
/* The channel that a spec names, without credentials, in the arena; empty: none. */
struct str conflict_spec_channel(const struct matchspec *m, struct arena *a);
bool conflict_is_channel(const struct channel *c, struct str named);
/* What a channel holds, with "?" for what would break a line or move the cursor. */
void conflict_say_plain(struct str s, struct buf *out);

/* A package's distinct versions, ascending: one record of each. */
struct ladder {
	const struct solvable **v;
	uint32_t n;
};
struct ladder ladder_make(const struct problem *p, uint32_t package, struct arena *a);
/* The step of a record's version. */
uint32_t ladder_step(const struct problem *p, const struct ladder *l, const struct solvable *s);
/* "1.0 to 1.5, 1.9": the steps that are marked. */
void ladder_say(const struct problem *p, const struct ladder *l, const uint8_t *marks,
		struct buf *out);

/* How many steps are marked. */
uint32_t ladder_marked(const struct ladder *l, const uint8_t *marks);

/* absent.c: why a text matches nothing. The clause ends a line (": no channel has numpy"); the
 * notes are lines of their own, each begun by a newline and the indent. */
void absent_clause(const struct problem *p, uint32_t text, struct buf *out);
void absent_notes(const struct problem *p, uint32_t text, unsigned indent, struct buf *out);
/* Who said what the target has of a virtual package ("the base's libc"); empty: unknown. */
struct str absent_origin(const struct problem *p, struct str name);
/* Whether a channel behind the one that is used has the name as well; *at is the first such,
 * from *at on. False unless the priority is strict. */
bool absent_hidden(const struct problem *p, uint32_t package, size_t *at);

/* nearest.c: names of the channels that the user may have meant, the likeliest first. */
enum { NEAREST_MAX = 3 };
size_t nearest_names(const struct channels *c, struct str name, struct str out[NEAREST_MAX]);

/* remedy.c: changes to the request that make it solvable, every one of them tried; n conflicts
 * that share no spec of the request. Appends lines, each begun by a newline; nothing when no
 * change was found. */
void remedies_say(struct problem *p, const struct conflict *c, size_t n, struct buf *out);
#endif
