/* builder/belt.h - blocks handed to a thread beside, in their order, and empty ones back. */
#ifndef KILN_BELT_H
#define KILN_BELT_H
#include "specs/base/buf.h"

struct belt;
/* Takes a block; the last one, which may be empty, says so. */
typedef int belt_taker(void *cookie, const uint8_t *block, size_t n, bool last, struct err **e);

/* room: bytes of a block. NULL when the system gives no thread. cookie: borrowed. */
struct belt *belt_new(size_t room, belt_taker *take, void *cookie);
/* *block: from malloc, of the belt's room; it is the taker's now, and an empty one stands in its
 * place. Waits while the taker is far behind. Returns what the taker failed with. */
int belt_put(struct belt *b, uint8_t **block, size_t n, bool last, struct err **e);
/* After the last block: waits until it is taken. Only belt_free may follow. */
int belt_end(struct belt *b, struct err **e);
/* What is not taken yet will not be. NULL is fine. */
void belt_free(struct belt *b);
AUTO_DEFINE(struct belt *, belt_free)
#endif
