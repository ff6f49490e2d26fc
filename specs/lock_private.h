/* specs/lock_private.h - what the readers of the forms of locks share; nobody else includes it. */
#ifndef KILN_LOCK_PRIVATE_H
#define KILN_LOCK_PRIVATE_H
#include "specs/base/vec.h"
#include "specs/base/yaml.h"
#include "specs/lock.h"
#include "specs/source_address.h"

enum { LOCK_MAX_PACKAGES = 100000 };

/* Where a package stands, to say which one is there twice. */
struct lock_entry {
	enum record_manager manager;
	struct str name;
	unsigned line, column;
};

struct lock_reader {
	const char *what, *platform, *environment;
	struct yaml yaml;
	struct lock *to;
	VEC(struct record) records;
	VEC(struct lock_entry) entries; /* of each record */
	struct strs builds;		/* lines of kiln_builds */
};

/* Fills url, channel, subdir, fn, and name, version and build from the file's name. NULL, or
 * what is wrong with the address. */
const char *lock_read_url(struct arena *a, struct str text, struct record *r);
/* The same for a wheel: url and fn; of its source: source as well, as far as the address tells. */
const char *lock_read_wheel_url(struct arena *a, struct str text, struct record *r);
/* Whether the text may be part of a file's name. */
bool lock_is_safe(struct str s);
/* Whether the package's subdir is the platform's, or noarch. */
bool lock_is_for(const struct record *r, const char *platform);
/* The version's value is wanted by whoever links; one that does not parse stays text. */
void lock_read_version(struct arena *a, struct record *r);
/* What does not keep link order is put into it: dependencies first, later names before earlier
 * ones where nothing else decides, as rattler does; then wheels, by name. */
void lock_sort(struct arena *a, struct record *records, size_t n);

/* A record that was read, and where it stands. */
void lock_add(struct lock_reader *r, const struct record *record, unsigned line, unsigned column);
/* ERR_SYNTAX with the place of a name that stands there a second time. */
int lock_refuse_doubled(struct lock_reader *r, struct err **e);
/* "md5" and "sha256" of a map, each of which may be absent. */
int lock_read_hashes(struct lock_reader *r, const struct yaml_node *map, struct record *out,
		     struct err **e);
/* Text of the map that becomes part of a file's name: kept in *out where there is some. */
int lock_read_part(struct lock_reader *r, const struct yaml_node *map, const char *key,
		   struct str *out, struct err **e);
/* "name", "version" and "build" of a map, each of which may be absent; a conda package's must be
 * those of the file that its address ends in. */
int lock_read_identity(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		       struct err **e);
/* What a wheel must have in every form; its name becomes normal. */
int lock_check_wheel(struct lock_reader *r, const struct yaml_node *package, struct record *out,
		     struct err **e);
/* Addresses of channels, each as text or as a map with "url". */
int lock_read_channels(struct lock_reader *r, const struct yaml_node *map, struct err **e);

/* Whether the first line that counts is @EXPLICIT; then the list. */
bool lock_is_explicit(struct str text);
int lock_read_explicit(struct lock_reader *r, struct str text, struct err **e);
/* A pixi.lock of version 4 to 7: r->yaml is parsed and its root is a map. */
int lock_read_pixi(struct lock_reader *r, struct err **e);
/* A copy whose pip addresses of this machine are only the names of files and folders, without the
 * base's place: for digests. Records in the arena, all else is shared. */
void lock_without_places(const struct lock *from, struct arena *a, struct lock *out);
#endif
