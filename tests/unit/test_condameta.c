/* tests/unit/test_condameta.c - records, history and state, as conda and rattler read them. */
#include "builder/condameta.h"
#include "specs/base/fs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct record a_record(void)
{
	static const struct str depends[] = {{"python >=3.8", 12}, {"click", 5}};
	return (struct record){
		.name = STR("kiln-x"),
		.version_text = STR("1.0"),
		.build = STR("pyh_0"),
		.channel = STR("file:///channel"),
		.subdir = STR("noarch"),
		.fn = STR("kiln-x-1.0-pyh_0.conda"),
		.url = STR("file:///channel/noarch/kiln-x-1.0-pyh_0.conda"),
		.has_md5 = true,
		.md5 = {0xab, 1},
		.timestamp = 1700000000123,
		.noarch = NOARCH_PYTHON,
		.license = STR("MIT \"quoted\""),
		.depends = {depends, 2},
	};
}

/* One path of each type, in no order. */
static void write_record(const struct record *r, const cJSON *index, struct buf *out)
{
	struct condameta_path paths[] = {
		{.path = STR("lib/python3.11/site-packages/\xc3\xa4/x.py"),
		 .type = CONDAMETA_HARDLINK,
		 .has_sha256 = true,
		 .has_in_prefix = true,
		 .has_size = true,
		 .size = 3},
		{.path = STR("share/folder"), .type = CONDAMETA_DIRECTORY},
		{.path = STR("bin/patched"),
		 .type = CONDAMETA_HARDLINK,
		 .has_sha256 = true,
		 .has_in_prefix = true,
		 .has_size = true,
		 .size = 5ull << 32,
		 .in_prefix = {{1}},
		 .mode = CONDAMETA_MODE_TEXT,
		 .placeholder = STR("/placeholder\\\"\n"),
		 .no_link = true,
		 .original_path = STR("bin/wanted")},
		{.path = STR("bin/binary"),
		 .type = CONDAMETA_HARDLINK,
		 .mode = CONDAMETA_MODE_BINARY,
		 .placeholder = STR("/p")},
		{.path = STR("bin/link"), .type = CONDAMETA_SOFTLINK, .has_sha256 = true},
		{.path = STR("bin/command"),
		 .type = CONDAMETA_ENTRY_POINT,
		 .has_sha256 = true,
		 .has_size = true},
		{.path = STR("lib/python3.11/site-packages/__pycache__/x.cpython-311.pyc"),
		 .type = CONDAMETA_PYC,
		 .has_size = true},
	};
	struct condameta m = {
		.record = r,
		.index = index,
		.sha256 = {{0xfe}},
		.size = 1883,
		.paths = paths,
		.count = COUNT(paths),
	};
	condameta_record(&m, out);
}

static void writes_the_keys_that_conda_has(void **state)
{
	(void)state;
	static const char *const keys[] = {
		"name",
		"version",
		"build",
		"build_number",
		"channel",
		"subdir",
		"fn",
		"url",
		"md5",
		"sha256",
		"size",
		"depends",
		"timestamp",
		"noarch",
		"license",
		"files",
		"paths_data",
		"link",
		"requested_specs",
		"extracted_package_dir",
		"package_tarball_full_path",
	};
	struct record r = a_record();
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	AUTO(json_free) cJSON *doc = NULL;
	write_record(&r, NULL, &text);
	assert_int_equal(json_parse(buf_str(&text), "record", &doc, NULL), 0);
	for (size_t i = 0; i < COUNT(keys); i++)
		assert_non_null(json_get(doc, keys[i]));
	assert_string_equal(json_text(doc, "channel"), "file:///channel/");
	assert_string_equal(json_text(doc, "noarch"), "python");
	assert_string_equal(json_text(doc, "license"), "MIT \"quoted\"");
	assert_string_equal(json_text(doc, "extracted_package_dir"), "");
	assert_string_equal(json_text(json_object(doc, "link"), "source"), "");
	uint64_t number;
	assert_true(json_u64(json_object(doc, "link"), "type", &number) && number == 3);
	assert_true(json_u64(doc, "timestamp", &number) && number == 1700000000123);
}

static void writes_paths_sorted_and_files_without_folders(void **state)
{
	(void)state;
	struct record r = a_record();
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	AUTO(json_free) cJSON *doc = NULL;
	write_record(&r, NULL, &text);
	assert_int_equal(json_parse(buf_str(&text), "record", &doc, NULL), 0);
	const cJSON *files = json_array(doc, "files");
	const cJSON *paths = json_array(json_object(doc, "paths_data"), "paths");
	assert_int_equal(cJSON_GetArraySize(files), 6);
	assert_int_equal(cJSON_GetArraySize(paths), 7);
	const char *last = "";
	for (const cJSON *p = paths->child; p; p = p->next) {
		assert_true(strcmp(last, json_text(p, "_path")) < 0);
		last = json_text(p, "_path");
	}
	const cJSON *patched = cJSON_GetArrayItem(paths, 3);
	assert_string_equal(json_text(patched, "_path"), "bin/patched");
	assert_string_equal(json_text(patched, "file_mode"), "text");
	assert_string_equal(json_text(patched, "prefix_placeholder"), "/placeholder\\\"\n");
	assert_non_null(json_text(patched, "sha256_in_prefix"));
	assert_true(cJSON_IsTrue(json_get(patched, "no_link")));
	uint64_t size;
	assert_true(json_u64(patched, "size_in_bytes", &size) && size == 5ull << 32);
	const cJSON *plain = cJSON_GetArrayItem(paths, 5);
	assert_null(json_get(plain, "sha256_in_prefix"));
	assert_null(json_get(plain, "file_mode"));
}

