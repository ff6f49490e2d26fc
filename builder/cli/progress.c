/* builder/cli/progress.c - drawing progress without flicker. */
#include "builder/cli/progress.h"
#include "specs/base/clock.h"
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>

enum { TASKS = 64, SHOWN = 8, REDRAW_MS = 100 };

struct log_task {
	struct progress *in;
	const char *verb;
	char name[96];
	uint64_t done, size;
	bool used;
};

struct progress {
	struct log log;
	pthread_mutex_t lock;
	bool terminal, silent, quiet, verbose; /* silent: no progress; quiet: no warnings either */
	char phase[32];
	struct log_task tasks[TASKS];
	unsigned finished, drawn; /* tasks that ended; lines on the screen now */
	uint64_t bytes;
	int64_t last_ms;
};

const char *size_text(uint64_t bytes, char out[16])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double n = (double)bytes / 1e3;
	size_t unit = 0;
	while (n >= 999.5 && unit + 1 < COUNT(units)) {
		n /= 1e3;
		unit++;
	}
	snprintf(out, 16, "%.*f %s", unit > 0, n, units[unit]);
	return out;
}

static unsigned width(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
		return size.ws_col;
	return 80;
}

static void erase(struct progress *p, struct buf *out)
{
	if (p->drawn)
		buf_printf(out, "\033[%uA\033[J", p->drawn);
	p->drawn = 0;
}

static void task_line(const struct log_task *t, unsigned columns, struct buf *out)
{
	char line[160], done[16], size[16];
	snprintf(line, sizeof(line), "  %-9s %-40.40s %8s%s%s", t->verb, t->name,
		 size_text(t->done, done), t->size ? " of " : "",
		 t->size ? size_text(t->size, size) : "");
	buf_printf(out, "%.*s\n", (int)columns - 1, line);
}

static void draw(struct progress *p, struct buf *out)
{
	unsigned columns = width(), running = 0;
	for (size_t i = 0; i < TASKS; i++) {
		if (!p->tasks[i].used)
			continue;
		if (running++ < SHOWN) {
			task_line(&p->tasks[i], columns, out);
			p->drawn++;
		}
	}
	char bytes[16];
	buf_printf(out, "%s: %u running, %u done, %s\n", p->phase, running, p->finished,
		   size_text(p->bytes, bytes));
	p->drawn++;
}

static void flush(struct buf *out)
{
	/* One write a frame: the terminal never shows half of one. */
	fwrite(out->data, 1, out->n, stderr);
	fflush(stderr);
}

static void redraw(struct progress *p, bool now)
{
	if (!p->terminal || p->silent || !p->phase[0])
		return;
	int64_t ms = clock_ms();
	if (!now && ms - p->last_ms < REDRAW_MS)
		return;
	p->last_ms = ms;
	AUTO(buf_done) struct buf out = BUF(64 << 10);
	erase(p, &out);
	draw(p, &out);
	flush(&out);
}

static void say(struct progress *p, const char *kind, const char *text)
{
	AUTO(buf_done) struct buf out = BUF(256 << 10);
	pthread_mutex_lock(&p->lock);
	erase(p, &out);
	buf_printf(&out, "kiln: %s%s\n", kind, text);
	flush(&out);
	redraw(p, true);
	pthread_mutex_unlock(&p->lock);
}

static void on_warn(struct log *l, const char *text)
{
	struct progress *p = (struct progress *)l;
	if (!p->quiet)
		say(p, "warning: ", text);
}

static void on_info(struct log *l, const char *text)
{
	struct progress *p = (struct progress *)l;
	if (p->verbose)
		say(p, "", text);
}

static void on_line(struct log *l, const char *text)
{
	struct progress *p = (struct progress *)l;
	if (!p->silent)
		say(p, "  ", text);
}

static void on_phase(struct log *l, const char *name)
{
	struct progress *p = (struct progress *)l;
	pthread_mutex_lock(&p->lock);
	snprintf(p->phase, sizeof(p->phase), "%s", name);
	p->finished = 0;
	p->bytes = 0;
	bool plain = !p->terminal && !p->silent;
	redraw(p, true);
	pthread_mutex_unlock(&p->lock);
	if (plain)
		say(p, "", name);
}

static struct log_task *on_begin(struct log *l, const char *verb, struct str name, uint64_t size)
{
	struct progress *p = (struct progress *)l;
	struct log_task *t = NULL;
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < TASKS && !t; i++)
		if (!p->tasks[i].used)
			t = &p->tasks[i];
	if (t) {
		*t = (struct log_task){.in = p, .verb = verb, .size = size, .used = true};
		snprintf(t->name, sizeof(t->name), "%.*s", STR_ARG(name));
		redraw(p, false);
	}
	pthread_mutex_unlock(&p->lock);
	return t;
}

static void on_advance(struct log_task *t, uint64_t bytes)
{
	struct progress *p = t->in;
	pthread_mutex_lock(&p->lock);
	t->done += bytes;
	p->bytes += bytes;
	redraw(p, false);
	pthread_mutex_unlock(&p->lock);
}

static void plain_line(const struct log_task *t, bool ok)
{
	char done[16];
	fprintf(stderr, "kiln:   %s %s (%s)%s\n", t->verb, t->name, size_text(t->done, done),
		ok ? "" : ", failed");
}

static void on_end(struct log_task *t, bool ok)
{
	struct progress *p = t->in;
	pthread_mutex_lock(&p->lock);
	t->used = false;
	p->finished++;
	if (!p->terminal && !p->silent)
		plain_line(t, ok);
	redraw(p, false);
	pthread_mutex_unlock(&p->lock);
}

int progress_new(const struct common_args *args, struct log **out, struct err **e)
{
	const char *mode = args->progress ? args->progress : "auto";
	bool none = strcmp(mode, "none") == 0, tty = strcmp(mode, "tty") == 0;
	bool automatic = strcmp(mode, "auto") == 0;
	if (!none && !tty && !automatic && strcmp(mode, "plain") != 0)
		return err_set(e, ERR_USAGE, "--progress %s: auto, tty, plain or none is wanted",
			       mode);
	struct progress *p = mem_zero(1, sizeof(*p));
	p->log = (struct log){on_warn, on_info, on_phase, on_begin, on_advance, on_end, on_line};
	pthread_mutex_init(&p->lock, NULL);
	p->terminal = tty || (automatic && isatty(STDERR_FILENO));
	p->quiet = args->quiet;
	p->silent = none || args->quiet;
	p->verbose = args->verbose;
	*out = &p->log;
	return 0;
}

void progress_free(struct log *l)
{
	struct progress *p = (struct progress *)l;
	if (!p)
		return;
	AUTO(buf_done) struct buf out = BUF(4096);
	erase(p, &out);
	flush(&out);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
