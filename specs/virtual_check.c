/* specs/virtual_check.c - whether packages that were solved elsewhere can be used on a target. */
#include "specs/matchspec.h"
#include "specs/virtual.h"

struct check {
	const struct virtuals *v;
	const char *only; /* a name; NULL: all */
	struct arena arena;
	size_t failed; /* packages */
	struct err **e;
};

static const struct record *find(const struct virtuals *v, struct str name)
{
	for (size_t i = 0; i < v->count; i++)
		if (str_eq(v->records[i].name, name))
			return &v->records[i];
	return NULL;
}

static void write_offer(const struct virtuals *v, struct str name, struct buf *out)
{
	const struct virtual_row *row = NULL;
	for (size_t i = 0; i < v->row_count; i++)
		if (str_eq(v->rows[i].name, name))
			row = &v->rows[i];
	if (row && row->version.n)
		buf_printf(out, "the target has %.*s", STR_ARG(row->version));
	else
		buf_add_text(out, "the target has none");
	if (row && row->version.n && row->build.n && !str_is(row->build, "0"))
		buf_printf(out, " %.*s", STR_ARG(row->build));
	if (row)
		buf_printf(out, " (%.*s)", STR_ARG(row->from));
}

static void fail(struct check *c, const struct record *r, struct str spec, struct str name)
{
	AUTO(buf_done) struct buf offer = BUF(4096);
	write_offer(c->v, name, &offer);
	err_set(c->e, ERR_UNSOLVABLE,
		"%.*s %.*s needs %.*s, and %s; --virtual %.*s=VERSION overrules", STR_ARG(r->name),
		STR_ARG(r->version_text), STR_ARG(spec), offer.data, STR_ARG(name));
}

/* Whether one spec of a record holds. What does not parse never kept a package from solving. */
static bool holds(struct check *c, const struct record *r, struct str text, bool constrains)
{
	struct matchspec spec;
	if (!str_starts(text, "__") ||
	    matchspec_parse(&c->arena, text, MATCHSPEC_RECORD, &spec, NULL) < 0 ||
	    (c->only && !str_is(spec.name, c->only)))
		return true;
	const struct record *has = find(c->v, spec.name);
	if (has ? matchspec_matches_version(&spec, has) : constrains)
		return true;
	if (c->failed == 0)
		fail(c, r, text, spec.name);
	return false;
}

static bool all_hold(struct check *c, const struct record *r)
{
	for (size_t i = 0; i < r->depends.n; i++)
		if (!holds(c, r, r->depends.v[i], false))
			return false;
	for (size_t i = 0; i < r->constrains.n; i++)
		if (!holds(c, r, r->constrains.v[i], true))
			return false;
	return true;
}

static bool any_virtual(struct strs specs)
{
	for (size_t i = 0; i < specs.n; i++)
		if (str_starts(specs.v[i], "__"))
			return true;
	return false;
}

bool virtuals_wanted(const struct record *records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (any_virtual(records[i].depends) || any_virtual(records[i].constrains))
			return true;
	return false;
}

int virtuals_check(const struct virtuals *v, const char *only, const struct record *records,
		   size_t count, struct err **e)
{
	struct check c = {.v = v, .only = only, .e = e};
	for (size_t i = 0; i < count; i++)
		c.failed += !all_hold(&c, &records[i]);
	arena_done(&c.arena);
	if (c.failed == 0)
		return 0;
	if (c.failed > 1)
		return err_wrap(e, ERR_UNSOLVABLE,
				"%zu packages cannot be used on the target, the first", c.failed);
	return ERR_UNSOLVABLE;
}
