/* builder/layer.c - layers put together from segments that stand in the cache. */
#include "builder/layer.h"
#include "builder/checked.h"
#include "builder/segment.h"
#include "builder/tar.h"
#include "specs/base/fs.h"
#include <errno.h>
#include <inttypes.h>

/* Part of a layer's identity: raise it when the members around the segments change. */
#define FORMAT "kiln layer 1"
enum { CHUNK = 256 << 10 };

void layer_done(struct layer *l)
{
	free(l->segments);
	*l = (struct layer){0};
}

static char *record_path(const struct layer_options *o, const struct digest *ids, size_t count)
{
	struct str how = compression_identity(o->compression), tar = tar_identity();
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	buf_printf(&text, "%s\n%s\n%.*s\n%.*s\n", FORMAT, o->prefix, STR_ARG(how), STR_ARG(tar));
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s\n", digest_text(&ids[i]).hex);
	struct digest id;
	digest_of(text.data, text.n, &id);
	struct buf path = BUF(BUF_UNLIMITED);
	buf_printf(&path, "%s/layers/%s", o->cache, digest_text(&id).hex);
	return buf_take(&path);
}

static void set_segments(struct layer *l, const struct layer_options *o, const struct digest *ids,
			 size_t count)
{
	l->compression = o->compression;
	l->segments = mem_zero(count + 1, sizeof(*ids));
	if (count > 0)
		memcpy(l->segments, ids, count * sizeof(*ids));
	l->segment_count = count;
}

/* "digest diff_id size\n", checked; anything else counts as no record. */
static bool record_read(const char *path, struct layer *out)
{
	AUTO(buf_done) struct buf text = BUF(4096);
	struct str rest, digest, diff_id, size;
	if (!checked_read(path, &text))
		return false;
	rest = buf_str(&text);
	return str_cut(&rest, ' ', &digest) && str_cut(&rest, ' ', &diff_id) &&
	       str_cut(&rest, '\n', &size) && digest_parse(digest, &out->digest) &&
	       digest_parse(diff_id, &out->diff_id) && str_u64(size, &out->size);
}

static int record_write(const struct layer_options *o, const char *path, const struct layer *l,
			struct err **e)
{
	AUTO(free) char *folder = fs_join(o->cache, "layers");
	AUTO(buf_done) struct buf text = BUF(4096);
	buf_printf(&text, "%s ", digest_text(&l->digest).hex);
	buf_printf(&text, "%s %" PRIu64 "\n", digest_text(&l->diff_id).hex, l->size);
	checked_end(&text);
	int r = fs_make_dirs(folder, 0755, e);
	return r < 0 ? r : fs_place(path, buf_str(&text), 0644, e);
}

static int into_plain(void *cookie, const void *p, size_t n, struct err **e)
{
	struct layer_hash *h = cookie;
	(void)e;
	hasher_add(h->plain, p, n);
	return 0;
}

static void hash_packed(struct layer_hash *h, const void *p, size_t n)
{
	hasher_add(h->packed, p, n);
	h->size += n;
}

/* The first member: the prefix itself and every directory in it that has an entry below, once
 * each. Above the prefix nothing: /opt may be the base's, with a mode of its own, or a link,
 * and an entry would replace it. */
static int head_write(const struct layer_options *o, const struct path_set *dirs,
		      struct hasher *plain, struct buf *out, struct err **e)
{
	AUTO(packer_free)
	struct packer *p = packer_new(o->compression, plain, (struct bytes_to){buf_write, out});
	AUTO(tar_free) struct tar *t = tar_new(o->prefix, p);
	AUTO(free) struct str *sorted = path_set_sorted(dirs);
	struct entry entry = {.kind = ENTRY_DIR, .mode = 0755, .mtime = TAR_DIRECTORY_MTIME};
	entry.path = "";
	int r = tar_entry(t, &entry, e);
	for (size_t i = 0; r == 0 && i < dirs->n; i++) {
		entry.path = sorted[i].p;
		r = tar_entry(t, &entry, e);
	}
	if (r < 0 || (r = tar_finish(t, e)) < 0 || (r = packer_end(p, e)) < 0)
		return r;
	return buf_check(out, "directories of a layer", e);
}

