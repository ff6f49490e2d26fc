/* specs/base/interrupt.h - the user's wish to stop, asked for wherever work takes long. */
#ifndef KILN_BASE_INTERRUPT_H
#define KILN_BASE_INTERRUPT_H
#include "specs/base/err.h"
#include <stdbool.h>

/* Safe in a signal handler. */
void interrupt_raise(void);
bool interrupt_raised(void);
/* 0, or ERR_INTERRUPTED once it was raised. */
int interrupt_check(struct err **e);
#endif
