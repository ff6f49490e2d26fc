/* tests/unit/test_shards.c - sharded repodata: read, reached by name, fetched once, checked. */
#include "cache/channel.h"
#include "cache/msgpack_check.h"
#include "cache/shard.h"
#include "specs/base/clock.h"
#include "tests/fake/make_shards.h"
#include "tests/fake/served.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void put(const char *place, const char *file, struct str bytes)
{
	struct str dir = arena_printf(&served.arena, "%s/%s", folder, place);
	AUTO(free) char *path = fs_join(dir.p, file);
	assert_int_equal(fs_make_dirs(dir.p, 0700, NULL), 0);
	assert_int_equal(fs_write(path, bytes, 0600, NULL), 0);
}

static const char *name_of_shard(struct str shard)
{
	struct digest d;
	digest_of(shard.p, shard.n, &d);
	return arena_printf(&served.arena, "%s.msgpack.zst", digest_text(&d).hex).p;
}

/* ---- channels ---- */

enum { LISTED_MAX = 8 };

/* A subdir as it is made: its shards stand beside the list, or in `below`. */
struct made {
	const char *place, *base_url, *below;
	bool numbers;
	struct fake_listed v[LISTED_MAX];
	size_t n;
};

static void add(struct made *m, const struct fake_record *records, size_t n, const char *removed)
{
	struct str shard = fake_shard(&served.arena, records, n, removed);
	const char *below = m->below ? m->below : "";
	put(arena_printf(&served.arena, "%s/%s", m->place, below).p, name_of_shard(shard), shard);
	m->v[m->n++] = (struct fake_listed){records->name, shard};
}

static void put_list(const struct made *m)
{
	put(m->place, "repodata_shards.msgpack.zst",
	    fake_list(&served.arena, m->v, m->n, m->base_url ? m->base_url : "",
		      m->below ? m->below : "", m->numbers));
}

/* a -> b -> c in noarch, where c has a second version; d stands apart; b of linux-64 -> e. */
static void make_channel(const char *name, bool numbers)
{
	static const struct fake_record a = {"a", "1.0", {"b >=1", "B"}};
	static const struct fake_record b = {"b", "1.0", {"other::c 1.*"}};
	static const struct fake_record c[] = {
		{"c", "1.0", {NULL}}, {"c", "1.1", {NULL}}, {"c", "1.2", {NULL}}};
	static const struct fake_record d = {"d", "1.0", {NULL}};
	static const struct fake_record b_linux = {"b", "2.0", {"e", "__glibc >=2.17"}};
	static const struct fake_record e = {"e", "1.0", {"a", "missing"}};
	struct made noarch = {arena_printf(&served.arena, "%s/noarch", name).p, NULL, "shards",
			      numbers};
	struct made linux64 = {arena_printf(&served.arena, "%s/linux-64", name).p, "../pool", NULL,
			       numbers};
	add(&noarch, &a, 1, NULL);
	add(&noarch, &b, 1, NULL);
	add(&noarch, c, 3, "c-1.1-h1_0.conda");
	add(&noarch, &d, 1, NULL);
	add(&linux64, &e, 1, NULL);
	add(&linux64, &b_linux, 1, NULL);
	put_list(&noarch);
	put_list(&linux64);
}

static struct str linux_and_noarch[] = {{"linux-64", 8}, {"noarch", 6}};

static uint64_t run_began; /* what was asked since then is not asked again */

static int open_of(struct str url, const char *cache, const char *wanted, bool offline,
		   struct channels *c, struct err **e)
{
	struct str name = str_of(wanted);
	struct strs names = {&name, 1};
	struct channel_options o = {.cache = arena_printf(&served.arena, "%s/%s", folder, cache).p,
				    .subdirs = {linux_and_noarch, 2},
				    .wanted = wanted ? &names : NULL,
				    .since_ms = run_began,
				    .offline = offline};
	return channels_open(served.client, (struct strs){&url, 1}, &o, c, e);
}

static struct str far(const char *rest)
{
	return arena_printf(&served.arena, "http://127.0.0.1:%u/files/%s", served.peer.port, rest);
}

/* How often anything was asked for, but for the counts themselves. */
static unsigned asked(void)
{
	return served_count("counts");
}

static uint32_t records(const struct channels *c, size_t subdir, const char *name)
{
	uint32_t first, count;
	const struct index *x = c->v[0].subdirs[subdir].index;
	return x && index_find(x, str_of(name), &first, &count) ? count : 0;
}

