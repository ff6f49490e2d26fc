/* tests/fake/peer.h - starting and stopping tests/fake/peer.py and its like from a unit test. */
#ifndef KILN_FAKE_PEER_H
#define KILN_FAKE_PEER_H
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct peer {
	pid_t pid;
	int in; /* closing it ends the peer */
	unsigned port;
};

/* given: its argument, or NULL. The port is 0 when it did not start. Tests run in the top
 * folder. */
static inline struct peer peer_run(const char *script, const char *given)
{
	struct peer p = {-1, -1, 0};
	int in[2], out[2];
	if (pipe(in) < 0 || pipe(out) < 0)
		return p;
	p.pid = fork();
	if (p.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[0]), close(in[1]), close(out[0]), close(out[1]);
		execlp("python3", "python3", "-B", script, given, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	p.in = in[1];
	FILE *f = fdopen(out[0], "r");
	if (!f || fscanf(f, "%u", &p.port) != 1)
		p.port = 0;
	if (f)
		fclose(f);
	return p;
}

static inline struct peer peer_start(const char *given)
{
	return peer_run("tests/fake/peer.py", given);
}

static inline void peer_stop(struct peer *p)
{
	close(p->in);
	waitpid(p->pid, NULL, 0);
}
#endif
