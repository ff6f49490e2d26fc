/* index_writer.c - bytes of repodata come in, in pieces of any size; a thread of its own reads
 * them, so that fetching and unpacking go on meanwhile. */
#include "cache/index_writer_private.h"

static const struct index_header blank;

int index_writer_open(const char *path, struct index_writer **out, struct err **e)
{
	AUTO(index_writer_free) struct index_writer *w = mem_zero(1, sizeof(*w));

	w->file.fd = -1;
	w->queue.room = QUEUE_BLOCK;
	w->path = mem_text(path);
	pthread_mutex_init(&w->queue.lock, NULL);
	pthread_cond_init(&w->queue.change, NULL);
	json_stream_init(&w->json, index_event, w);
	w->cold = (struct buf)BUF(BUF_UNLIMITED);
	w->now.fn = (struct buf)BUF(INDEX_FN_MAX);
	w->now.build = (struct buf)BUF(UINT16_MAX);
	w->now.feature_words = (struct buf)BUF(1 << 16);
	int r = fs_file_open(&w->file, path, 0600, e);
	if (r < 0 || (r = fs_write_fd(w->file.fd, &blank, sizeof(blank), e)) < 0)
		return r;
	w->written = sizeof(blank);
	intern_id(&w->strings, (struct str){0});
	*out = STEAL(&w);
	return 0;
}

/* ---- reading ---- */

static int read_block(struct index_writer *w, const char *p, size_t n, struct err **e)
{
	const char *end = p + n;
	bool first;

	while (p < end) {
		if (w->section == IN_PACKAGES && w->depth == 2 && !w->skip &&
		    json_stream_at_member(&w->json, &first)) {
			ptrdiff_t took = index_read_quickly(w, p, end, first, e);
			if (took < 0)
				return (int)took;
			json_stream_skip(&w->json, (size_t)took);
			p += took;
		}
		uint64_t before = w->json.at;
		int r = json_stream_feed(&w->json, p, (size_t)(end - p), e);
		if (r < 0)
			return r;
		p += w->json.at - before;
	}
	return 0;
}

/* ---- the thread ---- */

static void *reader(void *cookie)
{
	struct index_writer *w = cookie;
	struct queue *q = &w->queue;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		while (!q->count && !q->ended)
			pthread_cond_wait(&q->change, &q->lock);
		if (!q->count || q->code < 0)
			break;
		unsigned at = q->first;
		pthread_mutex_unlock(&q->lock);
		int code = read_block(w, q->block[at], q->filled[at], &q->error);
		pthread_mutex_lock(&q->lock);
		q->code = code;
		q->first = (at + 1) % QUEUE_BLOCKS;
		q->count--;
		pthread_cond_broadcast(&q->change);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

/* drop: what still waits is of no interest. */
static void stop_reader(struct queue *q, bool drop)
{
	if (!q->running)
		return;
	pthread_mutex_lock(&q->lock);
	q->ended = true;
	if (drop)
		q->code = ERR_INTERRUPTED;
	pthread_cond_broadcast(&q->change);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
	q->running = false;
}

static int reader_failed(struct queue *q, struct err **e)
{
	stop_reader(q, false);
	if (e)
		*e = STEAL(&q->error);
	return q->code;
}

/* Hands over what is filled. A short text never gets that far, and needs no thread. */
static int hand_over(struct index_writer *w, struct err **e)
{
	struct queue *q = &w->queue;

	if (!q->running && pthread_create(&q->thread, NULL, reader, w) != 0)
		return err_set(e, ERR_IO, "no thread to read repodata");
	q->running = true;
	pthread_mutex_lock(&q->lock);
	q->filled[q->filling] = q->now;
	q->filling = (q->filling + 1) % QUEUE_BLOCKS;
	q->count++;
	q->now = 0;
	pthread_cond_broadcast(&q->change);
	while (q->count == QUEUE_BLOCKS && q->code >= 0)
		pthread_cond_wait(&q->change, &q->lock);
	int code = q->code;
	pthread_mutex_unlock(&q->lock);
	return code < 0 ? reader_failed(q, e) : 0;
}

int index_writer_feed(struct index_writer *w, const void *p, size_t n, struct err **e)
{
	struct queue *q = &w->queue;
	const char *from = p;

	while (n) {
		char **block = &q->block[q->filling];
		size_t some = q->room - q->now < n ? q->room - q->now : n;
		if (!*block)
			*block = mem_alloc(q->room);
		memcpy(*block + q->now, from, some);
		q->now += some;
		from += some;
		n -= some;
		int r = q->now == q->room ? hand_over(w, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int index_writer_event(struct index_writer *w, enum json_event what, struct str text,
		       struct err **e)
{
	return index_event(w, what, text, e);
}

int index_writer_finish(struct index_writer *w, struct err **e)
{
	struct queue *q = &w->queue;
	int r = 0;

	stop_reader(q, false);
	if (q->code < 0)
		return reader_failed(q, e);
	if (q->now)
		r = read_block(w, q->block[q->filling], q->now, e);
	if (r < 0 || (r = json_stream_end(&w->json, e)) < 0)
		return r;
	return index_write(w, e);
}

void index_writer_free(struct index_writer *w)
{
	if (!w)
		return;
	stop_reader(&w->queue, true);
	for (unsigned i = 0; i < QUEUE_BLOCKS; i++)
		free(w->queue.block[i]);
	err_free(w->queue.error);
	pthread_mutex_destroy(&w->queue.lock);
	pthread_cond_destroy(&w->queue.change);
	fs_file_done(&w->file);
	json_stream_done(&w->json);
	buf_done(&w->cold);
	buf_done(&w->now.fn);
	buf_done(&w->now.build);
	buf_done(&w->now.feature_words);
	intern_done(&w->names);
	intern_done(&w->versions);
	intern_done(&w->strings);
	intern_done(&w->texts);
	VEC_DONE(&w->records);
	VEC_DONE(&w->deps);
	VEC_DONE(&w->constrains);
	VEC_DONE(&w->removed);
	free(w->path);
	free(w);
}
