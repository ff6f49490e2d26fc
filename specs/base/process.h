/* specs/base/process.h - other programs: started, waited for, and never left running.
 *
 * Each runs in a process group of its own, which is killed as a whole when the time is up, the
 * user interrupts, or the program has ended and left children behind. */
#ifndef KILN_BASE_PROCESS_H
#define KILN_BASE_PROCESS_H
#include "specs/base/buf.h"
#include <sys/types.h>

struct process_request {
	const char *const *argv; /* ends in NULL; argv[0] is searched in PATH unless it has a "/" */
	const char *const *env;	 /* "NAME=value", ends in NULL; NULL: as this process */
	const char *folder;	 /* to start in; NULL: as this process */
	int input;		 /* of process_run: what it reads, the caller's; 0: /dev/null */
	bool fixed_addresses; /* as far as the system lets it: memory lies where it always does */
};

/* Starts it with these descriptors as its 0, 1 and 2 (-1: /dev/null), which stay the caller's;
 * no other is inherited. ERR_ABSENT when there is no such program. */
int process_start(const struct process_request *q, const int fds[3], pid_t *out, struct err **e);
/* Waits for the end: *out_status is what it exited with, or 128 + the signal. After timeout_ms
 * (0: never) ERR_TIMEOUT; ERR_INTERRUPTED; nothing of it runs any more in either case. */
int process_wait(pid_t pid, unsigned timeout_ms, int *out_status, struct err **e);
/* Kills the group and waits for it. */
void process_kill(pid_t pid);

struct process_result {
	int status;	 /* as of process_wait */
	struct buf out;	 /* standard output, as far as the buffer's maximum goes */
	struct buf text; /* standard error, likewise */
	bool cut;	 /* there was more than that */
	/* Set before: of a long `out` both ends are kept, and between them a line that says how
	 * much is not. */
	bool both_ends;
	uint64_t left_out; /* bytes, then */
};
#define PROCESS_RESULT(maximum)                                                                    \
	{                                                                                          \
		.out = BUF(maximum), .text = BUF(maximum)                                          \
	}
void process_result_done(struct process_result *r);
AUTO_DEFINE_VALUE(struct process_result, process_result_done)
/* Starts, reads what it writes, and waits; both streams go to r->out, in their order, when
 * `together`. A status that is not 0 is no error here. */
int process_run(const struct process_request *q, unsigned timeout_ms, bool together,
		struct process_result *r, struct err **e);
#endif
