/* specs/license.h - SPDX license expressions (SPDX 2.3, annex D): is a text one? */
#ifndef KILN_LICENSE_H
#define KILN_LICENSE_H
#include "specs/base/buf.h"

/* Identifiers of the list and of its exceptions, blanks between. */
extern const char license_ids[], license_exceptions[];

/* Appends the expression as the standard writes it: identifiers as in the list, which are found in
 * any case, and operators in capitals. False, and nothing appended, for a text that is none or
 * names what is not in the list. */
bool license_write(struct str text, struct buf *out);
#endif
