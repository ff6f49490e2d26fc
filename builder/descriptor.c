/* builder/descriptor.c - descriptors read and written. */
#include "builder/descriptor.h"

int descriptor_read(const cJSON *from, struct arena *a, struct descriptor *out, struct err **e)
{
	const char *digest = json_text(from, "digest");
	struct descriptor d = {.media_type = arena_str(a, str_of(json_text(from, "mediaType")))};
	if (!digest || !json_u64(from, "size", &d.size))
		return err_set(e, ERR_CORRUPT, "a descriptor lacks digest or size");
	if (!str_starts(str_of(digest), "sha256:") || !digest_parse(str_of(digest), &d.digest))
		return err_set(e, ERR_CORRUPT, "digest \"%s\" is not sha256", digest);
	*out = d;
	return 0;
}

void descriptor_put_members(struct json_out *j, const struct descriptor *d)
{
	json_put_str(j, "mediaType", d->media_type);
	json_put_text(j, "digest", digest_name(&d->digest).text);
	json_put_u64(j, "size", d->size);
}

void descriptor_put(struct json_out *j, const char *key, const struct descriptor *d)
{
	json_open(j, key, '{');
	descriptor_put_members(j, d);
	json_close(j, '}');
}
