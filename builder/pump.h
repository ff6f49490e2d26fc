/* builder/pump.h - bytes that one side writes as they come and another reads as it needs them.
 *
 * The writing side runs in a thread of its own, at most PUMP_ROOM bytes ahead. One thread uses
 * a pump. */
#ifndef KILN_PUMP_H
#define KILN_PUMP_H
#include "specs/base/buf.h"

enum { PUMP_ROOM = 1 << 20 };

/* Writes all of its bytes, from the first, through `write`; ends when that fails. */
typedef int pump_source(void *cookie,
			int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
			struct err **e);

struct pump;
struct pump *pump_new(pump_source *source, void *cookie);
/* Stops the source, waiting for it; NULL is fine. */
void pump_free(struct pump *p);
AUTO_DEFINE(struct pump *, pump_free)
/* The next bytes, at most n, at least one; *got is 0 at the end. The source's error, or
 * ERR_INTERRUPTED. Shaped as struct http_body wants it; the cookie is the pump. */
int pump_read(void *pump, void *to, size_t n, size_t *got, struct err **e);
/* From the first byte again: the source runs anew. */
int pump_rewind(void *pump, struct err **e);
#endif
