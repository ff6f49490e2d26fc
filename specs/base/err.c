/* specs/base/err.c - making, wrapping and printing errors. */
#include "specs/base/err.h"
#include "specs/base/buf.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int set(struct err **e, enum err_code code, int sys, const char *fmt, va_list args)
{
	if (!e)
		return code;
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	const char *why = sys ? strerror(sys) : NULL;
	size_t more = why ? strlen(why) + 2 : 0;
	struct err *made = mem_alloc(sizeof(*made) + (size_t)n + more + 1);
	made->code = code;
	made->sys = sys;
	made->cause = *e;
	vsnprintf(made->text, (size_t)n + 1, fmt, args);
	if (why)
		snprintf(made->text + n, more + 1, ": %s", why);
	/* A message is one line, whatever text it quotes. */
	for (char *p = made->text; *p; p++)
		if (*p == '\n' || *p == '\r' || *p == '\033')
			*p = ' ';
	*e = made;
	return code;
}

int err_set(struct err **e, enum err_code code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	err_clear(e);
	set(e, code, 0, fmt, args);
	va_end(args);
	return code;
}

int err_set_lines(struct err **e, enum err_code code, const char *text)
{
	size_t n = strlen(text);

	if (!e)
		return code;
	err_clear(e);
	*e = mem_zero(1, sizeof(**e) + n + 1);
	(*e)->code = code;
	memcpy((*e)->text, text, n + 1);
	return code;
}

int err_sys(struct err **e, const char *fmt, ...)
{
	int sys = errno;
	enum err_code code = sys == ENOENT ? ERR_ABSENT : ERR_IO;
	va_list args;
	va_start(args, fmt);
	err_clear(e);
	set(e, code, sys, fmt, args);
	va_end(args);
	return code;
}

int err_wrap(struct err **e, int code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	set(e, code, 0, fmt, args);
	va_end(args);
	return code;
}

void err_free(struct err *e)
{
	while (e) {
		struct err *cause = e->cause;
		free(e);
		e = cause;
	}
}

void err_clear(struct err **e)
{
	if (!e)
		return;
	err_free(*e);
	*e = NULL;
}

char *err_line(const struct err *e)
{
	struct buf line = BUF(BUF_UNLIMITED);
	for (; e; e = e->cause)
		buf_printf(&line, "%s%s", e->text, e->cause ? ": " : "");
	return buf_take(&line);
}

int err_exit_status(int code)
{
	static const struct {
		int code, status;
	} rows[] = {
		{ERR_USAGE, 2},	  {ERR_SYNTAX, 2}, {ERR_UNSOLVABLE, 3}, {ERR_NET, 4},
		{ERR_REFUSED, 5}, {ERR_DIGEST, 6}, {ERR_TIMEOUT, 7},	{ERR_INTERRUPTED, 130},
	};
	if (code >= 0)
		return 0;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].code == code)
			return rows[i].status;
	return 1;
}
