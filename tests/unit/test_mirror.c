/* tests/unit/test_mirror.c - mirrors: which places are asked, in which order, and what is kept. */
#include "cache/channel.h"
#include "cache/mirror.h"
#include "cache/package.h"
#include "specs/base/json.h"
#include "tests/fake/make_shards.h"
#include "tests/fake/served.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TARGETS = 3, RULES = 4 };

/* Rules as the tests write them. */
struct rule {
	const char *prefix, *to[TARGETS];
};
static struct config_map map_of(const struct rule *rules, size_t n)
{
	struct config_named *v = arena_zero(&served.arena, n, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		struct str *to = arena_zero(&served.arena, TARGETS, sizeof(*to));
		v[i].name = str_of(rules[i].prefix);
		for (size_t k = 0; k < TARGETS && rules[i].to[k]; k++) {
			to[k] = str_of(rules[i].to[k]);
			v[i].to = (struct strs){to, k + 1};
		}
	}
	return (struct config_map){v, n};
}

static const struct rule rules[] = {
	{"https://h", {"http://a", "https://h"}},
	{"https://h/c", {"http://b/x"}},
	{"https://h/c/d", {"file:///d", "http://a/e"}},
	{"docker.io", {"m:5000/hub", "docker.io"}},
};

static void the_longest_prefix_counts_and_ends_at_a_slash(void **state)
{
	static const struct {
		const char *url, *places;
	} rows[] = {
		{"https://h/p", "http://a/p https://h/p"},
		{"https://h", "http://a https://h"},
		{"https://h:80/p", "https://h:80/p"},
		{"https://hh/p", "https://hh/p"},
		{"http://h/p", "http://h/p"},
		{"https://h/c", "http://b/x"},
		{"https://h/c/p?q", "http://b/x/p?q"},
		{"https://h/cc", "http://a/cc https://h/cc"},
		{"https://h/c/d/p", "file:///d/p http://a/e/p"},
		{"docker.io/library/debian", "m:5000/hub/library/debian docker.io/library/debian"},
		{"docker.io.x/a", "docker.io.x/a"},
	};
	struct config_map map = map_of(rules, COUNT(rules));
	AUTO(mirrors_free) struct mirrors *m = mirrors_new(&map);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct strs places = mirrors_places(m, str_of(rows[i].url), &served.arena);
		assert_string_equal(served_joined(places).p, rows[i].places);
		places = mirrors_places(NULL, str_of(rows[i].url), &served.arena);
		assert_string_equal(served_joined(places).p, rows[i].url);
	}
}

static void what_is_avoided_is_asked_last(void **state)
{
	struct config_map map = map_of(rules, COUNT(rules));
	AUTO(mirrors_free) struct mirrors *m = mirrors_new(&map);
	struct arena *a = &served.arena;
	(void)state;
	mirrors_avoid(m, STR("http://a/p"));
	assert_string_equal(served_joined(mirrors_places(m, STR("https://h/p/q"), a)).p,
			    "https://h/p/q http://a/p/q");
	assert_string_equal(served_joined(mirrors_places(m, STR("https://h/pp"), a)).p,
			    "http://a/pp https://h/pp");
	mirrors_avoid(m, STR("https://h"));
	mirrors_avoid(m, STR("http://a"));
	assert_string_equal(served_joined(mirrors_places(m, STR("https://h/pp"), a)).p,
			    "http://a/pp https://h/pp");
}

static void addresses_of_a_mirror_become_those_of_the_origin(void **state)
{
	static const struct {
		const char *of, *url, *origin;
	} rows[] = {
		{"https://h/c", "http://b/x/noarch/", "https://h/c/noarch/"},
		{"https://h/c", "http://b/xx/", "http://b/xx/"},
		{"https://h/c/d", "http://a/e/p", "https://h/c/d/p"},
		{"https://h/p", "http://a/e/p", "https://h/e/p"},
		{"https://o/p", "http://a/e/p", "http://a/e/p"},
	};
	struct config_map map = map_of(rules, COUNT(rules));
	AUTO(mirrors_free) struct mirrors *m = mirrors_new(&map);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(
			mirrors_origin(m, str_of(rows[i].of), str_of(rows[i].url), &served.arena).p,
			rows[i].origin);
}

/* ---- channels and packages of a peer that behaves as the path says ---- */

struct client {
	struct config_map map;
	struct mirrors *mirrors;
	struct http *http;
};

