/* builder/referrer.c - artefacts with a subject, and the lists that lead to them. */
#include "builder/referrer.h"
#include "builder/artifact.h"
#include "builder/media_type.h"
#include "builder/registry_private.h"
#include "specs/moment.h"

#define CREATED "org.opencontainers.image.created"

/* The tag that stands for the list of an image's referrers. */
static struct reference list_of(const struct reference *r, const struct digest *image,
				struct arena *a)
{
	struct reference list = *r;
	list.has_digest = false;
	list.tag = arena_printf(a, "sha256-%s", digest_text(image).hex);
	return list;
}

static int get_tagged(struct registry *g, const struct reference *r, const struct digest *image,
		      struct buf *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf type = BUF(4096);
	AUTO(err_free) struct err *why = NULL;
	struct reference list = list_of(r, image, &a);
	int code = registry_get_manifest(g, &list, out, &type, &why);
	if (code == ERR_ABSENT)
		return 0;
	if (code < 0 && e)
		*e = STEAL(&why);
	if (code < 0)
		return code;
	if (media_type_kind(buf_str(&type), NULL) == MEDIA_INDEX)
		return 0;
	return err_set(e, ERR_CORRUPT, "the tag %s is no list of referrers", list.tag.p);
}

/* Appends the list, or nothing when there is none. */
static int get_list(struct registry *g, const struct reference *r, const struct digest *image,
		    struct buf *out, struct err **e)
{
	AUTO(err_free) struct err *why = NULL;
	int code =
		g->actions->referrers ? g->actions->referrers(g, r, image, out, &why) : ERR_ABSENT;
	if (code == ERR_ABSENT)
		return get_tagged(g, r, image, out, e);
	if (code < 0 && e)
		*e = STEAL(&why);
	return code;
}

/* The same, parsed; NULL when there is none. */
static int read_list(struct registry *g, const struct reference *r, const struct digest *image,
		     cJSON **out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(MANIFEST_SIZE_MAX);
	int code = get_list(g, r, image, &text, e);
	if (code < 0 || !text.n)
		return code;
	return json_parse(buf_str(&text), "the list of referrers", out, e);
}

static bool is_of_type(const cJSON *listed, const char *type)
{
	const char *is = json_text(listed, "artifactType");
	return is && strcmp(is, type) == 0;
}

int referrer_has(struct registry *g, const struct reference *r, const struct digest *image,
		 const char *type, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	const cJSON *one;
	int code = read_list(g, r, image, &doc, e);
	if (code < 0)
		return code;
	cJSON_ArrayForEach(one, json_array(doc, "manifests"))
	{
		if (is_of_type(one, type))
			return 1;
	}
	return 0;
}

/* ---- reading ---- */

/* 1 when the artefact's text is the one that is wanted; 0: another. */
static int pull_text(struct registry *g, const struct reference *named, const struct digest *text,
		     struct buf *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf manifest = BUF(MANIFEST_SIZE_MAX);
	AUTO(buf_done) struct buf media_type = BUF(4096);
	AUTO(json_free) cJSON *doc = NULL;
	struct descriptor d;
	int code = registry_get_manifest(g, named, &manifest, &media_type, e);
	if (code == 0)
		code = json_parse(buf_str(&manifest), "the manifest", &doc, e);
	if (code == 0)
		code = descriptor_read(cJSON_GetArrayItem(json_array(doc, "layers"), 0), &a, &d, e);
	if (code < 0 || !digest_eq(&d.digest, text))
		return code;
	code = artifact_pull(g, named, &d, out, e);
	return code < 0 ? code : 1;
}

int referrer_get(struct registry *g, const struct reference *r, const struct digest *image,
		 const char *type, const struct digest *text, struct buf *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	struct reference named = *r;
	const cJSON *one;
	int code = read_list(g, r, image, &doc, e);
	named.has_digest = true;
	cJSON_ArrayForEach(one, json_array(doc, "manifests"))
	{
		const char *digest = json_text(one, "digest");
		if (code != 0 || !is_of_type(one, type) || !digest ||
		    !digest_parse(str_of(digest), &named.digest))
			continue;
		code = pull_text(g, &named, text, out, e);
	}
	if (code == 0)
		return err_set(e, ERR_ABSENT, "there is no %s beside the image", type);
	return code < 0 ? code : 0;
}

