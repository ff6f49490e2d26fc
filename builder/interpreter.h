/* builder/interpreter.h - the environment's own python, unpacked so that it can be run here.
 *
 * It lives in the cache folder, named by a digest of the archives it is made of, and is made
 * once: aside and renamed, while others who want the same one wait. Only what compiling needs
 * is unpacked. */
#ifndef KILN_INTERPRETER_H
#define KILN_INTERPRETER_H
#include "builder/bytecode.h"

/* ERR_ABSENT when the plan has no python. */
int interpreter_open(const struct link_plan *p, struct interpreter *out, struct err **e);
void interpreter_done(struct interpreter *i);
AUTO_DEFINE_VALUE(struct interpreter, interpreter_done)
#endif
