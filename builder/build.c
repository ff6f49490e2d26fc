/* builder/build.c - a run's settings, and the steps before the image: key, lock, plan. */
#include "builder/build_private.h"
#include "builder/solve.h"
#include "cache/layout.h"
#include "cache/mirror.h"
#include "cache/records.h"
#include "specs/base/clock.h"
#include "specs/base/fs.h"
#include "specs/base/workers.h"
#include "specs/key.h"
#include "specs/moment.h"
#include "specs/virtual.h"

/* An absolute path: programs run with parts of the cache in other working folders. */
static int open_cache(struct build *b, struct err **e)
{
	AUTO(free) char *usual = NULL;
	int r = b->o.cache ? 0 : layout_default(&usual, e);
	if (r == 0)
		r = fs_absolute(b->o.cache ? b->o.cache : usual, &b->cache, e);
	return r < 0 ? r : fs_make_dirs(b->cache, 0700, e);
}

/* As given, but for slashes at its end. */
static int open_prefix(struct build *b, struct err **e)
{
	struct str prefix = str_of(b->o.prefix ? b->o.prefix : "/opt/env");
	while (prefix.n > 1 && prefix.p[prefix.n - 1] == '/')
		prefix.n--;
	b->prefix = arena_copy(&b->arena, prefix.p, prefix.n);
	return link_check_prefix(b->prefix, e);
}

static void open_newest(struct build *b)
{
	AUTO(buf_done) struct buf text = BUF(64);
	if (b->o.newest_ms)
		moment_write(b->o.newest_ms, &text);
	b->newest = arena_str(&b->arena, buf_str(&text));
}

static int open_parts(struct build *b, struct err **e)
{
	open_newest(b);
	int r = open_prefix(b, e);
	if (r < 0)
		return r;
	if ((r = virtuals_given(&b->arena, b->o.virtuals, &b->given, e)) < 0)
		return r;
	if ((r = open_cache(b, e)) < 0)
		return err_wrap(e, r, "cache");
	b->since_ms = clock_wall_ms();
	b->mirrors = mirrors_new(b->o.mirrors);
	struct http_options options = {.connect_ms = b->o.connect_ms,
				       .idle_ms = b->o.idle_ms,
				       .offline = b->o.offline,
				       .mirrors = b->mirrors,
				       .log = b->o.log};
	return http_open(&options, &b->http, e);
}

static void set_platform(struct build *b, const struct platform *p)
{
	b->platform = p;
	b->foreign = platform_is_native(p) ? NULL : p->image;
}

int build_set_platform(struct build *b, const char *name, struct err **e)
{
	const struct platform *p;
	int r = platform_find(name, &p, e);
	if (r == 0)
		set_platform(b, p);
	return r;
}

static struct build *open_beside(const struct build *first, const struct platform *p)
{
	struct build *b = mem_zero(1, sizeof(*b));
	b->o = first->o;
	b->prefix = first->prefix;
	b->cache = mem_text(first->cache);
	b->since_ms = first->since_ms;
	b->mirrors = first->mirrors;
	b->http = first->http;
	b->given = first->given;
	set_platform(b, p);
	return b;
}

int build_open(const struct build_options *o, struct build **out, struct err **e)
{
	AUTO(build_close) struct build *b = mem_zero(1, sizeof(*b));
	b->o = *o;
	if (!b->o.jobs)
		b->o.jobs = workers_default();
	const struct platform *platforms[PLATFORMS_MAX];
	size_t count;
	int r = platforms_find(o->platform ? o->platform : "linux/amd64", platforms, &count, e);
	if (r == 0)
		r = open_parts(b, e);
	if (r < 0)
		return r;
	set_platform(b, platforms[0]);
	for (size_t i = 1, at = count - 1; i < count; i++, at--) {
		struct build *beside = open_beside(b, platforms[at]);
		beside->next = b->next;
		b->next = beside;
	}
	*out = STEAL(&b);
	return 0;
}

void build_close(struct build *b)
{
	struct http *http = b ? b->http : NULL;
	struct mirrors *mirrors = b ? b->mirrors : NULL;
	while (b) {
		struct build *next = b->next;
		base_source_close(b->base_source);
		records_close(b->records);
		base_image_done(&b->base);
		free(b->cache);
		arena_done(&b->arena);
		free(b);
		b = next;
	}
	http_close(http);
	mirrors_free(mirrors);
}

struct build *build_next(const struct build *b)
{
	return b->next;
}

const struct platform *build_platform(const struct build *b)
{
	return b->platform;
}

int build_records(struct build *b, struct records **out, struct err **e)
{
	int code = b->records ? 0 : records_open(b->cache, &b->records, e);
	*out = b->records;
	return code;
}

static struct str base_digest_text(struct build *b)
{
	if (!b->has_base)
		return (struct str){0};
	return arena_str(&b->arena, str_of(digest_name(&b->base_digest).text));
}