static void only_what_is_reached_is_fetched_and_only_once(void **state)
{
	(void)state;
	for (unsigned numbers = 0; numbers < 2; numbers++) {
		AUTO(channels_close) struct channels one = {0};
		AUTO(channels_close) struct channels two = {0};
		const char *name = numbers ? "numbers" : "bytes";
		make_channel(name, numbers);
		unsigned before = asked();
		assert_int_equal(open_of(far(name), name, "a", false, &one, NULL), 0);
		/* two lists; a, b, c of noarch; b, e of linux-64 */
		assert_int_equal(asked() - before, 7);
		assert_int_equal(records(&one, 1, "a"), 1);
		assert_int_equal(records(&one, 1, "b"), 1);
		assert_int_equal(records(&one, 1, "c"), 2); /* one is removed */
		assert_int_equal(records(&one, 1, "d"), 0);
		assert_int_equal(records(&one, 0, "b"), 1);
		assert_int_equal(records(&one, 0, "e"), 1);
		assert_int_equal(channel_name_count(&one.v[0].subdirs[1]), 4);
		assert_true(str_is(channel_name(&one.v[0].subdirs[1], 3), "d"));

		before = asked();
		assert_int_equal(open_of(far(name), name, "c", false, &two, NULL), 0);
		assert_int_equal(asked() - before, 2); /* 304, twice */
		assert_int_equal(records(&two, 1, "c"), 2);
		assert_int_equal(records(&two, 1, "a"), 0);
		assert_int_equal(index_name_count(two.v[0].subdirs[0].index), 0);
	}
}

static void a_run_asks_for_a_list_once(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels one = {0};
	AUTO(channels_close) struct channels two = {0};
	AUTO(channels_close) struct channels three = {0};
	make_channel("once", false);
	run_began = clock_wall_ms();
	assert_int_equal(open_of(far("once"), "once", "a", false, &one, NULL), 0);
	unsigned before = asked();
	assert_int_equal(open_of(far("once"), "once", "a", false, &two, NULL), 0);
	assert_int_equal(asked() - before, 0);
	before = asked();
	run_began = clock_wall_ms() + 1; /* another run */
	assert_int_equal(open_of(far("once"), "once", "a", false, &three, NULL), 0);
	assert_int_equal(asked() - before, 2);
	run_began = 0;
}

static void a_record_says_what_it_says_in_json(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels c = {0};
	struct record r;
	uint32_t first, count;
	make_channel("says", false);
	assert_int_equal(open_of(far("says"), "says", "b", false, &c, NULL), 0);
	const struct channel_subdir *s = &c.v[0].subdirs[0];
	assert_true(index_find(s->index, STR("b"), &first, &count));
	assert_int_equal(channel_record(&c.v[0], s, first, &c.arena, &r, NULL), 0);
	assert_true(str_is(r.name, "b") && str_is(r.version_text, "2.0") &&
		    str_is(r.build, "h1_0"));
	assert_true(r.build_number == 7 && r.size == 4242 && r.has_sha256);
	assert_int_equal(r.sha256.bytes[1], 2);
	assert_int_equal(r.depends.n, 2);
	assert_string_equal(r.depends.v[1].p, "__glibc >=2.17");
	assert_string_equal(r.url.p, far("says/pool/b-2.0-h1_0.conda").p);
}

static void a_list_that_changes_is_seen(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels one = {0};
	AUTO(channels_close) struct channels two = {0};
	static const struct fake_record old = {"a", "1.0", {NULL}};
	static const struct fake_record new[] = {{"a", "1.0", {NULL}}, {"a", "2.0", {NULL}}};
	struct made m = {.place = "changes/noarch"}, n = m;
	add(&m, &old, 1, NULL);
	put_list(&m);
	assert_int_equal(open_of(far("changes"), "changes", "a", false, &one, NULL), 0);
	assert_int_equal(records(&one, 1, "a"), 1);
	add(&n, new, 2, NULL);
	put_list(&n);
	assert_int_equal(open_of(far("changes"), "changes", "a", false, &two, NULL), 0);
	assert_int_equal(records(&two, 1, "a"), 2);
	assert_int_equal(records(&one, 1, "a"), 1);
}

static void without_a_list_it_is_repodata_and_that_is_remembered(void **state)
{
	(void)state;
	struct str text = STR("{\"packages.conda\":{\"a-1-0.conda\":{\"name\":\"a\","
			      "\"version\":\"1\",\"build\":\"0\",\"build_number\":0}}}");
	put("plain/noarch", "repodata.json", text);
	put("plain/linux-64", "repodata.json", text);
	for (unsigned i = 0; i < 3; i++) {
		AUTO(channels_close) struct channels c = {0};
		assert_int_equal(open_of(far("plain"), "plain", "a", false, &c, NULL), 0);
		assert_int_equal(records(&c, 1, "a"), 1);
		assert_null(c.v[0].subdirs[1].shards);
	}
	assert_int_equal(served_count("count/files/plain/noarch/repodata_shards.msgpack.zst"), 1);

	/* It is not believed when repodata.json is gone. */
	AUTO(channels_close) struct channels c = {0};
	make_channel("plain", false);
	AUTO(free) char *noarch = fs_join(folder, "plain/noarch/repodata.json");
	unlink(noarch);
	assert_int_equal(open_of(far("plain"), "plain", "a", false, &c, NULL), 0);
	assert_non_null(c.v[0].subdirs[1].shards);
}

