/* builder/registry_pull.c - manifests, base images and blobs, checked as they arrive. */
#include "builder/endpoint.h"
#include "builder/media_type.h"
#include "builder/registry_private.h"
#include "cache/store.h"

enum { INDEX_DEPTH_MAX = 4 };

/* All of them at every request: a registry answers 404 for a type that is not named. */
static const char accept[] = "Accept: application/vnd.oci.image.index.v1+json, "
			     "application/vnd.oci.image.manifest.v1+json, "
			     "application/vnd.docker.distribution.manifest.list.v2+json, "
			     "application/vnd.docker.distribution.manifest.v2+json";
static const char *const accept_headers[] = {accept, NULL};

/* ---- one manifest ---- */

static int manifest_url(struct registry *g, const struct reference *r, struct buf *out,
			struct err **e)
{
	AUTO(buf_done) struct buf what = BUF(4096);
	buf_add_text(&what, "manifests/");
	if (r->has_digest)
		buf_add_text(&what, digest_name(&r->digest).text);
	else if (r->tag.n)
		buf_add_str(&what, r->tag);
	else
		buf_add_text(&what, "latest");
	return registry_url(g, r, what.data, out, e);
}

static int check_coding(const struct http_answer *a, const char *what, struct err **e)
{
	struct str coding = http_header(a, "content-encoding");
	if (!coding.n || str_is(coding, "identity"))
		return 0;
	return err_set(e, ERR_CORRUPT,
		       "the %s comes coded as %.*s, which nobody asked for (a proxy's doing?)",
		       what, STR_ARG(coding));
}

/* The type that the registry said, unless it is one of those that mean nothing; then what the
 * document says or looks like. */
int registry_manifest_type(const struct http_answer *a, struct buf *out, struct err **e)
{
	static const struct {
		const char *member, *type;
	} shapes[] = {
		{"manifests", "application/vnd.oci.image.index.v1+json"},
		{"layers", "application/vnd.oci.image.manifest.v1+json"},
	};
	AUTO(json_free) cJSON *doc = NULL;
	struct str said = http_header(a, "content-type");
	said = str_trim(str_to(said, str_find(said, ';')));
	int code = json_parse(buf_str(&a->body), "the manifest", &doc, e);
	if (code < 0)
		return code;
	bool vague = !said.n || str_starts(said, "text/") || str_is(said, "application/json") ||
		     str_is(said, "application/octet-stream");
	const char *own = json_text(doc, "mediaType");
	for (size_t i = 0; i < COUNT(shapes) && !own; i++)
		if (json_array(doc, shapes[i].member))
			own = shapes[i].type;
	if (vague && !own)
		return err_set(e, ERR_CORRUPT, "what the registry sent is no manifest");
	buf_add_str(out, vague ? str_of(own) : said);
	return buf_check(out, "media type", e);
}

static int check_digest(const struct reference *r, const struct http_answer *a, struct digest *out,
			struct err **e)
{
	struct digest is, said;
	struct str header = http_header(a, "docker-content-digest");
	digest_of(a->body.data, a->body.n, &is);
	if (r->has_digest && !digest_eq(&is, &r->digest))
		return err_set(e, ERR_DIGEST, "manifest %s: the registry sent %s",
			       digest_name(&r->digest).text, digest_name(&is).text);
	if (!r->has_digest && digest_parse(header, &said) && !digest_eq(&is, &said))
		return err_set(e, ERR_DIGEST, "the manifest is %s, but was announced as %.*s",
			       digest_name(&is).text, STR_ARG(header));
	*out = is;
	return 0;
}

int remote_get_manifest(struct registry *g, const struct reference *r, struct buf *out,
			struct buf *media_type, struct digest *digest, struct err **e)
{
	AUTO(arena_done) struct arena arena = ARENA;
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	int code = manifest_url(g, r, &url, e);
	if (code < 0)
		return code;
	struct call c = {{.method = "GET",
			  .url = url.data,
			  .headers = accept_headers,
			  .brief = g->brief,
			  .max = MANIFEST_SIZE_MAX},
			 registry_scope(&arena, r, "pull")};
	if ((code = registry_send(g, &c, &a, e)) < 0)
		return code;
	if (a.status != 200)
		return registry_error(g, &c, &a, e);
	code = check_coding(&a, "manifest", e);
	if (code < 0 || (code = check_digest(r, &a, digest, e)) < 0)
		return code;
	if ((code = registry_manifest_type(&a, media_type, e)) < 0)
		return err_wrap(e, code, "GET %s", url.data);
	buf_add_str(out, buf_str(&a.body));
	return buf_check(out, "manifest", e);
}

/* ---- what a tag names ---- */

static int head_by_get(struct registry *g, const struct reference *r, struct digest *out,
		       uint64_t *out_size, struct err **e)
{
	AUTO(buf_done) struct buf manifest = BUF(MANIFEST_SIZE_MAX);
	AUTO(buf_done) struct buf type = BUF(4096);
	int code = remote_get_manifest(g, r, &manifest, &type, out, e);
	if (code == 0 && out_size)
		*out_size = manifest.n;
	return code;
}

