/* builder/checked.h - short texts that the cache keeps, with a check of them as their last line:
 * one that the disk has changed counts as one that is not there. */
#ifndef KILN_CHECKED_H
#define KILN_CHECKED_H
#include "specs/base/buf.h"

/* Puts the check behind the text, which ends in a newline; who writes it chooses how. */
void checked_end(struct buf *text);
/* Reads the file into the empty `out`, without the check. False: there is none, it is larger than
 * out, or damaged. */
bool checked_read(const char *path, struct buf *out);
#endif
