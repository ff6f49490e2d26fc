/* specs/dockerignore.c - patterns followed through a path all at once, as a set of places: no
 * pattern takes longer than its length times the path's. */
#include "specs/dockerignore.h"

enum { PATTERN_MAX = 4096 };

/* ---- reading ---- */

/* As Go's path.Clean, below the context: ".." at the start leads nowhere else. */
static struct str clean(struct arena *a, struct str text)
{
	AUTO(buf_done) struct buf out = BUF(PATTERN_MAX + 1);
	struct str part;
	while (text.n) {
		str_cut(&text, '/', &part);
		if (part.n == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			while (out.n && out.data[--out.n] != '/')
				;
			continue;
		}
		if (out.n)
			buf_add_char(&out, '/');
		buf_add_str(&out, part);
	}
	return arena_str(a, buf_str(&out));
}

/* Where the class that begins at `at` ends, behind its "]"; 0 when it does not. */
static size_t class_end(struct str p, size_t at)
{
	size_t i = at + 1;
	if (i < p.n && p.p[i] == '^')
		i++;
	for (size_t first = i; i < p.n; i++) {
		if (p.p[i] == '\\')
			i++;
		else if (p.p[i] == ']' && i > first)
			return i + 1;
	}
	return 0;
}

static bool is_pattern(struct str p)
{
	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] == '\\' && ++i == p.n)
			return false;
		if (p.p[i] != '[' || (i > 0 && p.p[i - 1] == '\\'))
			continue;
		if (!(i = class_end(p, i)))
			return false;
		i--;
	}
	return true;
}

static int add(struct arena *a, struct str line, struct dockerignore *d, struct err **e)
{
	struct dockerignore_pattern p = {.again = str_starts(line, "!")};
	line = str_trim(p.again ? str_from(line, 1) : line);
	if (line.n > PATTERN_MAX || d->n == DOCKERIGNORE_PATTERNS)
		return err_set(e, ERR_LIMIT, "too %s", line.n > PATTERN_MAX ? "long" : "many");
	p.text = clean(a, line);
	/* Cleaned, "[/../[]" is none. */
	if (!is_pattern(line) || !is_pattern(p.text))
		return err_set(e, ERR_SYNTAX, "\"%.*s\" is no pattern", STR_ARG(line));
	if (!p.text.n)
		return 0;
	d->v[d->n++] = p;
	return 0;
}

int dockerignore_parse(struct arena *a, struct str text, const char *what, struct dockerignore *out,
		       struct err **e)
{
	struct dockerignore made = {.v = arena_zero(a, DOCKERIGNORE_PATTERNS, sizeof(*made.v))};
	struct str line;
	if (str_starts(text, "\xef\xbb\xbf"))
		text = str_from(text, 3);
	for (unsigned number = 1; text.n; number++) {
		str_cut(&text, '\n', &line);
		if (str_starts(line, "#") || !str_trim(line).n)
			continue;
		int code = add(a, str_trim(line), &made, e);
		if (code < 0)
			return err_wrap(e, code, "%s:%u", what, number);
	}
	*out = made;
	return 0;
}

/* ---- matching ---- */

/* The places of a path, 0 to n, that the pattern so far may end at. */
struct places {
	struct str path;
	bool *now, *next;
};

static void step(struct places *s, bool (*fits)(struct str element, unsigned char c),
		 struct str element)
{
	s->next[0] = false;
	for (size_t i = 0; i < s->path.n; i++)
		s->next[i + 1] = s->now[i] && fits(element, (unsigned char)s->path.p[i]);
	bool *was = s->now;
	s->now = s->next;
	s->next = was;
}

static bool fits_literal(struct str element, unsigned char c)
{
	return (unsigned char)element.p[element.n - 1] == c;
}

static bool fits_any(struct str element, unsigned char c)
{
	(void)element;
	return c != '/';
}

/* "[^a-c\]]" */
static bool fits_class(struct str element, unsigned char c)
{
	struct str in = str_to(str_from(element, 1), element.n - 2);
	bool negated = str_starts(in, "^"), found = false;
	in = str_from(in, negated);
	while (in.n) {
		in = str_from(in, in.p[0] == '\\' && in.n > 1);
		unsigned char low = (unsigned char)in.p[0], high = low;
		in = str_from(in, 1);
		if (in.n > 1 && in.p[0] == '-') {
			in = str_from(in, 1 + (in.p[1] == '\\' && in.n > 2));
			high = (unsigned char)in.p[0];
			in = str_from(in, 1);
		}
		found |= low <= c && c <= high;
	}
	return c != '/' && found != negated;
}

/* Any run of characters: within a part, or of whole parts (`**`; to the end: of anything). */
static void spread(struct places *s, bool parts, bool to_end)
{
	bool seen = false;
	for (size_t i = 0; i <= s->path.n; i++) {
		bool behind_slash = i > 0 && s->path.p[i - 1] == '/';
		if (!parts && behind_slash)
			seen = false;
		bool here = seen && (!parts || to_end || behind_slash);
		seen |= s->now[i];
		s->now[i] |= here;
	}
}

static void follow(struct places *s, struct str p)
{
	for (size_t i = 0; i < p.n;) {
		struct str rest = str_from(p, i);
		size_t n = 1;
		if (str_starts(rest, "**")) {
			n = 2 + (rest.n > 2 && rest.p[2] == '/');
			spread(s, true, n == rest.n);
		} else if (rest.p[0] == '*') {
			spread(s, false, false);
		} else if (rest.p[0] == '?') {
			step(s, fits_any, rest);
		} else if (rest.p[0] == '[') {
			n = class_end(rest, 0);
			step(s, fits_class, str_to(rest, n));
		} else {
			n = 1 + (rest.p[0] == '\\');
			step(s, fits_literal, str_to(rest, n));
		}
		i += n;
	}
}

static bool matches(struct str pattern, struct places *s)
{
	memset(s->now, 0, s->path.n + 1);
	s->now[0] = true;
	follow(s, pattern);
	for (size_t i = 1; i <= s->path.n; i++)
		if (s->now[i] && (i == s->path.n || s->path.p[i] == '/'))
			return true;
	return false;
}

bool dockerignore_excludes(const struct dockerignore *d, struct str path)
{
	AUTO(free) bool *room = mem_zero(2 * (path.n + 1), sizeof(*room));
	struct places s = {path, room, room + path.n + 1};
	bool excluded = false;
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].again == excluded && matches(d->v[i].text, &s))
			excluded = !excluded;
	return excluded;
}

/* Below a path that is written out only what the path leads to; a pattern may lead anywhere. */
bool dockerignore_may_send_below(const struct dockerignore *d, struct str folder)
{
	for (size_t i = 0; i < d->n; i++) {
		struct str text = d->v[i].text;
		bool leads = text.n > folder.n && text.p[folder.n] == '/' &&
			     str_eq(str_to(text, folder.n), folder);
		if (d->v[i].again && (leads || strcspn(text.p, "*?[\\") < text.n))
			return true;
	}
	return false;
}