/* Nothing of a HEAD's answer but its digest counts; all but a plain yes or no is asked again
 * with GET: 405, a missing digest (ECR), a 401 or 403 whose reason only a body tells. */
int remote_head(struct registry *g, const struct reference *r, struct digest *out,
		uint64_t *out_size, struct err **e)
{
	AUTO(arena_done) struct arena arena = ARENA;
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	uint64_t size = 0;
	int code = manifest_url(g, r, &url, e);
	if (code < 0)
		return code;
	struct call c = {
		{.method = "HEAD", .url = url.data, .headers = accept_headers, .brief = g->brief},
		registry_scope(&arena, r, "pull")};
	if ((code = registry_send(g, &c, &a, e)) < 0)
		return code;
	if (a.status == 404)
		return registry_error(g, &c, &a, e);
	struct str digest = http_header(&a, "docker-content-digest");
	bool sized = str_u64(http_header(&a, "content-length"), &size);
	if (a.status != 200 || !digest_parse(digest, out) || (out_size && !sized))
		return head_by_get(g, r, out, out_size, e);
	if (r->has_digest && !digest_eq(out, &r->digest))
		return err_set(e, ERR_DIGEST, "the registry shows %.*s for %s", STR_ARG(digest),
			       digest_name(&r->digest).text);
	if (out_size)
		*out_size = size;
	return 0;
}

/* ---- blobs ---- */

struct receive {
	const struct blob_read *b;
	uint64_t skip; /* a server without ranges sends these again */
	uint64_t got;
};

static int receive(void *cookie, const void *p, size_t n, struct err **e)
{
	struct receive *in = cookie;
	uint64_t skip = in->skip < n ? in->skip : n;
	in->skip -= skip;
	n -= skip;
	in->got += n;
	return n ? in->b->write(in->b->to, (const char *)p + skip, n, e) : 0;
}

int remote_read_blob(struct registry *g, const struct reference *r, const struct blob_read *b,
		     struct err **e)
{
	AUTO(arena_done) struct arena arena = ARENA;
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct receive in = {.b = b};
	struct str what = arena_printf(&arena, "blobs/%s", digest_name(&b->digest).text);
	struct str range = arena_printf(&arena, "Range: bytes=%llu-", (unsigned long long)b->at);
	const char *const headers[] = {b->at ? range.p : NULL, NULL};
	int code = registry_url(g, r, what.p, &url, e);
	if (code < 0)
		return code;
	struct call c = {{.method = "GET",
			  .url = url.data,
			  .headers = headers,
			  .brief = g->brief,
			  .max = b->size,
			  .write = receive,
			  .cookie = &in},
			 registry_scope(&arena, r, "pull")};
	if ((code = registry_send(g, &c, &a, e)) < 0)
		return code;
	if (a.status != 200 && a.status != 206)
		return registry_error(g, &c, &a, e);
	if ((code = check_coding(&a, "blob", e)) < 0)
		return code;
	if (in.got != b->size - b->at)
		return err_set(e, ERR_DIGEST, "blob %s: %llu bytes came, not %llu",
			       digest_name(&b->digest).text, (unsigned long long)in.got,
			       (unsigned long long)(b->size - b->at));
	return 0;
}

/* ---- referrers ---- */

/* Old registries say 404 to the address itself; a list without entries is an answer. */
int remote_referrers(struct registry *g, const struct reference *r, const struct digest *image,
		     struct buf *out, struct err **e)
{
	AUTO(arena_done) struct arena arena = ARENA;
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct str what = arena_printf(&arena, "referrers/%s", digest_name(image).text);
	int code = registry_url(g, r, what.p, &url, e);
	if (code < 0)
		return code;
	struct call c = {{.method = "GET",
			  .url = url.data,
			  .headers = accept_headers,
			  .max = MANIFEST_SIZE_MAX},
			 registry_scope(&arena, r, "pull")};
	if ((code = registry_send(g, &c, &a, e)) < 0)
		return code;
	if (a.status != 200)
		return registry_error(g, &c, &a, e);
	if (!str_starts(http_header(&a, "content-type"), media_type_name(MEDIA_INDEX, false)))
		return err_set(e, ERR_ABSENT, "what comes is no list of referrers");
	buf_add_str(out, buf_str(&a.body));
	return buf_check(out, "referrers", e);
}

/* ---- base images ---- */

struct pull {
	struct registry *g;
	const struct reference *r;
	const char *cache;
	struct arena arena;
};

static int append(void *to, const void *p, size_t n, struct err **e)
{
	buf_add(to, p, n);
	return buf_check(to, "blob", e);
}

