/* specs/record.h - one package as a channel describes it, or a wheel as an index does.
 *
 * A record is a view: its slices belong to an arena or to a mapped index, whoever filled it
 * says which. Fields that the source did not give are empty or 0. */
#ifndef KILN_RECORD_H
#define KILN_RECORD_H
#include "specs/base/arena.h"
#include "specs/base/digest.h"
#include "specs/source_address.h"
#include "specs/version.h"

/* Who installs it elsewhere: conda, or pip (a wheel: no build, no subdir, no channel). */
enum record_manager { MANAGER_CONDA, MANAGER_PIP };
enum noarch { NOARCH_NONE, NOARCH_GENERIC, NOARCH_PYTHON };

/* What a wheel is made of that is not fetched as one, and what another build of it needs to give
 * the same once more. */
struct record_source {
	enum source_kind kind; /* never SOURCE_NONE */
	struct str revision;   /* of git: the one that was asked for; empty: none was */
	struct strs settings;  /* of --config-settings: "K=V" */
	/* What it was built with: "URL#sha256=HEX" of wheels, and of sources; what such a one was
	 * built with in turn follows it, with a ">" before each. */
	struct strs requires;
	struct str wheel;	    /* file name of what came of it; empty: it was not built yet */
	struct digest wheel_sha256; /* of that */
};

struct record {
	enum record_manager manager;
	struct str name;	       /* lower case; of a wheel: normal (PEP 503) */
	struct str version_text;       /* as written */
	const struct version *version; /* NULL until somebody needs it */
	struct str build;
	uint64_t build_number;
	struct str channel; /* base address without subdir, credentials or closing slash */
	struct str subdir;  /* "linux-64", "noarch" */
	struct str fn;	    /* file name of the archive */
	struct str url; /* of the archive, without credentials; see source_address.h for others */
	bool direct;	/* a wheel that the user gave the address of, not an index */
	const struct record_source *source; /* NULL: the archive is the package */
	bool has_sha256, has_md5;
	struct digest sha256; /* of a folder or a git source: of its files */
	uint8_t md5[MD5_SIZE];
	uint64_t size;	    /* bytes of the archive; 0: unknown */
	uint64_t timestamp; /* milliseconds since 1970; 0: unknown */
	enum noarch noarch;
	struct str track_features; /* blank-separated; empty: none */
	struct str license;
	struct str python_site_packages_path; /* only of a python; relative to the prefix */
	struct strs depends, constrains;      /* match specs as written */
};

/* A record and all it points at copied into the arena; version is read again when set. */
void record_copy(struct arena *a, const struct record *from, struct record *out);
/* A source and all it points at, in the arena. */
const struct record_source *record_source_copy(struct arena *a, const struct record_source *from);
/* "name-version-build"; of a wheel "name-version" */
struct str record_stem(struct arena *a, const struct record *r);
/* "conda" or "pip", as conda-lock has them. */
const char *record_manager_name(const struct record *r);
/* A virtual package, as `__glibc`: version and build; build may be NULL for "0". */
int record_virtual(struct arena *a, const char *name, const char *version, const char *build,
		   struct record *out, struct err **e);
#endif
