/* builder/cli/treemap.c - squarified treemaps: rows along the shorter side of what is left. */
#include "builder/cli/treemap.h"
#include <stdbool.h>

static double sum_of(const uint64_t *sizes, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)sizes[i];
	return sum;
}

/* How far the worst of a row's rectangles is from a square, which is 1: the row has an area and
 * lies along a side; most and least are the largest and smallest part of that area. */
static double worst(double area, double most, double least, double side)
{
	double depth = area / side;
	double longest = most / (depth * depth), shortest = depth * depth / least;
	return longest > shortest ? longest : shortest;
}

/* How many sizes make the best row along that side; scale: area of a size of 1. */
static size_t row_length(const uint64_t *sizes, size_t count, double side, double scale)
{
	double area = 0, most = 0, least = 0, best = 0;
	for (size_t n = 0; n < count; n++) {
		double one = (double)sizes[n] * scale;
		area += one;
		most = one > most ? one : most;
		least = n == 0 || one < least ? one : least;
		double now = worst(area, most, least, side);
		if (n > 0 && now > best)
			return n;
		best = now;
	}
	return count;
}

/* The last one ends where the row does: no sum of fractions leaves a gap. */
static void put_row(const uint64_t *sizes, size_t n, struct treemap_rect row, bool across,
		    struct treemap_rect *out)
{
	double sum = sum_of(sizes, n), before = 0;
	for (size_t i = 0; i < n; i++) {
		double from = before / sum;
		before += (double)sizes[i];
		double to = i + 1 == n ? 1 : before / sum;
		out[i] = row;
		if (across) {
			out[i].x = row.x + row.width * from;
			out[i].width = row.width * (to - from);
		} else {
			out[i].y = row.y + row.height * from;
			out[i].height = row.height * (to - from);
		}
	}
}

/* Takes a share of the rectangle away, as a row along its shorter side. */
static struct treemap_rect cut_row(struct treemap_rect *left, double share, bool across)
{
	struct treemap_rect row = *left;
	if (across) {
		row.height *= share;
		left->y += row.height;
		left->height -= row.height;
	} else {
		row.width *= share;
		left->x += row.width;
		left->width -= row.width;
	}
	return row;
}

void treemap_layout(const uint64_t *sizes, size_t count, struct treemap_rect in,
		    struct treemap_rect *out)
{
	struct treemap_rect left = in;
	for (size_t i = 0; i < count; i++)
		out[i] = (struct treemap_rect){in.x, in.y, 0, 0};
	while (count && sizes[count - 1] == 0)
		count--;
	for (size_t at = 0, n = 0; at < count; at += n) {
		double rest = sum_of(sizes + at, count - at);
		bool across = left.width < left.height;
		double side = across ? left.width : left.height;
		n = row_length(sizes + at, count - at, side, left.width * left.height / rest);
		double share = at + n == count ? 1 : sum_of(sizes + at, n) / rest;
		put_row(sizes + at, n, cut_row(&left, share, across), across, out + at);
	}
}
