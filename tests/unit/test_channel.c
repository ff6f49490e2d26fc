/* tests/unit/test_channel.c - channels named, fetched, revalidated and opened. */
#include "cache/channel.h"
#include "tests/fake/served.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <zstd.h>

#include <cmocka.h>

static struct str linux_and_noarch[] = {{"linux-64", 8}, {"noarch", 6}};

static void put(const char *channel, const char *subdir, const char *file, struct str bytes)
{
	struct str dir = arena_printf(&served.arena, "%s/%s/%s", folder, channel, subdir);
	AUTO(free) char *path = fs_join(dir.p, file);
	assert_int_equal(fs_make_dirs(dir.p, 0700, NULL), 0);
	assert_int_equal(fs_write(path, bytes, 0600, NULL), 0);
}

static struct str repodata(const char *name, const char *base_url)
{
	return arena_printf(&served.arena,
			    "{\"info\":{\"subdir\":\"noarch\"%s%s%s},\"packages\":{},"
			    "\"packages.conda\":{\"%s-1.0-0.conda\":{\"name\":\"%s\","
			    "\"version\":\"1.0\",\"build\":\"0\",\"build_number\":0,"
			    "\"depends\":[\"python >=3\"],\"size\":5}}}",
			    base_url ? ",\"base_url\":\"" : "", base_url ? base_url : "",
			    base_url ? "\"" : "", name, name);
}

static struct str zstd_of(struct str text)
{
	size_t room = ZSTD_compressBound(text.n);
	char *to = arena_alloc(&served.arena, room);
	return (struct str){to, ZSTD_compress(to, room, text.p, text.n, 3)};
}

static int open_channel(struct str name, const char *cache, bool offline, struct channels *c,
			struct err **e)
{
	struct channel_options o = {
		.cache = cache, .subdirs = {linux_and_noarch, 2}, .offline = offline};
	return channels_open(served.client, (struct strs){&name, 1}, &o, c, e);
}

static bool has(const struct channels *c, size_t subdir, const char *name)
{
	uint32_t first, count;
	const struct index *x = c->v[0].subdirs[subdir].index;
	return x && index_find(x, str_of(name), &first, &count) && count == 1;
}

static struct str far(const char *rest)
{
	return arena_printf(&served.arena, "http://127.0.0.1:%u/files/%s", served.peer.port, rest);
}

static const char *cache(const char *name)
{
	return arena_printf(&served.arena, "%s/cache-%s", folder, name).p;
}

