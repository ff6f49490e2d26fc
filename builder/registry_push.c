/* builder/registry_push.c - blobs: is it there, can it be mounted, else upload it
 * (distribution-spec 1.1, "Push"). */
#include "builder/endpoint.h"
#include "builder/media_type.h"
#include "builder/pump.h"
#include "builder/registry_private.h"

enum {
	UPLOADS_MAX = 5, /* sessions begun for one blob */
	THROUGH_MAX = 3, /* blobs at once from one registry to another */
	PATH_MAX_BYTES = 64 << 10,
};

#define OCTETS "Content-Type: application/octet-stream"

/* One blob on its way. */
struct upload {
	struct registry *g;
	const struct reference *to;
	struct push_blob *b;
	struct digest_name digest;
	struct arena arena;
	struct str scope;
	struct buf location; /* of the session; empty: none is open */
	uint64_t at;	     /* where the body being sent begins */
	uint64_t min_chunk;  /* what the registry wants at least */
	bool tried_patches;  /* this blob, because a whole PUT met an error */
};

/* What became of one session. */
enum outcome {
	STORED,
	AGAIN,	 /* the session is lost; another may do */
	LATER,	 /* the same, after a wait */
	PATCHES, /* another, with PATCH */
	SMALLER, /* another, in chunks */
};

/* ---- is it there? ---- */

/* 1 when it is. Only a clear yes counts: a page that says 200 to all has another length. */
static int has(struct registry *g, const struct reference *r, const struct descriptor *d,
	       struct str scope, struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(PATH_MAX_BYTES);
	AUTO(buf_done) struct buf what = BUF(PATH_MAX_BYTES);
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	uint64_t size = 0;
	buf_printf(&what, "blobs/%s", digest_name(&d->digest).text);
	int code = registry_url(g, r, what.data, &url, e);
	if (code < 0)
		return code;
	/* Storage behind a redirect refuses HEAD with an address signed for GET. */
	struct call c = {{.method = "HEAD", .url = url.data, .keep_redirect = true}, scope};
	if ((code = registry_send(g, &c, &a, e)) < 0)
		return code;
	if (a.status == 307 || a.status == 302)
		return 1;
	if (a.status == 401)
		return registry_error(g, &c, &a, e);
	return a.status == 200 && str_u64(http_header(&a, "content-length"), &size) &&
	       size == d->size;
}

static int exists(struct upload *u, struct err **e)
{
	struct descriptor d = {.digest = u->b->digest, .size = u->b->size};
	return has(u->g, u->to, &d, u->scope, e);
}

int remote_has_blob(struct registry *g, const struct reference *r, const struct descriptor *d,
		    struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	return has(g, r, d, registry_scope(&a, r, "pull"), e);
}

/* ---- sessions ---- */

static int take_location(struct upload *u, const struct http_answer *a, struct err **e)
{
	struct str location = http_header(a, "location");
	AUTO(buf_done) struct buf next = BUF(PATH_MAX_BYTES);
	if (!location.n)
		return err_set(e, ERR_NET, "%.*s answers an upload without saying where to",
			       STR_ARG(u->g->host));
	int code = endpoint_resolve(buf_str(&a->url), location, &next, e);
	if (code < 0)
		return code;
	buf_clear(&u->location);
	buf_add_str(&u->location, buf_str(&next));
	if (str_u64(http_header(a, "oci-chunk-min-length"), &u->min_chunk) && u->b->size &&
	    u->min_chunk > u->b->size)
		u->min_chunk = u->b->size;
	return buf_check(&u->location, "address", e);
}

static struct call post_call(struct upload *u, const char *url, struct str scope)
{
	(void)u;
	return (struct call){{.method = "POST",
			      .url = url,
			      .body = {.fd = -1, .present = true},
			      .keep_redirect = true},
			     scope};
}

static bool can_mount(const struct upload *u)
{
	const struct push_blob *b = u->b;
	return b->from && b->from_reference && b->from->auth && !b->again &&
	       str_eq(b->from->host, u->g->host) &&
	       !str_eq(b->from_reference->repository, u->to->repository) &&
	       !atomic_load(&u->g->mount_refused);
}

/* 1 when mounted. 0 when not: a 202 has opened a session, which is then used; all else may be
 * a missing right on the source, a missing project, a registry that does not know mounts. */
