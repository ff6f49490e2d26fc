/* builder/environments_registry.c - versions as artefacts of one repository.
 *
 * A version is a manifest with a layer a file (named by org.opencontainers.image.title, so that
 * others can pull them) and its facts as an annotation. Tags say which version of what it is; see
 * struct version_tag. What is said of a version is a second manifest without layers, which may be
 * replaced.
 *
 * A registry cannot change a tag only if it is as it was, so numbers are taken like this:
 *
 *   1. List the tags. Where a version has this content, it is that version. n is behind the highest
 *      number that is taken or wanted.
 *   2. Push the manifest as STEM.vN-CONTENT: "I want n for this".
 *   3. List the tags again. Where nobody wants n for another content, tag it STEM.vN: done.
 *   4. Else leave n to whoever has it, wait a random time, begin again.
 *
 * Two contents never get one number: of two who want n, each pushes before it lists, so the one who
 * pushes later sees the other and gives way. It may be that each sees the other; then both go on
 * and n stays unused.
 *
 * Equal contents have equal tags, so those who want one number for one content do not see each
 * other and get one version. Where such a tag stands at another number, uncontended, its owner is
 * about to take it: it is waited for, and when nothing comes (who is killed behind 2 leaves it) the
 * lowest is taken in its stead. Should the owner have been slow, one content has two numbers, and
 * still none is lost.
 *
 * All this holds where a list shows each tag that was pushed before it was asked for, as registries
 * of one store do. */
#include "builder/artifact.h"
#include "builder/environments_private.h"
#include "builder/media_type.h"
#include <time.h>

#define VERSION_TYPE "application/vnd.kiln.environment.v1"
#define ABOUT_TYPE "application/vnd.kiln.environment.about.v1"
#define FILE_TYPE "application/vnd.kiln.environment.file.v1"
#define NOTE "kiln.environment" /* the annotation, of both */
#define TITLE "org.opencontainers.image.title"

enum { TRIES = 50, BACKOFF_MS = 100, PATIENCE = 5, CLAIM_DIGITS = 32 };

/* ---- opening ---- */

int environments_open_registry(struct environments *s, const struct environments_options *o,
			       struct err **e)
{
	const struct http_options http = {.connect_ms = o->connect_ms,
					  .idle_ms = o->idle_ms,
					  .offline = o->offline,
					  .log = o->log};
	const struct registry_options options = {.log = o->log, .backoff_ms = BACKOFF_MS};
	int code = reference_parse(&s->arena, s->place, &s->repository, e);
	if (code == 0)
		code = http_open(&http, &s->http, e);
	return code < 0 ? code : registry_open(s->http, &s->repository, &options, &s->registry, e);
}

static void close_registry(struct environments *s)
{
	registry_close(s->registry);
	http_close(s->http);
}

static struct reference tagged(const struct environments *s, struct arena *a,
			       const struct version_tag *t)
{
	struct reference r = s->repository;
	r.tag = version_tag_write(a, t);
	return r;
}

/* ---- tags ---- */

/* A repository that nobody has pushed to has none. */
static int get_tags(struct environments *s, struct arena *a, struct strs *out, struct err **e)
{
	AUTO(err_free) struct err *why = NULL;
	int code = registry_tags(s->registry, &s->repository, a, out, &why);
	if (code == ERR_ABSENT) {
		*out = (struct strs){0};
		return 0;
	}
	if (code < 0 && e)
		*e = STEAL(&why);
	return code;
}

static int list(struct environments *s, struct str stem, struct versions *out, struct err **e)
{
	struct strs tags;
	struct version_tag t;
	int code = get_tags(s, &out->arena, &tags, e);
	for (size_t i = 0; code == 0 && i < tags.n; i++)
		if (version_tag_parse(tags.v[i], &t) && t.kind == VERSION_TAG_FINAL &&
		    (!stem.n || str_eq(stem, t.stem)))
			VEC_PUSH(&out->list, ((struct version){t.stem, t.number}));
	return code;
}

/* ---- reading ---- */

