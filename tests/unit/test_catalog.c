/* tests/unit/test_catalog.c - the catalogue's entries, one by one, and the rules of names. */
#include "curated/catalog.h"
#include "specs/known_base.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Prints the error, for the test's log, and fails. */
static void must(int status, struct err *e)
{
	AUTO(free) char *line = status < 0 ? err_line(e) : NULL;
	if (status < 0)
		fail_msg("%s", line);
}

static void check_base(const struct catalog_about *about, const struct definition *d)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct known_base known;
	struct reference r;
	struct str line, rest = d->steps.dockerfile;
	if (!about->base.n) {
		assert_int_equal(d->base.n + d->steps.dockerfile.n, 0);
		assert_true(about->unknown.n > 0);
		return;
	}
	str_cut(&rest, '\n', &line);
	assert_true(d->base.n ? str_eq(d->base, about->base)
			      : str_eq(str_from(line, strlen("FROM ")), about->base));
	assert_int_equal(reference_parse(&a, about->base, &r, NULL), 0);
	assert_true(r.kind == REFERENCE_REGISTRY && (r.tag.n > 0 || r.has_digest));
	if (!known_base_find(&r, &known))
		fail_msg("nothing is known of %.*s", STR_ARG(about->base));
}

static void check_successor(const struct catalog_about *about)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct catalog_entry entry;
	struct catalog_about next;
	struct err *e = NULL;
	if (!about->successor.n)
		return;
	assert_true(about->deprecated);
	must(catalog_find(about->successor, &entry, &e), e);
	assert_true(str_eq(entry.name, about->successor));
	must(catalog_read_about(&entry, &a, &next, &e), e);
	assert_false(next.deprecated);
	assert_int_equal(next.gpu, about->gpu);
}

static void check_key(const struct catalog_about *about, const struct definition *d)
{
	struct digest key;
	catalog_key(d, &key);
	assert_true(str_is(about->key, digest_text(&key).hex));
}

/* Its Python is the one that stands among its packages. */
static void check_packages(const struct catalog_about *about, const struct definition *d)
{
	if (d->user_managed) {
		assert_true(d->steps.dockerfile.n > 0);
		return;
	}
	assert_true(d->spec_count > 0 && d->channels.n > 0);
	assert_true(str_starts(d->specs[0].text, "python="));
	assert_true(str_eq(str_from(d->specs[0].text, strlen("python=")), about->python));
}

static void every_entry_says_what_it_holds(void **state)
{
	struct catalog_entry entry = {0};
	size_t n = 0, gpu = 0;
	(void)state;
	for (; catalog_next(&entry); n++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(definition_done) struct definition d = DEFINITION;
		struct catalog_about about;
		struct err *e = NULL;
		must(catalog_read_about(&entry, &a, &about, &e), e);
		must(catalog_read(&entry, NULL, &d, &e), e);
		assert_true(str_eq(d.name, entry.name) && str_eq(d.version, entry.version));
		assert_true(catalog_is_reserved(entry.name));
		assert_int_equal(d.unbuildable.n, 0);
		assert_true(about.summary.n && about.source.n);
		check_base(&about, &d);
		check_successor(&about);
		check_packages(&about, &d);
		check_key(&about, &d);
		gpu += about.gpu;
	}
	assert_int_equal(n, 41);
	assert_int_equal(gpu, 18);
}

