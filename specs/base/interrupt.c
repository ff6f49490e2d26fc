/* specs/base/interrupt.c - one flag. */
#include "specs/base/interrupt.h"
#include <signal.h>

static volatile sig_atomic_t raised;

void interrupt_raise(void)
{
	raised = 1;
}

bool interrupt_raised(void)
{
	return raised;
}

int interrupt_check(struct err **e)
{
	return raised ? err_set(e, ERR_INTERRUPTED, "interrupted") : 0;
}
