/* specs/base/process.c - other programs: started, waited for, and never left running. */
#include "specs/base/process.h"
#include "specs/base/clock.h"
#include "specs/base/interrupt.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;

#define SAME_PERSONALITY 0xffffffffUL

/* How long an interrupt may go unnoticed; and the end, where there are no pidfds. */
enum { SLICE_MS = 100, SLICE_BLIND_MS = 5, NOTE_MAX = 64 };

static void add_streams(posix_spawn_file_actions_t *actions, const int fds[3])
{
	for (int i = 0; i < 3; i++)
		if (fds[i] < 0)
			posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
		else
			posix_spawn_file_actions_adddup2(actions, fds[i], i);
}

/* A folder of PATH that may not be searched makes exec say EACCES for a program that is just
 * not there. */
static bool is_in_path(const char *name)
{
	struct str rest = str_of(getenv("PATH")), folder;
	bool found = strchr(name, '/') != NULL;
	while (rest.n && !found) {
		AUTO(buf_done) struct buf path = BUF(BUF_UNLIMITED);
		str_cut(&rest, ':', &folder);
		buf_printf(&path, "%.*s/%s", STR_ARG(folder), name);
		found = access(path.data, X_OK) == 0;
	}
	return found;
}

int process_start(const struct process_request *q, const int fds[3], pid_t *out, struct err **e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	add_streams(&actions, fds);
	if (q->folder)
		posix_spawn_file_actions_addchdir_np(&actions, q->folder);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	char *const *env = q->env ? (char *const *)q->env : environ;
	/* A thread's own, and its child has it from it. */
	int persona = q->fixed_addresses ? personality(SAME_PERSONALITY) : -1;
	if (persona >= 0)
		personality((unsigned long)persona | ADDR_NO_RANDOMIZE);
	int sys = posix_spawnp(out, q->argv[0], &actions, &attr, (char *const *)q->argv, env);
	if (persona >= 0)
		personality((unsigned long)persona);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	errno = sys == EACCES && !is_in_path(q->argv[0]) ? ENOENT : sys;
	return sys ? err_sys(e, "%s", q->argv[0]) : 0;
}

static bool has_ended(pid_t pid, int *status)
{
	int how;
	pid_t got;
	do
		got = waitpid(pid, &how, WNOHANG);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return false;
	*status = got < 0 ? 255 : WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	return true;
}

