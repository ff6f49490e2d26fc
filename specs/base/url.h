/* specs/base/url.h - addresses without what must never be shown, hashed or written. */
#ifndef KILN_BASE_URL_H
#define KILN_BASE_URL_H
#include "specs/base/arena.h"

/* A copy without "user:password@" (but for the user of an ssh address) and without "/t/TOKEN"
 * (conda's way of putting a token in the path). Text that is no address is copied as it is. */
struct str url_without_secrets(struct arena *a, struct str url);
/* %21 and the like as the bytes they stand for. */
struct str url_decoded(struct arena *a, struct str s);
#endif
