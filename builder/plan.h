/* builder/plan.h - what a build would do, worked out and not done: nothing is downloaded but what
 * a solve needs, nothing is packed or pushed. */
#ifndef KILN_PLAN_H
#define KILN_PLAN_H
#include "builder/build.h"
#include "specs/virtual.h"

enum plan_state {
	PLAN_UNKNOWN, /* archives have to be downloaded before this machine can tell */
	PLAN_MISSING, /* packages of it would be packed */
	PLAN_PACKED,  /* all packages stand packed in the cache */
};

struct plan_layer {
	struct strs packages; /* "environment" is what belongs to all of them */
	uint64_t archives;    /* bytes of the packages' archives, as far as they are known */
	size_t downloads;     /* archives of it that are not in the cache */
	enum plan_state state;
	bool known; /* this machine has made it before: digest and size are set */
	struct digest digest;
	uint64_t size; /* compressed */
};

struct plan_destination {
	struct str name; /* HOST/REPO or oci:DIR */
	bool built;	 /* it has the key's image: the same build would do nothing */
	struct digest image;
	bool *has;	    /* [layers]: those that are known */
	bool *has_base;	    /* [base's layers] */
	uint64_t base_send; /* bytes of the base's layers that it lacks */
};

/* A base that the definition's Dockerfile makes. */
struct plan_steps {
	struct str context;    /* as written, without a login; empty: the Dockerfile is a text */
	struct str dockerfile; /* in the context */
	struct strs from;      /* images that it begins with, as far as they are plainly named */
	struct str image;      /* where it is pushed; empty: no destination is a registry */
	bool made;	       /* it is there, and the plan's base */
};

struct plan {
	struct arena arena;
	struct lock lock; /* the packages in link order, channels, specs */
	struct digest key;
	const char *platform, *prefix; /* "linux/amd64"; of the build */
	bool has_steps;
	struct plan_steps steps;
	struct str base_name;	   /* empty: none, or it is to be made */
	struct digest base_digest; /* what the name gave */
	size_t base_layers;
	uint64_t base_size; /* bytes of its layers */
	struct virtuals virtuals;
	bool *cached; /* [lock.count]: the archive is in the cache */
	size_t download_count, unsized;
	uint64_t download;	   /* bytes; `unsized` of the archives do not say theirs */
	struct plan_layer *layers; /* NULL while the size of an archive is not known */
	size_t layer_count;
	struct plan_destination *to;
	size_t to_count;
};
void plan_done(struct plan *p);
AUTO_DEFINE_VALUE(struct plan, plan_done)

/* Of one platform, b's. key: that of all platforms (build_key). locked: use its packages instead of
 * solving; may be NULL. destinations may be empty. It must outlive neither b nor d. Errors as
 * build_image's, where it would come to them. A base that an engine has yet to make offers nothing:
 * packages are chosen for the usual virtual packages, and those of b's options. */
int plan_make(struct build *b, const struct definition *d, const struct digest *key,
	      const struct lock *locked, struct strs destinations, struct plan *out,
	      struct err **e);
/* What `kiln plan --json` prints: the document of the only platform, or one with all of them. */
void plan_write_json(const struct plan *plans, size_t count, struct buf *out);
#endif