void process_kill(pid_t pid)
{
	kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* --- reading while it runs ----------------------------------------------------------- */

enum { AT_OUT, AT_TEXT, AT_END, AT_COUNT };

struct run {
	pid_t pid;
	int64_t until_ms; /* INT64_MAX: for ever */
	struct pollfd fds[AT_COUNT];
	struct process_result *result;
};

static size_t room(const struct buf *b)
{
	return b->max > b->n + 1 ? b->max - b->n - 1 : 0;
}

/* Where the first part of a long output ends. */
static size_t head_of(const struct buf *b)
{
	return b->max / 4;
}

/* Half of what follows the first part goes, so that a byte is moved but a few times. */
static void keep_both_ends(struct process_result *r, const char *p, size_t n)
{
	struct buf *to = &r->out;
	while (n) {
		size_t fits = room(to) > NOTE_MAX ? room(to) - NOTE_MAX : 0;
		size_t part = n < fits ? n : fits, head = head_of(to);
		buf_add(to, p, part);
		p += part;
		n -= part;
		if (n == 0)
			return;
		size_t drop = (to->n - head) / 2;
		memmove(to->data + head, to->data + head + drop, to->n - head - drop);
		to->n -= drop;
		to->data[to->n] = 0;
		r->left_out += drop;
		r->cut = true;
	}
}

/* Between the two ends. */
static void note_left_out(struct process_result *r)
{
	AUTO(buf_done) struct buf note = BUF(NOTE_MAX);
	size_t head = head_of(&r->out), rest = r->out.n - head;
	if (r->left_out == 0)
		return;
	buf_printf(&note, "\n... %llu bytes left out ...\n", (unsigned long long)r->left_out);
	buf_add_str(&r->out, buf_str(&note));
	memmove(r->out.data + head + note.n, r->out.data + head, rest);
	memcpy(r->out.data + head, note.data, note.n);
}

/* What does not fit is read and dropped: the program must not wait for us. */
static void keep(struct process_result *r, struct buf *to, const char *p, size_t n)
{
	size_t fits = room(to);
	if (r->both_ends && to == &r->out) {
		keep_both_ends(r, p, n);
		return;
	}
	if (n > fits) {
		r->cut = true;
		n = fits;
	}
	buf_add(to, p, n);
}

/* All that is there now; the descriptors do not block. */
static void read_stream(struct run *r, int at)
{
	char chunk[16 << 10];
	struct pollfd *p = &r->fds[at];
	while (p->fd >= 0) {
		ssize_t n = read(p->fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close(p->fd);
			p->fd = -1;
			return;
		}
		keep(r->result, at == AT_OUT ? &r->result->out : &r->result->text, chunk,
		     (size_t)n);
	}
}

static int give_up(struct run *r, struct err **e)
{
	if (interrupt_raised()) {
		process_kill(r->pid);
		return interrupt_check(e);
	}
	if (clock_ms() < r->until_ms)
		return 0;
	process_kill(r->pid);
	return err_set(e, ERR_TIMEOUT, "it did not end in time and was stopped");
}

static int go_on(struct run *r, int *status, struct err **e)
{
	while (!has_ended(r->pid, status)) {
		int code = give_up(r, e);
		if (code < 0)
			return code;
		int64_t left = r->until_ms - clock_ms();
		int slice = r->fds[AT_END].fd >= 0 ? SLICE_MS : SLICE_BLIND_MS;
		if (left < slice)
			slice = left > 0 ? (int)left : 0;
		poll(r->fds, AT_COUNT, slice);
		read_stream(r, AT_OUT);
		read_stream(r, AT_TEXT);
	}
	/* Children that it left behind. */
	kill(-r->pid, SIGKILL);
	read_stream(r, AT_OUT);
	read_stream(r, AT_TEXT);
	return 0;
}

static void run_begin(struct run *r, pid_t pid, unsigned timeout_ms)
{
	r->pid = pid;
	r->until_ms = timeout_ms ? clock_ms() + timeout_ms : INT64_MAX;
	for (int i = 0; i < AT_COUNT; i++)
		r->fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	r->fds[AT_END].fd = (int)syscall(SYS_pidfd_open, pid, 0);
}

static void run_end(struct run *r)
{
	for (int i = 0; i < AT_COUNT; i++)
		if (r->fds[i].fd >= 0)
			close(r->fds[i].fd);
}

int process_wait(pid_t pid, unsigned timeout_ms, int *out_status, struct err **e)
{
	struct run r;
	run_begin(&r, pid, timeout_ms);
	int code = go_on(&r, out_status, e);
	run_end(&r);
	return code;
}

/* --- run and capture ----------------------------------------------------------------- */

void process_result_done(struct process_result *r)
{
	buf_done(&r->out);
	buf_done(&r->text);
	r->cut = false;
	r->left_out = 0;
}

static int pipe_new(int ends[2], struct err **e)
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static void close_both(int ends[2])
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

int process_run(const struct process_request *q, unsigned timeout_ms, bool together,
		struct process_result *r, struct err **e)
{
	int out[2] = {-1, -1}, text[2] = {-1, -1}, in = q->input > 0 ? q->input : -1;
	pid_t pid;
	int code = pipe_new(out, e);
	if (code == 0 && !together)
		code = pipe_new(text, e);
	if (code == 0)
		code = process_start(q, (int[]){in, out[1], together ? out[1] : text[1]}, &pid, e);
	if (code < 0) {
		close_both(out);
		close_both(text);
		return code;
	}
	close(out[1]);
	if (!together)
		close(text[1]);
	struct run run = {.result = r};
	run_begin(&run, pid, timeout_ms);
	run.fds[AT_OUT].fd = out[0];
	run.fds[AT_TEXT].fd = text[0];
	code = go_on(&run, &r->status, e);
	run_end(&run);
	note_left_out(r);
	return code < 0 ? err_wrap(e, code, "%s", q->argv[0]) : 0;
}
