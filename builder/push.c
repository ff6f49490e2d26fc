/* builder/push.c - the base's blobs beside the work, then config and manifest. */
#include "builder/build_private.h"
#include "builder/media_type.h"
#include "specs/base/workers.h"
#include <pthread.h>

enum { BASE_UPLOADS = 3 }; /* blobs of the base on their way at once */

struct base_push {
	struct build *b;
	struct destination *to;
	size_t to_count;
	pthread_t thread;
	int code;
	struct err *e;
};

/* Blob by blob and not destination by destination: equal work stands side by side. */
static int push_base_blob(void *cookie, size_t at, struct err **e)
{
	struct base_push *p = cookie;
	struct destination *to = &p->to[at % p->to_count];
	const struct descriptor *layer = &p->b->base.layers[at / p->to_count];
	struct push_blob blob = {
		.digest = layer->digest,
		.size = layer->size,
		.media_type = layer->media_type,
		.name = STR("base layer"),
		.from = p->b->base_registry,
		.from_reference = &p->b->base_reference,
	};
	int r = registry_push_blob(to->registry, &to->reference, &blob, e);
	return r < 0 ? err_wrap(e, "base layer") : 0;
}

static void *push_base(void *cookie)
{
	struct base_push *p = cookie;
	size_t blobs = p->b->base_pulled ? p->b->base.layer_count : 0;
	p->code = workers_run(BASE_UPLOADS, blobs * p->to_count, push_base_blob, p, &p->e);
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

int base_push_finish(struct base_push *p, struct err **e)
{
	if (!p)
		return 0;
	pthread_join(p->thread, NULL);
	int code = p->code;
	if (code < 0 && e && !*e)
		*e = STEAL(&p->e);
	err_free(p->e);
	free(p);
	return code;
}

static int read_text(void *cookie, uint64_t at,
		     int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		     struct err **e)
{
	struct str rest = str_from(*(const struct str *)cookie, at);
	return write(to, rest.p, rest.n, e);
}

int push_image(const struct destination *to, const struct image *image, struct err **e)
{
	struct str config = image->config;
	struct push_blob blob = {
		.digest = image->config_digest,
		.size = config.n,
		.media_type = str_of(media_type_name(MEDIA_CONFIG, false)),
		.name = STR("config"),
		.read = read_text,
		.cookie = &config,
	};
	int r = registry_push_blob(to->registry, &to->reference, &blob, e);
	if (r < 0)
		return r;
	return registry_push_manifest(to->registry, &to->reference, image->manifest,
				      image->media_type, to->tags, e);
}
