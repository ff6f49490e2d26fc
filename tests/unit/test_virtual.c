/* tests/unit/test_virtual.c - what the base offers, and who overrules whom. */
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

static void the_defaults_are_those_of_a_plain_linux_base(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct virtuals v;
	assert_int_equal(virtuals_make(&a, amd64(), (struct strs){0}, (struct str){0}, &v, NULL),
			 0);
	assert_int_equal(v.count, 4);
	assert_true(has(v.texts, "__glibc=2.28=0") && has(v.texts, "__archspec=1=x86_64"));
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
	int r = virtuals_make(&a, amd64(), (struct strs){options, 3}, STR("11.8"), &v, NULL);
	int g = virtuals_given(&a, (struct strs){options, 3}, &given, NULL);
	unsetenv("CONDA_OVERRIDE_GLIBC");
	unsetenv("CONDA_OVERRIDE_CUDA");
	assert_int_equal(r, 0);
	assert_int_equal(g, 0);
	assert_true(has(v.texts, "__glibc=2.40=0") && has(v.texts, "__cuda=12.6=0"));
	assert_true(has(v.texts, "__own=3=b") && !has(v.texts, "__linux=5.10=0"));
	assert_true(has(given, "__linux==0") && !has(given, "__unix=0=0"));
	virtuals_make(&a, amd64(), (struct strs){0}, STR("11.8"), &v, NULL);
	assert_true(has(v.texts, "__cuda=11.8=0"));
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
		assert_true(virtuals_make(&a, amd64(), (struct strs){&option, 1}, (struct str){0},
					  &v, &e) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_those_of_a_plain_linux_base),
		cmocka_unit_test(an_option_beats_the_environment_and_that_beats_the_base),
		cmocka_unit_test(a_text_that_is_no_virtual_package_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
