/* builder/layer_removed.h - what a layer takes away from those below it. */
#ifndef KILN_LAYER_REMOVED_H
#define KILN_LAYER_REMOVED_H
#include "builder/layer.h"

/* The paths that the layer has whiteouts for, from the root and without its "/", in its order. */
int layer_removed(const struct layer_options *o, const struct layer *l, struct arena *a,
		  struct strs *out, struct err **e);
#endif
