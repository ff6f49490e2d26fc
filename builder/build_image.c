/* builder/build_image.c - the whole way to an image, or the short one when it exists. */
#include "builder/build_run.h"
#include "cache/layout.h"
#include "cache/missing.h"
#include "cache/store.h"
#include "specs/base/fs.h"

static void name_result(struct run *r)
{
	AUTO(buf_done) struct buf name = BUF(1 << 20);
	destination_name(&r->to[0], &name);
	r->result->image = arena_printf(&r->result->arena, "%s@%s", name.data,
					digest_name(&r->result->digest).text);
}

/* ---- the short way: the key has an image ---- */

/* Gives the image of the key tag the user's tag as well. */
static int retag(struct destination *to, const struct reference *by_key,
		 const struct digest *digest, struct err **e)
{
	struct digest now;
	AUTO(buf_done) struct buf manifest = BUF(4 << 20);
	AUTO(buf_done) struct buf media_type = BUF(256);
	if (to->tags.n < 2)
		return 0;
	int code = registry_head(to->registry, &to->reference, &now, NULL, NULL);
	if (code == 0 && digest_eq(&now, digest))
		return 0;
	if ((code = registry_get_manifest(to->registry, by_key, &manifest, &media_type, e)) < 0)
		return code;
	/* A registry that has lost blobs of it says ERR_ABSENT: then it is built again. */
	struct push_manifest m = {.manifest = buf_str(&manifest),
				  .media_type = buf_str(&media_type),
				  .tags = to->tags};
	return registry_put(to->registry, &to->reference, &m, e);
}

/* 0 when every destination has one and the same image for the key; ERR_ABSENT when not. */
static int find_built(struct run *r, struct err **e)
{
	for (size_t i = 0; i < r->to_count; i++) {
		struct reference by_key = r->to[i].reference;
		struct digest digest;
		by_key.tag = r->to[i].tags.v[0];
		int code = registry_head(r->to[i].registry, &by_key, &digest, NULL, e);
		if (code < 0)
			return code;
		if (i == 0)
			r->result->digest = digest;
		else if (!digest_eq(&digest, &r->result->digest))
			return err_set(e, ERR_ABSENT, "destinations differ");
	}
	return 0;
}

/* The user's tags, when it is sure that the image is the one that is wanted. */
static int tag_built(struct run *r, struct err **e)
{
	int code = 0;
	for (size_t i = 0; i < r->to_count && code == 0; i++) {
		struct reference by_key = r->to[i].reference;
		by_key.tag = r->to[i].tags.v[0];
		code = retag(&r->to[i], &by_key, &r->result->digest, e);
	}
	return code;
}

static int recall_built(struct run *r, struct built *out)
{
	AUTO(buf_done) struct buf name = BUF(1 << 20);
	destination_name(&r->to[0], &name);
	int code = records_get(r->records, &r->result->key, buf_str(&name), &r->result->arena, out,
			       NULL);
	if (code < 0)
		return code;
	return digest_eq(&out->manifest, &r->result->digest) ? 0 : ERR_ABSENT;
}

/* The key's image serves a locked build when it is of this lock: as this machine knows, or, where
 * another has made it, as the image says. */
static int fits_lock(struct run *r, struct err **e)
{
	struct digest wanted, is;
	struct built built;
	int code = lock_digest_all(r->locked, r->count, &wanted, e);
	if (code < 0)
		return code;
	if (recall_built(r, &built) == 0)
		is = built.lock;
	else if ((code = destination_find_lock(r->b, &r->to[0], &is, e)) < 0)
		return code;
	return digest_eq(&is, &wanted) ? 0 : err_set(e, ERR_ABSENT, "the image is of another lock");
}

/* ---- the long way ---- */

/* Images first: registries refuse an index of what they do not have. */
static int push_to(struct run *r, const struct destination *to, struct err **e)
{
	struct image_push images[PLATFORMS_MAX];
	for (size_t i = 0; i < r->count; i++) {
		struct made *m = &r->made[i];
		images[i] = (struct image_push){m->b, to, &m->packed, &m->image, r->count > 1};
		int code = push_image(&images[i], e);
		if (code < 0)
			return run_error(r, m->b, code, e);
	}
	return r->count > 1 ? push_index(&r->index, images, r->count, e) : 0;
}

static int make_index(struct run *r, struct err **e)
{
	struct image images[PLATFORMS_MAX];
	for (size_t i = 0; i < r->count; i++)
		images[i] = r->made[i].image;
	return image_index_make(images, r->count, &r->index, e);
}

static int push_everywhere(struct run *r, struct err **e)
{
	int code = r->count > 1 ? make_index(r, e) : 0;
	phases_enter(&r->phases, "push");
	for (size_t i = 0; i < r->to_count && code == 0; i++)
		code = push_to(r, &r->to[i], e);
	return code < 0 ? code : run_push_documents(r, e);
}

static void describe_result(struct run *r)
{
	const struct image *image = &r->made[0].image;
	if (!r->b->engine)
		r->result->digest = r->count > 1 ? r->index.digest : image->manifest_digest;
	r->result->size = r->count > 1 ? r->index.size : image->size;
	for (size_t i = 0; i < r->count; i++) {
		r->result->packages += r->made[i].lock->count;
		r->result->layers += r->made[i].packed.count;
	}
}

