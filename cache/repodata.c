/* cache/repodata.c - one subdir's repodata: fetched when changed, scanned, kept as an index. */
#include "cache/repodata.h"
#include "cache/address.h"
#include "cache/layout.h"
#include "cache/validator.h"
#include "specs/base/digest.h"
#include "specs/base/fs.h"
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>
#include <zstd.h>

#define TRIM_FROM ((uint64_t)1 << 20)
#define DOWNLOAD_MAX ((uint64_t)4 << 30)
#define REPODATA_MAX ((uint64_t)16 << 30)

struct subdir {
	struct http *http;
	const struct repodata_options *o;
	struct buf url;		    /* ends in "/" */
	char *validators, *indexes; /* folders */
	char *locks;
	struct digest_text id; /* of the address */
	struct validator v;
};

static void subdir_done(struct subdir *s)
{
	buf_done(&s->url);
	validator_done(&s->v);
	free(s->validators);
	free(s->indexes);
	free(s->locks);
}
AUTO_DEFINE_VALUE(struct subdir, subdir_done)

/* ---- what is kept ---- */

static char *validator_path(const struct subdir *s)
{
	struct buf path = BUF(BUF_UNLIMITED);
	buf_printf(&path, "%s/%s.json", s->validators, s->id.hex);
	return buf_take(&path);
}

static void read_validator(struct subdir *s)
{
	AUTO(free) char *path = validator_path(s);
	validator_read(path, &s->v);
}

static int write_validator(struct subdir *s, struct err **e)
{
	AUTO(free) char *path = validator_path(s);
	return validator_write(path, buf_str(&s->url), &s->v, e);
}

/* Of one address and one source: two subdirs may hold equal bytes (empty ones do), and the
 * index that is dropped for one must not be the other's. */
static char *index_path(const struct subdir *s, const struct digest *source)
{
	struct buf path = BUF(BUF_UNLIMITED);
	buf_printf(&path, "%s/%.16s-%s.index", s->indexes, s->id.hex, digest_text(source).hex);
	return buf_take(&path);
}

/* ---- the stream: bytes as served -> hash, zstd -> scanner ---- */

struct scan {
	char *path; /* where the writer puts the index first */
	struct index_writer *writer;
	struct hasher *hasher;
	ZSTD_DStream *zstd; /* NULL: plain */
	char *plain;	    /* its output */
	size_t rest;	    /* 0: a zstd frame ended exactly here */
	uint64_t in, out;
};

static void scan_done(struct scan *c)
{
	index_writer_free(c->writer);
	hasher_free(c->hasher);
	ZSTD_freeDStream(c->zstd);
	free(c->plain);
	free(c->path);
	/* Tables that grew to megabytes: what comes next needs the room. */
	if (c->in > TRIM_FROM)
		malloc_trim(0);
}
AUTO_DEFINE_VALUE(struct scan, scan_done)

static int scan_open(struct scan *c, bool zstd, struct err **e)
{
	c->hasher = hasher_new();
	if (zstd) {
		c->zstd = ZSTD_createDStream();
		c->plain = mem_alloc(ZSTD_DStreamOutSize());
		if (!c->zstd)
			abort();
	}
	return index_writer_open(c->path, &c->writer, e);
}

static int scan_restart(void *cookie, struct err **e)
{
	struct scan *c = cookie;
	hasher_reset(c->hasher);
	if (c->zstd)
		ZSTD_DCtx_reset(c->zstd, ZSTD_reset_session_only);
	c->in = c->out = 0;
	c->rest = 0;
	index_writer_free(STEAL(&c->writer));
	return index_writer_open(c->path, &c->writer, e);
}

static int scan_feed(struct scan *c, const void *p, size_t n, struct err **e)
{
	c->out += n;
	if (c->out > REPODATA_MAX)
		return err_set(e, ERR_LIMIT, "repodata of more than %llu bytes",
			       (unsigned long long)REPODATA_MAX);
	return index_writer_feed(c->writer, p, n, e);
}

static int scan_write(void *cookie, const void *p, size_t n, struct err **e)
{
	struct scan *c = cookie;
	hasher_add(c->hasher, p, n);
	c->in += n;
	if (!c->zstd)
		return scan_feed(c, p, n, e);
	ZSTD_inBuffer in = {p, n, 0};
	ZSTD_outBuffer out;
	do {
		out = (ZSTD_outBuffer){c->plain, ZSTD_DStreamOutSize(), 0};
		c->rest = ZSTD_decompressStream(c->zstd, &out, &in);
		if (ZSTD_isError(c->rest))
			return err_set(e, ERR_CORRUPT, "zstd: %s", ZSTD_getErrorName(c->rest));
		int code = scan_feed(c, out.dst, out.pos, e);
		if (code < 0)
			return code;
	} while (in.pos < in.size || out.pos == out.size);
	return 0;
}

static int scan_finish(struct scan *c, struct digest *out_source, struct err **e)
{
	int code;
	if (c->zstd && c->rest != 0)
		return err_set(e, ERR_CORRUPT, "zstd: the stream ends early");
	/* An empty file is an empty channel (CEP 36). */
	if (c->out == 0 && (code = scan_feed(c, "{}", 2, e)) < 0)
		return code;
	if ((code = index_writer_finish(c->writer, e)) < 0)
		return code;
	hasher_end(c->hasher, out_source);
	return 0;
}

/* ---- asking ---- */

/* The new index gets its name; the one before it is of no more use. Who has it mapped keeps
 * it, and who was about to open it asks again. */
