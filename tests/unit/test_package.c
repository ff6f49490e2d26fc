/* tests/unit/test_package.c - archives fetched, checked and kept. */
#include "cache/layout.h"
#include "cache/package.h"
#include "specs/base/workers.h"
#include "tests/fake/served.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A record of the archive `fn`, whose bytes lie in the served folder. how: "@broken". */
static struct record record_of(const char *fn, const char *how, struct str bytes)
{
	AUTO(free) char *path = fs_join(folder, fn);
	assert_int_equal(fs_write(path, bytes, 0600, NULL), 0);
	struct record r = {.fn = arena_str(&served.arena, str_of(fn)),
			   .has_sha256 = true,
			   .size = bytes.n,
			   .channel = STR("http://channel")};
	digest_of(bytes.p, bytes.n, &r.sha256);
	r.url = arena_printf(&served.arena, "http://127.0.0.1:%u/files/%s/%s", served.peer.port,
			     how, fn);
	return r;
}

static int fetch(const struct record *r, size_t n, const char *cache, bool offline,
		 struct package_file *out, struct err **e)
{
	AUTO(free) char *path = fs_join(folder, cache);
	struct package_options o = {.cache = path, .offline = offline};
	return packages_fetch(served.client, r, n, &o, out, e);
}

static size_t entries(const char *cache)
{
	struct str path = arena_printf(&served.arena, "%s/%s/packages", folder, cache);
	DIR *d = opendir(path.p);
	size_t n = 0;
	for (struct dirent *at; d && (at = readdir(d));)
		n += at->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static void is_file(const struct package_file *f, struct str bytes)
{
	AUTO(buf_done) struct buf got = BUF(1 << 20);
	assert_int_equal(fs_read(f->path, &got, NULL), 0);
	assert_true(str_eq(buf_str(&got), bytes));
	assert_int_equal(f->size, bytes.n);
}

static void fetches_each_archive_once(void **state)
{
	(void)state;
	struct record r[3] = {record_of("a-1-0.conda", "", STR("aaaa")),
			      record_of("b-1-0.tar.bz2", "@broken-once", STR("bbbbbbb")),
			      record_of("c-1-0.conda", "@short-once", STR("cccccc"))};
	struct package_file f[3];
	assert_int_equal(fetch(r, 3, "one", false, f, NULL), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_true(f[i].verified);
		assert_true(digest_eq(&f[i].sha256, &r[i].sha256));
	}
	is_file(&f[0], STR("aaaa"));
	is_file(&f[1], STR("bbbbbbb"));
	is_file(&f[2], STR("cccccc"));
	assert_true(str_ends(str_of(f[1].path), ".tar.bz2"));
	package_files_done(f, 3);
	assert_int_equal(fetch(r, 3, "one", true, f, NULL), 0);
	assert_false(f[0].verified || f[1].verified || f[2].verified);
	package_files_done(f, 3);
	assert_int_equal(entries("one"), 3);
}

static void refuses_what_is_not_as_the_channel_says(void **state)
{
	(void)state;
	struct record good = record_of("d-1-0.conda", "@broken", STR("dddd"));
	struct record longer = good, absent = good, old = good, nearby = good, gone = good;
	longer.size = 3;
	absent.url = arena_printf(&served.arena, "http://127.0.0.1:%u/files/none.conda",
				  served.peer.port);
	old.has_sha256 = false;
	old.has_md5 = true;
	nearby.url = arena_printf(&served.arena, "file://%s/d-1-0.conda", folder);
	nearby.sha256.bytes[0] ^= 1;
	gone.url = arena_printf(&served.arena, "file://%s/none.conda", folder);
	const struct {
		const struct record *r;
		int code;
		const char *text;
	} rows[] = {
		{&good, ERR_DIGEST, "d-1-0.conda: SHA-256 is "},
		{&longer, ERR_DIGEST, "more than the expected 3 bytes"},
		{&absent, ERR_NET, "HTTP 404"},
		{&gone, ERR_ABSENT, "d-1-0.conda"},
		{&old, ERR_DIGEST, "MD5 is "},
		{&nearby, ERR_DIGEST, "SHA-256 is "},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		struct package_file f;
		assert_int_equal(fetch(rows[i].r, 1, "two", false, &f, &e), rows[i].code);
		AUTO(free) char *line = err_line(e);
		if (!strstr(line, rows[i].text) || !strstr(line, "d-1-0.conda"))
			fail_msg("%s", line);
		assert_int_equal(entries("two"), 0);
	}
}

static void knows_old_packages_by_their_md5(void **state)
{
	(void)state;
	struct record r = record_of("e-1-0.tar.bz2", "", STR("eeee"));
	struct digest sha256 = r.sha256;
	struct package_file f;
	r.has_sha256 = false;
	r.has_md5 = true;
	r.url = arena_printf(&served.arena, "file://%s/e-1-0.tar.bz2", folder);
	hex_read(STR("08a4415e9d594ff960030b921d42b91e"), r.md5, MD5_SIZE);
	AUTO(hasher_free) struct hasher *h = hasher_new_md5();
	hasher_add(h, "eeee", 4);
	hasher_end_md5(h, r.md5);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(fetch(&r, 1, "three", again, &f, NULL), 0);
		assert_int_equal(f.verified, !again);
		assert_true(digest_eq(&f.sha256, &sha256));
		is_file(&f, STR("eeee"));
		package_files_done(&f, 1);
	}
}