/* A manifest of that type under a tag, and its note. */
static int get_artifact(struct environments *s, const struct version_tag *t, const char *type,
			cJSON **out, struct str *note, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf text = BUF(MANIFEST_SIZE_MAX);
	AUTO(buf_done) struct buf media_type = BUF(4096);
	AUTO(json_free) cJSON *doc = NULL;
	struct reference r = tagged(s, &a, t);
	int code = registry_get_manifest(s->registry, &r, &text, &media_type, e);
	if (code == 0)
		code = json_parse(buf_str(&text), "the manifest", &doc, e);
	if (code < 0)
		return code;
	const char *is = json_text(doc, "artifactType");
	const char *noted = json_text(json_object(doc, "annotations"), NOTE);
	if (!is || strcmp(is, type) != 0 || !noted)
		return err_set(e, ERR_CORRUPT, "the tag %.*s is no environment of kiln's",
			       STR_ARG(r.tag));
	*note = str_of(noted);
	*out = STEAL(&doc);
	return 0;
}

/* What is no file of an environment was put there by somebody else: it is not read. */
static int read_layer(struct environments *s, const cJSON *layer, struct environment *out,
		      struct err **e)
{
	struct str title = str_of(json_text(json_object(layer, "annotations"), TITLE));
	bool lock = str_is(title, LOCK_FILE_NAME);
	AUTO(buf_done) struct buf text = BUF(lock ? LOCK_SIZE_MAX : ENVIRONMENT_FILE_MAX);
	struct descriptor d;
	int code = descriptor_read(layer, &out->arena, &d, e);
	if (code < 0 || !str_is(d.media_type, FILE_TYPE))
		return code;
	if ((code = artifact_pull(s->registry, &s->repository, &d, &text, e)) < 0)
		return err_wrap(e, code, "%.*s", STR_ARG(title));
	if (lock)
		out->lock = arena_str(&out->arena, buf_str(&text));
	else
		environment_keep_file(out, title, buf_str(&text));
	return 0;
}

static int read_about(struct environments *s, const struct version *v, struct environment *out,
		      struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	AUTO(err_free) struct err *why = NULL;
	const struct version_tag t = {VERSION_TAG_ABOUT, v->stem, v->number, {0}};
	struct str note;
	int code = get_artifact(s, &t, ABOUT_TYPE, &doc, &note, &why);
	if (code == 0)
		code = environment_read_about(note, out, &why);
	if (code == ERR_ABSENT)
		return 0;
	if (code < 0 && e)
		*e = STEAL(&why);
	return code;
}

static int read_version(struct environments *s, const struct version *v, bool whole,
			struct environment *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	const struct version_tag t = {VERSION_TAG_FINAL, v->stem, v->number, {0}};
	const cJSON *layer;
	struct str note;
	out->version = v->number;
	int code = get_artifact(s, &t, VERSION_TYPE, &doc, &note, e);
	if (code == 0)
		code = environment_read_facts(note, out, e);
	if (code == 0)
		code = read_about(s, v, out, e);
	if (code < 0 || !whole)
		return code;
	cJSON_ArrayForEach(layer, json_array(doc, "layers"))
	{
		if ((code = read_layer(s, layer, out, e)) < 0)
			return code;
	}
	return 0;
}

/* ---- writing ---- */

static void put_note(struct json_out *j, const char *key, struct str text)
{
	json_open(j, "annotations", '{');
	json_put_str(j, key, text);
	json_close(j, '}');
}

static void put_layer(struct json_out *j, const char *name, struct str text)
{
	struct descriptor d = artifact_descriptor(FILE_TYPE, text);
	json_open(j, NULL, '{');
	descriptor_put_members(j, &d);
	put_note(j, TITLE, str_of(name));
	json_close(j, '}');
}

/* Nothing of time, place or number: equal versions are equal bytes. */
static void write_manifest(const struct environment *v, struct buf *out)
{
	AUTO(buf_done) struct buf facts = BUF(BUF_UNLIMITED);
	struct json_out j = {out, false};
	environment_write_facts(v, &facts);
	artifact_open(&j, VERSION_TYPE);
	json_open(&j, "layers", '[');
	for (size_t i = 0; i < v->file_count; i++)
		put_layer(&j, v->files[i].name, v->files[i].text);
	if (v->locked)
		put_layer(&j, LOCK_FILE_NAME, v->lock);
	json_close(&j, ']');
	put_note(&j, NOTE, buf_str(&facts));
	json_close(&j, '}');
}

static int push_files(struct environments *s, const struct environment *v, struct err **e)
{
	int code = artifact_push_empty(s->registry, &s->repository, e);
	for (size_t i = 0; code == 0 && i < v->file_count; i++)
		code = artifact_push(s->registry, &s->repository, FILE_TYPE, v->files[i].text, e);
	if (code == 0 && v->locked)
		code = artifact_push(s->registry, &s->repository, FILE_TYPE, v->lock, e);
	return code;
}

