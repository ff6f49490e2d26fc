/* specs/lock_places.c - addresses in a lock that are of this machine, relative to the lock. */
#include "specs/base/vec.h"
#include "specs/lock_private.h"
#include "specs/reference.h"

/* What an address becomes; the same one when it is not of this machine. */
typedef struct str change_fn(struct arena *a, struct str address, struct str folder);

/* "file:" or "git+file:" at the front of an address, whose length it is; 0: it has neither. */
static size_t scheme_length(struct str address)
{
	static const char *const schemes[] = {"file:", "git+file:"};
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_starts(address, schemes[i]))
			return strlen(schemes[i]);
	return 0;
}

/* Where the path ends: at a revision or a fragment, unless it goes on. */
static bool is_end(struct str rest)
{
	return rest.n == 0 || memchr("/#@?", rest.p[0], 4);
}

static struct str to_relative(struct arena *a, struct str address, struct str folder)
{
	struct str rest = str_from(address, scheme_length(address));
	if (!str_starts(rest, "//") || !str_eq(str_to(str_from(rest, 2), folder.n), folder))
		return address;
	rest = str_from(rest, 2 + folder.n);
	if (!is_end(rest))
		return address;
	while (str_starts(rest, "/"))
		rest = str_from(rest, 1);
	return arena_printf(a, "%.*s./%.*s", (int)scheme_length(address), address.p, STR_ARG(rest));
}

static struct str to_absolute(struct arena *a, struct str address, struct str folder)
{
	struct str rest = str_from(address, scheme_length(address));
	if (!str_starts(rest, "./"))
		return address;
	rest = str_from(rest, 2);
	return arena_printf(a, "%.*s//%.*s%s%.*s", (int)scheme_length(address), address.p,
			    STR_ARG(folder), is_end(rest) ? "" : "/", STR_ARG(rest));
}

/* The last name of the path, and what follows it. */
static struct str to_name(struct arena *a, struct str address, struct str folder)
{
	size_t end = str_find(address, '#'), at;
	(void)folder;
	while (end && address.p[end - 1] == '/')
		end--;
	for (at = end; at && address.p[at - 1] != '/';)
		at--;
	return arena_printf(a, "%.*s%.*s", (int)scheme_length(address), address.p,
			    STR_ARG(str_from(address, at)));
}

static struct str change(struct arena *a, struct str address, change_fn *fn, struct str folder)
{
	return scheme_length(address) ? fn(a, address, folder) : address;
}

/* What it was built with: see record.h. */
static const struct record_source *change_source(struct arena *a, const struct record_source *from,
						 change_fn *fn, struct str folder)
{
	struct record_source *s = arena_zero(a, 1, sizeof(*s));
	struct str *pins = arena_zero(a, from->requires.n, sizeof(*pins));
	for (size_t i = 0; i < from->requires.n; i++) {
		struct str pin = from->requires.v[i], rest = pin;
		while (str_starts(rest, ">"))
			rest = str_from(rest, 1);
		struct str changed = change(a, rest, fn, folder);
		pins[i] =
			arena_printf(a, "%.*s%.*s", (int)(pin.n - rest.n), pin.p, STR_ARG(changed));
	}
	*s = *from;
	s->requires = (struct strs){pins, from->requires.n};
	return s;
}

static void change_all(struct arena *a, struct lock *l, change_fn *fn, const char *folder)
{
	struct str place = source_address_of_path(a, str_trim_end(str_of(folder), '/'));
	place = str_from(place, strlen("file://"));
	for (size_t i = 0; i < l->count; i++) {
		struct record *r = &l->records[i];
		if (r->manager != MANAGER_PIP)
			continue;
		r->url = change(a, r->url, fn, place);
		if (r->source)
			r->source = change_source(a, r->source, fn, place);
	}
}

void lock_make_relative(struct lock *l, const char *folder)
{
	change_all(&l->arena, l, to_relative, folder);
}

void lock_make_absolute(struct lock *l, const char *folder)
{
	change_all(&l->arena, l, to_absolute, folder);
}

void lock_without_base_place(const struct lock *from, struct arena *a, struct lock *out)
{
	struct reference base;
	*out = *from;
	if (reference_parse(a, from->base_name, &base, NULL) < 0 || base.kind != REFERENCE_REGISTRY)
		out->base_name = (struct str){0};
}

void lock_without_places(const struct lock *from, struct arena *a, struct lock *out)
{
	lock_without_base_place(from, a, out);
	out->records = arena_zero(a, from->count, sizeof(*out->records));
	if (from->count)
		memcpy(out->records, from->records, from->count * sizeof(*out->records));
	change_all(a, out, to_name, "");
}
