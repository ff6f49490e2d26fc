/* builder/problem.h - what a solve is about: the names reached from the request, their
 * records in order of rank, the match-spec texts between them and what each matches. */
#ifndef KILN_PROBLEM_H
#define KILN_PROBLEM_H
#include "builder/solve.h"
#include "cache/intern.h"
#include "specs/base/vec.h"

enum { NO_CHANNEL = UINT16_MAX }; /* a virtual package */

struct solvable {
	uint64_t build_number, timestamp;
	uint32_t name, version; /* ids of packages and of versions */
	uint32_t record;	/* in the index, or the place among the virtuals */
	uint16_t channel, subdir;
	bool features;
	uint32_t edges; /* texts: depends, then constrains */
	uint16_t depends, constrains;
	uint32_t rank; /* among all, grouped by name; less is better */
	int32_t var;   /* 0: not encoded */
};

struct package {
	struct str name;
	uint32_t first, count; /* solvables */
	uint32_t unreadable;   /* records that were left out */
	bool sole;	       /* the request names a channel for it */
};

/* One distinct text (or one spec of the request) and what it means. */
struct text {
	const struct matchspec *spec; /* of a record's text only while it is matched */
	uint32_t package;
	bool bad;
	uint32_t *matches, count; /* solvables, best first */
	uint32_t best;		  /* of the highest version; count > 0 */
	int32_t gate, never;	  /* variables; 0: none */
};

struct problem {
	struct arena arena, specs; /* specs: until all texts are matched */
	const struct solve_request *request;
	struct intern names, texts_seen, versions_seen;
	VEC(struct package) packages; /* by id of names */
	VEC(struct solvable) solvables;
	VEC(struct text) texts;		      /* by id of texts_seen; the request's are first */
	VEC(const struct version *) versions; /* by id of versions_seen; NULL: it is none */
	uint32_t *version_order;	      /* by the same id: less is lower, equal is equal */
	VEC(uint32_t) edges;
	struct source *sources; /* every index, in order */
	uint32_t *requested;	/* texts of the specs */
	uint32_t *ranked;	/* solvables in order of rank */
};
void problem_done(struct problem *p);
AUTO_DEFINE_VALUE(struct problem, problem_done)
/* Loads all that is reached, ranks it and matches every text. */
void problem_load(struct problem *p, const struct solve_request *r);
/* The same, but no further than what the requested names depend on: enough to rank them. */
void problem_look(struct problem *p, const struct solve_request *r);
/* The spec of a text, read again into the arena unless the request holds it. */
const struct matchspec *problem_spec(const struct problem *p, uint32_t text, struct arena *a);
struct str problem_version(const struct problem *p, const struct solvable *s);
/* The solvable's whole record, in the arena. */
int problem_record(const struct problem *p, uint32_t solvable, struct arena *a, struct record *out,
		   struct err **e);
/* rank.c: fills p->ranked and every rank, and sorts the matches of all texts. */
void problem_rank(struct problem *p);

/* encode.c: the clauses of the problem. keep: of the lines (name of the record, text) only
 * these; NULL: all. line ids are those of origins: text * 2 + 1 for constrains, else text * 2,
 * plus 1; 0 is no line. */
struct sat;
struct encode_filter {
	bool (*keep)(void *cookie, uint32_t package, uint32_t line);
	void *cookie;
};
struct sat *problem_encode(struct problem *p, const struct encode_filter *filter);
/* explain.c: ERR_UNSOLVABLE, see solve(). */
int problem_explain(struct problem *p, const struct sat *s, struct err **e);
#endif