static void resolves_names(void **state)
{
	static const struct {
		const char *name, *alias, *url;
	} rows[] = {
		{"conda-forge", NULL, "https://conda.anaconda.org/conda-forge"},
		{" conda-forge/label/dev/ ", NULL,
		 "https://conda.anaconda.org/conda-forge/label/dev"},
		{"a", "https://mirror/conda/", "https://mirror/conda/a"},
		{"https://u:p@h:1/c/?q=1#x", NULL, "https://h:1/c"},
		{"https://h/t/tk-123/c", NULL, "https://h/c"},
		{"https://h/x/t/tk-123/c/d", NULL, "https://h/x/c/d"},
		{"a", "https://u:p@h/t/tk", "https://h/a"},
		{"pkgs/main", NULL, "https://repo.anaconda.com/pkgs/main"},
		{"pkgs/r", NULL, "https://repo.anaconda.com/pkgs/r"},
		{"/no such/chan/", NULL, "file:///no%20such/chan"},
		{"file:///a/b/", NULL, "file:///a/b"},
		{"/", NULL, "file://"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct channel_names names = {.alias = str_of(rows[i].alias)};
		struct str url = channel_url(&served.arena, str_of(rows[i].name), &names);
		assert_string_equal(url.p, rows[i].url);
	}
	assert_true(str_starts(channel_url(&served.arena, STR("./x"), &channel_names_usual),
			       "file:///"));
}

static void the_multichannel_is_its_members_in_order(void **state)
{
	static const struct str own[] = {STR("a"), STR("/b")};
	static const struct {
		struct str list[3];
		struct channel_names names;
		const char *members, *identities;
	} rows[] = {
		{{STR("defaults"), STR("x")},
		 {{0}},
		 "pkgs/main pkgs/r x",
		 "https://repo.anaconda.com/pkgs/main https://repo.anaconda.com/pkgs/r "
		 "https://conda.anaconda.org/x"},
		{{STR("pkgs/r"), STR("defaults"), STR("https://conda.anaconda.org/x/")},
		 {{0}},
		 "pkgs/r pkgs/main https://conda.anaconda.org/x/",
		 "https://repo.anaconda.com/pkgs/r https://repo.anaconda.com/pkgs/main "
		 "https://conda.anaconda.org/x"},
		{{STR("x"), STR("defaults"), STR("https://m/c/a")},
		 {STR("https://m/c"), {own, 2}},
		 "x a /b",
		 "https://m/c/x https://m/c/a /b"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct strs list = {rows[i].list, rows[i].list[2].n ? 3 : 2};
		struct strs members = channel_members(&served.arena, list, &rows[i].names);
		struct strs shown = channel_identities(&served.arena, list, &rows[i].names);
		assert_string_equal(served_joined(members).p, rows[i].members);
		assert_string_equal(served_joined(shown).p, rows[i].identities);
	}
}

static void fetches_once_and_asks_again(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels one = {0};
	AUTO(channels_close) struct channels two = {0};
	AUTO(channels_close) struct channels three = {0};
	put("plain", "noarch", "repodata.json", repodata("a", NULL));
	put("plain", "linux-64", "repodata.json", repodata("b", NULL));
	put("plain", "linux-64", "repodata.json.zst", zstd_of(repodata("c", NULL)));
	struct str url = far("plain");
	assert_int_equal(open_channel(url, cache("1"), false, &one, NULL), 0);
	assert_true(has(&one, 0, "c") && has(&one, 1, "a")); /* .zst is preferred */
	assert_string_equal(one.v[0].url.p, url.p);
	assert_true(str_ends(one.v[0].subdirs[1].base_url, "/files/plain/noarch/"));

	assert_int_equal(open_channel(url, cache("1"), false, &two, NULL), 0); /* 304 */
	assert_true(has(&two, 0, "c") && has(&two, 1, "a"));

	put("plain", "noarch", "repodata.json", repodata("d", NULL));
	assert_int_equal(open_channel(url, cache("1"), false, &three, NULL), 0);
	assert_true(has(&three, 1, "d") && !has(&three, 1, "a"));
	assert_true(has(&two, 1, "a")); /* what was open stays whole */
}

static void reads_folders_and_sees_them_change(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels one = {0};
	AUTO(channels_close) struct channels two = {0};
	AUTO(channels_close) struct channels three = {0};
	put("near", "noarch", "repodata.json", repodata("a", NULL));
	struct str path = arena_printf(&served.arena, "%s/near", folder);
	assert_int_equal(open_channel(path, cache("2"), false, &one, NULL), 0);
	assert_true(has(&one, 1, "a"));
	assert_null(one.v[0].subdirs[0].index);
	assert_int_equal(open_channel(path, cache("2"), false, &two, NULL), 0);
	assert_true(has(&two, 1, "a"));
	put("near", "noarch", "repodata.json", repodata("b", NULL));
	assert_int_equal(open_channel(path, cache("2"), false, &three, NULL), 0);
	assert_true(has(&three, 1, "b"));
}

static void subdirs_of_equal_bytes_do_not_drop_each_others_index(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		AUTO(channels_close) struct channels c = {0};
		struct str path = arena_printf(&served.arena, "%s/twins", folder);
		struct str text = repodata(i % 2 ? "a" : "b", NULL), other = STR("{}");
		put("twins", "noarch", "repodata.json", i % 3 ? text : other);
		put("twins", "linux-64", "repodata.json", i % 2 ? text : other);
		assert_int_equal(open_channel(path, cache("twins"), false, &c, NULL), 0);
	}
}

static void works_offline_from_what_it_has(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels one = {0};
	AUTO(channels_close) struct channels two = {0};
	AUTO(err_free) struct err *e = NULL;
	put("off", "noarch", "repodata.json", repodata("a", NULL));
	struct str url = far("off");
	assert_int_equal(open_channel(url, cache("3"), true, &one, &e), ERR_ABSENT);
	assert_int_equal(open_channel(url, cache("3"), false, &one, NULL), 0);
	assert_int_equal(open_channel(url, cache("3"), true, &two, NULL), 0);
	assert_true(has(&two, 1, "a"));
	assert_null(two.v[0].subdirs[0].index);
}

/* Of every index in the cache, one bit. */
static void damage_indexes(const char *in)
{
	AUTO(free) char *indexes = fs_join(in, "indexes");
	DIR *d = opendir(indexes);
	size_t n = 0;
	assert_non_null(d);
	for (struct dirent *at; (at = readdir(d));) {
		AUTO(free) char *path = fs_join(indexes, at->d_name);
		AUTO(buf_done) struct buf bytes = BUF(1 << 20);
		if (at->d_name[0] == '.')
			continue;
		assert_int_equal(fs_read(path, &bytes, NULL), 0);
		bytes.data[bytes.n / 2] ^= 4;
		assert_int_equal(fs_write(path, buf_str(&bytes), 0600, NULL), 0);
		n++;
	}
	closedir(d);
	assert_true(n > 0);
}

static void a_damaged_index_is_made_again(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	put("hurt", "noarch", "repodata.json", repodata("a", NULL));
	const struct {
		struct str name;
		bool near;
	} rows[] = {{far("hurt"), false}, {arena_printf(&served.arena, "%s/hurt", folder), true}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *in = cache(rows[i].near ? "hurt-near" : "hurt-far");
		for (unsigned round = 0; round < 3; round++) {
			AUTO(channels_close) struct channels c = {0};
			bool offline = round == 2 && rows[i].near;
			assert_int_equal(open_channel(rows[i].name, in, offline, &c, NULL), 0);
			assert_true(has(&c, 1, "a"));
			damage_indexes(in);
		}
	}
	/* Offline there is nothing to make it of: that is said. */
	struct channels none;
	assert_int_equal(open_channel(rows[0].name, cache("hurt-far"), true, &none, &e),
			 ERR_ABSENT);
	assert_non_null(strstr(e->text, "hurt/noarch (there is an index of it, but damaged"));
}

static void knows_where_else_a_name_is(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels near = {0};
	AUTO(channels_close) struct channels there = {0};
	AUTO(buf_done) struct buf found = BUF(1 << 10);
	struct channel_options o = {.cache = cache("4")};
	put("other", "noarch", "repodata.json", repodata("a", NULL));
	put("other", "osx-64", "repodata.json", repodata("b", NULL));
	put("other", "win-64", "repodata.json", repodata("b", NULL));
	struct str path = arena_printf(&served.arena, "%s/other", folder);
	assert_int_equal(open_channel(path, cache("4"), false, &near, NULL), 0);
	channels_elsewhere(served.client, &near, &o, STR("a"), &found);
	assert_int_equal(found.n, 0);
	channels_elsewhere(served.client, &near, &o, STR("b"), &found);
	assert_string_equal(found.data,
			    arena_printf(&served.arena, "osx-64 of %.*s, win-64 of %.*s",
					 STR_ARG(path), STR_ARG(path))
				    .p);
	/* A server's other subdirs are not fetched for a hint. */
	buf_clear(&found);
	assert_int_equal(open_channel(far("other"), cache("4"), false, &there, NULL), 0);
	channels_elsewhere(served.client, &there, &o, STR("b"), &found);
	assert_int_equal(found.n, 0);
}

static void refuses_what_is_no_channel(void **state)
{
	(void)state;
	put("half", "linux-64", "repodata.json", repodata("a", NULL));
	put("torn", "noarch", "repodata.json", STR("{\"packages\":{"));
	struct str zst = zstd_of(repodata("a", NULL));
	put("torn-zst", "noarch", "repodata.json.zst", str_to(zst, zst.n - 5));
	const struct {
		struct str name;
		int code;
		const char *text;
	} rows[] = {
		{far("nothing"), ERR_NET, "not a channel: http://127.0.0.1"},
		{far("half"), ERR_NET, "not a channel"},
		{far("torn"), ERR_CORRUPT, "torn/noarch/repodata.json"},
		{far("torn-zst"), ERR_CORRUPT, "ends early"},
		{arena_printf(&served.arena, "%s/half", folder), ERR_ABSENT, "has no noarch"},
		{STR("/no/such/folder"), ERR_ABSENT, "file:///no/such/folder"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(channels_close) struct channels c = {0};
		AUTO(err_free) struct err *e = NULL;
		int code = open_channel(rows[i].name, cache("4"), false, &c, &e);
		AUTO(free) char *line = err_line(e);
		if (code != rows[i].code || !strstr(line, rows[i].text))
			fail_msg("%d %s", code, line);
	}
}

static void takes_an_empty_file_for_an_empty_channel(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels c = {0};
	put("empty", "noarch", "repodata.json", STR(""));
	assert_int_equal(open_channel(far("empty"), cache("5"), false, &c, NULL), 0);
	assert_int_equal(index_name_count(c.v[0].subdirs[1].index), 0);
}

static void keeps_tokens_to_itself(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels c = {0};
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	put("secret", "noarch", "repodata.json", repodata("a", NULL));
	struct str url = arena_printf(
		&served.arena, "http://me:hush@127.0.0.1:%u/files/t/hush/secret", served.peer.port);
	assert_int_equal(open_channel(url, cache("6"), false, &c, NULL), 0);
	assert_true(has(&c, 1, "a"));
	assert_string_equal(c.v[0].url.p, far("secret").p);
	assert_null(strstr(c.v[0].name.p, "hush"));
	struct str grep = arena_printf(&served.arena, "grep -rq hush %s", cache("6"));
	assert_int_not_equal(system(grep.p), 0);
}

static void follows_the_base_url(void **state)
{
	static const struct {
		const char *given, *base;
	} rows[] = {
		{"https://u:p@cdn/pool", "https://cdn/pool/"},
		{"../../pool/x/", "http://127.0.0.1/files/pool/x/"},
		{"/pool", "http://127.0.0.1/pool/"},
		{"//cdn/pool", "http://cdn/pool/"},
		{"./here", "http://127.0.0.1/files/base/noarch/here/"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(channels_close) struct channels c = {0};
		put("base", "noarch", "repodata.json", repodata("a", rows[i].given));
		assert_int_equal(open_channel(far("base"), cache("7"), false, &c, NULL), 0);
		struct str got = c.v[0].subdirs[1].base_url;
		char port[16];
		snprintf(port, sizeof(port), ":%u", served.peer.port);
		char *at = strstr((char *)got.p, port);
		if (at)
			memmove(at, at + strlen(port), strlen(at + strlen(port)) + 1);
		assert_string_equal(got.p, rows[i].base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_names),
		cmocka_unit_test(the_multichannel_is_its_members_in_order),
		cmocka_unit_test(fetches_once_and_asks_again),
		cmocka_unit_test(reads_folders_and_sees_them_change),
		cmocka_unit_test(subdirs_of_equal_bytes_do_not_drop_each_others_index),
		cmocka_unit_test(works_offline_from_what_it_has),
		cmocka_unit_test(a_damaged_index_is_made_again),
		cmocka_unit_test(knows_where_else_a_name_is),
		cmocka_unit_test(refuses_what_is_no_channel),
		cmocka_unit_test(takes_an_empty_file_for_an_empty_channel),
		cmocka_unit_test(keeps_tokens_to_itself),
		cmocka_unit_test(follows_the_base_url),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