static void tells_what_is_there_without_fetching(void **state)
{
	(void)state;
	AUTO(free) char *cache = fs_join(folder, "told");
	struct record r[2] = {record_of("g-1-0.conda", "", STR("gggg")),
			      record_of("h-1-0.conda", "", STR("hhhhh"))};
	struct package_file f[2];
	size_t missing = 7;
	assert_int_equal(packages_find(r, 2, cache, f, &missing, NULL), 0);
	assert_true(missing == 2 && !f[0].path && !f[1].path);
	assert_int_equal(fetch(&r[1], 1, "told", false, f, NULL), 0);
	package_files_done(f, 1);
	assert_int_equal(packages_find(r, 2, cache, f, &missing, NULL), 0);
	assert_true(missing == 1 && !f[0].path);
	is_file(&f[1], STR("hhhhh"));
	package_files_done(f, 2);
	assert_int_equal(entries("told"), 1);
}

static void asks_for_the_sizes_that_a_lock_does_not_say(void **state)
{
	(void)state;
	AUTO(free) char *cache = fs_join(folder, "sizes");
	struct package_options o = {.cache = cache, .offline = true};
	struct record r[4] = {record_of("i-1-0.conda", "", STR("iiii")),
			      record_of("j-1-0.conda", "", STR("jjjjj")),
			      record_of("k-1-0.conda", "", STR("k")),
			      record_of("l-1-0.conda", "", STR("llllll"))};
	r[0].size = r[1].size = r[2].size = 0;
	r[1].url = arena_printf(&served.arena, "file://%s/j-1-0.conda", folder);
	r[2].url = arena_printf(&served.arena, "file://%s/no-such-file", folder);
	assert_int_equal(packages_ask_sizes(served.client, r, 4, &o, NULL), 0);
	assert_int_equal(r[0].size, 0);
	o.offline = false;
	assert_int_equal(packages_ask_sizes(served.client, r, 4, &o, NULL), 0);
	assert_true(r[0].size == 4 && r[1].size == 5 && r[2].size == 0 && r[3].size == 6);
}

static void says_what_is_missing_when_offline(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	struct package_file f[2];
	struct record r[] = {record_of("f-1-0.conda", "", STR("ffff")),
			     record_of("g-1-0.conda", "", STR("gggg"))};
	assert_int_equal(fetch(r, 2, "four", true, f, &e), ERR_ABSENT);
	assert_non_null(strstr(e->text, "package f-1-0.conda of http://channel"));
	assert_non_null(strstr(e->text, "package g-1-0.conda"));
}

