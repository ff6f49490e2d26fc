/* builder/relocate.c - a package's placeholder prefix replaced by the real one. */
#include "builder/relocate.h"
#include "specs/base/vec.h"

/* Bytes of a character, and where in them ASCII stands. */
static const struct encoding {
	size_t unit, low;
} encodings[RELOCATE_ENCODINGS] = {{1, 0}, {2, 0}, {2, 1}, {4, 0}, {4, 3}};

/* --- encodings --------------------------------------------------------------------------- */

/* One code point of UTF-8, or one byte where it is none. */
static uint32_t next_char(struct str *s)
{
	const unsigned char *p = (const unsigned char *)s->p;
	size_t n = p[0] < 0xc0 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = p[0];
	if (n > 1 && n <= s->n) {
		c &= 0x7fu >> n;
		for (size_t i = 1; i < n; i++)
			c = c << 6 | (p[i] & 0x3fu);
	} else {
		n = 1;
	}
	*s = str_from(*s, n);
	return c;
}

static char *put_unit(char *to, const struct encoding *as, uint32_t value)
{
	for (size_t i = 0; i < as->unit; i++) {
		size_t place = as->low ? as->unit - 1 - i : i;
		to[place] = (char)(value >> (8 * i));
	}
	return to + as->unit;
}

