/* builder/layer_plan.c - which packages share a layer, so that few layers change. */
#include "builder/layer.h"

/* From this size on a package is worth a layer of its own: a request to a registry costs
 * about as much as sending a megabyte or two. */
#define OWN_LAYER_SIZE ((uint64_t)2 << 20)
/* So many layers the small packages share. Fixed, and a name's hash says which: a package
 * that comes, goes or grows changes its own group only. Some 100 small packages make some
 * 100 MB, so that a change sends an eighth of that again. */
enum { GROUPS = 8 };
/* Below this all small packages are one layer: eight would be tiny ones of under half a MB. */
#define ONE_GROUP_SIZE ((uint64_t)4 << 20)

static uint64_t name_hash(struct str name)
{
	struct digest d;
	uint64_t h = 0;
	digest_of(name.p, name.n, &d);
	for (size_t i = 0; i < 8; i++)
		h = h << 8 | d.bytes[i];
	return h;
}

static int by_size(const void *a, const void *b)
{
	const struct layer_item *x = *(const struct layer_item *const *)a;
	const struct layer_item *y = *(const struct layer_item *const *)b;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return str_cmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	return str_cmp((*(const struct layer_item *const *)a)->name,
		       (*(const struct layer_item *const *)b)->name);
}

/* Sorts the packages so that those with a layer of their own stand first, by name: a new
 * version of another size does not change the order. Returns how many they are. */
static size_t choose_own(const struct layer_item **sorted, size_t n, size_t room)
{
	size_t own = 0;
	qsort(sorted, n, sizeof(*sorted), by_size);
	while (own < n && own < room && sorted[own]->size >= OWN_LAYER_SIZE)
		own++;
	qsort(sorted, own, sizeof(*sorted), by_name);
	return own;
}

static size_t groups_for(const struct layer_item **rest, size_t n, size_t room)
{
	uint64_t size = 0;
	for (size_t i = 0; i < n; i++)
		size += rest[i]->size;
	if (size < ONE_GROUP_SIZE || room < 2)
		return n > 0;
	return room < GROUPS ? room : GROUPS;
}

/* Numbers the groups that are not empty from `first`; returns the next number. */
static size_t number_groups(const struct layer_item *items, const struct layer_item **rest,
			    size_t n, size_t groups, size_t first, unsigned *out)
{
	for (size_t g = 0; g < groups; g++) {
		bool used = false;
		for (size_t i = 0; i < n; i++) {
			if (name_hash(rest[i]->name) % groups != g)
				continue;
			out[rest[i] - items] = (unsigned)first;
			used = true;
		}
		first += used;
	}
	return first;
}

void layer_plan(const struct layer_item *items, size_t count, size_t max_layers, unsigned *out,
		size_t *out_layers)
{
	AUTO(free)
	const struct layer_item **sorted = mem_zero(count + 1, sizeof(*sorted));
	size_t n = 0, next = 0;
	for (size_t i = 0; i < count; i++) {
		out[i] = 0;
		if (!items[i].last)
			sorted[n++] = &items[i];
	}
	size_t last = n < count;
	size_t room = max_layers > last ? max_layers - last : 0;
	size_t groups_room = room < 2 * GROUPS ? (room + 1) / 2 : GROUPS;
	if (room > 0) {
		size_t own = choose_own(sorted, n, room - groups_room);
		for (; next < own; next++)
			out[sorted[next] - items] = (unsigned)next;
		size_t groups = groups_for(sorted + own, n - own, groups_room);
		next = number_groups(items, sorted + own, n - own, groups, next, out);
	}
	for (size_t i = 0; i < count && room > 0; i++)
		if (items[i].last)
			out[i] = (unsigned)next;
	*out_layers = room > 0 ? next + last : count > 0;
}
