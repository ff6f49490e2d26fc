/* builder/build_steps.c - a base that the definition makes by a Dockerfile: built by an engine and
 * pushed beside the image, which then goes onto it as onto any other. */
#include "builder/build_context.h"
#include "builder/build_run.h"
#include "builder/engine_build.h"
#include "specs/base/fs.h"

enum { FROM_MAX = 16, TAG_HEX = 32, DOCKERFILE_MAX = 1 << 20 };

static const struct destination *first_registry(const struct run *r)
{
	for (size_t i = 0; i < r->to_count; i++)
		if (r->to[i].reference.kind == REFERENCE_REGISTRY)
			return &r->to[i];
	return NULL;
}

/* "base-" and what the steps are known by, wherever their folder is: equal steps are built once. */
static struct str tag_of(const struct definition_steps *s, const char *platform, struct arena *a)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	struct digest digest;
	buf_printf(&text, "%s\n", platform);
	if (s->folder.n)
		buf_printf(&text, "%.*s\n%s", STR_ARG(s->digest),
			   definition_context(s).dockerfile.p);
	else
		buf_add_str(&text, s->dockerfile);
	digest_of(text.data, text.n, &digest);
	return arena_printf(a, "base-%.*s", TAG_HEX, digest_text(&digest).hex);
}

static int make_context(const struct definition_steps *s, struct build_context *c,
			struct str *dockerfile, struct err **e)
{
	if (!s->folder.n) {
		build_context_add_text(c, "Dockerfile", s->dockerfile);
		*dockerfile = s->dockerfile;
		return 0;
	}
	struct context_folder folder = definition_context(s);
	AUTO(free) char *path = fs_join(folder.path, folder.dockerfile.p);
	AUTO(buf_done) struct buf text = BUF(DOCKERFILE_MAX);
	int code = fs_read(path, &text, e);
	if (code < 0)
		return err_wrap(e, code, "the Dockerfile of the context");
	*dockerfile = arena_str(&c->arena, buf_str(&text));
	return build_context_add_folder(c, &folder, e);
}

/* What FROM names, as far as it is plain: the engine has to be logged in there. */
static size_t find_from(struct str text, struct arena *a, struct reference from[FROM_MAX])
{
	struct str line, word;
	size_t n = 0;
	while (text.n && n < FROM_MAX) {
		str_cut(&text, '\n', &line);
		line = str_trim(line);
		str_cut(&line, ' ', &word);
		if (word.n != 4 || strncasecmp(word.p, "FROM", 4) != 0)
			continue;
		do {
			line = str_trim(line);
			str_cut(&line, ' ', &word);
		} while (str_starts(word, "--"));
		if (reference_parse(a, word, &from[n], NULL) == 0)
			n += from[n].kind == REFERENCE_REGISTRY;
	}
	return n;
}

static int build_and_push(struct run *r, const struct reference *named, struct err **e)
{
	AUTO(engine_close) struct engine *g = NULL;
	AUTO(build_context_done) struct build_context c = {0};
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	const struct definition_steps *s = &r->d->steps;
	struct reference from[FROM_MAX];
	struct str dockerfile, tag, id;
	int code = engine_open(r->b->http, r->b->o.log, &g, e);
	if (code == 0)
		code = make_context(s, &c, &dockerfile, e);
	if (code < 0)
		return code;
	reference_write_name(named, &name);
	tag = buf_str(&name);
	AUTO(pump_free) struct pump *pump = pump_new(build_context_tar, &c);
	struct engine_build order = {
		.context = {.fd = -1,
			    .present = true,
			    .read = pump_read,
			    .rewind = pump_rewind,
			    .cookie = pump},
		.dockerfile = s->folder.n ? definition_context(s).dockerfile.p : NULL,
		.platform = r->b->platform->image,
		.tags = {&tag, 1},
		.from = from,
		.from_count = find_from(dockerfile, &c.arena, from),
	};
	if ((code = build_context_tar_size(&c, &order.context.size, e)) < 0)
		return code;
	code = engine_build(g, &order, &c.arena, &id, e);
	pump_rewind(pump, NULL); /* the source ends before what it reads does */
	return code < 0 ? code : engine_push(g, named, e);
}

static int set_base(struct run *r, const struct reference *named, struct err **e)
{
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	reference_write(named, &name);
	return build_set_base(r->b, name.data, e);
}

int run_make_base(struct run *r, struct err **e)
{
	const struct definition_steps *s = &r->d->steps;
	const struct destination *to = first_registry(r);
	if (!s->dockerfile.n && !s->context.n)
		return 0;
	if (!to)
		return err_set(e, ERR_USAGE,
			       "the base is made by a Dockerfile and pushed first: name a "
			       "destination in a registry, -t HOST/REPOSITORY[:TAG]");
	struct reference named = to->reference;
	named.tag = tag_of(s, r->b->platform->image, &r->result->arena);
	phases_enter(&r->phases, "base");
	bool there = !r->b->o.update &&
		     registry_head(to->registry, &named, &named.digest, NULL, NULL) == 0;
	int code = there ? 0 : build_and_push(r, &named, e);
	if (code == 0)
		code = registry_head(to->registry, &named, &named.digest, NULL, e);
	named.has_digest = true;
	return code < 0 ? err_wrap(e, code, "the base") : set_base(r, &named, e);
}
