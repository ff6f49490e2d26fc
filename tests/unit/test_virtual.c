/* tests/unit/test_virtual.c - what the base offers, and who overrules whom. */
#include "specs/known_base.h"
#include "specs/virtual.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct platform *amd64(void)
{
	const struct platform *p = NULL;
	assert_int_equal(platform_find("linux-64", &p, NULL), 0);
	return p;
}

static bool has(struct strs texts, const char *text)
{
	for (size_t i = 0; i < texts.n; i++)
		if (str_is(texts.v[i], text))
			return true;
	return false;
}

static bool said(const struct virtuals *v, const char *name, const char *version, const char *from)
{
	for (size_t i = 0; i < v->row_count; i++)
		if (str_is(v->rows[i].name, name))
			return str_is(v->rows[i].version, version) && str_is(v->rows[i].from, from);
	return false;
}

static void the_defaults_are_those_of_a_plain_linux_base(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct virtuals v;
	assert_int_equal(virtuals_make(&a, amd64(), (struct strs){0}, NULL, &v, NULL), 0);
	assert_int_equal(v.count, 4);
	assert_int_equal(v.row_count, 4);
	assert_true(has(v.texts, "__glibc=2.28=0") && has(v.texts, "__archspec=1=x86_64"));
	assert_true(said(&v, "__glibc", "2.28", "default") && said(&v, "__unix", "0", "platform"));
}

static void an_option_beats_the_environment_and_that_beats_the_base(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct virtuals v;
	struct strs given;
	struct str options[] = {STR("__glibc=2.40"), STR("__linux="), STR("__own=3=b")};
	setenv("CONDA_OVERRIDE_GLIBC", "2.17", 1);
	setenv("CONDA_OVERRIDE_CUDA", "12.6", 1);
	struct virtual_base base = {.cuda = {STR("11.8"), STR("the base")}};
	int r = virtuals_make(&a, amd64(), (struct strs){options, 3}, &base, &v, NULL);
	int g = virtuals_given(&a, (struct strs){options, 3}, &given, NULL);
	unsetenv("CONDA_OVERRIDE_GLIBC");
	unsetenv("CONDA_OVERRIDE_CUDA");
	assert_int_equal(r, 0);
	assert_int_equal(g, 0);
	assert_true(has(v.texts, "__glibc=2.40=0") && has(v.texts, "__cuda=12.6=0"));
	assert_true(has(v.texts, "__own=3=b") && !has(v.texts, "__linux=5.10=0"));
	assert_true(has(given, "__linux==0") && !has(given, "__unix=0=0"));
	assert_true(virtuals_decided(given, "__linux") && !virtuals_decided(given, "__lin"));
	assert_true(said(&v, "__cuda", "12.6", "CONDA_OVERRIDE_CUDA"));
	assert_true(said(&v, "__linux", "", "--virtual"));
	virtuals_make(&a, amd64(), (struct strs){0}, &base, &v, NULL);
	assert_true(has(v.texts, "__cuda=11.8=0") && said(&v, "__cuda", "11.8", "the base"));
}

static void a_base_may_be_known_to_have_no_glibc(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct virtuals v;
	struct virtual_base base = {.glibc = {.from = STR("musl")}};
	struct str option = STR("__glibc=2.17");
	assert_int_equal(virtuals_make(&a, amd64(), (struct strs){0}, &base, &v, NULL), 0);
	assert_int_equal(v.count, 3);
	assert_true(said(&v, "__glibc", "", "musl"));
	virtuals_make(&a, amd64(), (struct strs){&option, 1}, &base, &v, NULL);
	assert_true(has(v.texts, "__glibc=2.17=0"));
}

static void bases_are_known_by_what_they_hold(void **state)
{
	(void)state;
	static const struct {
		const char *base, *os, *cuda, *mpi;
		bool retired;
	} rows[] = {
		{"mcr.microsoft.com/azureml/openmpi5.0-cuda12.6-ubuntu24.04:1", "Ubuntu 24.04",
		 "12.6.3", "OpenMPI 5.0.6", false},
		{"mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04", "Ubuntu 20.04", NULL,
		 "OpenMPI 4.1.0", true},
		{"mcr.microsoft.com/azureml/openmpi3.1.2-cuda10.2-cudnn8-ubuntu18.04",
		 "Ubuntu 18.04", "10.2", "OpenMPI 3.1.2", true},
		{"debian:12", "Debian 12", NULL, NULL, false},
		{"other.example/azureml/base", NULL, NULL, NULL, false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct reference r;
		struct known_base b;
		assert_int_equal(reference_parse(&a, str_of(rows[i].base), &r, NULL), 0);
		assert_int_equal(known_base_find(&r, &b), rows[i].os != NULL);
		assert_true(str_eq(str_of(b.os), str_of(rows[i].os)));
		assert_true(str_eq(str_of(b.cuda), str_of(rows[i].cuda)));
		assert_true(str_eq(str_of(b.mpi), str_of(rows[i].mpi)));
		assert_int_equal(b.retired, rows[i].retired);
	}
}

static void names_for_bases_stand_for_images_that_are_supported(void **state)
{
	(void)state;
	static const char *const names[] = {"cpu", "gpu"};
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct reference r;
		struct known_base b;
		const char *image = known_base_named(names[i]);
		assert_int_equal(reference_parse(&a, str_of(image), &r, NULL), 0);
		assert_true(known_base_find(&r, &b) && !b.retired && b.glibc && b.conda);
		assert_int_equal(b.cuda != NULL, strcmp(names[i], "gpu") == 0);
	}
	assert_null(known_base_named("debian"));
}

