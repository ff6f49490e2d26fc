/* builder/paths.h - what an archive says of itself below info/: its paths and where they go.
 *
 * Read from info/paths.json (version 1), else from the older `files` and `has_prefix`; from
 * index.json, link.json and the older `no_link` and `no_softlink`. A million paths cost a
 * stream of JSON and a row each. */
#ifndef KILN_PATHS_H
#define KILN_PATHS_H
#include "builder/noarch.h"
#include "builder/unpack.h"
#include "specs/record.h"

enum path_type {
	PATH_UNKNOWN, /* listed in `files`: the archive's entry says */
	PATH_HARDLINK,
	PATH_SOFTLINK,
	PATH_DIRECTORY,
};

enum path_mode { PATH_MODE_NONE, PATH_MODE_TEXT, PATH_MODE_BINARY, PATH_MODE_SCRIPT };

struct package_path {
	struct str path; /* in the archive, clean; ended by 0 */
	struct str to;	 /* where a wheel's file goes, as in a noarch package; empty: path */
	uint8_t type;	 /* enum path_type */
	uint8_t mode;	 /* enum path_mode; NONE: no placeholder; SCRIPT: of a wheel */
	bool no_link, has_sha256, has_size;
	struct str placeholder;
	struct digest sha256;
	uint64_t size;
};

/* What a wheel says besides. */
struct wheel_info {
	struct str dist_info;	    /* "name-1.0.dist-info" */
	struct str requires_python; /* specifiers; empty: any */
	struct strs requires;	    /* Requires-Dist, as written */
	struct str license;	    /* License-Expression, else License; empty: neither */
};

struct package_info {
	struct arena arena;
	const struct wheel_info *wheel; /* NULL: a conda package */
	struct str index;		/* the text of info/index.json */
	struct str name, version, build;
	uint64_t build_number;
	struct strs depends, constrains; /* as when it was built */
	enum noarch noarch;
	uint64_t timestamp; /* seconds since 1970; 0: unknown */
	struct str python_site_packages_path;
	struct package_path *paths; /* in the order of the list; one may stand twice */
	size_t count;
	struct entry_point *entry_points; /* of noarch python packages */
	size_t entry_point_count;
	int64_t mtime; /* of info/about.json, else of info/index.json */
};

/* ERR_CORRUPT names the archive and the file in it. */
int package_info_read(const char *archive, struct package_info *out, struct err **e);
void package_info_done(struct package_info *i);
AUTO_DEFINE_VALUE(struct package_info, package_info_done)

/* The parts of it, for texts at hand; each fills or adds to `out`. */
int paths_read_json(struct str text, struct package_info *out, struct err **e);
int paths_read_index(struct str text, struct package_info *out, struct err **e);
int paths_read_link(struct str text, struct package_info *out, struct err **e);
int paths_read_files(struct str files, struct str has_prefix, struct package_info *out,
		     struct err **e);
/* A clean relative path: no empty part, no ".", no "..", no NUL. */
bool paths_is_clean(struct str path);
#endif
