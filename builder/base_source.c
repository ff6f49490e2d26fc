/* builder/base_source.c - a base image's registry and its mirrors. */
#include "builder/base_source.h"
#include <pthread.h>

/* Opened when it is first asked. */
struct place {
	struct reference at;
	struct registry *registry;
};

struct base_source {
	struct http *http;
	struct registry_options options;
	const struct reference *named;
	struct arena arena;
	struct strs names; /* "HOST/REPOSITORY" of each place */
	struct place *places;
	pthread_mutex_t lock;
	size_t now; /* the places before it have failed */
};

/* ---- places ---- */

static int place_reference(struct base_source *s, size_t i, struct reference *out, struct err **e)
{
	*out = *s->named;
	if (s->named->kind != REFERENCE_REGISTRY)
		return 0;
	int r = reference_parse(&s->arena, s->names.v[i], out, e);
	if (r < 0)
		return err_wrap(e, r, "mirror");
	out->tag = s->named->tag;
	out->has_digest = s->named->has_digest;
	out->digest = s->named->digest;
	return 0;
}

/* The lock is held. */
static int open_place(struct base_source *s, size_t i, struct err **e)
{
	struct place *place = &s->places[i];
	struct registry_options o = s->options;
	if (place->registry)
		return 0;
	int r = place_reference(s, i, &place->at, e);
	o.brief = i + 1 < s->names.n;
	return r < 0 ? r : registry_open(s->http, &place->at, &o, &place->registry, e);
}

static int get_place(struct base_source *s, size_t i, const struct place **out, struct err **e)
{
	pthread_mutex_lock(&s->lock);
	int r = open_place(s, i, e);
	pthread_mutex_unlock(&s->lock);
	*out = &s->places[i];
	return r;
}

static size_t now_asked(struct base_source *s)
{
	pthread_mutex_lock(&s->lock);
	size_t i = s->now;
	pthread_mutex_unlock(&s->lock);
	return i;
}

/* Whether there is another place than this one, which has failed; the error is said then. Others
 * ask there from now on, unless it cannot even be opened. */
static bool pass(struct base_source *s, size_t *place, struct err **why)
{
	if (*place + 1 >= s->names.n)
		return false;
	mirrors_pass(s->http, s->names, (*place)++, why);
	pthread_mutex_lock(&s->lock);
	if (s->now < *place && open_place(s, *place, NULL) == 0)
		s->now = *place;
	pthread_mutex_unlock(&s->lock);
	return true;
}

int base_source_open(struct http *h, struct mirrors *mirrors, const struct reference *named,
		     const struct registry_options *o, struct base_source **out, struct err **e)
{
	AUTO(base_source_close) struct base_source *s = mem_zero(1, sizeof(*s));
	bool far = named->kind == REFERENCE_REGISTRY;
	s->http = h;
	s->options = *o;
	s->named = named;
	pthread_mutex_init(&s->lock, NULL);
	struct str name = arena_printf(&s->arena, "%.*s/%.*s", STR_ARG(named->host),
				       STR_ARG(named->repository));
	s->names = mirrors_places(far ? mirrors : NULL, name, &s->arena);
	s->places = arena_zero(&s->arena, s->names.n, sizeof(*s->places));
	int r = open_place(s, 0, e);
	if (r == 0)
		*out = STEAL(&s);
	return r;
}

void base_source_close(struct base_source *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->names.n; i++)
		registry_close(s->places[i].registry);
	pthread_mutex_destroy(&s->lock);
	arena_done(&s->arena);
	free(s);
}

struct registry *base_source_registry(struct base_source *s, const struct reference **at)
{
	pthread_mutex_lock(&s->lock);
	const struct place *place = &s->places[s->now];
	struct registry *registry = place->registry;
	pthread_mutex_unlock(&s->lock);
	*at = &place->at;
	return registry;
}

/* ---- asking ---- */

int base_source_ask(struct base_source *s,
		    int (*ask)(void *cookie, struct registry *g, const struct reference *at,
			       struct err **e),
		    void *cookie, struct err **e)
{
	for (size_t i = now_asked(s);;) {
		AUTO(err_free) struct err *why = NULL;
		const struct place *place;
		int r = get_place(s, i, &place, e);
		if (r < 0)
			return r;
		r = ask(cookie, place->registry, &place->at, &why);
		if (r < 0 && mirror_may_help(r) && pass(s, &i, &why))
			continue;
		if (r < 0 && e)
			*e = STEAL(&why);
		return r;
	}
}

/* ---- blobs ---- */

struct passing {
	const struct blob_read *b;
	uint64_t done;
	bool refused; /* it is the reader who wants no more */
};

static int pass_on(void *cookie, const void *p, size_t n, struct err **e)
{
	struct passing *in = cookie;
	int r = in->b->write(in->b->to, p, n, e);
	in->refused = r < 0;
	in->done += n;
	return r;
}

int base_source_read(struct base_source *s, struct base_place *at, const struct blob_read *b,
		     struct err **e)
{
	struct passing in = {.b = b};
	size_t now = now_asked(s);
	at->number = at->number > now ? at->number : now;
	at->mixed &= b->at > 0;
	for (;;) {
		AUTO(err_free) struct err *why = NULL;
		const struct place *from;
		struct blob_read rest = {b->digest, b->size, b->at + in.done, pass_on, &in};
		int r = get_place(s, at->number, &from, e);
		if (r < 0)
			return r;
		r = registry_read_blob(from->registry, &from->at, &rest, &why);
		if (r < 0 && !in.refused && mirror_may_help(r) && pass(s, &at->number, &why)) {
			at->mixed |= b->at + in.done > 0;
			continue;
		}
		if (r < 0 && e)
			*e = STEAL(&why);
		return r;
	}
}

bool base_source_doubt(struct base_source *s, struct base_place *at, struct err **e)
{
	AUTO(free) char *line = NULL;
	if (!at->mixed)
		return pass(s, &at->number, e);
	line = err_line(*e);
	log_warn(http_log(s->http), "%s; asking %.*s for all of it", line,
		 STR_ARG(s->names.v[at->number]));
	err_clear(e);
	at->mixed = false;
	return true;
}
