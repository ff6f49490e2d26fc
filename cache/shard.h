/* cache/shard.h - sharded repodata (CEP 16) read: the list of a subdir's shards, and a shard, which
 * holds all records of one name.
 *
 * Both are MessagePack in zstd. Records become part of an index as those of repodata.json do (see
 * cache/index.h), so that whoever reads channels reads one form. */
#ifndef KILN_CACHE_SHARD_H
#define KILN_CACHE_SHARD_H
#include "cache/index.h"

struct shard_list; /* repodata_shards.msgpack.zst */
/* ERR_CORRUPT, ERR_LIMIT. */
int shard_list_parse(struct str bytes, struct shard_list **out, struct err **e);
void shard_list_free(struct shard_list *l);
AUTO_DEFINE(struct shard_list *, shard_list_free)
size_t shard_list_count(const struct shard_list *l);
struct str shard_list_name(const struct shard_list *l, size_t i); /* sorted by bytes */
/* The SHA-256 of the name's shard as it is served; NULL when there is none. */
const struct digest *shard_list_find(const struct shard_list *l, struct str name);
/* As written; relative to the list's own address, empty: its folder. */
struct str shard_list_base_url(const struct shard_list *l);   /* of packages */
struct str shard_list_shards_url(const struct shard_list *l); /* of shards */

struct shard;
/* ERR_CORRUPT, ERR_LIMIT. */
int shard_parse(struct str bytes, struct shard **out, struct err **e);
void shard_free(struct shard *s);
AUTO_DEFINE(struct shard *, shard_free)
/* The names that its records depend on, each once. */
struct strs shard_depends(const struct shard *s);
/* Adds its records to an index whose document has begun (index_writer_event). */
int shard_write(const struct shard *s, struct index_writer *w, struct err **e);
#endif
