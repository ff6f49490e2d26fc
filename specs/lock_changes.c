/* specs/lock_changes.c - walks two locks, sorted by name, beside each other. */
#include "specs/lock_changes.h"
#include "specs/base/vec.h"
#include <stdlib.h>

void lock_changes_done(struct lock_changes *c)
{
	arena_done(&c->arena);
	VEC_DONE(c);
}

static int by_name(const struct record *a, const struct record *b)
{
	int order = str_cmp(a->name, b->name);
	return order ? order : (int)a->manager - (int)b->manager;
}

static int order(const void *a, const void *b)
{
	return by_name(*(const struct record *const *)a, *(const struct record *const *)b);
}

static const struct record **sorted(const struct lock *l, struct arena *a)
{
	const struct record **records = arena_zero(a, l->count, sizeof(*records));
	for (size_t i = 0; i < l->count; i++)
		records[i] = &l->records[i];
	qsort(records, l->count, sizeof(*records), order);
	return records;
}

static void add(struct lock_changes *c, const struct record *of, struct str from, struct str to)
{
	VEC_PUSH(c, ((struct lock_change){of->name, record_manager_name(of), from, to}));
}

static struct str with_build(struct arena *a, const struct record *r)
{
	return arena_printf(a, "%.*s %.*s", STR_ARG(r->version_text), STR_ARG(r->build));
}

static struct str with_digest(struct arena *a, const struct record *r)
{
	return arena_printf(a, "%.*s sha256:%.12s", STR_ARG(r->version_text),
			    digest_text(&r->sha256).hex);
}

/* The same archive has the same digest, wherever it comes from. */
static void compare(struct lock_changes *c, const struct record *from, const struct record *to)
{
	struct arena *a = &c->arena;
	bool digests = from->has_sha256 && to->has_sha256;
	if (!str_eq(from->version_text, to->version_text))
		add(c, to, from->version_text, to->version_text);
	else if (!str_eq(from->build, to->build))
		add(c, to, with_build(a, from), with_build(a, to));
	else if (digests && !digest_eq(&from->sha256, &to->sha256))
		add(c, to, with_digest(a, from), with_digest(a, to));
}

static void compare_bases(const struct lock *from, const struct lock *to, struct lock_changes *c)
{
	struct str name = to->base_name.n ? to->base_name : from->base_name;
	if (!str_eq(from->base_digest, to->base_digest))
		VEC_PUSH(c,
			 ((struct lock_change){name, "base", from->base_digest, to->base_digest}));
}

void lock_changes_find(const struct lock *from, const struct lock *to, struct lock_changes *out)
{
	const struct record **a = sorted(from, &out->arena), **b = sorted(to, &out->arena);
	size_t i = 0, k = 0;
	compare_bases(from, to, out);
	while (i < from->count || k < to->count) {
		int which = i == from->count ? 1 : k == to->count ? -1 : by_name(a[i], b[k]);
		if (which < 0)
			add(out, a[i], a[i]->version_text, (struct str){0});
		else if (which > 0)
			add(out, b[k], (struct str){0}, b[k]->version_text);
		else
			compare(out, a[i], b[k]);
		i += which <= 0;
		k += which >= 0;
	}
}
