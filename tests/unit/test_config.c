/* tests/unit/test_config.c - kiln.yml: what is read, what is refused, where it is found. */
#include "specs/config.h"
#include "tests/fake/folder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static int parse(const char *text, struct config *out, struct err **e)
{
	return config_parse(str_of(text), "k.yml", "/etc/kiln", out, e);
}

/* A value as one text: "a, b" of lists, "n: a; m: b, c" of maps. */
static void show(const struct config *c, const struct config_row *row, struct buf *out)
{
	const void *at = (const char *)c + row->at;
	struct config_named one = {.to = {at, 1}};
	struct config_map all = {&one, 1};
	if (row->kind == CONFIG_LIST)
		one.to = *(const struct strs *)at;
	if (row->kind >= CONFIG_MAP)
		all = *(const struct config_map *)at;
	for (size_t i = 0; i < all.n; i++) {
		buf_add_text(out, i ? "; " : "");
		if (all.v[i].name.n)
			buf_printf(out, "%.*s: ", STR_ARG(all.v[i].name));
		for (size_t k = 0; k < all.v[i].to.n; k++)
			buf_printf(out, "%s%.*s", k ? ", " : "", STR_ARG(all.v[i].to.v[k]));
	}
}

static const struct config_row *row_of(const char *key)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		if (strcmp(config_rows[i].key, key) == 0)
			return &config_rows[i];
	return NULL;
}

static void settings_are_read(void **state)
{
	static const struct {
		const char *key, *value, *shown;
	} rows[] = {
		{"channels", "[conda-forge, https://h/c/]", "conda-forge, https://h/c"},
		{"channels", "one/label/dev", "one/label/dev"},
		{"channels", "[./a, ../b, /c]", "/etc/kiln/a, /etc/kiln/../b, /c"},
		{"channels", "[defaults]", "defaults"},
		{"channels", "~/c", "/home/u/c"},
		{"channel_alias", "http://h:1/x//", "http://h:1/x"},
		{"channel_alias", "file:///srv/c", "file:///srv/c"},
		{"default_channels", "[pkgs/main, ./r]", "pkgs/main, /etc/kiln/r"},
		{"cache", "x/y", "/etc/kiln/x/y"},
		{"cache", "~/k", "/home/u/k"},
		{"cache", "/var/k", "/var/k"},
		{"compression", "zstd", "zstd"},
		{"to", "h:5000/a", "h:5000/a"},
		{"to", "[h/a:t, 'oci:out:t']", "h/a:t, oci:/etc/kiln/out:t"},
		{"to", "[oci-archive:a.tar, 'docker-daemon:n:t']",
		 "oci-archive:/etc/kiln/a.tar, docker-daemon:n:t"},
		{"bases", "{cpu: 'debian:12', x86_gpu: h.example/cuda}",
		 "cpu: debian:12; x86_gpu: h.example/cuda"},
		{"bases", "{near: 'oci:/srv/base:1'}", "near: oci:/srv/base:1"},
		{"mirrors", "{https://h/c/: [http://m/c, file:///srv/c/]}",
		 "https://h/c: http://m/c, file:///srv/c"},
		{"mirrors", "{docker.io: [m:5000/hub, docker.io], h.example/a/b: localhost}",
		 "docker.io: m:5000/hub, docker.io; h.example/a/b: localhost"},
		{"environments", "h:5000/team/envs/", "h:5000/team/envs"},
		{"environments", "~/envs", "/home/u/envs"},
		{"environments", "./envs", "/etc/kiln/envs"},
		{"environments", "./", "/etc/kiln"},
		{"environments", "~/", "/home/u"},
		{"environments", "/srv/envs//", "/srv/envs"},
		{"environments", "/", "/"},
		{"timeouts", "{connect: 5, idle: 86400}", "connect: 5; idle: 86400"},
	};
	(void)state;
	setenv("HOME", "/home/u", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(config_done) struct config c = CONFIG;
		AUTO(buf_done) struct buf text = BUF(4096), shown = BUF(4096);
		const struct config_row *row = row_of(rows[i].key);
		assert_non_null(row);
		buf_printf(&text, "# settings\n%s: %s\n", rows[i].key, rows[i].value);
		assert_int_equal(parse(text.data, &c, NULL), 0);
		show(&c, row, &shown);
		assert_string_equal(shown.data, rows[i].shown);
		for (size_t k = 0; k < CONFIG_KEYS; k++)
			assert_int_equal(c.lines[k], &config_rows[k] == row ? 2 : 0);
	}
}

