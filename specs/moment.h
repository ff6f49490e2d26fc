/* specs/moment.h - a moment as a user writes it: a day, or RFC 3339. */
#ifndef KILN_MOMENT_H
#define KILN_MOMENT_H
#include "specs/base/buf.h"

/* Milliseconds since 1970. A day ("2024-03-25") is its last one, as for uv and pixi, but of UTC, so
 * that all machines agree; else "2024-03-25T12:00:00Z", with a fraction of a second and another
 * offset ("+02:00") if wanted. False for all else, and for what is not
 * behind the beginning of 1970. */
bool moment_parse(struct str text, uint64_t *out_ms);
/* Of seconds since 1970, "2024-03-25T23:59:59Z"; false past the year 9999. */
bool moment_write_seconds(uint64_t s, struct buf *out);
/* "2024-03-25T23:59:59.999Z"; what moment_parse reads back. */
void moment_write(uint64_t ms, struct buf *out);
#endif
