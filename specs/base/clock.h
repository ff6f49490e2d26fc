/* specs/base/clock.h - time that only goes forward, from some start: for how long things take; and
 * the time of day. */
#ifndef KILN_BASE_CLOCK_H
#define KILN_BASE_CLOCK_H
#include <stdint.h>

int64_t clock_ms(void);
double clock_seconds(void);
/* What this thread has worked: it stands still while others have the processor. */
int64_t clock_work_ms(void);
/* Since 1970. It may jump. */
uint64_t clock_wall_ms(void);
#endif
