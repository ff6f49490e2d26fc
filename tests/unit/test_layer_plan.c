/* tests/unit/test_layer_plan.c - grouping that does not shift. */
#include "builder/layer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SMALL = 80, BIG = 6, ALL = SMALL + BIG + 1 };
static char names[ALL + 1][32];

static void fill_items(struct layer_item *items)
{
	for (size_t i = 0; i < ALL + 1; i++) {
		snprintf(names[i], sizeof(names[i]), "package-%zu", i);
		items[i].name = str_of(names[i]);
		items[i].size = i < SMALL ? 1000000 + 1000 * i : (uint64_t)(20 + i) << 20;
		items[i].last = i == ALL - 1;
	}
}

/* Layers with members, without holes in their numbers. */
static void check_numbers(const unsigned *out, size_t n, size_t layers, size_t max)
{
	assert_true(layers <= max);
	for (size_t l = 0; l < layers; l++) {
		bool used = false;
		for (size_t i = 0; i < n; i++)
			used |= out[i] == l;
		assert_true(used);
	}
	for (size_t i = 0; i < n; i++)
		assert_true(out[i] < layers);
}

static void the_biggest_stand_alone_and_the_environment_is_last(void **state)
{
	struct layer_item items[ALL + 1];
	unsigned out[ALL];
	size_t layers;
	(void)state;
	fill_items(items);
	layer_plan(items, ALL, 100, out, &layers);
	check_numbers(out, ALL, layers, 100);
	assert_int_equal(out[ALL - 1], layers - 1);
	for (size_t i = SMALL; i < ALL; i++)
		for (size_t k = 0; k < ALL; k++)
			assert_true(k == i || out[k] != out[i]);
	assert_true(layers <= BIG + 8 + 1);
}

static void the_number_of_layers_is_kept(void **state)
{
	struct layer_item items[ALL + 1];
	unsigned out[ALL];
	size_t layers;
	(void)state;
	fill_items(items);
	for (size_t max = 1; max < 30; max++) {
		layer_plan(items, ALL, max, out, &layers);
		check_numbers(out, ALL, layers, max);
	}
	layer_plan(items, 0, 10, out, &layers);
	assert_int_equal(layers, 0);
}

static void few_small_packages_share_one_layer(void **state)
{
	struct layer_item items[ALL + 1];
	unsigned out[ALL];
	size_t layers;
	(void)state;
	fill_items(items);
	layer_plan(items, 3, 100, out, &layers);
	assert_int_equal(layers, 1);
}

/* Whether two items that both plans have share a layer in both or in neither. */
static void same_groups(const unsigned *a, const unsigned *b, size_t without)
{
	for (size_t i = 0; i < ALL; i++)
		for (size_t k = 0; k < ALL; k++) {
			if (i == without || k == without)
				continue;
			size_t bi = i - (i > without), bk = k - (k > without);
			assert_int_equal(a[i] == a[k], b[bi] == b[bk]);
		}
}

static void taking_one_away_moves_no_other(void **state)
{
	struct layer_item items[ALL + 1], fewer[ALL];
	unsigned before[ALL], after[ALL];
	size_t layers;
	(void)state;
	fill_items(items);
	layer_plan(items, ALL, 100, before, &layers);
	for (size_t gone = 0; gone < ALL; gone++) {
		memcpy(fewer, items, gone * sizeof(*items));
		memcpy(fewer + gone, items + gone + 1, (ALL - gone - 1) * sizeof(*items));
		layer_plan(fewer, ALL - 1, 100, after, &layers);
		same_groups(before, after, gone);
	}
}

static void the_order_of_items_decides_nothing(void **state)
{
	struct layer_item items[ALL + 1], turned[ALL];
	unsigned out[ALL], back[ALL];
	size_t layers, layers_back;
	(void)state;
	fill_items(items);
	for (size_t i = 0; i < ALL; i++)
		turned[i] = items[ALL - 1 - i];
	layer_plan(items, ALL, 100, out, &layers);
	layer_plan(turned, ALL, 100, back, &layers_back);
	assert_int_equal(layers, layers_back);
	for (size_t i = 0; i < ALL; i++)
		assert_int_equal(out[i], back[ALL - 1 - i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_biggest_stand_alone_and_the_environment_is_last),
		cmocka_unit_test(the_number_of_layers_is_kept),
		cmocka_unit_test(few_small_packages_share_one_layer),
		cmocka_unit_test(taking_one_away_moves_no_other),
		cmocka_unit_test(the_order_of_items_decides_nothing),
	};
	return cmocka_run_group_tests_name("layer_plan", tests, NULL, NULL);
}
