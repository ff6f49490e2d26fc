/* builder/artifact.c - manifests without an image, and their blobs, from memory. */
#include "builder/artifact.h"
#include "builder/media_type.h"

#define EMPTY STR("{}")
enum { QUICK = 64 << 10 }; /* bytes that are sent before anybody could read of it */

struct descriptor artifact_descriptor(const char *type, struct str bytes)
{
	struct descriptor d = {.media_type = str_of(type), .size = bytes.n};
	digest_of(bytes.p, bytes.n, &d.digest);
	return d;
}

struct descriptor artifact_empty(void)
{
	return artifact_descriptor(ARTIFACT_EMPTY_TYPE, EMPTY);
}

static int read_text(void *cookie, uint64_t at, write_bytes *write, void *to, struct err **e)
{
	struct str rest = str_from(*(const struct str *)cookie, at);
	return write(to, rest.p, rest.n, e);
}

int artifact_push(struct registry *g, const struct reference *to, const char *type,
		  struct str bytes, struct err **e)
{
	struct descriptor d = artifact_descriptor(type, bytes);
	bool shown = bytes.n > QUICK;
	struct push_blob blob = {.digest = d.digest,
				 .size = d.size,
				 .media_type = d.media_type,
				 .name = shown ? d.media_type : STR(""),
				 .read = read_text,
				 .cookie = &bytes};
	return registry_push_blob(g, to, &blob, e);
}

int artifact_push_empty(struct registry *g, const struct reference *to, struct err **e)
{
	return artifact_push(g, to, ARTIFACT_EMPTY_TYPE, EMPTY, e);
}

int artifact_pull(struct registry *g, const struct reference *from, const struct descriptor *d,
		  struct buf *out, struct err **e)
{
	struct blob_read b = {.digest = d->digest, .size = d->size, .write = buf_write, .to = out};
	size_t at = out->n;
	struct digest is;
	if (d->size > out->max - at)
		return err_set(e, ERR_LIMIT, "a file of %llu bytes", (unsigned long long)d->size);
	int code = registry_read_blob(g, from, &b, e);
	if (code < 0)
		return code;
	digest_of(out->data + at, out->n - at, &is);
	if (digest_eq(&is, &d->digest))
		return 0;
	return err_set(e, ERR_DIGEST, "file %s: %s came", digest_name(&d->digest).text,
		       digest_name(&is).text);
}

void artifact_open(struct json_out *j, const char *type)
{
	struct descriptor empty = artifact_empty();
	json_open(j, NULL, '{');
	json_put_u64(j, "schemaVersion", 2);
	json_put_text(j, "mediaType", media_type_name(MEDIA_MANIFEST, false));
	json_put_text(j, "artifactType", type);
	descriptor_put(j, "config", &empty);
}
