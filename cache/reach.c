/* cache/reach.c - the records that a request reaches, a wave of shards at a time. */
#include "cache/reach.h"
#include "cache/intern.h"
#include "cache/layout.h"
#include "cache/shards.h"
#include "specs/base/fs.h"
#include "specs/base/workers.h"
#include "specs/matchspec.h"
#include <unistd.h>

enum { DOWNLOADS = 16 }; /* small files: they wait for the network only */

/* A subdir, on its way. */
struct source {
	struct channel_subdir *at;
	const struct channel *channel;
	struct index_writer *writer; /* where it has shards */
	char *path;
	uint8_t *seen; /* where it has none: texts of the index whose name is known, a bit each */
};

struct job {
	struct source *from;
	uint32_t name;
	struct shard *shard; /* NULL: the cache lacks it, offline */
};

struct wave {
	struct arena arena;
	const struct channel_options *o;
	struct missing *missing;
	struct intern names; /* wanted, and reached */
	uint32_t begins;     /* the first name of this wave */
	struct source *sources;
	size_t source_count;
	VEC(struct job) jobs;
};

static void drop_jobs(struct wave *w)
{
	for (size_t i = 0; i < w->jobs.n; i++)
		shard_free(w->jobs.v[i].shard);
	w->jobs.n = 0;
}

static void wave_done(struct wave *w)
{
	drop_jobs(w);
	VEC_DONE(&w->jobs);
	for (size_t i = 0; i < w->source_count; i++) {
		struct source *s = &w->sources[i];
		index_writer_free(s->writer);
		if (s->path)
			unlink(s->path);
		free(s->path);
	}
	intern_done(&w->names);
	arena_done(&w->arena);
}
AUTO_DEFINE_VALUE(struct wave, wave_done)

/* ---- indexes begin and end ---- */

static int put(struct source *s, enum json_event what, struct str text, struct err **e)
{
	return index_writer_event(s->writer, what, text, e);
}

static int put_info(struct source *s, struct err **e)
{
	struct str base = shard_list_base_url(shards_list(s->at->shards));
	const struct {
		enum json_event what;
		struct str text;
	} events[] = {
		{JSON_OBJECT, {0}},	     {JSON_KEY, STR("info")}, {JSON_OBJECT, {0}},
		{JSON_KEY, STR("base_url")}, {JSON_STRING, base},     {JSON_OBJECT_END, {0}},
	};
	int code = 0;
	for (size_t i = 0; i < COUNT(events) && code >= 0; i++)
		code = put(s, events[i].what, events[i].text, e);
	return code;
}

static int open_writer(struct source *s, const char *folder, struct err **e)
{
	AUTO(free) char *stem = fs_join(folder, "reached");
	AUTO(free) char *path = fs_own_name(stem);
	int code = index_writer_open(path, &s->writer, e);
	if (code < 0)
		return code;
	s->path = STEAL(&path);
	return put_info(s, e);
}

static int close_writer(void *cookie, size_t i, struct err **e)
{
	struct source *s = &((struct wave *)cookie)->sources[i];
	if (!s->writer)
		return 0;
	int code = put(s, JSON_OBJECT_END, (struct str){0}, e);
	if (code < 0 || (code = index_writer_finish(s->writer, e)) < 0)
		return code;
	return index_open_own(s->path, &s->at->index, e);
}

static int open_sources(struct wave *w, struct channels *c, struct err **e)
{
	AUTO(free) char *folder = NULL;
	int code = layout_folder(w->o->cache, LAYOUT_INDEXES, &folder, e);
	w->sources = arena_zero(&w->arena, c->n * w->o->subdirs.n + 1, sizeof(*w->sources));
	for (size_t i = 0; i < c->n * w->o->subdirs.n && code >= 0; i++) {
		struct source *s = &w->sources[w->source_count];
		s->channel = &c->v[i / w->o->subdirs.n];
		s->at = &s->channel->subdirs[i % w->o->subdirs.n];
		if (s->at->shards)
			code = open_writer(s, folder, e);
		else if (s->at->index)
			s->seen = arena_zero(&w->arena, index_text_count(s->at->index) / 8 + 1, 1);
		w->source_count += s->at->shards || s->at->index;
	}
	return code;
}

/* ---- a wave ---- */

