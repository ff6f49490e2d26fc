/* builder/relocate.h - a package's placeholder prefix replaced by the real one.
 *
 * Text may change its length; the bytes of a binary stay where they are: each C string that
 * holds the placeholder gets NULs at its end instead. Both look for UTF-8, UTF-16 and UTF-32
 * in either byte order, as conda and rattler do; where two encodings could claim the same
 * bytes, the first of that list does. */
#ifndef KILN_RELOCATE_H
#define KILN_RELOCATE_H
#include "specs/base/arena.h"

enum { RELOCATE_ENCODINGS = 5, RELOCATE_SHEBANG_MAX = 127 };

/* One placeholder and what stands for it. */
struct relocation {
	struct str from[RELOCATE_ENCODINGS], to[RELOCATE_ENCODINGS];
};

/* The arena holds the encoded forms. ERR_CORRUPT for an empty placeholder or one that holds a
 * NUL. */
int relocation_init(struct relocation *r, struct arena *a, struct str placeholder,
		    struct str prefix, struct err **e);

/* What becomes of a text file, as pieces of `in`, of the relocation and of the arena, one after
 * the other. A first line that starts "#!" and becomes longer than Linux reads (or has to name
 * a prefix with a blank) is rewritten: python is run by sh with exec, all else by env. */
struct strs relocate_text(const struct relocation *r, struct arena *a, struct str in);

/* A binary on its way: bytes go in in pieces of any size and come out as many, through write.
 * What is held back is short, unless the C string that holds the placeholder is long. */
struct relocate_stream;
/* r: borrowed. ERR_LIMIT when the prefix is longer than the placeholder. */
int relocate_stream_new(const struct relocation *r,
			int (*write)(void *cookie, const void *p, size_t n, struct err **e),
			void *cookie, struct relocate_stream **out, struct err **e);
void relocate_stream_free(struct relocate_stream *s);
AUTO_DEFINE(struct relocate_stream *, relocate_stream_free)
int relocate_stream_add(struct relocate_stream *s, const void *p, size_t n, struct err **e);
/* Writes what was held back. */
int relocate_stream_end(struct relocate_stream *s, struct err **e);
#endif
