/* builder/build_private.h - what the files of build share; nobody else includes it. */
#ifndef KILN_BUILD_PRIVATE_H
#define KILN_BUILD_PRIVATE_H
#include "builder/base_source.h"
#include "builder/build.h"
#include "builder/image_index.h"
#include "builder/link.h"
#include "builder/phases.h"
#include "specs/virtual.h"
#include <stdatomic.h>

struct build {
	struct build_options o;
	struct build *next; /* the next platform's; what it points to is mostly the first's */
	struct arena arena;
	const struct platform *platform;
	const char *foreign; /* its name, where its programs do not run on this machine; or NULL */
	const char *prefix;
	char *cache;
	uint64_t since_ms; /* when it was opened: a channel is asked once a run */
	struct mirrors *mirrors;
	struct http *http;
	struct records *records; /* see build_records */
	struct str newest;	 /* RFC 3339; empty: none was given */
	struct strs local;	 /* see build_local */
	bool local_known;
	struct strs given; /* virtual packages of options and environment */
	/* The base: its reference, and the digest that the name gave. */
	bool has_base;
	struct reference base_reference;
	struct base_source *base_source;
	struct digest base_digest;
	bool base_unknown;	 /* offline, and its name was never seen: there is no digest */
	struct missing *missing; /* where steps note what the cache lacks; or NULL */
	bool base_pulled;
	struct base_image base;
	bool glibc_looked_for;
	struct virtual_offer glibc; /* then: what it offers */
	bool engine;		    /* a container engine makes the image */
	bool documents;		    /* SBOM and provenance are wanted beside the image */
	/* Some part of the image could not be made or pushed: the others need not go on. */
	atomic_bool given_up;
};

/* ERR_USAGE when the definition's base wants another engine than this one. */
int build_engine(const struct definition *d, struct err **e);

/* What a plan tells of the base that a definition's Dockerfile makes; texts in the arena, or the
 * definition's. */
struct plan_steps;
void build_describe_steps(const struct definition_steps *s, struct arena *a,
			  struct plan_steps *out);
/* Where that base is pushed, beside the image; when it is there it becomes b's. Without a registry
 * among the destinations nothing is known. */
struct destination;
int build_find_steps(struct build *b, const struct definition_steps *s,
		     const struct destination *to, size_t to_count, struct plan_steps *out,
		     struct err **e);

/* What an offline build needs and the cache lacks, noted in `all`: see build_offline. `to`: where
 * the base's layers are to go. */
struct missing;
void build_missing(struct build *b, const struct definition *d, const struct lock *locked,
		   struct missing *all);
void build_missing_layers(struct build *b, const struct destination *to, size_t to_count,
			  struct missing *all);
/* What was built, and is known of bases: opened at the first need, closed with the build. For one
 * thread. */
int build_records(struct build *b, struct records **out, struct err **e);
/* The key that a lock holds: of one platform, and wherever its programs run, as a lock serves all
 * who build from it. */
void build_lock_key(struct build *b, const struct definition *d, struct digest *out);
/* What the definition's pip requirements name on this machine, each with the digest of what it
 * holds:
 * "./pkg sha256:HEX". Looked at once. */
struct strs build_local(struct build *b, const struct definition *d);
/* The specs of a definition as a lock names what it was made for: sorted. */
struct strs build_spec_texts(struct arena *a, const struct definition *d);
/* Whether packages that stand in a plan satisfy the definition's specs in what archives say and
 * locks do not: their build numbers. ERR_USAGE as build_lock_fits. */
int build_lock_met(const struct definition *d, const struct link_plan *plan, struct err **e);
/* The code for a failure with the base: ERR_NET, where its registry says ERR_ABSENT. */
int build_base_code(const struct build *b, int code);
/* The names that the definition's specs have. */
struct strs build_wanted(struct arena *a, const struct definition *d);
/* Manifest and config of the base, once. */
int build_pull_base(struct build *b, struct err **e);
/* What the base offers and the user gave. The base's layers are read for it at most once a machine;
 * the log is warned of a base without glibc. ERR_ABSENT when that is needed and this is offline. */
int build_virtuals(struct build *b, struct arena *a, struct virtuals *out, struct err **e);
/* ERR_UNSOLVABLE when packages of a lock need virtual packages that the base does not offer. */
int build_check_virtuals(struct build *b, const struct record *records, size_t count,
			 struct err **e);
/* The same of what the archives say, where the lock did not. */
int build_check_plan(struct build *b, const struct link_plan *plan, struct err **e);
/* ERR_UNSOLVABLE names a wheel of the lock that is for another Python or another system, or, when
 * `glibc` counts, for a newer one than the base has. */
int build_check_wheels(struct build *b, const struct lock *l, bool glibc, struct err **e);
/* Warns of packages that need another glibc than this machine's, which will run them. */
void build_warn_of_host(struct build *b, const struct record *records, size_t count);
/* Tells b->http the logins that stand in the definition's pip requirements, or that the variables
 * there and the keyring give: of an address for that one only, of an index for its host. */
