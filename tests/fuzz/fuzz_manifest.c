/* fuzz_manifest.c - any bytes as an index or a manifest, and with a config behind a NUL. */
#include "builder/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_on(const struct base_image *base)
{
	AUTO(image_done) struct image image = {0};
	AUTO(base_image_done) struct base_image again = {0};
	struct layer layer = {.size = 1};
	struct image_options o = {.platform = "linux/amd64", .prefix = "/opt/env"};
	if (image_make(base, &layer, 1, &o, &image, NULL) == 0 &&
	    base_image_parse(image.manifest, image.config, &again, NULL) < 0)
		abort(); /* what kiln writes it reads */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(base_image_done) struct base_image base = {0};
	struct str config = {(const char *)data, size}, manifest;
	struct descriptor d;
	bool index;

	str_cut(&config, 0, &manifest);
	image_index_choose(manifest, (struct str){0}, "linux/amd64", &index, &d, &a, NULL);
	manifest_config(manifest, &a, &d, NULL);
	if (base_image_parse(manifest, config, &base, NULL) == 0)
		make_on(&base);
	return 0;
}
