/* builder/belt.c - a few blocks that go round between two threads. */
#include "builder/belt.h"
#include <pthread.h>

enum { BLOCKS = 4 };

struct block {
	uint8_t *p;
	size_t n;
	bool last;
};

struct belt {
	belt_taker *take;
	void *cookie;
	pthread_t thread;
	bool joined;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct block blocks[BLOCKS];
	size_t at, n; /* those that are full */
	bool stop;    /* no more is to be taken */
	int code;     /* of the taker, and its error */
	struct err *e;
};

/* The oldest block, which stays the taker's until `taken`; false when none is to be taken. */
static bool next(struct belt *b, struct block *out)
{
	pthread_mutex_lock(&b->lock);
	while (b->n == 0 && !b->stop)
		pthread_cond_wait(&b->moved, &b->lock);
	*out = b->blocks[b->at];
	bool more = !b->stop;
	pthread_mutex_unlock(&b->lock);
	return more;
}

static void taken(struct belt *b, int code)
{
	pthread_mutex_lock(&b->lock);
	b->at = (b->at + 1) % BLOCKS;
	b->n--;
	b->code = code;
	pthread_cond_signal(&b->moved);
	pthread_mutex_unlock(&b->lock);
}

static void *run(void *belt)
{
	struct belt *b = belt;
	struct block block = {0};
	int code = 0;
	while (code == 0 && !block.last && next(b, &block)) {
		code = b->take(b->cookie, block.p, block.n, block.last, &b->e);
		taken(b, code);
	}
	return NULL;
}

struct belt *belt_new(size_t room, belt_taker *take, void *cookie)
{
	struct belt *b = mem_zero(1, sizeof(*b));
	b->take = take;
	b->cookie = cookie;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->moved, NULL);
	for (size_t i = 0; i < BLOCKS; i++)
		b->blocks[i].p = mem_alloc(room);
	if (pthread_create(&b->thread, NULL, run, b) == 0)
		return b;
	b->joined = true;
	belt_free(b);
	return NULL;
}

static int failure(struct belt *b, struct err **e)
{
	if (b->code < 0 && e)
		*e = STEAL(&b->e);
	return b->code;
}

int belt_put(struct belt *b, uint8_t **block, size_t n, bool last, struct err **e)
{
	pthread_mutex_lock(&b->lock);
	while (b->n == BLOCKS && b->code == 0)
		pthread_cond_wait(&b->moved, &b->lock);
	int code = failure(b, e);
	if (code == 0) {
		struct block *to = &b->blocks[(b->at + b->n) % BLOCKS];
		uint8_t *empty = to->p;
		*to = (struct block){*block, n, last};
		*block = empty;
		b->n++;
		pthread_cond_signal(&b->moved);
	}
	pthread_mutex_unlock(&b->lock);
	return code;
}

int belt_end(struct belt *b, struct err **e)
{
	pthread_join(b->thread, NULL);
	b->joined = true;
	return failure(b, e);
}

void belt_free(struct belt *b)
{
	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->stop = true;
	pthread_cond_signal(&b->moved);
	pthread_mutex_unlock(&b->lock);
	if (!b->joined)
		pthread_join(b->thread, NULL);
	for (size_t i = 0; i < BLOCKS; i++)
		free(b->blocks[i].p);
	pthread_cond_destroy(&b->moved);
	pthread_mutex_destroy(&b->lock);
	err_free(b->e);
	free(b);
}
