/* specs/base/buf.c - slices, growing buffers, memory. */
#include "specs/base/buf.h"
#include <malloc.h>
#include <stdio.h>

char buf_empty[1];

static void *checked(void *p, size_t size)
{
	if (p || size == 0)
		return p;
	fputs("kiln: out of memory\n", stderr);
	abort();
}

void *mem_alloc(size_t size)
{
	return checked(malloc(size ? size : 1), size);
}

void *mem_zero(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1), 1);
}

void *mem_grow(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size), 1);
}

/* The C library would raise the limit with the first large piece that is freed. */
void mem_keep_large_apart(void)
{
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

char *mem_text(const char *text)
{
	return checked(strdup(text), 1);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, const char *with)
{
	size_t n = strlen(with);
	return s.n >= n && memcmp(s.p, with, n) == 0;
}

bool str_ends(struct str s, const char *with)
{
	size_t n = strlen(with);
	return s.n >= n && memcmp(s.p + s.n - n, with, n) == 0;
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_holds(struct str s, struct str part)
{
	for (size_t at = 0; at + part.n <= s.n; at++) {
		size_t n = 0;
		while (n < part.n && small(s.p[at + n]) == small(part.p[n]))
			n++;
		if (n == part.n)
			return true;
	}
	return false;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str str_trim(struct str s)
{
	while (s.n && blank(s.p[0]))
		s = str_from(s, 1);
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_trim_end(struct str s, char c)
{
	while (s.n && s.p[s.n - 1] == c)
		s.n--;
	return s;
}

struct str str_from(struct str s, size_t at)
{
	if (at >= s.n)
		return (struct str){s.p ? s.p + s.n : NULL, 0};
	return (struct str){s.p + at, s.n - at};
}

struct str str_to(struct str s, size_t n)
{
	return (struct str){s.p, n < s.n ? n : s.n};
}

size_t str_find(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
	return at ? (size_t)(at - s.p) : s.n;
}

struct str str_character(struct str s)
{
	unsigned char first = s.n ? (unsigned char)s.p[0] : 0;
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
	if (first < 0x20 || first == 0x7f || (n == 1 && first > 0x7f) || first > 0xf4 || n > s.n)
		return STR("?");
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return STR("?");
	return str_to(s, n);
}

uint32_t str_code_point(struct str *s)
{
	unsigned char first = (unsigned char)s->p[0];
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
	uint32_t value = n == 1 ? first : first & (0x7fu >> n);
	for (size_t i = 1; i < n && i < s->n; i++)
		value = value << 6 | ((unsigned char)s->p[i] & 0x3f);
	*s = str_from(*s, n);
	return value;
}

bool str_cut(struct str *s, char c, struct str *head)
{
	size_t at = str_find(*s, c);
	bool found = at < s->n;
	*head = str_to(*s, at);
	*s = str_from(*s, at + 1);
	return found;
}

bool str_u64(struct str s, uint64_t *out)
{
	uint64_t value = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}

void buf_done(struct buf *b)
{
	if (b->data != buf_empty)
		free(b->data);
	*b = (struct buf)BUF(b->max);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = false;
	if (b->data != buf_empty)
		b->data[0] = 0;
}

void *buf_room(struct buf *b, size_t n)
{
	if (b->failed || n > b->max - b->n) {
		b->failed = true;
		return NULL;
	}
	if (b->n + n + 1 > b->room) {
		size_t room = b->room ? b->room : 64;
		while (room < b->n + n + 1)
			room *= 2;
		b->data = mem_grow(b->data == buf_empty ? NULL : b->data, room, 1);
		b->room = room;
		b->data[b->n] = 0;
	}
	return b->data + b->n;
}

void buf_fill(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	b->n += n;
	b->data[b->n] = 0;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	void *room = buf_room(b, n);
	if (!room)
		return;
	memcpy(room, p, n);
	buf_fill(b, n);
}

int buf_write(void *b, const void *p, size_t n, struct err **e)
{
	(void)e;
	buf_add(b, p, n);
	return 0;
}

void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	char *room = n > 0 ? buf_room(b, (size_t)n) : NULL;
	if (!room)
		return;
	vsnprintf(room, (size_t)n + 1, fmt, args);
	buf_fill(b, (size_t)n);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	buf_vprintf(b, fmt, args);
	va_end(args);
}

int buf_check(const struct buf *b, const char *what, struct err **e)
{
	if (!b->failed)
		return 0;
	return err_set(e, ERR_LIMIT, "%s is larger than %zu bytes", what, b->max);
}

char *buf_take(struct buf *b)
{
	char *text = b->data == buf_empty ? mem_text("") : b->data;
	*b = (struct buf)BUF(b->max);
	return text;
}

struct str buf_str(const struct buf *b)
{
	return (struct str){b->data, b->n};
}