static void shards_and_plain_repodata_lead_to_each_other(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels c = {0};
	make_channel("mixed", false);
	AUTO(free) char *list = fs_join(folder, "mixed/linux-64/repodata_shards.msgpack.zst");
	unlink(list);
	put("mixed/linux-64", "repodata.json",
	    STR("{\"packages.conda\":{\"x-1-0.conda\":{\"name\":\"x\",\"version\":\"1\","
		"\"build\":\"0\",\"build_number\":0,\"depends\":[\"a\"]}}}"));
	assert_int_equal(open_of(far("mixed"), "mixed", "x", false, &c, NULL), 0);
	assert_int_equal(records(&c, 0, "x"), 1);
	assert_int_equal(records(&c, 1, "c"), 2);
	assert_int_equal(records(&c, 1, "d"), 0);
}

static void offline_it_has_what_was_fetched_and_names_what_was_not(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels one = {0};
	AUTO(channels_close) struct channels two = {0};
	AUTO(channels_close) struct channels three = {0};
	AUTO(err_free) struct err *e = NULL;
	make_channel("off", false);
	assert_int_equal(open_of(far("off"), "off", "b", false, &one, NULL), 0);
	assert_int_equal(open_of(far("off"), "off", "c", true, &two, NULL), 0);
	assert_int_equal(records(&two, 1, "c"), 2);
	assert_int_equal(open_of(far("off"), "off", "d", true, &three, &e), ERR_ABSENT);
	AUTO(free) char *line = err_line(e);
	assert_non_null(strstr(line, "records of d in channel http://127.0.0.1"));
	assert_non_null(strstr(line, "off/noarch"));
}

static void whoever_wants_all_gets_repodata(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels c = {0};
	make_channel("all", false);
	assert_int_equal(open_of(far("all"), "all", NULL, false, &c, NULL), ERR_NET);
	put("all/noarch", "repodata.json", STR("{}"));
	assert_int_equal(open_of(far("all"), "all", NULL, false, &c, NULL), 0);
	assert_null(c.v[0].subdirs[1].shards);
}

/* ---- what is wrong ---- */

static struct str torn(struct str s)
{
	return str_to(s, s.n - 3);
}

static struct str zstd_of(struct str s)
{
	char *to = arena_alloc(&served.arena, ZSTD_compressBound(s.n));
	return (struct str){to, ZSTD_compress(to, ZSTD_compressBound(s.n), s.p, s.n, 1)};
}

/* In place of the shard of `a`, under its name, or under its own. */
static void put_shard(const char *channel, struct str bytes, bool own_name)
{
	static const struct fake_record a = {"a", "1.0", {NULL}};
	struct made m = {.place = arena_printf(&served.arena, "%s/noarch", channel).p};
	add(&m, &a, 1, NULL);
	put(m.place, name_of_shard(own_name ? bytes : m.v[0].shard), bytes);
	if (own_name)
		m.v[0].shard = bytes;
	put_list(&m);
}

