/* cache/shards.h - what a subdir offers of sharded repodata (CEP 16), fetched and kept.
 *
 * The list of shards is asked for again as repodata.json is; a shard is kept by its SHA-256 (see
 * cache/store.h) and never asked for twice. That there is no list is remembered for a day. */
#ifndef KILN_CACHE_SHARDS_H
#define KILN_CACHE_SHARDS_H
#include "cache/repodata.h"
#include "cache/shard.h"

struct shards; /* opaque: one subdir's; any thread may use it */

/* The list of the subdir at `url` (as for channel_open_subdir); *out is NULL when none is offered,
 * or, offline, known. anew: that there was none is not believed. The caller owns *out. */
int shards_open(struct http *h, struct str url, const struct repodata_options *o, bool anew,
		struct shards **out, struct err **e);
void shards_close(struct shards *s);
AUTO_DEFINE(struct shards *, shards_close)
const struct shard_list *shards_list(const struct shards *s);
/* The shard of a name that the list has. ERR_DIGEST when other bytes are served; ERR_ABSENT when
 * this is offline and the cache lacks it. */
int shards_fetch(struct shards *s, struct str name, struct shard **out, struct err **e);
#endif
