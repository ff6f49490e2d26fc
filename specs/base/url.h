/* specs/base/url.h - addresses without what must never be shown, hashed or written. */
#ifndef KILN_BASE_URL_H
#define KILN_BASE_URL_H
#include "specs/base/arena.h"

/* A copy without "user:password@" (but for the user of an ssh address) and without "/t/TOKEN"
 * (conda's way of putting a token in the path), wherever that stands; the name of a file is none.
 * Text that is no address, or a file's, is copied as it is. */
struct str url_without_secrets(struct arena *a, struct str url);
/* The same of what is no channel's: there a token stands only where the path begins, as many an
 * index of packages has a folder "t". */
struct str url_without_login(struct arena *a, struct str url);
/* A copy of a message of which each address, wherever it stands in it, is without secrets. */
struct str url_text_without_secrets(struct arena *a, struct str text);
/* %21 and the like as the bytes they stand for. */
struct str url_decoded(struct arena *a, struct str s);
#endif
