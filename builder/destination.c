/* builder/destination.c - where an image goes, by the names given. */
#include "builder/build_private.h"
#include "builder/media_type.h"

enum { KEY_TAG = 32 }; /* hex digits of the key that make a tag */

static int check(const struct build *b, const struct reference *r, struct str name, struct err **e)
{
	const struct registry_form *form = registry_form(r);
	if (r->has_digest)
		return err_set(e, ERR_USAGE, "destination %s: a digest cannot be asked for",
			       name.p);
	if (b->o.offline && !form->near)
		return err_set(e, ERR_USAGE,
			       "destination %s: --offline reaches no registry and no engine; "
			       "oci:DIR[:TAG] it does, oci-archive: and docker-archive:",
			       name.p);
	int code = build_check_engine(b, r, e);
	if (code < 0)
		return code;
	if (b->documents && !form->read)
		return err_set(e, ERR_USAGE,
			       "destination %s: it holds an image alone; --sbom wants a registry "
			       "or oci:DIR (`kiln sbom` prints the document)",
			       name.p);
	if (form->plain && b->o.compression == COMPRESSION_ZSTD)
		return err_set(e, ERR_USAGE,
			       "destination %s: docker load reads no zstd layers (Docker 20.10); "
			       "leave --compression zstd away, or use oci-archive:",
			       name.p);
	if (form->plain && b->next)
		return err_set(e, ERR_USAGE,
			       "destination %s: it holds the image of one platform; name one with "
			       "--platform, or use oci-archive:",
			       name.p);
	return 0;
}

static int open_one(struct build *b, struct destination *to, struct str name, struct arena *a,
		    struct err **e)
{
	const struct reference *base;
	struct registry_options options = {
		.platform = b->platform->image,
		.jobs = b->o.jobs,
		.log = b->o.log,
		.like = b->base_source ? base_source_registry(b->base_source, &base) : NULL,
	};
	int code = reference_parse(a, name, &to->reference, e);
	if (code < 0)
		return err_wrap(e, code, "destination");
	if ((code = check(b, &to->reference, name, e)) < 0 ||
	    (code = build_records(b, &options.records, e)) < 0)
		return code;
	code = registry_open(b->http, &to->reference, &options, &to->registry, e);
	return code < 0 ? err_wrap(e, code, "destination %s", name.p) : 0;
}

int destinations_check_base(const struct build *b, const struct destination *to, size_t to_count,
			    struct err **e)
{
	bool plain = false, zstd = false;
	for (size_t i = 0; i < to_count; i++)
		plain |= registry_form(&to[i].reference)->plain;
	for (size_t i = 0; b->base_pulled && i < b->base.layer_count; i++)
		zstd |= media_type_kind(b->base.layers[i].media_type, NULL) == MEDIA_LAYER_ZSTD;
	if (!plain || !zstd)
		return 0;
	return err_set(e, ERR_USAGE,
		       "the base image has zstd layers, which docker load does not "
		       "read; use oci-archive:");
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
