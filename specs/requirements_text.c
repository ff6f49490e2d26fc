/* specs/requirements_text.c - encodings, lines and words of requirements files, as pip has them. */
#include "specs/requirements_text.h"
#include "specs/base/vec.h"
#include <ctype.h>
#include <iconv.h>
#include <stdlib.h>

/* ---- encoding ---- */

static const struct mark_row {
	const char *bytes;
	size_t n;
	const char *encoding;
} marks[] = {
	{"\xff\xfe\0\0", 4, "UTF-32LE"}, {"\0\0\xfe\xff", 4, "UTF-32BE"},
	{"\xef\xbb\xbf", 3, "UTF-8"},	 {"\xff\xfe", 2, "UTF-16LE"},
	{"\xfe\xff", 2, "UTF-16BE"},
};

static int convert(struct arena *a, struct str bytes, const char *encoding, struct str *out,
		   struct err **e)
{
	/* the one usual name of Python's that others do not know */
	bool latin = strcasecmp(encoding, "latin-1") == 0;
	iconv_t c = iconv_open("UTF-8", latin ? "ISO-8859-1" : encoding);
	if (c == (iconv_t)-1)
		return err_set(e, ERR_SYNTAX, "the encoding \"%s\" is not known", encoding);
	size_t room = bytes.n * 4 + 1, left = bytes.n;
	char *text = arena_alloc(a, room), *to = text, *from = (char *)bytes.p;
	size_t r = iconv(c, &from, &left, &to, &room);
	iconv_close(c);
	if (r == (size_t)-1)
		return err_set(e, ERR_SYNTAX, "byte %zu is no %s", bytes.n - left, encoding);
	*out = (struct str){text, (size_t)(to - text)};
	return 0;
}

static struct str line_at(struct str text, size_t *at)
{
	struct str line = str_from(text, *at);
	line.n = str_find(line, '\n');
	*at += line.n + 1;
	return line;
}

/* `# -*- coding: NAME -*-`, `# coding=NAME`. */
static bool declared(struct str line, char name[32])
{
	const char *at = line.n && line.p[0] == '#' ? memmem(line.p, line.n, "coding", 6) : NULL;
	if (!at)
		return false;
	struct str rest = str_from(line, (size_t)(at - line.p) + 6);
	if (!rest.n || (rest.p[0] != ':' && rest.p[0] != '='))
		return false;
	rest = str_trim(str_from(rest, 1));
	size_t n = 0;
	while (n < rest.n && n < 31 && !memchr(" \t\r*;", rest.p[n], 5)) {
		name[n] = rest.p[n];
		n++;
	}
	name[n] = 0;
	return n > 0;
}

int requirements_decode(struct arena *a, struct str bytes, struct str *out, struct err **e)
{
	char name[32];
	size_t at = 0;
	for (size_t i = 0; i < COUNT(marks); i++)
		if (bytes.n >= marks[i].n && memcmp(bytes.p, marks[i].bytes, marks[i].n) == 0)
			return convert(a, str_from(bytes, marks[i].n), marks[i].encoding, out, e);
	for (int i = 0; i < 2 && at < bytes.n; i++)
		if (declared(line_at(bytes, &at), name))
			return convert(a, bytes, name, out, e);
	return convert(a, bytes, "UTF-8", out, e);
}

/* ---- lines ---- */

/* The length of the line's end that stands at the start of s, as Python's splitlines has them;
 * 0: none does. */
