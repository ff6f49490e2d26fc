/* builder/build_find.c - the image that a destination has of a definition already. */
#include "builder/build_private.h"
#include "cache/store.h"

static int find(struct build *b, struct destination *to, struct found_image *out, struct err **e)
{
	AUTO(base_image_done) struct base_image image = {0};
	AUTO(buf_done) struct buf name = BUF(64 << 10), manifest = BUF(MANIFEST_SIZE_MAX);
	struct reference by_key = to->reference;
	by_key.tag = to->tags.v[0];
	if (!registry_form(&by_key)->read)
		return err_set(e, ERR_ABSENT, "%s is a place to write to",
			       registry_form(&by_key)->usage);
	int code = registry_pull_base(to->registry, &by_key, b->cache, &image, e);
	if (code < 0)
		return code;
	if ((code = store_get(b->cache, &image.digest, &manifest, e)) < 0)
		return code;
	out->size = manifest.n + image.config.size;
	for (size_t i = 0; i < image.layer_count; i++)
		out->size += image.layers[i].size;
	destination_name(to, &name);
	out->image = arena_printf(&out->arena, "%s@%s", name.data, digest_name(&image.named).text);
	return 0;
}

int build_find_image(struct build *b, const struct definition *d, struct str destination,
		     struct found_image *out, struct err **e)
{
	AUTO(found_image_done) struct found_image made = {.arena = ARENA};
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	struct destination *to;
	struct digest key;
	size_t count;
	build_key(b, d, &text, &key);
	struct str hex = arena_str(&made.arena, str_of(digest_text(&key).hex));
	int code = destinations_open(b, (struct strs){&destination, 1}, hex.p, &made.arena, &to,
				     &count, e);
	if (code < 0)
		return code;
	code = find(b, to, &made, e);
	destinations_close(to, count);
	if (code < 0)
		return code;
	*out = made;
	made = (struct found_image){.arena = ARENA};
	return 0;
}

void found_image_done(struct found_image *f)
{
	arena_done(&f->arena);
	*f = (struct found_image){.arena = ARENA};
}