static void faults_are_told_with_their_place(void **state)
{
	static const struct {
		const char *text, *told;
	} rows[] = {
		{"- a", "k.yml:1:1: settings are a map, not a list"},
		{"a: [", "k.yml:2:1: "},
		{"chanels: [a]",
		 "k.yml:1:1: there is no setting \"chanels\"; did you mean \"channels\"?"},
		{"x: 1\n", "k.yml:1:1: there is no setting \"x\""},
		{"cache: /a\ncache: /b", "k.yml:2:1"},
		{"cache: [a]", "k.yml:1:8: \"cache\" must be text, not a list"},
		{"cache:", "k.yml:1:7: a text is missing (in \"cache\")"},
		{"cache: \"a\\tb\"", "k.yml:1:8: a control character (in \"cache\")"},
		{"channels: {a: b}", "k.yml:1:11: \"channels\" must be a list, not a map"},
		{"channels: []", "k.yml:1:11: the list is empty"},
		{"channels: [a, [b]]", "k.yml:1:15: \"channels\" must be text, not a list"},
		{"channels: [ftp://h/c]", "k.yml:1:12: \"ftp://h/c\": an address is wanted"},
		{"channel_alias: conda", "k.yml:1:16: \"conda\": an address is wanted"},
		{"channel_alias: https://", "an address is wanted"},
		{"channel_alias: https://h/c?x=1", "no \"?\" and no \"#\""},
		{"default_channels: [a, defaults]",
		 "k.yml:1:23: \"defaults\" cannot stand for itself"},
		{"compression: brotli", "k.yml:1:14: gzip or zstd is wanted, not \"brotli\""},
		{"bases: cpu", "k.yml:1:8: \"bases\" must be a map, not text"},
		{"bases: {a/b: h/c}", "k.yml:1:9: \"a/b\": a base's name holds no"},
		{"bases: {cpu: UPPER//x}", "k.yml:1:14: \"UPPER//x\""},
		{"bases: {cpu: [a, b]}", "k.yml:1:14: \"bases\" must be text, not a list"},
		{"to: https://h/a", "k.yml:1:5: \"h/a\": a reference has no scheme"},
		{"mirrors: [a]", "k.yml:1:10: \"mirrors\" must be a map, not a list"},
		{"mirrors: {conda-forge: [https://m/c]}", "k.yml:1:11: \"conda-forge\": a mirror"},
		{"mirrors: {https://h/c: [m.example]}",
		 "k.yml:1:25: the mirror of an address is one too, this is none"},
		{"mirrors: {docker.io: https://m}",
		 "k.yml:1:22: the mirror of a registry is one too, this is none"},
		{"mirrors: {docker.io: [hub]}", "k.yml:1:23: \"hub\": a mirror is one of"},
		{"mirrors: {https://h/c: []}", "k.yml:1:24: the list is empty"},
		{"mirrors:\n  https://h/c: https://a\n  https://h/c/: https://b",
		 "k.yml:3:3: https://h/c stands here twice"},
		{"environments: envs", "k.yml:1:15: \"envs\": environments live in a repository"},
		{"environments: team/envs", "environments live in a repository"},
		{"environments: h.example/envs:1", "without a tag"},
		{"environments: oci:envs", "environments live in a repository"},
		{"environments: user@h.example/envs", "no setting: those of channels"},
		{"timeouts: {total: 5}",
		 "k.yml:1:12: there is no timeout \"total\"; there are connect and idle"},
		{"timeouts: {idle: 0}", "k.yml:1:18: seconds are wanted, 1 to 86400"},
		{"timeouts: {idle: 1.5}", "seconds are wanted"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(config_done) struct config c = CONFIG;
		AUTO(err_free) struct err *e = NULL;
		int code = parse(rows[i].text, &c, &e);
		if (code != ERR_SYNTAX || !strstr(e->text, rows[i].told))
			fail_msg("%s: %d, %s", rows[i].text, code, e ? e->text : "nothing");
	}
}

static void secrets_are_refused_and_not_repeated(void **state)
{
	static const char *const rows[] = {
		"channels: [https://u:hunter2@h/c]",
		"channels: [https://h/t/hunter2/c]",
		"channels: [t/hunter2/c]",
		"channels: [a/t/hunter2/c]",
		"default_channels: https://hunter2@h/c",
		"channel_alias: https://u:hunter2@h",
		"channel_alias: https://h/t/hunter2",
		"mirrors: {https://u:hunter2@h: [https://m]}",
		"mirrors: {https://h: [https://m, https://u:hunter2@m]}",
		"mirrors: {https://h: https://m/t/hunter2/x}",
		"mirrors: {docker.io: 'u:hunter2@m.example'}",
		"mirrors: {'u:hunter2@docker.io': m.example}",
		"bases: {cpu: 'u:hunter2@h/a'}",
		"bases: {cpu: 'https://u:hunter2@h/a'}",
		"to: u:hunter2@h/a",
		"to: [u@h:hunter2@x/a]",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(config_done) struct config c = CONFIG;
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(parse(rows[i], &c, &e), ERR_SYNTAX);
		AUTO(free) char *line = err_line(e);
		if (strstr(line, "hunter2") || !strstr(line, ".netrc"))
			fail_msg("%s: %s", rows[i], line);
	}
}

static void an_empty_file_settles_nothing(void **state)
{
	static const char *const rows[] = {"", "# nothing\n", "{}", "~"};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(config_done) struct config c = CONFIG;
		assert_int_equal(parse(rows[i], &c, NULL), 0);
		assert_string_equal(c.file.p, "k.yml");
		assert_int_equal(c.channels.n + c.cache.n + c.mirrors.n, 0);
		assert_int_equal(config_timeout_ms(&c, "idle"), 0);
	}
}

