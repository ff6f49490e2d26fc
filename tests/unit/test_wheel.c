/* tests/unit/test_wheel.c - wheels that are as they should be, and others;
 * tests/differential/wheels.py compares real ones with pip. */
#include "builder/wheel.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include "specs/wheel_name.h"
#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct member {
	const char *path, *text;
};

#define INFO "a-1.0.dist-info/"
#define GOOD                                                                                       \
	{INFO "WHEEL", "Wheel-Version: 1.0\n"},                                                    \
	{                                                                                          \
		INFO "METADATA", "Name: A\nVersion: 1.0\nRequires-Dist: b>1\n\nName: no\n"         \
	}
enum { MEMBERS = 8 };

static void write_wheel(const char *path, const struct member *members)
{
	struct archive *zip = archive_write_new();
	archive_write_set_format_zip(zip);
	assert_int_equal(archive_write_open_filename(zip, path), ARCHIVE_OK);
	for (size_t i = 0; i < MEMBERS && members[i].path; i++) {
		struct archive_entry *entry = archive_entry_new();
		size_t n = strlen(members[i].text);
		archive_entry_set_pathname(entry, members[i].path);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, (la_int64_t)n);
		assert_int_equal(archive_write_header(zip, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(zip, members[i].text, n), n);
		archive_entry_free(entry);
	}
	assert_int_equal(archive_write_close(zip), ARCHIVE_OK);
	archive_write_free(zip);
}

static int new_path(void **state)
{
	AUTO(free) char *folder = NULL;
	if (fs_temp_dir("/tmp", &folder, NULL) < 0)
		return -1;
	*state = fs_join(folder, "a.whl");
	return 0;
}

static int path_gone(void **state)
{
	char *path = *state;
	*strrchr(path, '/') = 0;
	int r = fs_remove(path, NULL);
	free(path);
	return r;
}

static void a_wheel_tells_what_it_is(void **state)
{
	static const struct member members[MEMBERS] = {
		GOOD,
		{"a.py", "x = 1\n"},
		{"a-1.0.data/scripts/run", "#!python\n"},
		{"a-1.0.data/data/etc/a", ""},
		{INFO "RECORD", "a.py,sha256=AAAA,6\ngone.py,,\n"},
		{INFO "INSTALLER", "other"},
		{INFO "entry_points.txt", "[console_scripts]\nrun = a:b.c [x]\nmore=a:d\n"},
	};
	AUTO(package_info_done) struct package_info info = {.arena = ARENA};
	AUTO(err_free) struct err *e = NULL;

	write_wheel(*state, members);
	if (wheel_info_read(*state, &info, &e) < 0)
		fail_msg("%s", e->text);
	assert_true(str_is(info.name, "a"));
	assert_true(str_is(info.version, "1.0"));
	assert_int_equal(info.wheel->requires.n, 1);
	assert_true(str_is(info.wheel->requires.v[0], "b>1"));
	assert_int_equal(info.entry_point_count, 2);
	assert_true(str_is(info.entry_points[0].function, "b.c"));
	/* RECORD and INSTALLER are made anew; the script is the command of its name */
	assert_int_equal(info.count, 5);
	for (size_t i = 0; i < info.count; i++) {
		assert_false(str_ends(info.paths[i].path, "/run"));
		assert_false(str_ends(info.paths[i].path, "/RECORD"));
	}
}

