/* builder/condameta.h - what an installed environment says of itself below conda-meta/.
 *
 * One NAME-VERSION-BUILD.json a package, `history` and `state`, as conda and rattler write
 * and read them; but without the building machine in them: no path of the host, no clock.
 * Texts end in a newline and are equal for equal input. */
#ifndef KILN_CONDAMETA_H
#define KILN_CONDAMETA_H
#include "specs/base/json.h"
#include "specs/definition.h"

enum condameta_type {
	CONDAMETA_HARDLINK, /* any plain file */
	CONDAMETA_SOFTLINK,
	CONDAMETA_DIRECTORY,
	CONDAMETA_ENTRY_POINT, /* made from link.json */
	CONDAMETA_PYC,	       /* compiled at link time */
};

enum condameta_mode { CONDAMETA_MODE_NONE, CONDAMETA_MODE_TEXT, CONDAMETA_MODE_BINARY };

/* One path of a package. Digests and size are of the bytes: `sha256` as packaged, `in_prefix`
 * as linked; in_prefix is left out where both are equal. */
struct condameta_path {
	struct str path; /* relative to the prefix */
	enum condameta_type type;
	bool has_sha256, has_in_prefix, has_size;
	struct digest sha256, in_prefix;
	uint64_t size;		  /* as linked */
	enum condameta_mode mode; /* NONE: no placeholder */
	struct str placeholder;	  /* empty: none */
	bool no_link;
	struct str original_path; /* where the package wanted it, when moved; empty: it is there */
};

struct condameta {
	/* Gives what a lock keeps too: name, version, build, subdir, channel, fn, url, md5 and
	 * depends. So a build from a lock writes the bytes of the build that made the lock. */
	const struct record *record;
	/* The archive's info/index.json, which gives all else; NULL: the record does. */
	const cJSON *index;
	struct digest sha256; /* of the archive */
	uint64_t size;	      /* of the archive */
	struct strs requested_specs;
	const struct condameta_path *paths; /* in any order: they are written sorted */
	size_t count;
};

/* "conda-meta/NAME-VERSION-BUILD.json" (the archive's stem). ERR_CORRUPT for a record whose
 * name would lead elsewhere. */
int condameta_path(struct arena *a, const struct record *r, struct str *out, struct err **e);
/* Appends the document. */
void condameta_record(const struct condameta *m, struct buf *out);
/* Appends all that the document takes from the record: for identities of what holds one. */
void condameta_identity(const struct record *r, struct buf *out);

/* conda-meta/history: one block that links all records, dated `when` (seconds since 1970),
 * with the requested specs (as conda reads them back). */
void condameta_history(const struct record *records, size_t count, struct strs specs, int64_t when,
		       struct buf *out);
/* conda-meta/state: the environment's variables; nothing is written without any. */
void condameta_state(const struct definition_variable *variables, size_t count, struct buf *out);
#endif
