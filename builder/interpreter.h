/* builder/interpreter.h - the environment's own python, unpacked and started here.
 *
 * It lives in the cache folder, named by a digest of the archives it is made of, and is made
 * once: aside and renamed, while others who want the same one wait. Only what compiling needs
 * is unpacked. It starts at the first need, once a plan. */
#ifndef KILN_INTERPRETER_H
#define KILN_INTERPRETER_H
#include "builder/bytecode.h"

/* The interpreter of one plan: plan->interpreter. */
struct interpreter_slot;
struct interpreter_slot *interpreter_slot_new(void);
void interpreter_slot_free(struct interpreter_slot *s);

/* Starts the interpreter of the plan's `python` package, unpacking it first when needed; others
 * who ask meanwhile wait. For any thread. *out stays the plan's. ERR_ABSENT when the plan has
 * no python. ERR_FAILED, with what helps, when it cannot be run here. */
int interpreter_start(const struct link_plan *p, struct compiler **out, struct err **e);
#endif
