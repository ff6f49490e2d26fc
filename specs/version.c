/* specs/version.c - conda versions (CEP 33): one block of memory each, compared
 * in place.
 *
 * A version is a row of components, marked where a segment begins. A number's
 * value is itself, a word's is its place in the pool of letters behind the
 * rows. A segment that begins with a word has a number 0 in front, so numbers
 * and words stand at like places in all versions. */
#include "specs/version.h"
#include <ctype.h>

/* In the order in which components of different kinds compare. */
enum kind { KIND_DEV, KIND_UNDERSCORE, KIND_WORD, KIND_NUMBER, KIND_POST };

enum { SEGMENT = 0x80, TEXT_MAX = 512, COMPONENTS_MAX = 2 * TEXT_MAX };

struct version {
	uint64_t epoch;
	uint16_t main, all;    /* components of the main part; with those of the local part */
	uint16_t last_segment; /* place of the main part's last segment */
	uint64_t values[];
	/* then uint8_t marks[all], then the letters of the words */
};

struct component {
	enum kind kind;
	uint64_t value; /* of a number */
	struct str word;
};

static const uint8_t *marks(const struct version *v)
{
	return (const uint8_t *)(v->values + v->all);
}

static struct component component(const struct version *v, unsigned i)
{
	struct component c = {marks(v)[i] & ~SEGMENT, v->values[i], {NULL, 0}};
	if (c.kind == KIND_WORD) {
		c.word.p = (const char *)(marks(v) + v->all) + (c.value >> 16);
		c.word.n = c.value & 0xffff;
	}
	return c;
}

/* ---- reading ---- */

struct draft {
	uint64_t values[COMPONENTS_MAX];
	uint8_t marks[COMPONENTS_MAX];
	char letters[TEXT_MAX];
	unsigned n, letter_count, last_segment;
};

static void add(struct draft *d, enum kind kind, uint64_t value)
{
	d->marks[d->n] = (uint8_t)kind;
	d->values[d->n++] = value;
}

static void add_word(struct draft *d, struct str run)
{
	uint64_t at = d->letter_count;
	for (size_t i = 0; i < run.n; i++)
		d->letters[d->letter_count++] =
			run.p[i] == '-' ? '_' : (char)tolower((unsigned char)run.p[i]);
	struct str word = {d->letters + at, run.n};
	if (str_is(word, "dev"))
		add(d, KIND_DEV, 0);
	else if (str_is(word, "post"))
		add(d, KIND_POST, 0);
	else
		add(d, KIND_WORD, at << 16 | run.n);
}

static size_t run_length(struct str s, bool digits)
{
	size_t n = 0;
	while (n < s.n &&
	       (digits ? isdigit((unsigned char)s.p[n]) : isalpha((unsigned char)s.p[n])))
		n++;
	return n;
}

/* tail: 1 when an underscore ends the part here; CEP 33 glues it to a word. */
static int read_segment(struct draft *d, struct str s, bool tail, struct err **e)
{
	unsigned first = d->n;
	if (s.n == 0)
		return err_set(e, ERR_SYNTAX, "an empty part between separators");
	while (s.n) {
		bool digits = isdigit((unsigned char)s.p[0]);
		size_t n = run_length(s, digits);
		uint64_t value = 0;
		if (n == 0)
			return err_set(e, ERR_SYNTAX, "'%.*s' is not allowed in a version",
				       STR_ARG(str_character(s)));
		if (digits && !str_u64(str_to(s, n), &value))
			return err_set(e, ERR_SYNTAX, "the number %.*s is too large", (int)n, s.p);
		if (!digits && d->n == first)
			add(d, KIND_NUMBER, 0);
		if (digits)
			add(d, KIND_NUMBER, value);
		else
			add_word(d, (struct str){s.p, n + (n == s.n ? tail : 0)});
		tail = tail && (digits || n < s.n);
		s = str_from(s, n);
	}
	if (tail)
		add(d, KIND_UNDERSCORE, 0);
	d->marks[first] |= SEGMENT;
	d->last_segment = first;
	return 0;
}