static void an_entry_is_found_by_its_names(void **state)
{
	static const struct {
		const char *text, *name; /* name NULL: there is none */
		const char *says;
	} rows[] = {
		{"AzureML-sklearn-1.5", "AzureML-sklearn-1.5", NULL},
		{"sklearn-1.5", "AzureML-sklearn-1.5", NULL},
		{"AzureML-sklearn-1.5:1", "AzureML-sklearn-1.5", NULL},
		{"AzureML-sklearn-1.5@latest", "AzureML-sklearn-1.5", NULL},
		{"AzureML-Minimal", "AzureML-Minimal", NULL},
		{"AzureML-sklearn-1.5:2", NULL, "has no version 2; its latest is 1"},
		{"azureml-sklearn-1.5", NULL, "nearest: AzureML-sklearn-1.5;"},
		{"AzureML-skleran-1.5", NULL, "nearest: AzureML-sklearn-1.5;"},
		{"lightgbm", NULL, "nearest: AzureML-lightgbm-3.2-ubuntu18.04-py37-cpu, "},
		{"", NULL, "there is no environment"},
		{":", NULL, "there is no environment"},
		{"@latest", NULL, "there is no environment"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		struct catalog_entry entry;
		int status = catalog_find(str_of(rows[i].text), &entry, &e);
		assert_int_equal(status, rows[i].name ? 0 : ERR_ABSENT);
		if (rows[i].name)
			assert_true(str_is(entry.name, rows[i].name));
		else if (!strstr(e->text, rows[i].says))
			fail_msg("%s: %s", rows[i].text, e->text);
	}
	assert_true(catalog_is_meant(STR("AzureML-none")) && catalog_is_meant(STR("lightgbm")));
	assert_false(catalog_is_meant(STR("environment.yml")) || catalog_is_meant(STR("./x")));
}

static void names_are_checked(void **state)
{
	static char longest[257];
	static const struct {
		const char *name;
		bool fine, strict; /* without and with --strict-names */
	} rows[] = {
		{"mine", true, true},	      {"my-env_2", true, true},
		{"sklearn-1.5", true, false}, {"azureml-mine", true, true},
		{"myAzureML", true, true},    {"2", true, true},
		{"AzureML", false, false},    {"AzureML-x", false, false},
		{"AzureMLx", false, false},   {"Microsoft-x", false, false},
		{"", false, false},	      {".x", false, false},
		{"-x", false, false},	      {"a b", false, false},
		{"a/b", false, false},	      {"a:1", false, false},
		{"\xc3\xa4", false, false},   {longest, false, false},
		{longest + 1, true, true},
	};
	(void)state;
	memset(longest, 'a', 256);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str name = str_of(rows[i].name);
		assert_int_equal(catalog_check_name(name, false, NULL),
				 rows[i].fine ? 0 : ERR_USAGE);
		assert_int_equal(catalog_check_name(name, true, NULL),
				 rows[i].strict ? 0 : ERR_USAGE);
	}
}

static void a_reserved_name_is_refused_with_what_to_do(void **state)
{
	AUTO(err_free) struct err *e = NULL;
	(void)state;
	catalog_check_name(STR("AzureML-mine"), false, &e);
	assert_non_null(strstr(e->text, "can not start with the prefix AzureML"));
	assert_non_null(strstr(e->text, "kiln env clone NAME my-mine"));
}

static void a_renamed_definition_keeps_all_but_its_version(void **state)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(buf_done) struct buf before = BUF(1 << 20), after = BUF(1 << 20);
	struct catalog_entry entry;
	struct digest key, again;
	struct err *e = NULL;
	(void)state;
	must(catalog_find(STR("AzureML-sklearn-1.5"), &entry, &e), e);
	must(catalog_read(&entry, NULL, &d, &e), e);
	must(definition_v1_document(&d, &before, &e), e);
	catalog_key(&d, &key);
	definition_rename(&d, STR("mine"), STR(""));
	catalog_key(&d, &again);
	assert_memory_equal(&key, &again, sizeof(key));
	must(definition_v1_document(&d, &after, &e), e);
	static const char *const heads[] = {
		"{\n    \"name\": \"AzureML-sklearn-1.5\",\n    \"version\": \"1\",",
		"{\n    \"name\": \"mine\",\n    \"version\": null,"};
	assert_true(str_starts(buf_str(&before), heads[0]));
	assert_true(str_starts(buf_str(&after), heads[1]));
	assert_string_equal(before.data + strlen(heads[0]), after.data + strlen(heads[1]));
	buf_clear(&after);
	definition_rename(&d, STR("mine"), STR("7"));
	must(definition_v1_document(&d, &after, &e), e);
	assert_true(
		str_starts(buf_str(&after), "{\n    \"name\": \"mine\",\n    \"version\": \"7\","));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_says_what_it_holds),
		cmocka_unit_test(an_entry_is_found_by_its_names),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(a_reserved_name_is_refused_with_what_to_do),
		cmocka_unit_test(a_renamed_definition_keeps_all_but_its_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
