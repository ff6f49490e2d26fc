/* builder/registry_put.c - manifests: by digest, then under each tag. */
#include "builder/registry_private.h"

struct put {
	struct registry *g;
	const struct reference *to;
	const struct push_manifest *m;
	struct digest digest;
	struct arena arena;
	/* Blobs the registry said it misses; each is pushed again once. */
	struct digest lost[IMAGE_LAYERS_MAX + 1];
	size_t lost_count;
};

static bool is_digest(struct str text, struct digest *out)
{
	return str_starts(text, "sha256:") && digest_parse(text, out);
}

static void add_lost(struct put *p, const struct digest *d)
{
	for (size_t i = 0; i < p->lost_count; i++)
		if (digest_eq(&p->lost[i], d))
			return;
	if (p->lost_count < COUNT(p->lost))
		p->lost[p->lost_count++] = *d;
}

/* What is missing stands in `detail`, in a form of each registry's own: any digest in it. */
static void find_lost(struct put *p, const cJSON *value)
{
	const cJSON *child;
	struct digest d;
	if (cJSON_IsString(value) && is_digest(str_of(value->valuestring), &d))
		add_lost(p, &d);
	cJSON_ArrayForEach(child, value)
	{
		if (cJSON_IsObject(value) || cJSON_IsArray(value))
			find_lost(p, child);
	}
}

static bool misses_blobs(const struct http_answer *a)
{
	return answer_says(a, "MANIFEST_BLOB_UNKNOWN") || answer_says(a, "BLOB_UNKNOWN");
}

/* Returns how many the answer names that were not pushed again before. */
static int push_lost(struct put *p, const struct http_answer *a, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	size_t from = p->lost_count;
	int code = json_parse(buf_str(&a->body), "errors", &doc, e);
	if (code < 0)
		return code;
	find_lost(p, json_array(doc, "errors"));
	for (size_t i = from; i < p->lost_count; i++) {
		code = p->m->lost ? p->m->lost(p->m->cookie, &p->lost[i], e) : 0;
		if (code < 0)
			return err_wrap(e, code, "the registry lost %s",
					digest_name(&p->lost[i]).text);
	}
	return (int)(p->lost_count - from);
}

/* A page that says 200 to all must not pass for a registry. */
static int check_put(struct put *p, const struct call *c, const struct http_answer *a,
		     struct err **e)
{
	struct digest said;
	struct str header = http_header(a, "docker-content-digest");
	if (a->status < 200 || a->status > 299) {
		int code = registry_error(p->g, c, a, e);
		return misses_blobs(a) ? ERR_ABSENT : code;
	}
	if (!header.n && a->status != 201)
		return err_set(e, ERR_NET, "PUT %.*s: HTTP %ld, which is no registry's answer",
			       STR_ARG(p->g->host), a->status);
	if (header.n && digest_parse(header, &said) && !digest_eq(&said, &p->digest))
		return err_set(e, ERR_DIGEST, "the manifest %s was stored as %.*s",
			       digest_name(&p->digest).text, STR_ARG(header));
	return 0;
}

static int put_once(struct put *p, struct str name, struct http_answer *a, struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	struct str what = arena_printf(&p->arena, "manifests/%.*s", STR_ARG(name));
	struct str type = arena_printf(&p->arena, "Content-Type: %.*s", STR_ARG(p->m->media_type));
	const char *const headers[] = {type.p, NULL};
	int code = registry_url(p->g, p->to, what.p, &url, e);
	if (code < 0)
		return code;
	struct call c = {{.method = "PUT",
			  .url = url.data,
			  .headers = headers,
			  .body = {.fd = -1, .bytes = p->m->manifest, .present = true},
			  .idempotent = true,
			  .keep_redirect = true},
			 registry_scope(&p->arena, p->to, "pull,push")};
	if ((code = registry_send(p->g, &c, a, e)) < 0)
		return code;
	code = check_put(p, &c, a, e);
	if (code == 0 && p->m->out_listed)
		*p->m->out_listed = http_header(a, "oci-subject").n > 0;
	return code;
}

/* Some registries do not see a blob at once that was stored a moment ago (jib#4301): the same
 * again after a wait. What is really lost is pushed once more; as some name one blob an answer,
 * this goes on while they name others. */
static int put_name(struct put *p, struct str name, struct err **e)
{
	AUTO(err_free) struct err *why = NULL;
	int code;
	for (unsigned failures = 1;; failures++) {
		AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
		err_clear(&why);
		code = put_once(p, name, &a, &why);
		if (code != ERR_ABSENT || !misses_blobs(&a))
			break;
		int r = failures == 1 ? registry_wait(p->g, failures, e) : 0;
		if (r == 0)
			r = push_lost(p, &a, e);
		if (r < 0)
			return r;
		if (r == 0 && failures > 1)
			break;
	}
	if (code < 0 && e)
		*e = STEAL(&why);
	return code;
}

/* Registries with immutable tags refuse even the digest that a tag has already. */
static int put_tag(struct put *p, struct str tag, struct err **e)
{
	struct reference named = *p->to;
	struct digest now;
	named.tag = tag;
	named.has_digest = false;
	int code = registry_head(p->g, &named, &now, NULL, NULL);
	if (code == ERR_INTERRUPTED)
		return err_set(e, code, "stopped");
	if (code == 0 && digest_eq(&now, &p->digest))
		return 0;
	code = put_name(p, tag, e);
	return code < 0 ? err_wrap(e, code, "tag %.*s", STR_ARG(tag)) : 0;
}

static int put(struct put *p, struct err **e)
{
	struct str digest = arena_str(&p->arena, str_of(digest_name(&p->digest).text));
	int code = put_name(p, digest, e);
	if (code < 0)
		return err_wrap(e, code, "manifest");
	for (size_t i = 0; i < p->m->tags.n && code == 0; i++)
		code = put_tag(p, p->m->tags.v[i], e);
	return code;
}

int remote_put(struct registry *g, const struct reference *to, const struct push_manifest *m,
	       struct err **e)
{
	struct put p = {.g = g, .to = to, .m = m};
	digest_of(m->manifest.p, m->manifest.n, &p.digest);
	int code = put(&p, e);
	arena_done(&p.arena);
	return code;
}
