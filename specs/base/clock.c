/* specs/base/clock.c - clocks. */
#include "specs/base/clock.h"
#include <time.h>

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_ms(void)
{
	return now_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_work_ms(void)
{
	return now_ns(CLOCK_THREAD_CPUTIME_ID) / 1000000;
}

double clock_seconds(void)
{
	return (double)now_ns(CLOCK_MONOTONIC) / 1e9;
}

uint64_t clock_wall_ms(void)
{
	return (uint64_t)now_ns(CLOCK_REALTIME) / 1000000;
}
