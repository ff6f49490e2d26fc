/* builder/locked.c - whether a lock is one for a definition: what is asked for, and from where. */
#include "builder/build_private.h"
#include "specs/base/vec.h"
#include "specs/key.h"

enum { SHOWN = 20 };

/* What does not fit, a line each. */
struct misfits {
	struct buf lines;
	size_t count;
};

static void misfit(struct misfits *m, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void misfit(struct misfits *m, const char *fmt, ...)
{
	if (m->count++ >= SHOWN)
		return;
	va_list args;
	va_start(args, fmt);
	buf_add_text(&m->lines, "\n  ");
	buf_vprintf(&m->lines, fmt, args);
	va_end(args);
}

static int misfits_error(struct misfits *m, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	if (m->count == 0)
		return 0;
	buf_printf(&text, "the lock is for another definition; `kiln lock` makes one for this:%s",
		   m->lines.data);
	if (m->count > SHOWN)
		buf_printf(&text, "\n  and %zu more", m->count - SHOWN);
	return err_set_lines(e, ERR_USAGE, text.data);
}

/* ---- specs and records ---- */

static void show_spec(const struct definition_spec *s, struct buf *out)
{
	matchspec_display(&s->spec, out);
	if (s->line)
		buf_printf(out, " (line %u)", s->line);
}

static const struct record *find(const struct record *records, size_t count,
				 enum record_manager manager, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (records[i].manager == manager && str_eq(records[i].name, name))
			return &records[i];
	return NULL;
}

typedef bool matcher(const struct matchspec *m, const struct record *r);

/* Virtual packages are the base's matter, not the lock's. */
static void check_specs(const struct definition *d, const struct record *records, size_t count,
			matcher *matches, struct misfits *m)
{
	for (size_t i = 0; i < d->spec_count; i++) {
		const struct matchspec *spec = &d->specs[i].spec;
		const struct record *r = find(records, count, MANAGER_CONDA, spec->name);
		AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
		if (str_starts(spec->name, "__") || (r && r->version && matches(spec, r)))
			continue;
		show_spec(&d->specs[i], &text);
		if (!r)
			misfit(m, "%s: the lock has no %.*s", text.data, STR_ARG(spec->name));
		else
			misfit(m, "%s: the lock has %.*s %.*s %.*s of %.*s", text.data,
			       STR_ARG(r->name), STR_ARG(r->version_text), STR_ARG(r->build),
			       STR_ARG(r->channel));
	}
}

/* Of those with a name and without a marker: what others come to only the environment tells. */
static void check_requirement(const struct requirement_line *line, const struct lock *l,
			      struct misfits *m)
{
	const struct requirement *q = &line->requirement;
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	struct pyversion version;
	if (line->kind != REQUIREMENT_NAMED || q->marker || q->url.n)
		return;
	const struct record *r = find(l->records, l->count, MANAGER_PIP, q->normal);
	if (r && pyversion_parse(&a, r->version_text, &version, NULL) == 0 &&
	    pyspecifiers_match(q->specifiers, &version))
		return;
	bool conda = find(l->records, l->count, MANAGER_CONDA, q->normal) != NULL;
	if (!r && (conda || line->constraint))
		return;
	requirement_write(q, &text);
	if (!r)
		misfit(m, "pip's %s: the lock has no %.*s", text.data, STR_ARG(q->normal));
	else
		misfit(m, "pip's %s: the lock has %.*s %.*s", text.data, STR_ARG(r->name),
		       STR_ARG(r->version_text));
}

int build_lock_met(const struct definition *d, const struct link_plan *plan, struct err **e)
{
	struct misfits m = {BUF(BUF_UNLIMITED), 0};
	check_specs(d, plan->records, plan->count, matchspec_matches_version, &m);
	int code = misfits_error(&m, e);
	buf_done(&m.lines);
	return code;
}

/* ---- what the lock says it was made for ---- */

static bool holds(struct strs list, struct str text)
{
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(list.v[i], text))
			return true;
	return false;
}

