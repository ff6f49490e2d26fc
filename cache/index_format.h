/* cache/index_format.h - the index file, as index_writer.c makes it and index.c maps it.
 *
 *	header
 *	cold		what only chosen records need, in the order of the JSON; written as a stream
 *	records		struct index_hot, grouped by name (names sorted), in the order of the JSON
 *	names		struct index_name
 *	deps		ids of texts
 *	versions, texts, strings	each: where text i ends (uint32_t), then the bytes
 *
 * Sections start at multiples of 8. Offsets count from the start of the file. */
#ifndef KILN_CACHE_INDEX_FORMAT_H
#define KILN_CACHE_INDEX_FORMAT_H
#include "specs/base/digest.h"

#define INDEX_MAGIC "kilnidx"
enum { INDEX_FORMAT = 4 };

struct index_section {
	uint64_t at, count; /* count: elements, or bytes of a run of bytes */
};

/* Distinct texts. */
struct index_texts {
	struct index_section ends, bytes;
};

struct index_header {
	char magic[8];
	uint32_t format;
	uint32_t base_url, subdir; /* strings; subdir: of most records */
	uint32_t reserved;
	uint64_t file_size;
	struct index_section cold, records, names, deps;
	struct index_texts versions, texts, strings;
	uint64_t crc; /* of what is behind the header, then of the header up to here */
};

/* What a solve asks of hundreds of thousands. */
struct index_hot {
	uint32_t version; /* of versions */
	uint32_t cold;	  /* place in cold, in units of 8 bytes */
	uint32_t deps;	  /* first; depends, then constrains; records may share a run */
	uint16_t depends, constrains;
	uint32_t build_number;	/* UINT32_MAX: in cold */
	uint32_t timestamp_low; /* milliseconds since 1970, 48 bits */
	uint16_t timestamp_high;
	uint16_t traits;
};
enum {
	INDEX_TRACKS = 1, /* it has track_features */
	INDEX_DATED = 2,  /* the channel says when it had it (CEP 47) */
};

/* Behind it, without gaps: the build, then what the flags tell of, in their order: the file name
 * unless it is NAME-VERSION-BUILD and an extension, strings, numbers of 64 bits; filled up to a
 * multiple of 8. */
struct index_cold {
	uint8_t sha256[DIGEST_SIZE], md5[MD5_SIZE];
	uint64_t size;
	uint32_t license; /* a string */
	uint16_t build_size, flags;
};
enum {
	INDEX_HAS_SHA256 = 1,
	INDEX_HAS_MD5 = 2,
	INDEX_IS_CONDA = 4,  /* the extension is .conda; else .tar.bz2 */
	INDEX_FILE_NAME = 8, /* uint16_t size, then the bytes */
	INDEX_SUBDIR = 16,   /* a string */
	INDEX_FEATURES = 32, /* a string */
	INDEX_SITE_PACKAGES = 64,
	INDEX_BUILD_NUMBER = 128,
	INDEX_INDEXED = 256, /* uint64_t: milliseconds since 1970 */
	INDEX_NOARCH = 512,  /* times enum noarch: two bits */
};

struct index_name {
	uint32_t string, first, count;
};

/* What header.crc is, from the CRC of all that is behind the header. */
uint64_t index_header_crc(uint64_t behind, const struct index_header *h);
#endif
