/* cache/intern.h - distinct texts, each stored once and known by a number from 0. */
#ifndef KILN_CACHE_INTERN_H
#define KILN_CACHE_INTERN_H
#include "specs/base/buf.h"

/* The hash is kept: to look at a text is to wait for memory, twice. */
struct intern_slot {
	uint32_t id, hash; /* id + 1, 0: free */
};

struct intern {
	char *bytes; /* all texts, one behind the other */
	size_t bytes_n, bytes_room;
	uint32_t *ends; /* where text i ends in bytes */
	uint32_t n, room;
	struct intern_slot *slots; /* a power of two of them */
	uint32_t slot_count;
};
void intern_done(struct intern *t);
/* The number of the text; UINT32_MAX once 4 GiB are full. */
uint32_t intern_id(struct intern *t, struct str s);
/* The same, quicker when the text is that of `guess` (any number at all). */
uint32_t intern_guess(struct intern *t, struct str s, uint32_t guess);
struct str intern_text(const struct intern *t, uint32_t id);
uint64_t intern_hash(struct str s);
#endif
