/* specs/base/workers.c - a count of like jobs on a few threads. */
#include "specs/base/workers.h"
#include "specs/base/buf.h"
#include <pthread.h>
#include <sched.h>

struct crew {
	pthread_mutex_t lock;
	size_t next, count;
	int (*job)(void *cookie, size_t i, struct err **e);
	void *cookie;
	int code;
	struct err *e; /* the first failure's */
};

static bool take(struct crew *c, size_t *i)
{
	pthread_mutex_lock(&c->lock);
	bool more = c->code == 0 && c->next < c->count;
	if (more)
		*i = c->next++;
	pthread_mutex_unlock(&c->lock);
	return more;
}

static void *work(void *at)
{
	struct crew *c = at;
	size_t i;
	while (take(c, &i)) {
		struct err *e = NULL;
		int code = c->job(c->cookie, i, &e);
		if (code >= 0)
			continue;
		pthread_mutex_lock(&c->lock);
		if (c->code == 0) {
			c->code = code;
			c->e = STEAL(&e);
		}
		pthread_mutex_unlock(&c->lock);
		err_free(e);
	}
	return NULL;
}

int workers_run(unsigned threads, size_t count, int (*job)(void *cookie, size_t i, struct err **e),
		void *cookie, struct err **e)
{
	struct crew c = {PTHREAD_MUTEX_INITIALIZER, .count = count, .job = job, .cookie = cookie};
	size_t extra = threads < count ? threads : count;
	extra = extra ? extra - 1 : 0;
	AUTO(free) pthread_t *ids = mem_zero(extra, sizeof(*ids));
	size_t started = 0;
	while (started < extra && pthread_create(&ids[started], NULL, work, &c) == 0)
		started++;
	work(&c);
	for (size_t i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	if (c.code < 0 && e) {
		err_clear(e);
		*e = c.e;
	} else {
		err_free(c.e);
	}
	return c.code;
}

unsigned workers_default(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	int n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}