static void what_is_no_wheel_is_refused(void **state)
{
	static const struct {
		struct member members[MEMBERS];
		const char *words;
	} rows[] = {
		{{{"a.py", ""}}, "not a wheel: it has no folder *.dist-info"},
		{{GOOD, {"b-1.dist-info/WHEEL", ""}}, "has both a-1.0.dist-info and b-1.dist-info"},
		{{{INFO "WHEEL", "Wheel-Version: 2.0\n"}}, "Wheel-Version 2 is not known"},
		{{{INFO "WHEEL", "\n"}}, "its WHEEL names no Wheel-Version"},
		{{{INFO "WHEEL", "Wheel-Version: 1.0\n"}, {INFO "METADATA", "Name: a\n"}},
		 "its METADATA has no Name or no Version"},
		{{GOOD, {"../x", ""}}, "\"../x\" is no name below a prefix"},
		{{GOOD, {"/x", ""}}, "\"/x\" is no name below a prefix"},
		{{GOOD, {"x\ny", ""}}, "is no name for a file"},
		{{GOOD, {"x", ""}, {"./x", ""}}, "x stands in it twice"},
		{{GOOD, {"a-1.0.data/other/x", ""}}, "no place is known for it"},
		{{GOOD, {"a-1.0.data/scripts/sub/x", ""}}, "no place is known for it"},
		{{GOOD, {INFO "entry_points.txt", "[console_scripts]\n../x = a:b\n"}},
		 "is no entry point"},
		{{GOOD, {INFO "entry_points.txt", "[gui_scripts]\nx = a\n"}}, "is no entry point"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(package_info_done) struct package_info info = {.arena = ARENA};
		AUTO(err_free) struct err *e = NULL;
		write_wheel(*state, rows[i].members);
		if (wheel_info_read(*state, &info, &e) != ERR_CORRUPT)
			fail_msg("row %zu is read", i);
		AUTO(free) char *line = err_line(e);
		if (!strstr(line, rows[i].words))
			fail_msg("row %zu: %s", i, line);
	}
}

static void names_of_files_have_five_or_six_parts(void **state)
{
	static const struct {
		const char *file, *build; /* NULL: refused */
	} rows[] = {
		{"a-1-py3-none-any.whl", ""},	    {"a_b-1.0-2x-py2.py3-none-any.whl", "2x"},
		{"a-1-x-py3-none-any.whl", NULL},   {"a-py3-none-any.whl", NULL},
		{"a-1-py3-none-any.zip", NULL},	    {"a--py3-none-any.whl", NULL},
		{"a-1-2-3-py3-none-any.whl", NULL}, {"", NULL},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wheel_name name;
		int r = wheel_name_parse(str_of(rows[i].file), &name, NULL);
		if ((r == 0) != (rows[i].build != NULL) ||
		    (r == 0 && !str_is(name.build, rows[i].build)))
			fail_msg("%s: %d", rows[i].file, r);
	}
}

static void records_are_sorted_and_quoted(void **state)
{
	const struct condameta_path paths[] = {
		{.path = STR("lib/python3.11/site-packages/b,c.py"), .has_sha256 = true, .size = 1},
		{.path = STR("bin/x"), .has_sha256 = true, .size = 2},
		{.path = STR("lib/python3.11/site-packages/__pycache__/b.pyc"),
		 .type = CONDAMETA_PYC},
	};
	AUTO(buf_done) struct buf text = BUF(1000);
	(void)state;

	wheel_write_record(paths, COUNT(paths), STR("lib/python3.11/site-packages"),
			   STR("lib/python3.11/site-packages/a.dist-info/RECORD"), &text);
	assert_string_equal(text.data,
			    "../../../bin/x,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,2\n"
			    "a.dist-info/RECORD,,\n"
			    "\"b,c.py\",sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,1\n");
}

static void what_has_an_address_of_its_own_says_so(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		bool direct, due;
	} rows[] = {
		{"https://h/x-1-py3-none-any.whl", true, true},
		{"https://h/x-1-py3-none-any.whl", false, false},
		{"file:///home/u/x-1-py3-none-any.whl", true, false},
	};
	struct digest d = {{0xab}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct record r = {.manager = MANAGER_PIP,
				   .url = str_of(rows[i].url),
				   .direct = rows[i].direct};
		assert_int_equal(wheel_has_direct_url(&r), rows[i].due);
	}
	AUTO(buf_done) struct buf text = BUF(4096);
	struct record r = {.url = STR("https://h/x.whl")};
	wheel_write_direct_url(&r, &d, &text);
	AUTO(json_free) cJSON *doc = NULL;
	assert_int_equal(json_parse(buf_str(&text), "direct_url.json", &doc, NULL), 0);
	assert_string_equal(json_text(doc, "url"), "https://h/x.whl");
	const cJSON *info = json_object(doc, "archive_info");
	assert_string_equal(json_text(json_object(info, "hashes"), "sha256"), digest_text(&d).hex);
	assert_memory_equal(json_text(info, "hash"), "sha256=ab00", 11);
}

/* PEP 610's own form for git. */
static void what_comes_of_a_commit_says_which(void **state)
{
	struct record_source source = {.kind = SOURCE_GIT, .revision = STR("v1")};
	struct record r = {.url = STR("git+https://h/x.git@0123456789abcdef0123456789abcdef01234567"
				      "#subdirectory=a/b"),
			   .manager = MANAGER_PIP,
			   .direct = true,
			   .source = &source};
	AUTO(buf_done) struct buf text = BUF(4096);
	struct digest d = {{0}};
	(void)state;
	assert_true(wheel_has_direct_url(&r));
	wheel_write_direct_url(&r, &d, &text);
	assert_string_equal(text.data, "{\"vcs_info\":{\"vcs\":\"git\",\"commit_id\":"
				       "\"0123456789abcdef0123456789abcdef01234567\","
				       "\"requested_revision\":\"v1\"},\"subdirectory\":\"a/b\","
				       "\"url\":\"https://h/x.git\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_wheel_tells_what_it_is, new_path, path_gone),
		cmocka_unit_test_setup_teardown(what_is_no_wheel_is_refused, new_path, path_gone),
		cmocka_unit_test(names_of_files_have_five_or_six_parts),
		cmocka_unit_test(records_are_sorted_and_quoted),
		cmocka_unit_test(what_has_an_address_of_its_own_says_so),
		cmocka_unit_test(what_comes_of_a_commit_says_which),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
