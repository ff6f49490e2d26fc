/* builder/pack_plan.h - which package goes into which layer, and what its segment is known by.
 *
 * Shared by pack, which makes the layers, and plan, which tells of them. The sizes are those of the
 * archives: they are known before anything is downloaded, and near to what a layer weighs. */
#ifndef KILN_PACK_PLAN_H
#define KILN_PACK_PLAN_H
#include "builder/link.h"

/* out[i]: the layer of package i; out[count]: that of the environment's own segment, the last.
 * sizes: [count], bytes. base_layers: how many there are below. */
void pack_plan_layers(const struct record *records, const uint64_t *sizes, size_t count,
		      size_t base_layers, unsigned *out, size_t *out_layers);
/* What decides the bytes of package i's segment; of the environment's own for plan->count. */
void pack_plan_identity(const struct link_plan *plan, const struct link_environment *env, size_t i,
			struct digest *out);
#endif
