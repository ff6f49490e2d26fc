/* builder/build_context.h - the files that a Dockerfile is built from: a folder, or a tar for an
 * engine. */
#ifndef KILN_BUILD_CONTEXT_H
#define KILN_BUILD_CONTEXT_H
#include "builder/pump.h"
#include "specs/base/arena.h"
#include "specs/base/vec.h"
#include "specs/context.h"

struct context_file {
	enum context_kind kind;
	struct str path; /* relative, clean; ended by 0 */
	unsigned mode;
	uint64_t size;
	struct str text; /* of a file its bytes, where `source` is NULL; of a link its target */
	pump_source *source;
	void *cookie;
};

/* The files in the order in which they are written; texts and cookies live in the arena. */
struct build_context {
	struct arena arena;
	VEC(struct context_file) files;
};
void build_context_done(struct build_context *c);
AUTO_DEFINE_VALUE(struct build_context, build_context_done)
/* A text is copied. */
void build_context_add_text(struct build_context *c, const char *path, struct str text);
void build_context_add(struct build_context *c, const struct context_file *file);
/* What an engine gets of a user's folder: see context_walk. Files are read when the context is. */
int build_context_add_folder(struct build_context *c, const struct context_folder *folder,
			     struct err **e);
/* All files below the folder, which is made anew in place of one that holds a Dockerfile of kiln's
 * (its first line says so) or nothing. ERR_USAGE for any other folder. */
int build_context_to_folder(const struct build_context *c, const char *folder, struct err **e);
/* The same as a tar: how many bytes, and a pump_source whose cookie is the context. */
int build_context_tar_size(const struct build_context *c, uint64_t *out, struct err **e);
int build_context_tar(void *context,
		      int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		      struct err **e);
#endif