static int tail_write(const struct layer_options *o, struct hasher *plain, struct buf *out,
		      struct err **e)
{
	AUTO(packer_free)
	struct packer *p = packer_new(o->compression, plain, (struct bytes_to){buf_write, out});
	int r = tar_end_of_archive(p, e);
	return r < 0 ? r : packer_end(p, e);
}

static void add_dirs(const struct segment_file *f, struct path_set *to)
{
	struct str rest = f->dirs, dir;
	while (rest.n > 0) {
		str_cut(&rest, 0, &dir);
		path_set_add(to, dir);
	}
}

static int dirs_of(const struct layer_options *o, const struct digest *ids, size_t count,
		   struct path_set *to, struct err **e)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(segment_file_done) struct segment_file f = SEGMENT_FILE;
		int r = segment_file_open(o, &ids[i], &f, e);
		if (r < 0)
			return r;
		add_dirs(&f, to);
	}
	return 0;
}

/* The segment's bytes from `at`, in large pieces. */
static int segment_stream(const struct layer_options *o, const struct segment_file *f, uint64_t at,
			  struct bytes_to to, struct err **e)
{
	AUTO(free) char *chunk = mem_alloc(CHUNK);
	bool whole = at == 0;
	uint64_t check = 0;
	while (at < f->segment.size) {
		uint64_t left = f->segment.size - at;
		ssize_t n = pread(f->fd, chunk, left < CHUNK ? (size_t)left : CHUNK, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "segment %s", digest_text(&f->segment.id).hex);
		if (n == 0)
			return segment_damaged(o, &f->segment.id, e);
		at += (uint64_t)n;
		check = crc64(check, chunk, (size_t)n);
		int r = to.write(to.cookie, chunk, (size_t)n, e);
		if (r < 0)
			return r;
	}
	return whole && check != f->segment.check ? segment_damaged(o, &f->segment.id, e) : 0;
}

struct absorber {
	struct layer_hash *hash;
	struct unpacker *unpacker;
};

static int absorb_write(void *cookie, const void *p, size_t n, struct err **e)
{
	struct absorber *a = cookie;
	hash_packed(a->hash, p, n);
	return unpacker_add(a->unpacker, p, n, e);
}

/* A segment that stands in the cache goes by both hashes. */
static int absorb(const struct layer_options *o, const struct digest *id, struct layer_hash *h,
		  struct path_set *dirs, struct err **e)
{
	AUTO(segment_file_done) struct segment_file f = SEGMENT_FILE;
	AUTO(unpacker_free)
	struct unpacker *u = unpacker_new(o->compression, (struct bytes_to){into_plain, h});
	struct absorber a = {h, u};
	int r = segment_file_open(o, id, &f, e);
	if (r < 0)
		return r;
	if (dirs)
		add_dirs(&f, dirs);
	r = segment_stream(o, &f, 0, (struct bytes_to){absorb_write, &a}, e);
	if (r == 0)
		r = unpacker_end(u, e);
	if (r != ERR_CORRUPT)
		return r;
	err_clear(e);
	return segment_damaged(o, id, e);
}

static int hash_head(const struct layer_options *o, const struct path_set *dirs,
		     struct layer_hash *h, struct err **e)
{
	AUTO(buf_done) struct buf head = BUF(BUF_UNLIMITED);
	int r = head_write(o, dirs, h->plain, &head, e);
	if (r == 0)
		hash_packed(h, head.data, head.n);
	return r;
}

static int hash_tail(const struct layer_options *o, struct layer_hash *h, struct layer *l,
		     struct err **e)
{
	AUTO(buf_done) struct buf tail = BUF(4096);
	int r = tail_write(o, h->plain, &tail, e);
	if (r < 0)
		return r;
	hash_packed(h, tail.data, tail.n);
	l->size = h->size;
	hasher_end(h->packed, &l->digest);
	hasher_end(h->plain, &l->diff_id);
	return 0;
}

