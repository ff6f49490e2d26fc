/* builder/cli/table.h - results as a table for people: a column is as wide as its widest cell. */
#ifndef KILN_CLI_TABLE_H
#define KILN_CLI_TABLE_H
#include "specs/base/arena.h"

struct table {
	struct arena arena; /* of the cells */
	const char *const *titles;
	size_t columns;
	struct str *cells; /* row by row */
	size_t n, room;
};
void table_done(struct table *t);
AUTO_DEFINE_VALUE(struct table, table_done)
/* The next cell, copied; what is empty is shown as "-". */
void table_add(struct table *t, struct str cell);
void table_print(const struct table *t, struct buf *out);
#endif
