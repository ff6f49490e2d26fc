/* specs/base/clock.c - the monotonic clock. */
#include "specs/base/clock.h"
#include <time.h>

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_ms(void)
{
	return now_ns() / 1000000;
}

double clock_seconds(void)
{
	return (double)now_ns() / 1e9;
}
