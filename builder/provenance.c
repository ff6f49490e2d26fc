/* builder/provenance.c - how an image was made: an in-toto statement (v1) with SLSA's predicate. */
#include "builder/kiln_version.h"
#include "builder/purl.h"
#include "builder/sbom.h"
#include "specs/base/json.h"

/* Names that nobody else has, not addresses: kiln owns none. */
#define NAMES "urn:kiln:"

static void put_digest(struct json_out *j, const struct digest *d)
{
	json_open(j, "digest", '{');
	json_put_text(j, "sha256", digest_text(d).hex);
	json_close(j, '}');
}

/* What was asked for; folders of the machine that built are no names for others. */
static void put_parameters(const struct provenance *p, struct json_out *j)
{
	const struct lock *l = p->of->lock;
	json_open(j, "externalParameters", '{');
	json_put_text(j, "key", p->key);
	json_put_text(j, "platform", p->of->platform);
	json_put_text(j, "prefix", p->prefix);
	json_put_text(j, "compression", p->compression);
	json_put_strs(j, "specs", l->specs);
	json_put_strs(j, "pip", l->pip);
	json_open(j, "channels", '[');
	for (size_t i = 0; i < l->channels.n; i++)
		json_put_str(j, NULL,
			     str_starts(l->channels.v[i], "file:") ? STR("a folder")
								   : l->channels.v[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void put_base(const struct lock *l, struct json_out *j)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf purl = BUF(64 << 10);
	struct reference r;
	struct digest digest;
	if (!digest_parse(l->base_digest, &digest))
		return;
	json_open(j, NULL, '{');
	json_put_text(j, "name", "base image");
	if (reference_parse(&a, l->base_name, &r, NULL) == 0 && r.kind == REFERENCE_REGISTRY) {
		purl_write_image(&r, &digest, &purl);
		json_put_str(j, "uri", buf_str(&purl));
	}
	put_digest(j, &digest);
	json_close(j, '}');
}

static void put_materials(const struct provenance *p, struct json_out *j)
{
	const struct link_plan *plan = p->of->plan;
	json_open(j, "resolvedDependencies", '[');
	put_base(p->of->lock, j);
	for (size_t i = 0; i < plan->count; i++) {
		const struct record *r = &plan->records[i];
		AUTO(buf_done) struct buf purl = BUF(64 << 10);
		purl_write(r, &purl);
		json_open(j, NULL, '{');
		json_put_str(j, "uri", buf_str(&purl));
		put_digest(j, &plan->files[i].sha256);
		if (!str_starts(r->url, "file:"))
			json_put_str(j, "downloadLocation", r->url);
		json_close(j, '}');
	}
	json_close(j, ']');
}

int provenance_write(const struct provenance *p, struct buf *out, struct err **e)
{
	struct json_out of = {out}, *j = &of;
	json_open(j, NULL, '{');
	json_open(j, "buildDefinition", '{');
	json_put_text(j, "buildType", NAMES "build:1");
	put_parameters(p, j);
	put_materials(p, j);
	json_close(j, '}');
	json_open(j, "runDetails", '{');
	json_open(j, "builder", '{');
	json_put_text(j, "id", NAMES "builder");
	json_open(j, "version", '{');
	json_put_text(j, "kiln", KILN_VERSION);
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, '}');
	return buf_check(out, "provenance", e);
}

int provenance_state(struct str predicate, struct str name, const struct digest *image,
		     struct buf *out, struct err **e)
{
	struct json_out j = {out};
	json_open(&j, NULL, '{');
	json_put_text(&j, "_type", "https://in-toto.io/Statement/v1");
	json_open(&j, "subject", '[');
	json_open(&j, NULL, '{');
	json_put_str(&j, "name", name);
	put_digest(&j, image);
	json_close(&j, '}');
	json_close(&j, ']');
	json_put_text(&j, "predicateType", "https://slsa.dev/provenance/v1");
	json_put_raw(&j, "predicate", predicate);
	json_close(&j, '}');
	buf_add_char(out, '\n');
	return buf_check(out, "provenance", e);
}
