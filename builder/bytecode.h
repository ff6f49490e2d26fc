/* builder/bytecode.h - .pyc files of noarch packages, made by the environment's own python.
 *
 * One process a package compiles the sources in the order they are given, so equal packages
 * give equal bytes (marshal's references depend on what a process compiled before). Those
 * processes are forks of one interpreter, which starts once: starting takes longer than most
 * packages. The files are unchecked-hash pycs (PEP 552): no time in them, and none needed on
 * the file. The path in them is the final one. */
#ifndef KILN_BYTECODE_H
#define KILN_BYTECODE_H
#include "builder/link.h"

/* Where python looks for the bytecode of `source` ("a/b.py" gives
 * "a/__pycache__/b.cpython-311.pyc" for version "3.11.2"); appended to out. False, and nothing
 * appended, when source is no ".py" or the version is not one that hash pycs exist for (3.7). */
bool bytecode_path(struct str source, struct str python_version, struct buf *out);

/* "3.11" of "3.11.2"; empty when that is no such version. */
struct str bytecode_minor(struct str python_version);

/* A python that can be run here; see builder/interpreter.h. */
struct interpreter {
	const char *folder;  /* holds the tree of the prefix */
	const char *program; /* below it: "bin/python3.11" */
};

struct compiler; /* an interpreter at work; for any thread */

/* Starts it and waits until it is ready; it is seen at `prefix`. scratch: a folder for files
 * without a name. ERR_FAILED, with what helps, when it does not run here. */
int compiler_start(const struct interpreter *python, const char *prefix, const char *scratch,
		   struct compiler **out, struct err **e);
/* Ends it, with all that it compiles; NULL is fine. */
void compiler_stop(struct compiler *c);
AUTO_DEFINE(struct compiler *, compiler_stop)

struct bytecode; /* one package being compiled; for one thread */

/* A process for one package; c has to stay. */
int bytecode_start(struct compiler *c, struct bytecode **out, struct err **e);
/* Whatever is not compiled by now will not be; NULL is fine. */
void bytecode_free(struct bytecode *b);
AUTO_DEFINE(struct bytecode *, bytecode_free)

/* One source, all of it; path: relative to the prefix. The bytes are not kept. */
int bytecode_add(struct bytecode *b, const char *path, const void *source, size_t size,
		 struct err **e);

struct bytecode_file {
	const char *source; /* path as it was given */
	const void *p;	    /* the .pyc; NULL: the source does not compile */
	size_t size;
};
typedef int bytecode_each_fn(void *cookie, const struct bytecode_file *f, struct err **e);
/* Waits until all are compiled and calls each() for every source, in the order given. Nothing
 * but bytecode_free may follow. */
int bytecode_end(struct bytecode *b, bytecode_each_fn *each, void *cookie, struct err **e);
#endif
