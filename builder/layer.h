/* builder/layer.h - segments, and layers put together from them without compressing again.
 *
 * A segment is one package as it stands in the image: tar entries compressed on their own,
 * without parent directories and without the end of archive, kept in the cache by identity.
 * A layer is a member with the directories its segments share, the segments, and a member
 * with the end of archive (gzip members and zstd frames concatenate). No path stands twice in
 * a layer. Equal input gives equal bytes on every machine. */
#ifndef KILN_LAYER_H
#define KILN_LAYER_H
#include "builder/sink.h"
#include "specs/base/arena.h"
#include "specs/base/digest.h"

enum compression { COMPRESSION_GZIP, COMPRESSION_ZSTD };
/* "gzip", "zstd"; false for another name. */
bool compression_parse(struct str name, enum compression *out);
const char *compression_name(enum compression c);

struct segment {
	struct digest id;  /* identity: what it was made from, compressor included */
	uint64_t check;	   /* CRC-64 of the compressed bytes, against damage on disk */
	uint64_t size;	   /* compressed */
	uint64_t tar_size; /* plain */
};

struct layer_options {
	const char *cache;  /* segments/ and layers/ live in it */
	const char *prefix; /* "/opt/env" */
	enum compression compression;
	unsigned jobs;
	bool beside; /* a segment is unpacked and compressed in two threads */
	struct log *log;
};

/* The identity a segment has under these options, for content identified by `content`. */
void segment_id(const struct layer_options *o, const struct digest *content, struct digest *out);
/* Finds it in the cache; ERR_ABSENT. */
int segment_find(const struct layer_options *o, const struct digest *id, struct segment *out,
		 struct err **e);

struct layer {
	struct digest digest;  /* of the compressed bytes */
	struct digest diff_id; /* of the plain tar */
	uint64_t size;	       /* compressed */
	enum compression compression;
	struct digest *segments; /* ids, in order */
	size_t segment_count;
	struct strs packages; /* names for people */
	bool reused;	      /* it stood in the cache of layers */
};
/* Frees segments; packages belong to whoever set them. */
void layer_done(struct layer *l);
AUTO_DEFINE_VALUE(struct layer, layer_done)

/* Puts the segments (in this order) together as a layer. Digest, diff_id and size are found
 * in the cache when the same layer was made before, else computed by reading the segments
 * once; the layer itself is never written to disk. */
int layer_make(const struct layer_options *o, const struct digest *segment_ids, size_t count,
	       struct layer *out, struct err **e);
/* What layer_make would give, where the same layer was made before; ERR_ABSENT. Its segments may
 * be gone meanwhile: then it is known, and cannot be read. */
int layer_find(const struct layer_options *o, const struct digest *segment_ids, size_t count,
	       struct layer *out, struct err **e);
/* For who read the layer and found other bytes than its digest tells, of segments that are whole:
 * what was remembered of it is wrong, and is found anew the next time. */
void layer_forget(const struct layer_options *o, const struct digest *segment_ids, size_t count);
/* One package of a layer that is to be made. */
struct layer_part {
	struct digest id; /* of its segment */
	/* What fill will emit; own directories end in "/". A wrong list costs a second pass. */
	struct strs paths;
	int (*fill)(void *cookie, struct sink *to, struct err **e);
	void *cookie;
	struct segment segment; /* out */
	bool made;		/* out: it was not in the cache */
};
/* Makes the segments that are missing and the layer of all of them in one pass: each byte is
 * packed and hashed as it goes by. ERR_CORRUPT when two parts have the same path. Different
 * layers may be built in several threads. */
int layer_build(const struct layer_options *o, struct layer_part *parts, size_t count,
		struct layer *out, struct err **e);
/* Streams the layer's compressed bytes, from byte `at`. ERR_ABSENT when a segment is gone;
 * ERR_DIGEST when one is damaged, which is noticed at its end if its beginning was read, and
 * removes it: layer_build then makes it anew. */
int layer_read(const struct layer_options *o, const struct layer *l, uint64_t at,
	       int (*write)(void *cookie, const void *p, size_t n, struct err **e), void *cookie,
	       struct err **e);

/* Planning: which packages share a layer. */
struct layer_item {
	struct str name; /* decides the group; does not change with the version */
	uint64_t size;	 /* bytes, about, compressed */
	bool last;	 /* of the environment as a whole: in a layer of their own, at the end */
};
/* Gives each item a layer number from 0 (out[i]), at most max_layers of them, in an order
 * that is a function of the items alone. The biggest get a layer each; the rest share by a
 * hash of their name, so that a change in one moves no other. */
void layer_plan(const struct layer_item *items, size_t count, size_t max_layers, unsigned *out,
		size_t *out_layers);
#endif
