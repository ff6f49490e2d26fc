/* specs/platform.c - a row a platform. */
#include "specs/platform.h"
#include "specs/base/buf.h"
#include <sys/utsname.h>

static const struct platform rows[PLATFORMS_MAX] = {
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

static int find_row(struct str name, size_t *out, struct err **e)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_is(name, rows[i].image) || str_is(name, rows[i].subdir)) {
			*out = i;
			return 0;
		}
	return err_set(e, ERR_USAGE,
		       "platform \"%.*s\" is not known; there are linux/amd64, linux/arm64 and "
		       "linux/ppc64le",
		       STR_ARG(name));
}

int platform_find(const char *name, const struct platform **out, struct err **e)
{
	size_t row;
	int r = find_row(str_of(name), &row, e);
	if (r == 0)
		*out = &rows[row];
	return r;
}

int platforms_find(const char *names, const struct platform **out, size_t *out_count,
		   struct err **e)
{
	bool chosen[COUNT(rows)] = {false};
	struct str rest = str_of(names), name;
	for (bool more = true; more;) {
		size_t row;
		more = str_cut(&rest, ',', &name);
		int r = find_row(str_trim(name), &row, e);
		if (r < 0)
			return r;
		chosen[row] = true;
	}
	*out_count = 0;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (chosen[i])
			out[(*out_count)++] = &rows[i];
	return 0;
}

bool platform_is_native(const struct platform *p)
{
	struct utsname here;
	return uname(&here) == 0 && strcmp(here.machine, p->archspec) == 0;
}
