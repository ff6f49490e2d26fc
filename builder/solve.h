/* builder/solve.h - the set of packages that satisfies a request, or why there is none.
 *
 * A conflict-driven engine of our own over the names that are reached from the request;
 * encoding, ranks and the order of decisions follow resolvo, so that the answers are those of
 * rattler (tests compare them). */
#ifndef KILN_SOLVE_H
#define KILN_SOLVE_H
#include "cache/channel.h"
#include "specs/matchspec.h"
#include "specs/virtual.h"

/* What the order of channels means. As in a file: "strict", "flexible", "disabled". */
enum channel_priority {
	PRIORITY_STRICT,   /* the first channel that has a name is the only one for it */
	PRIORITY_FLEXIBLE, /* all of an earlier channel goes before all of a later one */
	PRIORITY_DISABLED, /* nothing, but between records that are otherwise equal */
};
const char *channel_priority_name(enum channel_priority p);
/* False where the text is none of the three. */
bool channel_priority_parse(struct str text, enum channel_priority *out);

struct solve_request {
	const struct channels *channels; /* highest priority first */
	const struct matchspec *specs;	 /* in the order of the request */
	size_t spec_count;
	const struct record *virtuals; /* name, version, build set */
	size_t virtual_count;
	const struct virtual_row *origins; /* who said so, for the words of a conflict */
	size_t origin_count;
	enum channel_priority priority;
	/* Milliseconds since 1970: records that were made later, or nobody knows when, are no
	 * candidates; a channel has their names all the same. 0: all are candidates. */
	uint64_t newest_ms;
	struct log *log; /* records that cannot be used are named with -v */
	/* For a name that no channel has: appends where else it is ("win-64 of conda-forge"), or
	 * nothing. NULL: nobody knows. */
	void (*elsewhere)(void *cookie, struct str name, struct buf *out);
	void *cookie;
};

struct solution {
	struct arena arena;
	struct record *records; /* dependencies before dependents; whole */
	size_t count;
};
void solution_done(struct solution *s);
AUTO_DEFINE_VALUE(struct solution, solution_done)

/* ERR_UNSOLVABLE with a text of several lines: the smallest conflict as an indented tree, then
 * changes to the request that make it solvable, each of them tried. */
int solve(const struct solve_request *r, struct solution *out, struct err **e);
/* Whether the name of a search's spec is a glob or regex, which only whole channels can answer. */
bool solve_is_pattern(struct str name);
/* Records of all channels that match, best first, into the arena. */
int solve_search(const struct channels *c, const struct matchspec *spec,
		 enum channel_priority priority, struct arena *a, struct record **out,
		 size_t *out_count, struct err **e);
/* For a name that no channel has: appends those that may have been meant, the likeliest first
 * ("numpy, numpydoc"). Nothing when it is there after all, or nothing is near. */
void solve_nearest(const struct channels *c, struct str name, struct buf *out);
/* Puts records in link order: dependencies first, in the order rattler gives; cycles are cut. */
void solve_sort(struct record *records, size_t count);
#endif
