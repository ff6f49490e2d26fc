/* builder/segment.h - a segment's file in the cache, for those who put layers together.
 *
 * One file a segment, <cache>/segments/ID: the compressed bytes, then what is known of them
 * (check, sizes, the directories above its entries), then the length of that and a mark. One
 * file, so that one rename makes all of it appear. It is not synced: a disk takes longer for
 * that than packing does, and what a power cut leaves of it fails the checks and is made again. */
#ifndef KILN_SEGMENT_H
#define KILN_SEGMENT_H
#include "builder/compress.h"
#include "builder/path_set.h"

/* The running hashes of a layer, as its bytes go by. */
struct layer_hash {
	struct hasher *plain, *packed;
	uint64_t size; /* packed bytes so far */
};

/* What a segment is made from, and who wants to see its bytes on the way. */
struct segment_source {
	struct digest id;
	int (*fill)(void *cookie, struct sink *to, struct err **e);
	void *cookie;
	struct layer_hash *hash; /* NULL: nobody */
	struct path_set *dirs;	 /* out, added to: directories above its entries; NULL */
};
/* Stored whole or not at all. */
int segment_make_from(const struct layer_options *o, const struct segment_source *from,
		      struct segment *out, struct err **e);

struct segment_file {
	struct segment segment;
	int fd; /* its first segment.size bytes are the segment's */
	struct buf about;
	struct str dirs; /* within about: paths, each ended by 0; checked */
};
#define SEGMENT_FILE                                                                               \
	{                                                                                          \
		.fd = -1, .about = BUF(64 << 20)                                                   \
	}
/* ERR_ABSENT when it is not there; ERR_DIGEST when the file is not what was written. */
int segment_file_open(const struct layer_options *o, const struct digest *id,
		      struct segment_file *out, struct err **e);
/* For who read the segment and found its check wrong: removes it, so that it is made again;
 * returns ERR_DIGEST. */
int segment_damaged(const struct layer_options *o, const struct digest *id, struct err **e);
void segment_file_done(struct segment_file *f);
AUTO_DEFINE_VALUE(struct segment_file, segment_file_done)
#endif
