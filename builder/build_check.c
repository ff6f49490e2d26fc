/* builder/build_check.c - a lock and its definition, checked for this build's base. */
#include "builder/build_private.h"
#include "builder/check_source.h"

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

int build_check_source(struct build *b, const struct lock *l, const char *folder,
		       struct findings *out, struct err **e)
{
	AUTO(free) struct package_file *files = mem_zero(l->count + 1, sizeof(*files));
	AUTO(link_plan_done) struct link_plan plan = {0};
	int code = build_fetch(b, l, files, e);
	if (code == 0)
		code = build_plan(b, l, files, &plan, e);
	if (code == 0)
		code = check_source(folder, &plan, out, e);
	package_files_done(files, l->count);
	return code < 0 ? err_wrap(e, code, "--source %s", folder) : 0;
}