static size_t line_end(struct str s)
{
	static const char *const ends[] = {"\r\n",     "\n",	       "\r",	      "\v",
					   "\f",       "\x1c",	       "\x1d",	      "\x1e",
					   "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_starts(s, ends[i]))
			return strlen(ends[i]);
	return 0;
}

static bool take_line(struct requirements_text *t, struct str *line)
{
	if (t->rest.n == 0)
		return false;
	size_t n = 0, end = 0;
	while (n < t->rest.n && !(end = line_end(str_from(t->rest, n))))
		n++;
	*line = str_to(t->rest, n);
	t->rest = str_from(t->rest, n + end);
	t->next++;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static bool is_comment(struct str line)
{
	while (line.n && is_blank(line.p[0]))
		line = str_from(line, 1);
	return line.n && line.p[0] == '#';
}

static struct str without_backslashes(struct str s)
{
	while (s.n && s.p[0] == '\\')
		s = str_from(s, 1);
	while (s.n && s.p[s.n - 1] == '\\')
		s.n--;
	return s;
}

/* A line that ends in a backslash takes the next one along; a comment takes none, and ends it. */
static bool join_lines(struct requirements_text *t, struct buf *out, unsigned *number)
{
	struct str line;
	bool any = false;
	*number = t->next;
	while (take_line(t, &line)) {
		bool comment = is_comment(line);
		bool more = !comment && line.n && line.p[line.n - 1] == '\\';
		any = true;
		if (comment)
			buf_add_char(out, ' ');
		buf_add_str(out, more ? without_backslashes(line) : line);
		if (!more)
			break;
	}
	return any;
}

static struct str without_comment(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '#' && (i == 0 || is_blank(line.p[i - 1])))
			line.n = i;
	while (line.n && is_blank(line.p[0]))
		line = str_from(line, 1);
	while (line.n && is_blank(line.p[line.n - 1]))
		line.n--;
	return line;
}

/* The length of `${NAME}` at the start of s, or 0. */
static size_t variable_length(struct str s)
{
	size_t n = 2;
	if (!str_starts(s, "${"))
		return 0;
	while (n < s.n &&
	       (isupper((unsigned char)s.p[n]) || isdigit((unsigned char)s.p[n]) || s.p[n] == '_'))
		n++;
	return n > 2 && n < s.n && s.p[n] == '}' ? n + 1 : 0;
}

/* Whether place `at` lies between the `://` of an address and its `@`. */
static bool in_user_part(struct str line, size_t at)
{
	size_t from = at, to = at;
	while (from && line.p[from - 1] != '/' && !is_blank(line.p[from - 1]))
		from--;
	while (to < line.n && !memchr("/@ \t", line.p[to], 4))
		to++;
	return from >= 3 && memcmp(line.p + from - 3, "://", 3) == 0 && to < line.n &&
	       line.p[to] == '@';
}

/* What is not set, or empty, stays as it is. */
static struct str expand(struct arena *a, struct str line, bool users)
{
	AUTO(buf_done) struct buf out = BUF(BUF_UNLIMITED);
	for (size_t i = 0; i < line.n;) {
		size_t n = variable_length(str_from(line, i));
		AUTO(arena_done) struct arena scratch = ARENA;
		const char *value = n && (users || !in_user_part(line, i))
					    ? getenv(arena_copy(&scratch, line.p + i + 2, n - 3))
					    : NULL;
		if (value && *value)
			buf_add_text(&out, value);
		else
			buf_add(&out, line.p + i, n ? n : 1);
		i += n ? n : 1;
	}
	return arena_str(a, buf_str(&out));
}

struct str requirements_expand(struct arena *a, struct str text)
{
	return expand(a, text, true);
}

bool requirements_next(struct requirements_text *t, struct str *line, unsigned *number)
{
	AUTO(buf_done) struct buf joined = BUF(BUF_UNLIMITED);
	while (join_lines(t, &joined, number)) {
		struct str kept = without_comment(buf_str(&joined));
		if (kept.n) {
			*line = expand(t->arena, kept, false);
			return true;
		}
		buf_clear(&joined);
	}
	return false;
}

/* ---- words ---- */

/* Takes one character of a word into out: as it is, behind a backslash, or a quoted run. */
static bool take_piece(struct str *rest, struct buf *out)
{
	char c = rest->p[0];
	*rest = str_from(*rest, 1);
	if (c == '\'') {
		struct str inside;
		if (!str_cut(rest, c, &inside))
			return false;
		buf_add_str(out, inside);
		return true;
	}
	if (c == '"') {
		while (rest->n && rest->p[0] != '"') {
			bool escape =
				rest->p[0] == '\\' && rest->n > 1 && memchr("\"\\", rest->p[1], 2);
			*rest = str_from(*rest, escape);
			buf_add_char(out, rest->p[0]);
			*rest = str_from(*rest, 1);
		}
		bool closed = rest->n > 0;
		*rest = str_from(*rest, 1);
		return closed;
	}
	if (c == '\\') {
		if (rest->n == 0)
			return false;
		c = rest->p[0];
		*rest = str_from(*rest, 1);
	}
	buf_add_char(out, c);
	return true;
}

int requirements_words(struct arena *a, struct str text, struct strs *out, struct err **e)
{
	VEC(struct str) found = {0};
	AUTO(buf_done) struct buf word = BUF(BUF_UNLIMITED);
	bool good = true;
	for (;;) {
		while (text.n && memchr(" \t\r\n", text.p[0], 4))
			text = str_from(text, 1);
		if (!text.n || !good)
			break;
		buf_clear(&word);
		while (good && text.n && !memchr(" \t\r\n", text.p[0], 4))
			good = take_piece(&text, &word);
		VEC_PUSH(&found, arena_str(a, buf_str(&word)));
	}
	struct str *v = arena_zero(a, found.n, sizeof(*v));
	if (found.n)
		memcpy(v, found.v, found.n * sizeof(*v));
	*out = (struct strs){v, found.n};
	VEC_DONE(&found);
	return good ? 0 : err_set(e, ERR_SYNTAX, "a quote or a backslash is not closed");
}
