/* builder/phases.c - how long each phase of a build took. */
#include "builder/phases.h"
#include "specs/base/clock.h"

void phases_start(struct phases *p, struct log *log)
{
	*p = (struct phases){.log = log, .start = clock_seconds()};
}

static void leave(struct phases *p)
{
	if (p->n)
		p->v[p->running].seconds += clock_seconds() - p->began;
}

static size_t find(struct phases *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].name, name) == 0)
			return i;
	if (p->n == PHASES_MAX)
		return p->n - 1;
	p->v[p->n].name = name;
	p->v[p->n].seconds = 0;
	return p->n++;
}

void phases_enter(struct phases *p, const char *name)
{
	leave(p);
	log_phase(p->log, name);
	p->began = clock_seconds();
	p->running = find(p, name);
}

void phases_write(struct phases *p, struct json_out *j, const char *key)
{
	leave(p);
	p->began = clock_seconds();
	json_open(j, key, '{');
	for (size_t i = 0; i < p->n; i++)
		json_put_seconds(j, p->v[i].name, p->v[i].seconds);
	json_put_seconds(j, "total", clock_seconds() - p->start);
	json_close(j, '}');
}
