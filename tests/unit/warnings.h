/* tests/unit/warnings.h - a log that keeps what it is warned of: a line each. */
#ifndef KILN_TEST_WARNINGS_H
#define KILN_TEST_WARNINGS_H
#include "specs/base/buf.h"
#include "specs/base/log.h"

struct warnings {
	struct log log;
	struct buf text;
};

static void keep_warning(struct log *l, const char *text)
{
	struct warnings *w = (struct warnings *)l;
	buf_printf(&w->text, "%s\n", text);
}

#define WARNINGS                                                                                   \
	{                                                                                          \
		{.warn = keep_warning}, BUF(1 << 16)                                               \
	}
#endif
