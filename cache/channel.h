/* cache/channel.h - channels: named, fetched when changed, opened as mapped indexes. */
#ifndef KILN_CACHE_CHANNEL_H
#define KILN_CACHE_CHANNEL_H
#include "cache/http.h"
#include "cache/index.h"
#include "cache/missing.h"

struct channel_subdir {
	struct str subdir;     /* "linux-64", "noarch" */
	struct index *index;   /* NULL: the channel has no such subdir */
	struct shards *shards; /* where the index holds only what was reached; else NULL */
	struct str base_url;   /* packages of this subdir: base_url + fn; ends in "/" */
};

/* Names of the subdir, sorted by bytes: all of them, reached or not. */
size_t channel_name_count(const struct channel_subdir *s);
struct str channel_name(const struct channel_subdir *s, size_t i);

struct channel {
	struct str name;		/* as the user wrote it */
	struct str url;			/* base address, no closing slash, no credentials */
	struct channel_subdir *subdirs; /* in the order asked for: arch first */
	size_t subdir_count;
};

/* What names of channels stand for. */
struct channel_names {
	struct str alias;     /* the address before a name; empty: as usual */
	struct strs defaults; /* the members of the multichannel "defaults"; none: as usual */
};
/* https://conda.anaconda.org, and main and r of the vendor's. */
extern const struct channel_names channel_names_usual;

struct channel_options {
	const char *cache; /* folder for indexes and validators */
	struct channel_names names;
	struct strs subdirs; /* "linux-64", "noarch" */
	/* Names: the records of these and of all that they may depend on are wanted, which is
	 * less to fetch from a server that has shards (CEP 16). NULL: all records. */
	const struct strs *wanted;
	bool offline; /* use what the cache holds, whatever its age; ERR_ABSENT names all that is
		       * not there */
	uint64_t since_ms;	 /* see repodata_options */
	struct missing *missing; /* where that is noted as well; may be NULL */
	unsigned jobs;
	struct log *log;
};

/* A list of channels, opened; fetched in parallel, revalidated by ETag / Last-Modified.
 * "defaults" gives its members. "not a channel" where there is no noarch: ERR_NET, and ERR_ABSENT
 * of a folder. */
struct channels {
	struct arena arena;
	struct channel *v;
	size_t n;
};
int channels_open(struct http *h, struct strs names, const struct channel_options *o,
		  struct channels *out, struct err **e);
void channels_close(struct channels *c);
AUTO_DEFINE_VALUE(struct channels, channels_close)
/* For a name that no channel has: appends the subdirs that are not open in which there is one
 * ("win-64 of conda-forge, osx-64 of conda-forge"). Looks at folders and at what the cache
 * holds; asks no server. o: those that the channels were opened with. */
void channels_elsewhere(struct http *h, const struct channels *c, const struct channel_options *o,
			struct str name, struct buf *out);
/* The address of a channel name, without credentials: a URL stays, a path becomes file://,
 * "pkgs/NAME" is Anaconda's, all else is alias/name. */
struct str channel_url(struct arena *a, struct str name, const struct channel_names *names);
/* The names with "defaults" as its members, in their order, without those of an address that came
 * before. */
struct strs channel_members(struct arena *a, struct strs list, const struct channel_names *names);
/* The addresses of all channels that the names stand for. */
struct strs channel_urls(struct arena *a, struct strs list, const struct channel_names *names);
/* What a key holds of them: the addresses, but a path as it was written, so that a key is the same
 * wherever a project lies. */
struct strs channel_identities(struct arena *a, struct strs list,
			       const struct channel_names *names);
/* A record of an opened channel, whole, in the arena: with channel, url, depends, constrains
 * and version. ERR_CORRUPT when its version does not parse. */
int channel_record(const struct channel *c, const struct channel_subdir *s, uint32_t record,
		   struct arena *a, struct record *out, struct err **e);
#endif
