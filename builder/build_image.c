/* builder/build_image.c - the whole way to an image, or the short one when it exists. */
#include "builder/build_private.h"
#include "cache/layout.h"
#include "cache/missing.h"
#include "cache/records.h"
#include "specs/base/fs.h"
#include "specs/base/workers.h"
#include <stdio.h>

/* One platform's image. */
struct made {
	struct build *b;
	const struct lock *lock;
	struct packed packed;
	struct arena arena; /* env's */
	struct strs env;
	struct image image;
};

struct run {
	struct build *b; /* the first platform's */
	const struct definition *d;
	const struct lock *locked;	   /* [count]; or NULL */
	struct lock solved[PLATFORMS_MAX]; /* when it is not */
	struct made made[PLATFORMS_MAX];
	size_t count;		  /* platforms */
	struct image_index index; /* of several */
	struct destination *to;
	size_t to_count;
	struct build_result *result;
	struct records *records;
	struct phases phases;
	char key_hex[DIGEST_HEX + 1];
};

static void name_result(struct run *r)
{
	AUTO(buf_done) struct buf name = BUF(1 << 20);
	destination_name(&r->to[0], &name);
	r->result->image = arena_printf(&r->result->arena, "%s@%s", name.data,
					digest_name(&r->result->digest).text);
}

/* ---- the short way: the key has an image ---- */

/* Gives the image of the key tag the user's tag as well. */
static int retag(struct destination *to, const struct reference *by_key,
		 const struct digest *digest, struct err **e)
{
	struct digest now;
	AUTO(buf_done) struct buf manifest = BUF(4 << 20);
	AUTO(buf_done) struct buf media_type = BUF(256);
	if (to->tags.n < 2)
		return 0;
	int code = registry_head(to->registry, &to->reference, &now, NULL, NULL);
	if (code == 0 && digest_eq(&now, digest))
		return 0;
	if ((code = registry_get_manifest(to->registry, by_key, &manifest, &media_type, e)) < 0)
		return code;
	/* A registry that has lost blobs of it says ERR_ABSENT: then it is built again. */
	struct push_manifest m = {.manifest = buf_str(&manifest),
				  .media_type = buf_str(&media_type),
				  .tags = to->tags};
	return registry_put(to->registry, &to->reference, &m, e);
}

/* 0 when every destination has one and the same image for the key; ERR_ABSENT when not. */
static int find_built(struct run *r, struct err **e)
{
	for (size_t i = 0; i < r->to_count; i++) {
		struct reference by_key = r->to[i].reference;
		struct digest digest;
		by_key.tag = r->to[i].tags.v[0];
		int code = registry_head(r->to[i].registry, &by_key, &digest, NULL, e);
		if (code < 0)
			return code;
		if (i == 0)
			r->result->digest = digest;
		else if (!digest_eq(&digest, &r->result->digest))
			return err_set(e, ERR_ABSENT, "destinations differ");
		if ((code = retag(&r->to[i], &by_key, &digest, e)) < 0)
			return code;
	}
	return 0;
}

static int recall_built(struct run *r, struct built *out)
{
	AUTO(buf_done) struct buf name = BUF(1 << 20);
	destination_name(&r->to[0], &name);
	int code = records_get(r->records, &r->result->key, buf_str(&name), &r->result->arena, out,
			       NULL);
	if (code < 0)
		return code;
	return digest_eq(&out->manifest, &r->result->digest) ? 0 : ERR_ABSENT;
}

/* The key's image serves a locked build when this machine knows that it is of this lock. */
static int fits_lock(struct run *r, struct err **e)
{
	struct digest wanted;
	struct built built;
	int code = lock_digest_all(r->locked, r->count, &wanted, e);
	if (code < 0)
		return code;
	if (recall_built(r, &built) < 0 || !digest_eq(&built.lock, &wanted))
		return err_set(e, ERR_ABSENT, "the image is of another lock");
	return 0;
}

