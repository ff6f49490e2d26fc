/* builder/cli/page_list.h - the page of environments that have a name. */
#ifndef KILN_CLI_PAGE_LIST_H
#define KILN_CLI_PAGE_LIST_H
#include "builder/cli/env_rows.h"

/* Appends it: a card each, with a search box and filters where a script may run. */
void page_list(const struct env_rows *rows, struct buf *out);
#endif