static void shows_the_first_of_many_missing_things(void **state)
{
	(void)state;
	AUTO(missing_done) struct missing all = {0};
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(missing_error(&all, &e), 0);
	for (int i = 0; i < 100; i++)
		missing_add(&all, "thing\n%d", i % 77);
	assert_int_equal(all.lines.n, 77);
	assert_int_equal(missing_error(&all, &e), ERR_ABSENT);
	assert_non_null(strstr(e->text, "\n  thing 39\n  and 37 more\n"));
	assert_non_null(strstr(e->text, "without --offline"));
}

static void repairs_what_a_killed_kiln_left(void **state)
{
	(void)state;
	struct record r = record_of("g-1-0.conda", "", STR("gggg"));
	struct package_file f;
	struct str cache = arena_printf(&served.arena, "%s/five/packages", folder);
	assert_int_equal(fs_make_dirs(cache.p, 0700, NULL), 0);
	struct str whole =
		arena_printf(&served.arena, "%s/%s.conda", cache.p, digest_text(&r.sha256).hex);
	struct str part = arena_printf(&served.arena, "%s.part", whole.p);
	assert_int_equal(fs_write(part.p, STR("longer than it"), 0600, NULL), 0);
	assert_int_equal(fs_write(whole.p, STR("gg"), 0600, NULL), 0);
	assert_int_equal(fetch(&r, 1, "five", false, &f, NULL), 0);
	is_file(&f, STR("gggg"));
	package_files_done(&f, 1);
	assert_int_equal(entries("five"), 1);
}

static int check(const struct record *r, const char *cache, bool offline,
		 const struct package_file *f, struct err **e)
{
	AUTO(free) char *path = fs_join(folder, cache);
	struct package_options o = {.cache = path, .offline = offline};
	return package_check(served.client, r, &o, f, e);
}

static void an_archive_that_the_disk_damaged_is_fetched_again(void **state)
{
	(void)state;
	struct record r = record_of("k-1-0.conda", "", STR("kkkk"));
	struct package_file f;
	assert_int_equal(fetch(&r, 1, "eight", false, &f, NULL), 0);
	package_files_done(&f, 1);
	assert_int_equal(fetch(&r, 1, "eight", false, &f, NULL), 0);
	static const char *const bytes[] = {"kkkk", "kkok", "", "kkkkk"};
	for (size_t i = 0; i < COUNT(bytes); i++) {
		assert_int_equal(fs_write(f.path, str_of(bytes[i]), 0600, NULL), 0);
		assert_int_equal(check(&r, "eight", false, &f, NULL), 0);
		is_file(&f, STR("kkkk"));
	}
	unlink(f.path);
	assert_int_equal(check(&r, "eight", false, &f, NULL), 0);
	is_file(&f, STR("kkkk"));
	assert_int_equal(entries("eight"), 1);
	package_files_done(&f, 1);
}

static void a_damaged_archive_that_nobody_has_is_removed(void **state)
{
	(void)state;
	struct record r = record_of("l-1-0.conda", "", STR("llll")), built = r;
	struct package_file f;
	assert_int_equal(fetch(&r, 1, "nine", false, &f, NULL), 0);
	f.verified = false;
	built.sha256.bytes[0] ^= 1; /* of the source, not of the wheel */
	const struct {
		const struct record *r;
		bool offline;
	} rows[] = {{&r, true}, {&built, false}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(fs_write(f.path, STR("lxll"), 0600, NULL), 0);
		assert_int_equal(check(rows[i].r, "nine", rows[i].offline, &f, &e), ERR_DIGEST);
		assert_non_null(strstr(e->text, "was damaged on the disk"));
		assert_int_equal(entries("nine"), 0);
	}
	package_files_done(&f, 1);
}

static void what_this_run_has_fetched_is_not_read_again(void **state)
{
	(void)state;
	struct record r = record_of("m-1-0.conda", "", STR("mmmm"));
	struct package_file f;
	assert_int_equal(fetch(&r, 1, "ten", false, &f, NULL), 0);
	assert_int_equal(fs_write(f.path, STR("mmxm"), 0600, NULL), 0);
	assert_int_equal(check(&r, "ten", false, &f, NULL), 0);
	is_file(&f, STR("mmxm"));
	package_files_done(&f, 1);
}

