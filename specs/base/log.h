/* specs/base/log.h - what a module has to say that is no error: warnings and progress.
 *
 * Modules never print. They hand events to the struct log they were given; the command line
 * decides what a terminal, a file or a JSON reader sees of them. Functions may be called from
 * any thread; the implementation locks. */
#ifndef KILN_BASE_LOG_H
#define KILN_BASE_LOG_H
#include "specs/base/buf.h"

/* One thing that goes on: a transfer, a package being packed. */
struct log_task;

struct log {
	void (*warn)(struct log *l, const char *text);
	void (*info)(struct log *l, const char *text); /* shown with -v */
	/* A phase of the build begins; the one before it ends. */
	void (*phase)(struct log *l, const char *name);
	struct log_task *(*begin)(struct log *l, const char *verb, struct str name, uint64_t size);
	void (*advance)(struct log_task *t, uint64_t bytes);
	void (*end)(struct log_task *t, bool ok);
	/* A line that another program says of its work, or that a choice was made for the user:
	 * shown unless he wants silence. */
	void (*line)(struct log *l, const char *text);
};

/* All of these do nothing when l (or t) is NULL. */
void log_warn(struct log *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_info(struct log *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_line(struct log *l, const char *text);
void log_phase(struct log *l, const char *name);
/* size: bytes to come, 0 when unknown. Ends with log_end, which frees it. */
struct log_task *log_begin(struct log *l, const char *verb, struct str name, uint64_t size);
void log_advance(struct log *l, struct log_task *t, uint64_t bytes);
void log_end(struct log *l, struct log_task *t, bool ok);
#endif
