/* builder/image_tar.c - an image as one tar, written as its blobs come. */
#include "builder/image_tar.h"
#include "builder/media_type.h"
#include "builder/registry_private.h"
#include "builder/tar_stream.h"
#include "specs/base/vec.h"
#include <archive.h>
#include <archive_entry.h>

#define REF_NAME "org.opencontainers.image.ref.name"
#define FULL_NAME "io.containerd.image.name"
#define BLOBS "blobs/sha256/"

enum { INDEX_MAX = 4 << 20, ENTRIES_LOOKED_AT = 4, BLOCKS = 10 << 10 };

struct image_tar {
	struct image_tar_options o;
	struct tar_stream *tar;
	VEC(struct digest) written;
};

struct image_tar *image_tar_new(const struct image_tar_options *o)
{
	struct image_tar *t = mem_zero(1, sizeof(*t));
	t->o = *o;
	t->tar = tar_stream_new(o->write, o->to);
	return t;
}

void image_tar_free(struct image_tar *t)
{
	if (!t)
		return;
	tar_stream_free(t->tar);
	VEC_DONE(&t->written);
	free(t);
}

uint64_t image_tar_size(const struct image_tar *t)
{
	return tar_stream_size(t->tar);
}

/* ---- blobs ---- */

static struct str blob_path(const struct digest *d, struct buf *out)
{
	buf_clear(out);
	buf_printf(out, BLOBS "%s", digest_text(d).hex);
	return buf_str(out);
}

static bool is_written(const struct image_tar *t, const struct digest *d)
{
	for (size_t i = 0; i < t->written.n; i++)
		if (digest_eq(&t->written.v[i], d))
			return true;
	return false;
}

struct passing {
	struct image_tar *t;
	struct hasher *hasher;
	uint64_t size, max;
};

static int pass(void *to, const void *p, size_t n, struct err **e)
{
	struct passing *in = to;
	if (n > in->max - in->size)
		return err_set(e, ERR_DIGEST, "more bytes than the %llu it should have",
			       (unsigned long long)in->max);
	in->size += n;
	hasher_add(in->hasher, p, n);
	return tar_stream_data(in->t->tar, p, n, e);
}

int image_tar_blob(struct image_tar *t, const struct push_blob *b, struct err **e)
{
	AUTO(buf_done) struct buf path = BUF(256);
	AUTO(hasher_free) struct hasher *hasher = hasher_new();
	struct passing in = {t, hasher, 0, b->size};
	struct digest is;
	if (is_written(t, &b->digest))
		return 0;
	int code = tar_stream_file(t->tar, blob_path(&b->digest, &path).p, 0644, b->size, e);
	if (code < 0 || (code = push_blob_read(b, 0, pass, &in, e)) < 0)
		return code;
	hasher_end(hasher, &is);
	if (in.size != b->size || !digest_eq(&is, &b->digest))
		return err_set(e, ERR_DIGEST, "other bytes came");
	VEC_PUSH(&t->written, b->digest);
	return 0;
}

static int want(struct image_tar *t, const struct push_manifest *m, const cJSON *from,
		struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct descriptor d;
	int code = descriptor_read(from, &a, &d, e);
	if (code < 0)
		return err_wrap(e, code, "the manifest");
	enum media_kind kind = media_type_kind(d.media_type, NULL);
	if (kind == MEDIA_LAYER_FOREIGN || is_written(t, &d.digest))
		return 0;
	if (t->o.engine && kind == MEDIA_LAYER_ZSTD)
		return err_set(e, ERR_USAGE, "layer %s is zstd, which docker load does not read",
			       digest_name(&d.digest).text);
	if (!t->o.write) { /* bytes are only counted: no blob is asked for */
		AUTO(buf_done) struct buf path = BUF(256);
		VEC_PUSH(&t->written, d.digest);
		return tar_stream_skip(t->tar, blob_path(&d.digest, &path).p, d.size, e);
	}
	code = m->lost(m->cookie, &d.digest, e);
	if (code >= 0 && !is_written(t, &d.digest))
		return err_set(e, ERR_FAILED, "nobody has blob %s", digest_name(&d.digest).text);
	return code < 0 ? code : 0;
}

static int manifest_parse(const struct push_manifest *m, cJSON **out, struct err **e)
{
	return json_parse(m->manifest, "the manifest", out, e);
}

int image_tar_manifest(struct image_tar *t, const struct push_manifest *m, struct err **e)
{
	static const char *const lists[] = {"manifests", "layers"};
	AUTO(buf_done) struct buf path = BUF(256);
	AUTO(json_free) cJSON *doc = NULL;
	const cJSON *one;
	struct digest digest;
	int code = manifest_parse(m, &doc, e);
	if (code < 0)
		return code;
	digest_of(m->manifest.p, m->manifest.n, &digest);
	code = tar_stream_text(t->tar, blob_path(&digest, &path).p, m->manifest, e);
	VEC_PUSH(&t->written, digest);
	if (code == 0 && json_object(doc, "config"))
		code = want(t, m, json_object(doc, "config"), e);
	for (size_t i = 0; i < COUNT(lists); i++)
		cJSON_ArrayForEach(one, json_array(doc, lists[i]))
		{
			if (code == 0)
				code = want(t, m, one, e);
		}
	return code;
}

/* ---- what stands in front ---- */

