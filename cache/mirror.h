/* cache/mirror.h - other places for the same files, by the prefix of their address.
 *
 * A file keeps the name that it has at its origin: in keys, locks, conda-meta and messages about
 * it. A mirror is only where it is asked for, and whatever came is checked as if it had come from
 * the origin. The places of the longest prefix that fits are asked in their order, until one
 * answers; the origin is one of them only when the list says so. */
#ifndef KILN_CACHE_MIRROR_H
#define KILN_CACHE_MIRROR_H
#include "cache/http.h"
#include "specs/config.h"

/* Any thread may use it. rules: prefix -> prefixes, borrowed. NULL gives one without rules. */
struct mirrors *mirrors_new(const struct config_map *rules);
void mirrors_free(struct mirrors *m);
AUTO_DEFINE(struct mirrors *, mirrors_free)

/* The addresses at which to ask for what `url` names, the first to ask first: `url` alone where no
 * rule fits. An image's name, "HOST/REPOSITORY", is an address too. m may be NULL. */
struct strs mirrors_places(struct mirrors *m, struct str url, struct arena *a);
/* An address that was read at a mirror of `of`, as the origin has it: what stands below one of the
 * mirrors stands below the origin's prefix. */
struct str mirrors_origin(struct mirrors *m, struct str of, struct str url, struct arena *a);
/* What stands below the address is asked for last from now on, in this process. m may be NULL. */
void mirrors_avoid(struct mirrors *m, struct str address);
/* Whether another place may have what this one failed to give: it cannot be reached, fails, does
 * not have it, or gave other bytes. One that wants a login has answered. */
bool mirror_may_help(int code);
/* Says in the log why places.v[at + 1] is asked now, avoids a mirror that fails as a whole, and
 * clears the error, which must be there. */
void mirrors_pass(struct http *h, struct strs places, size_t at, struct err **why);

/* Asks one place after the other until `ask` succeeds or fails for good. others: there are more
 * places (see http_request's brief). Returns what the last one said. */
int mirrors_ask(struct http *h, struct str url,
		int (*ask)(void *cookie, const char *url, bool others, struct err **e),
		void *cookie, struct err **e);
#endif