static int put_tag(struct environments *s, struct str manifest, const struct version_tag *t,
		   struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct reference r = tagged(s, &a, t);
	const struct push_manifest m = {
		.manifest = manifest,
		.media_type = str_of(media_type_name(MEDIA_MANIFEST, false)),
		.tags = {&r.tag, 1},
	};
	return registry_put(s->registry, &r, &m, e);
}

/* ---- taking a number ---- */

/* What the tags say of a number. */
struct number {
	uint64_t number;
	bool wanted, contended; /* for this content; for another */
	bool given;
};

struct taking {
	struct environments *s;
	const struct environment *v;
	struct str stem;
	char claim[CLAIM_DIGITS + 1]; /* what begins its content's digest */
	VEC(struct number) numbers;   /* in their order */
	unsigned rounds;
};

static int compare_tags(const void *a, const void *b)
{
	const struct version_tag *one = a, *two = b;
	return (one->number > two->number) - (one->number < two->number);
}

static void add_tag(struct taking *t, const struct version_tag *tag)
{
	size_t n = t->numbers.n;
	if (!n || t->numbers.v[n - 1].number != tag->number)
		VEC_PUSH(&t->numbers, (struct number){tag->number});
	struct number *at = &t->numbers.v[t->numbers.n - 1];
	if (tag->kind == VERSION_TAG_FINAL)
		at->given = true;
	else if (tag->kind == VERSION_TAG_CLAIM && str_is(tag->content, t->claim))
		at->wanted = true;
	else if (tag->kind == VERSION_TAG_CLAIM)
		at->contended = true;
}

static int look(struct taking *t, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct strs tags;
	size_t n = 0;
	int code = get_tags(t->s, &a, &tags, e);
	if (code < 0)
		return code;
	struct version_tag *own = arena_zero(&a, tags.n, sizeof(*own));
	for (size_t i = 0; i < tags.n; i++)
		if (version_tag_parse(tags.v[i], &own[n]) && str_eq(own[n].stem, t->stem))
			n++;
	if (n)
		qsort(own, n, sizeof(*own), compare_tags);
	t->numbers.n = 0;
	for (size_t i = 0; i < n; i++)
		add_tag(t, &own[i]);
	return 0;
}

/* A registry may list a tag a moment before it has it: ERR_ABSENT, without an error, to look again;
 * one that stays so is damaged. */
static int is_equal(struct taking *t, uint64_t number, bool *out, struct err **e)
{
	AUTO(environment_done) struct environment there = {.arena = ARENA};
	AUTO(err_free) struct err *why = NULL;
	const struct version v = {t->stem, number};
	int code = read_version(t->s, &v, false, &there, &why);
	*out = code == 0 && digest_eq(&there.content, &t->v->content);
	if (code == ERR_ABSENT)
		return t->rounds < PATIENCE ? code : 0;
	if (code < 0 && e)
		*e = STEAL(&why);
	return code;
}

/* The version that has this content; 0: there is none. */
static int find_equal(struct taking *t, uint64_t *out, struct err **e)
{
	*out = 0;
	for (size_t i = 0; i < t->numbers.n; i++) {
		const struct number *n = &t->numbers.v[i];
		bool equal;
		int code = n->wanted && n->given ? is_equal(t, n->number, &equal, e) : 0;
		if (code < 0)
			return code;
		if (!n->wanted || !n->given || !equal)
			continue;
		*out = n->number;
		return 0;
	}
	return 0;
}

/* How many numbers are wanted for this content and for no other, and not given; and the lowest. */
static size_t count_wanted(const struct taking *t, uint64_t *lowest, bool *any)
{
	size_t count = 0;
	*any = false;
	for (size_t i = 0; i < t->numbers.n; i++) {
		const struct number *n = &t->numbers.v[i];
		*any |= n->wanted;
		if (!n->wanted || n->contended || n->given)
			continue;
		if (count++ == 0)
			*lowest = n->number;
	}
	return count;
}

static int put_number(struct taking *t, struct str manifest, enum version_tag_kind kind,
		      uint64_t number, struct err **e)
{
	const struct version_tag tag = {kind, t->stem, number, str_of(t->claim)};
	if (number > ENVIRONMENT_VERSION_MAX)
		return err_set(e, ERR_LIMIT, "%.*s: no more versions", STR_ARG(t->v->name));
	return put_tag(t->s, manifest, &tag, e);
}