void build_know_logins(struct build *b, const struct definition *d);
/* The wheels that the definition's pip requirements resolve to, on top of the lock's packages,
 * which are downloaded for it. */
int build_add_wheels(struct build *b, const struct definition *d, struct lock *l, struct err **e);
/* Puts wheels in the place of sources, which are built where the cache has none: files are those of
 * the lock's archives. */
int build_sources(struct build *b, const struct lock *l, struct package_file *files,
		  struct err **e);
/* The same of what the cache has, when nothing is missing; *missing: how many it has not. */
int build_find_sources(struct build *b, const struct lock *l, struct package_file *files,
		       size_t *missing, struct err **e);
/* The archives of the lock, and the plan of how they are linked. files has l->count rows. */
int build_fetch(struct build *b, const struct lock *l, struct package_file *files, struct err **e);
/* package_check, for who reads an archive without a plan. */
int build_check_archive(struct build *b, const struct record *r, const struct package_file *file,
			struct err **e);
int build_plan(struct build *b, const struct lock *l, const struct package_file *files,
	       struct link_plan *out, struct err **e);

/* link_activation, once a machine; in the arena. */
int build_activation(struct build *b, const struct link_plan *plan, struct arena *a,
		     struct strs *out, struct err **e);

/* One destination: its registry, and the tags it gets. */
struct destination {
	struct reference reference;
	struct registry *registry;
	struct strs tags; /* the key's, and the user's */
};
/* In the arena; ERR_USAGE, ERR_SYNTAX. What is opened, destinations_close closes. */
int destinations_open(struct build *b, struct strs names, const char *key_hex, struct arena *a,
		      struct destination **out, size_t *out_count, struct err **e);
/* ERR_USAGE when one of them could not hold the layers of the base, which was pulled. */
int destinations_check_base(const struct build *b, const struct destination *to, size_t to_count,
			    struct err **e);
/* ERR_USAGE when an engine is to make the image, and cannot make that or put it there. */
int build_check_engine(const struct build *b, const struct reference *r, struct err **e);
void destinations_close(struct destination *to, size_t count);
/* The media type of a lock beside an image. */
#define BUILD_LOCK_TYPE "application/vnd.kiln.lock.v1+yaml"
/* The digest of the lock that the key's image says it was made of. ERR_ABSENT: there is none, or it
 * does not say. */
int destination_find_lock(struct build *b, const struct destination *to, struct digest *out,
			  struct err **e);
/* As named, but without a tag: what the local records are kept by. */
void destination_name(const struct destination *to, struct buf *out);

/* One package in a layer. */
struct packed_part {
	const struct record *record; /* NULL: what belongs to the environment as a whole */
	uint64_t size, unpacked; /* bytes: of its compressed tar entries, and of the plain ones */
	bool made;		 /* packed for this image; else this machine had it */
};

/* Layers of an environment, packed and pushed to every destination as they get ready. */
struct packed {
	struct layer *layers;	    /* [count], in the arena; what they hold, packed_done frees */
	bool *sent;		    /* [count]: bytes went to some destination */
	struct packed_part **parts; /* [count][its packages] */
	size_t count;
};
void packed_done(struct packed *p);
AUTO_DEFINE_VALUE(struct packed, packed_done)
int pack_and_push(struct build *b, const struct link_plan *plan, const struct lock *l,
		  const struct definition *d, struct destination *to, size_t to_count,
		  struct arena *a, struct packed *out, struct err **e);
/* The base's blobs, mounted or streamed to every destination in a thread of their own;
 * `b` and `to` must stay. Whoever fails first, the base or the layers, sets b->given_up, which
 * ends the other. base_push_finish waits; `code` and *e are what came of the layers, and it
 * returns what came of both: the first failure. NULL is fine. */
struct base_push;
int base_push_start(struct build *b, struct destination *to, size_t to_count,
		    struct base_push **out, struct err **e);
int base_push_finish(struct base_push *p, int code, struct err **e);
/* One of the layers to one destination; 1 when its bytes were sent, 0 when it was there. again:
 * the registry lost it. */
int push_layer(const struct build *b, const struct destination *to, const struct layer *layer,
	       bool again, struct err **e);
/* One platform's image at one destination. */
struct image_push {
	const struct build *b;
	const struct destination *to;
	struct packed *packed;
	const struct image *image;
	bool part; /* of an index: it gets no tags */
};
/* Config, manifest and tags. Layers and base have been pushed before; what the registry has
 * lost of them meanwhile is pushed once more. */
int push_image(struct image_push *p, struct err **e);
/* The index of images that have been pushed to one destination, and its tags. */
int push_index(const struct image_index *index, struct image_push *images, size_t count,
	       struct err **e);
struct layer_options build_layer_options(const struct build *b);
#endif
