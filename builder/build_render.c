/* builder/build_render.c - a definition as a Dockerfile with its context. */
#include "builder/build_context.h"
#include "builder/build_run.h"
#include "builder/layer_removed.h"

/* What a layer of the context is read from. */
struct layer_file {
	struct layer_options options;
	const struct layer *layer;
};

static int read_layer(void *cookie, int (*write)(void *to, const void *p, size_t n, struct err **e),
		      void *to, struct err **e)
{
	const struct layer_file *f = cookie;
	return layer_read(&f->options, f->layer, 0, write, to, e);
}

static void add_layers(const struct made *m, struct build_context *c)
{
	for (size_t i = 0; i < m->packed.count; i++) {
		const struct layer *l = &m->packed.layers[i];
		struct layer_file *from = arena_zero(&c->arena, 1, sizeof(*from));
		*from = (struct layer_file){build_layer_options(m->b), l};
		struct context_file file = {
			.path = dockerfile_layer_path(&c->arena, l, i),
			.mode = 0644,
			.size = l->size,
			.source = read_layer,
			.cookie = from,
		};
		build_context_add(c, &file);
	}
}

/* conda in a container does not see this machine's folders. */
static int check_addresses(const struct lock *l, struct err **e)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct record *r = &l->records[i];
		if (r->source && r->source->kind == SOURCE_GIT)
			return err_set(e, ERR_USAGE,
				       "%.*s comes from git, which pip takes without a hash only; "
				       "--style layers brings its wheel along",
				       STR_ARG(r->name));
		if (str_starts(r->url, "file:"))
			return err_set(
				e, ERR_USAGE,
				"%.*s is in a folder of this machine, where conda in a "
				"container does not reach it; --style layers brings it along",
				STR_ARG(r->name));
	}
	return 0;
}

static int add_locks(const struct made *m, struct build_context *c, struct err **e)
{
	AUTO(buf_done) struct buf explicit_list = BUF(64 << 20);
	AUTO(buf_done) struct buf wheels = BUF(64 << 20);
	int code = lock_write_explicit(m->lock, &explicit_list, e);
	if (code < 0)
		return code;
	build_context_add_text(c, DOCKERFILE_EXPLICIT, buf_str(&explicit_list));
	dockerfile_requirements(m->lock, &wheels);
	if (wheels.n)
		build_context_add_text(c, DOCKERFILE_REQUIREMENTS, buf_str(&wheels));
	return 0;
}

int run_make_context(struct run *r, const struct made *m, const struct render_options *o,
		     struct build_context *c, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	AUTO(buf_done) struct buf lock = BUF(64 << 20);
	const struct build *b = m->b;
	struct dockerfile d = {
		.style = o->style,
		.source = o->source,
		.definition = r->d,
		.lock = m->lock,
		.base = b->has_base ? &b->base_reference : NULL,
		.base_digest = b->base_digest,
		.base_image = b->base_pulled ? &b->base : NULL,
		.image = &m->image,
		.prefix = b->prefix,
		.layers = m->packed.layers,
		.layer_count = m->packed.count,
	};
	struct layer_options layers = build_layer_options(b);
	int code = 0;
	if (m->packed.count)
		code = layer_removed(&layers, &m->packed.layers[m->packed.count - 1], &c->arena,
				     &d.removed, e);
	if (code == 0)
		code = dockerfile_write(&d, &text, e);
	if (code == 0)
		code = lock_write(m->lock, &lock, e);
	if (code < 0)
		return code;
	build_context_add_text(c, "Dockerfile", buf_str(&text));
	build_context_add_text(c, "lock.yml", buf_str(&lock));
	if (o->style == DOCKERFILE_CONDA)
		return add_locks(m, c, e);
	add_layers(m, c);
	return 0;
}

static int render(struct run *r, const struct render_options *o, struct err **e)
{
	AUTO(build_context_done) struct build_context context = {0};
	int code = run_get_locks(r, e);
	if (code == 0 && o->style == DOCKERFILE_CONDA)
		code = check_addresses(r->made[0].lock, e);
	if (code == 0)
		code = run_make_image(r, 0, e);
	if (code == 0)
		code = run_make_context(r, &r->made[0], o, &context, e);
	return code < 0 ? code : build_context_to_folder(&context, o->folder, e);
}

int build_render(struct build *b, const struct definition *d, const struct lock *locked,
		 const struct render_options *o, struct err **e)
{
	AUTO(build_result_done) struct build_result result = {0};
	AUTO(buf_done) struct buf key = BUF(16 << 20);
	struct run r = {.b = b, .d = d, .locked = locked, .result = &result, .count = 1};
	if (o->style == DOCKERFILE_LAYERS && b->o.compression == COMPRESSION_ZSTD)
		return err_set(e, ERR_USAGE,
			       "ADD unpacks no zstd layers; leave --compression away");
	r.made[0].b = b;
	phases_start(&r.phases, b->o.log);
	build_key(b, d, &key, &result.key);
	memcpy(r.key_hex, digest_text(&result.key).hex, sizeof(r.key_hex));
	int code = build_engine(d, e);
	if (code == 0)
		code = render(&r, o, e);
	run_done(&r);
	return code;
}
