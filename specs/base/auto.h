/* specs/base/auto.h - locals that free themselves, and the few macros everybody uses.
 *
 * AUTO(x_free) on a declaration calls x_free when the variable leaves its scope;
 * AUTO_DEFINE(type, x_free) beside the declaration of x_free makes that possible.
 * STEAL(&p) moves what p owns to the caller and leaves p empty. */
#ifndef KILN_BASE_AUTO_H
#define KILN_BASE_AUTO_H
#include <stdlib.h>
#include <unistd.h>

#define AUTO(free_fn) __attribute__((cleanup(free_fn##_at)))
#define AUTO_DEFINE(type, free_fn)                                                                 \
	static inline void free_fn##_at(type *at)                                                  \
	{                                                                                          \
		free_fn(*at);                                                                      \
	}
/* The same for a struct held by value, whose done takes its address. */
#define AUTO_DEFINE_VALUE(type, done_fn)                                                           \
	static inline void done_fn##_at(type *at)                                                  \
	{                                                                                          \
		done_fn(at);                                                                       \
	}

#define STEAL(at)                                                                                  \
	__extension__({                                                                            \
		__typeof__(at) steal_at = (at);                                                    \
		__typeof__(*steal_at) steal_value = *steal_at;                                     \
		*steal_at = NULL;                                                                  \
		steal_value;                                                                       \
	})

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* AUTO(free) char *text; AUTO(fd_close) int fd = -1; */
static inline void free_at(void *at)
{
	free(*(void **)at);
}

static inline void fd_close_at(int *at)
{
	if (*at >= 0)
		close(*at);
}
#endif
