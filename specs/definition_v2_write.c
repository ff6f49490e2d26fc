/* specs/definition_v2_write.c - the environment YAML of azure-ai-ml. */
#include "specs/base/vec.h"
#include "specs/base/yaml_dump.h"
#include "specs/definition_private.h"

/* A document that is put together: new nodes, and those of what was read. */
struct made {
	struct arena arena;
	struct yaml conda;
	VEC(struct yaml_pair) pairs;
};

static void made_done(struct made *m)
{
	VEC_DONE(&m->pairs);
	yaml_done(&m->conda);
	arena_done(&m->arena);
}
AUTO_DEFINE_VALUE(struct made, made_done)

static struct yaml_node *text_node(struct made *m, struct str text)
{
	struct yaml_node *node = arena_zero(&m->arena, 1, sizeof(*node));
	node->kind = YAML_TEXT;
	node->text = text;
	return node;
}

static struct yaml_node *map_node(struct made *m, const struct yaml_pair *pairs, size_t n)
{
	struct yaml_node *node = arena_zero(&m->arena, 1, sizeof(*node));
	node->kind = YAML_MAP;
	node->n = n;
	node->pairs = arena_zero(&m->arena, n, sizeof(*node->pairs));
	if (n)
		memcpy(node->pairs, pairs, n * sizeof(*pairs));
	return node;
}

static void add(struct made *m, const char *key, const struct yaml_node *value)
{
	VEC_PUSH(&m->pairs, ((struct yaml_pair){text_node(m, str_of(key)), value}));
}

static void add_text(struct made *m, const char *key, struct str text)
{
	if (text.n)
		add(m, key, text_node(m, text));
}

/* ---- parts ---- */

static int parse_conda(struct made *m, const struct definition *d, struct err **e)
{
	return d->conda.n ? yaml_parse(d->conda, "conda file", &m->conda, e) : 0;
}

/* A folder by its whole path: the file may be written anywhere. */
static const struct yaml_node *build_node(struct made *m, const struct definition *d)
{
	const struct definition_steps *s = &d->steps;
	struct yaml_pair pairs[2] = {
		{text_node(m, STR("path")), text_node(m, s->folder.n ? s->folder : s->context)}};
	size_t n = 1;
	if (s->dockerfile_path.n)
		pairs[n++] = (struct yaml_pair){text_node(m, STR("dockerfile_path")),
						text_node(m, s->dockerfile_path)};
	return map_node(m, pairs, n);
}

/* As it was read, with the files that it names in place of their names. */
static void copy_document(struct made *m, const struct definition *d)
{
	const struct yaml_node *root = d->document.root;
	for (size_t i = 0; i < root->n; i++) {
		struct yaml_pair pair = root->pairs[i];
		if (str_is(pair.key->text, "conda_file"))
			pair.value = m->conda.root;
		else if (str_is(pair.key->text, "build"))
			pair.value = build_node(m, d);
		VEC_PUSH(&m->pairs, pair);
	}
}

static void make_document(struct made *m, const struct definition *d)
{
	add_text(m, "name", d->name);
	add_text(m, "version", d->version);
	add_text(m, "description", d->description);
	add_text(m, "image", d->base);
	if (d->steps.context.n)
		add(m, "build", build_node(m, d));
	if (m->conda.root && !d->user_managed)
		add(m, "conda_file", m->conda.root);
}

/* Outside of its conda file. */
static bool has_alias(const struct yaml_node *node)
{
	bool found = node->alias > 0;
	for (size_t i = 0; !yaml_is_scalar(node) && i < node->n && !found; i++) {
		bool map = node->kind == YAML_MAP;
		if (!map || !str_is(node->pairs[i].key->text, "conda_file"))
			found = has_alias(map ? node->pairs[i].value : node->items[i]);
	}
	return found;
}

static int check_form(const struct definition *d, struct err **e)
{
	if (d->steps.dockerfile.n && !d->steps.context.n)
		return err_set(
			e, ERR_USAGE,
			"a v2 environment has no Dockerfile of its own: put it into a folder "
			"and name that as build.path");
	if (!d->base.n && !d->steps.context.n)
		return err_set(e, ERR_USAGE, "a v2 environment needs a base image: --base IMAGE");
	if (d->steps.context.n && !definition_is_address(d->steps.context))
		return err_set(
			e, ERR_USAGE,
			"the build context %.*s: a v2 environment names one that is not here "
			"by https://... or http://...",
			STR_ARG(d->steps.context));
	return 0;
}

int definition_write_v2(const struct definition *d, struct buf *out, struct err **e)
{
	AUTO(made_done) struct made m = {.arena = ARENA, .conda = YAML};
	bool v2 = d->form == DEFINITION_V2;
	int status = v2 ? 0 : check_form(d, e);
	if (status == 0)
		status = parse_conda(&m, d, e);
	if (status < 0)
		return status;
	if (v2)
		copy_document(&m, d);
	else
		make_document(&m, d);
	/* Nodes of two documents, each with its numbers of aliases: one's can be written, and it is
	 * the conda file whose text is hashed. */
	bool mixed = v2 && has_alias(d->document.root);
	struct yaml whole = {.what = "definition", .aliases = mixed ? 0 : m.conda.aliases};
	return yaml_dump(&whole, map_node(&m, m.pairs.v, m.pairs.n), false, out, e);
}
