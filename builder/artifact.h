/* builder/artifact.h - small things in a registry that are no images: a manifest with an
 * artifactType and an empty config (OCI image-spec 1.1, "Guidelines for Artifact Usage"). */
#ifndef KILN_ARTIFACT_H
#define KILN_ARTIFACT_H
#include "builder/registry.h"

/* Of the two bytes "{}", which are the config of all of them. */
#define ARTIFACT_EMPTY_TYPE "application/vnd.oci.empty.v1+json"
struct descriptor artifact_empty(void);
struct descriptor artifact_descriptor(const char *type, struct str bytes);
/* Pushes bytes as a blob. Errors as of registry_push_blob. */
int artifact_push(struct registry *g, const struct reference *to, const char *type,
		  struct str bytes, struct err **e);
int artifact_push_empty(struct registry *g, const struct reference *to, struct err **e);
/* Appends a blob, whole and checked. ERR_LIMIT above what the buffer takes, ERR_DIGEST; more as of
 * registry_read_blob. */
int artifact_pull(struct registry *g, const struct reference *from, const struct descriptor *d,
		  struct buf *out, struct err **e);
/* Opens a manifest's object and puts its first members, up to the config. */
void artifact_open(struct json_out *j, const char *type);
#endif
