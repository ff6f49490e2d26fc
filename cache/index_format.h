/* cache/index_format.h - the index file, as index_writer.c makes it and index.c maps it.
 *
 *	header
 *	cold		what only chosen records need, in the order of the JSON; written as a stream
 *	records		struct index_hot, grouped by name (names sorted), in the order of the JSON
 *	names		struct index_name
 *	deps		ids of texts
 *	texts, strings	each: where text i ends (uint32_t), then the bytes
 *
 * Sections start at multiples of 8. Offsets count from the start of the file. */
#ifndef KILN_CACHE_INDEX_FORMAT_H
#define KILN_CACHE_INDEX_FORMAT_H
#include "specs/base/digest.h"

#define INDEX_MAGIC "kilnidx"
enum { INDEX_FORMAT = 1 };

struct index_section {
	uint64_t at, count; /* count: elements, or bytes of a run of bytes */
};

struct index_header {
	char magic[8];
	uint32_t format, base_url; /* base_url: a string */
	uint64_t file_size;
	struct index_section cold, records, names, deps;
	struct index_section text_ends, text_bytes, string_ends, string_bytes;
};

struct index_hot {
	uint64_t build_number, timestamp;
	uint32_t version, build, track_features; /* strings */
	uint32_t cold;				 /* place in cold, in units of 8 bytes */
	uint32_t deps;				 /* first; depends, then constrains */
	uint16_t depends, constrains;
	uint32_t name; /* place in names */
	uint32_t reserved;
};

struct index_cold {
	uint8_t sha256[DIGEST_SIZE], md5[MD5_SIZE];
	uint64_t size;
	uint32_t license, subdir, site_packages; /* strings */
	uint16_t fn_size;
	uint8_t flags, noarch;
	/* then the file name, filled up to a multiple of 8 */
};
enum { INDEX_HAS_SHA256 = 1, INDEX_HAS_MD5 = 2 };

struct index_name {
	uint32_t string, first, count;
};
#endif
