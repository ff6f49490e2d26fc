/* tests/unit/test_treemap.c - areas, bounds and gaps of treemaps, of chosen and generated sizes. */
#include "builder/cli/treemap.h"
#include "specs/base/buf.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 200, ROUNDS = 500 };
static const struct treemap_rect frame = {10, 20, 960, 540};

static bool covers(const struct treemap_rect *a, const struct treemap_rect *b)
{
	const double hair = 1e-6;
	return a->x + a->width > b->x + hair && b->x + b->width > a->x + hair &&
	       a->y + a->height > b->y + hair && b->y + b->height > a->y + hair;
}

static bool is_inside(const struct treemap_rect *r, const struct treemap_rect *in)
{
	const double hair = 1e-6;
	return r->x > in->x - hair && r->y > in->y - hair &&
	       r->x + r->width < in->x + in->width + hair &&
	       r->y + r->height < in->y + in->height + hair && r->width >= 0 && r->height >= 0;
}

/* In proportion, inside, apart; so that, as the areas add up to all of it, without gaps. */
static void check(const uint64_t *sizes, size_t n, struct treemap_rect in)
{
	struct treemap_rect out[MOST];
	double sum = 0, all = in.width * in.height;
	treemap_layout(sizes, n, in, out);
	for (size_t i = 0; i < n; i++)
		sum += (double)sizes[i];
	for (size_t i = 0; i < n; i++) {
		double wanted = sum > 0 ? all * (double)sizes[i] / sum : 0;
		assert_true(fabs(out[i].width * out[i].height - wanted) < all * 1e-9);
		assert_true(is_inside(&out[i], &in));
		for (size_t k = 0; k < i; k++)
			assert_false(covers(&out[i], &out[k]));
	}
}

static void chosen_sizes_fill_their_rectangle(void **state)
{
	static const struct {
		size_t n;
		uint64_t sizes[8];
	} rows[] = {
		{0, {0}},
		{1, {0}},
		{1, {1}},
		{2, {1, 1}},
		{3, {0, 0, 0}},
		{7, {6, 6, 4, 3, 2, 2, 1}}, /* the paper's */
		{4, {UINT64_MAX, UINT64_MAX, 1, 0}},
		{5, {1000000000000, 3, 2, 1, 0}},
	};
	static const struct treemap_rect frames[] = {
		{0, 0, 6, 4}, {0, 0, 1, 1000}, {5, 7, 1000, 0.5}, {10, 20, 960, 540}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t f = 0; f < COUNT(frames); f++)
			check(rows[i].sizes, rows[i].n, frames[f]);
}

static int largest_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* As packages are: few large ones, many small ones. */
static void generated_sizes_fill_their_rectangle(void **state)
{
	unsigned seed = 7;
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t sizes[MOST];
		size_t n = (size_t)rand_r(&seed) % MOST;
		for (size_t i = 0; i < n; i++)
			sizes[i] = (uint64_t)rand_r(&seed) >> (rand_r(&seed) % 31);
		if (round % 2 == 0)
			qsort(sizes, n, sizeof(*sizes), largest_first);
		check(sizes, n, frame);
	}
}

static void sizes_that_differ_little_are_about_square(void **state)
{
	uint64_t sizes[100];
	struct treemap_rect out[100];
	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		sizes[i] = 200 - i;
	treemap_layout(sizes, COUNT(sizes), frame, out);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		double ratio = out[i].width / out[i].height;
		assert_true(ratio < 2.5 && ratio > 1 / 2.5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_sizes_fill_their_rectangle),
		cmocka_unit_test(generated_sizes_fill_their_rectangle),
		cmocka_unit_test(sizes_that_differ_little_are_about_square),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
