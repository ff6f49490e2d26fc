/* specs/source_address.h - where the source of a Python distribution is: an archive, a folder or a
 * git repository, as an address (`file:` for what is on this machine). */
#ifndef KILN_SOURCE_ADDRESS_H
#define KILN_SOURCE_ADDRESS_H
#include "specs/base/arena.h"
#include "specs/base/digest.h"

enum source_kind {
	SOURCE_NONE,	/* a wheel: there is nothing to build */
	SOURCE_ARCHIVE, /* a source distribution, or any archive of a source tree */
	SOURCE_FOLDER,
	SOURCE_GIT,
};

struct source_address {
	enum source_kind kind;
	struct str address;	 /* without fragment; of git: without `git+` and revision too */
	struct str revision;	 /* of git: branch, tag or commit; empty: the default branch */
	struct str subdirectory; /* of the source that is built; empty: its top */
	struct str sha256;	 /* 64 hex digits of the archive, where the fragment has them */
};

/* Whether the file's name is one of an archive that holds a source. */
bool source_is_archive(struct str name);
/* Reads an address as pip does: `https://HOST/a-1.tar.gz#sha256=HEX&subdirectory=D`,
 * `git+https://HOST/a.git@REVISION#subdirectory=D`, `file:///folder`. Texts are slices of it, or in
 * the arena. ERR_SYNTAX: another version control system, a subdirectory that leads out, a hash that
 * is none. */
int source_address_parse(struct arena *a, struct str text, struct source_address *out,
			 struct err **e);
/* The path that a `file:` address of this machine stands for; empty for others. */
struct str source_address_path(struct arena *a, struct str address);
/* The `file:` address of an absolute path. */
struct str source_address_of_path(struct arena *a, struct str path);
/* The address of this revision of a git source, with its subdirectory: it reads back. */
struct str source_address_of_commit(struct arena *a, const struct source_address *s,
				    struct str commit);
/* Whether it is a whole commit's name: 40 lower-case hex digits. */
bool source_is_commit(struct str revision);
#endif
