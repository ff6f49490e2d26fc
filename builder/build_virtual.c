/* builder/build_virtual.c - what the base offers: its environment says CUDA, its files glibc. */
#include "builder/build_private.h"
#include "builder/libc.h"
#include "builder/media_type.h"
#include "cache/layout.h"
#include "cache/records.h"
#include "specs/known_base.h"

/* What the cache's records call it; raise the number when libc_find finds other things. */
#define TOPIC "libc 1"

/* ---- CUDA ---- */

/* "12.4" of "12.4.1": a driver's version has two parts. */
static struct str two_parts(struct str version)
{
	size_t n = 0, dots = 0;
	while (n < version.n && ((version.p[n] >= '0' && version.p[n] <= '9') ||
				 (version.p[n] == '.' && ++dots < 2)))
		n++;
	return str_to(version, n);
}

/* CUDA_VERSION, or the first of "cuda>=12.4 brand=tesla,driver>=470 ...". */
static struct virtual_offer offered_cuda(const struct base_image *base)
{
	static const char wants[] = "cuda>=";
	struct str version = two_parts(base_image_env(base, "CUDA_VERSION"));
	struct str rest = base_image_env(base, "NVIDIA_REQUIRE_CUDA"), word;
	if (version.n)
		return (struct virtual_offer){version, STR("the base's CUDA_VERSION")};
	while (rest.n) {
		str_cut(&rest, ' ', &word);
		if (!str_starts(word, wants))
			continue;
		version = two_parts(str_from(word, sizeof(wants) - 1));
		if (version.n)
			return (struct virtual_offer){version,
						      STR("the base's NVIDIA_REQUIRE_CUDA")};
	}
	return (struct virtual_offer){0};
}

/* ---- glibc ---- */

struct layers {
	struct build *b;
	struct libc_layer *layers;
	size_t *numbers; /* of layers: theirs in the base */
	struct base_place place;
};

static int read_layer(void *cookie, size_t i,
		      int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		      struct err **e)
{
	struct layers *l = cookie;
	const struct descriptor *d = &l->b->base.layers[l->numbers[i]];
	struct blob_read blob = {.digest = d->digest, .size = d->size, .write = write, .to = to};
	return base_source_read(l->b->base_source, &l->place, &blob, e);
}

/* Whether it is other bytes that came, and another place may have the right ones. */
static bool came_wrong(struct layers *l, int code, struct err **why)
{
	return (code == ERR_DIGEST || code == ERR_CORRUPT) &&
	       base_source_doubt(l->b->base_source, &l->place, why);
}

static int find_in_layers(struct layers *l, const struct libc_source *from, struct libc *out,
			  struct err **e)
{
	for (;;) {
		AUTO(err_free) struct err *why = NULL;
		int code = libc_find(from, l->b->platform->arch, out, &why);
		if (came_wrong(l, code, &why))
			continue;
		if (code < 0 && e)
			*e = STEAL(&why);
		return code;
	}
}

/* Layers that registries do not hand out are Windows' own. */
static int look_into(struct build *b, struct libc *out, struct err **e)
{
	const struct base_image *base = &b->base;
	AUTO(free) struct libc_layer *layers = mem_zero(base->layer_count + 1, sizeof(*layers));
	AUTO(free) size_t *numbers = mem_zero(base->layer_count + 1, sizeof(*numbers));
	struct layers l = {b, layers, numbers, {0}};
	struct libc_source from = {.layers = layers, .read = read_layer, .cookie = &l};
	for (size_t i = 0; i < base->layer_count; i++) {
		const struct descriptor *d = &base->layers[i];
		if (media_type_kind(d->media_type, NULL) == MEDIA_LAYER_FOREIGN)
			continue;
		layers[from.count] = (struct libc_layer){d->digest, d->size};
		numbers[from.count++] = i;
	}
	from.log = b->o.log;
	log_info(b->o.log, "reading the base's layers for its libc, this once; "
			   "--virtual __glibc=VERSION makes that needless");
	return find_in_layers(&l, &from, out, e);
}

static bool recall(struct records *records, const struct digest *base, struct libc *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str text;
	return records_get_fact(records, base, TOPIC, &a, &text, NULL) == 0 && libc_read(text, out);
}

static int find_and_keep(struct build *b, struct records *records, struct libc *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(256);
	if (b->o.offline && b->base_reference.kind == REFERENCE_REGISTRY)
		return err_set(e, ERR_ABSENT,
			       "its libc was never looked for, and this is offline; give it with "
			       "--virtual __glibc=VERSION");
	int code = look_into(b, out, e);
	if (code < 0)
		return code;
	libc_write(out, &text);
	return records_put_fact(records, &b->base.digest, TOPIC, buf_str(&text), e);
}