/* All that is missing is named in one go, before anything is made. */
static int check_offline(struct run *r, struct err **e)
{
	AUTO(missing_done) struct missing all = {0};
	if (!r->b->o.offline)
		return 0;
	build_missing(r->b, r->d, r->locked, &all);
	build_missing_layers(r->b, r->to, r->to_count, &all);
	return missing_error(&all, e);
}

static int build_new(struct run *r, struct json_out *j, struct err **e)
{
	int code = check_offline(r, e);
	if (code == 0)
		code = run_make_base(r, e);
	if (code == 0)
		code = run_get_locks(r, e);
	for (size_t i = 0; i < r->count && code == 0; i++)
		code = run_make_image(r, i, e);
	if (code == 0)
		code = r->b->engine ? run_engine(r, e) : push_everywhere(r, e);
	if (code < 0)
		return code;
	describe_result(r);
	name_result(r);
	document_put_made(r, j);
	return 0;
}

/* ---- both ---- */

/* By its digest, which records and images hold. */
static int keep_lock(struct run *r, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(STORE_BLOB_MAX);
	return run_write_lock(r, &text) ? store_put(r->b->cache, buf_str(&text), NULL, e) : 0;
}

static int remember(struct run *r, struct err **e)
{
	int kept = keep_lock(r, e);
	if (kept < 0)
		return err_wrap(e, kept, "lock");
	for (size_t i = 0; i < r->to_count; i++) {
		AUTO(buf_done) struct buf name = BUF(1 << 20);
		destination_name(&r->to[i], &name);
		struct built built = {
			.key = r->result->key,
			.destination = buf_str(&name),
			.manifest = r->result->digest,
			.lock = r->result->lock_digest,
			.size = r->result->size,
			.summary = r->result->json,
		};
		int code = records_put(r->records, &built, e);
		if (code < 0)
			return err_wrap(e, code, "record");
	}
	return 0;
}

/* Equal builds on one machine wait for one another; the second then finds the first's. */
static int lock_key(struct run *r, int *out_fd, struct err **e)
{
	AUTO(free) char *folder = NULL;
	int code = layout_folder(r->b->cache, LAYOUT_LOCKS, &folder, e);
	return code < 0 ? code : layout_lock(folder, r->key_hex, out_fd, e);
}

static int run_build(struct run *r, struct err **e)
{
	AUTO(buf_done) struct buf members = BUF(64 << 20);
	struct json_out j = {&members};
	struct built known;
	AUTO(fd_close) int lock_fd = -1;
	int code = lock_key(r, &lock_fd, e);
	if (code < 0)
		return code;
	code = r->b->o.update ? ERR_ABSENT : find_built(r, e);
	if (code == 0 && r->locked)
		code = fits_lock(r, e);
	if (code == 0)
		code = run_find_documents(r, e);
	if (code == 0)
		code = tag_built(r, e);
	if (code < 0 && code != ERR_ABSENT)
		return code;
	err_clear(e);
	r->result->cached = code == 0;
	if (r->result->cached) {
		name_result(r);
		document_put_known(r, recall_built(r, &known) == 0 ? &known : NULL, &j);
	} else {
		code = build_new(r, &j, e);
	}
	if (code < 0)
		return code;
	document_write(r, buf_str(&members));
	return r->result->cached ? 0 : remember(r, e);
}

void run_done(struct run *r)
{
	for (size_t i = 0; i < r->count; i++) {
		lock_done(&r->solved[i]);
		packed_done(&r->made[i].packed);
		arena_done(&r->made[i].arena);
		image_done(&r->made[i].image);
	}
	image_index_done(&r->index);
	destinations_close(r->to, r->to_count);
}

int build_image(struct build *b, const struct definition *d, const struct lock *locked,
		struct strs destinations, struct build_result *out, struct err **e)
{
	AUTO(build_result_done) struct build_result made = {0};
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	struct run r = {.b = b, .d = d, .locked = locked, .result = &made};
	for (struct build *at = b; at; at = at->next)
		r.made[r.count++].b = at;
	phases_start(&r.phases, b->o.log);
	phases_enter(&r.phases, "key");
	build_key(b, d, &text, &made.key);
	memcpy(r.key_hex, digest_text(&made.key).hex, sizeof(r.key_hex));
	int code = b->engine ? 0 : build_engine(d, e);
	if (code == 0 && d->after.n && !b->engine)
		code = err_set(e, ERR_USAGE,
			       "--steps wants --engine docker: kiln's own runs no instructions");
	if (code == 0)
		code = build_records(b, &r.records, e);
	if (code == 0)
		code = destinations_open(b, destinations, r.key_hex, &made.arena, &r.to,
					 &r.to_count, e);
	if (code == 0)
		code = run_build(&r, e);
	run_done(&r);
	if (code < 0)
		return code;
	*out = made;
	made = (struct build_result){0};
	return 0;
}

void build_result_done(struct build_result *r)
{
	arena_done(&r->arena);
	*r = (struct build_result){0};
}