static uint64_t recall_size(const cJSON *of)
{
	uint64_t size = 0;
	json_u64(of, "size", &size);
	return size;
}

static void recall_layers(struct run *r, const cJSON *doc, struct json_out *j)
{
	const cJSON *layer = NULL;
	json_open(j, "layers", '[');
	cJSON_ArrayForEach(layer, json_array(doc, "layers"))
	{
		json_open(j, NULL, '{');
		json_put_text(j, "digest", json_text(layer, "digest"));
		json_put_u64(j, "size", recall_size(layer));
		json_put_value(j, "packages", json_get(layer, "packages"));
		json_put_bool(j, "reused", true);
		json_close(j, '}');
		r->result->layers++;
		r->result->packages += (size_t)cJSON_GetArraySize(json_get(layer, "packages"));
	}
	json_close(j, ']');
}

static void recall_platforms(struct run *r, const cJSON *doc, struct json_out *j)
{
	const cJSON *list = json_array(doc, "platforms");
	json_open(j, "platforms", '[');
	for (size_t i = 0; i < r->count; i++) {
		const cJSON *image = list ? cJSON_GetArrayItem(list, (int)i) : NULL;
		json_open(j, NULL, '{');
		json_put_text(j, "platform", r->made[i].b->platform->image);
		json_put_text(j, "digest", json_text(image, "digest"));
		json_put_u64(j, "size", recall_size(image));
		recall_layers(r, image, j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* What the local records know of it, as the members of the JSON document: nothing, when
 * another machine has built it. */
static void recall(struct run *r, struct json_out *j)
{
	AUTO(json_free) cJSON *doc = NULL;
	struct built built;
	if (recall_built(r, &built) == 0)
		(void)json_parse(built.summary, "record", &doc, NULL);
	r->result->size = recall_size(doc);
	json_put_text(j, "lock_digest", json_text(doc, "lock_digest"));
	json_put_bool(j, "cached", true);
	json_put_u64(j, "size", r->result->size);
	if (r->count > 1)
		recall_platforms(r, doc, j);
	else
		recall_layers(r, doc, j);
}

/* ---- the long way ---- */

static int does_not_fit(int code, struct err **e)
{
	return code < 0 ? err_wrap(e, code, "the lock does not fit the base image") : 0;
}

/* Which of several platforms an error is of. */
static int of_platform(const struct run *r, const struct build *b, int code, struct err **e)
{
	return code < 0 && r->count > 1 ? err_wrap(e, code, "%s", b->platform->image) : code;
}

static int get_lock(struct run *r, size_t i, struct err **e)
{
	struct build *b = r->made[i].b;
	if (!r->locked) {
		r->made[i].lock = &r->solved[i];
		return build_lock(b, r->d, &r->solved[i], e);
	}
	const struct lock *lock = r->made[i].lock = &r->locked[i];
	int code = build_lock_fits(b, r->d, lock, e);
	if (code < 0)
		return code;
	return does_not_fit(build_check_virtuals(b, lock->records, lock->count, e), e);
}

/* Of all platforms, before anything is made for one. */
static int get_locks(struct run *r, struct err **e)
{
	if (!r->locked)
		phases_enter(&r->phases, "solve");
	for (size_t i = 0; i < r->count; i++) {
		struct build *b = r->made[i].b;
		int code = build_pull_base(b, e);
		if (code == 0)
			code = get_lock(r, i, e);
		if (code < 0)
			return of_platform(r, b, code, e);
	}
	return lock_digest_all(r->made[0].lock, r->count, &r->result->lock_digest, e);
}

/* Environment of the image: what activation sets, then what the definition sets. */
static int image_env(const struct run *r, const struct link_plan *plan, struct arena *a,
		     struct strs *out, struct err **e)
{
	struct strs activation = {0};
	int code = link_activation(plan, a, &activation, e);
	if (code < 0)
		return code;
	size_t n = activation.n + r->d->variable_count;
	struct str *env = arena_zero(a, n, sizeof(*env));
	for (size_t i = 0; i < activation.n; i++)
		env[i] = activation.v[i];
	for (size_t i = 0; i < r->d->variable_count; i++)
		env[activation.n + i] =
			arena_printf(a, "%.*s=%.*s", STR_ARG(r->d->variables[i].name),
				     STR_ARG(r->d->variables[i].value));
	*out = (struct strs){env, n};
	return 0;
}

/* The lock's newest artefact, unless SOURCE_DATE_EPOCH says otherwise: never the clock. */
static uint64_t created(const struct link_plan *plan)
{
	uint64_t seconds;
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	return epoch && str_u64(str_of(epoch), &seconds) ? seconds : plan->newest;
}

static bool to_layout(const struct run *r)
{
	for (size_t i = 0; i < r->to_count; i++)
		if (r->to[i].reference.kind == REFERENCE_OCI)
			return true;
	return false;
}

static int finish_image(struct run *r, struct made *m, const struct link_plan *plan, struct err **e)
{
	const struct build *b = m->b;
	struct digest_text lock = digest_text(&r->result->lock_digest);
	struct image_options options = {
		.platform = b->platform->image,
		.prefix = b->prefix,
		.key = r->key_hex,
		.lock_digest = lock.hex,
		.created = created(plan),
		.oci = r->count > 1 || to_layout(r),
		.env = m->env,
	};
	return image_make(b->base_pulled ? &b->base : NULL, m->packed.layers, m->packed.count,
			  &options, &m->image, e);
}

static void write_layers(const struct packed *packed, struct json_out *j)
{
	json_open(j, "layers", '[');
	for (size_t i = 0; i < packed->count; i++) {
		const struct layer *layer = &packed->layers[i];
		json_open(j, NULL, '{');
		json_put_text(j, "digest", digest_name(&layer->digest).text);
		json_put_u64(j, "size", layer->size);
		json_put_strs(j, "packages", layer->packages);
		json_put_bool(j, "reused", !packed->sent[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_platforms(const struct run *r, struct json_out *j)
{
	json_open(j, "platforms", '[');
	for (size_t i = 0; i < r->count; i++) {
		const struct made *m = &r->made[i];
		json_open(j, NULL, '{');
		json_put_text(j, "platform", m->b->platform->image);
		json_put_text(j, "digest", digest_name(&m->image.manifest_digest).text);
		json_put_u64(j, "size", m->image.size);
		write_layers(&m->packed, j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_built(const struct run *r, struct json_out *j)
{
	json_put_text(j, "lock_digest", digest_text(&r->result->lock_digest).hex);
	json_put_bool(j, "cached", false);
	json_put_u64(j, "size", r->result->size);
	if (r->count > 1)
		write_platforms(r, j);
	else
		write_layers(&r->made[0].packed, j);
}

/* Layers to every destination, the base's beside them. */
static int push_layers(struct run *r, struct made *m, const struct link_plan *plan, struct err **e)
{
	struct base_push *base = NULL;
	int code = base_push_start(m->b, r->to, r->to_count, &base, e);
	if (code < 0)
		return code;
	code = pack_and_push(m->b, plan, m->lock, r->d, r->to, r->to_count, &r->result->arena,
			     &m->packed, e);
	return base_push_finish(base, code, e);
}

/* What an image is made of, in two parts that go on beside each other: the layers, and the
 * environment, for which scripts run. */
struct parts {
	struct run *r;
	struct made *m;
	const struct link_plan *plan;
};

static int make_part(void *cookie, size_t i, struct err **e)
{
	struct parts *p = cookie;
	if (i == 1)
		return push_layers(p->r, p->m, p->plan, e);
	int code = image_env(p->r, p->plan, &p->m->arena, &p->m->env, e);
	if (code < 0)
		atomic_store(&p->m->b->given_up, true);
	return code;
}

static int make_of_files(struct run *r, struct made *m, const struct package_file *files,
			 struct err **e)
{
	AUTO(link_plan_done) struct link_plan plan = {0};
	struct parts parts = {r, m, &plan};
	phases_enter(&r->phases, "plan");
	int code = build_plan(m->b, m->lock, files, &plan, e);
	if (code < 0)
		return code;
	/* What the archives say of virtual packages may be more than the lock does. */
	if (r->locked && (code = does_not_fit(build_check_plan(m->b, &plan, e), e)) < 0)
		return code;
	phases_enter(&r->phases, "pack");
	code = workers_run(2, 2, make_part, &parts, e);
	return code < 0 ? code : finish_image(r, m, &plan, e);
}

static int make_image(struct run *r, struct made *m, struct err **e)
{
	AUTO(free) struct package_file *files = mem_zero(m->lock->count, sizeof(*files));
	if (r->count > 1)
		log_info(m->b->o.log, "image for %s", m->b->platform->image);
	phases_enter(&r->phases, "fetch");
	int code = build_fetch(m->b, m->lock, files, e);
	if (code == 0)
		code = make_of_files(r, m, files, e);
	package_files_done(files, m->lock->count);
	return of_platform(r, m->b, code, e);
}

/* Images first: registries refuse an index of what they do not have. */
static int push_to(struct run *r, const struct destination *to, struct err **e)
{
	struct image_push images[PLATFORMS_MAX];
	for (size_t i = 0; i < r->count; i++) {
		struct made *m = &r->made[i];
		images[i] = (struct image_push){m->b, to, &m->packed, &m->image, r->count > 1};
		int code = push_image(&images[i], e);
		if (code < 0)
			return of_platform(r, m->b, code, e);
	}
	return r->count > 1 ? push_index(&r->index, images, r->count, e) : 0;
}

static int make_index(struct run *r, struct err **e)
{
	struct image images[PLATFORMS_MAX];
	for (size_t i = 0; i < r->count; i++)
		images[i] = r->made[i].image;
	return image_index_make(images, r->count, &r->index, e);
}

static int push_everywhere(struct run *r, struct err **e)
{
	int code = r->count > 1 ? make_index(r, e) : 0;
	phases_enter(&r->phases, "push");
	for (size_t i = 0; i < r->to_count && code == 0; i++)
		code = push_to(r, &r->to[i], e);
	return code;
}

static void describe_result(struct run *r)
{
	const struct image *image = &r->made[0].image;
	r->result->digest = r->count > 1 ? r->index.digest : image->manifest_digest;
	r->result->size = r->count > 1 ? r->index.size : image->size;
	for (size_t i = 0; i < r->count; i++) {
		r->result->packages += r->made[i].lock->count;
		r->result->layers += r->made[i].packed.count;
	}
}

/* All that is missing is named in one go, before anything is made. */
static int check_offline(struct run *r, struct err **e)
{
	AUTO(missing_done) struct missing all = {0};
	if (!r->b->o.offline)
		return 0;
	build_missing(r->b, r->d, r->locked, &all);
	build_missing_layers(r->b, r->to, r->to_count, &all);
	return missing_error(&all, e);
}

static int build_new(struct run *r, struct json_out *j, struct err **e)
{
	int code = check_offline(r, e);
	if (code == 0)
		code = get_locks(r, e);
	for (size_t i = 0; i < r->count && code == 0; i++)
		code = make_image(r, &r->made[i], e);
	if (code == 0)
		code = push_everywhere(r, e);
	if (code < 0)
		return code;
	describe_result(r);
	name_result(r);
	write_built(r, j);
	return 0;
}

/* ---- both ---- */

static void write_head(struct run *r, struct json_out *j)
{
	json_put_str(j, "image", r->result->image);
	json_put_text(j, "digest", digest_name(&r->result->digest).text);
	json_put_text(j, "key", r->key_hex);
}

/* The document: head, the members that the way taken has written, seconds. */
static void write_document(struct run *r, struct str members)
{
	AUTO(buf_done) struct buf text = BUF(64 << 20);
	struct json_out j = {&text};
	json_open(&j, NULL, '{');
	write_head(r, &j);
	buf_add_char(&text, ',');
	buf_add_str(&text, members);
	phases_write(&r->phases, &j, "seconds");
	json_close(&j, '}');
	r->result->json = arena_str(&r->result->arena, buf_str(&text));
}

static int remember(struct run *r, struct err **e)
{
	for (size_t i = 0; i < r->to_count; i++) {
		AUTO(buf_done) struct buf name = BUF(1 << 20);
		destination_name(&r->to[i], &name);
		struct built built = {
			.key = r->result->key,
			.destination = buf_str(&name),
			.manifest = r->result->digest,
			.lock = r->result->lock_digest,
			.size = r->result->size,
			.summary = r->result->json,
		};
		int code = records_put(r->records, &built, e);
		if (code < 0)
			return err_wrap(e, code, "record");
	}
	return 0;
}

/* Equal builds on one machine wait for one another; the second then finds the first's. */
static int lock_key(struct run *r, int *out_fd, struct err **e)
{
	AUTO(free) char *folder = NULL;
	int code = layout_folder(r->b->cache, LAYOUT_LOCKS, &folder, e);
	if (code < 0)
		return code;
	AUTO(free) char *path = fs_join(folder, r->key_hex);
	return fs_lock(path, false, out_fd, e);
}

static int run_build(struct run *r, struct err **e)
{
	AUTO(buf_done) struct buf members = BUF(64 << 20);
	struct json_out j = {&members};
	AUTO(fd_close) int lock_fd = -1;
	int code = lock_key(r, &lock_fd, e);
	if (code < 0)
		return code;
	code = r->b->o.update ? ERR_ABSENT : find_built(r, e);
	if (code == 0 && r->locked)
		code = fits_lock(r, e);
	if (code < 0 && code != ERR_ABSENT)
		return code;
	err_clear(e);
	r->result->cached = code == 0;
	if (r->result->cached) {
		name_result(r);
		recall(r, &j);
	} else {
		code = build_new(r, &j, e);
	}
	if (code < 0)
		return code;
	write_document(r, buf_str(&members));
	return r->result->cached ? 0 : remember(r, e);
}

static void run_done(struct run *r)
{
	for (size_t i = 0; i < r->count; i++) {
		lock_done(&r->solved[i]);
		packed_done(&r->made[i].packed);
		arena_done(&r->made[i].arena);
		image_done(&r->made[i].image);
	}
	image_index_done(&r->index);
	destinations_close(r->to, r->to_count);
	records_close(r->records);
}

int build_image(struct build *b, const struct definition *d, const struct lock *locked,
		struct strs destinations, struct build_result *out, struct err **e)
{
	AUTO(build_result_done) struct build_result made = {0};
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	struct run r = {.b = b, .d = d, .locked = locked, .result = &made};
	for (struct build *at = b; at; at = at->next)
		r.made[r.count++].b = at;
	phases_start(&r.phases, b->o.log);
	phases_enter(&r.phases, "key");
	build_key(b, d, &text, &made.key);
	memcpy(r.key_hex, digest_text(&made.key).hex, sizeof(r.key_hex));
	int code = records_open(b->cache, &r.records, e);
	if (code == 0)
		code = destinations_open(b, destinations, r.key_hex, &made.arena, &r.to,
					 &r.to_count, e);
	if (code == 0)
		code = run_build(&r, e);
	run_done(&r);
	if (code < 0)
		return code;
	*out = made;
	made = (struct build_result){0};
	return 0;
}

void build_result_done(struct build_result *r)
{
	arena_done(&r->arena);
	*r = (struct build_result){0};
}
