/* builder/build_engine.c - the image made by a container engine, of the same layers. */
#include "builder/build_context.h"
#include "builder/build_run.h"
#include "builder/engine_build.h"
#include "builder/registry_whole.h"

enum { TAGS = 2 }; /* of a destination: the key's and the user's */

void build_use_engine(struct build *b)
{
	for (; b; b = b->next)
		b->engine = true;
}

int build_check_engine(const struct build *b, const struct reference *r, struct err **e)
{
	if (!b->engine)
		return 0;
	if (b->next)
		return err_set(e, ERR_USAGE, "--engine docker builds for one platform at a time");
	if (r->kind == REFERENCE_REGISTRY || r->kind == REFERENCE_DOCKER_DAEMON)
		return 0;
	return err_set(e, ERR_USAGE,
		       "--engine docker pushes to HOST/REPOSITORY[:TAG] or keeps the image, as "
		       "docker-daemon:NAME:TAG");
}

/* What the engine calls the image: for a registry by each tag that it gets there. */
static void add_names(const struct destination *to, struct arena *a, struct str *names, size_t *n)
{
	struct reference named = to->reference;
	for (size_t i = 0; i < to->tags.n; i++) {
		AUTO(buf_done) struct buf name = BUF(64 << 10);
		if (to->reference.kind == REFERENCE_REGISTRY)
			named.tag = to->tags.v[i];
		else if (i > 0)
			continue;
		reference_write_name(&named, &name);
		names[(*n)++] = arena_str(a, buf_str(&name));
	}
}

static int build(struct run *r, struct engine *g, struct build_context *c, struct str *out_id,
		 struct err **e)
{
	const struct build *b = r->b;
	AUTO(pump_free) struct pump *pump = pump_new(build_context_tar, c);
	struct str *names = arena_zero(&c->arena, r->to_count * TAGS, sizeof(*names));
	struct engine_build order = {
		.context = {.fd = -1,
			    .present = true,
			    .read = pump_read,
			    .rewind = pump_rewind,
			    .cookie = pump},
		.platform = b->platform->image,
		.tags = {.v = names},
		.from = &b->base_reference,
		.from_count = b->has_base,
	};
	for (size_t i = 0; i < r->to_count; i++)
		add_names(&r->to[i], &c->arena, names, &order.tags.n);
	int code = build_context_tar_size(c, &order.context.size, e);
	if (code < 0)
		return code;
	phases_enter(&r->phases, "build");
	code = engine_build(g, &order, &r->result->arena, out_id, e);
	/* The source ends before what it reads does. */
	pump_rewind(pump, NULL);
	return code;
}

/* What a registry has afterwards is for it to say: engines compress anew, and some lie. */
static int push_one(struct run *r, struct engine *g, const struct destination *to, struct str id,
		    struct err **e)
{
	struct digest *digest = &r->result->digest;
	struct reference named = to->reference;
	if (to->reference.kind == REFERENCE_DOCKER_DAEMON) {
		if (!digest_parse(id, digest))
			return err_set(e, ERR_CORRUPT, "\"%.*s\" is no image's id", STR_ARG(id));
		return daemon_remember(to->registry, digest, e);
	}
	for (size_t i = 0; i < to->tags.n; i++) {
		named.tag = to->tags.v[i];
		int code = engine_push(g, &named, e);
		if (code < 0)
			return code;
	}
	return registry_head(to->registry, &named, digest, NULL, e);
}

int run_engine(struct run *r, struct err **e)
{
	AUTO(engine_close) struct engine *g = NULL;
	AUTO(build_context_done) struct build_context context = {0};
	struct render_options o = {.style = DOCKERFILE_LAYERS, .source = "a definition"};
	struct str id = {0};
	int code = engine_open(r->b->http, r->b->o.log, &g, e);
	if (code == 0)
		code = run_make_context(r, &r->made[0], &o, &context, e);
	if (code == 0)
		code = build(r, g, &context, &id, e);
	if (code == 0)
		phases_enter(&r->phases, "push");
	for (size_t i = r->to_count; i > 0 && code == 0; i--)
		code = push_one(r, g, &r->to[i - 1], id, e);
	return code < 0 ? code : run_push_documents(r, e);
}
