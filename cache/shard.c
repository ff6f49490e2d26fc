/* cache/shard.c - shards and their list: zstd, MessagePack, records. */
#include "cache/shard.h"
#include "cache/intern.h"
#include "cache/msgpack_check.h"
#include "specs/base/vec.h"
#include "specs/matchspec.h"
#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum { PLAIN_MAX = 256 << 20 }; /* bytes, of a shard and of a list */

/* ---- zstd, MessagePack ---- */

/* Frames need not tell their size. */
static int unpack_zstd(struct str from, struct buf *out, struct err **e)
{
	size_t step = ZSTD_DStreamOutSize(), rest = 1;
	ZSTD_inBuffer in = {from.p, from.n, 0};
	ZSTD_DStream *z = ZSTD_createDStream();
	if (!z)
		abort();
	while (!out->failed && !ZSTD_isError(rest)) {
		char *room = buf_room(out, step);
		ZSTD_outBuffer to = {room, step, 0};
		if (!room)
			break;
		rest = ZSTD_decompressStream(z, &to, &in);
		buf_fill(out, to.pos);
		if (in.pos == in.size && to.pos < to.size)
			break;
	}
	ZSTD_freeDStream(z);
	if (ZSTD_isError(rest))
		return err_set(e, ERR_CORRUPT, "zstd: %s", ZSTD_getErrorName(rest));
	if (!out->failed && rest != 0)
		return err_set(e, ERR_CORRUPT, "zstd: the stream ends early");
	return buf_check(out, "a shard", e);
}

static int unpack(struct str bytes, struct buf *plain, msgpack_unpacked *out, struct err **e)
{
	int code = unpack_zstd(bytes, plain, e);
	if (code < 0)
		return code;
	if (!msgpack_is_whole(buf_str(plain)) ||
	    msgpack_unpack_next(out, plain->data, plain->n, NULL) != MSGPACK_UNPACK_SUCCESS)
		return err_set(e, ERR_CORRUPT, "MessagePack: not one whole value");
	if (out->data.type != MSGPACK_OBJECT_MAP)
		return err_set(e, ERR_CORRUPT, "MessagePack: not a map");
	return 0;
}

/* Empty for what is no text. */
static struct str text_of(const msgpack_object *o)
{
	bool is = o->type == MSGPACK_OBJECT_STR;
	return is ? (struct str){o->via.str.ptr, o->via.str.size} : (struct str){0};
}

/* A member of a map; NULL when it is absent or of another type. */
static const msgpack_object *member(const msgpack_object *map, const char *key,
				    msgpack_object_type type)
{
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *kv = &map->via.map.ptr[i];
		if (str_is(text_of(&kv->key), key))
			return kv->val.type == type ? &kv->val : NULL;
	}
	return NULL;
}

/* Bytes, or as old lists have them, an array of numbers. */
static bool bytes_of(const msgpack_object *o, uint8_t *out, size_t n)
{
	if (o->type == MSGPACK_OBJECT_BIN && o->via.bin.size == n) {
		memcpy(out, o->via.bin.ptr, n);
		return true;
	}
	if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const msgpack_object *one = &o->via.array.ptr[i];
		if (one->type != MSGPACK_OBJECT_POSITIVE_INTEGER || one->via.u64 > UINT8_MAX)
			return false;
		out[i] = (uint8_t)one->via.u64;
	}
	return true;
}

/* ---- the list ---- */

struct listed {
	struct str name;
	struct digest digest;
};

struct shard_list {
	struct buf plain;
	struct listed *v; /* sorted by name */
	size_t n;
	struct str base_url, shards_url;
};