static struct key_input key_input(struct build *b, const struct definition *d)
{
	return (struct key_input){
		.definition = d,
		.channels = channel_identities(&b->arena, d->channels, &b->o.names),
		.platform = str_of(b->platform->image),
		.base_digest = base_digest_text(b),
		.prefix = str_of(b->prefix),
		.virtuals = b->given,
		.priority = str_of(channel_priority_name(b->o.priority)),
		.bytecode = !b->o.no_bytecode,
		.compression = str_of(compression_name(b->o.compression)),
		.newest = b->newest,
		.local = build_local(b, d),
	};
}

static void add_name(struct buf *list, const char *name)
{
	buf_printf(list, "%s%s", list->n ? "," : "", name);
}

void build_key(struct build *b, const struct definition *d, struct buf *text, struct digest *out)
{
	AUTO(buf_done) struct buf platforms = BUF(4096), foreign = BUF(4096);
	struct key_input in = key_input(b, d);
	for (const struct build *at = b; at; at = at->next) {
		add_name(&platforms, at->platform->image);
		if (at->foreign)
			add_name(&foreign, at->foreign);
	}
	in.platform = buf_str(&platforms);
	in.foreign = buf_str(&foreign);
	key_text(&in, text);
	key_digest(&in, out);
}

void build_lock_key(struct build *b, const struct definition *d, struct digest *out)
{
	struct key_input in = key_input(b, d);
	key_digest(&in, out);
}

static struct channel_options channel_options(const struct build *b, const struct str *subdirs)
{
	return (struct channel_options){
		.cache = b->cache,
		.names = b->o.names,
		.subdirs = {subdirs, subdirs ? 2 : 0},
		.offline = b->o.offline,
		.since_ms = b->since_ms,
		.missing = b->missing,
		.jobs = b->o.jobs,
		.log = b->o.log,
	};
}

enum channel_priority build_priority(const struct build *b)
{
	return b->o.priority;
}

int build_channels(struct build *b, const struct definition *d, const struct strs *wanted,
		   struct channels *out, struct err **e)
{
	struct str subdirs[] = {str_of(b->platform->subdir), STR("noarch")};
	struct channel_options options = channel_options(b, subdirs);
	options.wanted = wanted;
	if (d->channels.n == 0)
		return err_set(e, ERR_SYNTAX, "no channel is named; add `channels:` or -c CHANNEL");
	return channels_open(b->http, d->channels, &options, out, e);
}

