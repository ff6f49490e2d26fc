/* tests/unit/test_check.c - doubts about definitions and locks. */
#include "builder/check.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void write_codes(const struct findings *f, struct buf *out)
{
	for (size_t i = 0; i < f->list.n; i++)
		buf_printf(out, "%s: %.*s\n", f->list.v[i].code, STR_ARG(f->list.v[i].message));
}

static void definitions_are_looked_through(void **state)
{
	static const struct {
		const char *dependencies, *findings;
	} rows[] = {
		{"[python=3.11]", ""},
		{"[python, zlib=1]", "unpinned: no version is asked of python\n"},
		{"[python=3.11, pip=25, {pip: [a==1, b]}]", "unpinned: no version is asked of b\n"},
		{"[python=3.11, {pip: [a==1]}]",
		 "no-pip: there are pip requirements, and pip is not among the dependencies\n"},
		{"[python=3.11, pip=25, ruamel.yaml=1, {pip: [Ruamel_yaml==1]}]",
		 "shadow: ruamel-yaml comes from conda and from pip\n"},
		{"[python=3.11, vs2015_runtime=14, pip=25, {pip: [pywin32==1]}]",
		 "other-system: vs2015-runtime is for Windows\n"
		 "other-system: pywin32 is for Windows\n"},
		{"[python=3.11, pip=25, {pip: [\"pywin32==1; sys_platform == 'win32'\"]}]", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(findings_done) struct findings f = FINDINGS;
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(buf_done) struct buf found = BUF(1 << 16);
		struct str text =
			arena_printf(&a, "channels: [c]\ndependencies: %s\n", rows[i].dependencies);
		assert_int_equal(definition_parse(text, "env", NULL, NULL, &d, NULL), 0);
		check_definition(&d, &f);
		write_codes(&f, &found);
		assert_string_equal(found.data, rows[i].findings);
	}
}

static struct record wheel(const char *name, const char *version, const char *file)
{
	return (struct record){.manager = MANAGER_PIP,
			       .name = str_of(name),
			       .version_text = str_of(version),
			       .fn = str_of(file)};
}

static struct record package(const char *name, const char *version, const char *subdir)
{
	return (struct record){
		.name = str_of(name), .version_text = str_of(version), .subdir = str_of(subdir)};
}

#define PURE "x-1-py3-none-any.whl"

static void locks_are_looked_through(void **state)
{
	const struct {
		struct record records[2];
		const char *cuda, *findings;
	} rows[] = {
		{{wheel("a", "1", PURE), package("b", "1", "noarch")}, "", ""},
		{{wheel("numpy", "1.0", PURE), package("numpy", "2.0", "linux-64")},
		 "",
		 "shadow: numpy comes from conda and from pip\n"},
		{{wheel("nvidia-cublas-cu12", "12.4", PURE), package("b", "1", "noarch")}, "", ""},
		{{wheel("nvidia-cublas-cu12", "12.4", PURE), package("b", "1", "noarch")},
		 "12.4.1",
		 "cuda-twice: CUDA comes from the base (CUDA 12.4.1), pip (nvidia-cublas-cu12 "
		 "12.4)\n"},
		{{wheel("nvidia-cublas-cu12", "12.4", PURE),
		  package("cudatoolkit", "11.8", "linux-64")},
		 "",
		 "cuda-twice: CUDA comes from conda (cudatoolkit 11.8), pip (nvidia-cublas-cu12 "
		 "12.4)\n"},
		{{wheel("a", "1", "a-1-cp311-cp311-manylinux_2_39_x86_64.whl"),
		  wheel("b", "1",
			"b-1-cp311-cp311-manylinux_2_39_x86_64.manylinux_2_28_x86_64.whl")},
		 "",
		 "newer-glibc: a 1 needs glibc 2.39, and the target has 2.36\n"},
		{{wheel("a", "1", "a-1-cp311-cp311-win_amd64.whl"), package("b", "1", "osx-arm64")},
		 "",
		 "other-system: a 1 is not for linux/amd64 (a-1-cp311-cp311-win_amd64.whl)\n"
		 "other-system: b 1 is not for linux/amd64 (osx-arm64)\n"},
		{{wheel("pyjwt", "2.1.0", PURE), wheel("azureml-core", "1.17.0", PURE)},
		 "",
		 "bad-pair: azureml-core 1.17.0 does not work with pyjwt 2.1.0: jwt.decode wants "
		 "algorithms since PyJWT 2\n"},
		{{wheel("pyjwt", "2.1.0", PURE), wheel("azureml-core", "1.18.0", PURE)}, "", ""},
		{{package("numpy", "2.0.1", "linux-64"), wheel("pandas", "2.2.1", PURE)},
		 "",
		 "bad-pair: pandas 2.2.1 does not work with numpy 2.0.1: it is compiled for numpy "
		 "1\n"},
		{{wheel("numpy", "2.0.1", PURE), wheel("pandas", "2.2.2", PURE)}, "", ""},
		{{wheel("markupsafe", "2.1.0", PURE), wheel("jinja2", "2.11.3", PURE)},
		 "",
		 "bad-pair: jinja2 2.11.3 does not work with markupsafe 2.1.0: soft_unicode is "
		 "gone since MarkupSafe 2.1\n"},
		{{wheel("markupsafe", "2.0.1", PURE), wheel("jinja2", "2.11.3", PURE)}, "", ""},
		{{wheel("werkzeug", "3.0.0", PURE), wheel("flask", "2.1.3", PURE)},
		 "",
		 "bad-pair: flask 2.1.3 does not work with werkzeug 3.0.0: url_quote is gone since "
		 "Werkzeug 3\n"},
		{{wheel("werkzeug", "2.3.8", PURE), wheel("flask", "2.1.3", PURE)}, "", ""},
		{{wheel("itsdangerous", "2.1.0", PURE), wheel("flask", "1.1.4", PURE)},
		 "",
		 "bad-pair: flask 1.1.4 does not work with itsdangerous 2.1.0: its json is gone "
		 "since itsdangerous 2.1\n"},
		{{wheel("itsdangerous", "2.0.1", PURE), wheel("flask", "1.1.4", PURE)}, "", ""},
		{{wheel("pyjwt", "1.7.1", PURE), wheel("azureml-core", "1.17.0", PURE)}, "", ""},
	};
	struct str virtuals[] = {STR("__glibc=2.36=0")};
	struct check_target t = {.virtuals = {virtuals, 1}};
	(void)state;
	assert_int_equal(platform_find("linux/amd64", &t.platform, NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(findings_done) struct findings f = FINDINGS;
		AUTO(buf_done) struct buf found = BUF(1 << 16);
		struct record records[] = {rows[i].records[0], rows[i].records[1]};
		struct lock lock = {.records = records, .count = COUNT(records)};
		t.base_cuda = str_of(rows[i].cuda);
		check_lock(&lock, &t, &f);
		write_codes(&f, &found);
		assert_string_equal(found.data, rows[i].findings);
	}
}

static void packages_for_gpus_are_held_against_the_base(void **state)
{
	const struct {
		struct record record;
		const char *cuda, *findings;
	} rows[] = {
		{package("cudatoolkit", "11.8", "linux-64"), "",
		 "no-cuda: cudatoolkit 11.8 is for GPUs, and the base has no CUDA\n"},
		{wheel("nvidia-cublas-cu12", "12.4", PURE), "",
		 "no-cuda: nvidia-cublas-cu12 12.4 is for GPUs, and the base has no CUDA\n"},
		{package("cuda-cudart", "12.6.3", "linux-64"), "12.4.1",
		 "cuda-twice: CUDA comes from the base (CUDA 12.4.1), conda (cuda-cudart 12.6.3)\n"
		 "newer-cuda: cuda-cudart 12.6.3 is newer than the base's CUDA 12.4.1\n"},
		{package("cuda-cudart", "12.4.127", "linux-64"), "12.4.1",
		 "cuda-twice: CUDA comes from the base (CUDA 12.4.1), conda (cuda-cudart "
		 "12.4.127)\n"},
		{package("libcublas", "13.1", "linux-64"), "12.4.1",
		 "cuda-twice: CUDA comes from the base (CUDA 12.4.1), conda (libcublas 13.1)\n"},
	};
	AUTO(arena_done) struct arena a = ARENA;
	struct reference base;
	struct check_target t = {.base = &base};
	(void)state;
	assert_int_equal(reference_parse(&a, STR("debian:12"), &base, NULL), 0);
	assert_int_equal(platform_find("linux/amd64", &t.platform, NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(findings_done) struct findings f = FINDINGS;
		AUTO(buf_done) struct buf found = BUF(1 << 16);
		struct record record = rows[i].record;
		struct lock lock = {.records = &record, .count = 1};
		t.base_cuda = str_of(rows[i].cuda);
		check_lock(&lock, &t, &f);
		write_codes(&f, &found);
		assert_string_equal(found.data, rows[i].findings);
	}
}

static void bases_are_doubted_by_their_names(void **state)
{
	static const struct {
		const char *base, *findings;
	} rows[] = {
		{"debian:12", ""},
		{"debian", "moving-tag: the base docker.io/library/debian is another image "
			   "tomorrow\n"},
		{"h.example/a:latest",
		 "moving-tag: the base h.example/a:latest is another image tomorrow\n"},
		{"mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:20240101.v1",
		 "retired-base: the base "
		 "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:20240101.v1 is retired\n"},
		{"oci:folder", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(findings_done) struct findings f = FINDINGS;
		AUTO(buf_done) struct buf found = BUF(1 << 16);
		struct reference base;
		assert_int_equal(reference_parse(&a, str_of(rows[i].base), &base, NULL), 0);
		check_base(&base, &f);
		write_codes(&f, &found);
		assert_string_equal(found.data, rows[i].findings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definitions_are_looked_through),
		cmocka_unit_test(locks_are_looked_through),
		cmocka_unit_test(packages_for_gpus_are_held_against_the_base),
		cmocka_unit_test(bases_are_doubted_by_their_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
