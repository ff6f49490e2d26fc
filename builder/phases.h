/* builder/phases.h - how long each phase of a build took. */
#ifndef KILN_PHASES_H
#define KILN_PHASES_H
#include "specs/base/json.h"
#include "specs/base/log.h"

enum { PHASES_MAX = 16 };

struct phases {
	struct log *log;
	struct {
		const char *name; /* static */
		double seconds;
	} v[PHASES_MAX];
	size_t n, running; /* running < n, once one was entered */
	double began;	   /* of the running one */
	double start;	   /* of all */
};

void phases_start(struct phases *p, struct log *log);
/* Ends the running phase and begins this one, or goes on with it. */
void phases_enter(struct phases *p, const char *name);
/* Ends the last one and writes {"solve":0.120,...,"total":1.5}. */
void phases_write(struct phases *p, struct json_out *j, const char *key);
#endif
