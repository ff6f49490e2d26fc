/* specs/platform.c - a row a platform. */
#include "specs/platform.h"
#include <string.h>

static const struct platform rows[] = {
	{"linux/amd64", "linux-64", "linux", "amd64", "x86_64"},
	{"linux/arm64", "linux-aarch64", "linux", "arm64", "aarch64"},
	{"linux/ppc64le", "linux-ppc64le", "linux", "ppc64le", "ppc64le"},
};

int platform_find(const char *name, const struct platform **out, struct err **e)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(name, rows[i].image) == 0 || strcmp(name, rows[i].subdir) == 0) {
			*out = &rows[i];
			return 0;
		}
	return err_set(e, ERR_USAGE,
		       "platform \"%s\" is not known; there are linux/amd64, linux/arm64 and "
		       "linux/ppc64le",
		       name);
}