static void client_done(struct client *c)
{
	http_close(c->http);
	mirrors_free(c->mirrors);
}
AUTO_DEFINE_VALUE(struct client, client_done)

/* "https://origin.example" is at the places below the peer, one after the other. */
static void client_open(struct client *c, const char *one, const char *two)
{
	struct rule rule = {"https://origin.example", {NULL}};
	const char *places[] = {one, two};
	for (size_t i = 0; i < COUNT(places) && places[i]; i++)
		rule.to[i] = arena_printf(&served.arena, "http://127.0.0.1:%u/%s", served.peer.port,
					  places[i])
				     .p;
	c->map = map_of(&rule, 1);
	c->mirrors = mirrors_new(&c->map);
	struct http_options o = {.idle_ms = 500, .backoff_ms = 10, .mirrors = c->mirrors};
	assert_int_equal(http_open(&o, &c->http, NULL), 0);
}

static void put(const char *place, const char *file, struct str bytes)
{
	struct str dir = arena_printf(&served.arena, "%s/%s", folder, place);
	AUTO(free) char *path = fs_join(dir.p, file);
	assert_int_equal(fs_make_dirs(dir.p, 0700, NULL), 0);
	assert_int_equal(fs_write(path, bytes, 0600, NULL), 0);
}

static void put_repodata(const char *place, const char *base_url)
{
	put(place, "repodata.json",
	    arena_printf(&served.arena,
			 "{\"info\":{\"base_url\":\"%s\"},\"packages.conda\":{\"a-1-0.conda\":"
			 "{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0,"
			 "\"depends\":[]}}}",
			 base_url));
}

static struct str noarch[] = {STR("noarch")};

static int open_at(const struct client *c, const char *name, const char *cache, bool offline,
		   struct channels *out, struct err **e)
{
	struct str url = arena_printf(&served.arena, "https://origin.example/%s", name);
	struct channel_options o = {.cache = arena_printf(&served.arena, "%s/%s", folder, cache).p,
				    .subdirs = {noarch, 1},
				    .offline = offline};
	return channels_open(c->http, (struct strs){&url, 1}, &o, out, e);
}

static void a_channel_is_the_first_that_answers(void **state)
{
	static const char *const bad[] = {"status/503/503",
					  "status/500/500",
					  "gone",
					  "silent",
					  "echo",
					  /* no JSON */ "files/@broken",
					  "drop"};
	(void)state;
	put_repodata("c/noarch", "");
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO(client_done) struct client one = {0};
		AUTO(client_done) struct client two = {0};
		AUTO(channels_close) struct channels c = {0};
		AUTO(channels_close) struct channels again = {0};
		const char *cache = arena_printf(&served.arena, "first-%zu", i).p;
		client_open(&one, bad[i], "files");
		assert_int_equal(open_at(&one, "c", cache, false, &c, NULL), 0);
		assert_string_equal(c.v[0].url.p, "https://origin.example/c");
		assert_string_equal(c.v[0].subdirs[0].base_url.p,
				    "https://origin.example/c/noarch/");
		assert_int_equal(index_name_count(c.v[0].subdirs[0].index), 1);
		/* offline the cache has it, whichever place it came from */
		client_open(&two, "elsewhere", "files");
		assert_int_equal(open_at(&two, "c", cache, true, &again, NULL), 0);
	}
}