static int pull_manifest(struct pull *p, const struct reference *r, struct buf *out,
			 struct buf *type, struct digest *digest, struct err **e)
{
	if (r->has_digest && store_get(p->cache, &r->digest, out, NULL) == 0) {
		*digest = r->digest;
		return 0;
	}
	int code = p->g->actions->get_manifest(p->g, r, out, type, digest, e);
	return code < 0 ? code : store_put(p->cache, buf_str(out), NULL, e);
}

static int pull_config(struct pull *p, const struct descriptor *d, struct buf *out, struct err **e)
{
	struct digest is;
	struct blob_read b = {.digest = d->digest, .size = d->size, .write = append, .to = out};
	if (store_get(p->cache, &d->digest, out, NULL) == 0)
		return 0;
	if (d->size > IMAGE_CONFIG_SIZE_MAX)
		return err_set(e, ERR_LIMIT, "a configuration of %llu bytes",
			       (unsigned long long)d->size);
	int code = registry_read_blob(p->g, p->r, &b, e);
	if (code < 0)
		return err_wrap(e, code, "configuration");
	digest_of(out->data, out->n, &is);
	if (!digest_eq(&is, &d->digest))
		return err_set(e, ERR_DIGEST, "configuration %s: %s came",
			       digest_name(&d->digest).text, digest_name(&is).text);
	return store_put(p->cache, buf_str(out), NULL, e);
}

/* From what the name gave down to a manifest of the platform. */
static int descend(struct pull *p, struct buf *manifest, struct buf *type, struct digest *named,
		   struct digest *chosen, struct err **e)
{
	struct reference at = *p->r;
	for (unsigned depth = 0; depth <= INDEX_DEPTH_MAX; depth++) {
		struct descriptor d;
		bool index;
		buf_clear(manifest);
		buf_clear(type);
		int code = pull_manifest(p, &at, manifest, type, chosen, e);
		if (code < 0)
			return code;
		if (depth == 0)
			*named = *chosen;
		code = image_index_choose(buf_str(manifest), buf_str(type), p->g->platform, &index,
					  &d, &p->arena, e);
		if (code < 0 || !index)
			return code;
		at.has_digest = true;
		at.digest = d.digest;
	}
	return err_set(e, ERR_LIMIT, "indexes in indexes, more than %d deep", INDEX_DEPTH_MAX);
}

/* A lone manifest may be of any platform; an index was chosen from. */
static int check_platform(const struct registry *g, const struct base_image *b, struct err **e)
{
	struct str arch = str_of(g->platform), os;
	str_cut(&arch, '/', &os);
	arch = str_to(arch, str_find(arch, '/'));
	const char *is_os = json_text(b->config_json, "os");
	const char *is_arch = json_text(b->config_json, "architecture");
	if ((!is_os || str_is(os, is_os)) && (!is_arch || str_is(arch, is_arch)))
		return 0;
	return err_set(e, ERR_ABSENT, "the image is for %s/%s, not for %s", is_os ? is_os : "?",
		       is_arch ? is_arch : "?", g->platform);
}

/* A tag's image is known by its digest anyway; a folder of this machine is nobody else's name. */
void registry_name_base(const struct reference *r, struct base_image *image)
{
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	struct reference named = *r;
	if (r->kind != REFERENCE_REGISTRY)
		return;
	named.has_digest = r->has_digest && !r->tag.n;
	reference_write(&named, &name);
	image->reference = arena_str(&image->arena, buf_str(&name));
}

static int pull_base(struct pull *p, struct base_image *out, struct err **e)
{
	AUTO(buf_done) struct buf manifest = BUF(MANIFEST_SIZE_MAX);
	AUTO(buf_done) struct buf type = BUF(4096);
	AUTO(buf_done) struct buf config = BUF(IMAGE_CONFIG_SIZE_MAX);
	AUTO(base_image_done) struct base_image made = {0};
	struct descriptor d;
	struct digest named, chosen;
	int code = descend(p, &manifest, &type, &named, &chosen, e);
	if (code < 0)
		return code;
	if ((code = manifest_config(buf_str(&manifest), &p->arena, &d, e)) < 0)
		return code;
	if ((code = pull_config(p, &d, &config, e)) < 0)
		return code;
	if ((code = base_image_parse(buf_str(&manifest), buf_str(&config), &made, e)) < 0)
		return code;
	if ((code = check_platform(p->g, &made, e)) < 0)
		return code;
	made.digest = chosen;
	made.named = named;
	registry_name_base(p->r, &made);
	*out = made;
	made = (struct base_image){0};
	return 0;
}

int registry_pull_base(struct registry *g, const struct reference *r, const char *cache,
		       struct base_image *out, struct err **e)
{
	struct pull p = {.g = g, .r = r, .cache = cache};
	int code = pull_base(&p, out, e);
	arena_done(&p.arena);
	if (code < 0) {
		AUTO(buf_done) struct buf name = BUF(64 << 10);
		reference_write(r, &name);
		err_wrap(e, code, "%s", name.data);
	}
	return code;
}