static int mount(struct upload *u, struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(PATH_MAX_BYTES);
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	AUTO(err_free) struct err *why = NULL;
	int code = registry_url(u->g, u->to, "blobs/uploads/", &url, e);
	if (code < 0)
		return code;
	endpoint_query(&url, "mount", str_of(u->digest.text));
	endpoint_query(&url, "from", u->b->from_reference->repository);
	struct str source = registry_scope(&u->arena, u->b->from_reference, "pull");
	struct call c =
		post_call(u, url.data,
			  arena_printf(&u->arena, "%.*s %.*s", STR_ARG(u->scope), STR_ARG(source)));
	code = registry_send(u->g, &c, &a, &why);
	if (code == ERR_INTERRUPTED)
		return err_set(e, code, "stopped");
	if (code == 0 && a.status == 201)
		return 1;
	if (code == 0 && a.status == 202)
		(void)take_location(u, &a, NULL);
	else
		atomic_store(&u->g->mount_refused, true);
	return 0;
}

static int open_session(struct upload *u, struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(PATH_MAX_BYTES);
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	int code = registry_url(u->g, u->to, "blobs/uploads/", &url, e);
	if (code < 0)
		return code;
	struct call c = post_call(u, url.data, u->scope);
	/* A session too many does no harm: registries let them expire. */
	c.http.idempotent = true;
	if ((code = registry_send(u->g, &c, &a, e)) < 0)
		return code;
	if (a.status != 202)
		return registry_error(u->g, &c, &a, e);
	return take_location(u, &a, e);
}

/* ---- bytes ---- */

struct wanted {
	const atomic_bool *given_up;
	write_bytes *write;
	void *to;
};

static int write_if_wanted(void *cookie, const void *p, size_t n, struct err **e)
{
	const struct wanted *w = cookie;
	if (w->given_up && atomic_load(w->given_up))
		return err_set(e, ERR_INTERRUPTED, "given up");
	return w->write(w->to, p, n, e);
}

int push_blob_read(const struct push_blob *b, uint64_t at, write_bytes *write, void *to,
		   struct err **e)
{
	struct wanted w = {b->given_up, write, to};
	if (b->read)
		return b->read(b->cookie, at, write_if_wanted, &w, e);
	struct blob_read from = {b->digest, b->size, at, write_if_wanted, &w};
	return registry_read_blob(b->from, b->from_reference, &from, e);
}

static int blob_source(void *cookie, write_bytes *write, void *to, struct err **e)
{
	const struct upload *u = cookie;
	return push_blob_read(u->b, u->at, write, to, e);
}

/* A blob that goes through holds two places at hosts that have few: when all places of one
 * host were taken by uploads that wait for its downloads, nothing would go on. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t left;
	unsigned running;
} through = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

void through_enter(const struct push_blob *b)
{
	if (!b->from || !b->from->auth)
		return;
	pthread_mutex_lock(&through.lock);
	while (through.running >= THROUGH_MAX)
		pthread_cond_wait(&through.left, &through.lock);
	through.running++;
	pthread_mutex_unlock(&through.lock);
}

void through_leave(const struct push_blob *b)
{
	if (!b->from || !b->from->auth)
		return;
	pthread_mutex_lock(&through.lock);
	through.running--;
	pthread_cond_signal(&through.left);
	pthread_mutex_unlock(&through.lock);
}

static int send_body(struct upload *u, const struct call *c, struct http_answer *a, struct err **e)
{
	AUTO(pump_free) struct pump *pump = pump_new(blob_source, u);
	struct call with = *c;
	with.http.body.cookie = pump;
	through_enter(u->b);
	int code = registry_send(u->g, &with, a, e);
	/* The source ends before the place is given up. */
	pump_rewind(pump, NULL);
	through_leave(u->b);
	return code;
}

static struct http_body body_of(struct upload *u, uint64_t at, uint64_t size)
{
	u->at = at;
	return (struct http_body){
		.fd = -1,
		.size = size,
		.present = true,
		.read = size ? pump_read : NULL,
		.rewind = pump_rewind,
	};
}

/* ---- outcomes ---- */

