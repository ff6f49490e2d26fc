/* tests/unit/place.h - a reference and its registry, opened for a test. */
#ifndef KILN_PLACE_H
#define KILN_PLACE_H
#include "builder/registry.h"
#include <stdio.h>

struct place {
	struct arena arena;
	struct reference r;
	struct registry *g;
};

static inline void place_done(struct place *p)
{
	registry_close(p->g);
	arena_done(&p->arena);
}
AUTO_DEFINE_VALUE(struct place, place_done)

/* cmocka has to be included before; a place that does not open fails the test. */
static inline void place_open(struct place *p, struct http *client, struct log *log,
			      const char *text)
{
	struct registry_options o = {"linux/amd64", 2, log, 1};
	*p = (struct place){0};
	assert_int_equal(reference_parse(&p->arena, str_of(text), &p->r, NULL), 0);
	assert_int_equal(registry_open(client, &p->r, &o, &p->g, NULL), 0);
}
#endif
