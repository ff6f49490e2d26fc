/* builder/bytecode.c - .pyc files of noarch packages, made by the environment's own python.
 *
 * A package's process reads sources from a socket and writes bytecode into a file without a
 * name, so neither waits for the other's buffer and nothing of the package touches the disk.
 * Each source is two lengths (32 bit, little-endian), its final path and its bytes; each answer
 * a length and a .pyc, or the length NOT_COMPILED. A byte on the socket tells that all are
 * written. The interpreter gets socket and file of each package on a socket of its own. */
#include "builder/bytecode.h"
#include "builder/sandbox.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include "specs/base/vec.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define NOT_COMPILED UINT32_MAX
enum {
	SOURCE_MAX = 256 << 20, /* no source is as long; python would need many times that */
	END_MS = 30 * 60 * 1000,
	STUCK_MS = 10 * 60 * 1000, /* for one source */
	READY_MS = 60 * 1000,
	SLICE_MS = 100,
	TEXT_MAX = 4096,
};

/* Built-in modules, and the two that know sockets: the standard library stays closed, which is
 * what takes the time. The header of PEP 552 is written by hand: magic number, flags (1: a
 * hash, not checked), hash. A source that exhausts the stack or the memory does not compile;
 * the next one may. */
static const char program[] =
	"import sys, marshal, posix, _imp, _io, _signal, _socket\n"
	"import _frozen_importlib_external as external\n"
	"magic = external.MAGIC_NUMBER\n"
	"token = int.from_bytes(magic, 'little')\n"
	"def work(source, target):\n"
	"    read = _io.open(source, 'rb', closefd=False).read\n"
	"    target = _io.open(target, 'wb')\n"
	"    write = target.write\n"
	"    while True:\n"
	"        head = read(8)\n"
	"        if len(head) < 8:\n"
	"            break\n"
	"        path = read(int.from_bytes(head[:4], 'little'))\n"
	"        path = path.decode('utf-8', 'surrogateescape')\n"
	"        text = read(int.from_bytes(head[4:], 'little'))\n"
	"        try:\n"
	"            code = marshal.dumps(compile(text, path, 'exec', dont_inherit=True))\n"
	"            code = magic + b'\\1\\0\\0\\0' + _imp.source_hash(token, text) + code\n"
	"        except Exception:\n"
	"            write(b'\\xff\\xff\\xff\\xff')\n"
	"        else:\n"
	"            write(len(code).to_bytes(4, 'little'))\n"
	"            write(code)\n"
	"            del code\n"
	"    target.close()\n"
	"    posix.write(source, b'.')\n"
	"_signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)\n"
	"control = _socket.socket(fileno=0)\n"
	"control.send(b'.')\n"
	"while True:\n"
	"    byte, more = control.recvmsg(1, 64)[:2]\n"
	"    if not byte:\n"
	"        break\n"
	"    fds = [int.from_bytes(more[0][2][i:i + 4], sys.byteorder) for i in (0, 4)]\n"
	"    if not posix.fork():\n"
	"        control.close()\n"
	"        work(*fds)\n"
	"        posix._exit(0)\n"
	"    for fd in fds:\n"
	"        posix.close(fd)\n";

struct compiler {
	char *prefix, *scratch;
	pid_t pid;
	int control; /* socket: a package's socket and file */
	int text;    /* file: what it says of failures, and what its forks say */
	pthread_mutex_t lock;
};

struct bytecode {
	struct arena arena;
	struct compiler *compiler;
	int to;	  /* socket: sources */
	int from; /* file: bytecode */
	VEC(const char *) sources;
};

struct str bytecode_minor(struct str version)
{
	struct str rest = version, major, minor;
	str_cut(&rest, '.', &major);
	str_cut(&rest, '.', &minor);
	uint64_t number;
	if (!str_u64(major, &number) || !str_u64(minor, &number))
		return (struct str){NULL, 0};
	return str_to(version, major.n + 1 + minor.n);
}

bool bytecode_path(struct str source, struct str python_version, struct buf *out)
{
	struct str minor = bytecode_minor(python_version), digits = minor, major;
	uint64_t number;
	str_cut(&digits, '.', &major);
	bool hashes = str_is(major, "3") && str_u64(digits, &number) && number >= 7;
	if (!hashes || !str_ends(source, ".py"))
		return false;
	size_t slash = source.n;
	while (slash > 0 && source.p[slash - 1] != '/')
		slash--;
	struct str base = str_from(source, slash);
	if (base.n == 3)
		return false;
	buf_printf(out, "%.*s__pycache__/%.*s.cpython-%.*s%.*s.pyc", STR_ARG(str_to(source, slash)),
		   STR_ARG(str_to(base, base.n - 3)), STR_ARG(major), STR_ARG(digits));
	return true;
}

