/* tests/fake/make_shards.h - shards and their list, made by a test (CEP 16). */
#ifndef KILN_FAKE_MAKE_SHARDS_H
#define KILN_FAKE_MAKE_SHARDS_H
#include "specs/base/arena.h"
#include "specs/base/digest.h"
#include <msgpack.h>
#include <zstd.h>

static inline void pack_text(msgpack_packer *p, const char *text)
{
	msgpack_pack_str_with_body(p, text, strlen(text));
}

static inline struct str packed_zstd(struct arena *a, msgpack_sbuffer *b)
{
	size_t room = ZSTD_compressBound(b->size);
	char *to = arena_alloc(a, room);
	struct str out = {to, ZSTD_compress(to, room, b->data, b->size, 3)};
	msgpack_sbuffer_destroy(b);
	return out;
}

struct fake_record {
	const char *name, *version, *depends[4]; /* NULL at the end */
	uint64_t timestamp;
};

static inline void pack_record(msgpack_packer *p, const struct fake_record *r, const char *hash)
{
	size_t n = 0;
	while (n < 4 && r->depends[n])
		n++;
	msgpack_pack_map(p, 9);
	pack_text(p, "name"), pack_text(p, r->name);
	pack_text(p, "version"), pack_text(p, r->version);
	pack_text(p, "build"), pack_text(p, "h1_0");
	pack_text(p, "build_number"), msgpack_pack_uint64(p, 7);
	pack_text(p, "size"), msgpack_pack_uint64(p, 4242);
	pack_text(p, "timestamp"), msgpack_pack_uint64(p, r->timestamp);
	pack_text(p, "depends"), msgpack_pack_array(p, n);
	for (size_t i = 0; i < n; i++)
		pack_text(p, r->depends[i]);
	pack_text(p, "sha256"), msgpack_pack_bin_with_body(p, hash, DIGEST_SIZE);
	pack_text(p, "run_exports"), msgpack_pack_map(p, 1);
	pack_text(p, "weak"), msgpack_pack_array(p, 1), pack_text(p, "x >=1");
}

/* A shard of the records, all .conda. removed: a file name, or NULL. */
static inline struct str fake_shard(struct arena *a, const struct fake_record *r, size_t n,
				    const char *removed)
{
	static const char hash[DIGEST_SIZE] = "\x01\x02\x03";
	msgpack_sbuffer b;
	msgpack_packer p;
	msgpack_sbuffer_init(&b);
	msgpack_packer_init(&p, &b, msgpack_sbuffer_write);
	msgpack_pack_map(&p, 3);
	pack_text(&p, "packages"), msgpack_pack_map(&p, 0);
	pack_text(&p, "packages.conda"), msgpack_pack_map(&p, n);
	for (size_t i = 0; i < n; i++) {
		struct str fn = arena_printf(a, "%s-%s-h1_0.conda", r[i].name, r[i].version);
		pack_text(&p, fn.p);
		pack_record(&p, &r[i], hash);
	}
	pack_text(&p, "removed"), msgpack_pack_array(&p, removed ? 1 : 0);
	if (removed)
		pack_text(&p, removed);
	return packed_zstd(a, &b);
}

struct fake_listed {
	const char *name;
	struct str shard;
};

/* numbers: hashes as old lists have them. */
static inline struct str fake_list(struct arena *a, const struct fake_listed *v, size_t n,
				   const char *base_url, const char *shards_url, bool numbers)
{
	msgpack_sbuffer b;
	msgpack_packer p;
	msgpack_sbuffer_init(&b);
	msgpack_packer_init(&p, &b, msgpack_sbuffer_write);
	msgpack_pack_map(&p, 3);
	pack_text(&p, "version"), msgpack_pack_uint64(&p, 1);
	pack_text(&p, "info"), msgpack_pack_map(&p, 3);
	pack_text(&p, "subdir"), pack_text(&p, "noarch");
	pack_text(&p, "base_url"), pack_text(&p, base_url);
	pack_text(&p, "shards_base_url"), pack_text(&p, shards_url);
	pack_text(&p, "shards"), msgpack_pack_map(&p, n);
	for (size_t i = 0; i < n; i++) {
		struct digest d;
		digest_of(v[i].shard.p, v[i].shard.n, &d);
		pack_text(&p, v[i].name);
		if (!numbers) {
			msgpack_pack_bin_with_body(&p, d.bytes, DIGEST_SIZE);
			continue;
		}
		msgpack_pack_array(&p, DIGEST_SIZE);
		for (size_t k = 0; k < DIGEST_SIZE; k++)
			msgpack_pack_uint8(&p, d.bytes[k]);
	}
	return packed_zstd(a, &b);
}
#endif