static void names_what_is_wrong(void **state)
{
	(void)state;
	static const struct fake_record a = {"a", "2.0", {NULL}};
	struct str good = fake_shard(&served.arena, &a, 1, NULL);
	put_shard("wrong-bytes", good, false);
	put_shard("torn-zstd", torn(good), true);
	put_shard("torn-map", zstd_of(STR("\x82\xa8packages\x81")), true);
	put_shard("no-map", zstd_of(STR("\x93\x01\x02\x03")), true);
	put_shard("huge", zstd_of(STR("\x81\xa8packages\xdf\xff\xff\xff\xff")), true);
	put_shard("deep",
		  zstd_of(STR("\x81\xa1x\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
			      "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
			      "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x90")),
		  true);
	put("torn-list/noarch", "repodata_shards.msgpack.zst", torn(good));
	put("no-list/noarch", "repodata_shards.msgpack.zst", good);
	put_shard("gone", good, true);
	AUTO(free) char *gone = fs_join(folder, "gone/noarch");
	AUTO(free) char *file = fs_join(gone, name_of_shard(good));
	unlink(file);
	static const struct {
		const char *channel;
		int code;
		const char *text[2];
	} rows[] = {
		{"wrong-bytes", ERR_DIGEST, {"shard of a in http", "has the SHA-256"}},
		{"torn-zstd", ERR_CORRUPT, {"shard of a in http", "ends early"}},
		{"torn-map", ERR_CORRUPT, {"shard of a in http", "not one whole value"}},
		{"no-map", ERR_CORRUPT, {"shard of a in http", "not a map"}},
		{"huge", ERR_CORRUPT, {"shard of a in http", "not one whole value"}},
		{"deep", ERR_CORRUPT, {"shard of a in http", "not one whole value"}},
		{"torn-list", ERR_CORRUPT, {"noarch/repodata_shards.msgpack.zst", "ends early"}},
		{"no-list", ERR_CORRUPT, {"noarch/repodata_shards.msgpack.zst", "`shards`"}},
		{"gone", ERR_NET, {"shard of a in http", "HTTP 404"}},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(channels_close) struct channels c = {0};
		AUTO(err_free) struct err *e = NULL;
		int code = open_of(far(rows[i].channel), "wrong", "a", false, &c, &e);
		AUTO(free) char *line = e ? err_line(e) : mem_text("");
		if (code != rows[i].code || !strstr(line, rows[i].text[0]) ||
		    !strstr(line, rows[i].text[1]))
			fail_msg("%s: %d %s", rows[i].channel, code, line);
	}
}

static void what_the_disk_changed_is_fetched_again(void **state)
{
	(void)state;
	AUTO(channels_close) struct channels one = {0};
	AUTO(channels_close) struct channels two = {0};
	make_channel("disk", false);
	assert_int_equal(open_of(far("disk"), "disk", "c", false, &one, NULL), 0);
	struct str spoil =
		arena_printf(&served.arena,
			     "for f in %s/disk/blobs/sha256/* %s/disk/channels/*.shards; "
			     "do echo x >> $f; done",
			     folder, folder);
	assert_int_equal(system(spoil.p), 0);
	assert_int_equal(open_of(far("disk"), "disk", "c", false, &two, NULL), 0);
	assert_int_equal(records(&two, 1, "c"), 2);
}

static void tells_whole_values_from_others(void **state)
{
	static const struct {
		struct str bytes;
		bool whole;
	} rows[] = {
		{{"\xc0", 1}, true},
		{{"", 0}, false},
		{{"\xc1", 1}, false},
		{{"\xc0\xc0", 2}, false},
		{{"\x7f", 1}, true},
		{{"\xff", 1}, true},
		{{"\xa3"
		  "abc",
		  4},
		 true},
		{{"\xa3"
		  "ab",
		  3},
		 false},
		{{"\x92\x01\x02", 3}, true},
		{{"\x92\x01", 2}, false},
		{{"\x81\x01\x02", 3}, true},
		{{"\x81\x01", 2}, false},
		{{"\xc4\x02xy", 4}, true},
		{{"\xc5\x00\x02xy", 5}, true},
		{{"\xc6\xff\xff\xff\xff", 5}, false},
		{{"\xc7\x01\x05x", 4}, true},
		{{"\xd8", 1}, false},
		{{"\xd6\x05xxxx", 6}, true},
		{{"\xca\x00\x00\x00\x00", 5}, true},
		{{"\xcb\x00\x00\x00\x00", 5}, false},
		{{"\xcd\x01\x01", 3}, true},
		{{"\xcf\x01", 2}, false},
		{{"\xd9\x01z", 3}, true},
		{{"\xda\x00", 2}, false},
		{{"\xdc\x00\x01\xc2", 4}, true},
		{{"\xdd\x7f\xff\xff\xff\xc0", 6}, false},
		{{"\xde\x00\x01\xc2\xc3", 5}, true},
		{{"\xdf\xff\xff\xff\xff", 5}, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (msgpack_is_whole(rows[i].bytes) != rows[i].whole)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_reached_is_fetched_and_only_once),
		cmocka_unit_test(a_run_asks_for_a_list_once),
		cmocka_unit_test(a_record_says_what_it_says_in_json),
		cmocka_unit_test(a_list_that_changes_is_seen),
		cmocka_unit_test(without_a_list_it_is_repodata_and_that_is_remembered),
		cmocka_unit_test(shards_and_plain_repodata_lead_to_each_other),
		cmocka_unit_test(offline_it_has_what_was_fetched_and_names_what_was_not),
		cmocka_unit_test(whoever_wants_all_gets_repodata),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(what_the_disk_changed_is_fetched_again),
		cmocka_unit_test(tells_whole_values_from_others),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