static void a_build_from_a_lock_writes_the_same_bytes(void **state)
{
	(void)state;
	AUTO(json_free) cJSON *index = NULL;
	AUTO(buf_done) struct buf solved = BUF(1 << 20), locked = BUF(1 << 20), id = BUF(1 << 20);
	struct str text = STR("{\"build_number\":4,\"noarch\":\"python\",\"timestamp\":7,"
			      "\"constrains\":[\"a <2\"],\"depends\":[\"unpatched\"],\"x\":1}");
	assert_int_equal(json_parse(text, "index.json", &index, NULL), 0);
	struct record r = a_record();
	write_record(&r, index, &solved);
	r.timestamp = 0;
	r.noarch = NOARCH_NONE;
	r.license = STR("");
	write_record(&r, index, &locked);
	assert_string_equal(solved.data, locked.data);
	assert_non_null(strstr(solved.data, "\"build_number\":4"));
	assert_non_null(strstr(solved.data, "\"constrains\":[\"a <2\"]"));
	assert_null(strstr(solved.data, "unpatched"));
	assert_null(strstr(solved.data, "\"x\""));
	condameta_identity(&r, &id);
	assert_non_null(strstr(id.data, "python >=3.8"));
}

static void refuses_names_that_lead_elsewhere(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct record r = a_record();
	struct str path;
	assert_int_equal(condameta_path(&a, &r, &path, NULL), 0);
	assert_string_equal(path.p, "conda-meta/kiln-x-1.0-pyh_0.json");
	static const char *const rows[] = {"../x", "a/b", "", "a\nb"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		r.name = str_of(rows[i]);
		assert_int_equal(condameta_path(&a, &r, &path, NULL), ERR_CORRUPT);
	}
}

static void writes_history_as_conda_reads_it(void **state)
{
	(void)state;
	/* conda's history knows nothing of what pip brings. */
	struct record r[] = {a_record(), {.name = STR("wheel"), .manager = MANAGER_PIP}};
	struct str specs[] = {STR("python >=3.8"), STR("x[build='a']")};
	AUTO(buf_done) struct buf out = BUF(1 << 20);
	condameta_history(r, COUNT(r), (struct strs){specs, 2}, 1700000000, &out);
	assert_string_equal(out.data, "==> 2023-11-14 22:13:20 <==\n"
				      "# cmd: kiln\n"
				      "+file:///channel/noarch::kiln-x-1.0-pyh_0\n"
				      "# update specs: ['python >=3.8', 'x[build=\\'a\\']']\n");
}

static void writes_state_only_where_there_are_variables(void **state)
{
	(void)state;
	struct definition_variable v[] = {{STR("A"), STR("1")}, {STR("B"), STR("a \"b\"")}};
	AUTO(buf_done) struct buf out = BUF(1 << 20);
	condameta_state(v, 0, &out);
	assert_int_equal(out.n, 0);
	condameta_state(v, 2, &out);
	assert_string_equal(out.data,
			    "{\"version\":1,\"env_vars\":{\"A\":\"1\",\"B\":\"a \\\"b\\\"\"}}\n");
}

/* Differential: rattler's own reader takes the record and sees what was meant. */
static void rattler_reads_the_record(void **state)
{
	(void)state;
	static const char program[] =
		"import sys\n"
		"from rattler import PrefixRecord\n"
		"r = PrefixRecord.from_path(sys.argv[1])\n"
		"p = {str(x.relative_path): x for x in r.paths_data.paths}\n"
		"assert r.name.normalized == 'kiln-x' and str(r.version) == '1.0', r\n"
		"assert r.depends == ['python >=3.8', 'click'], r.depends\n"
		"assert len(r.files) == 6 and len(p) == 7, p\n"
		"assert p['bin/command'].path_type.unix_python_entry_point\n"
		"assert p['bin/link'].path_type.softlink\n"
		"assert p['share/folder'].path_type.directory\n"
		"assert p['bin/patched'].sha256_in_prefix.hex()[:2] == '01'\n"
		"assert p['bin/patched'].size_in_bytes == 5 << 32\n"
		"assert r.channel == 'file:///channel/', r.channel\n"
		"assert r.size == 1883 and r.sha256.hex()[:2] == 'fe'\n";
	if (access("build/venv/bin/python", X_OK) < 0)
		skip();
	struct record r = a_record();
	AUTO(free) char *folder = NULL;
	AUTO(buf_done) struct buf text = BUF(1 << 20), command = BUF(1 << 20);
	assert_int_equal(fs_temp_dir("/tmp", &folder, NULL), 0);
	AUTO(free) char *file = fs_join(folder, "kiln-x-1.0-pyh_0.json");
	AUTO(free) char *script = fs_join(folder, "read.py");
	write_record(&r, NULL, &text);
	assert_int_equal(fs_write(file, buf_str(&text), 0644, NULL), 0);
	assert_int_equal(fs_write(script, str_of(program), 0644, NULL), 0);
	buf_printf(&command, "build/venv/bin/python %s %s", script, file);
	assert_int_equal(system(command.data), 0);
	fs_remove(folder, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_keys_that_conda_has),
		cmocka_unit_test(writes_paths_sorted_and_files_without_folders),
		cmocka_unit_test(a_build_from_a_lock_writes_the_same_bytes),
		cmocka_unit_test(refuses_names_that_lead_elsewhere),
		cmocka_unit_test(writes_history_as_conda_reads_it),
		cmocka_unit_test(writes_state_only_where_there_are_variables),
		cmocka_unit_test(rattler_reads_the_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
