/* builder/environments_private.h - what the files of environments share; nobody else includes it.
 */
#ifndef KILN_ENVIRONMENTS_PRIVATE_H
#define KILN_ENVIRONMENTS_PRIVATE_H
#include "builder/environments.h"
#include "builder/registry.h"
#include "specs/base/vec.h"
#include "specs/lock.h"

enum {
	ENVIRONMENT_VERSION_MAX = 999999999,
	ENVIRONMENT_TEXT_MAX = 64 << 10, /* bytes of facts, and of what is said */
	ENVIRONMENT_FILE_MAX = 4 << 20,
};

/* A version that a place has. stem: what stands for the name there. */
struct version {
	struct str stem;
	uint64_t number;
};
struct versions {
	struct arena arena;
	VEC(struct version) list;
};
#define VERSIONS                                                                                   \
	{                                                                                          \
		.arena = ARENA                                                                     \
	}
void versions_done(struct versions *v);
AUTO_DEFINE_VALUE(struct versions, versions_done)

/* What a place of either kind can do: a row each. */
struct environments_actions {
	void (*close)(struct environments *s);
	/* What stands for a name there. */
	struct str (*stem)(struct arena *a, struct str name);
	/* Appends the versions of a stem, or of all (empty), in any order. */
	int (*list)(struct environments *s, struct str stem, struct versions *out, struct err **e);
	/* Makes it a version: 1 with a new number; 0 with that of its equal. */
	int (*add)(struct environments *s, const struct environment *v, uint64_t *out_version,
		   struct err **e);
	/* Reads its facts and what is said of it; whole: files and lock as well. May be called
	 * by several threads. */
	int (*read)(struct environments *s, const struct version *v, bool whole,
		    struct environment *out, struct err **e);
	/* Puts another text of what is said of it in place of the one there is. */
	int (*write_about)(struct environments *s, const struct version *v, struct str text,
			   struct err **e);
};
extern const struct environments_actions environments_folder, environments_registry;

struct environments {
	const struct environments_actions *actions;
	struct arena arena;
	struct str place; /* for messages; of a folder: where it is */
	bool unplaced;	  /* there is none: nothing is registered, and nothing can be */
	struct log *log;
	/* Of a registry: */
	struct http *http;
	struct registry *registry;
	struct reference repository;
};
/* place: as of environments_open. */
int environments_open_registry(struct environments *s, const struct environments_options *o,
			       struct err **e);

/* The file names of a definition, those of the two forms that are one file included; NULL at the
 * end. */
extern const char *const environment_file_names[];
/* Keeps a file of that name in v, copied; false when no definition has one. */
bool environment_keep_file(struct environment *v, struct str name, struct str text);

/* Facts and what is said, as JSON, which is what both kinds of places keep. Readers put texts in
 * v's arena; ERR_CORRUPT for all that is not what the writers write, and for what was written by a
 * newer kiln. */
void environment_write_facts(const struct environment *v, struct buf *out);
int environment_read_facts(struct str text, struct environment *v, struct err **e);
void environment_write_about(const struct environment_about *about, struct buf *out);
int environment_read_about(struct str text, struct environment *v, struct err **e);
/* Says of it what the definition does (own, as far as it says anything), then the change: true when
 * that is another thing. ERR_USAGE. */
int environment_change_about(struct environment *v, const struct environment_about *own,
			     const struct environment_change *change, bool *out_changed,
			     struct err **e);

/* A tag of a registry that belongs to a version:
 *
 *   STEM.v7               the version
 *   STEM.v7-<32 digits>   somebody wants the number 7 for that content
 *   STEM.v7-about         what is said of it
 *
 * What kind it is stands behind the last dot, which no kind holds itself, so whatever a name looks
 * like it cannot be taken for another's. The stem is the name, or, as tags hold 128 bytes, of a
 * name of more than 80 "_", its beginning, "-" and 32 digits of its digest; no name begins so. */
enum version_tag_kind { VERSION_TAG_FINAL, VERSION_TAG_CLAIM, VERSION_TAG_ABOUT };
struct version_tag {
	enum version_tag_kind kind;
	struct str stem;
	uint64_t number;
	struct str content; /* of a claim: 32 hex digits */
};
struct str version_tag_stem(struct arena *a, struct str name);
struct str version_tag_write(struct arena *a, const struct version_tag *t);
/* False: it is none of these. */
bool version_tag_parse(struct str text, struct version_tag *out);
#endif
