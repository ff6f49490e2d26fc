/* builder/noarch.c - python packages for any python: where their files go, and their commands. */
#include "builder/noarch.h"
#include "builder/bytecode.h"
#include "builder/paths.h"

int noarch_python(struct arena *a, const struct record *record, struct noarch_python *out,
		  struct err **e)
{
	struct noarch_python python = {.record = record};
	if (record) {
		python.minor = arena_str(a, bytecode_minor(record->version_text));
		if (python.minor.n == 0)
			return err_set(e, ERR_CORRUPT, "python has the version \"%.*s\"",
				       STR_ARG(record->version_text));
		struct str given = record->python_site_packages_path;
		if (given.n && !paths_is_clean(given))
			return err_set(
				e, ERR_CORRUPT,
				"python_site_packages_path \"%.*s\" is no path below a prefix",
				STR_ARG(given));
		python.site_packages = given.n ? arena_str(a, given)
					       : arena_printf(a, "lib/python%.*s/site-packages",
							      STR_ARG(python.minor));
	}
	*out = python;
	return 0;
}

struct str noarch_path(struct arena *a, const struct noarch_python *python, struct str path)
{
	if (str_starts(path, "site-packages/")) {
		struct str rest = str_from(path, strlen("site-packages/"));
		return arena_printf(a, "%.*s/%.*s", STR_ARG(python->site_packages), STR_ARG(rest));
	}
	if (str_starts(path, "python-scripts/")) {
		struct str rest = str_from(path, strlen("python-scripts/"));
		return arena_printf(a, "bin/%.*s", STR_ARG(rest));
	}
	return path;
}

/* --- entry points ------------------------------------------------------------------------ */

static struct str unquote(struct str s)
{
	s = str_trim(s);
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		s = str_trim((struct str){s.p + 1, s.n - 2});
	return s;
}

static bool is_command(struct str s)
{
	if (s.n == 0 || s.n > 255 || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '/' || (unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

/* Python identifiers with dots between them; bytes above ASCII may be letters. */
static bool is_dotted(struct str s)
{
	bool start = true;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i], letter = c | 0x20;
		bool name = (letter >= 'a' && letter <= 'z') || c == '_' || c >= 0x80;
		bool digit = c >= '0' && c <= '9';
		if (c == '.' ? start : !(name || (digit && !start)))
			return false;
		start = c == '.';
	}
	return s.n && !start;
}

int entry_point_parse(struct str text, struct entry_point *out, struct err **e)
{
	struct str rest = text, command, module;
	bool whole = str_cut(&rest, '=', &command);
	whole = str_cut(&rest, ':', &module) && whole;
	struct entry_point p = {unquote(command), unquote(module), unquote(rest)};
	if (!whole || !is_command(p.command) || !is_dotted(p.module) || !is_dotted(p.function))
		return err_set(e, ERR_CORRUPT, "\"%.*s\" is no entry point", STR_ARG(text));
	*out = p;
	return 0;
}

void entry_point_write(const struct entry_point *p, const struct noarch_python *python,
		       const char *prefix, struct buf *out)
{
	enum { PATH_MAX_IN_SHEBANG = 125 };
	AUTO(buf_done) struct buf path = BUF(BUF_UNLIMITED);
	struct str first, rest = p->function;
	str_cut(&rest, '.', &first);
	buf_printf(&path, "%s/bin/python%.*s", prefix, STR_ARG(python->minor));
	if (path.n > PATH_MAX_IN_SHEBANG || strchr(path.data, ' '))
		buf_printf(out, "#!/bin/sh\n'''exec' \"%s\" \"$0\" \"$@\" #'''\n", path.data);
	else
		buf_printf(out, "#!%s\n", path.data);
	buf_printf(out,
		   "# -*- coding: utf-8 -*-\n"
		   "import re\n"
		   "import sys\n"
		   "\n"
		   "from %.*s import %.*s\n"
		   "\n"
		   "if __name__ == '__main__':\n"
		   "\tsys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n"
		   "\tsys.exit(%.*s())\n",
		   STR_ARG(p->module), STR_ARG(first), STR_ARG(p->function));
}
