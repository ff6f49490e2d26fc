/* cache/shards.c - what a subdir offers of sharded repodata, fetched and kept. */
#include "cache/shards.h"
#include "cache/address.h"
#include "cache/channel_url.h"
#include "cache/layout.h"
#include "cache/mirror.h"
#include "cache/store.h"
#include "cache/validator.h"
#include "specs/base/fs.h"
#include <unistd.h>

#define LIST "repodata_shards.msgpack.zst"

enum { NONE_FOR = 24 * 3600 }; /* so long it is believed, in seconds, that there is no list */

struct shards {
	struct arena arena;
	struct http *http;
	char *cache;
	struct str url;		/* of the subdir, ends in "/" */
	struct str origin;	/* the same, of which `url` may be a mirror; no slash at its end */
	struct str folder;	/* of shards, at their origin */
	char *validator, *kept; /* files: what is remembered of the list, and the list */
	char *locks;
	struct digest_text id; /* of the list's address */
	struct validator v;
	struct shard_list *list;
	bool offline, anew, brief;
	uint64_t since_ms;
	struct log *log;
};

void shards_close(struct shards *s)
{
	if (!s)
		return;
	validator_done(&s->v);
	shard_list_free(s->list);
	free(s->validator);
	free(s->kept);
	free(s->locks);
	free(s->cache);
	arena_done(&s->arena);
	free(s);
}

const struct shard_list *shards_list(const struct shards *s)
{
	return s->list;
}

/* ---- the list ---- */

/* False when it is not in the cache, or is of no use. */
static bool list_of_cache(struct shards *s)
{
	AUTO(buf_done) struct buf bytes = BUF(STORE_BLOB_MAX);
	struct digest found;
	if (!s->v.known || fs_read(s->kept, &bytes, NULL) < 0)
		return false;
	digest_of(bytes.data, bytes.n, &found);
	return digest_eq(&found, &s->v.source) &&
	       shard_list_parse(buf_str(&bytes), &s->list, NULL) == 0;
}

/* Servers have many words for a file that they do not have; repodata.json tells whether it is the
 * channel that is absent, or closed. */
static int no_list(struct shards *s, const struct http_answer *a, struct err **e)
{
	bool lasting = a->status == 404 || a->status == 410;
	if (!lasting)
		log_info(s->log, "%.*s" LIST ": HTTP %ld; repodata.json is asked for",
			 STR_ARG(s->url), a->status);
	validator_set_absent(&s->v);
	s->v.max_age_s = lasting ? NONE_FOR : 0;
	return validator_write(s->validator, s->url, &s->v, e);
}

static int new_list(struct shards *s, struct str bytes, struct err **e)
{
	int code = shard_list_parse(bytes, &s->list, e);
	if (code < 0)
		return err_wrap(e, code, "%.*s" LIST, STR_ARG(s->url));
	if ((code = fs_place(s->kept, bytes, 0600, e)) < 0)
		return code;
	digest_of(bytes.p, bytes.n, &s->v.source);
	s->v.known = true;
	s->v.absent = false;
	return 0;
}

static int ask_list(struct shards *s, struct err **e)
{
	AUTO(question_done) struct question q = QUESTION;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	AUTO(buf_done) struct buf shown = BUF(64 << 10);
	s->v.known &= s->list != NULL;
	question_set(&q, &s->v, s->url, LIST);
	if (q.same)
		return 0;
	address_show(&shown, buf_str(&q.url));
	struct http_request r = {.method = "GET",
				 .url = q.url.data,
				 .headers = q.headers,
				 .netrc = true,
				 .brief = s->brief,
				 .task = buf_str(&shown)};
	int code = http_send(s->http, &r, &a, e);
	if (code < 0)
		return code;
	if (a.status != 200 && a.status != 304)
		return no_list(s, &a, e);
	if (a.status == 200) {
		shard_list_free(STEAL(&s->list));
		code = new_list(s, buf_str(&a.body), e);
	}
	if (code < 0)
		return code;
	validator_remember(&s->v, LIST, &q, &a);
	return validator_write(s->validator, s->url, &s->v, e);
}

static bool is_known(struct shards *s)
{
	validator_read(s->validator, &s->v);
	if (!s->offline && !validator_is_fresh(&s->v, s->since_ms))
		return false;
	return (s->v.absent && !s->anew) || list_of_cache(s);
}

/* One process asks, those beside it wait for the answer. */
static int find_list(struct shards *s, struct err **e)
{
	AUTO(fd_close) int lock = -1;
	if (is_known(s) || s->offline)
		return 0;
	int code = layout_lock(s->locks, s->id.hex, &lock, e);
	if (code < 0 || is_known(s))
		return code;
	if (!s->list)
		list_of_cache(s);
	return ask_list(s, e);
}

