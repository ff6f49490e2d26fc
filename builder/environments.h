/* builder/environments.h - environments that were registered: versions under a name, counted up,
 * whose content never changes, and what is said of each, which may.
 *
 * They live in a folder or, for a team, in a repository of a registry. Any number of kilns may
 * register at once: no two contents get one number, and none is lost. */
#ifndef KILN_ENVIRONMENTS_H
#define KILN_ENVIRONMENTS_H
#include "specs/base/vec.h"
#include "specs/definition.h"

struct environment_tag {
	struct str name, value;
};

/* What is said of a version: the last who writes it wins. */
struct environment_about {
	struct str description;	      /* empty: none */
	struct environment_tag *tags; /* sorted by name */
	size_t tag_count;
	bool archived; /* left out where nobody asks for it by its number */
};

enum { ENVIRONMENT_FILES = 3 };

/* One version. Its texts are in the arena. */
struct environment {
	struct arena arena;
	struct str name;
	uint64_t version;      /* from 1; 0: it has none yet */
	struct digest content; /* of form, canonical definition and lock */
	struct digest key;     /* see catalog_key */
	struct str python;     /* the lock's, else what is asked for; empty: nothing */
	struct str base;       /* as named; empty: it is not */
	bool gpu, locked;
	struct environment_about about;
	/* Of one that was read whole: the definition's files, and the lock, empty without. */
	struct definition_file files[ENVIRONMENT_FILES];
	size_t file_count;
	struct str lock;
};
void environment_done(struct environment *v);
AUTO_DEFINE_VALUE(struct environment, environment_done)

/* A definition and its lock (a text; empty: none) as they would be registered. The definition gets
 * the name and loses its version; the text of a conda file stays as it is. ERR_USAGE for what means
 * something on this machine only (other files, folders), for one without an image, and for logins.
 */
int environment_make(struct definition *d, struct str name, struct str lock,
		     struct environment *out, struct err **e);
/* The definition of one that was read whole, with its name and version. */
int environment_definition(const struct environment *v, struct log *log, struct definition *out,
			   struct err **e);
/* "NAME:VERSION", in its arena. */
struct str environment_title(struct environment *v);

struct environments_options {
	unsigned connect_ms, idle_ms; /* see http_options */
	bool offline;
	struct log *log; /* may be NULL */
};
struct environments; /* an open place; for one thread */
/* place: HOST/REPOSITORY, an absolute path, or empty: $XDG_DATA_HOME/kiln/environments
 * (~/.local/share). Nobody is asked and nothing is made before the first need. */
int environments_open(struct str place, const struct environments_options *o,
		      struct environments **out, struct err **e);
void environments_close(struct environments *s);
AUTO_DEFINE(struct environments *, environments_close)
/* The place, for messages; it lives as long. */
struct str environments_place(const struct environments *s);

/* NAME, NAME:VERSION or NAME@latest, whole; without a version the latest that is not archived.
 * ERR_ABSENT when the name is not there, ERR_FAILED when only that version is not, or all are
 * archived. ERR_NET, ERR_REFUSED, ERR_IO, ERR_CORRUPT. */
int environments_find(struct environments *s, struct str text, struct environment *out,
		      struct err **e);

/* A version that is there and is damaged, or another's; why says which it is. */
struct environment_fault {
	int code;
	struct err *why;
};

/* All versions, by name and number; or of each name only the latest that is not archived. A damaged
 * one does not keep the others from it; a name whose latest is damaged has none. */
struct environment_list {
	struct environment *v;
	size_t n, room;
	VEC(struct environment_fault) faults;
};
void environment_list_done(struct environment_list *l);
AUTO_DEFINE_VALUE(struct environment_list, environment_list_done)
int environments_list(struct environments *s, bool all, struct environment_list *out,
		      struct err **e);

/* What is to be said of a version from now on. */
struct environment_change {
	const char *description; /* NULL: what was said stays */
	struct strs tags;	 /* "NAME=VALUE"; an empty value takes the tag away; others stay */
};
struct environment_registered {
	bool made;    /* a new version; else one with that content was there */
	bool changed; /* then: something else is said of it now */
	bool archived;
};
/* Sets v->version. ERR_USAGE for tags that are none. */
int environments_register(struct environments *s, struct environment *v,
			  const struct environment_change *change,
			  struct environment_registered *out, struct err **e);
/* Archives, or restores, one version or (a name alone) all; NAME@latest, which is for archiving
 * only, is the latest that is not archived. *out_count: those that were not before. ERR_ABSENT;
 * ERR_FAILED when all are archived. */
int environments_archive(struct environments *s, struct str text, bool archived, size_t *out_count,
			 struct err **e);
#endif
