/* specs/platform.h - the two names of a platform: an image's and conda's. */
#ifndef KILN_PLATFORM_H
#define KILN_PLATFORM_H
#include "specs/base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct platform {
	const char *image;     /* "linux/amd64" */
	const char *subdir;    /* "linux-64" */
	const char *os, *arch; /* as an image's config has them */
	const char *archspec;  /* the baseline microarchitecture: "x86_64" */
};

/* Every subdir of conda's that is some platform's, kiln's or not; ends in NULL. */
extern const char *const platform_subdirs[];
/* Finds it by either name; ERR_USAGE lists what there is. What it returns is static. */
int platform_find(const char *name, const struct platform **out, struct err **e);
enum { PLATFORMS_MAX = 3 }; /* as many as kiln knows */
/* Those of a list, "linux/amd64,linux/arm64": each once, in an order of their own whatever the
 * list's. out: room for PLATFORMS_MAX. ERR_USAGE. */
int platforms_find(const char *names, const struct platform **out, size_t *out_count,
		   struct err **e);
/* Whether this machine's processor runs its programs. What an emulator could run does not count:
 * what is made must not depend on whether one is installed. */
bool platform_is_native(const struct platform *p);
#endif
