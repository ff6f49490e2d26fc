/* specs/platform.h - the two names of a platform: an image's and conda's. */
#ifndef KILN_PLATFORM_H
#define KILN_PLATFORM_H
#include "specs/base/err.h"

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
#endif
