/* builder/build_find.c - the image that a destination has of a definition already, and its lock. */
#include "builder/build_private.h"
#include "builder/referrer.h"
#include "cache/records.h"
#include "cache/store.h"

static int pull_by_key(struct build *b, const struct destination *to, struct base_image *out,
		       struct err **e)
{
	struct reference by_key = to->reference;
	by_key.tag = to->tags.v[0];
	if (!registry_form(&by_key)->read)
		return err_set(e, ERR_ABSENT, "%s is a place to write to",
			       registry_form(&by_key)->usage);
	return registry_pull_base(to->registry, &by_key, b->cache, out, e);
}

static int find(struct build *b, const struct destination *to, struct found_image *out,
		struct err **e)
{
	AUTO(base_image_done) struct base_image image = {0};
	AUTO(buf_done) struct buf name = BUF(64 << 10), manifest = BUF(MANIFEST_SIZE_MAX);
	int code = pull_by_key(b, to, &image, e);
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

static int read_label(const struct base_image *image, struct digest *out, struct err **e)
{
	if (digest_parse(base_image_label(image, IMAGE_LOCK_DIGEST), out))
		return 0;
	return err_set(e, ERR_ABSENT, "the image does not say what lock it is of");
}

int destination_find_lock(struct build *b, const struct destination *to, struct digest *out,
			  struct err **e)
{
	AUTO(base_image_done) struct base_image image = {0};
	int code = pull_by_key(b, to, &image, e);
	return code < 0 ? code : read_label(&image, out, e);
}

static void find_key(struct build *b, const struct definition *d, struct digest *out)
{
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	build_key(b, d, &text, out);
}

static int open_by_key(struct build *b, const struct definition *d, struct str destination,
		       struct arena *a, struct destination **out, struct err **e)
{
	struct digest key;
	size_t count;
	find_key(b, d, &key);
	struct str hex = arena_str(a, str_of(digest_text(&key).hex));
	return destinations_open(b, (struct strs){&destination, 1}, hex.p, a, out, &count, e);
}

int build_find_image(struct build *b, const struct definition *d, struct str destination,
		     struct found_image *out, struct err **e)
{
	AUTO(found_image_done) struct found_image made = {.arena = ARENA};
	struct destination *to;
	int code = open_by_key(b, d, destination, &made.arena, &to, e);
	if (code < 0)
		return code;
	code = find(b, to, &made, e);
	destinations_close(to, 1);
	if (code < 0)
		return code;
	*out = made;
	made = (struct found_image){.arena = ARENA};
	return 0;
}

/* ---- its lock ---- */

static int read_lock_there(struct build *b, const struct destination *to, struct buf *out,
			   struct err **e)
{
	AUTO(base_image_done) struct base_image image = {0};
	struct digest lock;
	int code = pull_by_key(b, to, &image, e);
	if (code == 0)
		code = read_label(&image, &lock, e);
	if (code < 0 || store_get(b->cache, &lock, out, NULL) == 0)
		return code;
	return referrer_get(to->registry, &to->reference, &image.digest, BUILD_LOCK_TYPE, &lock,
			    out, e);
}

static int find_lock_there(struct build *b, const struct definition *d, struct str destination,
			   struct buf *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct destination *to;
	int code = open_by_key(b, d, destination, &a, &to, e);
	if (code < 0)
		return code;
	code = read_lock_there(b, to, out, e);
	destinations_close(to, 1);
	return code;
}

static int find_lock_here(struct build *b, const struct definition *d, struct buf *out,
			  struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct records *records;
	struct built built;
	struct digest key;
	find_key(b, d, &key);
	int code = build_records(b, &records, e);
	if (code == 0)
		code = records_find(records, &key, &a, &built, e);
	return code < 0 ? code : store_get(b->cache, &built.lock, out, e);
}

int build_find_lock(struct build *b, const struct definition *d, struct str destination,
		    struct buf *out, struct err **e)
{
	return destination.n ? find_lock_there(b, d, destination, out, e)
			     : find_lock_here(b, d, out, e);
}

void found_image_done(struct found_image *f)
{
	arena_done(&f->arena);
	*f = (struct found_image){.arena = ARENA};
}
