/* specs/definition_edit.c - a definition with another name, or on another base: the value, and the
 * document it is saved from. */
#include "specs/definition_private.h"

static const struct yaml_node *make_text(struct yaml *y, struct str text)
{
	struct yaml_node *node = arena_zero(&y->arena, 1, sizeof(*node));
	node->kind = YAML_TEXT;
	node->text = arena_str(&y->arena, text);
	return node;
}

static bool is_one_of(struct str key, const char *const *names)
{
	while (*names && !str_is(key, *names))
		names++;
	return *names != NULL;
}

/* The map without some keys, and with the new pair where the first of them stood, else in front. */
static const struct yaml_node *changed(struct yaml *y, const struct yaml_node *map,
				       const char *const *without, struct yaml_pair new)
{
	static const struct yaml_node empty = {.kind = YAML_MAP};
	const struct yaml_node *from = map && map->kind == YAML_MAP ? map : &empty;
	struct yaml_node *made = arena_zero(&y->arena, 1, sizeof(*made));
	size_t at = 0;
	*made = *from;
	made->n = 0;
	made->pairs = arena_zero(&y->arena, from->n + 1, sizeof(*made->pairs));
	while (at < from->n && !is_one_of(from->pairs[at].key->text, without))
		at++;
	for (size_t i = 0; i <= from->n; i++) {
		if (i == (at < from->n ? at : 0))
			made->pairs[made->n++] = new;
		if (i < from->n && !is_one_of(from->pairs[i].key->text, without))
			made->pairs[made->n++] = from->pairs[i];
	}
	return made;
}

static struct yaml_pair pair_of(struct yaml *y, const char *key, const struct yaml_node *value)
{
	return (struct yaml_pair){make_text(y, str_of(key)), value};
}

static void set_text(struct yaml *y, const char *const *without, const char *key, struct str text)
{
	y->root = changed(y, y->root, without, pair_of(y, key, make_text(y, text)));
}

void definition_rename(struct definition *d, struct str name, struct str version)
{
	static const char *const names[] = {"name", NULL}, *const versions[] = {"version", NULL},
				 *const all[] = {"name", "version", "assetId", NULL};
	d->name = arena_str(&d->arena, name);
	d->version = arena_str(&d->arena, version);
	if (d->form == DEFINITION_CONDA)
		return;
	if (version.n)
		set_text(&d->document, versions, "version", version);
	set_text(&d->document, version.n ? names : all, "name", name);
}

/* The registry that stands beside the image is that of the one that was there. */
void definition_set_base(struct definition *d, struct str reference)
{
	static const char *const of_docker[] = {"baseImage", "baseDockerfile", "buildContext",
						"baseImageRegistry", NULL};
	static const char *const docker[] = {"docker", NULL}, *const v2[] = {"image", "build",
									     NULL};
	struct yaml *y = &d->document;
	d->base = arena_str(&d->arena, reference);
	d->steps = (struct definition_steps){0};
	if (d->form == DEFINITION_CONDA)
		return;
	bool v1 = d->form == DEFINITION_V1;
	struct yaml_pair image = pair_of(y, v1 ? "baseImage" : "image", make_text(y, reference));
	if (v1)
		image = pair_of(y, "docker",
				changed(y, yaml_get(y->root, "docker"), of_docker, image));
	y->root = changed(y, y->root, v1 ? docker : v2, image);
}
