/* specs/base/log.c - events on their way to whoever shows them. */
#include "specs/base/log.h"

static void say(struct log *l, void (*to)(struct log *l, const char *text), const char *fmt,
		va_list args)
{
	AUTO(buf_done) struct buf text = BUF(64 << 10);
	buf_vprintf(&text, fmt, args);
	to(l, text.data);
}

void log_warn(struct log *l, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	if (l && l->warn)
		say(l, l->warn, fmt, args);
	va_end(args);
}

void log_info(struct log *l, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	if (l && l->info)
		say(l, l->info, fmt, args);
	va_end(args);
}

void log_line(struct log *l, const char *text)
{
	if (l && l->line)
		l->line(l, text);
}

void log_phase(struct log *l, const char *name)
{
	if (l && l->phase)
		l->phase(l, name);
}

struct log_task *log_begin(struct log *l, const char *verb, struct str name, uint64_t size)
{
	return l && l->begin ? l->begin(l, verb, name, size) : NULL;
}

void log_advance(struct log *l, struct log_task *t, uint64_t bytes)
{
	if (l && t && l->advance)
		l->advance(t, bytes);
}

void log_end(struct log *l, struct log_task *t, bool ok)
{
	if (l && t && l->end)
		l->end(t, ok);
}
