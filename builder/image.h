/* builder/image.h - OCI manifest and config on top of a base (OCI image-spec 1.1). */
#ifndef KILN_IMAGE_H
#define KILN_IMAGE_H
#include "builder/descriptor.h"
#include "builder/layer.h"
#include "specs/base/json.h"

enum {
	IMAGE_LAYERS_MAX = 125,	     /* base included: Docker's graph drivers stop there */
	MANIFEST_SIZE_MAX = 4 << 20, /* bytes; what registries accept */
	IMAGE_CONFIG_SIZE_MAX = 8 << 20,
};

/* Labels and annotations of kiln's own; the domain is the project's, reversed. */
#define IMAGE_KEY "io.kiln.key"
#define IMAGE_LOCK_DIGEST "io.kiln.lock.digest"

/* A base image as far as kiln reads it: manifest and config, no blobs. */
struct base_image {
	struct arena arena;
	struct str reference; /* as the user named it; empty: no registry has it */
	struct digest digest; /* of the manifest that was chosen */
	struct digest named;  /* of what the name gave: the index if it was one (base_image_parse:
				 the same as digest) */
	bool docker;	      /* Docker schema 2 media types */
	struct descriptor config;
	struct descriptor *layers;
	size_t layer_count;
	cJSON *config_json;
	cJSON *manifest_json;
};
void base_image_done(struct base_image *b);
AUTO_DEFINE_VALUE(struct base_image, base_image_done)
/* From the raw bytes of a manifest and its config. The reference stays empty. ERR_CORRUPT,
 * ERR_LIMIT, ERR_DIGEST when the config is not the manifest's. */
int base_image_parse(struct str manifest, struct str config, struct base_image *out,
		     struct err **e);
/* The config's descriptor of a manifest, to fetch it before base_image_parse. */
int manifest_config(struct str manifest, struct arena *a, struct descriptor *out, struct err **e);
/* Of an index: the manifest for the platform ("linux/amd64"); ERR_ABSENT lists what there
 * is. `manifest` is not an index: false in *out_index. What is chosen may be an index again:
 * the caller asks again, four deep at most. media_type: what the registry said, or empty;
 * ERR_CORRUPT when body and type disagree. */
int image_index_choose(struct str manifest, struct str media_type, const char *platform,
		       bool *out_index, struct descriptor *out, struct arena *a, struct err **e);

struct image_options {
	const char *platform; /* "linux/amd64" */
	const char
		*prefix; /* of the environment: PATH gets its bin in front; NULL: there is none */
	struct str bin;	 /* then: the folder that PATH gets in front; empty: none */
	const char *key; /* hex, goes to an annotation and a label */
	const char *lock_digest;
	uint64_t created;	  /* seconds since 1970 */
	struct strs env;	  /* further "NAME=value" */
	struct strs labels;	  /* further "NAME=value" */
	struct str user, workdir; /* empty: the base's */
	bool oci; /* OCI media types on a Docker base too (an OCI layout wants them) */
};

struct image {
	struct arena arena;
	struct str manifest, config; /* bytes */
	struct digest manifest_digest, config_digest;
	struct str media_type; /* of the manifest */
	uint64_t size;	       /* of all blobs, manifest included */
};
void image_done(struct image *i);
AUTO_DEFINE_VALUE(struct image, image_done)
/* base may be NULL: an image from nothing. Equal input gives equal bytes. The media types are
 * those of the base's family, OCI's when a layer is zstd. ERR_LIMIT past IMAGE_LAYERS_MAX
 * layers; ERR_CORRUPT for a base whose config no engine would run. */
int image_make(const struct base_image *base, const struct layer *layers, size_t count,
	       const struct image_options *o, struct image *out, struct err **e);
/* The value of NAME in the base's environment; empty when absent. */
struct str base_image_env(const struct base_image *b, const char *name);
/* The same of its labels. */
struct str base_image_label(const struct base_image *b, const char *name);
#endif
