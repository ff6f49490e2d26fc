/* builder/cli/page_files.h - the files of builder/cli/page, which the build embeds. */
#ifndef KILN_CLI_PAGE_FILES_H
#define KILN_CLI_PAGE_FILES_H
#include "specs/base/embedded.h"

extern const struct embedded_file page_files[];
extern const size_t page_file_count;
#endif
