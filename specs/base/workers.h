/* specs/base/workers.h - a count of like jobs on a few threads. */
#ifndef KILN_BASE_WORKERS_H
#define KILN_BASE_WORKERS_H
#include "specs/base/err.h"
#include <stddef.h>

/* Runs job(cookie, i, &e) for every i below count, in that order of starting, on at most
 * `threads` threads at once (the caller's is one of them). After the first failure no further
 * job is started; that error is returned when all running ones have ended. */
int workers_run(unsigned threads, size_t count, int (*job)(void *cookie, size_t i, struct err **e),
		void *cookie, struct err **e);
/* Processors this process may use. */
unsigned workers_default(void);
#endif
