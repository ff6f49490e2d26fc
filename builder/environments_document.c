/* builder/environments_document.c - what is known and said of a version, as JSON. */
#include "builder/environments_private.h"
#include "curated/catalog.h"

enum { FORMAT = 1, TAGS_MAX = 100 };

/* ---- facts ---- */

void environment_write_facts(const struct environment *v, struct buf *out)
{
	struct json_out j = {out, false};
	json_open(&j, NULL, '{');
	json_put_u64(&j, "format", FORMAT);
	json_put_str(&j, "name", v->name);
	json_put_text(&j, "content", digest_text(&v->content).hex);
	json_put_text(&j, "key", digest_text(&v->key).hex);
	json_put_str(&j, "python", v->python);
	json_put_str(&j, "base", v->base);
	json_put_bool(&j, "gpu", v->gpu);
	json_put_bool(&j, "locked", v->locked);
	json_close(&j, '}');
}

/* U+0080 to U+009F, which terminals act on as they do on escapes. */
static bool is_c1(struct str s)
{
	return str_starts(s, "\xc2") && s.n > 1 && (unsigned char)s.p[1] < 0xa0;
}

/* They are shown on terminals: lines may end, and that is all. */
static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\n' && s.p[i] != '\t') ||
		    s.p[i] == 0x7f || is_c1(str_from(s, i)))
			return false;
	return true;
}

static int parse_object(struct str text, const char *what, cJSON **out, struct err **e)
{
	if (text.n > ENVIRONMENT_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "%s of more than %d bytes", what,
			       ENVIRONMENT_TEXT_MAX);
	int code = json_parse(text, what, out, e);
	if (code == 0 && !cJSON_IsObject(*out))
		code = err_set(e, ERR_CORRUPT, "%s are no object", what);
	return code;
}

static int wrong(const char *key, struct err **e)
{
	return err_set(e, ERR_CORRUPT, "\"%s\" is missing, or not what it must be", key);
}

/* May be absent: then it is empty. */
static int read_text(const cJSON *doc, const char *key, struct arena *a, struct str *out,
		     struct err **e)
{
	const char *text = json_text(doc, key);
	if ((!text && json_get(doc, key)) || !is_plain(str_of(text)))
		return wrong(key, e);
	*out = arena_str(a, str_of(text));
	return 0;
}

static int read_digest(const cJSON *doc, const char *key, struct digest *out, struct err **e)
{
	return digest_parse(str_of(json_text(doc, key)), out) ? 0 : wrong(key, e);
}

static bool is_true(const cJSON *doc, const char *key)
{
	return cJSON_IsTrue(json_get(doc, key));
}

static int check_format(const cJSON *doc, struct err **e)
{
	uint64_t format;
	if (!json_u64(doc, "format", &format))
		return wrong("format", e);
	if (format <= FORMAT)
		return 0;
	return err_set(e, ERR_CORRUPT, "it was registered by a newer kiln (format %llu)",
		       (unsigned long long)format);
}

int environment_read_facts(struct str text, struct environment *v, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int code = parse_object(text, "the facts of an environment", &doc, e);
	if (code == 0)
		code = check_format(doc, e);
	if (code == 0)
		code = read_text(doc, "name", &v->arena, &v->name, e);
	if (code == 0 && catalog_check_name(v->name, false, NULL) < 0)
		code = wrong("name", e);
	if (code == 0)
		code = read_digest(doc, "content", &v->content, e);
	if (code == 0)
		code = read_digest(doc, "key", &v->key, e);
	if (code == 0)
		code = read_text(doc, "python", &v->arena, &v->python, e);
	if (code == 0)
		code = read_text(doc, "base", &v->arena, &v->base, e);
	v->gpu = is_true(doc, "gpu");
	v->locked = is_true(doc, "locked");
	return code;
}

/* ---- what is said ---- */

void environment_write_about(const struct environment_about *about, struct buf *out)
{
	struct json_out j = {out, false};
	AUTO(arena_done) struct arena a = ARENA;
	json_open(&j, NULL, '{');
	json_put_str(&j, "description", about->description);
	json_open(&j, "tags", '{');
	for (size_t i = 0; i < about->tag_count; i++)
		json_put_str(&j, arena_str(&a, about->tags[i].name).p, about->tags[i].value);
	json_close(&j, '}');
	json_put_bool(&j, "archived", about->archived);
	json_close(&j, '}');
}

/* In its place by name; an empty value takes the one there is away. Room for one more is there. */
static void set_tag(struct environment_about *about, struct str name, struct str value)
{
	size_t at = 0, n = about->tag_count;
	while (at < n && str_cmp(about->tags[at].name, name) < 0)
		at++;
	bool there = at < n && str_eq(about->tags[at].name, name);
	if (there && value.n) {
		about->tags[at].value = value;
	} else if (there) {
		memmove(&about->tags[at], &about->tags[at + 1],
			(n - at - 1) * sizeof(*about->tags));
		about->tag_count--;
	} else if (value.n) {
		memmove(&about->tags[at + 1], &about->tags[at], (n - at) * sizeof(*about->tags));
		about->tags[at] = (struct environment_tag){name, value};
		about->tag_count++;
	}
}

