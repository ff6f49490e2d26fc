/* specs/base/buf.h - slices of text, buffers that grow, and memory that never fails.
 *
 * Out of memory ends the process in mem_alloc, as in git and crun; a size that comes from
 * outside is checked against a limit before it gets here. */
#ifndef KILN_BASE_BUF_H
#define KILN_BASE_BUF_H
#include "specs/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Memory, or the end of the process. mem_alloc leaves it unset, mem_zero clears it. */
void *mem_alloc(size_t size);
void *mem_zero(size_t count, size_t size);
void *mem_grow(void *old, size_t count, size_t size);
/* Once, at the start of a program: what is large is a piece of memory of its own, which grows
 * without being copied and goes back to the system when it is freed. */
void mem_keep_large_apart(void);
char *mem_text(const char *text); /* a copy of text, which the caller frees */

/* A piece of text that outlives the slice; not ended by 0. {NULL, 0} is the empty one. */
struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : "" /* for "%.*s" */

static inline struct str str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str s, const char *text)
{
	return str_eq(s, str_of(text));
}

/* Order of bytes, as strcmp: negative, 0 or positive. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, const char *with);
bool str_ends(struct str s, const char *with);
/* Whether part stands somewhere in s, whatever the case of ASCII letters. */
bool str_holds(struct str s, struct str part);
struct str str_trim(struct str s);	       /* without blanks at both ends */
struct str str_trim_end(struct str s, char c); /* without any c at its end */
struct str str_from(struct str s, size_t at);  /* from byte `at` to the end */
struct str str_to(struct str s, size_t n);     /* the first n bytes */
/* Cuts s at the first `c`: *head is what stands before it and s what stands after.
 * Without one, *head is all, s becomes empty and the answer is false. */
bool str_cut(struct str *s, char c, struct str *head);
size_t str_find(struct str s, char c); /* place of the first c, or s.n */
/* The first character of s, all bytes of it: for messages. What is no UTF-8 or cannot be seen
 * is "?". */
struct str str_character(struct str s);
/* Takes the first character of s, which is UTF-8 and not empty, off its front. */
uint32_t str_code_point(struct str *s);
/* Reads all of s as a decimal number; false when it is not one or does not fit. */
bool str_u64(struct str s, uint64_t *out);

/* A list of slices; the array belongs to whoever made it (an arena, mostly). */
struct strs {
	const struct str *v;
	size_t n;
};

/* A buffer that grows up to a maximum. data is never NULL and always ends in 0. Once an
 * append would pass the maximum the buffer stays failed: append freely, ask at the end. */
struct buf {
	char *data;
	size_t n, room, max;
	bool failed;
};

extern char buf_empty[1];
#define BUF_UNLIMITED ((size_t)1 << 40)
#define BUF(maximum)                                                                               \
	{                                                                                          \
		.data = buf_empty, .max = (maximum)                                                \
	}

void buf_done(struct buf *b); /* frees; the buffer is empty and usable again */
AUTO_DEFINE_VALUE(struct buf, buf_done)
void buf_clear(struct buf *b); /* empties and keeps the memory */
void buf_add(struct buf *b, const void *p, size_t n);
/* buf_add for those who take a function that writes: the cookie is the buffer; always 0. */
int buf_write(void *b, const void *p, size_t n, struct err **e);
void buf_add_str(struct buf *b, struct str s);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args);
/* n more bytes of room at data + n, or NULL when that passes the maximum; buf_fill counts
 * those that were written. */
void *buf_room(struct buf *b, size_t n);
void buf_fill(struct buf *b, size_t n);
/* ERR_LIMIT, naming what, when the buffer failed. */
int buf_check(const struct buf *b, const char *what, struct err **e);
char *buf_take(struct buf *b); /* the text, which the caller frees; the buffer is empty */
struct str buf_str(const struct buf *b);
#endif
