/* specs/base/arena.h - memory for what dies together: a parsed spec, a lock, one solve.
 *
 * Nothing is freed alone. An arena is not shared between threads. */
#ifndef KILN_BASE_ARENA_H
#define KILN_BASE_ARENA_H
#include "specs/base/buf.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used; /* bytes of the head block */
};

#define ARENA                                                                                      \
	{                                                                                          \
		0                                                                                  \
	}

void arena_done(struct arena *a); /* frees all; the arena is empty and usable again */
AUTO_DEFINE_VALUE(struct arena, arena_done)
/* The same, and nothing of it stays in memory: for one that holds passwords. */
void arena_wipe(struct arena *a);
AUTO_DEFINE_VALUE(struct arena, arena_wipe)
/* size bytes, aligned for any type, not cleared; arena_zero clears. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zero(struct arena *a, size_t count, size_t size);
/* A copy of n bytes with a 0 behind them. */
char *arena_copy(struct arena *a, const void *p, size_t n);
struct str arena_str(struct arena *a, struct str s);
struct strs arena_strs(struct arena *a, struct strs from); /* the list and its texts */
/* The list with one more behind it; texts are not copied. For short lists. */
struct strs strs_with(struct arena *a, struct strs list, struct str text);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
#endif
