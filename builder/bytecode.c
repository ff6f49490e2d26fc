/* builder/bytecode.c - .pyc files of noarch packages, made by the environment's own python.
 *
 * The interpreter reads sources from a socket and writes bytecode into a file without a name,
 * so neither waits for the other's buffer and nothing of the package touches the disk. Each
 * source is two lengths (32 bit, little-endian), its final path and its bytes; each answer a
 * length and a .pyc, or the length NOT_COMPILED. */
#include "builder/bytecode.h"
#include "builder/sandbox.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include "specs/base/vec.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define NOT_COMPILED UINT32_MAX
enum {
	SOURCE_MAX = 256 << 20, /* no source is as long; python would need many times that */
	END_MS = 30 * 60 * 1000,
	STUCK_MS = 10 * 60 * 1000, /* for one source */
	SLICE_MS = 100,
	TEXT_MAX = 4096,
};

/* Built-in modules only: the standard library stays closed, which is what takes the time. The
 * header of PEP 552 is written by hand: magic number, flags (1: a hash, not checked), hash.
 * A source that exhausts the stack or the memory does not compile; the next one may. */
static const char program[] =
	"import sys, marshal, _imp, _frozen_importlib_external as external\n"
	"magic = external.MAGIC_NUMBER\n"
	"token = int.from_bytes(magic, 'little')\n"
	"read = sys.stdin.buffer.read\n"
	"write = sys.stdout.buffer.write\n"
	"while True:\n"
	"    head = read(8)\n"
	"    if len(head) < 8:\n"
	"        break\n"
	"    path = read(int.from_bytes(head[:4], 'little')).decode('utf-8', 'surrogateescape')\n"
	"    source = read(int.from_bytes(head[4:], 'little'))\n"
	"    try:\n"
	"        code = marshal.dumps(compile(source, path, 'exec', dont_inherit=True))\n"
	"        code = magic + b'\\1\\0\\0\\0' + _imp.source_hash(token, source) + code\n"
	"    except Exception:\n"
	"        write(b'\\xff\\xff\\xff\\xff')\n"
	"    else:\n"
	"        write(len(code).to_bytes(4, 'little'))\n"
	"        write(code)\n"
	"        del code\n"
	"sys.stdout.buffer.flush()\n";

struct bytecode {
	struct arena arena;
	char *prefix;
	pid_t pid; /* 0: none runs */
	int to;	   /* socket: sources */
	int from;  /* file: bytecode */
	int text;  /* file: what it says of failures */
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

/* --- starting ------------------------------------------------------------------------ */

void bytecode_free(struct bytecode *b)
{
	if (!b)
		return;
	if (b->pid)
		process_kill(b->pid);
	const int fds[] = {b->to, b->from, b->text};
	for (size_t i = 0; i < COUNT(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	VEC_DONE(&b->sources);
	arena_done(&b->arena);
	free(b->prefix);
	free(b);
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
 * compiled. Isolated mode would ignore the hash seed, which Pythons before 3.11 need. */
static int start(struct bytecode *b, const struct interpreter *python, int in, struct err **e)
{
	bool boxed = sandbox_check(NULL) == 0;
	AUTO(arena_done) struct arena a = ARENA;
	const char *home = boxed ? b->prefix : python->folder;
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
	const int fds[3] = {in, b->from, b->text};
	if (!boxed)
		return process_start(&(struct process_request){argv, env, python->folder}, fds,
				     &b->pid, e);
	struct sandbox_bind bind = {python->folder, b->prefix, false};
	struct sandbox_request q = {.argv = argv, .env = env, .binds = &bind, .bind_count = 1};
	return sandbox_start(&q, fds, &b->pid, e);
}

int bytecode_start(const struct interpreter *python, const char *prefix, const char *scratch,
		   struct bytecode **out, struct err **e)
{
	AUTO(bytecode_free) struct bytecode *b = mem_zero(1, sizeof(*b));
	int ends[2];
	b->prefix = mem_text(prefix);
	b->to = -1;
	b->from = scratch_file(scratch);
	b->text = scratch_file(scratch);
	if (b->from < 0 || b->text < 0)
		return err_sys(e, "%s", scratch);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, "a socket for the interpreter");
	b->to = ends[0];
	int code = start(b, python, ends[1], e);
	close(ends[1]);
	if (code < 0)
		return err_wrap(e, "the interpreter that makes bytecode does not start");
	*out = STEAL(&b);
	return 0;
}

/* --- sources ------------------------------------------------------------------------- */

/* What the interpreter said, at its end; for a message. */
static struct str last_words(struct bytecode *b)
{
	struct stat st;
	off_t at = fstat(b->text, &st) == 0 && st.st_size > TEXT_MAX ? st.st_size - TEXT_MAX : 0;
	char *text = arena_alloc(&b->arena, TEXT_MAX);
	ssize_t n = pread(b->text, text, TEXT_MAX, at);
	return str_trim((struct str){text, n > 0 ? (size_t)n : 0});
}

static int died(struct bytecode *b, int status, struct err **e)
{
	return err_set(
		e, ERR_FAILED,
		"the interpreter that makes bytecode ended with status %d near %s: %.*s; for "
		"another machine's packages an emulator (qemu-user-static) runs it, and "
		"bytecode can be left out",
		status, b->sources.n ? b->sources.v[b->sources.n - 1] : "its start",
		STR_ARG(last_words(b)));
}

static int wait_for_end(struct bytecode *b, int *status, struct err **e)
{
	pid_t pid = b->pid;
	b->pid = 0;
	return process_wait(pid, END_MS, status, e);
}

/* Waits until more can be sent. */
static int wait_for_room(struct bytecode *b, struct err **e)
{
	struct pollfd p = {.fd = b->to, .events = POLLOUT};
	for (int waited = 0; waited < STUCK_MS; waited += SLICE_MS) {
		int code = interrupt_check(e);
		if (code < 0)
			return code;
		if (poll(&p, 1, SLICE_MS) > 0)
			return 0;
	}
	return err_set(e, ERR_TIMEOUT, "%s takes too long to compile",
		       b->sources.v[b->sources.n - 1]);
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
		int code = 0, status;
		if (errno == EAGAIN)
			code = wait_for_room(b, e);
		else if (errno != EINTR)
			code = (code = wait_for_end(b, &status, e)) < 0 ? code : died(b, status, e);
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
	if (!b->pid)
		return err_set(e, ERR_FAILED, "the interpreter has ended");
	VEC_PUSH(&b->sources, arena_copy(&b->arena, path, strlen(path)));
	struct str whole = arena_printf(&b->arena, "%s/%s", b->prefix, path);
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
	int status;
	close(b->to);
	b->to = -1;
	if (!b->pid)
		return err_set(e, ERR_FAILED, "the interpreter has ended");
	int code = wait_for_end(b, &status, e);
	if (code < 0)
		return err_wrap(e, "the interpreter that makes bytecode");
	if (status != 0)
		return died(b, status, e);
	struct stat st;
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