/* --- waiting ------------------------------------------------------------------------- */

/* The last that was said of failures; for a message. */
static struct str last_words(struct compiler *c, struct arena *a)
{
	struct stat st;
	off_t at = fstat(c->text, &st) == 0 && st.st_size > TEXT_MAX ? st.st_size - TEXT_MAX : 0;
	char *text = arena_alloc(a, TEXT_MAX);
	ssize_t n = pread(c->text, text, TEXT_MAX, at);
	return str_trim((struct str){text, n > 0 ? (size_t)n : 0});
}

static int died(struct compiler *c, const char *near, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	return err_set(e, ERR_FAILED,
		       "the interpreter that makes bytecode ended near %s: %.*s; --no-bytecode "
		       "leaves it out",
		       near, STR_ARG(last_words(c, &a)));
}

/* Waits until the socket can be read or written, as `events` says. */
static int wait_for(int fd, short events, unsigned limit_ms, struct err **e)
{
	struct pollfd p = {.fd = fd, .events = events};
	for (unsigned waited = 0; waited < limit_ms; waited += SLICE_MS) {
		int code = interrupt_check(e);
		if (code < 0)
			return code;
		if (poll(&p, 1, SLICE_MS) > 0)
			return 0;
	}
	return err_set(e, ERR_TIMEOUT, "the interpreter that makes bytecode takes too long");
}

/* The byte that says "ready" or "all is written"; near: for when it ended instead. */
static int take_byte(struct compiler *c, int fd, unsigned limit_ms, const char *near,
		     struct err **e)
{
	char byte;
	int code = wait_for(fd, POLLIN, limit_ms, e);
	if (code < 0)
		return code;
	return recv(fd, &byte, 1, 0) == 1 ? 0 : died(c, near, e);
}

/* --- the interpreter ----------------------------------------------------------------- */

void compiler_stop(struct compiler *c)
{
	if (!c)
		return;
	/* The end of its input ends it, and its namespace with all forks. */
	fd_close_at(&c->control);
	if (c->pid)
		process_kill(c->pid);
	fd_close_at(&c->text);
	pthread_mutex_destroy(&c->lock);
	free(c->prefix);
	free(c->scratch);
	free(c);
}

/* A file without a name; file systems without O_TMPFILE get one that is removed at once. */
static int scratch_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	AUTO(free) char *name = fs_join(folder, "bytecode.XXXXXX");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

/* Outside a sandbox too, where there is none: compiling runs nothing of the packages that are
 * compiled. Isolated mode would ignore the hash seed, which Pythons before 3.11 need; to them the
 * hash of None is an address. */
static int start(struct compiler *c, const struct interpreter *python, int in, struct err **e)
{
	bool boxed = sandbox_check(NULL) == 0;
	AUTO(arena_done) struct arena a = ARENA;
	const char *home = boxed ? c->prefix : python->folder;
	const char *argv[] = {
		arena_printf(&a, "%s/%s", home, python->program).p,
		"-sSB",
		"-Wignore",
		"-c",
		program,
		NULL,
	};
	const char *env[] = {
		arena_printf(&a, "PYTHONHOME=%s", home).p,
		arena_printf(&a, "LD_LIBRARY_PATH=%s/lib", home).p,
		"PATH=/usr/bin:/bin",
		"PYTHONHASHSEED=0",
		"LC_ALL=C.UTF-8",
		NULL,
	};
	const int fds[3] = {in, -1, c->text};
	if (!boxed)
		return process_start(&(struct process_request){.argv = argv,
							       .env = env,
							       .folder = python->folder,
							       .fixed_addresses = true},
				     fds, &c->pid, e);
	struct sandbox_bind bind = {python->folder, c->prefix, false};
	struct sandbox_request q = {.argv = argv,
				    .env = env,
				    .binds = &bind,
				    .bind_count = 1,
				    .ends_with_input = true,
				    .fixed_addresses = true};
	return sandbox_start(&q, fds, &c->pid, e);
}

int compiler_start(const struct interpreter *python, const char *prefix, const char *scratch,
		   struct compiler **out, struct err **e)
{
	AUTO(compiler_stop) struct compiler *c = mem_zero(1, sizeof(*c));
	int ends[2];
	pthread_mutex_init(&c->lock, NULL);
	c->prefix = mem_text(prefix);
	c->scratch = mem_text(scratch);
	c->control = -1;
	c->text = scratch_file(scratch);
	if (c->text < 0)
		return err_sys(e, "%s", scratch);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, "a socket for the interpreter");
	c->control = ends[0];
	int code = start(c, python, ends[1], e);
	close(ends[1]);
	if (code < 0)
		return err_wrap(e, code, "the interpreter that makes bytecode does not start");
	if ((code = take_byte(c, c->control, READY_MS, "its start", e)) < 0)
		return code;
	*out = STEAL(&c);
	return 0;
}

