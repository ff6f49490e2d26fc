/* builder/problem.h - what a solve is about: the names reached from the request, their
 * records in order of rank, the match-spec texts between them and what each matches. */
#ifndef KILN_PROBLEM_H
#define KILN_PROBLEM_H
#include "builder/solve.h"
#include "cache/intern.h"
#include "specs/base/vec.h"

enum { NO_CHANNEL = UINT16_MAX }; /* a virtual package */

struct solvable {
	uint32_t name, version; /* ids of packages and of versions */
	uint32_t record;	/* in the index, or the place among the virtuals */
	uint16_t channel, subdir;
	bool features;
	uint32_t edges; /* texts: depends, then constrains */
	uint16_t depends, constrains;
	uint32_t rank; /* among all, grouped by name; less is better */
	int32_t var;   /* 0: not encoded */
};

/* What only ranking asks of a solvable. */
struct times {
	uint64_t build_number, timestamp;
};

struct package {
	struct str name;
	uint32_t first, count; /* solvables */
	uint32_t unreadable;   /* records that were left out */
	uint32_t newer;	       /* the same, for their age */
	uint32_t order;	       /* of the name among all, by bytes */
	uint32_t steps;	       /* distinct versions: so many from first in steps */
	bool sole;	       /* the request names a channel for it */
	bool reached;	       /* it is loaded, or will be */
	bool plain;	       /* by rank, equal versions stand together, higher ones first */
};

/* A version that records of a package have. */
struct step {
	uint32_t order; /* as in version_order */
	uint32_t first; /* the solvable that was loaded first */
	uint32_t place; /* in ranked, where its records begin; of a plain package */
};

/* One distinct text (or one spec of the request) and what it means. */
struct text {
	const struct matchspec *spec; /* only while it is matched, unless it is requested */
	uint32_t package;
	bool bad;
	bool is_simple;	   /* bounds say all; spec is NULL */
	uint32_t *matches; /* solvables, best first; perhaps a part of ranked */
	uint32_t count;
	uint32_t best;	     /* of the highest version; count > 0 */
	int32_t gate, never; /* variables; 0: none */
};

/* Of a simple text. */
struct bounds {
	uint32_t version[2]; /* ids of versions */
	uint8_t keeps[2];    /* MATCHSPEC_LESS and so on; 0: there is no such bound */
};

enum { PROBLEM_PARTS = 16 };

struct problem {
	struct arena arena, specs;	     /* specs: until all texts are matched */
	struct arena matched[PROBLEM_PARTS]; /* matches that are no part of ranked */
	const struct solve_request *request;
	struct intern names, texts_seen, versions_seen;
	VEC(struct package) packages; /* by id of names */
	VEC(struct solvable) solvables;
	VEC(struct times) times; /* by the same number, until all are ranked */
	VEC(uint32_t) virtual_solvables;
	VEC(struct text) texts;		      /* by id of texts_seen; the request's are first */
	VEC(struct bounds) bounds;	      /* by the same id, until all are matched */
	VEC(const struct version *) versions; /* by id of versions_seen; NULL: it is none */
	uint32_t *version_order;	      /* by the same id: less is lower, equal is equal */
	struct step *steps; /* of every package, its lowest first, from the place of its first */
	VEC(uint32_t) edges;
	VEC(uint32_t) queue;	/* packages, in the order in which they are loaded */
	bool reaching;		/* what is loaded reaches others */
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
/* Work on all packages, or texts, by a few threads: each part is somebody's alone. */
struct part {
	size_t from, to; /* packages */
};
struct part problem_part(const struct problem *p, size_t part);
void problem_run(struct problem *p, int (*job)(void *problem, size_t part, struct err **e));
/* rank.c: in this order, with problem_match between: ranked as far as version and build number
 * decide, and the steps of every package; then the rest, for which the best match of every text
 * is known, and every rank. */
void problem_rank_versions(struct problem *p);
void problem_rank_ties(struct problem *p);
/* match.c: what every text matches, in any order; and in that of rank. */
void problem_match(struct problem *p);
void problem_sort_matches(struct problem *p);
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