static struct str encode(struct arena *a, struct str text, const struct encoding *as)
{
	if (as->unit == 1)
		return text;
	char *to = arena_alloc(a, text.n * 4), *at = to;
	while (text.n) {
		uint32_t c = next_char(&text);
		if (as->unit == 2 && c >= 0x10000) {
			at = put_unit(at, as, 0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + (c & 0x3ff);
		}
		at = put_unit(at, as, c);
	}
	return (struct str){to, (size_t)(at - to)};
}

int relocation_init(struct relocation *r, struct arena *a, struct str placeholder,
		    struct str prefix, struct err **e)
{
	if (placeholder.n == 0 || memchr(placeholder.p, 0, placeholder.n))
		return err_set(e, ERR_CORRUPT, "a placeholder that is empty or holds a NUL");
	for (size_t i = 0; i < RELOCATE_ENCODINGS; i++) {
		r->from[i] = encode(a, placeholder, &encodings[i]);
		r->to[i] = encode(a, prefix, &encodings[i]);
	}
	return 0;
}

/* --- finding ----------------------------------------------------------------------------- */

#define NOWHERE SIZE_MAX

/* Looks for all encodings, each remembering its next place, so that every byte is looked at
 * once for each. */
struct finder {
	const struct relocation *r;
	size_t next[RELOCATE_ENCODINGS]; /* first place from where was looked last; NOWHERE */
	bool known[RELOCATE_ENCODINGS];
};

static size_t next_of(struct finder *f, size_t i, struct str in, size_t at)
{
	if (!f->known[i] || (f->next[i] != NOWHERE && f->next[i] < at)) {
		struct str rest = str_from(in, at);
		const char *p =
			rest.n ? memmem(rest.p, rest.n, f->r->from[i].p, f->r->from[i].n) : NULL;
		f->next[i] = p ? (size_t)(p - in.p) : NOWHERE;
		f->known[i] = true;
	}
	return f->next[i];
}

/* The next placeholder from `at` on and its encoding; NOWHERE. */
static size_t find(struct finder *f, struct str in, size_t at, size_t *out_encoding)
{
	size_t first = NOWHERE, chosen = 0;
	for (size_t i = 0; i < RELOCATE_ENCODINGS; i++) {
		size_t place = next_of(f, i, in, at);
		if (place < first) {
			first = place;
			chosen = i;
		}
	}
	/* UTF-16BE is found in UTF-16LE too, one byte off. */
	for (size_t i = 0; i < chosen && first != NOWHERE; i++)
		if (f->next[i] != NOWHERE && f->next[i] < first + f->r->from[chosen].n) {
			first = f->next[i];
			chosen = i;
		}
	*out_encoding = chosen;
	return first;
}

/* --- text -------------------------------------------------------------------------------- */

struct pieces {
	struct arena *arena;
	VEC(struct str) v;
};

static void add_piece(struct pieces *to, struct str piece)
{
	if (piece.n)
		VEC_PUSH(&to->v, piece);
}

static void substitute(const struct relocation *r, struct str in, struct pieces *to)
{
	struct finder f = {.r = r};
	size_t at = 0, place, encoding;
	while ((place = find(&f, in, at, &encoding)) != NOWHERE) {
		add_piece(to, (struct str){in.p + at, place - at});
		add_piece(to, r->to[encoding]);
		at = place + r->from[encoding].n;
	}
	add_piece(to, str_from(in, at));
}

static struct str join(struct arena *a, const struct str *v, size_t n)
{
	size_t size = 0;
	for (size_t i = 0; i < n; i++)
		size += v[i].n;
	char *p = arena_alloc(a, size), *at = p;
	for (size_t i = 0; i < n; i++)
		if (v[i].n)
			at = mempcpy(at, v[i].p, v[i].n);
	return (struct str){p, size};
}

static struct str substituted(const struct relocation *r, struct arena *a, struct str in)
{
	struct pieces pieces = {.arena = a};
	substitute(r, in, &pieces);
	struct str all = join(a, pieces.v.v, pieces.v.n);
	VEC_DONE(&pieces.v);
	return all;
}

static bool digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* python, pythonN or pythonN.M */
static bool is_python(struct str name)
{
	if (!str_starts(name, "python"))
		return false;
	struct str major, minor = str_from(name, 6);
	if (minor.n == 0)
		return true;
	bool dot = str_cut(&minor, '.', &major);
	return digits(major) && (!dot || digits(minor));
}

/* "#! /path/to/x rest": false when no interpreter stands there. */
static bool split_shebang(struct str line, struct str *out_program, struct str *out_rest)
{
	struct str program = str_from(line, 2);
	while (program.n && program.p[0] == ' ')
		program = str_from(program, 1);
	if (program.n == 0 || program.p[0] != '/')
		return false;
	size_t end = 0;
	while (end < program.n && !strchr(" \t\r\n", program.p[end]))
		end += program.p[end] == '\\' && end + 1 < program.n && program.p[end + 1] == ' '
			       ? 2
			       : 1;
	*out_program = str_to(program, end);
	*out_rest = str_from(program, end);
	return true;
}

/* The line in a form that needs no long path at its start. */
static struct str rewrite_shebang(struct arena *a, struct str line)
{
	struct str program, rest, cr = {NULL, 0};
	if (str_ends(line, "\r")) {
		cr = str_from(line, line.n - 1);
		line = str_to(line, line.n - 1);
	}
	if (!split_shebang(line, &program, &rest))
		return line;
	size_t slash = program.n;
	while (slash > 0 && program.p[slash - 1] != '/')
		slash--;
	struct str name = str_from(program, slash);
	/* It has no path to shorten; what it names would become its second argument. */
	if (str_is(name, "env"))
		return join(a, (struct str[]){line, cr}, 2);
	if (!is_python(name))
		return join(a, (struct str[]){STR("#!/usr/bin/env "), name, rest, cr}, 4);
	return join(a,
		    (struct str[]){STR("#!/bin/sh\n'''exec' \""), program, STR("\""), rest,
				   STR(" \"$0\" \"$@\" #'''"), cr},
		    6);
}

static bool holds(struct str in, struct str what)
{
	return memmem(in.p, in.n, what.p, what.n) != NULL;
}

static struct str relocate_shebang(const struct relocation *r, struct arena *a, struct str line)
{
	if (memchr(r->to[0].p, ' ', r->to[0].n)) {
		if (!holds(line, r->from[0]))
			return line;
		return substituted(r, a, rewrite_shebang(a, line));
	}
	struct str with = substituted(r, a, line);
	size_t length = with.n - str_ends(with, "\r");
	return length > RELOCATE_SHEBANG_MAX ? rewrite_shebang(a, with) : with;
}

struct strs relocate_text(const struct relocation *r, struct arena *a, struct str in)
{
	struct pieces pieces = {.arena = a};
	if (str_starts(in, "#!")) {
		size_t end = str_find(in, '\n');
		add_piece(&pieces, relocate_shebang(r, a, str_to(in, end)));
		in = str_from(in, end);
	}
	substitute(r, in, &pieces);
	struct str *v = arena_alloc(a, pieces.v.n * sizeof(*v) + 1);
	if (pieces.v.n)
		memcpy(v, pieces.v.v, pieces.v.n * sizeof(*v));
	struct strs out = {v, pieces.v.n};
	VEC_DONE(&pieces.v);
	return out;
}

/* --- binaries ---------------------------------------------------------------------------- */

enum { WINDOW = 256 << 10, STRING_MAX = 1 << 30 };

struct relocate_stream {
	const struct relocation *r;
	int (*write)(void *cookie, const void *p, size_t n, struct err **e);
	void *cookie;
	struct buf window; /* not written yet; no placeholder starts before `at` */
	size_t at;
	size_t enough; /* look again when the window holds so much */
	size_t hold;   /* bytes at the end in which a placeholder may have begun */
};

int relocate_stream_new(const struct relocation *r,
			int (*write)(void *cookie, const void *p, size_t n, struct err **e),
			void *cookie, struct relocate_stream **out, struct err **e)
{
	for (size_t i = 0; i < RELOCATE_ENCODINGS; i++)
		if (r->to[i].n > r->from[i].n)
			return err_set(e, ERR_LIMIT,
				       "the prefix is %zu bytes long, but binaries have room for "
				       "%zu only",
				       r->to[0].n, r->from[0].n);
	struct relocate_stream *s = mem_zero(1, sizeof(*s));
	s->r = r;
	s->write = write;
	s->cookie = cookie;
	s->window = (struct buf)BUF(STRING_MAX);
	/* Twice: a second encoding may overlap the first one found. */
	s->hold = 2 * r->from[RELOCATE_ENCODINGS - 1].n;
	s->enough = WINDOW;
	*out = s;
	return 0;
}

void relocate_stream_free(struct relocate_stream *s)
{
	if (!s)
		return;
	buf_done(&s->window);
	free(s);
}

/* Where the string that goes through `at` ends: its NUL character, or NOWHERE. */
static size_t find_end(const struct buf *in, size_t at, size_t unit)
{
	if (unit == 1) {
		const char *p = memchr(in->data + at, 0, in->n - at);
		return p ? (size_t)(p - in->data) : NOWHERE;
	}
	static const char nul[4];
	for (; in->n - at >= unit; at += unit)
		if (memcmp(in->data + at, nul, unit) == 0)
			return at;
	return NOWHERE;
}

/* Replaces every placeholder of the string in [at, end), the first of them at `at`. */
static void replace(struct relocate_stream *s, size_t encoding, size_t at, size_t end)
{
	struct str from = s->r->from[encoding], to = s->r->to[encoding];
	char *write = s->window.data + at, *stop = s->window.data + end;
	const char *read = write;
	while (read < stop) {
		const char *next = memmem(read, (size_t)(stop - read), from.p, from.n);
		size_t n = (size_t)((next ? next : stop) - read);
		memmove(write, read, n);
		write += n;
		read += n;
		if (next) {
			write = mempcpy(write, to.p, to.n);
			read += from.n;
		}
	}
	memset(write, 0, (size_t)(stop - write));
}

/* Works through the window; at the end of the file to its last byte. */
static void scan(struct relocate_stream *s, bool last)
{
	struct finder f = {.r = s->r};
	size_t place, encoding;
	struct str in = buf_str(&s->window);
	while ((place = find(&f, in, s->at, &encoding)) != NOWHERE) {
		if (!last && in.n - place < s->hold) {
			s->at = place;
			return;
		}
		size_t end = find_end(&s->window, place + s->r->from[encoding].n,
				      encodings[encoding].unit);
		if (end == NOWHERE && !last) {
			s->at = place;
			s->enough = 2 * (in.n - place);
			return;
		}
		if (end == NOWHERE)
			end = in.n;
		replace(s, encoding, place, end);
		s->at = end;
	}
	size_t done = last ? in.n : in.n > s->hold ? in.n - s->hold : 0;
	if (s->at < done)
		s->at = done;
}

static int flush(struct relocate_stream *s, bool last, struct err **e)
{
	size_t min = s->hold + WINDOW;
	s->enough = min;
	scan(s, last);
	int code = s->at ? s->write(s->cookie, s->window.data, s->at, e) : 0;
	if (code < 0)
		return code;
	s->window.n -= s->at;
	memmove(s->window.data, s->window.data + s->at, s->window.n);
	s->at = 0;
	if (s->enough < min)
		s->enough = min;
	return 0;
}

int relocate_stream_add(struct relocate_stream *s, const void *p, size_t n, struct err **e)
{
	buf_add(&s->window, p, n);
	int code = buf_check(&s->window, "a string with a placeholder", e);
	if (code < 0)
		return code;
	return s->window.n < s->enough ? 0 : flush(s, false, e);
}

int relocate_stream_end(struct relocate_stream *s, struct err **e)
{
	return flush(s, true, e);
}
