/* builder/link.h - packages as they stand in a prefix: conda's link step.
 *
 * link_plan reads what every archive says of itself (info/, without the payload), works out
 * the final path of every file and settles paths that two packages own. link_package then
 * streams one archive through relocation into a sink. Both are deterministic. */
#ifndef KILN_LINK_H
#define KILN_LINK_H
#include "builder/sink.h"
#include "cache/package.h"
#include "specs/base/log.h"
#include "specs/definition.h"
#include "specs/lock.h"

struct link_options {
	const char *prefix; /* "/opt/env": absolute, no blanks, at most 80 bytes */
	const char *cache;  /* for interpreter trees */
	/* Where a kept archive that was damaged is fetched again; NULL, or offline: nowhere. */
	struct http *http;
	bool offline;
	bool bytecode; /* make .pyc for noarch python packages */
	/* The platform's name, where its programs do not run on this machine: then there is no
	 * bytecode, and no link script runs; NULL where they do. */
	const char *foreign;
	/* Compare every file with its sha256 of paths.json: ERR_DIGEST. Else sizes are, with a
	 * warning, and the archive's digest stands for its files. */
	bool verify;
	unsigned jobs;
	struct log *log;
};

/* ERR_USAGE, with what is wrong, for a prefix that packages cannot be linked for. */
int link_check_prefix(const char *prefix, struct err **e);

struct link_package_plan; /* one package's paths; opaque */
struct interpreter_slot;  /* of builder/interpreter.h; opaque */

struct link_plan {
	struct arena arena;
	struct link_options options;
	const struct record *records;	  /* link order; completed from the archives' index.json */
	const struct package_file *files; /* borrowed */
	size_t count;
	struct link_package_plan **packages;  /* [count] */
	struct interpreter_slot *interpreter; /* starts when there is something to compile */
	uint64_t newest;   /* latest build timestamp of the packages, seconds; 0: none known */
	bool has_scripts;  /* some package has link scripts, and they run here */
	bool left_scripts; /* some has, and they do not */
};
/* Warns of clobbered paths with both names, and of what a foreign platform's programs would have to
 * make. ERR_CORRUPT names package and member. */
int link_plan_make(const struct link_options *o, const struct record *records,
		   const struct package_file *files, size_t count, struct link_plan *out,
		   struct err **e);
void link_plan_done(struct link_plan *p);
AUTO_DEFINE_VALUE(struct link_plan, link_plan_done)

/* What decides the bytes that link_package emits for package i, as a digest: archive, prefix,
 * python's archive for noarch python, bytecode, what clobbering leaves out, format version. */
void link_identity(const struct link_plan *p, size_t i, struct digest *out);
/* All paths package i will emit (files, links, own directories with a closing "/"), relative,
 * for planning. Bytecode of a source that does not compile stays away. */
struct strs link_paths(const struct link_plan *p, size_t i);
/* What package i, where it stands, forbids others: as its archive says. */
struct strs link_constrains(const struct link_plan *p, size_t i);
/* What its archive says of its license; empty: nothing. */
struct str link_license(const struct link_plan *p, size_t i, struct arena *a);
/* Bytes of the package's files as paths.json tells; for planning. */
uint64_t link_size(const struct link_plan *p, size_t i);
/* Bytes of its sources that are compiled, likewise; 0: it needs no interpreter. */
uint64_t link_source_size(const struct link_plan *p, size_t i);
/* Emits all entries of package i, conda-meta/NAME.json last. May run in several threads for
 * different i. */
int link_package(const struct link_plan *p, size_t i, struct sink *to, struct err **e);
/* What belongs to the environment as a whole: conda-meta/history, conda-meta/state (variables
 * of the definition), and what link scripts change. `specs`: the requested ones. */
struct link_environment {
	struct strs specs;
	const struct definition_variable *variables;
	size_t variable_count;
};
int link_finish(const struct link_plan *p, const struct link_environment *env, struct sink *to,
		struct err **e);
/* Variables that activation would set (etc/conda/env_vars.d, activate.d run in the sandbox),
 * "NAME=value", sorted; for the image's environment. *out_spoke: the log was told something. */
int link_activation(const struct link_plan *p, struct arena *a, struct strs *out, bool *out_spoke,
		    struct err **e);
/* What they depend on, so that who keeps them need not run scripts again. False: nothing sets any.
 */
bool link_activation_identity(const struct link_plan *p, struct digest *out);

/* kiln install: everything into the folder `path`, which will be used as `o->prefix`
 * (mostly the same). */
int link_install(const struct link_plan *p, const struct link_environment *env, const char *path,
		 struct err **e);
#endif