static int find_places(struct shards *s, struct err **e)
{
	AUTO(free) char *validators = NULL;
	AUTO(buf_done) struct buf text = BUF(64 << 10);
	struct digest id;
	int code = layout_folder(s->cache, LAYOUT_CHANNELS, &validators, e);
	if (code < 0 || (code = layout_folder(s->cache, LAYOUT_LOCKS, &s->locks, e)) < 0)
		return code;
	buf_printf(&text, "%.*s" LIST, STR_ARG(s->url));
	digest_of(text.data, text.n, &id);
	s->id = digest_text(&id);
	s->validator = fs_join(validators, arena_printf(&s->arena, "%s.json", s->id.hex).p);
	s->kept = fs_join(validators, arena_printf(&s->arena, "%s.shards", s->id.hex).p);
	return 0;
}

/* An address of its own may come with a secret of its own. */
static void find_folder(struct shards *s)
{
	struct str given = shard_list_shards_url(s->list);
	s->folder = channel_base_url(&s->arena, s->origin, given);
	if (!address_split(given).scheme.n)
		return;
	struct str shown = str_trim_end(s->folder, '/'), real = str_trim_end(given, '/');
	if (!str_eq(shown, real))
		http_secret(s->http, shown, real);
	s->folder = mirrors_origin(http_mirrors(s->http), s->origin, s->folder, &s->arena);
}

int shards_open(struct http *h, struct str url, const struct repodata_options *o, bool anew,
		struct shards **out, struct err **e)
{
	AUTO(shards_close) struct shards *s = mem_zero(1, sizeof(*s));
	*s = (struct shards){.http = h,
			     .cache = mem_text(o->cache),
			     .v = VALIDATOR,
			     .offline = o->offline,
			     .brief = o->brief,
			     .since_ms = o->since_ms,
			     .anew = anew,
			     .log = o->log};
	s->url = arena_printf(&s->arena, "%.*s/", STR_ARG(url));
	s->origin = arena_str(&s->arena, o->origin.n ? o->origin : url);
	int code = find_places(s, e);
	if (code < 0 || (code = find_list(s, e)) < 0)
		return code;
	if (s->list)
		find_folder(s);
	*out = s->list ? STEAL(&s) : NULL;
	return 0;
}

/* ---- a shard ---- */

struct wanted {
	struct shards *from;
	const struct digest *digest;
	struct http_answer *answer;
};

static int ask_shard(void *cookie, const char *url, bool others, struct err **e)
{
	const struct wanted *w = cookie;
	struct http_answer *a = w->answer;
	struct http_request r = {.method = "GET", .url = url, .netrc = true, .brief = others};
	struct digest found;
	int code = http_send(w->from->http, &r, a, e);
	if (code == 0 && a->status != 200)
		code = http_error(&r, a, e);
	if (code < 0)
		return code;
	digest_of(a->body.data, a->body.n, &found);
	if (digest_eq(&found, w->digest))
		return 0;
	AUTO(buf_done) struct buf shown = BUF(64 << 10);
	address_show(&shown, str_of(url));
	return err_set(e, ERR_DIGEST, "%s has the SHA-256 %s", shown.data, digest_text(&found).hex);
}

static int download(struct shards *s, struct str name, struct http_answer *a, struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	struct wanted w = {s, shard_list_find(s->list, name), a};
	if (s->offline)
		return err_set(e, ERR_ABSENT, "it is not in the cache, and this is offline");
	buf_printf(&url, "%.*s%s.msgpack.zst", STR_ARG(s->folder), digest_text(w.digest).hex);
	int code = mirrors_ask(s->http, buf_str(&url), ask_shard, &w, e);
	return code < 0 ? http_needed(buf_str(&url), code)
			: store_put(s->cache, buf_str(&a->body), NULL, e);
}

int shards_fetch(struct shards *s, struct str name, struct shard **out, struct err **e)
{
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	AUTO(buf_done) struct buf kept = BUF(STORE_BLOB_MAX);
	struct str bytes;
	int code = store_get(s->cache, shard_list_find(s->list, name), &kept, NULL);
	if (code < 0) {
		code = download(s, name, &a, e);
		bytes = buf_str(&a.body);
	} else {
		bytes = buf_str(&kept);
	}
	if (code == 0)
		code = shard_parse(bytes, out, e);
	return code < 0 ? err_wrap(e, code, "shard of %.*s in %.*s", STR_ARG(name), STR_ARG(s->url))
			: 0;
}
