/* specs/ignore.c - patterns of .gitignore: read into segments, and held against paths. */
#include "specs/ignore.h"
#include <fnmatch.h>

void ignore_done(struct ignore *i)
{
	VEC_DONE(&i->patterns);
	arena_done(&i->arena);
}

/* ---- reading ---- */

static bool is_any(const char *segment)
{
	return strcmp(segment, "**") == 0;
}

/* The parts between slashes; runs of "**" are one. */
static size_t split(struct arena *a, struct str text, char **out)
{
	size_t n = 0;
	bool more = true;
	while (more) {
		struct str part;
		more = str_cut(&text, '/', &part);
		if (n && is_any(out[n - 1]) && str_is(part, "**"))
			continue;
		out[n++] = arena_copy(a, part.p, part.n);
	}
	return n;
}

/* As gitwildmatch does before it matches: without a slash at its start or within, a pattern fits at
 * any depth; behind one at its end stands all that is below. */
static void normalize(struct ignore_pattern *p, char *any)
{
	char **s = p->segments;
	p->below = p->count == 2 && is_any(s[0]) && !*s[1];
	if (!*s[0]) {
		p->segments++;
		p->count--;
	} else if ((p->count == 1 || (p->count == 2 && !*s[1])) && !is_any(s[0])) {
		memmove(s + 1, s, p->count * sizeof(*s));
		s[0] = any;
		p->count++;
	}
	if (p->count > 1 && !*p->segments[p->count - 1])
		p->segments[p->count - 1] = any;
}

static void add(struct ignore *i, struct str line)
{
	struct ignore_pattern p = {0};
	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#' || str_is(line, "/"))
		return;
	p.keeps = line.p[0] == '!';
	line = str_from(line, p.keeps);
	p.segments = arena_zero(&i->arena, line.n + 2, sizeof(*p.segments));
	p.count = split(&i->arena, line, p.segments);
	normalize(&p, arena_copy(&i->arena, "**", 2));
	if (p.count)
		VEC_PUSH(&i->patterns, p);
}

void ignore_add(struct ignore *i, struct str text)
{
	struct str line;
	while (text.n) {
		str_cut(&text, '\n', &line);
		add(i, line);
	}
}

/* ---- matching ---- */

/* One step of the path: its length, and where the next begins. */
static size_t step(const char *path)
{
	return strcspn(path, "/");
}

static const char *behind(const char *path)
{
	path += step(path);
	return *path ? path + 1 : path;
}

static bool fits_step(const char *glob, const char *path)
{
	AUTO(buf_done) struct buf name = BUF(BUF_UNLIMITED);
	buf_add(&name, path, step(path));
	return *glob && fnmatch(glob, name.data, 0) == 0;
}

/* Whether the segments from the first on fit the path, which is not empty. What is below a fit fits
 * as well. */
static bool fits(char *const *segments, size_t count, const char *path)
{
	if (count == 0)
		return true;
	if (is_any(segments[0]) && count == 1)
		return *path != 0;
	for (; *path; path = behind(path)) {
		bool any = is_any(segments[0]);
		if (any ? fits(segments + 1, count - 1, path)
			: fits_step(segments[0], path) &&
				    fits(segments + 1, count - 1, behind(path)))
			return true;
		if (!any)
			return false;
	}
	return false;
}

bool ignore_fits(const struct ignore *i, const char *path)
{
	bool ignored = false;
	for (size_t k = 0; k < i->patterns.n; k++) {
		const struct ignore_pattern *p = &i->patterns.v[k];
		if (p->below ? strchr(path, '/') != NULL : fits(p->segments, p->count, path))
			ignored = !p->keeps;
	}
	return ignored;
}
