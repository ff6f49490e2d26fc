/* tests/unit/test_bytecode.c - sources become .pyc files as PEP 552 and py_compile have them. */
#include "builder/bytecode.h"
#include "specs/base/workers.h"
#include "tests/fake/folder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

/* The machine's own python stands in for the environment's. */
static const struct interpreter host = {(char *)"/usr", (char *)"bin/python3"};
static struct compiler *compiler;

static int tear_down(void **state)
{
	compiler_stop(STEAL(&compiler));
	return folder_remove(state);
}

static void need_python(void)
{
	AUTO(err_free) struct err *e = NULL;
	if (access("/usr/bin/python3", X_OK) < 0)
		skip();
	if (compiler_start(&host, "/opt/env", folder, &compiler, &e) < 0)
		fail_msg("%s", err_line(e));
}

static void names_the_file_that_python_looks_for(void **state)
{
	(void)state;
	static const struct {
		const char *source, *version, *path;
	} rows[] = {
		{"a/b.py", "3.11.2", "a/__pycache__/b.cpython-311.pyc"},
		{"b.py", "3.7", "__pycache__/b.cpython-37.pyc"},
		{"a.py/b.c.py", "3.13.0rc1", "a.py/__pycache__/b.c.cpython-313.pyc"},
		{"a/b.py", "3.6.9", NULL},
		{"a/b.py", "2.7.18", NULL},
		{"a/b.py", "4.0", NULL},
		{"a/b.py", "3", NULL},
		{"a/b.py", "", NULL},
		{"a/b.pyc", "3.11.2", NULL},
		{"a/.py", "3.11.2", NULL},
		{"a/bpy", "3.11.2", NULL},
		{"", "3.11.2", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf out = BUF(1000);
		bool is = bytecode_path(str_of(rows[i].source), str_of(rows[i].version), &out);
		assert_int_equal(is, rows[i].path != NULL);
		assert_string_equal(out.data, rows[i].path ? rows[i].path : "");
	}
}

struct file {
	const char *path, *source;
	bool compiles;
};

static const struct file files[] = {
	{"lib/a.py", "import os\nX = {1, 2, 'three'}\ndef f(a, *b):\n    return a\n", true},
	{"lib/empty.py", "", true},
	{"lib/broken.py", "def f(:\n", false},
	{"lib/latin.py", "# -*- coding: latin-1 -*-\nA = '\xe4'\n", true},
	{"lib/unknown.py", "# -*- coding: no-such -*-\n", false},
	{"lib/bytes.py", "A = '\xe4'\n", false},
	{"lib/escape.py", "A = '\\d'\nassert (1, 2)\n", true},
	{"lib/\xc3\xa4/last.py", "class C:\n    'text'\n    def g(self): yield 1\n", true},
};

static int keep(void *cookie, const struct bytecode_file *f, struct err **e)
{
	(void)e;
	size_t *n = cookie;
	assert_string_equal(f->source, files[*n].path);
	assert_int_equal(f->p != NULL, files[*n].compiles);
	AUTO(buf_done) struct buf source = BUF(1000), pyc = BUF(1000);
	buf_printf(&source, "%s/%zu", folder, *n);
	buf_printf(&pyc, "%s.pyc", source.data);
	if (f->p) {
		const char *text = files[*n].source;
		assert_int_equal(fs_write(source.data, str_of(text), 0644, NULL), 0);
		assert_int_equal(fs_write(pyc.data, (struct str){f->p, f->size}, 0644, NULL), 0);
	}
	++*n;
	return 0;
}

static void compile_all(bytecode_each_fn *each, void *cookie)
{
	AUTO(err_free) struct err *e = NULL;
	AUTO(bytecode_free) struct bytecode *b = NULL;
	int code = bytecode_start(compiler, &b, &e);
	for (size_t i = 0; i < COUNT(files) && code == 0; i++)
		code = bytecode_add(b, files[i].path, files[i].source, strlen(files[i].source), &e);
	if (code == 0)
		code = bytecode_end(b, each, cookie, &e);
	if (code < 0)
		fail_msg("%s", err_line(e));
}

/* Differential: header and code are what py_compile writes for the final path. */
static void compiles_what_py_compile_would(void **state)
{
	(void)state;
	static const char check[] =
		"import sys, marshal, py_compile\n"
		"from py_compile import PycInvalidationMode as mode\n"
		"folder, names = sys.argv[1], sys.argv[2:]\n"
		"for i, name in enumerate(names):\n"
		"    try: mine = open(f'{folder}/{i}.pyc', 'rb').read()\n"
		"    except FileNotFoundError: continue\n"
		"    theirs = py_compile.compile(f'{folder}/{i}', cfile=f'{folder}/{i}.c',\n"
		"        dfile='/opt/env/' + name, doraise=True,\n"
		"        invalidation_mode=mode.UNCHECKED_HASH)\n"
		"    theirs = open(theirs, 'rb').read()\n"
		"    assert mine[:16] == theirs[:16], name\n"
		"    mine, theirs = marshal.loads(mine[16:]), marshal.loads(theirs[16:])\n"
		"    assert mine == theirs and mine.co_filename == theirs.co_filename, name\n";
	need_python();
	size_t n = 0;
	compile_all(keep, &n);
	assert_int_equal(n, COUNT(files));
	AUTO(free) char *script = fs_join(folder, "check.py");
	AUTO(buf_done) struct buf command = BUF(10000);
	assert_int_equal(fs_write(script, str_of(check), 0644, NULL), 0);
	buf_printf(&command, "LC_ALL=C.UTF-8 python3 -Wignore %s %s", script, folder);
	for (size_t i = 0; i < COUNT(files); i++)
		buf_printf(&command, " %s", files[i].path);
	assert_int_equal(system(command.data), 0);
}

static int add_to_hash(void *cookie, const struct bytecode_file *f, struct err **e)
{
	(void)e;
	hasher_add(cookie, f->source, strlen(f->source));
	hasher_add(cookie, f->p, f->size);
	return 0;
}

static void gives_the_same_bytes_each_time(void **state)
{
	(void)state;
	struct digest first, again;
	need_python();
	for (int i = 0; i < 3; i++) {
		AUTO(hasher_free) struct hasher *h = hasher_new();
		compile_all(add_to_hash, h);
		hasher_end(h, i ? &again : &first);
		assert_true(i == 0 || digest_eq(&first, &again));
	}
}

static int count(void *cookie, const struct bytecode_file *f, struct err **e)
{
	(void)e;
	*(size_t *)cookie += f->p != NULL && f->size > 16;
	return 0;
}

/* More than sockets and pipes hold, in both directions. */
static void many_sources_do_not_block(void **state)
{
	(void)state;
	need_python();
	AUTO(bytecode_free) struct bytecode *b = NULL;
	AUTO(buf_done) struct buf source = BUF(1 << 20);
	size_t n = 0;
	for (int i = 0; i < 2000; i++)
		buf_printf(&source, "def f%d(a): return 'text %d'\n", i, i);
	assert_int_equal(bytecode_start(compiler, &b, NULL), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(bytecode_add(b, "x.py", source.data, source.n, NULL), 0);
	assert_int_equal(bytecode_end(b, count, &n, NULL), 0);
	assert_int_equal(n, 20);
}

static void says_why_an_interpreter_does_not_run(void **state)
{
	(void)state;
	static const struct interpreter rows[] = {
		{(char *)"/usr", (char *)"bin/false"},
		{(char *)"/usr", (char *)"bin/kiln-no-such-python"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		assert_true(compiler_start(&rows[i], "/opt/env", folder, &compiler, &e) < 0);
		assert_non_null(strstr(e->text, "interpreter"));
	}
}

static int compile_some(void *cookie, size_t i, struct err **e)
{
	struct digest *out = (struct digest *)cookie + i;
	AUTO(bytecode_free) struct bytecode *b = NULL;
	AUTO(hasher_free) struct hasher *h = hasher_new();
	int code = bytecode_start(compiler, &b, e);
	for (size_t k = 0; k < 50 && code == 0; k++) {
		AUTO(buf_done) struct buf source = BUF(1 << 20);
		buf_printf(&source, "import os\ndef f%zu(text): return 'os', %zu, text.path\n",
			   k + i % 3, k * 1000);
		code = bytecode_add(b, "x.py", source.data, source.n, e);
	}
	if (code == 0)
		code = bytecode_end(b, add_to_hash, h, e);
	hasher_end(h, out);
	return code;
}

static void packages_beside_one_another_do_not_show_in_the_bytes(void **state)
{
	(void)state;
	enum { JOBS = 30 };
	struct digest out[JOBS];
	need_python();
	assert_int_equal(workers_run(6, JOBS, compile_some, out, NULL), 0);
	for (size_t i = 3; i < JOBS; i++)
		assert_true(digest_eq(&out[i], &out[i % 3]));
	assert_false(digest_eq(&out[0], &out[1]));
}

static void may_be_dropped_while_it_compiles(void **state)
{
	(void)state;
	need_python();
	AUTO(bytecode_free) struct bytecode *b = NULL;
	assert_int_equal(bytecode_start(compiler, &b, NULL), 0);
	assert_int_equal(bytecode_add(b, "x.py", "a = 1\n", 6, NULL), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_file_that_python_looks_for),
		TEST(compiles_what_py_compile_would),
		TEST(gives_the_same_bytes_each_time),
		TEST(many_sources_do_not_block),
		TEST(says_why_an_interpreter_does_not_run),
		TEST(packages_beside_one_another_do_not_show_in_the_bytes),
		TEST(may_be_dropped_while_it_compiles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
