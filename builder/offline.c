/* builder/offline.c - what an offline build needs and the cache lacks, found before work begins. */
#include "builder/build_private.h"
#include "builder/media_type.h"
#include "cache/missing.h"
#include "cache/store.h"

static void missing_libc(struct build *b, const struct lock *locked, const char *name,
			 struct missing *all)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct virtuals v;
	if (locked && !virtuals_wanted(locked->records, locked->count))
		return;
	if (build_virtuals(b, &a, &v, NULL) == ERR_ABSENT)
		missing_add(all, "the libc of base image %s (give it: --virtual __glibc=VERSION)",
			    name);
}

/* What stands in a folder is no matter of the cache: its errors come when it is read. */
static void missing_base(struct build *b, const struct definition *d, const struct lock *locked,
			 struct missing *all)
{
	AUTO(buf_done) struct buf name = BUF(BUF_UNLIMITED);
	if (b->base_reference.kind != REFERENCE_REGISTRY || (!b->has_base && !b->base_unknown))
		return;
	reference_write(&b->base_reference, &name);
	if (b->base_unknown)
		missing_add(all, "base image %s", name.data);
	else if (d && build_pull_base(b, NULL) == ERR_ABSENT)
		missing_add(all, "manifest and configuration of base image %s", name.data);
	else if (d)
		missing_libc(b, locked, name.data, all);
}

static void missing_channels(struct build *b, const struct definition *d)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(channels_close) struct channels channels = {0};
	struct strs wanted = build_wanted(&a, d);
	if (d->channels.n)
		build_channels(b, d, &wanted, &channels, NULL);
}

static void missing_packages(struct build *b, const struct lock *locked)
{
	AUTO(free) struct package_file *files = mem_zero(locked->count + 1, sizeof(*files));
	if (build_fetch(b, locked, files, NULL) == 0)
		package_files_done(files, locked->count);
}

static void missing_of_one(struct build *b, const struct definition *d, const struct lock *locked,
			   struct missing *all)
{
	missing_base(b, d, locked, all);
	b->missing = all;
	if (locked)
		missing_packages(b, locked);
	else if (d)
		missing_channels(b, d);
	b->missing = NULL;
}

void build_missing(struct build *b, const struct definition *d, const struct lock *locked,
		   struct missing *all)
{
	for (size_t i = 0; b; b = b->next, i++)
		missing_of_one(b, d, locked ? &locked[i] : NULL, all);
}

static void missing_layers_of_one(struct build *b, const struct destination *to, size_t to_count,
				  struct missing *all)
{
	if (!b->base_pulled || b->base_reference.kind != REFERENCE_REGISTRY)
		return;
	for (size_t i = 0; i < b->base.layer_count; i++) {
		const struct descriptor *layer = &b->base.layers[i];
		bool here = media_type_kind(layer->media_type, NULL) == MEDIA_LAYER_FOREIGN ||
			    store_has(b->cache, &layer->digest, layer->size);
		bool there = true;
		for (size_t k = 0; k < to_count && !here; k++)
			there &= registry_has_blob(to[k].registry, &to[k].reference, &layer->digest,
						   layer->size, NULL) == 1;
		if (!here && !there)
			missing_add(all, "base layer %s (%llu bytes)",
				    digest_name(&layer->digest).text,
				    (unsigned long long)layer->size);
	}
}

void build_missing_layers(struct build *b, const struct destination *to, size_t to_count,
			  struct missing *all)
{
	for (; b; b = b->next)
		missing_layers_of_one(b, to, to_count, all);
}

int build_offline(struct build *b, const struct definition *d, const struct lock *locked,
		  struct err **e)
{
	AUTO(missing_done) struct missing all = {0};
	if (b->o.offline)
		build_missing(b, d, locked, &all);
	return missing_error(&all, e);
}
