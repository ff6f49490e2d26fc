/* builder/path_set.c - open addressing over FNV-1a. */
#include "builder/path_set.h"

void path_set_done(struct path_set *s)
{
	free(s->slots);
	arena_done(&s->arena);
	*s = (struct path_set)PATH_SET;
}

static uint64_t hash(struct str path)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < path.n; i++)
		h = (h ^ (unsigned char)path.p[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

/* The slot that holds the path, or the free one where it belongs. */
static struct str *slot(struct str *slots, size_t room, struct str path)
{
	size_t at = (size_t)hash(path) & (room - 1);
	while (slots[at].p && !str_eq(slots[at], path))
		at = (at + 1) & (room - 1);
	return &slots[at];
}

static void grow(struct path_set *s)
{
	size_t room = s->room ? s->room * 2 : 64;
	struct str *slots = mem_zero(room, sizeof(*slots));
	for (size_t i = 0; i < s->room; i++)
		if (s->slots[i].p)
			*slot(slots, room, s->slots[i]) = s->slots[i];
	free(s->slots);
	s->slots = slots;
	s->room = room;
}

bool path_set_has(const struct path_set *s, struct str path)
{
	return s->room && slot(s->slots, s->room, path)->p;
}

bool path_set_add(struct path_set *s, struct str path)
{
	if (s->n * 2 >= s->room)
		grow(s);
	struct str *at = slot(s->slots, s->room, path);
	if (at->p)
		return false;
	*at = (struct str){arena_copy(&s->arena, path.p, path.n), path.n};
	s->n++;
	return true;
}

static struct str parent_of(struct str path)
{
	while (path.n > 0 && path.p[path.n - 1] != '/')
		path.n--;
	path.n -= path.n > 0;
	return path;
}

void path_set_add_parents(struct path_set *s, struct str path)
{
	struct str parent = parent_of(path);
	/* Entries come sorted, so most have the parent of the one before. */
	if (parent.n == 0 || str_eq(parent, s->parent))
		return;
	for (struct str p = parent; p.n > 0 && path_set_add(s, p);)
		p = parent_of(p);
	s->parent = *slot(s->slots, s->room, parent);
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str *path_set_sorted(const struct path_set *s)
{
	struct str *all = mem_zero(s->n + 1, sizeof(*all));
	size_t n = 0;
	for (size_t i = 0; i < s->room; i++)
		if (s->slots[i].p)
			all[n++] = s->slots[i];
	qsort(all, n, sizeof(*all), by_bytes);
	return all;
}
