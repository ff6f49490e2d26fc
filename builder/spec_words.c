/* spec_words.c - versions and specs as people read them. */
#include "builder/explain.h"

enum { RANGES_SHOWN = 3 };

/* ---- the versions of a name ---- */

static int by_version(const void *a, const void *b, void *order)
{
	const struct solvable *const *x = a, *const *y = b;
	uint32_t v = ((uint32_t *)order)[(*x)->version], w = ((uint32_t *)order)[(*y)->version];

	return (v > w) - (v < w);
}

struct ladder ladder_make(const struct problem *p, uint32_t package, struct arena *a)
{
	const struct package *k = &p->packages.v[package];
	struct ladder l = {.v = arena_alloc(a, (k->count + 1) * sizeof(*l.v))};

	for (uint32_t i = 0; i < k->count; i++)
		l.v[i] = &p->solvables.v[k->first + i];
	if (k->count)
		qsort_r(l.v, k->count, sizeof(*l.v), by_version, p->version_order);
	for (uint32_t i = 0; i < k->count; i++)
		if (!l.n || by_version(&l.v[l.n - 1], &l.v[i], p->version_order))
			l.v[l.n++] = l.v[i];
	return l;
}

uint32_t ladder_step(const struct problem *p, const struct ladder *l, const struct solvable *s)
{
	uint32_t low = 0, high = l->n;

	while (low + 1 < high) {
		uint32_t mid = (low + high) / 2;
		if (by_version(&s, &l->v[mid], p->version_order) < 0)
			high = mid;
		else
			low = mid;
	}
	return low;
}

struct runs {
	uint32_t n, marked, first, last; /* runs of marked steps; the ends of them all */
};

static struct runs runs_of(const struct ladder *l, const uint8_t *marks)
{
	struct runs r = {0};

	for (uint32_t i = 0; i < l->n; i++) {
		if (!marks[i])
			continue;
		if (!r.marked++)
			r.first = i;
		r.n += !i || !marks[i - 1];
		r.last = i;
	}
	return r;
}

static void say_run(const struct problem *p, const struct ladder *l, uint32_t from, uint32_t to,
		    struct buf *out)
{
	buf_add_str(out, problem_version(p, l->v[from]));
	if (to > from)
		buf_printf(out, "%s%.*s", to > from + 1 ? " to " : ", ",
			   STR_ARG(problem_version(p, l->v[to])));
}

uint32_t ladder_marked(const struct ladder *l, const uint8_t *marks)
{
	return runs_of(l, marks).marked;
}

void ladder_say(const struct problem *p, const struct ladder *l, const uint8_t *marks,
		struct buf *out)
{
	struct runs r = runs_of(l, marks);

	if (r.n > RANGES_SHOWN) {
		say_run(p, l, r.first, r.last, out);
		buf_printf(out, " (%u of %u versions)", r.marked, l->n);
		return;
	}
	for (uint32_t i = 0, said = 0; i < l->n; i++) {
		uint32_t from = i;
		if (!marks[i])
			continue;
		while (i + 1 < l->n && marks[i + 1])
			i++;
		buf_add_text(out, said++ ? ", " : "");
		say_run(p, l, from, i, out);
	}
}

/* ---- texts ---- */

/* The length of what keeps pre-releases out of an upper bound: `<3.12.0a0`. */
static size_t alpha_at(struct str s)
{
	static const char *const tails[] = {".0a0", ".0.a0", ".a0", "a0"};

	for (size_t i = 0; i < COUNT(tails); i++) {
		size_t n = strlen(tails[i]);
		if (str_starts(s, tails[i]) && (n == s.n || strchr(", |)", s.p[n])))
			return n;
	}
	return 0;
}

/* `>=3.11,<3.12` as `3.11.*`, which is easier on the eye. False when it is nothing of that
 * kind. */
static bool say_as_prefix(struct str s, struct buf *out)
{
	struct str low, high = s;
	size_t same = 0;
	uint64_t x, y;

	if (!str_cut(&high, ',', &low) || !str_starts(low, ">=") || !str_starts(high, "<") ||
	    strpbrk(high.p, ",|( "))
		return false;
	low = str_from(low, 2);
	high = str_from(high, 1);
	for (size_t i = 0; i < low.n && i < high.n && low.p[i] == high.p[i]; i++)
		same = low.p[i] == '.' ? i + 1 : same;
	if (!str_u64(str_from(low, same), &x) || !str_u64(str_from(high, same), &y) || y != x + 1)
		return false;
	buf_printf(out, "%.*s.*", STR_ARG(low));
	return true;
}

void conflict_say_plain(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(out, (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i]);
}

/* For people: what else a spec says is kept. */
static void tidy(struct str s, struct buf *out)
{
	AUTO(buf_done) struct buf plain = BUF(1 << 16);

	for (size_t i = 0; i < s.n; i++) {
		size_t n = memrchr(s.p, '<', i) ? alpha_at(str_from(s, i)) : 0;
		if (n)
			i += n - 1;
		else
			conflict_say_plain((struct str){s.p + i, 1}, &plain);
	}
	if (!say_as_prefix(buf_str(&plain), out))
		buf_add_str(out, buf_str(&plain));
}

/* ---- the channel that a spec names ---- */

struct str conflict_spec_channel(const struct matchspec *m, struct arena *a)
{
	AUTO(buf_done) struct buf text = BUF(1 << 16);
	static const char key[] = "channel=\"";

	if (!m->channel.n)
		return (struct str){0};
	matchspec_canonical(m, &text); /* without credentials */
	const char *at = strstr(text.data, key);
	struct str rest = at ? str_of(at + strlen(key)) : (struct str){0}, found;
	str_cut(&rest, '"', &found);
	return arena_str(a, found);
}

bool conflict_is_channel(const struct channel *c, struct str named)
{
	struct str tail = str_from(c->url, c->url.n > named.n ? c->url.n - named.n : 0);

	return str_eq(named, c->url) || str_eq(named, c->name) ||
	       (c->url.n > named.n && str_eq(tail, named) &&
		c->url.p[c->url.n - named.n - 1] == '/');
}

static void say_channel(const struct problem *p, struct str named, struct buf *out)
{
	const struct channels *c = p->request->channels;

	for (size_t i = 0; i < c->n; i++)
		if (conflict_is_channel(&c->v[i], named)) {
			named = c->v[i].name;
			break;
		}
	conflict_say_plain(named, out);
}

void conflict_say_text(const struct problem *p, uint32_t text, bool bare, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf shown = BUF(1 << 16);
	struct matchspec spec = *problem_spec(p, text, &a);
	struct str named = conflict_spec_channel(&spec, &a);

	if (named.n && !spec.subdir.n) {
		say_channel(p, named, out);
		buf_add_text(out, "::");
		spec.channel = (struct str){0};
	}
	matchspec_display(&spec, &shown);
	struct str s = buf_str(&shown);
	if (s.n > spec.name.n && s.p[spec.name.n] == ' ') {
		if (!bare)
			buf_printf(out, "%.*s ", STR_ARG(spec.name));
		s = str_from(s, spec.name.n + 1);
	}
	tidy(s, out);
}