/* Specs that the lock meets by chance would not be there after the next `kiln lock`. */
static void compare_specs(struct strs asked, struct strs locked, struct misfits *m)
{
	for (size_t i = 0; i < asked.n; i++)
		if (!holds(locked, asked.v[i]))
			misfit(m, "%.*s: the lock was made without it", STR_ARG(asked.v[i]));
	for (size_t i = 0; i < locked.n; i++)
		if (!holds(asked, locked.v[i]))
			misfit(m, "the lock was made for %.*s, which is not asked for",
			       STR_ARG(locked.v[i]));
}

static void compare_channels(struct strs asked, struct strs locked, struct misfits *m)
{
	bool same = asked.n == locked.n;
	for (size_t i = 0; i < asked.n && same; i++)
		same = str_eq(asked.v[i], locked.v[i]);
	if (same)
		return;
	AUTO(buf_done) struct buf one = BUF(BUF_UNLIMITED);
	AUTO(buf_done) struct buf two = BUF(BUF_UNLIMITED);
	for (size_t i = 0; i < locked.n; i++)
		buf_printf(&one, "%s%.*s", i ? ", " : "", STR_ARG(locked.v[i]));
	for (size_t i = 0; i < asked.n; i++)
		buf_printf(&two, "%s%.*s", i ? ", " : "", STR_ARG(asked.v[i]));
	misfit(m, "the lock was made from the channels %s, not %s", one.data, two.data);
}

/* Of a lock that another tool made: packages that are asked for, from channels that are named. */
static void check_channels(const struct definition *d, struct strs channels, const struct lock *l,
			   struct misfits *m)
{
	for (size_t i = 0; i < d->spec_count && channels.n; i++) {
		const struct record *r =
			find(l->records, l->count, MANAGER_CONDA, d->specs[i].spec.name);
		AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
		if (!r || holds(channels, r->channel))
			continue;
		show_spec(&d->specs[i], &text);
		misfit(m, "%s: the lock has it from %.*s, which is no channel of the definition",
		       text.data, STR_ARG(r->channel));
	}
}

static bool has_key(struct build *b, const struct definition *d, struct str key)
{
	struct digest is;
	build_lock_key(b, d, &is);
	return str_is(key, digest_text(&is).hex);
}

/* The key tells more than counts for packages (variables, prefix, compression): where it is
 * another one, that is looked at of which packages are chosen. */
static void compare_made(struct build *b, const struct definition *d, const struct lock *l,
			 struct misfits *m)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct strs channels = channel_urls(&a, d->channels, &b->o.names);
	struct digest base;
	if (l->key.n == 0) {
		check_channels(d, channels, l, m);
		return;
	}
	if (has_key(b, d, l->key))
		return;
	compare_specs(build_spec_texts(&a, d), l->specs, m);
	compare_specs(key_requirements(&a, d), l->pip, m);
	compare_channels(channels, l->channels, m);
	if (b->has_base && digest_parse(l->base_digest, &base) &&
	    !digest_eq(&base, &b->base_digest))
		misfit(m, "the lock is for the base image %.*s, %.*s, not for %s",
		       STR_ARG(l->base_name), STR_ARG(l->base_digest),
		       digest_name(&b->base_digest).text);
}

int build_lock_fits(struct build *b, const struct definition *d, const struct lock *l,
		    struct err **e)
{
	struct misfits m = {BUF(BUF_UNLIMITED), 0};
	build_know_logins(b, d);
	check_specs(d, l->records, l->count, matchspec_matches_locked, &m);
	for (size_t i = 0; i < d->pip.lines.n; i++)
		check_requirement(&d->pip.lines.v[i], l, &m);
	if (m.count == 0)
		compare_made(b, d, l, &m);
	int code = misfits_error(&m, e);
	buf_done(&m.lines);
	return code;
}