static bool separator(char c)
{
	return c == '.' || c == '_' || c == '-';
}

/* One or two underscores (or dashes) that end the part. */
static size_t tail_length(struct str part)
{
	size_t n = 0;
	while (n < part.n && part.n - n > 0 &&
	       (part.p[part.n - 1 - n] == '_' || part.p[part.n - 1 - n] == '-'))
		n++;
	return n;
}

/* Of two underscores at the end the first separates, the second is a segment. */
static void add_lone_underscore(struct draft *d)
{
	d->last_segment = d->n;
	add(d, KIND_NUMBER, 0);
	d->marks[d->last_segment] |= SEGMENT;
	add(d, KIND_UNDERSCORE, 0);
}

static int read_part(struct draft *d, struct str part, struct err **e)
{
	size_t tail = tail_length(part);
	if (tail > 2)
		return err_set(e, ERR_SYNTAX, "more than two underscores at the end");
	struct str rest = str_to(part, part.n - tail);
	if (tail == 1 && str_ends(rest, ".")) { /* `1._` is `1__` */
		rest.n--;
		tail = 2;
	}
	for (;;) {
		size_t n = 0;
		while (n < rest.n && !separator(rest.p[n]))
			n++;
		bool last = n == rest.n;
		int r = read_segment(d, str_to(rest, n), last && tail == 1, e);
		if (r == 0 && last && tail == 2)
			add_lone_underscore(d);
		if (r < 0 || last)
			return r;
		rest = str_from(rest, n + 1);
	}
}

static int read_epoch(struct str *text, uint64_t *epoch, struct err **e)
{
	struct str head, rest = *text;
	*epoch = 0;
	if (!str_cut(&rest, '!', &head))
		return 0;
	if (!str_u64(head, epoch))
		return err_set(e, ERR_SYNTAX, "the epoch before '!' must be a number");
	*text = rest;
	return 0;
}

static const struct version *settle(struct arena *a, const struct draft *d, uint64_t epoch,
				    unsigned main, unsigned last_segment)
{
	size_t values = d->n * sizeof(d->values[0]);
	struct version *v = arena_alloc(a, sizeof(*v) + values + d->n + d->letter_count);
	v->epoch = epoch;
	v->main = (uint16_t)main;
	v->all = (uint16_t)d->n;
	v->last_segment = (uint16_t)last_segment;
	memcpy(v->values, d->values, values);
	memcpy(v->values + d->n, d->marks, d->n);
	memcpy((char *)(v->values + d->n) + d->n, d->letters, d->letter_count);
	return v;
}

static int read_all(struct draft *d, struct str text, unsigned *main, unsigned *last_segment,
		    struct err **e)
{
	struct str part, local = text;
	bool has_local = str_cut(&local, '+', &part);
	int r = read_part(d, part, e);
	*main = d->n;
	*last_segment = d->last_segment;
	if (r == 0 && has_local)
		r = read_part(d, local, e);
	return r;
}

int version_parse(struct arena *a, struct str text, const struct version **out, struct err **e)
{
	struct draft d;
	uint64_t epoch;
	unsigned main = 0, last_segment = 0;
	d.n = d.letter_count = d.last_segment = 0;
	struct err *why = NULL;
	struct str body = text;
	int r = 0;
	if (text.n == 0 || text.n > TEXT_MAX)
		r = err_set(&why, ERR_SYNTAX, text.n ? "it is too long" : "it is empty");
	else if (memchr(text.p, '_', text.n) && memchr(text.p, '-', text.n))
		r = err_set(&why, ERR_SYNTAX, "'_' and '-' cannot both be used");
	if (r == 0)
		r = read_epoch(&body, &epoch, &why);
	if (r == 0)
		r = read_all(&d, body, &main, &last_segment, &why);
	if (r < 0) {
		err_set(e, ERR_SYNTAX, "version \"%.*s\": %s", STR_ARG(text), why->text);
		err_free(why);
		return r;
	}
	*out = settle(a, &d, epoch, main, last_segment);
	return 0;
}

