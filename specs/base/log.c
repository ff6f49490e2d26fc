/* specs/base/log.c - events on their way to whoever shows them. */
#include "specs/base/log.h"

void log_warn(struct log *l, const char *fmt, ...)
{
	if (!l || !l->warn)
		return;
	AUTO(buf_done) struct buf text = BUF(64 << 10);
	va_list args;
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	l->warn(l, text.data);
}

void log_info(struct log *l, const char *fmt, ...)
{
	if (!l || !l->info)
		return;
	AUTO(buf_done) struct buf text = BUF(64 << 10);
	va_list args;
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	l->info(l, text.data);
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
