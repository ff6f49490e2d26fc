/* specs/matchspec.h - conda match specs as values: read once, matched without allocating.
 *
 * The grammar is CEP 29's; where it is silent, or all clients differ from it, rattler's.
 * Two dialects: what a user writes is checked strictly (doubtful text is an error that says
 * what was meant); what a channel's records hold is read leniently. */
#ifndef KILN_MATCHSPEC_H
#define KILN_MATCHSPEC_H
#include "specs/record.h"

enum matchspec_dialect {
	MATCHSPEC_USER,	  /* a definition or a command line */
	MATCHSPEC_RECORD, /* depends and constrains of a record */
	MATCHSPEC_SEARCH, /* as USER, and the name may be a glob or regex */
};

struct matchspec_detail; /* version expression, build, further keys: opaque */

struct matchspec {
	struct str name;    /* lower case; in a search perhaps a pattern */
	struct str channel; /* name or address as written, without subdir; empty: any. It may hold
			     * credentials: for fetching only */
	/* Addresses, one of which it must be, where the channel is a name for several; set by those
	 * who know. None: the name or address decides. */
	struct strs channels;
	struct str subdir; /* empty: any */
	struct str url;	   /* a spec that is an address (credentials removed); empty: none */
	bool has_sha256, has_md5;
	struct digest sha256;
	uint8_t md5[MD5_SIZE];
	const struct matchspec_detail *detail;
};

/* Reads text into the arena. ERR_SYNTAX names what is wrong and the column (from 1) as
 * "column N: ...". */
int matchspec_parse(struct arena *a, struct str text, enum matchspec_dialect dialect,
		    struct matchspec *out, struct err **e);
/* Whether r satisfies all of m. r->version must be set. The channel is compared as a name or
 * address: `conda-forge` matches any address that ends in "/conda-forge". */
bool matchspec_matches(const struct matchspec *m, const struct record *r);
/* The same in all that a lock tells of a package: not build number, licence and features, and
 * digests only where it has them. */
bool matchspec_matches_locked(const struct matchspec *m, const struct record *r);
/* Only version, build and build number: what depends and constrains mostly hold. r->name,
 * r->version, r->version_text, r->build and r->build_number must be set. */
bool matchspec_matches_version(const struct matchspec *m, const struct record *r);
/* Whether the version alone decides, so that equal versions have equal answers. */
bool matchspec_is_version_only(const struct matchspec *m);
/* Whether matchspec_matches looks at more than matchspec_matches_version does. */
bool matchspec_needs_record(const struct matchspec *m);
/* A name and at most two comparisons, both of which must hold: nearly all texts of records are
 * no more, and there are hundreds of thousands. Slices of the text; the version of a bound may
 * be none. */
enum { MATCHSPEC_LESS = 1, MATCHSPEC_EQUAL = 2, MATCHSPEC_GREATER = 4 };
struct matchspec_bound {
	struct str version;
	uint8_t keeps; /* versions that are less, equal or greater */
};
struct matchspec_simple {
	struct str name;
	size_t count;
	struct matchspec_bound bounds[2];
};
/* False: it is not that simple, or faulty: matchspec_parse tells. */
bool matchspec_read_simple(struct str text, struct matchspec_simple *out);
/* One text for all ways of writing the spec, rattler's form: name[version="..",build=".."].
 * It reads back to an equal spec. Credentials are not in it. */
void matchspec_canonical(const struct matchspec *m, struct buf *out);
/* The text for people: `numpy >=1.26,<2`, `python 3.11.* *_cpython`. */
void matchspec_display(const struct matchspec *m, struct buf *out);
#endif