static void put_annotations(const struct image_tar *t, const cJSON *manifest, struct json_out *j)
{
	const char *key = json_text(json_object(manifest, "annotations"), IMAGE_KEY);
	json_open(j, "annotations", '{');
	if (t->o.name.n)
		json_put_str(j, FULL_NAME, t->o.name);
	if (key)
		json_put_text(j, IMAGE_KEY, key);
	if (t->o.tag.n)
		json_put_str(j, REF_NAME, t->o.tag);
	json_close(j, '}');
}

static int put_index(struct image_tar *t, const struct push_manifest *m, const cJSON *manifest,
		     struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(INDEX_MAX);
	struct json_out j = {&text};
	struct descriptor own = {.media_type = m->media_type, .size = m->manifest.n};
	digest_of(m->manifest.p, m->manifest.n, &own.digest);
	json_open(&j, NULL, '{');
	json_put_u64(&j, "schemaVersion", 2);
	json_put_text(&j, "mediaType", media_type_name(MEDIA_INDEX, false));
	json_open(&j, "manifests", '[');
	json_open(&j, NULL, '{');
	descriptor_put_members(&j, &own);
	put_annotations(t, manifest, &j);
	json_close(&j, '}');
	json_close(&j, ']');
	json_close(&j, '}');
	return tar_stream_text(t->tar, "index.json", buf_str(&text), e);
}

static void put_path(struct json_out *j, const char *member, const cJSON *descriptor)
{
	AUTO(buf_done) struct buf path = BUF(4096);
	struct str hex = str_of(json_text(descriptor, "digest"));
	buf_printf(&path, BLOBS "%.*s", STR_ARG(str_from(hex, str_find(hex, ':') + 1)));
	json_put_str(j, member, buf_str(&path));
}

/* What Docker's engines read since 1.10, and newer ones still do. */
static int put_for_engine(struct image_tar *t, const cJSON *manifest, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(INDEX_MAX);
	struct json_out j = {&text};
	const cJSON *layer;
	struct strs names = {&t->o.name, t->o.name.n > 0};
	if (json_array(manifest, "manifests"))
		return err_set(e, ERR_USAGE,
			       "engines load one platform's image, not a list of several");
	json_open(&j, NULL, '[');
	json_open(&j, NULL, '{');
	put_path(&j, "Config", json_object(manifest, "config"));
	if (names.n)
		json_put_strs(&j, "RepoTags", names);
	else
		json_put_text(&j, "RepoTags", NULL);
	json_open(&j, "Layers", '[');
	cJSON_ArrayForEach(layer, json_array(manifest, "layers")) put_path(&j, NULL, layer);
	json_close(&j, ']');
	json_close(&j, '}');
	json_close(&j, ']');
	return tar_stream_text(t->tar, "manifest.json", buf_str(&text), e);
}

int image_tar_write(struct image_tar *t, const struct push_manifest *m, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int code = manifest_parse(m, &doc, e);
	if (code == 0)
		code = tar_stream_text(t->tar, "oci-layout",
				       STR("{\"imageLayoutVersion\":\"1.0.0\"}"), e);
	if (code == 0)
		code = put_index(t, m, doc, e);
	if (code == 0 && t->o.engine)
		code = put_for_engine(t, doc, e);
	if (code == 0)
		code = image_tar_manifest(t, m, e);
	return code < 0 ? code : tar_stream_end(t->tar, e);
}

/* ---- reading ---- */

static bool is_wanted(const cJSON *image, const struct image_tar_options *o, struct str key)
{
	const cJSON *notes = json_object(image, "annotations");
	struct str made_for = str_of(json_text(notes, IMAGE_KEY));
	if (!str_is(o->name, json_text(notes, FULL_NAME)) ||
	    !str_is(o->tag, json_text(notes, REF_NAME)))
		return false;
	return str_eq(key, o->tag) || (key.n && str_eq(str_to(made_for, key.n), key));
}

static bool read_index(struct archive *in, struct archive_entry *entry, struct buf *out)
{
	la_int64_t size = archive_entry_size(entry);
	char *room = size > 0 && size <= INDEX_MAX ? buf_room(out, (size_t)size) : NULL;
	if (!room || archive_read_data(in, room, (size_t)size) != size)
		return false;
	buf_fill(out, (size_t)size);
	return true;
}

static bool find_index(const char *path, struct buf *out)
{
	struct archive *in = archive_read_new();
	struct archive_entry *entry;
	bool found = false;
	if (!in)
		abort(); /* out of memory, nothing else */
	archive_read_support_format_tar(in);
	int r = archive_read_open_filename(in, path, BLOCKS);
	for (unsigned i = 0; r == ARCHIVE_OK && !found && i < ENTRIES_LOOKED_AT; i++) {
		r = archive_read_next_header(in, &entry);
		const char *name = r == ARCHIVE_OK ? archive_entry_pathname(entry) : NULL;
		if (name && strcmp(name, "index.json") == 0)
			found = read_index(in, entry, out);
	}
	archive_read_free(in);
	return found;
}

int image_tar_find(const char *path, const struct image_tar_options *o, struct str key,
		   struct descriptor *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(INDEX_MAX);
	AUTO(json_free) cJSON *doc = NULL;
	AUTO(arena_done) struct arena a = ARENA;
	if (find_index(path, &text) && json_parse(buf_str(&text), path, &doc, NULL) == 0) {
		const cJSON *list = json_array(doc, "manifests"),
			    *image = list ? list->child : NULL;
		struct descriptor d;
		if (image && !image->next && is_wanted(image, o, key) &&
		    descriptor_read(image, &a, &d, NULL) == 0) {
			d.media_type = (struct str){0};
			*out = d;
			return 0;
		}
	}
	return err_set(e, ERR_ABSENT, "%s does not hold that image", path);
}
