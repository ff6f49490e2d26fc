/* builder/destination.c - where an image goes: registries and layouts, by the names given. */
#include "builder/build_private.h"

enum { KEY_TAG = 32 }; /* hex digits of the key that make a tag */

static int open_one(struct build *b, struct destination *to, struct str name, struct arena *a,
		    struct err **e)
{
	struct registry_options options = {
		.platform = b->platform->image,
		.jobs = b->o.jobs,
		.log = b->o.log,
		.like = b->base_registry,
	};
	int code = reference_parse(a, name, &to->reference, e);
	if (code < 0)
		return err_wrap(e, code, "destination");
	if (to->reference.has_digest)
		return err_set(e, ERR_USAGE, "destination %s: a digest cannot be asked for",
			       name.p);
	if (b->o.offline && to->reference.kind != REFERENCE_OCI)
		return err_set(
			e, ERR_USAGE,
			"destination %s: --offline reaches no registry; oci:DIR[:TAG] it does",
			name.p);
	code = registry_open(b->http, &to->reference, &options, &to->registry, e);
	return code < 0 ? err_wrap(e, code, "destination %s", name.p) : 0;
}

int destinations_open(struct build *b, struct strs names, const char *key_hex, struct arena *a,
		      struct destination **out, size_t *out_count, struct err **e)
{
	struct destination *made = arena_zero(a, names.n, sizeof(*made));
	for (size_t i = 0; i < names.n; i++) {
		struct str *tags = arena_zero(a, 2, sizeof(*tags));
		int code = open_one(b, &made[i], arena_str(a, names.v[i]), a, e);
		if (code < 0) {
			destinations_close(made, i);
			return code;
		}
		tags[0] = arena_str(a, (struct str){key_hex, KEY_TAG});
		tags[1] = made[i].reference.tag;
		made[i].tags = (struct strs){tags, tags[1].n ? 2 : 1};
	}
	*out = made;
	*out_count = names.n;
	return 0;
}

void destinations_close(struct destination *to, size_t count)
{
	for (size_t i = 0; i < count; i++)
		registry_close(to[i].registry);
}

void destination_name(const struct destination *to, struct buf *out)
{
	struct reference bare = to->reference;
	bare.tag = (struct str){0};
	reference_write(&bare, out);
}
