/* builder/cli/treemap.h - areas in proportion to sizes, that fill a rectangle. */
#ifndef KILN_CLI_TREEMAP_H
#define KILN_CLI_TREEMAP_H
#include <stddef.h>
#include <stdint.h>

/* In any unit; x and y are the corner's where both are least. */
struct treemap_rect {
	double x, y, width, height;
};

/* Puts a rectangle for each size into `in`: none covers another, together they fill it, and each is
 * about as wide as high (squarified: Bruls, Huizing, van Wijk 2000). sizes: largest first; size 0
 * gets no area. The time is that of count times the number of rows. */
void treemap_layout(const uint64_t *sizes, size_t count, struct treemap_rect in,
		    struct treemap_rect *out);
#endif
