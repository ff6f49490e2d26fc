/* index_quick.c - the members of "packages" that are written as nearly all are: an object of
 * strings without escapes, whole numbers and lists of strings, whole in the bytes at hand. What
 * is not is left to the events, which know all of JSON. */
#include "cache/index_writer_private.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct reader {
	const char *p, *end;
};

/* The first byte of a string that is not plain: quote, backslash or control character; end when
 * there is none. */
static const char *plain_end(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
		      control = _mm_set1_epi8(0x1f);

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const void *)p);
		__m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
		odd = _mm_or_si128(odd, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
		unsigned mask = (unsigned)_mm_movemask_epi8(odd);
		if (mask)
			return p + __builtin_ctz(mask);
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

/* The next byte that is no blank, which is taken; 0 at the end. */
static char next_mark(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
		r->p++;
	return r->p < r->end ? *r->p++ : 0;
}

/* What stands before the closing quote; the opening one is behind us. */
static bool read_string(struct reader *r, struct str *out)
{
	const char *stop = plain_end(r->p, r->end);

	*out = (struct str){r->p, (size_t)(stop - r->p)};
	r->p = stop + 1;
	return stop < r->end && *stop == '"';
}

/* Digits from p - 1; what follows must be there to tell that they are all. */
static bool read_number(struct reader *r, struct str *out)
{
	const char *from = r->p - 1;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	*out = (struct str){from, (size_t)(r->p - from)};
	bool ends = r->p < r->end && (*r->p == ',' || *r->p == '}' || *r->p == '\n');
	return ends && (*from != '0' || out->n == 1);
}

static bool read_elements(struct index_writer *w, struct reader *r, bool kept)
{
	struct str text;
	char c = next_mark(r);

	if (c == ']')
		return true;
	for (;;) {
		if (c != '"' || !read_string(r, &text))
			return false;
		if (kept)
			index_add_element(w, text);
		c = next_mark(r);
		if (c == ']')
			return true;
		if (c != ',')
			return false;
		c = next_mark(r);
	}
}

static bool read_list(struct index_writer *w, struct reader *r)
{
	bool kept =
		w->field == F_DEPENDS || w->field == F_CONSTRAINS || w->field == F_TRACK_FEATURES;

	if (kept)
		index_list_begins(w);
	if (!read_elements(w, r, kept))
		return false;
	if (kept)
		index_list_ends(w);
	return true;
}

/* true, false and null; the first letter is behind us. */
static bool read_word(struct index_writer *w, struct reader *r, const char *rest)
{
	size_t n = strlen(rest);

	if ((size_t)(r->end - r->p) <= n || memcmp(r->p, rest, n) != 0)
		return false;
	r->p += n;
	if (*rest == 'r' && w->field == F_NOARCH)
		w->now.noarch = NOARCH_GENERIC;
	return *r->p == ',' || *r->p == '}' || *r->p == '\n';
}

static bool read_value(struct index_writer *w, struct reader *r)
{
	struct str text;
	char c = next_mark(r);

	switch (c) {
	case '"':
		if (!read_string(r, &text))
			return false;
		index_set_string(w, text);
		return true;
	case '[':
		return read_list(w, r);
	case 't':
		return read_word(w, r, "rue");
	case 'f':
		return read_word(w, r, "alse");
	case 'n':
		return read_word(w, r, "ull");
	default:
		if (c < '0' || c > '9' || !read_number(r, &text))
			return false;
		index_set_number(w, text);
		return true;
	}
}

/* Records of one channel have their fields in one order: the key that came behind this one last
 * time is tried first. */
static bool read_key(struct index_writer *w, struct reader *r)
{
	enum field last = w->field, guess = w->follows[last];
	struct str key = index_field_key(guess);

	if (guess && (size_t)(r->end - r->p) > key.n && memcmp(r->p, key.p, key.n) == 0 &&
	    r->p[key.n] == '"') {
		r->p += key.n + 1;
		w->field = guess;
		return true;
	}
	if (!read_string(r, &key))
		return false;
	w->field = index_field_of(key);
	w->follows[last] = w->field;
	return true;
}

static bool read_fields(struct index_writer *w, struct reader *r)
{
	char c = next_mark(r);

	w->field = F_NONE;
	while (c == '"') {
		if (!read_key(w, r) || next_mark(r) != ':' || !read_value(w, r))
			return false;
		c = next_mark(r);
		if (c == '}')
			return true;
		if (c != ',')
			return false;
		c = next_mark(r);
	}
	return false;
}

/* A record that is not read to its end leaves nothing behind: the events read it again from its
 * start, and make of it what they had made. */
ptrdiff_t index_read_quickly(struct index_writer *w, const char *p, const char *end, bool first,
			     struct err **e)
{
	struct reader r = {p, end};
	const char *done = p;
	struct str fn;

	while (r.p < end) {
		if (!first && next_mark(&r) != ',')
			break;
		if (next_mark(&r) != '"' || !read_string(&r, &fn) || next_mark(&r) != ':' ||
		    next_mark(&r) != '{')
			break;
		index_record_begins(w, fn);
		if (!read_fields(w, &r)) {
			w->deps.n = w->now.hot.deps;
			break;
		}
		int code = index_record_ends(w, e);
		if (code < 0)
			return code;
		done = r.p;
		first = false;
	}
	return done - p;
}