/* ---- comparing ---- */

static int compare_components(struct component a, struct component b)
{
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	if (a.kind == KIND_WORD)
		return str_cmp(a.word, b.word);
	return (a.value > b.value) - (a.value < b.value);
}

/* A run of components of one version: the main or the local part, or a segment.
 */
struct span {
	const struct version *v;
	unsigned at, end;
};

static struct span main_part(const struct version *v)
{
	return (struct span){v, 0, v->main};
}

static struct span local_part(const struct version *v)
{
	return (struct span){v, v->main, v->all};
}

/* The next segment of the part, empty at its end; the part moves past it. */
static struct span next_segment(struct span *part)
{
	struct span s = {part->v, part->at, part->at};
	while (s.end < part->end && (s.end == s.at || !(marks(part->v)[s.end] & SEGMENT)))
		s.end++;
	part->at = s.end;
	return s;
}

/* The i-th component of a segment; what is missing is the number 0. */
static struct component component_or_zero(struct span s, unsigned i)
{
	if (s.at + i < s.end)
		return component(s.v, s.at + i);
	return (struct component){KIND_NUMBER, 0, {NULL, 0}};
}

static unsigned length(struct span s)
{
	return s.end - s.at;
}

static int compare_segments(struct span a, struct span b)
{
	unsigned n = length(a) > length(b) ? length(a) : length(b);
	for (unsigned i = 0; i < n; i++) {
		int c = compare_components(component_or_zero(a, i), component_or_zero(b, i));
		if (c)
			return c;
	}
	return 0;
}

static int compare_parts(struct span a, struct span b)
{
	while (length(a) || length(b)) {
		int c = compare_segments(next_segment(&a), next_segment(&b));
		if (c)
			return c;
	}
	return 0;
}

int version_compare(const struct version *a, const struct version *b)
{
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	int c = compare_parts(main_part(a), main_part(b));
	return c ? c : compare_parts(local_part(a), local_part(b));
}

/* Whether have is want, or want with the underscore that a version may end in: `1a_` lies
 * under `1a.*`, though its word is another one. */
static bool component_starts(struct component have, struct component want)
{
	if (compare_components(have, want) == 0)
		return true;
	if (have.kind != KIND_WORD || have.word.p[have.word.n - 1] != '_')
		return false;
	struct str stem = str_to(have.word, have.word.n - 1);
	if (want.kind == KIND_WORD)
		return str_eq(stem, want.word);
	return (want.kind == KIND_DEV && str_is(stem, "dev")) ||
	       (want.kind == KIND_POST && str_is(stem, "post"));
}

/* Whether the segment begins as the prefix's does; only the prefix's last segment may be
 * followed by further components. */
static bool segment_starts(struct span s, struct span prefix, bool last)
{
	unsigned n = length(prefix);
	if (!last && length(s) > n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		struct component have = component_or_zero(s, i);
		struct component want = component(prefix.v, prefix.at + i);
		bool open = last && i + 1 == n;
		if (open ? !component_starts(have, want) : compare_components(have, want) != 0)
			return false;
	}
	return true;
}

static bool part_starts(struct span part, struct span prefix)
{
	while (length(prefix)) {
		struct span want = next_segment(&prefix);
		if (!segment_starts(next_segment(&part), want, length(prefix) == 0))
			return false;
	}
	return true;
}

bool version_starts_with(const struct version *v, const struct version *prefix)
{
	if (v->epoch != prefix->epoch)
		return false;
	if (length(local_part(prefix)) == 0)
		return part_starts(main_part(v), main_part(prefix));
	return compare_parts(main_part(v), main_part(prefix)) == 0 &&
	       part_starts(local_part(v), local_part(prefix));
}

bool version_compatible(const struct version *v, const struct version *limit)
{
	struct span without_last = {limit, 0, limit->last_segment};
	return version_compare(v, limit) >= 0 && v->epoch == limit->epoch &&
	       part_starts(main_part(v), without_last) &&
	       part_starts(local_part(v), local_part(limit));
}