/* ---- writing ---- */

static void put_notes(const struct referrer *r, struct json_out *j)
{
	AUTO(buf_done) struct buf created = BUF(64);
	moment_write_seconds(r->created, &created);
	json_open(j, "annotations", '{');
	json_put_str(j, CREATED, buf_str(&created));
	json_close(j, '}');
}

static void manifest_write(const struct referrer *r, struct buf *out)
{
	struct json_out j = {out};
	struct descriptor text = artifact_descriptor(r->type, r->text);
	artifact_open(&j, r->type);
	json_open(&j, "layers", '[');
	descriptor_put(&j, NULL, &text);
	json_close(&j, ']');
	descriptor_put(&j, "subject", &r->subject);
	put_notes(r, &j);
	json_close(&j, '}');
}

static bool is_listed(const cJSON *doc, const struct descriptor *d)
{
	const cJSON *one;
	cJSON_ArrayForEach(one, json_array(doc, "manifests"))
	{
		const char *is = json_text(one, "digest");
		if (is && strcmp(is, digest_name(&d->digest).text) == 0)
			return true;
	}
	return false;
}

static void list_write(const cJSON *old, const struct referrer *r, const struct descriptor *d,
		       struct buf *out)
{
	struct json_out j = {out};
	const cJSON *one;
	json_open(&j, NULL, '{');
	json_put_u64(&j, "schemaVersion", 2);
	json_put_text(&j, "mediaType", media_type_name(MEDIA_INDEX, false));
	json_open(&j, "manifests", '[');
	cJSON_ArrayForEach(one, json_array(old, "manifests")) json_put_value(&j, NULL, one);
	json_open(&j, NULL, '{');
	json_put_str(&j, "mediaType", d->media_type);
	json_put_text(&j, "digest", digest_name(&d->digest).text);
	json_put_u64(&j, "size", d->size);
	put_notes(r, &j);
	json_put_text(&j, "artifactType", r->type);
	json_close(&j, '}');
	json_close(&j, ']');
	json_close(&j, '}');
}

/* Where nobody lists it by itself. Two who do this at once may lose one of the two: there is no
 * way to change a tag only if it is as it was. */
static int add_to_list(struct registry *g, const struct reference *to, const struct referrer *r,
		       const struct descriptor *d, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf old = BUF(MANIFEST_SIZE_MAX);
	AUTO(buf_done) struct buf text = BUF(MANIFEST_SIZE_MAX);
	AUTO(json_free) cJSON *doc = NULL;
	struct reference list = list_of(to, &r->subject.digest, &a);
	int code = get_tagged(g, to, &r->subject.digest, &old, e);
	if (code == 0 && old.n)
		code = json_parse(buf_str(&old), "the list of referrers", &doc, e);
	if (code < 0 || is_listed(doc, d))
		return code;
	list_write(doc, r, d, &text);
	struct push_manifest m = {.manifest = buf_str(&text),
				  .media_type = str_of(media_type_name(MEDIA_INDEX, false)),
				  .tags = {&list.tag, 1}};
	code = buf_check(&text, "the list of referrers", e);
	return code < 0 ? code : registry_put(g, &list, &m, e);
}

int referrer_push(struct registry *g, const struct reference *to, const struct referrer *r,
		  struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(MANIFEST_SIZE_MAX);
	struct reference bare = *to;
	bool listed = false;
	bare.tag = (struct str){0};
	manifest_write(r, &text);
	struct descriptor d =
		artifact_descriptor(media_type_name(MEDIA_MANIFEST, false), buf_str(&text));
	struct push_manifest m = {.manifest = buf_str(&text),
				  .media_type = d.media_type,
				  .part = true,
				  .out_listed = &listed};
	int code = artifact_push_empty(g, &bare, e);
	if (code == 0)
		code = artifact_push(g, &bare, r->type, r->text, e);
	if (code == 0)
		code = registry_put(g, &bare, &m, e);
	if (code == 0 && !listed)
		code = add_to_list(g, &bare, r, &d, e);
	return code < 0 ? err_wrap(e, code, "referrer %s", r->type) : 0;
}
