/* builder/sandbox.h - programs of packages, run with nothing but the environment's files.
 *
 * bubblewrap makes namespaces: no network, no other processes, a new /tmp, /proc and /dev, the
 * host's /usr, /bin and /lib to read (so that there is a shell), and the folders that are
 * bound. No variable of the host gets in. What such a program sees is the same on each run:
 * TZ=UTC, LC_ALL=C.UTF-8, HOME and TMPDIR /tmp, PYTHONHASHSEED=0, SOURCE_DATE_EPOCH, umask 022. */
#ifndef KILN_SANDBOX_H
#define KILN_SANDBOX_H
#include "specs/base/arena.h"
#include "specs/base/process.h"
#include "specs/base/vec.h"

/* Of a command line or an environment, put together one by one. */
struct sandbox_words {
	struct arena arena;
	VEC(const char *) list;
};
static inline void sandbox_words_done(struct sandbox_words *w)
{
	VEC_DONE(&w->list);
	arena_done(&w->arena);
}
AUTO_DEFINE_VALUE(struct sandbox_words, sandbox_words_done)

struct sandbox_bind {
	const char *from; /* a folder of the host */
	const char *to;	  /* where the program sees it; absolute */
	bool writable;
};

struct sandbox_request {
	const char *const *argv; /* ends in NULL */
	const char *const *env;	 /* "NAME=value", ends in NULL; over those above; PATH is needed */
	const struct sandbox_bind *binds;
	size_t bind_count;
	const char *folder;  /* to start in; NULL: "/" */
	int64_t epoch;	     /* SOURCE_DATE_EPOCH */
	unsigned timeout_ms; /* 0: none */
	bool together;	     /* both streams in r->out */
	/* It ends with its standard input. Others are killed when the thread that started them
	 * ends, which also happens when this process is killed. */
	bool ends_with_input;
	bool fixed_addresses; /* as of process_request */
};

/* 0 when programs can be run here. ERR_ABSENT: there is no bwrap; ERR_FAILED: the system
 * forbids what it needs; both say what would help. Tried once a process. */
int sandbox_check(struct err **e);
/* Starts it with these descriptors, as process_start does; timeout_ms and together do not
 * count. */
int sandbox_start(const struct sandbox_request *q, const int fds[3], pid_t *out, struct err **e);
/* Runs and captures as process_run does. */
int sandbox_run(const struct sandbox_request *q, struct process_result *r, struct err **e);
/* Appends a shell script that does the same with its own words behind argv, its streams, and no
 * limit of time: for programs that want to start it themselves. */
int sandbox_script(const struct sandbox_request *q, struct buf *out, struct err **e);
#endif
