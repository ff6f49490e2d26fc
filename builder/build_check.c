/* builder/build_check.c - a lock and its definition, checked for this build's base. */
#include "builder/build_private.h"

int build_check(struct build *b, const struct definition *d, const struct lock *l,
		struct findings *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct virtuals virtuals;
	if (b->has_base)
		check_base(&b->base_reference, out);
	if (d->user_managed)
		return 0;
	int code = build_virtuals(b, &a, &virtuals, e);
	if (code < 0)
		return code;
	struct check_target t = {.platform = b->platform, .virtuals = virtuals.texts};
	if (b->has_base)
		t.base = &b->base_reference;
	if (b->base_pulled)
		t.base_cuda = base_image_env(&b->base, "CUDA_VERSION");
	check_definition(d, out);
	check_lock(l, &t, out);
	return 0;
}