/* One process looks, others wait for what it finds. */
static int find_libc(struct build *b, struct libc *out, struct err **e)
{
	struct records *records;
	AUTO(free) char *folder = NULL;
	AUTO(fd_close) int lock = -1;
	int code = build_records(b, &records, e);
	if (code < 0 || recall(records, &b->base.digest, out))
		return code;
	if ((code = layout_folder(b->cache, LAYOUT_LOCKS, &folder, e)) < 0 ||
	    (code = layout_lock(folder, digest_text(&b->base.digest).hex, &lock, e)) < 0)
		return code;
	if (recall(records, &b->base.digest, out))
		return 0;
	return find_and_keep(b, records, out, e);
}

/* Where nothing was found the default stands: no offer. */
static struct virtual_offer offer_of(struct build *b, const struct libc *libc)
{
	static const char *const from[] = {
		[LIBC_NONE] = "",
		[LIBC_GLIBC] = "the base's libc",
		[LIBC_MUSL] = "the base's libc, which is musl",
	};
	if (libc->kind == LIBC_MUSL)
		log_warn(b->o.log, "the base image has musl and no glibc: packages that need "
				   "__glibc cannot be used on it");
	else if (libc->kind == LIBC_NONE)
		log_warn(b->o.log, "no libc was found in the base image: the default __glibc is "
				   "assumed");
	return (struct virtual_offer){arena_str(&b->arena, str_of(libc->version)),
				      str_of(from[libc->kind])};
}

static int look_for_glibc(struct build *b, struct err **e)
{
	struct libc libc;
	struct virtual_offer named = {known_base_glibc(&b->base_reference), STR("the base's name")};
	if (!named.version.n) {
		int code = find_libc(b, &libc, e);
		if (code < 0)
			return err_wrap(e, build_base_code(b, code), "base image");
		named = offer_of(b, &libc);
	}
	b->glibc = named;
	b->glibc_looked_for = true;
	return 0;
}

int build_virtuals(struct build *b, struct arena *a, struct virtuals *out, struct err **e)
{
	struct virtual_base base = {0};
	int code = build_pull_base(b, e);
	if (code == 0 && b->has_base && !b->glibc_looked_for &&
	    !virtuals_decided(b->given, "__glibc"))
		code = look_for_glibc(b, e);
	if (code < 0)
		return code;
	base.glibc = b->glibc;
	if (b->has_base)
		base.cuda = offered_cuda(&b->base);
	return virtuals_make(a, b->platform, b->o.virtuals, &base, out, e);
}

int build_check_virtuals(struct build *b, const struct record *records, size_t count,
			 struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct virtuals v;
	if (!virtuals_wanted(records, count))
		return 0;
	int code = build_virtuals(b, &a, &v, e);
	return code < 0 ? code : virtuals_check(&v, NULL, records, count, e);
}

int build_check_plan(struct build *b, const struct link_plan *plan, struct err **e)
{
	AUTO(free) struct record *records = mem_zero(plan->count + 1, sizeof(*records));
	for (size_t i = 0; i < plan->count; i++) {
		records[i] = plan->records[i];
		if (records[i].constrains.n == 0)
			records[i].constrains = link_constrains(plan, i);
	}
	return build_check_virtuals(b, records, plan->count, e);
}

/* "2.36", empty where the C library is not glibc. */
static struct str host_glibc(char *room, size_t size)
{
	struct str rest = {0}, name;
#ifdef _CS_GNU_LIBC_VERSION
	size_t n = confstr(_CS_GNU_LIBC_VERSION, room, size);
	if (n > 0 && n <= size)
		rest = str_of(room);
	str_cut(&rest, ' ', &name);
#else
	(void)room, (void)size, (void)name;
#endif
	return rest;
}

/* Only this one: what else the machine has, or will have, is not for kiln to say. */
void build_warn_of_host(struct build *b, const struct record *records, size_t count)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(err_free) struct err *why = NULL;
	char room[64];
	struct virtuals v;
	struct virtual_base host = {
		.glibc = {host_glibc(room, sizeof(room)), STR("this machine's libc")}};
	if (b->foreign || virtuals_make(&a, b->platform, b->o.virtuals, &host, &v, &why) < 0 ||
	    virtuals_check(&v, "__glibc", records, count, &why) == 0)
		return;
	AUTO(free) char *line = err_line(why);
	log_warn(b->o.log, "%s", line);
}