/* Wants the next number: 1 when nobody else does, ERR_ABSENT without an error to begin again. */
static int want_next(struct taking *t, struct str manifest, uint64_t *out, struct err **e)
{
	size_t n = t->numbers.n;
	uint64_t next = n ? t->numbers.v[n - 1].number + 1 : 1, lowest = 0;
	bool any;
	int code = put_number(t, manifest, VERSION_TAG_CLAIM, next, e);
	if (code == 0)
		code = look(t, e);
	if (code < 0)
		return code;
	*out = next;
	return count_wanted(t, &lowest, &any) == 1 && lowest == next ? 1 : ERR_ABSENT;
}

/* Whoever was slower with the same content than it was waited for has a lower number now. */
static int check_taken(struct taking *t, uint64_t *number, struct err **e)
{
	uint64_t lowest;
	int code = look(t, e);
	if (code == 0 && find_equal(t, &lowest, NULL) == 0 && lowest && lowest < *number) {
		*number = lowest;
		return 0;
	}
	return code < 0 ? code : 1;
}

/* One round: 1 when the number is taken now, 0 when it was before, ERR_ABSENT without an error to
 * begin again. */
static int try_to_take(struct taking *t, struct str manifest, uint64_t *out, struct err **e)
{
	bool any;
	int code = look(t, e);
	if (code == 0)
		code = find_equal(t, out, e);
	if (code < 0 || *out)
		return code;
	size_t wanted = count_wanted(t, out, &any);
	/* Somebody with the same content is at it, or was. */
	if (t->rounds < PATIENCE && (wanted || (any && !t->rounds)))
		return ERR_ABSENT;
	code = wanted ? 1 : want_next(t, manifest, out, e);
	if (code == 1)
		code = put_number(t, manifest, VERSION_TAG_FINAL, *out, e);
	return code < 0 ? code : check_taken(t, out, e);
}

/* A random time, but not too short for another to finish what he is at. */
static int wait_for_others(const struct taking *t, struct err **e)
{
	const struct timespec least = {0, BACKOFF_MS * 1000000};
	nanosleep(&least, NULL);
	return registry_wait(t->s->registry, t->rounds < PATIENCE ? t->rounds : PATIENCE, e);
}

static int take(struct taking *t, struct str manifest, uint64_t *out, struct err **e)
{
	for (; t->rounds < TRIES; t->rounds++) {
		AUTO(err_free) struct err *why = NULL;
		int code = t->rounds ? wait_for_others(t, e) : 0;
		if (code < 0)
			return code;
		code = try_to_take(t, manifest, out, &why);
		if (code != ERR_ABSENT || why) {
			if (e)
				*e = STEAL(&why);
			return code;
		}
	}
	return err_set(e, ERR_NET, "others take each number");
}

static int add(struct environments *s, const struct environment *v, uint64_t *out_version,
	       struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf manifest = BUF(MANIFEST_SIZE_MAX);
	struct taking t = {.s = s, .v = v, .stem = version_tag_stem(&a, v->name)};
	memcpy(t.claim, digest_text(&v->content).hex, CLAIM_DIGITS);
	write_manifest(v, &manifest);
	int code = buf_check(&manifest, "the manifest", e);
	if (code == 0)
		code = push_files(s, v, e);
	if (code == 0)
		code = take(&t, buf_str(&manifest), out_version, e);
	VEC_DONE(&t.numbers);
	return code;
}

static int write_about(struct environments *s, const struct version *v, struct str text,
		       struct err **e)
{
	AUTO(buf_done) struct buf manifest = BUF(MANIFEST_SIZE_MAX);
	struct json_out j = {&manifest, false};
	const struct version_tag t = {VERSION_TAG_ABOUT, v->stem, v->number, {0}};
	struct descriptor empty = artifact_empty();
	artifact_open(&j, ABOUT_TYPE);
	json_open(&j, "layers", '[');
	descriptor_put(&j, NULL, &empty);
	json_close(&j, ']');
	put_note(&j, NOTE, text);
	json_close(&j, '}');
	int code = buf_check(&manifest, "the manifest", e);
	if (code == 0)
		code = artifact_push_empty(s->registry, &s->repository, e);
	return code < 0 ? code : put_tag(s, buf_str(&manifest), &t, e);
}

const struct environments_actions environments_registry = {
	.close = close_registry,
	.stem = version_tag_stem,
	.list = list,
	.add = add,
	.read = read_version,
	.write_about = write_about,
};
