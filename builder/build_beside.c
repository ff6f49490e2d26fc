/* builder/build_beside.c - documents beside an image: its SBOM, its provenance, its lock. */
#include "builder/build_run.h"
#include "builder/referrer.h"
#include "builder/sbom.h"
#include "cache/store.h"

static const char *const types[] = {SBOM_TYPE, PROVENANCE_TYPE};

void build_attach_documents(struct build *b)
{
	for (; b; b = b->next)
		b->documents = true;
}

static struct sbom sbom_of(const struct build *b, const struct lock *l,
			   const struct link_plan *plan)
{
	return (struct sbom){l, plan, b->platform->image, build_created(plan)};
}

/* ---- made ---- */

/* A folder's name says nothing to others. */
static struct str image_name(const struct run *r, struct arena *a)
{
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	for (size_t i = 0; i < r->to_count && !name.n; i++)
		if (r->to[i].reference.kind == REFERENCE_REGISTRY)
			destination_name(&r->to[i], &name);
	return name.n ? arena_str(a, buf_str(&name)) : STR("image");
}

int run_write_documents(struct run *r, struct made *m, const struct link_plan *plan, struct err **e)
{
	struct sbom sbom = sbom_of(m->b, m->lock, plan);
	struct provenance provenance = {
		.of = &sbom,
		.key = r->key_hex,
		.prefix = m->b->prefix,
		.compression = compression_name(m->b->o.compression),
	};
	AUTO(buf_done) struct buf first = BUF(64 << 20);
	AUTO(buf_done) struct buf second = BUF(64 << 20);
	if (!m->b->documents)
		return 0;
	int code = sbom_write(&sbom, &first, e);
	if (code == 0)
		code = provenance_write(&provenance, &second, e);
	m->sbom = arena_str(&m->arena, buf_str(&first));
	m->predicate = arena_str(&m->arena, buf_str(&second));
	m->created = sbom.created;
	return code;
}

int build_sbom(struct build *b, const struct lock *l, struct buf *out, struct err **e)
{
	AUTO(free) struct package_file *files = mem_zero(l->count + 1, sizeof(*files));
	AUTO(link_plan_done) struct link_plan plan = {0};
	int code = build_fetch(b, l, files, e);
	if (code == 0)
		code = build_plan(b, l, files, &plan, e);
	if (code == 0) {
		struct sbom sbom = sbom_of(b, l, &plan);
		code = sbom_write(&sbom, out, e);
	}
	package_files_done(files, l->count);
	return code;
}

/* ---- pushed ---- */

/* An image that an engine has pushed is what the registry says that it is. */
static int find_subject(const struct made *m, const struct destination *to, struct descriptor *out,
			struct arena *a, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(MANIFEST_SIZE_MAX);
	AUTO(buf_done) struct buf type = BUF(4096);
	*out = (struct descriptor){m->image.media_type, m->image.manifest_digest,
				   m->image.manifest.n};
	if (!m->b->engine)
		return 0;
	int code = registry_get_manifest(to->registry, &to->reference, &text, &type, e);
	if (code < 0)
		return code;
	out->media_type = arena_str(a, buf_str(&type));
	digest_of(text.data, text.n, &out->digest);
	out->size = text.n;
	return 0;
}

bool run_write_lock(const struct run *r, struct buf *out)
{
	const struct lock *locks = r->made[0].lock;
	AUTO(arena_done) struct arena a = ARENA;
	struct lock *copies = arena_zero(&a, r->count, sizeof(*copies));
	struct digest is, wanted;
	for (size_t i = 0; i < r->count; i++)
		lock_without_base_place(&locks[i], &a, &copies[i]);
	if (!locks->count || lock_write_all(copies, r->count, out, NULL) < 0 ||
	    lock_digest_all(locks, r->count, &wanted, NULL) < 0)
		return false;
	digest_of(out->data, out->n, &is);
	return digest_eq(&is, &wanted);
}

/* For whoever copies the environment (build_find_lock). One that names folders of this machine is
 * nobody else's. */
static int push_lock(const struct run *r, struct referrer *referrer, const struct destination *to,
		     struct err **e)
{
	static const char local[] = "file:";
	AUTO(buf_done) struct buf text = BUF(STORE_BLOB_MAX);
	if (!run_write_lock(r, &text) || memmem(text.data, text.n, local, strlen(local)))
		return 0;
	referrer->type = BUILD_LOCK_TYPE;
	referrer->text = buf_str(&text);
	return referrer_push(to->registry, &to->reference, referrer, e);
}

static int push_of_one(const struct run *r, const struct made *m, const struct destination *to,
		       struct err **e)
{
	AUTO(buf_done) struct buf statement = BUF(64 << 20);
	AUTO(arena_done) struct arena a = ARENA;
	struct referrer referrer = {.created = m->created};
	int code = find_subject(m, to, &referrer.subject, &a, e);
	if (code == 0)
		code = provenance_state(m->predicate, image_name(r, &a), &referrer.subject.digest,
					&statement, e);
	const struct str texts[COUNT(types)] = {m->sbom, buf_str(&statement)};
	for (size_t i = 0; i < COUNT(types) && code == 0; i++) {
		referrer.type = types[i];
		referrer.text = texts[i];
		code = referrer_push(to->registry, &to->reference, &referrer, e);
	}
	return code < 0 ? code : push_lock(r, &referrer, to, e);
}

int run_push_documents(struct run *r, struct err **e)
{
	int code = 0;
	for (size_t i = 0; i < r->count * r->to_count && code == 0; i++)
		if (r->b->documents)
			code = push_of_one(r, &r->made[i % r->count], &r->to[i / r->count], e);
	return code;
}

/* ---- there already? ---- */

static int has_all(const struct destination *to, const struct digest *image, struct err **e)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		int has = referrer_has(to->registry, &to->reference, image, types[i], e);
		if (has <= 0)
			return has;
	}
	return 1;
}

/* Those of an index stand beside each of its images. */
static int index_has_all(const struct destination *to, const struct digest *index, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(MANIFEST_SIZE_MAX);
	AUTO(buf_done) struct buf type = BUF(4096);
	AUTO(json_free) cJSON *doc = NULL;
	struct reference named = to->reference;
	const cJSON *one;
	struct digest image;
	named.has_digest = true;
	named.digest = *index;
	int code = registry_get_manifest(to->registry, &named, &text, &type, e);
	if (code == 0)
		code = json_parse(buf_str(&text), "index", &doc, e);
	if (code < 0)
		return code;
	cJSON_ArrayForEach(one, json_array(doc, "manifests"))
	{
		const char *digest = json_text(one, "digest");
		int has =
			digest && digest_parse(str_of(digest), &image) ? has_all(to, &image, e) : 0;
		if (has <= 0)
			return has;
	}
	return 1;
}

int run_find_documents(const struct run *r, struct err **e)
{
	for (size_t i = 0; r->b->documents && i < r->to_count; i++) {
		int has = r->count > 1 ? index_has_all(&r->to[i], &r->result->digest, e)
				       : has_all(&r->to[i], &r->result->digest, e);
		if (has < 0)
			return has;
		if (!has)
			return err_set(e, ERR_ABSENT, "the image has no SBOM yet");
	}
	return 0;
}