void shard_list_free(struct shard_list *l)
{
	if (!l)
		return;
	buf_done(&l->plain);
	free(l->v);
	free(l);
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static int read_listed(struct shard_list *l, const msgpack_object *shards, struct err **e)
{
	uint32_t n = shards->via.map.size;
	l->v = mem_alloc((n + 1) * sizeof(*l->v));
	for (uint32_t i = 0; i < n; i++) {
		const msgpack_object_kv *kv = &shards->via.map.ptr[i];
		struct listed *to = &l->v[l->n];
		to->name = text_of(&kv->key);
		if (!to->name.n)
			return err_set(e, ERR_CORRUPT, "shards: a name is no text");
		if (!bytes_of(&kv->val, to->digest.bytes, DIGEST_SIZE))
			return err_set(e, ERR_CORRUPT, "shards: what stands for %.*s is no SHA-256",
				       STR_ARG(to->name));
		l->n++;
	}
	qsort(l->v, l->n, sizeof(*l->v), by_name);
	return 0;
}

static int read_list(struct shard_list *l, const msgpack_object *root, struct err **e)
{
	const msgpack_object *info = member(root, "info", MSGPACK_OBJECT_MAP);
	const msgpack_object *shards = member(root, "shards", MSGPACK_OBJECT_MAP);
	const msgpack_object *base, *folder;
	if (!shards)
		return err_set(e, ERR_CORRUPT, "no map `shards`");
	base = info ? member(info, "base_url", MSGPACK_OBJECT_STR) : NULL;
	folder = info ? member(info, "shards_base_url", MSGPACK_OBJECT_STR) : NULL;
	l->base_url = base ? text_of(base) : (struct str){0};
	l->shards_url = folder ? text_of(folder) : (struct str){0};
	return read_listed(l, shards, e);
}

/* Texts of the unpacked value lie in the plain bytes, which stay. */
int shard_list_parse(struct str bytes, struct shard_list **out, struct err **e)
{
	AUTO(shard_list_free) struct shard_list *l = mem_zero(1, sizeof(*l));
	msgpack_unpacked u;
	l->plain = (struct buf)BUF(PLAIN_MAX);
	msgpack_unpacked_init(&u);
	int code = unpack(bytes, &l->plain, &u, e);
	if (code == 0)
		code = read_list(l, &u.data, e);
	msgpack_unpacked_destroy(&u);
	if (code == 0)
		*out = STEAL(&l);
	return code;
}

size_t shard_list_count(const struct shard_list *l)
{
	return l->n;
}

struct str shard_list_name(const struct shard_list *l, size_t i)
{
	return l->v[i].name;
}

const struct digest *shard_list_find(const struct shard_list *l, struct str name)
{
	struct listed wanted = {.name = name};
	const struct listed *at =
		l->n ? bsearch(&wanted, l->v, l->n, sizeof(*l->v), by_name) : NULL;
	return at ? &at->digest : NULL;
}

struct str shard_list_base_url(const struct shard_list *l)
{
	return l->base_url;
}

struct str shard_list_shards_url(const struct shard_list *l)
{
	return l->shards_url;
}

/* ---- a shard: what it leads to ---- */

struct shard {
	struct buf plain;
	msgpack_unpacked u;
	struct intern names;
	VEC(struct str) depends;
};

void shard_free(struct shard *s)
{
	if (!s)
		return;
	msgpack_unpacked_destroy(&s->u);
	intern_done(&s->names);
	VEC_DONE(&s->depends);
	buf_done(&s->plain);
	free(s);
}

static void add_name(struct shard *s, struct arena *a, struct str text)
{
	struct matchspec_simple simple;
	struct matchspec spec;
	if (matchspec_read_simple(text, &simple))
		intern_id(&s->names, simple.name);
	else if (matchspec_parse(a, text, MATCHSPEC_RECORD, &spec, NULL) == 0)
		intern_id(&s->names, spec.name);
}

static void add_record(struct shard *s, struct arena *a, struct intern *seen,
		       const msgpack_object *record)
{
	const msgpack_object *list = member(record, "depends", MSGPACK_OBJECT_ARRAY);
	for (uint32_t i = 0; list && i < list->via.array.size; i++) {
		struct str text = text_of(&list->via.array.ptr[i]);
		uint32_t before = seen->n;
		if (intern_id(seen, text) == before)
			add_name(s, a, text);
	}
}

static void add_bucket(struct shard *s, struct arena *a, struct intern *seen,
		       const msgpack_object *bucket)
{
	for (uint32_t i = 0; bucket && i < bucket->via.map.size; i++)
		if (bucket->via.map.ptr[i].val.type == MSGPACK_OBJECT_MAP)
			add_record(s, a, seen, &bucket->via.map.ptr[i].val);
}

/* Where records stand: below the root, and below "v3". */
static const char *const buckets[] = {"packages", "packages.conda"}, *const v3_buckets[] = {
									     "tar.bz2", "conda"};

static void find_depends(struct shard *s)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct intern seen = {0};
	const msgpack_object *root = &s->u.data, *v3 = member(root, "v3", MSGPACK_OBJECT_MAP);
	for (size_t i = 0; i < COUNT(buckets); i++)
		add_bucket(s, &a, &seen, member(root, buckets[i], MSGPACK_OBJECT_MAP));
	for (size_t i = 0; v3 && i < COUNT(v3_buckets); i++)
		add_bucket(s, &a, &seen, member(v3, v3_buckets[i], MSGPACK_OBJECT_MAP));
	intern_done(&seen);
	for (uint32_t i = 0; i < s->names.n; i++)
		VEC_PUSH(&s->depends, intern_text(&s->names, i));
}

int shard_parse(struct str bytes, struct shard **out, struct err **e)
{
	AUTO(shard_free) struct shard *s = mem_zero(1, sizeof(*s));
	s->plain = (struct buf)BUF(PLAIN_MAX);
	msgpack_unpacked_init(&s->u);
	int code = unpack(bytes, &s->plain, &s->u, e);
	if (code < 0)
		return code;
	find_depends(s);
	*out = STEAL(&s);
	return 0;
}

