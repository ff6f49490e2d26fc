/* builder/build_steps.c - a base that the definition makes by a Dockerfile: built by an engine and
 * pushed beside the image, which then goes onto it as onto any other. */
#include "builder/build_context.h"
#include "builder/build_run.h"
#include "builder/engine_build.h"
#include "builder/plan.h"
#include "specs/base/fs.h"
#include "specs/base/url.h"

enum { FROM_MAX = 16, TAG_HEX = 32, DOCKERFILE_MAX = 1 << 20 };

static const struct destination *first_registry(const struct destination *to, size_t to_count)
{
	for (size_t i = 0; i < to_count; i++)
		if (to[i].reference.kind == REFERENCE_REGISTRY)
			return &to[i];
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

/* Cuts the next word off. */
static struct str next_word(struct str *line)
{
	struct str word;
	*line = str_trim(*line);
	str_cut(line, ' ', &word);
	return word;
}

static bool is_word(struct str a, struct str b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* An image: neither nothing nor a stage before this one. */
static bool is_image(struct str name, const struct str *stages, size_t stage_count)
{
	for (size_t i = 0; i < stage_count; i++)
		if (is_word(name, stages[i]))
			return false;
	return name.n && !str_is(name, "scratch");
}

/* The images that FROM names, as far as it is plain: the engine has to be logged in there. */
static size_t find_from(struct str text, struct arena *a, struct reference from[FROM_MAX])
{
	struct str line, word, stages[FROM_MAX];
	size_t n = 0, stage_count = 0;
	while (text.n && n < FROM_MAX && stage_count < FROM_MAX) {
		str_cut(&text, '\n', &line);
		if (!is_word(next_word(&line), STR("FROM")))
			continue;
		do
			word = next_word(&line);
		while (str_starts(word, "--"));
		if (is_image(word, stages, stage_count) &&
		    reference_parse(a, word, &from[n], NULL) == 0)
			n += from[n].kind == REFERENCE_REGISTRY;
		if (is_word(next_word(&line), STR("AS")))
			stages[stage_count++] = next_word(&line);
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

static int set_base(struct build *b, const struct reference *named, struct err **e)
{
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	reference_write(named, &name);
	return build_set_base(b, name.data, e);
}

int run_make_base(struct run *r, struct err **e)
{
	const struct definition_steps *s = &r->d->steps;
	const struct destination *to = first_registry(r->to, r->to_count);
	if (!definition_has_steps(s))
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
	return code < 0 ? err_wrap(e, code, "the base") : set_base(r->b, &named, e);
}

/* ---- what can be said of it before ---- */

static struct strs names_of(const struct reference *from, size_t n, struct arena *a)
{
	struct str *names = arena_zero(a, n, sizeof(*names));
	for (size_t i = 0; i < n; i++) {
		AUTO(buf_done) struct buf name = BUF(64 << 10);
		reference_write(&from[i], &name);
		names[i] = arena_str(a, buf_str(&name));
	}
	return (struct strs){names, n};
}

void build_describe_steps(const struct definition_steps *s, struct arena *a, struct plan_steps *out)
{
	struct reference from[FROM_MAX];
	out->context = url_without_login(a, s->context);
	out->dockerfile = definition_context(s).dockerfile;
	out->from = names_of(from, find_from(s->dockerfile, a, from), a);
}

int build_find_steps(struct build *b, const struct definition_steps *s,
		     const struct destination *to, size_t to_count, struct plan_steps *out,
		     struct err **e)
{
	const struct destination *at = first_registry(to, to_count);
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	if (!at)
		return 0;
	struct reference named = at->reference;
	named.tag = tag_of(s, b->platform->image, &b->arena);
	reference_write(&named, &name);
	out->image = arena_str(&b->arena, buf_str(&name));
	int code = registry_head(at->registry, &named, &named.digest, NULL, e);
	if (code == ERR_ABSENT) {
		err_clear(e);
		return 0;
	}
	named.has_digest = out->made = true;
	return code < 0 ? err_wrap(e, code, "the base") : set_base(b, &named, e);
}