/* Statuses that mean: not in this way, or not in this session. The first row that fits. */
static const struct {
	long status;
	const char *says; /* an error code's beginning; NULL: whatever it says */
	enum outcome outcome;
} outcomes[] = {
	{404, "BLOB_UPLOAD_", AGAIN}, {404, NULL, PATCHES}, {405, NULL, PATCHES},
	{411, NULL, PATCHES},	      {415, NULL, PATCHES}, {413, NULL, SMALLER},
	{416, NULL, AGAIN},	      {408, NULL, LATER},   {429, NULL, LATER},
	{499, NULL, LATER},	      {500, NULL, LATER},   {502, NULL, LATER},
	{503, NULL, LATER},	      {504, NULL, LATER},   {522, NULL, LATER},
	{523, NULL, LATER},	      {524, NULL, LATER},
};

/* The outcome, with the error it would be if nothing else is tried; < 0: final. */
static int judge(struct upload *u, const struct call *c, const struct http_answer *a,
		 struct err **e)
{
	int code = registry_error(u->g, c, a, e);
	for (size_t i = 0; i < COUNT(outcomes); i++)
		if (outcomes[i].status == a->status &&
		    (!outcomes[i].says || answer_says(a, outcomes[i].says)))
			return outcomes[i].outcome;
	return answer_says(a, "DIGEST_INVALID") ? ERR_DIGEST : code;
}

static int stored(struct upload *u, const struct call *c, const struct http_answer *a,
		  struct err **e)
{
	struct digest said;
	struct str header = http_header(a, "docker-content-digest");
	if (header.n && digest_parse(header, &said) && !digest_eq(&said, &u->b->digest))
		return err_set(e, ERR_DIGEST, "blob %s was stored as %.*s", u->digest.text,
			       STR_ARG(header));
	if (a->status == 201 || a->status == 204)
		return STORED;
	/* Some other 2xx: a page that says yes to all, unless the blob is there. */
	int there = exists(u, e);
	if (there != 0)
		return there < 0 ? there : STORED;
	return err_set(e, ERR_NET, "%s %.*s: HTTP %ld, but the blob was not stored", c->http.method,
		       STR_ARG(u->g->host), a->status);
}

static bool is_good(long status)
{
	return status >= 200 && status < 300;
}

static int send_put(struct upload *u, struct http_body body, struct err **e)
{
	static const char *const headers[] = {OCTETS, NULL};
	AUTO(buf_done) struct buf url = BUF(PATH_MAX_BYTES);
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	buf_add_str(&url, buf_str(&u->location));
	endpoint_query(&url, "digest", str_of(u->digest.text));
	struct call c = {{.method = "PUT",
			  .url = url.data,
			  .headers = headers,
			  .body = body,
			  .keep_redirect = true,
			  .task = body.size ? u->b->name : (struct str){0}},
			 u->scope};
	int code = buf_check(&url, "address", e);
	if (code == 0)
		code = send_body(u, &c, &a, e);
	if (code < 0)
		return code == ERR_NET ? LATER : code;
	return is_good(a.status) ? stored(u, &c, &a, e) : judge(u, &c, &a, e);
}

/* Range: 0-END, inclusive, is what the session holds. Distribution 2.8 appends whatever
 * comes, so a wrong END means a lost session; ECR says 201 and shows only the first part. */
static bool is_held(const struct http_answer *a, uint64_t end)
{
	struct str range = http_header(a, "range"), from;
	uint64_t last;
	if (a->status == 201 || !range.n)
		return true;
	if (str_starts(range, "bytes="))
		range = str_from(range, 6);
	if (!str_cut(&range, '-', &from) || !str_u64(range, &last))
		return true;
	return last + 1 == end;
}

static int send_patch(struct upload *u, uint64_t at, uint64_t size, bool whole, struct err **e)
{
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct str range =
		arena_printf(&u->arena, "Content-Range: %llu-%llu", (unsigned long long)at,
			     (unsigned long long)(at + size - 1));
	const char *const headers[] = {OCTETS, whole ? NULL : range.p, NULL};
	struct call c = {{.method = "PATCH",
			  .url = u->location.data,
			  .headers = headers,
			  .body = body_of(u, at, size),
			  .keep_redirect = true,
			  .task = u->b->name},
			 u->scope};
	int code = send_body(u, &c, &a, e);
	if (code < 0)
		return code == ERR_NET ? LATER : code;
	if (!is_good(a.status))
		return judge(u, &c, &a, e);
	if (!is_held(&a, at + size)) {
		err_set(e, ERR_NET, "%.*s has other bytes of the upload than were sent",
			STR_ARG(u->g->host));
		return AGAIN;
	}
	code = http_header(&a, "location").n ? take_location(u, &a, e) : 0;
	return code < 0 ? code : STORED;
}

