/* curated/catalog_files.h - the files of the catalogue, "NAME/VERSION/FILE", which the build
 * embeds. */
#ifndef KILN_CATALOG_FILES_H
#define KILN_CATALOG_FILES_H
#include "specs/base/embedded.h"

/* In the order of their paths' bytes. */
extern const struct embedded_file catalog_files[];
extern const size_t catalog_file_count;
#endif
