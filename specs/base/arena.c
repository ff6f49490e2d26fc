/* specs/base/arena.c - blocks in a list, filled from the front. */
#include "specs/base/arena.h"
#include <stdio.h>

enum { BLOCK = 64 << 10 };

struct arena_block {
	struct arena_block *next;
	size_t room;
	_Alignas(max_align_t) char data[];
};

void arena_done(struct arena *a)
{
	while (a->head) {
		struct arena_block *next = a->head->next;
		free(a->head);
		a->head = next;
	}
	a->used = 0;
}

void arena_wipe(struct arena *a)
{
	for (struct arena_block *b = a->head; b; b = b->next)
		explicit_bzero(b->data, b->room);
	arena_done(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t align = _Alignof(max_align_t);
	size = (size + align - 1) & ~(align - 1);
	if (!a->head || a->head->room - a->used < size) {
		size_t room = size > BLOCK ? size : BLOCK;
		struct arena_block *made = mem_alloc(sizeof(*made) + room);
		made->room = room;
		made->next = a->head;
		a->head = made;
		a->used = 0;
	}
	void *p = a->head->data + a->used;
	a->used += size;
	return p;
}

void *arena_zero(struct arena *a, size_t count, size_t size)
{
	size_t all;
	if (__builtin_mul_overflow(count, size, &all))
		abort();
	return memset(arena_alloc(a, all), 0, all);
}

char *arena_copy(struct arena *a, const void *p, size_t n)
{
	char *copy = arena_alloc(a, n + 1);
	if (n)
		memcpy(copy, p, n);
	copy[n] = 0;
	return copy;
}

struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){arena_copy(a, s.p, s.n), s.n};
}

struct strs arena_strs(struct arena *a, struct strs from)
{
	struct str *copy = arena_zero(a, from.n, sizeof(*copy));
	for (size_t i = 0; i < from.n; i++)
		copy[i] = arena_str(a, from.v[i]);
	return (struct strs){copy, from.n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	struct buf text = BUF(BUF_UNLIMITED);
	va_list args;
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	struct str copy = arena_str(a, buf_str(&text));
	buf_done(&text);
	return copy;
}

struct strs strs_with(struct arena *a, struct strs list, struct str text)
{
	struct str *v = arena_alloc(a, (list.n + 1) * sizeof(*v));
	if (list.n)
		memcpy(v, list.v, list.n * sizeof(*v));
	v[list.n] = text;
	return (struct strs){v, list.n + 1};
}
