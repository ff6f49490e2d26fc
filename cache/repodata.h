/* cache/repodata.h - one subdir's repodata: fetched when changed, scanned, kept as an index.
 *
 * Beside the index stands a validator: a small JSON file with the source's ETag,
 * Last-Modified and max-age, named by the digest of the address. A folder's repodata
 * (file://) is known by size, time and inode instead. */
#ifndef KILN_CACHE_REPODATA_H
#define KILN_CACHE_REPODATA_H
#include "cache/http.h"
#include "cache/index.h"

struct repodata_options {
	const char *cache; /* the cache folder */
	bool offline;	   /* never ask, use what there is; ERR_ABSENT when there is nothing */
	uint64_t since_ms; /* what was asked after that moment is not asked again; 0: it is */
	bool brief;	   /* another place can be asked (see http_request) */
	struct str origin; /* of the subdir, where the address is a mirror's; empty: it is none */
	struct log *log;
};

/* The index of the subdir at `url` ("https://host/channel/linux-64", without secrets, see
 * http_secret); *out is NULL when there is none at that address. The caller owns *out. */
int channel_open_subdir(struct http *h, struct str url, const struct repodata_options *o,
			struct index **out, struct err **e);
#endif
