/* builder/backend.h - a source built into a wheel by its own build backend (PEP 517, 518), in the
 * sandbox: without network, with nothing of this machine but its /usr. */
#ifndef KILN_BACKEND_H
#define KILN_BACKEND_H
#include "specs/base/arena.h"

/* [build-system] of pyproject.toml; without one, setuptools as it always was. */
struct build_system {
	struct strs requires; /* requirements, as written */
	struct str backend;   /* "module:object" */
	struct strs path;     /* folders of the source that the backend is imported from */
};
/* pyproject: the text of pyproject.toml; empty: there is none. Texts in the arena. ERR_SYNTAX with
 * the line, or with what is wrong. */
int build_system_read(struct arena *a, struct str pyproject, struct build_system *out,
		      struct err **e);
/* The same of a source's folder. ERR_CORRUPT when it has neither pyproject.toml nor setup.py. */
int build_system_find(struct arena *a, const char *source, struct build_system *out,
		      struct err **e);

/* Folders are the host's. */
struct backend_request {
	const char *what; /* the source, for messages */
	const struct build_system *system;
	struct strs settings; /* of --config-settings: "K=V" */
	const char *source;   /* the whole of it; the backend writes there */
	const char *folder;   /* of it, what is built: "" or "sub/folder" */
	const char *out;      /* empty: for what comes of it */
	/* The environment's files but for Python packages, and where they are seen. */
	const char *environment, *prefix;
	struct strs variables; /* "NAME=value", of its activation; PATH is none of them */
	const char *tools;     /* the requirements, installed for the same prefix */
	struct str python;     /* below both: "bin/python3.11" */
	struct str site_packages;
};
/* What the backend wants besides, for this source (get_requires_for_build_wheel). ERR_FAILED with
 * the last lines that it wrote. */
int backend_requires(const struct backend_request *q, struct arena *a, struct strs *out,
		     struct err **e);
/* Makes the wheel (build_wheel): one file, whose name is checked by nobody yet. The caller frees
 * *out. ERR_FAILED as above, and when there is none, or several. */
int backend_build(const struct backend_request *q, char **out, struct err **e);
#endif