static void the_last_place_says_what_is_wrong(void **state)
{
	static const struct {
		const char *one, *two;
		int code;
		const char *told;
	} rows[] = {
		{"gone", "status/503/503", ERR_NET, "/status/503/503/c/noarch/repodata.json"},
		{"status/503/503", "gone", ERR_NET, "not a channel: https://origin.example/c"},
		{"gone", NULL, ERR_NET, "not a channel: https://origin.example/c"},
		{"status/401/401", "files", ERR_REFUSED, "/status/401/401/c/noarch/"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(client_done) struct client one = {0};
		AUTO(channels_close) struct channels c = {0};
		AUTO(err_free) struct err *e = NULL;
		client_open(&one, rows[i].one, rows[i].two);
		assert_int_equal(open_at(&one, "c", "last", false, &c, &e), rows[i].code);
		AUTO(free) char *line = err_line(e);
		if (!strstr(line, rows[i].told))
			fail_msg("%s", line);
	}
}

static void a_base_url_at_the_mirror_is_one_at_the_origin(void **state)
{
	static const struct {
		const char *given, *base_url;
	} rows[] = {
		{"", "https://origin.example/based/noarch/"},
		{"../pool", "https://origin.example/based/pool/"},
		{"/pool", "https://origin.example/pool/"},
		{"https://other.example/p", "https://other.example/p/"},
		{"http://127.0.0.1:%u/files/based/x/", "https://origin.example/based/x/"},
		{"http://127.0.0.1:%u/filesystem", "http://127.0.0.1:%u/filesystem/"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(client_done) struct client one = {0};
		AUTO(channels_close) struct channels c = {0};
		char given[256], wanted[256];
		snprintf(given, sizeof(given), rows[i].given, served.peer.port);
		snprintf(wanted, sizeof(wanted), rows[i].base_url, served.peer.port);
		put_repodata("based/noarch", given);
		client_open(&one, "files", NULL);
		assert_int_equal(open_at(&one, "based", "based", false, &c, NULL), 0);
		assert_string_equal(c.v[0].subdirs[0].base_url.p, wanted);
	}
}

static void a_token_of_the_origin_is_for_the_origin_only(void **state)
{
	AUTO(mirrors_free) struct mirrors *m = NULL;
	AUTO(http_close) struct http *client = NULL;
	AUTO(channels_close) struct channels c = {0};
	struct str host = arena_printf(&served.arena, "http://127.0.0.1:%u", served.peer.port);
	struct str at[] = {arena_printf(&served.arena, "%s/files", host.p),
			   arena_printf(&served.arena, "%s/lost", host.p)};
	struct rule rule = {at[0].p, {at[1].p, at[0].p}};
	struct config_map map = map_of(&rule, 1);
	struct str url = arena_printf(&served.arena, "%s/files/t/tk-1/token", host.p);
	struct channel_options o = {.cache =
					    arena_printf(&served.arena, "%s/token-cache", folder).p,
				    .subdirs = {noarch, 1}};
	(void)state;
	put_repodata("token/noarch", "");
	m = mirrors_new(&map);
	struct http_options options = {.mirrors = m};
	assert_int_equal(http_open(&options, &client, NULL), 0);
	assert_int_equal(channels_open(client, (struct strs){&url, 1}, &o, &c, NULL), 0);
	assert_int_equal(served_count("count/lost/token/noarch/repodata.json"), 1);
	assert_int_equal(served_count("count/files/t/tk-1/token/noarch/repodata.json"), 1);
	assert_int_equal(served_count("count/lost/t/tk-1/token/noarch/repodata.json"), 0);
}

static void each_place_has_its_own_validators(void **state)
{
	(void)state;
	put_repodata("own/noarch", "");
	put_repodata("there/own/noarch", "./");
	for (int i = 0; i < 4; i++) {
		AUTO(client_done) struct client one = {0};
		AUTO(channels_close) struct channels c = {0};
		client_open(&one, i % 2 ? "files" : "files/there", NULL);
		assert_int_equal(open_at(&one, "own", "own", false, &c, NULL), 0);
		assert_true(str_is(index_base_url(c.v[0].subdirs[0].index), i % 2 ? "" : "./"));
	}
}

static void a_package_is_the_first_copy_that_is_right(void **state)
{
	static const struct {
		const char *one, *two;
		int code;
	} rows[] = {
		{"files", NULL, 0},
		{"files/@broken", "files", 0},
		{"gone", "files", 0},
		{"status/500/500", "files", 0},
		{"files/@broken", NULL, ERR_DIGEST},
		{"files/@broken", "gone", ERR_NET},
		{"gone", "files/@broken", ERR_DIGEST},
		{"status/403/403", "files", ERR_REFUSED},
	};
	struct record r = {.fn = STR("p-1-0.conda"),
			   .url = STR("https://origin.example/p-1-0.conda"),
			   .channel = STR("https://origin.example"),
			   .has_sha256 = true,
			   .size = 4};
	(void)state;
	put("", "p-1-0.conda", STR("pppp"));
	digest_of("pppp", 4, &r.sha256);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(client_done) struct client one = {0};
		AUTO(err_free) struct err *e = NULL;
		AUTO(free) char *cache = fs_join(folder, "packages-of");
		struct package_options o = {.cache = cache};
		struct package_file f;
		struct record unsized = r;
		assert_int_equal(fs_remove(cache, NULL), 0);
		client_open(&one, rows[i].one, rows[i].two);
		assert_int_equal(packages_fetch(one.http, &r, 1, &o, &f, &e), rows[i].code);
		if (rows[i].code == 0)
			package_files_done(&f, 1);
		unsized.size = 0;
		assert_int_equal(packages_ask_sizes(one.http, &unsized, 1, &o, NULL), 0);
		if (rows[i].code == 0)
			assert_int_equal(unsized.size, 4);
	}
}

/* Two requests of eight tell that the mirror is down; then nobody asks it any more. */
static void a_mirror_that_fails_is_left_alone(void **state)
{
	AUTO(client_done) struct client one = {0};
	AUTO(free) char *cache = fs_join(folder, "alone");
	struct package_options o = {.cache = cache, .jobs = 1};
	struct package_file files[20];
	struct record r[COUNT(files)];
	(void)state;
	for (size_t i = 0; i < COUNT(r); i++) {
		char name[32], bytes[32];
		snprintf(name, sizeof(name), "q%zu-1-0.conda", i);
		snprintf(bytes, sizeof(bytes), "%zu", i);
		put("", name, str_of(bytes));
		r[i] = (struct record){.fn = arena_str(&served.arena, str_of(name)),
				       .has_sha256 = true};
		r[i].url = arena_printf(&served.arena, "https://origin.example/%s", name);
		digest_of(bytes, strlen(bytes), &r[i].sha256);
	}
	unsigned before = served_count("counts");
	client_open(&one, "status/502/502", "files");
	assert_int_equal(packages_fetch(one.http, r, COUNT(r), &o, files, NULL), 0);
	/* each archive once, and at most two tries of each download that ran at first */
	assert_true(served_count("counts") - before <= COUNT(r) + 2 * 8);
	package_files_done(files, COUNT(r));
}

/* ---- shards ---- */

static const struct fake_record a_record = {"a", "1.0", {"b"}}, b_record = {"b", "1.0", {NULL}};

static const char *put_shard(const char *place, struct str shard)
{
	struct digest d;
	digest_of(shard.p, shard.n, &d);
	const char *name = arena_printf(&served.arena, "%s.msgpack.zst", digest_text(&d).hex).p;
	put(place, name, shard);
	return name;
}

static void a_shard_may_come_from_another_place(void **state)
{
	struct str a = fake_shard(&served.arena, &a_record, 1, NULL);
	struct str b = fake_shard(&served.arena, &b_record, 1, NULL);
	struct fake_listed listed[] = {{"a", a}, {"b", b}};
	struct str name = STR("a"), url = STR("https://origin.example/s");
	(void)state;
	for (int absolute = 0; absolute < 2; absolute++) {
		AUTO(client_done) struct client one = {0};
		AUTO(channels_close) struct channels c = {0};
		struct strs names = {&name, 1};
		const char *cache = absolute ? "sharded-2" : "sharded-1";
		struct channel_options o = {
			.cache = arena_printf(&served.arena, "%s/%s", folder, cache).p,
			.subdirs = {noarch, 1},
			.wanted = &names};
		char at[128] = "shards";
		if (absolute)
			snprintf(at, sizeof(at), "http://127.0.0.1:%u/files/m1/s/noarch/shards",
				 served.peer.port);
		put("m1/s/noarch", "repodata_shards.msgpack.zst",
		    fake_list(&served.arena, listed, 2, "", at, false));
		put_shard("m1/s/noarch/shards", a);
		put_shard("m2/s/noarch/shards", b);
		client_open(&one, "files/m1", "files/m2");
		assert_int_equal(channels_open(one.http, (struct strs){&url, 1}, &o, &c, NULL), 0);
		assert_int_equal(index_name_count(c.v[0].subdirs[0].index), 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_counts_and_ends_at_a_slash),
		cmocka_unit_test(what_is_avoided_is_asked_last),
		cmocka_unit_test(addresses_of_a_mirror_become_those_of_the_origin),
		cmocka_unit_test(a_channel_is_the_first_that_answers),
		cmocka_unit_test(the_last_place_says_what_is_wrong),
		cmocka_unit_test(a_base_url_at_the_mirror_is_one_at_the_origin),
		cmocka_unit_test(a_token_of_the_origin_is_for_the_origin_only),
		cmocka_unit_test(each_place_has_its_own_validators),
		cmocka_unit_test(a_package_is_the_first_copy_that_is_right),
		cmocka_unit_test(a_mirror_that_fails_is_left_alone),
		cmocka_unit_test(a_shard_may_come_from_another_place),
	};
	return cmocka_run_group_tests_name("mirror", tests, served_start, served_stop);
}
