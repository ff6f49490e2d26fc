/* builder/pump.c - a thread that writes into a ring, and the reader of it. */
#include "builder/pump.h"
#include "specs/base/interrupt.h"
#include <pthread.h>
#include <time.h>

enum { LOOK_MS = 100 }; /* how often a wait looks for an interrupt */

struct pump {
	pump_source *source;
	void *cookie;
	pthread_t thread;
	bool running; /* the thread has to be joined */
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool stop;  /* the reader wants no more */
	bool ended; /* the source has returned `code` and `e` */
	int code;
	struct err *e;
	size_t at, n; /* of the bytes in the ring */
	char ring[PUMP_ROOM];
};

struct pump *pump_new(pump_source *source, void *cookie)
{
	struct pump *p = mem_zero(1, sizeof(*p));
	p->source = source;
	p->cookie = cookie;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->moved, NULL);
	return p;
}

/* The lock is held. */
static void wait_a_look(struct pump *p)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	long ns = until.tv_nsec + LOOK_MS * 1000000L;
	until.tv_sec += ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	pthread_cond_timedwait(&p->moved, &p->lock, &until);
}

static size_t ring_put(struct pump *p, const char *from, size_t n)
{
	size_t end = (p->at + p->n) % PUMP_ROOM, room = PUMP_ROOM - p->n;
	size_t straight = PUMP_ROOM - end;
	n = n < room ? n : room;
	n = n < straight ? n : straight;
	memcpy(p->ring + end, from, n);
	p->n += n;
	return n;
}

static size_t ring_get(struct pump *p, char *to, size_t n)
{
	size_t straight = PUMP_ROOM - p->at;
	n = n < p->n ? n : p->n;
	n = n < straight ? n : straight;
	memcpy(to, p->ring + p->at, n);
	p->at = (p->at + n) % PUMP_ROOM;
	p->n -= n;
	return n;
}

static int pump_write(void *to, const void *bytes, size_t n, struct err **e)
{
	struct pump *p = to;
	const char *from = bytes;
	int code = 0;
	pthread_mutex_lock(&p->lock);
	while (n && code == 0) {
		size_t put = ring_put(p, from, n);
		from += put;
		n -= put;
		if (p->stop)
			code = err_set(e, ERR_INTERRUPTED, "nobody reads on");
		else if (put)
			pthread_cond_broadcast(&p->moved);
		else
			wait_a_look(p);
	}
	pthread_mutex_unlock(&p->lock);
	return code;
}

static void *run(void *pump)
{
	struct pump *p = pump;
	struct err *e = NULL;
	int code = p->source(p->cookie, pump_write, p, &e);
	pthread_mutex_lock(&p->lock);
	p->ended = true;
	p->code = code;
	p->e = e;
	pthread_cond_broadcast(&p->moved);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int start(struct pump *p, struct err **e)
{
	int code = pthread_create(&p->thread, NULL, run, p);
	if (code != 0)
		return err_set(e, ERR_FAILED, "a thread to send from: %s", strerror(code));
	p->running = true;
	return 0;
}

static void halt(struct pump *p)
{
	if (!p->running)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->moved);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	p->running = p->stop = p->ended = false;
	p->code = 0;
	p->at = p->n = 0;
	err_clear(&p->e);
}

int pump_read(void *pump, void *to, size_t n, size_t *got, struct err **e)
{
	struct pump *p = pump;
	int code = p->running ? 0 : start(p, e);
	if (code < 0)
		return code;
	pthread_mutex_lock(&p->lock);
	while (p->n == 0 && !p->ended && (code = interrupt_check(e)) == 0)
		wait_a_look(p);
	if (code == 0 && p->n == 0 && p->code < 0) {
		code = p->code;
		if (e)
			*e = STEAL(&p->e);
	}
	if (code == 0) {
		*got = ring_get(p, to, n);
		pthread_cond_broadcast(&p->moved);
	}
	pthread_mutex_unlock(&p->lock);
	return code;
}

int pump_rewind(void *pump, struct err **e)
{
	(void)e;
	halt(pump);
	return 0;
}

void pump_free(struct pump *p)
{
	if (!p)
		return;
	halt(p);
	pthread_cond_destroy(&p->moved);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