/* --- one package --------------------------------------------------------------------- */

void bytecode_free(struct bytecode *b)
{
	if (!b)
		return;
	fd_close_at(&b->to);
	fd_close_at(&b->from);
	VEC_DONE(&b->sources);
	arena_done(&b->arena);
	free(b);
}

/* Hands both descriptors to the interpreter. */
static int hand_over(struct compiler *c, const int fds[2], struct err **e)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {{0}};
	struct iovec byte = {&(char){'.'}, 1};
	struct msghdr m = {.msg_iov = &byte,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&m);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(head), fds, 2 * sizeof(int));
	pthread_mutex_lock(&c->lock);
	ssize_t sent = sendmsg(c->control, &m, MSG_NOSIGNAL);
	pthread_mutex_unlock(&c->lock);
	return sent == 1 ? 0 : died(c, "its start", e);
}

int bytecode_start(struct compiler *c, struct bytecode **out, struct err **e)
{
	AUTO(bytecode_free) struct bytecode *b = mem_zero(1, sizeof(*b));
	int ends[2];
	b->compiler = c;
	b->to = -1;
	b->from = scratch_file(c->scratch);
	if (b->from < 0)
		return err_sys(e, "%s", c->scratch);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, "a socket for the interpreter");
	b->to = ends[0];
	int code = hand_over(c, (const int[]){ends[1], b->from}, e);
	close(ends[1]);
	if (code == 0)
		*out = STEAL(&b);
	return code;
}

static const char *last_source(const struct bytecode *b)
{
	return b->sources.n ? b->sources.v[b->sources.n - 1] : "its start";
}

static int send_all(struct bytecode *b, const void *p, size_t n, struct err **e)
{
	for (const char *at = p; n > 0;) {
		ssize_t done = send(b->to, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (done >= 0) {
			at += done;
			n -= (size_t)done;
			continue;
		}
		int code = 0;
		if (errno == EAGAIN)
			code = wait_for(b->to, POLLOUT, STUCK_MS, e);
		else if (errno != EINTR)
			code = died(b->compiler, last_source(b), e);
		if (code < 0)
			return code;
	}
	return 0;
}

static void put_u32(unsigned char *to, size_t n)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(n >> (8 * i));
}

int bytecode_add(struct bytecode *b, const char *path, const void *source, size_t size,
		 struct err **e)
{
	if (size > SOURCE_MAX)
		return err_set(e, ERR_LIMIT, "%s: a source of %zu bytes", path, size);
	VEC_PUSH(&b->sources, arena_copy(&b->arena, path, strlen(path)));
	struct str whole = arena_printf(&b->arena, "%s/%s", b->compiler->prefix, path);
	unsigned char head[8];
	put_u32(head, whole.n);
	put_u32(head + 4, size);
	int code = send_all(b, head, sizeof(head), e);
	if (code == 0)
		code = send_all(b, whole.p, whole.n, e);
	return code < 0 ? code : send_all(b, source, size, e);
}

/* --- bytecode ------------------------------------------------------------------------ */

static bool take_u32(struct str *rest, uint32_t *out)
{
	if (rest->n < 4)
		return false;
	const unsigned char *p = (const unsigned char *)rest->p;
	*out = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	*rest = str_from(*rest, 4);
	return true;
}

static int hand_out(struct bytecode *b, struct str rest, bytecode_each_fn *each, void *cookie,
		    struct err **e)
{
	for (size_t i = 0; i < b->sources.n; i++) {
		struct bytecode_file f = {.source = b->sources.v[i]};
		uint32_t size = 0;
		bool there = take_u32(&rest, &size);
		if (there && size != NOT_COMPILED) {
			there = size <= rest.n;
			f.p = rest.p;
			f.size = size;
		}
		if (!there)
			return err_set(e, ERR_FAILED, "the interpreter gave no bytecode for %s",
				       f.source);
		rest = str_from(rest, f.size);
		int code = each(cookie, &f, e);
		if (code < 0)
			return code;
	}
	return 0;
}

int bytecode_end(struct bytecode *b, bytecode_each_fn *each, void *cookie, struct err **e)
{
	struct stat st;
	shutdown(b->to, SHUT_WR);
	int code = take_byte(b->compiler, b->to, END_MS, last_source(b), e);
	if (code < 0)
		return code;
	if (fstat(b->from, &st) < 0)
		return err_sys(e, "bytecode");
	size_t size = (size_t)st.st_size;
	const char *map = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, b->from, 0) : "";
	if (map == MAP_FAILED)
		return err_sys(e, "bytecode");
	code = hand_out(b, (struct str){map, size}, each, cookie, e);
	if (size)
		munmap((void *)map, size);
	return code;
}
