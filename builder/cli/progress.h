/* builder/cli/progress.h - what a person sees while kiln works, on standard error.
 *
 * On a terminal: a line a running transfer or package, totals below, drawn again at most ten
 * times a second. Elsewhere: a plain line a phase and warning. */
#ifndef KILN_CLI_PROGRESS_H
#define KILN_CLI_PROGRESS_H
#include "builder/cli/command.h"

/* ERR_USAGE for an unknown --progress. The log may be used until progress_free. */
int progress_new(const struct common_args *args, struct log **out, struct err **e);
void progress_free(struct log *l);
/* "513 kB", "1.3 MB": short enough for a column. Returns out. */
const char *size_text(uint64_t bytes, char out[16]);
AUTO_DEFINE(struct log *, progress_free)
#endif