static int hash_layer(const struct layer_options *o, const struct digest *ids, size_t count,
		      struct layer *out, struct err **e)
{
	AUTO(path_set_done) struct path_set dirs = PATH_SET;
	AUTO(hasher_free) struct hasher *plain = hasher_new();
	AUTO(hasher_free) struct hasher *packed = hasher_new();
	struct layer_hash h = {plain, packed, 0};
	int r = dirs_of(o, ids, count, &dirs, e);
	if (r < 0 || (r = hash_head(o, &dirs, &h, e)) < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if ((r = absorb(o, &ids[i], &h, NULL, e)) < 0)
			return r;
	return hash_tail(o, &h, out, e);
}

int layer_find(const struct layer_options *o, const struct digest *segment_ids, size_t count,
	       struct layer *out, struct err **e)
{
	AUTO(free) char *path = record_path(o, segment_ids, count);
	struct layer known = {.reused = true};
	if (!record_read(path, &known))
		return err_set(e, ERR_ABSENT, "this layer was never made");
	set_segments(&known, o, segment_ids, count);
	*out = known;
	return 0;
}

int layer_make(const struct layer_options *o, const struct digest *segment_ids, size_t count,
	       struct layer *out, struct err **e)
{
	AUTO(free) char *path = record_path(o, segment_ids, count);
	struct layer made = {0};
	made.reused = record_read(path, &made);
	if (!made.reused) {
		int r = hash_layer(o, segment_ids, count, &made, e);
		if (r < 0 || (r = record_write(o, path, &made, e)) < 0)
			return r;
	}
	set_segments(&made, o, segment_ids, count);
	*out = made;
	return 0;
}

void layer_forget(const struct layer_options *o, const struct digest *segment_ids, size_t count)
{
	AUTO(free) char *path = record_path(o, segment_ids, count);
	unlink(path);
}

/* The directories that the parts say they will need: those of segments in the cache, and
 * those above the paths that fill will emit. Also looks for a path that two parts have. */
static int announce(const struct layer_options *o, struct layer_part *parts, size_t count,
		    struct path_set *dirs, struct err **e)
{
	AUTO(path_set_done) struct path_set files = PATH_SET;
	for (size_t i = 0; i < count; i++) {
		int r = parts[i].made ? 0 : dirs_of(o, &parts[i].id, 1, dirs, e);
		if (r < 0)
			return r;
		for (size_t k = 0; k < parts[i].paths.n; k++) {
			struct str path = parts[i].paths.v[k];
			path_set_add_parents(dirs, path);
			if (str_ends(path, "/"))
				continue;
			if (!path_set_add(&files, path))
				return err_set(e, ERR_CORRUPT,
					       "%.*s: two packages of a layer have it",
					       STR_ARG(path));
		}
	}
	return 0;
}

static bool same_paths(const struct path_set *a, const struct path_set *b)
{
	for (size_t i = 0; i < a->room; i++)
		if (a->slots[i].p && !path_set_has(b, a->slots[i]))
			return false;
	return a->n == b->n;
}

static int build_part(const struct layer_options *o, struct layer_part *part, struct layer_hash *h,
		      struct path_set *dirs, struct err **e)
{
	if (!part->made)
		return absorb(o, &part->id, h, dirs, e);
	struct segment_source from = {part->id, part->fill, part->cookie, h, dirs};
	return segment_make_from(o, &from, &part->segment, e);
}

/* One pass over all parts. *out_right: the announced directories were the real ones, so that
 * out holds the layer's digests; else only the segments were made. */
static int build_pass(const struct layer_options *o, struct layer_part *parts, size_t count,
		      struct layer *out, bool *out_right, struct err **e)
{
	AUTO(path_set_done) struct path_set announced = PATH_SET;
	AUTO(path_set_done) struct path_set dirs = PATH_SET;
	AUTO(hasher_free) struct hasher *plain = hasher_new();
	AUTO(hasher_free) struct hasher *packed = hasher_new();
	struct layer_hash h = {plain, packed, 0};
	int r = announce(o, parts, count, &announced, e);
	if (r < 0 || (r = hash_head(o, &announced, &h, e)) < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if ((r = build_part(o, &parts[i], &h, &dirs, e)) < 0)
			return r;
	*out_right = same_paths(&announced, &dirs);
	return *out_right ? hash_tail(o, &h, out, e) : 0;
}

/* What there is of the parts already: .made says which are to be made. */
static int find_parts(const struct layer_options *o, struct layer_part *parts, size_t count,
		      bool *out_all, struct err **e)
{
	*out_all = true;
	for (size_t i = 0; i < count; i++) {
		AUTO(err_free) struct err *why = NULL;
		int r = segment_find(o, &parts[i].id, &parts[i].segment, &why);
		if (r < 0 && r != ERR_ABSENT) {
			if (e)
				*e = STEAL(&why);
			return r;
		}
		parts[i].made = r == ERR_ABSENT;
		*out_all = *out_all && !parts[i].made;
	}
	return 0;
}

int layer_build(const struct layer_options *o, struct layer_part *parts, size_t count,
		struct layer *out, struct err **e)
{
	AUTO(free) struct digest *ids = mem_zero(count + 1, sizeof(*ids));
	struct layer made = {0};
	bool all, right;
	for (size_t i = 0; i < count; i++)
		ids[i] = parts[i].id;
	int r = find_parts(o, parts, count, &all, e);
	if (r < 0)
		return r;
	if (all)
		return layer_make(o, ids, count, out, e);
	if ((r = build_pass(o, parts, count, &made, &right, e)) < 0)
		return r;
	if (!right)
		return layer_make(o, ids, count, out, e);
	AUTO(free) char *path = record_path(o, ids, count);
	if ((r = record_write(o, path, &made, e)) < 0)
		return r;
	set_segments(&made, o, ids, count);
	*out = made;
	return 0;
}

/* Skips what stands before `at`, hands on the rest; *at counts down. */
static int put_from(const struct buf *bytes, uint64_t *at, struct bytes_to to, struct err **e)
{
	if (*at >= bytes->n) {
		*at -= bytes->n;
		return 0;
	}
	size_t skip = (size_t)*at;
	*at = 0;
	return to.write(to.cookie, bytes->data + skip, bytes->n - skip, e);
}

int layer_read(const struct layer_options *o, const struct layer *l, uint64_t at,
	       int (*write)(void *cookie, const void *p, size_t n, struct err **e), void *cookie,
	       struct err **e)
{
	struct layer_options as = *o;
	as.compression = l->compression;
	struct bytes_to to = {write, cookie};
	AUTO(path_set_done) struct path_set dirs = PATH_SET;
	AUTO(buf_done) struct buf head = BUF(BUF_UNLIMITED);
	AUTO(buf_done) struct buf tail = BUF(4096);
	int r = dirs_of(&as, l->segments, l->segment_count, &dirs, e);
	if (r < 0 || (r = head_write(&as, &dirs, NULL, &head, e)) < 0 ||
	    (r = put_from(&head, &at, to, e)) < 0)
		return r;
	for (size_t i = 0; i < l->segment_count; i++) {
		AUTO(segment_file_done) struct segment_file f = SEGMENT_FILE;
		if ((r = segment_file_open(&as, &l->segments[i], &f, e)) < 0)
			return r;
		uint64_t skip = at < f.segment.size ? at : f.segment.size;
		at -= skip;
		if ((r = segment_stream(&as, &f, skip, to, e)) < 0)
			return r;
	}
	r = tail_write(&as, NULL, &tail, e);
	return r < 0 ? r : put_from(&tail, &at, to, e);
}
