/* builder/push.c - the base's blobs beside the work, layers, then config and manifest. */
#include "builder/build_private.h"
#include "builder/media_type.h"
#include "builder/ocilayout.h"
#include "cache/store.h"
#include "specs/base/workers.h"
#include <pthread.h>

enum { BASE_UPLOADS = 3 }; /* blobs of the base on their way at once */

/* ---- the base ---- */

struct kept_layer {
	const char *cache;
	const struct digest *digest;
};

static int read_kept(void *cookie, uint64_t at, write_bytes *write, void *to, struct err **e)
{
	const struct kept_layer *kept = cookie;
	return store_read(kept->cache, kept->digest, at, write, to, e);
}

/* A registry's base layer that stands in a layout now: the next layout, and one made offline, has
 * it from here. */
static void keep_layer(const struct build *b, const struct destination *to,
		       const struct descriptor *layer)
{
	AUTO(ocilayout_free) struct ocilayout *layout = ocilayout_new(to->reference.path);
	AUTO(free) char *path = ocilayout_path(layout, &layer->digest);
	if (b->base_reference.kind == REFERENCE_REGISTRY &&
	    !store_has(b->cache, &layer->digest, layer->size) &&
	    !store_link(b->cache, &layer->digest, path))
		log_info(b->o.log, "%s: not kept for offline builds", path);
}

/* A layer of the base on its way, and the place that it is read at. */
struct base_layer {
	struct base_source *source;
	const struct descriptor *layer;
	struct base_place place;
};

static int read_base(void *cookie, uint64_t at, write_bytes *write, void *to, struct err **e)
{
	struct base_layer *in = cookie;
	struct blob_read rest = {in->layer->digest, in->layer->size, at, write, to};
	return base_source_read(in->source, &in->place, &rest, e);
}

static int push_from_source(const struct build *b, const struct destination *to,
			    struct push_blob *blob, const struct descriptor *layer, struct err **e)
{
	struct base_layer in = {b->base_source, layer, {0}};
	blob->read = read_base;
	blob->cookie = &in;
	blob->from = base_source_registry(b->base_source, &blob->from_reference);
	for (;;) {
		AUTO(err_free) struct err *why = NULL;
		int r = registry_push_blob(to->registry, &to->reference, blob, &why);
		if (r == ERR_DIGEST && base_source_doubt(in.source, &in.place, &why))
			continue;
		if (r < 0 && e)
			*e = STEAL(&why);
		return r;
	}
}

/* ERR_DIGEST: the disk has changed what was kept, which is then forgotten. */
static int push_from_cache(const struct build *b, const struct destination *to,
			   struct push_blob *blob, struct err **e)
{
	struct kept_layer kept = {b->cache, &blob->digest};
	blob->read = read_kept;
	blob->cookie = &kept;
	int r = registry_push_blob(to->registry, &to->reference, blob, e);
	if (r == ERR_DIGEST)
		store_forget(b->cache, &blob->digest);
	return r;
}

static int push_base_layer(const struct build *b, const struct destination *to,
			   const struct descriptor *layer, bool again, struct err **e)
{
	struct push_blob blob = {
		.digest = layer->digest,
		.size = layer->size,
		.media_type = layer->media_type,
		.name = STR("base layer"),
		.again = again,
		.given_up = &b->given_up,
	};
	bool here = to->reference.kind != REFERENCE_REGISTRY;
	int r = ERR_DIGEST;
	if (here && store_has(b->cache, &blob.digest, blob.size))
		r = push_from_cache(b, to, &blob, e);
	if (r == ERR_DIGEST) {
		err_clear(e);
		r = push_from_source(b, to, &blob, layer, e);
	}
	if (r < 0)
		return err_wrap(e, build_base_code(b, r), "base layer");
	if (to->reference.kind == REFERENCE_OCI)
		keep_layer(b, to, layer);
	return 0;
}

struct base_push {
	struct build *b;
	struct destination *to;
	size_t to_count;
	pthread_t thread;
	int code;
	struct err *e;
	bool first; /* the base's error is what the others were given up for */
};

/* Blob by blob and not destination by destination: equal work stands side by side. */
static int push_base_blob(void *cookie, size_t at, struct err **e)
{
	struct base_push *p = cookie;
	if (atomic_load(&p->b->given_up))
		return err_set(e, ERR_INTERRUPTED, "given up");
	return push_base_layer(p->b, &p->to[at % p->to_count], &p->b->base.layers[at / p->to_count],
			       false, e);
}

static void *push_base(void *cookie)
{
	struct base_push *p = cookie;
	size_t blobs = p->b->base_pulled ? p->b->base.layer_count : 0;
	p->code = workers_run(BASE_UPLOADS, blobs * p->to_count, push_base_blob, p, &p->e);
	if (p->code < 0)
		p->first = !atomic_exchange(&p->b->given_up, true);
	return NULL;
}