static void add_text(struct wave *w, struct str text)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct matchspec_simple simple;
	struct matchspec spec;
	if (matchspec_read_simple(text, &simple))
		intern_id(&w->names, simple.name);
	else if (matchspec_parse(&a, text, MATCHSPEC_RECORD, &spec, NULL) == 0)
		intern_id(&w->names, spec.name);
}

/* What a name leads to in a channel that has all its records at hand. */
static void walk(struct wave *w, struct source *s, struct str name)
{
	const struct index *x = s->at->index;
	uint32_t first, count;
	struct index_entry entry;
	if (!index_find(x, name, &first, &count))
		return;
	for (uint32_t i = first; i < first + count; i++) {
		index_entry(x, i, &entry);
		for (uint32_t k = 0; k < entry.depends; k++) {
			uint32_t text = entry.run[k];
			if (text >= index_text_count(x) || s->seen[text / 8] >> text % 8 & 1)
				continue;
			s->seen[text / 8] |= (uint8_t)(1u << text % 8);
			add_text(w, index_text(x, text));
		}
	}
}

static void plan(struct wave *w)
{
	uint32_t end = w->names.n;
	for (uint32_t name = w->begins; name < end; name++) {
		for (size_t i = 0; i < w->source_count; i++) {
			struct source *s = &w->sources[i];
			struct str text = intern_text(&w->names, name);
			if (!s->writer)
				walk(w, s, text);
			else if (shard_list_find(shards_list(s->at->shards), text))
				VEC_PUSH(&w->jobs, ((struct job){s, name, NULL}));
		}
	}
	w->begins = end;
}

static int fetch(void *cookie, size_t i, struct err **e)
{
	struct wave *w = cookie;
	struct job *j = &w->jobs.v[i];
	struct str name = intern_text(&w->names, j->name);
	int code = shards_fetch(j->from->at->shards, name, &j->shard, e);
	if (code != ERR_ABSENT || !w->o->offline)
		return code;
	err_clear(e);
	return 0;
}

/* In the order of the jobs, so that equal channels give equal indexes. */
static int write_source(void *cookie, size_t i, struct err **e)
{
	struct wave *w = cookie;
	struct source *s = &w->sources[i];
	int code = 0;
	for (size_t k = 0; k < w->jobs.n && code >= 0; k++)
		if (w->jobs.v[k].from == s && w->jobs.v[k].shard)
			code = shard_write(w->jobs.v[k].shard, s->writer, e);
	return code;
}

static void follow(struct wave *w, const struct job *j)
{
	if (!j->shard) {
		missing_add(w->missing, "records of %.*s in channel %.*s/%.*s",
			    STR_ARG(intern_text(&w->names, j->name)),
			    STR_ARG(j->from->channel->url), STR_ARG(j->from->at->subdir));
		return;
	}
	struct strs names = shard_depends(j->shard);
	for (size_t i = 0; i < names.n; i++)
		intern_id(&w->names, names.v[i]);
}

static int run(struct wave *w, struct err **e)
{
	unsigned jobs = w->o->jobs > DOWNLOADS ? w->o->jobs : DOWNLOADS;
	int code = 0;
	while (code >= 0 && w->begins < w->names.n) {
		plan(w);
		code = workers_run(jobs, w->jobs.n, fetch, w, e);
		if (code >= 0)
			code = workers_run(jobs, w->source_count, write_source, w, e);
		for (size_t i = 0; i < w->jobs.n && code >= 0; i++)
			follow(w, &w->jobs.v[i]);
		drop_jobs(w);
	}
	return code;
}

static bool has_shards(const struct channels *c)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->v[i].subdir_count; k++)
			if (c->v[i].subdirs[k].shards)
				return true;
	return false;
}

int reach(struct channels *c, const struct channel_options *o, struct missing *missing,
	  struct err **e)
{
	AUTO(wave_done) struct wave w = {.o = o, .missing = missing};
	if (!has_shards(c))
		return 0;
	for (size_t i = 0; i < o->wanted->n; i++)
		intern_id(&w.names, o->wanted->v[i]);
	int code = open_sources(&w, c, e);
	if (code < 0 || (code = run(&w, e)) < 0)
		return code;
	return workers_run(o->jobs ? o->jobs : 2, w.source_count, close_writer, &w, e);
}
