/* builder/registry_form.c - the forms of places that images come from and go to: a row each. */
#include "builder/engine.h"
#include "builder/media_type.h"
#include "builder/registry_private.h"

enum { BACKOFF_MS = 500 };

static const struct {
	struct registry_form form;
	const struct registry_actions *actions;
} rows[REFERENCE_KINDS] = {
	[REFERENCE_REGISTRY] = {{.usage = "HOST/REPOSITORY[:TAG]", .read = true}, &registry_remote},
	[REFERENCE_OCI] = {{.usage = "oci:DIR[:TAG]", .read = true, .near = true, .oci = true},
			   &registry_layout},
	[REFERENCE_OCI_ARCHIVE] = {{.usage = "oci-archive:FILE[:TAG]", .near = true, .oci = true},
				   &registry_archive},
	[REFERENCE_DOCKER_ARCHIVE] = {{.usage = "docker-archive:FILE[:NAME:TAG]",
				       .near = true,
				       .oci = true,
				       .plain = true},
				      &registry_archive},
	[REFERENCE_DOCKER_DAEMON] =
		{{.usage = "docker-daemon:NAME:TAG", .oci = true, .plain = true}, &registry_daemon},
};

const struct registry_form *registry_form(const struct reference *r)
{
	return &rows[r->kind].form;
}

void registry_forms(const char *sep, struct buf *out)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		buf_printf(out, "%s%s", i ? sep : "", rows[i].form.usage);
}

int registry_open(struct http *h, const struct reference *r, const struct registry_options *o,
		  struct registry **out, struct err **e)
{
	AUTO(registry_close) struct registry *g = mem_zero(1, sizeof(*g));
	g->form = &rows[r->kind].form;
	g->actions = rows[r->kind].actions;
	g->http = h;
	g->log = o->log;
	g->brief = o->brief;
	g->records = o->records;
	g->platform = arena_str(&g->arena, str_of(o->platform ? o->platform : "linux/amd64")).p;
	g->backoff_ms = o->backoff_ms ? o->backoff_ms : BACKOFF_MS;
	pthread_mutex_init(&g->lock, NULL);
	int code = g->actions->open(g, r, o->like, e);
	if (code < 0)
		return code;
	*out = STEAL(&g);
	return 0;
}

void registry_close(struct registry *g)
{
	if (!g)
		return;
	ocilayout_free(g->layout);
	engine_close(g->engine);
	auth_free(g->auth);
	for (size_t i = 0; i < g->warned.n; i++)
		free(g->warned.v[i]);
	VEC_DONE(&g->warned);
	free(g->base);
	pthread_mutex_destroy(&g->lock);
	arena_done(&g->arena);
	free(g);
}

static int not_read(const struct registry *g, struct err **e)
{
	return err_set(e, ERR_USAGE, "%s is a place to write to, not to read from", g->form->usage);
}

int registry_get_manifest(struct registry *g, const struct reference *r, struct buf *out,
			  struct buf *media_type, struct err **e)
{
	struct digest digest;
	if (!g->actions->get_manifest)
		return not_read(g, e);
	return g->actions->get_manifest(g, r, out, media_type, &digest, e);
}

int registry_head(struct registry *g, const struct reference *r, struct digest *out,
		  uint64_t *out_size, struct err **e)
{
	struct digest digest;
	int code = g->actions->head(g, r, &digest, out_size, e);
	if (code == 0)
		*out = digest;
	return code;
}

int registry_read_blob(struct registry *g, const struct reference *r, const struct blob_read *b,
		       struct err **e)
{
	return g->actions->read_blob ? g->actions->read_blob(g, r, b, e) : not_read(g, e);
}

int registry_has_blob(struct registry *g, const struct reference *r, const struct digest *d,
		      uint64_t size, struct err **e)
{
	struct descriptor blob = {.digest = *d, .size = size};
	return g->actions->has_blob ? g->actions->has_blob(g, r, &blob, e) : 0;
}

int registry_tags(struct registry *g, const struct reference *r, struct arena *a, struct strs *out,
		  struct err **e)
{
	if (!g->actions->tags)
		return err_set(e, ERR_USAGE, "tags are listed of a registry, not of %s",
			       g->form->usage);
	return g->actions->tags(g, r, a, out, e);
}

int registry_push_blob(struct registry *g, const struct reference *to, struct push_blob *b,
		       struct err **e)
{
	b->sent = false;
	if (media_type_kind(b->media_type, NULL) == MEDIA_LAYER_FOREIGN)
		return 0;
	int code = g->actions->push_blob(g, to, b, e);
	return code < 0 ? err_wrap(e, code, "blob %s", digest_name(&b->digest).text) : 0;
}

int registry_put(struct registry *g, const struct reference *to, const struct push_manifest *m,
		 struct err **e)
{
	struct digest is;
	digest_of(m->manifest.p, m->manifest.n, &is);
	if (to->has_digest && !digest_eq(&to->digest, &is))
		return err_set(e, ERR_DIGEST, "the image is %s, not the digest asked for",
			       digest_name(&is).text);
	return g->actions->put(g, to, m, e);
}
