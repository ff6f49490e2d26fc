/* builder/build_base.c - the base image: where it is asked for, what its name means, its manifest.
 */
#include "builder/build_private.h"
#include "cache/mirror.h"
#include "cache/records.h"

int build_base_code(const struct build *b, int code)
{
	bool far = b->base_reference.kind != REFERENCE_OCI;
	return code == ERR_ABSENT && far && !b->o.offline ? ERR_NET : code;
}

/* ---- mirrors ---- */

static void find_places(struct build *b)
{
	const struct reference *r = &b->base_reference;
	bool far = r->kind == REFERENCE_REGISTRY;
	struct str name =
		arena_printf(&b->arena, "%.*s/%.*s", STR_ARG(r->host), STR_ARG(r->repository));
	b->base_places = mirrors_places(far ? b->mirrors : NULL, name, &b->arena);
	b->base_at = 0;
}

/* Its registry; a mirror has the same tags and digests under another name. */
static int open_place(struct build *b, struct err **e)
{
	struct registry_options options = {.platform = b->platform->image,
					   .jobs = b->o.jobs,
					   .log = b->o.log,
					   .brief = b->base_at + 1 < b->base_places.n};
	struct reference source = b->base_reference;
	if (source.kind == REFERENCE_REGISTRY) {
		int r = reference_parse(&b->arena, b->base_places.v[b->base_at], &source, e);
		if (r < 0)
			return err_wrap(e, r, "mirror");
		source.tag = b->base_reference.tag;
		source.has_digest = b->base_reference.has_digest;
		source.digest = b->base_reference.digest;
	}
	registry_close(STEAL(&b->base_registry));
	b->base_source = source;
	return registry_open(b->http, &b->base_source, &options, &b->base_registry, e);
}

static int open_base(struct build *b, struct err **e)
{
	find_places(b);
	return open_place(b, e);
}

/* From place to place until one gives what is asked for. */
static int ask_places(struct build *b, int (*ask)(struct build *b, struct err **e), struct err **e)
{
	for (;;) {
		struct err *why = NULL;
		int r = ask(b, &why);
		if (r < 0 && mirror_may_help(r) && b->base_at + 1 < b->base_places.n) {
			mirrors_pass(b->http, b->base_places, b->base_at++, &why);
			if ((r = open_place(b, e)) < 0)
				return r;
			continue;
		}
		if (r < 0 && e)
			*e = STEAL(&why);
		err_free(why);
		return r;
	}
}

/* ---- what its name means ---- */

static int ask_digest(struct build *b, struct err **e)
{
	return registry_head(b->base_registry, &b->base_source, &b->base_digest, NULL, e);
}

/* What a name stands for in its registry. Kept, as an offline run will not ask. */
static int find_named(struct build *b, struct err **e)
{
	AUTO(buf_done) struct buf name = BUF(BUF_UNLIMITED);
	struct reference *at = &b->base_reference;
	struct records *records;
	reference_write(at, &name);
	int r = build_records(b, &records, e);
	if (r == 0 && b->o.offline) {
		b->base_unknown =
			records_get_name(records, buf_str(&name), &b->base_digest, NULL) < 0;
		return b->base_unknown ? build_offline(b, NULL, NULL, e) : 0;
	}
	if (r == 0)
		r = ask_places(b, ask_digest, e);
	return r < 0 ? r : records_put_name(records, buf_str(&name), &b->base_digest, e);
}

static int find_base(struct build *b, struct err **e)
{
	const struct reference *at = &b->base_reference;
	if (at->kind == REFERENCE_REGISTRY && !at->has_digest)
		return find_named(b, e);
	b->base_digest = at->digest;
	return at->has_digest ? 0 : ask_digest(b, e);
}

/* What the name stands for was asked once, for the first platform. */
static int set_base_as(struct build *b, const struct build *first, struct err **e)
{
	b->base_reference = first->base_reference;
	b->base_digest = first->base_digest;
	b->has_base = true;
	return open_base(b, e);
}

int build_set_base(struct build *b, const char *reference, struct err **e)
{
	int r = reference_parse(&b->arena, str_of(reference), &b->base_reference, e);
	if (r == 0 && !registry_form(&b->base_reference)->read)
		r = err_set(e, ERR_USAGE,
			    "%s: images there can be made, not built on; a base is "
			    "HOST/REPOSITORY[:TAG] or oci:DIR[:TAG]",
			    reference);
	if (r < 0)
		return err_wrap(e, r, "--base");
	r = open_base(b, e);
	if (r == 0)
		r = find_base(b, e);
	if (b->base_unknown)
		return r;
	b->has_base = r == 0;
	for (struct build *next = b->next; next && r == 0; next = next->next)
		r = set_base_as(next, b, e);
	return r < 0 ? err_wrap(e, build_base_code(b, r), "base image %s", reference) : 0;
}

/* ---- its manifest ---- */

/* By the digest the key was made with: the tag may move meanwhile. */
static int ask_image(struct build *b, struct err **e)
{
	struct reference exact = b->base_source;
	exact.has_digest = true;
	exact.digest = b->base_digest;
	return registry_pull_base(b->base_registry, &exact, b->cache, &b->base, e);
}

int build_pull_base(struct build *b, struct err **e)
{
	if (!b->has_base || b->base_pulled)
		return 0;
	int r = ask_places(b, ask_image, e);
	if (r < 0)
		return err_wrap(e, build_base_code(b, r), "base image");
	struct reference exact = b->base_reference;
	exact.has_digest = true;
	exact.digest = b->base_digest;
	registry_name_base(&exact, &b->base);
	b->base_pulled = true;
	return 0;
}
