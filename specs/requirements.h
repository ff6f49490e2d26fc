/* specs/requirements.h - requirements files and the `pip:` list of an environment file, by the
 * rules of pip: continuations, comments, ${NAME}, options, nested files.
 *
 * Everything that is read goes into one value: options are global, as in pip, so those of a
 * nested file count for all. ${NAME} is replaced but for the user part of an address: secrets
 * stay what they are called. */
#ifndef KILN_REQUIREMENTS_H
#define KILN_REQUIREMENTS_H
#include "specs/base/log.h"
#include "specs/base/vec.h"
#include "specs/requirement.h"

enum requirement_kind {
	REQUIREMENT_NAMED, /* PEP 508, an address of its own included */
	REQUIREMENT_URL,   /* an archive's address, or `git+https://...` */
	REQUIREMENT_PATH,  /* a folder or an archive on this machine */
};

/* One requirement or constraint. */
struct requirement_line {
	enum requirement_kind kind;
	bool editable, constraint;
	struct requirement requirement; /* of URL and PATH: extras and marker only */
	struct str target;		/* of URL and PATH: as written */
	struct str folder;		/* that a relative PATH is in */
	struct strs hashes;		/* "sha256:HEX": one of them must fit */
	struct strs settings;		/* --config-settings, "K=V" */
	struct str file;
	unsigned line;
};

struct requirements {
	struct arena arena;
	VEC(struct requirement_line) lines; /* in the order read */
	struct str index_url;		    /* empty: the usual one */
	VEC(struct str) extra_index_urls, find_links, trusted_hosts;
	VEC(struct str) no_binary, only_binary; /* normal names, or :all: */
	bool no_index, prefer_binary, pre, require_hashes;
};
#define REQUIREMENTS                                                                               \
	{                                                                                          \
		.arena = ARENA                                                                     \
	}
/* A line that reads back to the same, without end of line; -c does not stand in it. */
void requirement_line_write(const struct requirement_line *l, struct buf *out);
/* The same without logins; a: for what that needs. */
void requirement_line_show(const struct requirement_line *l, struct arena *a, struct buf *out);

void requirements_done(struct requirements *r);
AUTO_DEFINE_VALUE(struct requirements, requirements_done)

/* Where a text comes from. */
struct requirements_source {
	const char *name;   /* of the file; shown, and what -r and -c are relative to */
	const char *folder; /* of local paths; NULL: there is none, so other files are refused */
	unsigned line;	    /* of the text's first line; 0: 1 */
	unsigned column;    /* where it stands in another file; 0: it is the file */
	bool constraint;
	const struct requirements_source *parent; /* the file that names this one */
};

/* What may be taken of a distribution, by the switches --no-binary and --only-binary. */
enum requirement_format {
	FORMAT_ANY,
	FORMAT_WHEEL,
	FORMAT_SOURCE,
};
enum requirement_format requirements_format(const struct requirements *r, struct str normal);

/* Adds what the text says. ERR_SYNTAX "FILE:LINE: ..."; errors of nested files say both. What
 * pip reads and does nothing with warns. */
int requirements_add(struct requirements *r, const struct requirements_source *from,
		     struct str text, struct log *log, struct err **e);
/* Adds what the file says; its name is relative to the working folder, as local paths are. */
int requirements_read(struct requirements *r, const char *path, bool constraint, struct log *log,
		      struct err **e);
#endif