static void a_text_that_is_no_virtual_package_is_refused(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct virtuals v;
	static const char *const bad[] = {"__cuda", "cuda=12", "", "__glibc=2..3"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO(err_free) struct err *e = NULL;
		struct str option = str_of(bad[i]);
		assert_true(virtuals_make(&a, amd64(), (struct strs){&option, 1}, NULL, &v, &e) <
			    0);
	}
}

static void packages_that_need_more_than_the_target_has_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *depends, *constrains, *found; /* NULL: nothing is wrong */
	} rows[] = {
		{"__glibc >=2.17", "__cuda >=12", NULL},
		{"__glibc >=2.17,<3.0.a0", "", NULL},
		{"__glibc >=2.40", "",
		 "a 1.0 needs __glibc >=2.40, and the target has 2.36 (libc)"},
		{"__cuda >=12", "",
		 "needs __cuda >=12, and the target has none; --virtual __cuda="},
		{"python", "__glibc <2.30", "needs __glibc <2.30"},
		{"__archspec * x86_64_v3", "", "and the target has 1 x86_64 (platform)"},
		{"__archspec * x86_64", "", NULL},
		{"__win", "", "needs __win, and the target has none"},
		{"__unix", "__osx >=10", NULL},
		{"__glibc >>broken", "", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct virtuals v;
		struct virtual_base base = {.glibc = {STR("2.36"), STR("libc")}};
		struct str depends = str_of(rows[i].depends),
			   constrains = str_of(rows[i].constrains);
		struct record records[2] = {{.name = STR("a"), .version_text = STR("1.0")}};
		records[0].depends = (struct strs){&depends, 1};
		records[0].constrains = (struct strs){&constrains, 1};
		records[1] = records[0];
		assert_int_equal(virtuals_make(&a, amd64(), (struct strs){0}, &base, &v, NULL), 0);
		int code = virtuals_check(&v, NULL, records, 2, &e);
		AUTO(free) char *line = err_line(e);
		assert_int_equal(code, rows[i].found ? ERR_UNSOLVABLE : 0);
		if (rows[i].found && (!strstr(line, rows[i].found) || !strstr(line, "2 packages")))
			fail_msg("%s: %s", rows[i].depends, line);
		assert_int_equal(virtuals_check(&v, "__other", records, 2, NULL), 0);
	}
}

static void names_of_bases_that_tell_their_glibc(void **state)
{
	(void)state;
	static const struct {
		const char *base, *glibc;
	} rows[] = {
		{"debian:bookworm-slim", "2.36"},
		{"docker.io/library/debian:12", "2.36"},
		{"debian:12.8", "2.36"},
		{"debian:13-slim", "2.41"},
		{"debian:121", ""},
		{"debian", ""},
		{"debian:latest", ""},
		{"someone/debian:12", ""},
		{"registry.example/library/debian:12", ""},
		{"ubuntu:22.04", "2.35"},
		{"ubuntu:noble-20240801", "2.39"},
		{"nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", "2.35"},
		{"nvcr.io/nvidia/cuda:12.4.1-base-ubi8", "2.28"},
		{"registry.access.redhat.com/ubi9/ubi-minimal:9.4", "2.34"},
		{"mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04", "2.31"},
		{"mcr.microsoft.com/azureml/openmpi5.0-cuda12.6-ubuntu24.04:20251130.v1", "2.39"},
		{"mcr.microsoft.com/azureml/curated/x-ubuntu20.04", ""},
		{"mcr.microsoft.com/aifx/acpt/stable-ubuntu2204-cu126-py310-torch280", "2.35"},
		{"oci:debian:12", ""},
		{"debian:12@sha256:"
		 "0000000000000000000000000000000000000000000000000000000000000000",
		 ""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct reference r;
		assert_int_equal(reference_parse(&a, str_of(rows[i].base), &r, NULL), 0);
		if (!str_is(known_base_glibc(&r), rows[i].glibc))
			fail_msg("%s", rows[i].base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_those_of_a_plain_linux_base),
		cmocka_unit_test(an_option_beats_the_environment_and_that_beats_the_base),
		cmocka_unit_test(a_base_may_be_known_to_have_no_glibc),
		cmocka_unit_test(packages_that_need_more_than_the_target_has_are_named),
		cmocka_unit_test(names_of_bases_that_tell_their_glibc),
		cmocka_unit_test(bases_are_known_by_what_they_hold),
		cmocka_unit_test(names_for_bases_stand_for_images_that_are_supported),
		cmocka_unit_test(a_text_that_is_no_virtual_package_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
