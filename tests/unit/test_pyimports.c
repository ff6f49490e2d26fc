/* tests/unit/test_pyimports.c - imports in Python sources; tests/differential/imports.py compares
 * real ones with Python's own parser. */
#include "specs/pyimports.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void imports_are_found_where_they_are_statements(void **state)
{
	static const struct {
		const char *text, *names;
	} rows[] = {
		{"import a", "a:1 "},
		{"import a.b as c, d ; import e\n", "a:1 d:1 e:1 "},
		{"\xef\xbb\xbfimport a\r\nimport b\r\n", "a:1 b:2 "},
		{"from a.b import (c,\n  d)\nimport e", "a:1 e:3 "},
		{"import a, \\\n  b\nimport c", "a:1 b:2 c:3 "},
		{"from . import a\nfrom .b import c\nfrom ...d.e import f", ""},
		{"'''\nimport a\n'''\nimport b", "b:4 "},
		{"x = 'import a'; y = \"\\\"import b\"\nz = r'\\'\nimport c", "c:3 "},
		{"# import a\nx = 1 # ; import b\n", ""},
		{"x = [\nimport_,\n]\nimportlib.x\nfrom_ = 1\nimport a", "a:6 "},
		{"def f():\n\timport a\nclass B: import c\nif x: import d\nelse: import e",
		 "a:2 c:3 d:4 e:5 "},
		{"x = {'a': 1}\nx: int = 2\nf(lambda: 1)\nimport a", "a:4 "},
		{"yield from a\nraise A from b", ""},
		{"import \xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9:1 "},
		{"import 1\nimport\nfrom\nfrom a\nimport ,", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(pyimports_done) struct pyimports p = {0};
		AUTO(buf_done) struct buf names = BUF(4096);
		pyimports_read(str_of(rows[i].text), &p);
		for (size_t k = 0; k < p.list.n; k++)
			buf_printf(&names, "%.*s:%u ", STR_ARG(p.list.v[k].name), p.list.v[k].line);
		if (strcmp(names.data, rows[i].names) != 0)
			fail_msg("row %zu: %s", i, names.data);
	}
}

static void what_a_source_can_do_without_is_left_out(void **state)
{
	static const struct {
		const char *text, *names;
	} rows[] = {
		{"try:\n import a\nexcept ImportError:\n import b\nimport c", "c "},
		{"try: import a\nexcept (ValueError, ModuleNotFoundError) as e: b = 1\nimport c",
		 "c "},
		{"try:\n import a\nexcept:\n pass\nelse:\n import b\nfinally:\n import c\nimport d",
		 "d "},
		{"try:\n import a\nexcept ValueError:\n import b\n", "a b "},
		{"try:\n try:\n  import a\n except OSError: pass\n import b\nexcept Exception: "
		 "pass\n",
		 ""},
		{"try:\n import a\nexcept ValueError: pass\ntry:\n import b\nexcept ImportError: "
		 "pass",
		 "a "},
		{"def f():\n try:\n  import a\n except ImportError:\n  pass\n import b\nimport c",
		 "b c "},
		{"if TYPE_CHECKING:\n import a\nelse:\n import b\nimport c", "b c "},
		{"if typing.TYPE_CHECKING: import a\nimport b", "b "},
		{"if not TYPE_CHECKING:\n import a\nif TYPE_CHECKING or x:\n import b", "a b "},
		{"if x:\n import a\nelif TYPE_CHECKING:\n import b", "a "},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(pyimports_done) struct pyimports p = {0};
		AUTO(buf_done) struct buf names = BUF(4096);
		pyimports_read(str_of(rows[i].text), &p);
		for (size_t k = 0; k < p.list.n; k++)
			buf_printf(&names, "%.*s ", STR_ARG(p.list.v[k].name));
		if (strcmp(names.data, rows[i].names) != 0)
			fail_msg("row %zu: %s", i, names.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imports_are_found_where_they_are_statements),
		cmocka_unit_test(what_a_source_can_do_without_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