static int send_patches(struct upload *u, struct err **e)
{
	uint64_t size = u->b->size, step = atomic_load(&u->g->chunk_size);
	if (!step || step > size)
		step = size;
	if (step < u->min_chunk)
		step = u->min_chunk;
	for (uint64_t at = 0; at < size; at += step) {
		uint64_t n = size - at < step ? size - at : step;
		int r = send_patch(u, at, n, n == size, e);
		if (r != STORED)
			return r;
	}
	return send_put(u, body_of(u, size, 0), e);
}

/* ---- sessions until it is stored ---- */

static int run_session(struct upload *u, struct err **e)
{
	int r = u->location.n ? 0 : open_session(u, e);
	if (r < 0)
		return r;
	bool patches =
		u->tried_patches || atomic_load(&u->g->patches) ||
		(atomic_load(&u->g->chunk_size) && atomic_load(&u->g->chunk_size) < u->b->size);
	r = patches && u->b->size ? send_patches(u, e) : send_put(u, body_of(u, 0, u->b->size), e);
	buf_clear(&u->location);
	if (r == STORED && u->tried_patches)
		atomic_store(&u->g->patches, true);
	return r;
}

/* The next smaller body a proxy may let pass; false when there is none. */
static bool shrink(struct upload *u)
{
	static const uint64_t steps[] = {50 << 20, 25 << 20, 5 << 20, 1 << 20};
	uint64_t now = atomic_load(&u->g->chunk_size);
	if (!now || now > u->b->size)
		now = u->b->size;
	for (size_t i = 0; i < COUNT(steps); i++)
		if (steps[i] < now) {
			atomic_store(&u->g->chunk_size, steps[i]);
			return true;
		}
	return false;
}

enum next { GIVE_UP, GO_ON, NOT_NEEDED };

/* Whether to begin another session after this outcome, the failures counted; < 0: an error. */
static int next(struct upload *u, int outcome, unsigned *failures, struct err **e)
{
	if (outcome == PATCHES && !u->tried_patches && u->b->size) {
		u->tried_patches = true;
		return GO_ON;
	}
	if (outcome == SMALLER && shrink(u))
		return GO_ON;
	if ((outcome != AGAIN && outcome != LATER) || ++*failures >= UPLOADS_MAX)
		return GIVE_UP;
	/* Twice lost with PUT: the other order may be what it wants (buildkit#1130). */
	if (outcome == AGAIN && *failures == 2 && u->b->size)
		u->tried_patches = true;
	int code = registry_wait(u->g, *failures, e);
	if (code < 0)
		return code;
	/* The answer may have been lost, and not the blob. */
	return !u->b->again && exists(u, NULL) == 1 ? NOT_NEEDED : GO_ON;
}

static int upload(struct upload *u, struct err **e)
{
	for (unsigned failures = 0;;) {
		AUTO(err_free) struct err *why = NULL;
		int r = run_session(u, &why);
		if (r == STORED)
			return 0;
		int more = r > 0 ? next(u, r, &failures, e) : GIVE_UP;
		if (more < 0 || more == NOT_NEEDED)
			return more < 0 ? more : 0;
		if (more == GO_ON)
			continue;
		int code = why ? (int)why->code : ERR_NET;
		if (e)
			*e = STEAL(&why);
		return r < 0 ? r : code;
	}
}

static int push(struct upload *u, struct err **e)
{
	int r = u->b->again ? 0 : exists(u, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = can_mount(u) ? mount(u, e) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	r = upload(u, e);
	u->b->sent = r == 0;
	return r;
}

int remote_push_blob(struct registry *g, const struct reference *to, struct push_blob *b,
		     struct err **e)
{
	struct upload u = {.g = g, .to = to, .b = b, .location = BUF(PATH_MAX_BYTES)};
	u.digest = digest_name(&b->digest);
	u.scope = registry_scope(&u.arena, to, "pull,push");
	int code = push(&u, e);
	buf_done(&u.location);
	arena_done(&u.arena);
	return code;
}
