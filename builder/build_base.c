/* builder/build_base.c - the base image: where it is asked for, what its name means, its manifest.
 */
#include "builder/build_private.h"
#include "cache/records.h"

int build_base_code(const struct build *b, int code)
{
	bool far = b->base_reference.kind != REFERENCE_OCI;
	return code == ERR_ABSENT && far && !b->o.offline ? ERR_NET : code;
}

/* The platform's manifests are chosen: each platform reads for itself. */
static int open_base(struct build *b, struct err **e)
{
	struct registry_options options = {
		.platform = b->platform->image, .jobs = b->o.jobs, .log = b->o.log};
	base_source_close(STEAL(&b->base_source));
	return base_source_open(b->http, b->mirrors, &b->base_reference, &options, &b->base_source,
				e);
}

/* ---- what its name means ---- */

static int ask_digest(void *cookie, struct registry *g, const struct reference *at, struct err **e)
{
	return registry_head(g, at, cookie, NULL, e);
}

static int find_digest(struct build *b, struct err **e)
{
	return base_source_ask(b->base_source, ask_digest, &b->base_digest, e);
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
		r = find_digest(b, e);
	return r < 0 ? r : records_put_name(records, buf_str(&name), &b->base_digest, e);
}

static int find_base(struct build *b, struct err **e)
{
	const struct reference *at = &b->base_reference;
	if (at->kind == REFERENCE_REGISTRY && !at->has_digest)
		return find_named(b, e);
	b->base_digest = at->digest;
	return at->has_digest ? 0 : find_digest(b, e);
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
static int ask_image(void *cookie, struct registry *g, const struct reference *at, struct err **e)
{
	struct build *b = cookie;
	struct reference exact = *at;
	exact.has_digest = true;
	exact.digest = b->base_digest;
	return registry_pull_base(g, &exact, b->cache, &b->base, e);
}

int build_pull_base(struct build *b, struct err **e)
{
	if (!b->has_base || b->base_pulled)
		return 0;
	int r = base_source_ask(b->base_source, ask_image, b, e);
	if (r < 0)
		return err_wrap(e, build_base_code(b, r), "base image");
	struct reference exact = b->base_reference;
	exact.has_digest = true;
	exact.digest = b->base_digest;
	registry_name_base(&exact, &b->base);
	b->base_pulled = true;
	return 0;
}