static void names_are_looked_up(void **state)
{
	AUTO(config_done) struct config c = CONFIG;
	(void)state;
	assert_int_equal(parse("bases: {cpu: a, b: c}\ntimeouts: {idle: 7}", &c, NULL), 0);
	assert_string_equal(config_find(&c.bases, STR("b"))->v[0].p, "c");
	assert_null(config_find(&c.bases, STR("gpu")));
	assert_int_equal(config_timeout_ms(&c, "idle"), 7000);
	assert_int_equal(config_timeout_ms(&c, "connect"), 0);
}

/* ---- where it is found ---- */

static void put(const char *path, const char *text)
{
	AUTO(free) char *whole = fs_join(folder, path);
	AUTO(free) char *above = mem_text(whole);
	*strrchr(above, '/') = 0;
	assert_int_equal(fs_make_dirs(above, 0700, NULL), 0);
	assert_int_equal(fs_write(whole, str_of(text), 0600, NULL), 0);
}

static void expect_cache(const char *given, const char *cache)
{
	AUTO(config_done) struct config c = CONFIG;
	assert_int_equal(config_open(given, &c, NULL), 0);
	assert_string_equal(c.cache.n ? c.cache.p : "", cache);
}

static void the_first_file_there_is_counts(void **state)
{
	AUTO(free) char *xdg = fs_join(folder, "xdg");
	AUTO(free) char *home = fs_join(folder, "home");
	AUTO(free) char *named = fs_join(folder, "named.yml");
	AUTO(free) char *here = fs_join(folder, "here");
	AUTO(free) char *before = getcwd(NULL, 0);
	(void)state;
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("KILN_CONFIG");
	put("here/x", "");
	assert_int_equal(chdir(here), 0);
	expect_cache(NULL, "");
	put("home/.config/kiln/kiln.yml", "cache: /home");
	expect_cache(NULL, "/home");
	put("xdg/kiln/kiln.yml", "cache: /xdg");
	setenv("XDG_CONFIG_HOME", "relative", 1);
	expect_cache(NULL, "/home");
	setenv("XDG_CONFIG_HOME", xdg, 1);
	expect_cache(NULL, "/xdg");
	put("here/kiln.yml", "cache: /here");
	expect_cache(NULL, "/here");
	put("named.yml", "cache: /named");
	setenv("KILN_CONFIG", named, 1);
	expect_cache(NULL, "/named");
	put("here/other.yml", "cache: /other");
	expect_cache("other.yml", "/other");
	setenv("KILN_CONFIG", "", 1);
	expect_cache(NULL, "/here");
	expect_cache("/dev/null", "");
	assert_int_equal(chdir(before), 0);
}

static void one_that_is_named_must_be_there(void **state)
{
	AUTO(config_done) struct config c = CONFIG;
	AUTO(err_free) struct err *e = NULL;
	AUTO(err_free) struct err *other = NULL;
	(void)state;
	assert_int_equal(config_open("/no/such.yml", &c, &e), ERR_USAGE);
	assert_string_equal(e->text, "--config");
	setenv("KILN_CONFIG", "/no/such.yml", 1);
	assert_int_equal(config_open(NULL, &c, &other), ERR_USAGE);
	assert_string_equal(other->text, "$KILN_CONFIG");
	unsetenv("KILN_CONFIG");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_read),
		cmocka_unit_test(faults_are_told_with_their_place),
		cmocka_unit_test(secrets_are_refused_and_not_repeated),
		cmocka_unit_test(an_empty_file_settles_nothing),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(the_first_file_there_is_counts),
		cmocka_unit_test(one_that_is_named_must_be_there),
	};
	return cmocka_run_group_tests_name("config", tests, folder_make, folder_remove);
}
