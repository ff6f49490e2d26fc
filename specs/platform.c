/* specs/platform.c - a row a platform. */
#include "specs/platform.h"
#include <string.h>

static const struct platform rows[] = {
	{"linux/amd64", "linux-64", "linux", "amd64", "x86_64"},
	{"linux/arm64", "linux-aarch64", "linux", "arm64", "aarch64"},
	{"linux/ppc64le", "linux-ppc64le", "linux", "ppc64le", "ppc64le"},
};

const char *const platform_subdirs[] = {
	"linux-32",	 "linux-64",
	"linux-aarch64", "linux-armv6l",
	"linux-armv7l",	 "linux-ppc64le",
	"linux-ppc64",	 "linux-ppc",
	"linux-s390x",	 "linux-riscv32",
	"linux-riscv64", "linux-loongarch64",
	"osx-64",	 "osx-arm64",
	"win-32",	 "win-64",
	"win-arm64",	 "freebsd-64",
	"zos-z",	 "emscripten-wasm32",
	"wasi-wasm32",	 NULL,
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
