/* builder/descriptor.h - what points to a blob: media type, digest, size (OCI image-spec 1.1,
 * descriptor.md). */
#ifndef KILN_DESCRIPTOR_H
#define KILN_DESCRIPTOR_H
#include "specs/base/arena.h"
#include "specs/base/digest.h"
#include "specs/base/json.h"

struct descriptor {
	struct str media_type;
	struct digest digest;
	uint64_t size; /* bytes */
};

/* Of a JSON object. ERR_CORRUPT without digest and size, and for a digest that is no SHA-256; the
 * media type may be empty, as old layouts have it. */
int descriptor_read(const cJSON *from, struct arena *a, struct descriptor *out, struct err **e);
/* The three members, into an open object. */
void descriptor_put_members(struct json_out *j, const struct descriptor *d);
/* The object; key: NULL in a list. */
void descriptor_put(struct json_out *j, const char *key, const struct descriptor *d);
#endif
