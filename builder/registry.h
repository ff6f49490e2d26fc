/* builder/registry.h - OCI distribution protocol 1.1: pull manifests, push images; and the
 * same over an OCI layout folder, archives of images, and a container engine. */
#ifndef KILN_REGISTRY_H
#define KILN_REGISTRY_H
#include "builder/image.h"
#include "cache/http.h"
#include "specs/reference.h"
#include <stdatomic.h>

struct registry;

/* What can be done with places of a form. */
struct registry_form {
	const char *usage;
	bool read;  /* what is there can be read: images built on, documents put beside them */
	bool near;  /* a file of this machine: nobody is asked for it */
	bool oci;   /* its manifests are OCI's, whatever the base's are */
	bool plain; /* read by engines that know neither zstd nor lists of platforms */
};
/* Of the reference's kind; lives for ever. */
const struct registry_form *registry_form(const struct reference *r);
/* All forms an image can be sent to, with `sep` between. */
void registry_forms(const char *sep, struct buf *out);

struct registry_options {
	const char *platform; /* "linux/amd64": which manifest of an index */
	unsigned jobs;	      /* uploads at once */
	struct log *log;
	unsigned backoff_ms; /* most to wait before an upload's second try; 0: 500 */
	/* Another one, or NULL: if it is of the same host, that is not asked again what it speaks.
	 */
	struct registry *like;
	/* Where an engine's images, which have lost their manifests, are remembered; or NULL. */
	struct records *records;
	bool brief; /* a mirror can be asked for what it has to give (see http_request) */
};

/* One registry host with its credentials and tokens, or a place of another form. Safe for use by
 * several threads. Credentials come from docker's config.json ($DOCKER_CONFIG, ~/.docker). */
int registry_open(struct http *h, const struct reference *r, const struct registry_options *o,
		  struct registry **out, struct err **e);
void registry_close(struct registry *g);
AUTO_DEFINE(struct registry *, registry_close)

/* Manifest and config of a base image, for the platform. ERR_ABSENT, ERR_REFUSED, ERR_NET,
 * ERR_DIGEST. Everything by digest is kept in `cache` (a folder) and not asked for again. */
int registry_pull_base(struct registry *g, const struct reference *r, const char *cache,
		       struct base_image *out, struct err **e);
/* Names the image for people and annotations: registry_pull_base does so by its reference, which
 * may be a mirror's. What no registry has gets no name. */
void registry_name_base(const struct reference *r, struct base_image *image);
/* The digest a tag names now; ERR_ABSENT. One HEAD. */
int registry_head(struct registry *g, const struct reference *r, struct digest *out,
		  uint64_t *out_size, struct err **e);

/* The raw manifest (or index) that a reference names, and its media type. ERR_ABSENT. */
int registry_get_manifest(struct registry *g, const struct reference *r, struct buf *out,
			  struct buf *media_type, struct err **e);

/* All tags of the repository, in no order, in the arena. ERR_ABSENT when it has nothing at all, and
 * ERR_USAGE of places that are no registry. */
int registry_tags(struct registry *g, const struct reference *r, struct arena *a, struct strs *out,
		  struct err **e);
/* Waits a little, longer after each failure; ERR_INTERRUPTED. */
int registry_wait(const struct registry *g, unsigned failures, struct err **e);

/* A blob to read: which, and where its bytes go. */
typedef int write_bytes(void *to, const void *p, size_t n, struct err **e);
struct blob_read {
	struct digest digest;
	uint64_t size, at; /* from byte `at` */
	write_bytes *write;
	void *to;
};
/* Streams a blob of the registry, unchecked but for its size: whoever takes it hashes. ERR_ABSENT,
 * ERR_REFUSED, ERR_NET, ERR_DIGEST when the size is another, and what `write` says. */
int registry_read_blob(struct registry *g, const struct reference *r, const struct blob_read *b,
		       struct err **e);

/* Whether a blob of that size is there: 1, 0. ERR_REFUSED, ERR_NET. One HEAD. */
int registry_has_blob(struct registry *g, const struct reference *r, const struct digest *d,
		      uint64_t size, struct err **e);

/* A blob to push: where its bytes come from. */
struct push_blob {
	struct digest digest;
	uint64_t size;
	struct str media_type;
	struct str name; /* for progress */
	int (*read)(void *cookie, uint64_t at,
		    int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		    struct err **e); /* streams from byte `at`; NULL: a blob of `from` */
	void *cookie;
	struct registry *from; /* the base's registry and repository: mount or stream */
	const struct reference *from_reference;
	bool sent;  /* out: bytes were uploaded (not there before) */
	bool again; /* the registry lost it: upload, whatever it says it has */
	/* Once true, no more of its bytes are sent: ERR_INTERRUPTED. NULL: nobody gives up. */
	const atomic_bool *given_up;
};
/* Pushes one blob: HEAD, mount, upload. Sets b->sent. Layers that are not to be distributed
 * stay where they are. ERR_REFUSED, ERR_NET, ERR_DIGEST, and whatever b->read says. */
int registry_push_blob(struct registry *g, const struct reference *to, struct push_blob *b,
		       struct err **e);
/* A manifest to push. Registries may lose blobs between their push and the manifest's: `lost`
 * is called once for each blob that the answer names as missing, to push it with b->again, and
 * then the manifest comes again. What is one file or stream takes no blob before: it asks so for
 * each in the order in which it wants them, and for the manifests of an index. NULL: nobody has
 * the blobs. */
struct push_manifest {
	struct str manifest, media_type;
	struct strs tags;
	int (*lost)(void *cookie, const struct digest *blob, struct err **e);
	void *cookie;
	bool part; /* of an index that follows: the index.json of a layout does not list it */
	/* Set when the registry lists it as a referrer of its subject; NULL: nobody asks. */
	bool *out_listed;
};
/* Puts it under its digest and then under each tag; a tag that names it already is left alone.
 * ERR_ABSENT when the registry has lost a blob of it for good. */
int registry_put(struct registry *g, const struct reference *to, const struct push_manifest *m,
		 struct err **e);
#endif