static int adopt(struct subdir *s, struct scan *c, const struct digest *source, struct err **e)
{
	AUTO(free) char *path = index_path(s, source);
	if (rename(c->path, path) < 0)
		return err_sys(e, "%s", path);
	if (s->v.known && !digest_eq(&s->v.source, source)) {
		AUTO(free) char *old = index_path(s, &s->v.source);
		unlink(old);
	}
	s->v.source = *source;
	s->v.known = true;
	s->v.absent = false;
	return 0;
}

/* 1: the index is up to date; 0: there is no such file at the address. */
static int ask(struct subdir *s, const char *file, struct err **e)
{
	AUTO(question_done) struct question q = QUESTION;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	AUTO(scan_done) struct scan c = {0};
	struct digest source;
	bool zstd = str_ends(str_of(file), ".zst");
	question_set(&q, &s->v, buf_str(&s->url), file);
	if (q.same)
		return 1;
	AUTO(free) char *fresh = fs_join(s->indexes, s->id.hex);
	c.path = STEAL(&fresh);
	int code = scan_open(&c, zstd, e);
	if (code < 0)
		return code;
	struct http_request r = {.method = "GET",
				 .url = q.url.data,
				 .headers = q.headers,
				 .netrc = true,
				 .brief = s->o->brief,
				 .max = DOWNLOAD_MAX,
				 .write = scan_write,
				 .restart = scan_restart,
				 .cookie = &c};
	AUTO(buf_done) struct buf shown = BUF(64 << 10);
	address_show(&shown, buf_str(&q.url));
	r.task = buf_str(&shown);
	if ((code = http_send(s->http, &r, &a, e)) < 0)
		return code;
	if (a.status == 404 || a.status == 410 || (zstd && a.status == 403))
		return 0;
	if (a.status != 200 && (a.status != 304 || !s->v.known))
		return http_error(&r, &a, e);
	if (a.status == 200 &&
	    ((code = scan_finish(&c, &source, e)) < 0 || (code = adopt(s, &c, &source, e)) < 0))
		return err_wrap(e, code, "%s", shown.data);
	validator_remember(&s->v, file, &q, &a);
	code = write_validator(s, e);
	return code < 0 ? code : 1;
}

static bool is_near(const struct subdir *s)
{
	return str_starts(buf_str(&s->url), "file:");
}

/* A file we know is asked for first. In a folder the plain one is made first by every tool,
 * so a .zst beside it may be old; on a server it is the other way round. */
static int ask_all(struct subdir *s, struct err **e)
{
	static const char *const far[] = {"repodata.json.zst", "repodata.json"};
	static const char *const near[] = {"repodata.json", "repodata.json.zst"};
	const char *const *files = is_near(s) ? near : far;
	for (size_t i = 0; i < COUNT(far); i++) {
		int code = ask(s, files[i], e);
		if (code != 0)
			return code;
	}
	if (s->v.known) {
		AUTO(free) char *old = index_path(s, &s->v.source);
		unlink(old);
	}
	validator_set_absent(&s->v);
	return write_validator(s, e);
}

/* ---- opening ---- */

static int open_known(struct subdir *s, struct index **out, struct err **e)
{
	if (!s->v.known)
		return err_set(e, ERR_ABSENT, "%s is not in the cache", s->url.data);
	AUTO(free) char *path = index_path(s, &s->v.source);
	return index_open(path, out, e);
}

/* An index of another kiln's format, or a damaged one, is made again as if there were none. */
static int open_asked(struct subdir *s, struct index **out, struct err **e)
{
	AUTO(fd_close) int lock = -1;
	int code = layout_lock(s->locks, s->id.hex, &lock, e);
	if (code < 0)
		return code;
	read_validator(s);
	struct index *old = NULL;
	if (s->v.known && open_known(s, &old, NULL) < 0)
		s->v.known = false;
	if (validator_is_fresh(&s->v, s->o->since_ms)) {
		*out = old;
		return 0;
	}
	struct digest before = s->v.source;
	bool had = s->v.known;
	code = ask_all(s, e);
	if (code >= 0 && had && s->v.known && digest_eq(&before, &s->v.source)) {
		*out = old;
		return 0;
	}
	index_close(old);
	if (code < 0)
		return code;
	*out = NULL;
	return s->v.known ? open_known(s, out, e) : 0;
}

/* A folder's repodata is at hand even then. */
static int open_offline(struct subdir *s, struct index **out, struct err **e)
{
	if (s->v.absent) {
		*out = NULL;
		return 0;
	}
	int code = open_known(s, out, e);
	if (code < 0 && is_near(s)) {
		err_clear(e);
		return open_asked(s, out, e);
	}
	return code < 0 ? err_wrap(e, code, "%s, offline", s->url.data) : 0;
}

int channel_open_subdir(struct http *h, struct str url, const struct repodata_options *o,
			struct index **out, struct err **e)
{
	AUTO(subdir_done)
	struct subdir s = {.http = h, .o = o, .url = BUF(64 << 10), .v = VALIDATOR};
	struct digest id;
	buf_printf(&s.url, "%.*s/", STR_ARG(url));
	int code = buf_check(&s.url, "a channel's address", e);
	if (code < 0 || (code = layout_folder(o->cache, LAYOUT_CHANNELS, &s.validators, e)) < 0 ||
	    (code = layout_folder(o->cache, LAYOUT_INDEXES, &s.indexes, e)) < 0 ||
	    (code = layout_folder(o->cache, LAYOUT_LOCKS, &s.locks, e)) < 0)
		return code;
	digest_of(s.url.data, s.url.n, &id);
	s.id = digest_text(&id);
	read_validator(&s);
	if (o->offline)
		return open_offline(&s, out, e);
	if (validator_is_fresh(&s.v, o->since_ms) && open_known(&s, out, NULL) == 0)
		return 0;
	return open_asked(&s, out, e);
}