static int read_tags(const cJSON *map, struct environment *v, struct err **e)
{
	size_t n = (size_t)cJSON_GetArraySize(map);
	const cJSON *one;
	if (n > TAGS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d tags", TAGS_MAX);
	v->about.tags = arena_zero(&v->arena, n, sizeof(*v->about.tags));
	cJSON_ArrayForEach(one, map)
	{
		struct str name = str_of(one->string), value = str_of(one->valuestring);
		if (!cJSON_IsString(one) || !name.n || !is_plain(name) || !is_plain(value))
			return wrong("tags", e);
		set_tag(&v->about, arena_str(&v->arena, name), arena_str(&v->arena, value));
	}
	return 0;
}

int environment_read_about(struct str text, struct environment *v, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	v->about = (struct environment_about){0};
	int code = parse_object(text, "what is said of an environment", &doc, e);
	if (code == 0)
		code = read_text(doc, "description", &v->arena, &v->about.description, e);
	if (code == 0)
		code = read_tags(json_object(doc, "tags"), v, e);
	v->about.archived = is_true(doc, "archived");
	return code;
}

/* ---- another thing said ---- */

static int check_tag(struct str pair, struct str *name, struct str *value, struct err **e)
{
	*value = pair;
	if (!str_cut(value, '=', name) || !name->n || !is_plain(pair))
		return err_set(e, ERR_USAGE, "--tag %.*s: NAME=VALUE is wanted", STR_ARG(pair));
	return 0;
}

/* The definition's. An empty value says nothing here. */
static int add_tags(struct environment *v, const struct environment_about *own, struct err **e)
{
	for (size_t i = 0; i < own->tag_count; i++) {
		struct str name = own->tags[i].name, value = own->tags[i].value;
		if (!name.n || !is_plain(name) || !is_plain(value) || str_find(name, '=') < name.n)
			return err_set(e, ERR_USAGE,
				       "`tags`, \"%.*s\": a name is wanted, without \"=\" and "
				       "control characters",
				       STR_ARG(name));
		if (value.n)
			set_tag(&v->about, arena_str(&v->arena, name), arena_str(&v->arena, value));
	}
	return 0;
}

static int change_tags(struct environment *v, struct strs pairs, struct err **e)
{
	for (size_t i = 0; i < pairs.n; i++) {
		struct str name, value;
		int code = check_tag(pairs.v[i], &name, &value, e);
		if (code < 0)
			return code;
		set_tag(&v->about, arena_str(&v->arena, name), arena_str(&v->arena, value));
	}
	return 0;
}

static void make_room(struct environment *v, size_t more)
{
	struct environment_about *about = &v->about;
	struct environment_tag *room =
		arena_zero(&v->arena, about->tag_count + more, sizeof(*room));
	if (about->tag_count)
		memcpy(room, about->tags, about->tag_count * sizeof(*room));
	about->tags = room;
}

static int set_description(struct environment *v, struct str text, struct err **e)
{
	if (!is_plain(text))
		return err_set(e, ERR_USAGE, "a control character in the description");
	v->about.description = arena_str(&v->arena, text);
	return 0;
}

static int change_all(struct environment *v, const struct environment_about *own,
		      const struct environment_change *change, struct err **e)
{
	make_room(v, own->tag_count + change->tags.n);
	int code = own->description.n ? set_description(v, own->description, e) : 0;
	if (code == 0 && change->description)
		code = set_description(v, str_of(change->description), e);
	if (code == 0)
		code = add_tags(v, own, e);
	if (code == 0)
		code = change_tags(v, change->tags, e);
	if (code == 0 && v->about.tag_count > TAGS_MAX)
		code = err_set(e, ERR_USAGE, "more than %d tags", TAGS_MAX);
	return code;
}

int environment_change_about(struct environment *v, const struct environment_about *own,
			     const struct environment_change *change, bool *out_changed,
			     struct err **e)
{
	AUTO(buf_done) struct buf before = BUF(BUF_UNLIMITED);
	AUTO(buf_done) struct buf after = BUF(BUF_UNLIMITED);
	environment_write_about(&v->about, &before);
	int code = change_all(v, own, change, e);
	if (code < 0)
		return code;
	environment_write_about(&v->about, &after);
	if (after.n > ENVIRONMENT_TEXT_MAX)
		return err_set(e, ERR_USAGE, "description and tags of more than %d bytes",
			       ENVIRONMENT_TEXT_MAX);
	*out_changed = !str_eq(buf_str(&before), buf_str(&after));
	return 0;
}