struct race {
	struct record r[2];
	unsigned fetched;
};

static int race_one(void *cookie, size_t i, struct err **e)
{
	struct race *race = cookie;
	struct package_file f[2];
	(void)i;
	int code = fetch(race->r, 2, "six", false, f, e);
	if (code < 0)
		return code;
	__atomic_add_fetch(&race->fetched, f[0].verified + f[1].verified, __ATOMIC_SEQ_CST);
	package_files_done(f, 2);
	return 0;
}

static void lets_one_of_many_fetch(void **state)
{
	(void)state;
	struct race race = {{record_of("h-1-0.conda", "", STR("hhhh")),
			     record_of("i-1-0.conda", "", STR("iiii"))},
			    0};
	assert_int_equal(workers_run(6, 12, race_one, &race, NULL), 0);
	assert_int_equal(race.fetched, 2);
	assert_int_equal(entries("six"), 2);
}

static void puts_secrets_into_addresses_it_knows(void **state)
{
	(void)state;
	struct record r = record_of("j-1-0.conda", "", STR("jjjj"));
	struct package_file f;
	struct str real = arena_printf(&served.arena, "http://u:p@127.0.0.1:%u/files/t/tk/chan",
				       served.peer.port);
	AUTO(free) char *chan = fs_join(folder, "chan");
	AUTO(free) char *path = fs_join(chan, "j-1-0.conda");
	assert_int_equal(fs_make_dirs(chan, 0700, NULL), 0);
	assert_int_equal(fs_write(path, STR("jjjj"), 0600, NULL), 0);
	http_secret(served.client, STR("http://kiln.invalid/chan"), real);
	r.url = STR("http://kiln.invalid/chan/j-1-0.conda");
	assert_int_equal(fetch(&r, 1, "seven", false, &f, NULL), 0);
	is_file(&f, STR("jjjj"));
	package_files_done(&f, 1);
}

static void finds_the_cache_folder(void **state)
{
	static const struct {
		const char *kiln, *xdg, *home, *path;
	} rows[] = {
		{"/k", "/x", "/h", "/k"},
		{NULL, "/x", "/h", "/x/kiln"},
		{NULL, "relative", "/h", "/h/.cache/kiln"},
		{"", NULL, "/h", "/h/.cache/kiln"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(free) char *path = NULL;
		rows[i].kiln ? setenv("KILN_CACHE", rows[i].kiln, 1) : unsetenv("KILN_CACHE");
		rows[i].xdg ? setenv("XDG_CACHE_HOME", rows[i].xdg, 1) : unsetenv("XDG_CACHE_HOME");
		setenv("HOME", rows[i].home, 1);
		assert_int_equal(layout_default(&path, NULL), 0);
		assert_string_equal(path, rows[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches_each_archive_once),
		cmocka_unit_test(refuses_what_is_not_as_the_channel_says),
		cmocka_unit_test(knows_old_packages_by_their_md5),
		cmocka_unit_test(tells_what_is_there_without_fetching),
		cmocka_unit_test(asks_for_the_sizes_that_a_lock_does_not_say),
		cmocka_unit_test(says_what_is_missing_when_offline),
		cmocka_unit_test(shows_the_first_of_many_missing_things),
		cmocka_unit_test(repairs_what_a_killed_kiln_left),
		cmocka_unit_test(an_archive_that_the_disk_damaged_is_fetched_again),
		cmocka_unit_test(a_damaged_archive_that_nobody_has_is_removed),
		cmocka_unit_test(what_this_run_has_fetched_is_not_read_again),
		cmocka_unit_test(lets_one_of_many_fetch),
		cmocka_unit_test(puts_secrets_into_addresses_it_knows),
		cmocka_unit_test(finds_the_cache_folder),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