struct strs shard_depends(const struct shard *s)
{
	return (struct strs){s->depends.v, s->depends.n};
}

/* ---- a shard: its records ---- */

struct writing {
	struct index_writer *w;
	int code; /* once negative, nothing more is written */
	struct err **e;
};

static void put(struct writing *to, enum json_event what, struct str text)
{
	if (to->code >= 0)
		to->code = index_writer_event(to->w, what, text, to->e);
}

static void put_number(struct writing *to, const msgpack_object *o)
{
	char text[32];
	int n = 0;
	if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		n = snprintf(text, sizeof(text), "%" PRIu64, o->via.u64);
	else if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
		n = snprintf(text, sizeof(text), "%" PRId64, o->via.i64);
	else
		n = snprintf(text, sizeof(text), "%.17g", o->via.f64);
	put(to, JSON_NUMBER, (struct str){text, (size_t)n});
}

/* A hash: bytes here, digits there. False when it is none. */
static bool put_hash(struct writing *to, const msgpack_object *o)
{
	uint8_t bytes[DIGEST_SIZE];
	char hex[DIGEST_HEX + 1];
	size_t n = bytes_of(o, bytes, DIGEST_SIZE) ? DIGEST_SIZE
		   : bytes_of(o, bytes, MD5_SIZE)  ? MD5_SIZE
						   : 0;
	if (!n)
		return false;
	hex_write(bytes, n, hex);
	put(to, JSON_STRING, str_of(hex));
	return true;
}

static void put_array(struct writing *to, const msgpack_object *o)
{
	put(to, JSON_ARRAY, (struct str){0});
	for (uint32_t i = 0; i < o->via.array.size; i++)
		if (o->via.array.ptr[i].type == MSGPACK_OBJECT_STR)
			put(to, JSON_STRING, text_of(&o->via.array.ptr[i]));
	put(to, JSON_ARRAY_END, (struct str){0});
}

/* Maps (run_exports) are for tools that build packages. */
static void put_value(struct writing *to, const msgpack_object *o)
{
	switch (o->type) {
	case MSGPACK_OBJECT_STR:
		put(to, JSON_STRING, text_of(o));
		break;
	case MSGPACK_OBJECT_BOOLEAN:
		put(to, o->via.boolean ? JSON_TRUE : JSON_FALSE, (struct str){0});
		break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		put_number(to, o);
		break;
	case MSGPACK_OBJECT_BIN:
	case MSGPACK_OBJECT_ARRAY:
		if (put_hash(to, o))
			break;
		if (o->type == MSGPACK_OBJECT_ARRAY) {
			put_array(to, o);
			break;
		}
		/* fall through */
	default:
		put(to, JSON_NULL, (struct str){0});
	}
}

static void put_record(struct writing *to, const msgpack_object *record)
{
	put(to, JSON_OBJECT, (struct str){0});
	for (uint32_t i = 0; i < record->via.map.size; i++) {
		const msgpack_object_kv *kv = &record->via.map.ptr[i];
		put(to, JSON_KEY, text_of(&kv->key));
		put_value(to, &kv->val);
	}
	put(to, JSON_OBJECT_END, (struct str){0});
}

static void put_bucket(struct writing *to, const char *key, const msgpack_object *bucket)
{
	if (!bucket)
		return;
	put(to, JSON_KEY, str_of(key));
	put(to, JSON_OBJECT, (struct str){0});
	for (uint32_t i = 0; i < bucket->via.map.size; i++) {
		const msgpack_object_kv *kv = &bucket->via.map.ptr[i];
		if (kv->val.type != MSGPACK_OBJECT_MAP)
			continue;
		put(to, JSON_KEY, text_of(&kv->key));
		put_record(to, &kv->val);
	}
	put(to, JSON_OBJECT_END, (struct str){0});
}

int shard_write(const struct shard *s, struct index_writer *w, struct err **e)
{
	struct writing to = {w, 0, e};
	const msgpack_object *root = &s->u.data, *v3 = member(root, "v3", MSGPACK_OBJECT_MAP);
	const msgpack_object *removed = member(root, "removed", MSGPACK_OBJECT_ARRAY);
	for (size_t i = 0; i < COUNT(buckets); i++)
		put_bucket(&to, buckets[i], member(root, buckets[i], MSGPACK_OBJECT_MAP));
	if (v3) {
		put(&to, JSON_KEY, STR("v3"));
		put(&to, JSON_OBJECT, (struct str){0});
		for (size_t i = 0; i < COUNT(v3_buckets); i++)
			put_bucket(&to, v3_buckets[i],
				   member(v3, v3_buckets[i], MSGPACK_OBJECT_MAP));
		put(&to, JSON_OBJECT_END, (struct str){0});
	}
	if (removed) {
		put(&to, JSON_KEY, STR("removed"));
		put_array(&to, removed);
	}
	return to.code;
}
