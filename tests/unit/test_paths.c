/* tests/unit/test_paths.c - what archives say of their paths, and noarch python packages. */
#include "builder/paths.h"
#include "tests/unit/package_maker.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define INDEX "{\"name\": \"x\", \"version\": \"1\", \"build\": \"0\"}"

/* A line a path: type, mode, no_link, size, placeholder. */
static void describe(const struct package_info *info, struct buf *out)
{
	for (size_t i = 0; i < info->count; i++) {
		const struct package_path *p = &info->paths[i];
		buf_printf(out, "%.*s %c%c%s", STR_ARG(p->path), "?hsd"[p->type], "-tb"[p->mode],
			   p -> no_link ? "n" : "");
		if (p->has_size)
			buf_printf(out, " %llu", (unsigned long long)p->size);
		if (p->has_sha256)
			buf_printf(out, " %.4s", digest_text(&p->sha256).hex);
		buf_printf(out, " %.*s\n", STR_ARG(p->placeholder));
	}
}

static void paths_json_is_read_as_the_standard_says(void **state)
{
	static const struct {
		const char *json, *paths; /* NULL: ERR_CORRUPT */
	} rows[] = {
		{"{\"paths\": [], \"paths_version\": 1}", ""},
		{"{\"paths\": [{\"_path\": \"a\"}]}", "a h- \n"},
		{"{\"paths_version\": 1, \"paths\": [{\"_path\": \"a/b\", \"path_type\": "
		 "\"softlink\", \"sha256\": \"" EMPTY "\", \"size_in_bytes\": 0}, "
		 "{\"path_type\": \"directory\", \"_path\": \"d\"}]}",
		 "a/b s- 0 e3b0 \nd d- \n"},
		/* A placeholder without a mode is of a text. */
		{"{\"paths\": [{\"_path\": \"a\", \"prefix_placeholder\": \"/p\"}]}", "a ht /p\n"},
		{"{\"paths\": [{\"_path\": \"a\", \"file_mode\": \"binary\", "
		 "\"prefix_placeholder\": \"/p\", \"no_link\": true, \"size_in_bytes\": 7}]}",
		 "a hbn 7 /p\n"},
		{"{\"paths\": [{\"_path\": \"a\", \"file_mode\": \"binary\"}]}", "a h- \n"},
		{"{\"paths\": [{\"_path\": \"a\", \"x\": {\"_path\": \"b\", \"y\": [[1]]}, "
		 "\"no_link\": false, \"sha256\": null}], \"other\": [{\"_path\": \"c\"}]}",
		 "a h- \n"},
		{"{\"paths\": [{\"path_type\": \"hardlink\"}]}", NULL},
		{"{\"paths\": [{\"_path\": \"../a\"}]}", NULL},
		{"{\"paths\": [{\"_path\": \"/a\"}]}", NULL},
		{"{\"paths\": [{\"_path\": \"a//b\"}]}", NULL},
		{"{\"paths\": [{\"_path\": \"a\\u0000b\"}]}", NULL},
		{"{\"paths\": [{\"_path\": \"a\", \"path_type\": \"socket\"}]}", NULL},
		{"{\"paths\": [{\"_path\": \"a\", \"file_mode\": \"hex\"}]}", NULL},
		{"{\"paths\": [{\"_path\": \"a\", \"sha256\": \"12\"}]}", NULL},
		{"{\"paths\": [{\"_path\": \"a\", \"size_in_bytes\": -1}]}", NULL},
		{"{\"paths\": [{\"_path\": \"a\", \"size_in_bytes\": 99999999999999}]}", NULL},
		{"{\"paths\": [], \"paths_version\": 2}", NULL},
		{"{\"paths\": [", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(package_info_done) struct package_info info = {.arena = ARENA};
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		int code = paths_read_json(str_of(rows[i].json), &info, NULL);
		assert_int_equal(code, rows[i].paths ? 0 : ERR_CORRUPT);
		describe(&info, &text);
		if (rows[i].paths)
			assert_string_equal(text.data, rows[i].paths);
	}
}

#define OLD "/opt/anaconda1anaconda2anaconda3"

static void older_lists_give_the_same(void **state)
{
	static const struct {
		const char *files, *has_prefix, *paths;
	} rows[] = {
		{"bin/a\nlib/b c\n", "", "bin/a ?- \nlib/b c ?- \n"},
		{"a\r\nb", "b\n", "a ?- \nb ?t " OLD "\n"},
		{"a\nb\nc d\n", "/p text a\n/q binary b\nc d\n",
		 "a ?t /p\nb ?b /q\nc d ?t " OLD "\n"},
		{"a b\nc\"d\n", "\"/p\" \"text\" \"a b\"\n'/q' text \"c\\\"d\"\n",
		 "a b ?t /p\nc\"d ?t /q\n"},
		{"a\n", "/p text missing\n\n", "a ?- \n"},
		{"../a\n", "", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(package_info_done) struct package_info info = {.arena = ARENA};
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		int code = paths_read_files(str_of(rows[i].files), str_of(rows[i].has_prefix),
					    &info, NULL);
		assert_int_equal(code, rows[i].paths ? 0 : ERR_CORRUPT);
		describe(&info, &text);
		if (rows[i].paths)
			assert_string_equal(text.data, rows[i].paths);
	}
}

static void the_index_tells_what_a_lock_forgets(void **state)
{
	static const struct {
		const char *json;
		enum noarch noarch;
		uint64_t timestamp;
		int code;
	} rows[] = {
		{INDEX, NOARCH_NONE, 0, 0},
		{"{\"name\": \"x\", \"version\": \"1\", \"build\": \"0\", \"noarch\": \"python\", "
		 "\"timestamp\": 1741152691000}",
		 NOARCH_PYTHON, 1741152691, 0},
		{"{\"name\": \"x\", \"version\": \"1\", \"build\": \"0\", \"noarch\": true, "
		 "\"timestamp\": 1400000000}",
		 NOARCH_GENERIC, 1400000000, 0},
		{"{\"name\": \"x\", \"version\": \"1\"}", NOARCH_NONE, 0, ERR_CORRUPT},
		{"[]", NOARCH_NONE, 0, ERR_CORRUPT},
		{"{", NOARCH_NONE, 0, ERR_CORRUPT},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(package_info_done) struct package_info info = {.arena = ARENA};
		int code = paths_read_index(str_of(rows[i].json), &info, NULL);
		assert_int_equal(code, rows[i].code);
		assert_int_equal(info.noarch, rows[i].noarch);
		assert_int_equal(info.timestamp, rows[i].timestamp);
	}
}

static void archives_are_read_in_either_form(void **state)
{
	static const struct made_file new_style[] = {
		{"info/paths.json", "{\"paths\": [{\"_path\": \"a\"}]}"},
		{"info/about.json", "{}", .mtime = 500},
		{"info/index.json",
		 "{\"name\": \"x\", \"version\": \"1\", \"build\": \"0\", \"noarch\": \"python\"}"},
		{"a", "text"},
		{"info/link.json", "{\"noarch\": {\"entry_points\": [\"x = m:f\"]}}"},
	};
	static const struct made_file old_style[] = {
		{"info/index.json", INDEX, .mtime = 400},
		{"info/files", "a\nb\n"},
		{"info/has_prefix", "a\n"},
		{"info/no_link", "b\n"},
	};
	static const struct made_file nothing[] = {{"info/index.json", INDEX}};
	static const char *const forms[] = {"x.conda", "x.tar.bz2"};
	AUTO(free) char *folder = NULL;
	(void)state;
	assert_int_equal(fs_temp_dir("/tmp", &folder, NULL), 0);
	for (size_t i = 0; i < COUNT(forms); i++) {
		AUTO(free) char *path = fs_join(folder, forms[i]);
		AUTO(package_info_done) struct package_info now = {0}, old = {0}, none = {0};
		make_package(path, new_style, COUNT(new_style));
		assert_int_equal(package_info_read(path, &now, NULL), 0);
		assert_int_equal(now.count, 1);
		assert_int_equal(now.mtime, 500);
		assert_int_equal(now.entry_point_count, 1);
		make_package(path, old_style, COUNT(old_style));
		assert_int_equal(package_info_read(path, &old, NULL), 0);
		assert_int_equal(old.count, 2);
		assert_int_equal(old.mtime, 400);
		assert_int_equal(old.paths[0].mode, PATH_MODE_TEXT);
		assert_true(old.paths[1].no_link);
		make_package(path, nothing, COUNT(nothing));
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(package_info_read(path, &none, &e), ERR_CORRUPT);
		assert_string_equal(e->text, forms[i]);
	}
	fs_remove(folder, NULL);
}

static void a_million_paths_take_a_second(void **state)
{
	AUTO(buf_done) struct buf text = BUF(1 << 28);
	AUTO(package_info_done) struct package_info info = {.arena = ARENA};
	(void)state;
	buf_add_text(&text, "{\"paths\": [");
	for (unsigned i = 0; i < 1000000; i++)
		buf_printf(&text, "%s{\"_path\": \"lib/x/%u\", \"size_in_bytes\": %u}",
			   i ? "," : "", i, i);
	buf_add_text(&text, "]}");
	assert_int_equal(paths_read_json(buf_str(&text), &info, NULL), 0);
	assert_int_equal(info.count, 1000000);
	assert_string_equal(info.paths[999999].path.p, "lib/x/999999");
}

static void noarch_files_go_where_python_looks(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"site-packages/x/y.py", "lib/python3.11/site-packages/x/y.py"},
		{"python-scripts/tool", "bin/tool"},
		{"site-packagesX/y", "site-packagesX/y"},
		{"site-packages", "site-packages"},
		{"share/site-packages/x", "share/site-packages/x"},
	};
	AUTO(arena_done) struct arena a = ARENA;
	struct record record = {.version_text = STR("3.11.2")};
	struct noarch_python python;
	(void)state;
	assert_int_equal(noarch_python(&a, &record, &python, NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(noarch_path(&a, &python, str_of(rows[i].from)).p, rows[i].to);
	record.python_site_packages_path = STR("lib/python3.13t/site-packages");
	assert_int_equal(noarch_python(&a, &record, &python, NULL), 0);
	assert_string_equal(noarch_path(&a, &python, STR("site-packages/x")).p,
			    "lib/python3.13t/site-packages/x");
	record.python_site_packages_path = STR("../../etc");
	assert_int_equal(noarch_python(&a, &record, &python, NULL), ERR_CORRUPT);
	record = (struct record){.version_text = STR("three")};
	assert_int_equal(noarch_python(&a, &record, &python, NULL), ERR_CORRUPT);
}

static void entry_points_are_split_and_checked(void **state)
{
	static const struct {
		const char *text, *command, *module, *function; /* command NULL: ERR_CORRUPT */
	} rows[] = {
		{"a=b:c", "a", "b", "c"},
		{" my-tool = pkg.sub : Group.run ", "my-tool", "pkg.sub", "Group.run"},
		{"\"a\" = 'b:c'", NULL},
		{"'a' = \"b\":\"c\"", "a", "b", "c"},
		{"a", NULL},
		{"a = b", NULL},
		{"a = :c", NULL},
		{"= b:c", NULL},
		{"../../x = b:c", NULL},
		{"x/y = b:c", NULL},
		{".hidden = b:c", NULL},
		{"a b = b:c", NULL},
		{"a = b:c; import os", NULL},
		{"a = b:c d", NULL},
		{"a = b-c:d", NULL},
		{"a = b..c:d", NULL},
		{"a = .b:d", NULL},
		{"a = b:d.", NULL},
		{"a = 1b:d", NULL},
		{"a = b:c:d", NULL},
		{"a = b\n:c", "a", "b", "c"},
		{"a = b:c\nd", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entry_point p;
		int code = entry_point_parse(str_of(rows[i].text), &p, NULL);
		assert_int_equal(code, rows[i].command ? 0 : ERR_CORRUPT);
		if (!rows[i].command)
			continue;
		assert_true(str_is(p.command, rows[i].command));
		assert_true(str_is(p.module, rows[i].module));
		assert_true(str_is(p.function, rows[i].function));
	}
}

static void an_entry_point_calls_its_function(void **state)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf text = BUF(1 << 16), with_blank = BUF(1 << 16);
	struct record record = {.version_text = STR("3.11.2")};
	struct noarch_python python;
	struct entry_point p;
	(void)state;
	assert_int_equal(noarch_python(&a, &record, &python, NULL), 0);
	assert_int_equal(entry_point_parse(STR("x = a.b:C.run"), &p, NULL), 0);
	entry_point_write(&p, &python, "/opt/env", &text);
	assert_string_equal(
		text.data, "#!/opt/env/bin/python3.11\n"
			   "# -*- coding: utf-8 -*-\n"
			   "import re\n"
			   "import sys\n"
			   "\n"
			   "from a.b import C\n"
			   "\n"
			   "if __name__ == '__main__':\n"
			   "\tsys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n"
			   "\tsys.exit(C.run())\n");
	entry_point_write(&p, &python, "/a b", &with_blank);
	assert_true(str_starts(buf_str(&with_blank),
			       "#!/bin/sh\n'''exec' \"/a b/bin/python3.11\" \"$0\" \"$@\" #'''\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_json_is_read_as_the_standard_says),
		cmocka_unit_test(older_lists_give_the_same),
		cmocka_unit_test(the_index_tells_what_a_lock_forgets),
		cmocka_unit_test(archives_are_read_in_either_form),
		cmocka_unit_test(a_million_paths_take_a_second),
		cmocka_unit_test(noarch_files_go_where_python_looks),
		cmocka_unit_test(entry_points_are_split_and_checked),
		cmocka_unit_test(an_entry_point_calls_its_function),
	};
	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
