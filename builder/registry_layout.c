/* builder/registry_layout.c - a layout's folder, asked as registries are. */
#include "builder/registry_private.h"

static int open_layout(struct registry *g, const struct reference *r, struct registry *like,
		       struct err **e)
{
	(void)like, (void)e;
	g->layout = ocilayout_new(r->path);
	return 0;
}

static int get_manifest(struct registry *g, const struct reference *r, struct buf *out,
			struct buf *media_type, struct digest *digest, struct err **e)
{
	AUTO(arena_done) struct arena arena = ARENA;
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct descriptor d;
	int code = ocilayout_find(g->layout, r, &arena, &d, e);
	if (code < 0 || (code = ocilayout_get(g->layout, &d.digest, &a.body, e)) < 0)
		return code;
	*digest = d.digest;
	buf_add_str(out, buf_str(&a.body));
	buf_add_str(media_type, d.media_type);
	if (!d.media_type.n && (code = registry_manifest_type(&a, media_type, e)) < 0)
		return code;
	return buf_check(out, "manifest", e);
}

static int head(struct registry *g, const struct reference *r, struct digest *out,
		uint64_t *out_size, struct err **e)
{
	AUTO(arena_done) struct arena arena = ARENA;
	struct descriptor d;
	int code = ocilayout_find(g->layout, r, &arena, &d, e);
	if (code < 0)
		return code;
	*out = d.digest;
	if (out_size)
		*out_size = d.size;
	return 0;
}

static int read_blob(struct registry *g, const struct reference *r, const struct blob_read *b,
		     struct err **e)
{
	(void)r;
	return ocilayout_read(g->layout, &b->digest, b->at, b->write, b->to, e);
}

static int has_blob(struct registry *g, const struct reference *r, const struct descriptor *d,
		    struct err **e)
{
	(void)r, (void)e;
	return ocilayout_has(g->layout, &d->digest, d->size);
}

static int blob_source(void *cookie, write_bytes *write, void *to, struct err **e)
{
	return push_blob_read(cookie, 0, write, to, e);
}

static int push_blob(struct registry *g, const struct reference *to, struct push_blob *b,
		     struct err **e)
{
	struct ocilayout_blob blob = {b->digest, b->size, blob_source, b};
	(void)to;
	if (!b->again && ocilayout_has(g->layout, &b->digest, b->size))
		return 0;
	struct log_task *task = log_begin(g->log, "write", b->name, b->size);
	through_enter(b);
	int code = ocilayout_put(g->layout, &blob, e);
	through_leave(b);
	log_advance(g->log, task, code < 0 ? 0 : b->size);
	log_end(g->log, task, code == 0);
	b->sent = code == 0;
	return code;
}

static int manifest_source(void *cookie, write_bytes *write, void *to, struct err **e)
{
	const struct str *manifest = cookie;
	return write(to, manifest->p, manifest->n, e);
}

static int put(struct registry *g, const struct reference *to, const struct push_manifest *m,
	       struct err **e)
{
	struct str manifest = m->manifest;
	struct descriptor d = {.media_type = m->media_type, .size = manifest.n};
	(void)to;
	digest_of(manifest.p, manifest.n, &d.digest);
	struct ocilayout_blob blob = {d.digest, manifest.n, manifest_source, &manifest};
	int code = ocilayout_has(g->layout, &d.digest, manifest.n)
			   ? 0
			   : ocilayout_put(g->layout, &blob, e);
	return code < 0 || m->part ? code : ocilayout_name(g->layout, &d, m->tags, e);
}

const struct registry_actions registry_layout = {
	.open = open_layout,
	.get_manifest = get_manifest,
	.head = head,
	.read_blob = read_blob,
	.has_blob = has_blob,
	.push_blob = push_blob,
	.put = put,
};
