/* cache/missing.c - what an offline run needs and the cache does not hold, named all at once. */
#include "cache/missing.h"

enum { SHOWN = 40 };

void missing_done(struct missing *m)
{
	VEC_DONE(&m->lines);
	arena_done(&m->arena);
}

void missing_add(struct missing *m, const char *fmt, ...)
{
	AUTO(buf_done) struct buf line = BUF(BUF_UNLIMITED);
	va_list args;
	va_start(args, fmt);
	buf_vprintf(&line, fmt, args);
	va_end(args);
	/* The error has a line for each: none may break or hide another. */
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.data[i] < ' ')
			line.data[i] = ' ';
	for (size_t i = 0; i < m->lines.n; i++)
		if (str_eq(m->lines.v[i], buf_str(&line)))
			return;
	VEC_PUSH(&m->lines, arena_str(&m->arena, buf_str(&line)));
}

int missing_error(const struct missing *m, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	size_t n = m->lines.n, shown = n > SHOWN ? SHOWN : n;
	if (n == 0)
		return 0;
	buf_add_text(&text, "this is offline, and the cache does not hold");
	for (size_t i = 0; i < shown; i++)
		buf_printf(&text, "\n  %.*s", STR_ARG(m->lines.v[i]));
	if (n > shown)
		buf_printf(&text, "\n  and %zu more", n - shown);
	buf_printf(&text, "\nonce run without --offline, the cache keeps %s",
		   n > 1 ? "them" : "it");
	return err_set_lines(e, ERR_ABSENT, text.data);
}
