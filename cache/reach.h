/* cache/reach.h - the records that a request reaches, where channels offer shards.
 *
 * Names lead to shards, shards to the names that their records depend on, and so on, a wave of
 * downloads at a time, over all channels and subdirs at once. What was reached of a subdir becomes
 * an index like that of a whole one; it stands on the disk only as long as it is open, since the
 * shards that it is made of are kept. */
#ifndef KILN_CACHE_REACH_H
#define KILN_CACHE_REACH_H
#include "cache/channel.h"

/* Makes the index of every subdir that has shards and no index: of what o->wanted reaches. Offline,
 * shards that are not in the cache are noted in `missing`. */
int reach(struct channels *c, const struct channel_options *o, struct missing *missing,
	  struct err **e);
#endif
