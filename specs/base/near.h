/* specs/base/near.h - the known word that a mistyped one was probably meant to be. */
#ifndef KILN_BASE_NEAR_H
#define KILN_BASE_NEAR_H
#include "specs/base/buf.h"

/* NULL when none of the n words is near. */
const char *near_word(struct str text, const char *const *words, size_t n);
#endif
