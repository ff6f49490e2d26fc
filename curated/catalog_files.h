/* curated/catalog_files.h - the files of the catalogue, as embed.sh puts them into the program. */
#ifndef KILN_CATALOG_FILES_H
#define KILN_CATALOG_FILES_H
#include "specs/base/buf.h"

struct catalog_file {
	const char *path; /* "NAME/VERSION/FILE" */
	struct str text;
};

/* In the order of their paths' bytes. */
extern const struct catalog_file catalog_files[];
extern const size_t catalog_file_count;
#endif
