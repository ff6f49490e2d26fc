/* cache/channel_url.h - from names of channels to addresses, with and without what is secret. */
#ifndef KILN_CACHE_CHANNEL_URL_H
#define KILN_CACHE_CHANNEL_URL_H
#include "specs/base/arena.h"

struct channel_names;
/* As channel_url, and secrets stay. */
struct str channel_secret_url(struct arena *a, struct str name, const struct channel_names *names);
/* Without user:password@, /t/TOKEN, query, fragment and slashes at its end. */
struct str channel_bare_url(struct arena *a, struct str url);
/* What a base_url or shards_base_url (CEP 15, 16) of the file in `folder` (no slash at its end)
 * means: absolute, or relative to the folder; empty: the folder. No secrets, ends in "/". */
struct str channel_base_url(struct arena *a, struct str folder, struct str given);
#endif
