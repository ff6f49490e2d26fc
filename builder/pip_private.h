/* builder/pip_private.h - what the files of pip share; nobody else includes it. */
#ifndef KILN_PIP_PRIVATE_H
#define KILN_PIP_PRIVATE_H
#include "builder/pip.h"

/* The glibc that uv is told of: the newest it has a platform for that is not newer than the
 * target's. */
unsigned pip_known_glibc(const struct pip_target *t);
/* Writes a wheel that holds nothing but the distribution's metadata into the folder, with tags and
 * a build number that no wheel of an index can beat. */
int pip_write_stub(const struct pip_target *t, const struct pip_dist *d, const char *folder,
		   struct err **e);
/* What the words of a failed resolver mean: the error's code, and its text in *e. */
int pip_explain(const struct pip_request *q, struct str words, struct err **e);
/* The wheels of a pylock.toml, without what conda provides. */
int pip_read_lock(const struct pip_request *q, struct str text, struct arena *a,
		  struct record **out, size_t *out_count, struct err **e);
#endif
