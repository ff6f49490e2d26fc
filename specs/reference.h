/* specs/reference.h - where images live: HOST/REPOSITORY[:TAG][@DIGEST], and places that skopeo
 * calls by a transport: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG],
 * docker-daemon:NAME:TAG.
 *
 * The grammar is distribution/reference's: docker.io and library/ are filled in, a first
 * component is a host only when it has a dot or a colon or is localhost. */
#ifndef KILN_REFERENCE_H
#define KILN_REFERENCE_H
#include "specs/base/arena.h"
#include "specs/base/digest.h"

enum reference_kind {
	REFERENCE_REGISTRY,
	REFERENCE_OCI,
	REFERENCE_OCI_ARCHIVE,
	REFERENCE_DOCKER_ARCHIVE,
	REFERENCE_DOCKER_DAEMON,
	REFERENCE_KINDS
};

struct reference {
	enum reference_kind kind;
	/* Of a registry, and of an image's name for an engine, which an archive may lack: */
	struct str host;       /* "docker.io", "127.0.0.1:5000" */
	struct str repository; /* "library/debian" */
	struct str path;       /* the folder or file of oci: and the archives */
	struct str tag;	       /* empty: none given */
	bool has_digest;
	struct digest digest;
};

/* ERR_SYNTAX with what is wrong. Slices live in the arena. */
int reference_parse(struct arena *a, struct str text, struct reference *out, struct err **e);
/* The full text, nothing implied. */
void reference_write(const struct reference *r, struct buf *out);
/* Only HOST/REPOSITORY:TAG of it, as far as it has them: what an engine calls the image. */
void reference_write_name(const struct reference *r, struct buf *out);
/* The host to connect to: docker.io answers at registry-1.docker.io. */
struct str reference_api_host(const struct reference *r);
/* Whether the host is a loopback address or localhost: plain HTTP may be tried. */
bool reference_is_loopback(const struct reference *r);
#endif