void build_name_channels(const struct build *b, struct arena *a, struct matchspec *m)
{
	if (str_is(m->channel, "defaults"))
		m->channels = channel_urls(a, (struct strs){&m->channel, 1}, &b->o.names);
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct strs build_spec_texts(struct arena *a, const struct definition *d)
{
	struct str *texts = arena_zero(a, d->spec_count, sizeof(*texts));
	for (size_t i = 0; i < d->spec_count; i++) {
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		matchspec_display(&d->specs[i].spec, &text);
		texts[i] = arena_str(a, buf_str(&text));
	}
	qsort(texts, d->spec_count, sizeof(*texts), by_text);
	size_t n = 0;
	for (size_t i = 0; i < d->spec_count; i++)
		if (n == 0 || !str_eq(texts[n - 1], texts[i]))
			texts[n++] = texts[i];
	return (struct strs){texts, n};
}

static void lock_set_base(struct build *b, struct lock *l)
{
	AUTO(buf_done) struct buf name = BUF(1 << 20);
	reference_write(&b->base_reference, &name);
	l->base_name = arena_str(&l->arena, buf_str(&name));
	l->base_digest = arena_str(&l->arena, base_digest_text(b));
}

void build_rebase(struct build *b, struct lock *l)
{
	struct digest was;
	if (!b->has_base || !digest_parse(l->base_digest, &was) || digest_eq(&was, &b->base_digest))
		return;
	log_info(b->o.log, "the lock was made on %.*s", STR_ARG(l->base_name));
	lock_set_base(b, l);
}

static void fill_lock(struct build *b, const struct definition *d, const struct channels *c,
		      const struct solution *s, struct lock *out)
{
	struct arena *a = &out->arena;
	struct digest key;
	build_lock_key(b, d, &key);
	out->platform = arena_str(a, str_of(b->platform->subdir));
	out->key = arena_str(a, str_of(digest_text(&key).hex));
	if (b->has_base)
		lock_set_base(b, out);
	struct str *urls = arena_zero(a, c->n, sizeof(*urls));
	for (size_t i = 0; i < c->n; i++)
		urls[i] = arena_str(a, c->v[i].url);
	out->channels = (struct strs){urls, c->n};
	out->specs = build_spec_texts(a, d);
	out->pip = key_requirements(a, d);
	out->count = s->count;
	out->records = arena_zero(a, s->count, sizeof(*out->records));
	for (size_t i = 0; i < s->count; i++)
		record_copy(a, &s->records[i], &out->records[i]);
}

static struct matchspec *specs_of(struct arena *a, const struct definition *d)
{
	struct matchspec *specs = arena_zero(a, d->spec_count, sizeof(*specs));
	for (size_t i = 0; i < d->spec_count; i++)
		specs[i] = d->specs[i].spec;
	return specs;
}

struct strs build_wanted(struct arena *a, const struct definition *d)
{
	struct str *names = arena_zero(a, d->spec_count + 1, sizeof(*names));
	for (size_t i = 0; i < d->spec_count; i++)
		names[i] = d->specs[i].spec.name;
	return (struct strs){names, d->spec_count};
}

struct elsewhere {
	struct build *build;
	const struct channels *channels;
};

static void say_elsewhere(void *cookie, struct str name, struct buf *out)
{
	const struct elsewhere *w = cookie;
	struct channel_options options = channel_options(w->build, NULL);
	channels_elsewhere(w->build->http, w->channels, &options, name, out);
}

/* Nothing is installed where the user sees to that. */
static int lock_nothing(struct build *b, const struct definition *d, struct lock *out)
{
	struct channels channels = {0};
	struct solution solution = {0};
	fill_lock(b, d, &channels, &solution, out);
	return 0;
}

int build_engine(const struct definition *d, struct err **e)
{
	if (!definition_has_steps(&d->steps))
		return 0;
	return err_set(e, ERR_USAGE,
		       "the base is made by a Dockerfile, which needs kiln build --engine docker; "
		       "or name a base that is there with --base IMAGE");
}

int build_lock(struct build *b, const struct definition *d, struct lock *out, struct err **e)
{
	if (d->user_managed)
		return lock_nothing(b, d, out);
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(channels_close) struct channels channels = {0};
	AUTO(solution_done) struct solution solution = {0};
	AUTO(lock_done) struct lock made = {0};
	struct virtuals virtuals;
	int r = build_offline(b, d, NULL, e);
	if (r == 0)
		r = build_virtuals(b, &a, &virtuals, e);
	if (r < 0)
		return r;
	struct strs wanted = build_wanted(&a, d);
	if ((r = build_channels(b, d, &wanted, &channels, e)) < 0)
		return r;
	struct elsewhere elsewhere = {b, &channels};
	struct solve_request request = {
		.channels = &channels,
		.specs = specs_of(&a, d),
		.spec_count = d->spec_count,
		.virtuals = virtuals.records,
		.virtual_count = virtuals.count,
		.origins = virtuals.rows,
		.origin_count = virtuals.row_count,
		.priority = b->o.priority,
		.newest_ms = b->o.newest_ms,
		.log = b->o.log,
		.elsewhere = say_elsewhere,
		.cookie = &elsewhere,
	};
	if ((r = solve(&request, &solution, e)) < 0)
		return r;
	made.virtuals = arena_strs(&made.arena, virtuals.texts);
	fill_lock(b, d, &channels, &solution, &made);
	if ((r = build_add_wheels(b, d, &made, e)) < 0)
		return r;
	*out = made;
	made = (struct lock){0};
	return 0;
}

int build_fetch(struct build *b, const struct lock *l, struct package_file *files, struct err **e)
{
	struct package_options options = {b->cache, b->o.offline, b->missing, b->o.jobs, b->o.log};
	int code = packages_fetch(b->http, l->records, l->count, &options, files, e);
	if (code == 0 && (code = build_sources(b, l, files, e)) < 0)
		package_files_done(files, l->count);
	return code;
}

int build_plan(struct build *b, const struct lock *l, const struct package_file *files,
	       struct link_plan *out, struct err **e)
{
	struct link_options options = {
		.prefix = b->prefix,
		.cache = b->cache,
		.http = b->http,
		.offline = b->o.offline,
		.bytecode = !b->o.no_bytecode,
		.foreign = b->foreign,
		.verify = b->o.verify,
		.jobs = b->o.jobs,
		.log = b->o.log,
	};
	return link_plan_make(&options, l->records, files, l->count, out, e);
}

int build_install(struct build *b, const struct lock *l, const char *folder, struct err **e)
{
	AUTO(free) struct package_file *files = mem_zero(l->count, sizeof(*files));
	AUTO(link_plan_done) struct link_plan plan = {0};
	struct link_environment env = {.specs = l->specs};
	log_phase(b->o.log, "fetch");
	int r = build_check_wheels(b, l, false, e);
	if (r == 0)
		r = build_fetch(b, l, files, e);
	if (r == 0 && (r = build_plan(b, l, files, &plan, e)) == 0) {
		build_warn_of_host(b, plan.records, plan.count);
		log_phase(b->o.log, "link");
		r = link_install(&plan, &env, folder, e);
	}
	package_files_done(files, l->count);
	return r;
}

struct layer_options build_layer_options(const struct build *b)
{
	return (struct layer_options){
		.cache = b->cache,
		.prefix = b->prefix,
		.compression = b->o.compression,
		.jobs = b->o.jobs,
		.log = b->o.log,
	};
}
