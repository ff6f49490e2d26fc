/* specs/wheel_name.c - the parts of a wheel's file name. */
#include "specs/wheel_name.h"

int wheel_name_parse(struct str file, struct wheel_name *out, struct err **e)
{
	struct str parts[7], rest = file;
	size_t n = 0;
	if (!str_ends(file, ".whl"))
		return err_set(e, ERR_CORRUPT, "\"%.*s\" is no wheel's name", STR_ARG(file));
	rest.n -= strlen(".whl");
	for (bool more = true; more && n < COUNT(parts); n++)
		more = str_cut(&rest, '-', &parts[n]);
	bool build = n == 6;
	bool good = n == 5 || (build && parts[2].n && parts[2].p[0] >= '0' && parts[2].p[0] <= '9');
	for (size_t i = 0; i < n; i++)
		good = good && parts[i].n;
	if (!good)
		return err_set(e, ERR_CORRUPT,
			       "\"%.*s\" is no wheel's name: NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
			       STR_ARG(file));
	*out = (struct wheel_name){parts[0],	 parts[1],     build ? parts[2] : (struct str){0},
				   parts[n - 3], parts[n - 2], parts[n - 1]};
	return 0;
}