int base_push_start(struct build *b, struct destination *to, size_t to_count,
		    struct base_push **out, struct err **e)
{
	struct base_push *p = mem_zero(1, sizeof(*p));
	*p = (struct base_push){.b = b, .to = to, .to_count = to_count};
	int code = pthread_create(&p->thread, NULL, push_base, p);
	if (code != 0) {
		free(p);
		return err_set(e, ERR_FAILED, "a thread for the base: %s", strerror(code));
	}
	*out = p;
	return 0;
}

int base_push_finish(struct base_push *p, int code, struct err **e)
{
	if (!p)
		return code;
	pthread_join(p->thread, NULL);
	if (p->first) {
		code = p->code;
		err_clear(e);
		if (e)
			*e = STEAL(&p->e);
	}
	err_free(p->e);
	free(p);
	return code;
}

/* ---- layers ---- */

struct layer_source {
	struct layer_options options;
	const struct layer *layer;
};

static int read_layer(void *cookie, uint64_t at,
		      int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		      struct err **e)
{
	const struct layer_source *source = cookie;
	return layer_read(&source->options, source->layer, at, write, to, e);
}

int push_layer(const struct build *b, const struct destination *to, const struct layer *layer,
	       bool again, struct err **e)
{
	struct layer_source source = {build_layer_options(b), layer};
	bool zstd = layer->compression == COMPRESSION_ZSTD;
	AUTO(buf_done) struct buf label = BUF(BUF_UNLIMITED);
	buf_add_str(&label, layer->packages.v[0]);
	if (layer->packages.n > 1)
		buf_printf(&label, " and %zu more", layer->packages.n - 1);
	struct push_blob blob = {
		.digest = layer->digest,
		.size = layer->size,
		.media_type =
			str_of(media_type_name(zstd ? MEDIA_LAYER_ZSTD : MEDIA_LAYER_GZIP, false)),
		.name = buf_str(&label),
		.read = read_layer,
		.cookie = &source,
		.again = again,
		.given_up = &b->given_up,
	};
	int r = registry_push_blob(to->registry, &to->reference, &blob, e);
	return r < 0 ? r : blob.sent;
}

/* ---- config and manifest ---- */

static int read_text(void *cookie, uint64_t at,
		     int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		     struct err **e)
{
	struct str rest = str_from(*(const struct str *)cookie, at);
	return write(to, rest.p, rest.n, e);
}

static int push_config(struct image_push *p, bool again, struct err **e)
{
	struct str config = p->image->config;
	struct push_blob blob = {
		.digest = p->image->config_digest,
		.size = config.n,
		.media_type = str_of(media_type_name(MEDIA_CONFIG, false)),
		.name = STR("config"),
		.read = read_text,
		.cookie = &config,
		.again = again,
	};
	return registry_push_blob(p->to->registry, &p->to->reference, &blob, e);
}

/* A digest that is none of its blobs' (the manifest's own, say) is left to the next answer. */
static int push_lost(void *cookie, const struct digest *blob, struct err **e)
{
	struct image_push *p = cookie;
	const struct base_image *base = &p->b->base;
	struct packed *packed = p->packed;
	if (digest_eq(blob, &p->image->config_digest))
		return push_config(p, true, e);
	for (size_t i = 0; i < packed->count; i++)
		if (digest_eq(blob, &packed->layers[i].digest)) {
			packed->sent[i] = true;
			return push_layer(p->b, p->to, &packed->layers[i], true, e);
		}
	for (size_t i = 0; p->b->base_pulled && i < base->layer_count; i++)
		if (digest_eq(blob, &base->layers[i].digest))
			return push_base_layer(p->b, p->to, &base->layers[i], true, e);
	return 0;
}

static int keeps_nothing(int r, struct err **e)
{
	return r == ERR_ABSENT ? err_wrap(e, ERR_NET, "the registry does not keep blobs") : r;
}

int push_image(struct image_push *p, struct err **e)
{
	struct push_manifest manifest = {
		.manifest = p->image->manifest,
		.media_type = p->image->media_type,
		.lost = push_lost,
		.cookie = p,
		.part = p->part,
	};
	if (!p->part)
		manifest.tags = p->to->tags;
	int r = push_config(p, false, e);
	if (r < 0)
		return r;
	return keeps_nothing(registry_put(p->to->registry, &p->to->reference, &manifest, e), e);
}

/* ---- index ---- */

struct index_push {
	struct image_push *images;
	size_t count;
};

static int push_lost_image(void *cookie, const struct digest *manifest, struct err **e)
{
	struct index_push *p = cookie;
	for (size_t i = 0; i < p->count; i++)
		if (digest_eq(manifest, &p->images[i].image->manifest_digest))
			return push_image(&p->images[i], e);
	return 0;
}

int push_index(const struct image_index *index, struct image_push *images, size_t count,
	       struct err **e)
{
	struct index_push p = {images, count};
	const struct destination *to = images->to;
	struct push_manifest manifest = {
		.manifest = index->text,
		.media_type = index->media_type,
		.tags = to->tags,
		.lost = push_lost_image,
		.cookie = &p,
	};
	int r = registry_put(to->registry, &to->reference, &manifest, e);
	return keeps_nothing(r < 0 ? err_wrap(e, r, "index") : 0, e);
}
