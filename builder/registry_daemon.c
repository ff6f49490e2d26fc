/* builder/registry_daemon.c - docker-daemon:, an image streamed into an engine's own store. */
#include "builder/engine.h"
#include "builder/pump.h"
#include "builder/registry_whole.h"
#include "cache/records.h"

/* What the records call the manifest of an engine's image, which the engine may throw away. */
#define TOPIC "manifest of an engine's image 1"

static int open_daemon(struct registry *g, const struct reference *r, struct registry *like,
		       struct err **e)
{
	(void)like;
	g->whole = *r;
	return engine_open(g->http, g->log, &g->engine, e);
}

static int inspect(struct registry *g, cJSON **out, struct digest *id, struct err **e)
{
	AUTO(buf_done) struct buf name = BUF(4096);
	reference_write_name(&g->whole, &name);
	int code = engine_inspect(g->engine, buf_str(&name), out, e);
	if (code < 0)
		return code;
	const char *text = json_text(*out, "Id");
	return text && digest_parse(str_of(text), id)
		       ? 0
		       : err_set(e, ERR_CORRUPT, "the engine's image %s has no id", name.data);
}

/* The image's labels say what it was made for; which manifest that was, our records. */
static int head(struct registry *g, const struct reference *r, struct digest *out,
		uint64_t *out_size, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	AUTO(arena_done) struct arena a = ARENA;
	struct digest id;
	struct str fact = {0};
	int code = inspect(g, &doc, &id, e);
	if (code < 0)
		return code;
	const cJSON *labels = json_object(json_object(doc, "Config"), "Labels");
	struct str key = str_of(json_text(labels, IMAGE_KEY));
	bool named = str_eq(r->tag, g->whole.tag) || str_eq(str_to(key, r->tag.n), r->tag);
	if (!named || !g->records ||
	    records_get_fact(g->records, &id, TOPIC, &a, &fact, NULL) < 0 ||
	    !digest_parse(fact, out))
		return err_set(e, ERR_ABSENT, "the engine has another image of that name");
	if (out_size)
		*out_size = 0;
	return 0;
}

struct loading {
	struct registry *g;
	const struct push_manifest *m;
};

static int source(void *cookie, write_bytes *write, void *to, struct err **e)
{
	const struct loading *l = cookie;
	return whole_write(l->g, l->m, write, to, e);
}

static int measure(struct registry *g, const struct push_manifest *m, uint64_t *out, struct err **e)
{
	AUTO(buf_done) struct buf name = BUF(4096);
	struct image_tar_options o;
	whole_options(g, &name, &o);
	AUTO(image_tar_free) struct image_tar *tar = image_tar_new(&o);
	int code = image_tar_write(tar, m, e);
	*out = image_tar_size(tar);
	return code;
}

/* Engines answer before they have the name: what it stands for is looked up. */
int daemon_remember(struct registry *g, const struct digest *manifest, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	struct digest id;
	int code = inspect(g, &doc, &id, e);
	if (code < 0)
		return err_wrap(e, ERR_FAILED, "the engine took the image and does not have it");
	return g->records ? records_put_fact(g->records, &id, TOPIC,
					     str_of(digest_name(manifest).text), e)
			  : 0;
}

static int put(struct registry *g, const struct reference *to, const struct push_manifest *m,
	       struct err **e)
{
	struct loading loading = {g, m};
	struct http_body body = {
		.fd = -1, .present = true, .read = pump_read, .rewind = pump_rewind};
	struct digest manifest;
	bool done;
	(void)to;
	int code = whole_defer(g, m, &done, e);
	if (code < 0 || done || (code = measure(g, m, &body.size, e)) < 0)
		return code;
	AUTO(pump_free) struct pump *pump = pump_new(source, &loading);
	body.cookie = pump;
	code = engine_load(g->engine, &body, e);
	/* The source ends before what it reads does. */
	pump_rewind(pump, NULL);
	digest_of(m->manifest.p, m->manifest.n, &manifest);
	return code < 0 ? code : daemon_remember(g, &manifest, e);
}

const struct registry_actions registry_daemon = {
	.open = open_daemon,
	.head = head,
	.push_blob = whole_push_blob,
	.put = put,
};
