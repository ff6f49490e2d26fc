/* specs/lock_url.c - what a package's address says of it, and the order of those that were read.
 *
 * Names, versions and builds become names of files: their letters are checked here. */
#include "specs/base/url.h"
#include "specs/lock_private.h"

/* --- what a package's address says --------------------------------------------------- */

bool lock_is_safe(struct str s)
{
	if (s.n == 0 || s.n > 200 || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && !(c && strchr("._-+!~=", c)))
			return false;
	}
	return true;
}

static size_t last_of(struct str s, char c)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.n;
}

static bool stem_of(struct str fn, struct str *stem)
{
	static const char *const ends[] = {".conda", ".tar.bz2"};
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(fn, ends[i])) {
			*stem = str_to(fn, fn.n - strlen(ends[i]));
			return true;
		}
	return false;
}

const char *lock_read_url(struct arena *a, struct str text, struct record *r)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == '#')
			return "holds a letter that must be written as %XX";
	r->url = url_without_secrets(a, text);
	size_t slash = last_of(r->url, '/');
	if (slash == r->url.n)
		return "has no folder";
	r->fn = url_decoded(a, str_from(r->url, slash + 1));
	struct str stem, folder = str_to(r->url, slash);
	if (!stem_of(r->fn, &stem) || !lock_is_safe(r->fn))
		return "must end in a file NAME-VERSION-BUILD.conda or .tar.bz2";
	size_t build = last_of(stem, '-');
	size_t version = last_of(str_to(stem, build), '-');
	if (version >= build || build == stem.n)
		return "must end in a file NAME-VERSION-BUILD.conda or .tar.bz2";
	r->name = str_to(stem, version);
	r->version_text = str_to(str_from(stem, version + 1), build - version - 1);
	r->build = str_from(stem, build + 1);
	size_t parent = last_of(folder, '/');
	r->subdir = parent == folder.n ? folder : str_from(folder, parent + 1);
	r->channel = parent == folder.n ? (struct str){0} : str_to(folder, parent);
	if (!lock_is_safe(r->name) || !lock_is_safe(r->version_text) || !lock_is_safe(r->build) ||
	    !lock_is_safe(r->subdir))
		return "must be CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda";
	return NULL;
}

static void read_source(struct arena *a, const struct source_address *s, struct record *r)
{
	struct record_source *source = arena_zero(a, 1, sizeof(*source));
	source->kind = s->kind;
	r->source = source;
	if (s->kind == SOURCE_GIT)
		r->url = source_address_of_commit(a, s, s->revision);
	else if (s->subdirectory.n)
		r->url = arena_printf(a, "%.*s#subdirectory=%.*s", STR_ARG(s->address),
				      STR_ARG(s->subdirectory));
	r->url = url_without_login(a, r->url);
}

/* The name of its file is the last part, without `?` and what follows. */
const char *lock_read_wheel_url(struct arena *a, struct str text, struct record *r)
{
	struct source_address s;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return "holds a letter that must be written as %XX";
	if (source_address_parse(a, text, &s, NULL) < 0)
		return "is of no wheel and of no source that kiln knows";
	struct str path = str_to(s.address, str_find(s.address, '?'));
	size_t slash = last_of(path, '/');
	if (slash == path.n)
		return "has no folder";
	if (s.kind == SOURCE_GIT && !source_is_commit(s.revision))
		return "names no commit";
	r->url = url_without_login(a, s.address);
	r->fn = url_decoded(a, str_from(path, slash + 1));
	if (s.kind != SOURCE_NONE)
		read_source(a, &s, r);
	bool file = s.kind == SOURCE_NONE || s.kind == SOURCE_ARCHIVE;
	return !file || lock_is_safe(r->fn) ? NULL : "must end in the name of a file";
}

bool lock_is_for(const struct record *r, const char *platform)
{
	return str_is(r->subdir, platform) || str_is(r->subdir, "noarch");
}

void lock_read_version(struct arena *a, struct record *r)
{
	if (version_parse(a, r->version_text, &r->version, NULL) < 0)
		r->version = NULL;
}

/* --- link order ---------------------------------------------------------------------- */

struct order {
	const struct record *from;
	size_t n, done;
	size_t *by_name; /* places in from, by name */
	char *seen;
	struct record *to;
};

static struct str spec_name(struct str spec)
{
	size_t n = 0;
	while (n < spec.n && spec.p[n] && !strchr(" <>=!~[,|", spec.p[n]))
		n++;
	return str_to(spec, n);
}

static int compare_by_name(const void *a, const void *b, void *cookie)
{
	const struct record *from = cookie;
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	int order = str_cmp(from[left].name, from[right].name);
	return order ? order : left < right ? -1 : left > right;
}

static size_t find_by_name(const struct order *o, struct str name)
{
	size_t low = 0, high = o->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(o->from[o->by_name[middle]].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < o->n && str_eq(o->from[o->by_name[low]].name, name))
		return o->by_name[low];
	return o->n;
}

struct visit {
	size_t record, next; /* next: the dependency to look at */
};

/* Depth first with a stack of its own: a lock from outside may be one long chain. */
static void visit_from(struct order *o, size_t root, struct visit *stack)
{
	size_t depth = 0;
	if (o->seen[root])
		return;
	o->seen[root] = 1;
	stack[depth++] = (struct visit){root, 0};
	while (depth) {
		struct visit *top = &stack[depth - 1];
		const struct record *r = &o->from[top->record];
		if (top->next == r->depends.n) {
			o->to[o->done++] = *r;
			depth--;
			continue;
		}
		size_t next = find_by_name(o, spec_name(r->depends.v[top->next++]));
		if (next < o->n && !o->seen[next]) {
			o->seen[next] = 1;
			stack[depth++] = (struct visit){next, 0};
		}
	}
}

static int compare_managers(const void *a, const void *b)
{
	const struct record *left = a, *right = b;
	if (left->manager != right->manager)
		return (int)left->manager - (int)right->manager;
	return left->manager == MANAGER_PIP ? str_cmp(left->name, right->name) : 0;
}

void lock_sort(struct arena *a, struct record *records, size_t n)
{
	/* Wheels come behind conda's, by name. The order of conda's does not matter here. */
	if (n)
		qsort(records, n, sizeof(*records), compare_managers);
	while (n && records[n - 1].manager == MANAGER_PIP)
		n--;
	AUTO(free) size_t *by_name = mem_zero(n + 1, sizeof(*by_name));
	AUTO(free) char *seen = mem_zero(n + 1, 1);
	AUTO(free) struct visit *stack = mem_zero(n + 1, sizeof(*stack));
	struct order o = {records, n, 0, by_name, seen, arena_zero(a, n, sizeof(*records))};
	for (size_t i = 0; i < n; i++)
		by_name[i] = i;
	if (n)
		qsort_r(by_name, n, sizeof(*by_name), compare_by_name, records);
	for (size_t i = n; i-- > 0;)
		visit_from(&o, by_name[i], stack);
	if (n)
		memcpy(records, o.to, n * sizeof(*records));
}
