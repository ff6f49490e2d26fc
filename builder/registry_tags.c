/* builder/registry_tags.c - the tags of a repository, page by page (distribution-spec, "Listing
 * Tags"). */
#include "builder/endpoint.h"
#include "builder/registry_private.h"

enum { PAGES_MAX = 1000, TAGS_MAX = 1000000 };
#define PAGE_SIZE "1000"

typedef VEC(struct str) tag_list;

/* Appends the tags of one page. null is an empty list to some. */
static int read_page(const struct http_answer *a, struct arena *arena, tag_list *out,
		     struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	const cJSON *one, *list;
	int code = json_parse(buf_str(&a->body), "the list of tags", &doc, e);
	if (code < 0)
		return code;
	list = json_get(doc, "tags");
	if (!cJSON_IsArray(list) && !cJSON_IsNull(list))
		return err_set(e, ERR_CORRUPT, "what the registry sent is no list of tags");
	cJSON_ArrayForEach(one, list)
	{
		if (!cJSON_IsString(one))
			return err_set(e, ERR_CORRUPT, "the list of tags holds what is no text");
		VEC_PUSH(out, arena_str(arena, str_of(one->valuestring)));
	}
	if (out->n > TAGS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d tags", TAGS_MAX);
	return 0;
}

/* Link: <ADDRESS>; rel="next". False when this page is the last. */
static bool next_page(const struct http_answer *a, struct str *out)
{
	struct str link = http_header(a, "link"), before;
	if (!str_cut(&link, '<', &before))
		return false;
	bool next = str_cut(&link, '>', out) && str_holds(link, STR("rel=\"next\""));
	return next && out->n > 0;
}

/* The address of the page behind this one; empty: there is none. One of another server would be
 * shown this one's login. */
static int find_next(struct registry *g, const struct http_answer *a, struct buf *url,
		     struct err **e)
{
	AUTO(buf_done) struct buf next = BUF(64 << 10);
	struct str link;
	int code = 0;
	if (next_page(a, &link))
		code = endpoint_resolve(buf_str(url), link, &next, e);
	if (code == 0 && next.n && !endpoint_same(buf_str(&next), str_of(g->base)))
		code = err_set(e, ERR_CORRUPT, "the list of tags goes on at another server");
	buf_clear(url);
	buf_add_str(url, buf_str(&next));
	return code;
}

static int get_page(struct registry *g, struct str scope, struct buf *url, struct arena *arena,
		    tag_list *out, struct err **e)
{
	AUTO(http_answer_done) struct http_answer a = HTTP_ANSWER;
	struct call c = {{.method = "GET", .url = url->data}, scope};
	int code = registry_send(g, &c, &a, e);
	if (code < 0)
		return code;
	if (a.status != 200)
		return registry_error(g, &c, &a, e);
	code = read_page(&a, arena, out, e);
	return code < 0 ? err_wrap(e, code, "GET %s", url->data) : find_next(g, &a, url, e);
}

int remote_tags(struct registry *g, const struct reference *r, struct arena *a, struct strs *out,
		struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	tag_list tags = {0};
	struct str scope = registry_scope(a, r, "pull");
	int code = registry_url(g, r, "tags/list?n=" PAGE_SIZE, &url, e);
	for (unsigned page = 0; code == 0 && url.n; page++) {
		code = get_page(g, scope, &url, a, &tags, e);
		if (code == 0 && page == PAGES_MAX)
			code = err_set(e, ERR_LIMIT, "a list of tags without an end");
	}
	if (code == 0) {
		struct str *v = arena_zero(a, tags.n, sizeof(*v));
		if (tags.n)
			memcpy(v, tags.v, tags.n * sizeof(*v));
		*out = (struct strs){v, tags.n};
	}
	VEC_DONE(&tags);
	return code;
}
