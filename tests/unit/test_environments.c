/* tests/unit/test_environments.c - names as tags, what is kept of a version, and both places. */
#include "builder/environments_private.h"
#include "curated/catalog.h"
#include "specs/base/fs.h"
#include "tests/fake/peer.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct peer peer;

static void must(int code, struct err *e)
{
	AUTO(free) char *line = e ? err_line(e) : NULL;
	if (code < 0)
		fail_msg("%s", line ? line : "no error was made");
}

/* ---- tags ---- */

#define HEX "0123456789abcdef0123456789abcdef"

static void a_tag_says_what_it_is_of(void **state)
{
	static const struct {
		const char *text;
		int kind; /* -1: it is none */
		const char *stem;
		unsigned number;
	} rows[] = {
		{"one.v1", VERSION_TAG_FINAL, "one", 1},
		{"one.v999999999", VERSION_TAG_FINAL, "one", 999999999},
		{"a.b-c_d.v20", VERSION_TAG_FINAL, "a.b-c_d", 20},
		{"one.v2.v3", VERSION_TAG_FINAL, "one.v2", 3},
		{"one.v2-about.v3", VERSION_TAG_FINAL, "one.v2-about", 3},
		{"one.v2-" HEX ".v3-about", VERSION_TAG_ABOUT, "one.v2-" HEX, 3},
		{"one.v7-about", VERSION_TAG_ABOUT, "one", 7},
		{"one.v7-" HEX, VERSION_TAG_CLAIM, "one", 7},
		{"", -1, NULL, 0},
		{"one", -1, NULL, 0},
		{".v1", -1, NULL, 0},
		{"v1", -1, NULL, 0},
		{"one.v", -1, NULL, 0},
		{"one.v0", -1, NULL, 0},
		{"one.v01", -1, NULL, 0},
		{"one.v1000000000", -1, NULL, 0},
		{"one.v1-", -1, NULL, 0},
		{"one.v1-abou", -1, NULL, 0},
		{"one.v1-about-about", -1, NULL, 0},
		{"one.v1-" HEX "0", -1, NULL, 0},
		{"one.v1-0123456789ABCDEF0123456789ABCDEF", -1, NULL, 0},
		{"one.1", -1, NULL, 0},
		{"o ne.v1", -1, NULL, 0},
		{"-one.v1", -1, NULL, 0},
		{"_one.v1", -1, NULL, 0},
		{"o\xc3\xa9.v1", -1, NULL, 0},
		{"sha256-" HEX HEX, -1, NULL, 0},
	};
	AUTO(arena_done) struct arena a = ARENA;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct version_tag t;
		bool is = version_tag_parse(str_of(rows[i].text), &t);
		assert_int_equal(is ? (int)t.kind : -1, rows[i].kind);
		if (!is)
			continue;
		assert_true(str_is(t.stem, rows[i].stem));
		assert_int_equal(t.number, rows[i].number);
		assert_string_equal(version_tag_write(&a, &t).p, rows[i].text);
	}
}

/* A name of n bytes that ends in c. */
static struct str name_of(struct arena *a, size_t n, char c)
{
	char *name = arena_zero(a, n + 1, 1);
	memset(name, 'n', n);
	name[n - 1] = c;
	return (struct str){name, n};
}

static void long_names_are_cut_and_stay_apart(void **state)
{
	static const struct {
		size_t size, stem;
	} rows[] = {{1, 1}, {80, 80}, {81, 80}, {254, 80}, {255, 80}};
	AUTO(arena_done) struct arena a = ARENA;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str one = version_tag_stem(&a, name_of(&a, rows[i].size, 'a'));
		struct str two = version_tag_stem(&a, name_of(&a, rows[i].size, 'b'));
		const struct version_tag longest = {VERSION_TAG_CLAIM, one, ENVIRONMENT_VERSION_MAX,
						    STR(HEX)};
		struct version_tag again;
		assert_int_equal(one.n, rows[i].stem);
		assert_false(str_eq(one, two));
		assert_int_equal(one.p[0] == '_', rows[i].size > 80);
		struct str tag = version_tag_write(&a, &longest);
		assert_true(tag.n <= 128);
		assert_true(version_tag_parse(tag, &again));
		assert_true(str_eq(again.stem, one));
	}
}

/* ---- documents ---- */

#define FACTS(more)                                                                                \
	"{\"format\":1,\"name\":\"one\",\"content\":\"" HEX HEX "\",\"key\":\"" HEX HEX "\"" more  \
	"}"

static void facts_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{FACTS(""), 0},
		{FACTS(",\"python\":\"3.11\",\"base\":\"b/c:1\",\"gpu\":true,\"locked\":true"), 0},
		{FACTS(",\"later\":{}"), 0},
		{FACTS(",\"python\":3"), ERR_CORRUPT},
		{FACTS(",\"base\":\"\\u001b[2J\""), ERR_CORRUPT},
		{FACTS(",\"base\":\"\\u009b2J\""), ERR_CORRUPT},
		{"", ERR_CORRUPT},
		{"[]", ERR_CORRUPT},
		{"{}", ERR_CORRUPT},
		{"{\"format\":1}", ERR_CORRUPT},
		{"{\"format\":2,\"name\":\"one\"}", ERR_CORRUPT},
		{"{\"format\":1,\"name\":\"../one\",\"content\":\"" HEX HEX "\"}", ERR_CORRUPT},
		{"{\"format\":1,\"name\":\"AzureML-one\",\"content\":\"" HEX HEX "\"}",
		 ERR_CORRUPT},
		{"{\"format\":1,\"name\":\"one\",\"content\":\"" HEX "\"}", ERR_CORRUPT},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(environment_done) struct environment v = {.arena = ARENA};
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(environment_read_facts(str_of(rows[i].text), &v, &e),
				 rows[i].code);
		assert_int_equal(e != NULL, rows[i].code < 0);
	}
}

static void what_is_said_changes_by_parts(void **state)
{
	static const struct {
		const char *description;
		struct str tag;
		const char *after;
	} rows[] = {
		{"x", {0}, "{\"description\":\"x\",\"tags\":{},\"archived\":false}"},
		{NULL, STR("b=1"),
		 "{\"description\":\"x\",\"tags\":{\"b\":\"1\"},\"archived\":false}"},
		{NULL, STR("a=2=3"),
		 "{\"description\":\"x\",\"tags\":{\"a\":\"2=3\",\"b\":\"1\"},\"archived\":false}"},
		{"two\nlines", STR("b="),
		 "{\"description\":\"two\\nlines\",\"tags\":{\"a\":\"2=3\"},\"archived\":false}"},
		{"", STR("c="),
		 "{\"description\":\"\",\"tags\":{\"a\":\"2=3\"},\"archived\":false}"},
		{NULL, STR("=1"), NULL},
		{NULL, STR("a"), NULL},
		{"\033", {0}, NULL},
		{"\xc2\x9b"
		 "2J",
		 {0},
		 NULL},
		{NULL, STR("a=\xc2\x80"), NULL},
		{"\xc2\xa0\xc3\x9b",
		 {0},
		 "{\"description\":\"\xc2\xa0\xc3\x9b\",\"tags\":{\"a\":\"2=3\"},\"archived\":"
		 "false}"},
	};
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf text = BUF(4096);
		const struct environment_change change = {rows[i].description,
							  {&rows[i].tag, rows[i].tag.n > 0}};
		bool changed = false;
		const struct environment_about own = {0};
		int code = environment_change_about(&v, &own, &change, &changed, NULL);
		assert_int_equal(code, rows[i].after ? 0 : ERR_USAGE);
		if (code < 0)
			continue;
		environment_write_about(&v.about, &text);
		assert_string_equal(text.data, rows[i].after);
		assert_true(changed);
		must(environment_read_about(buf_str(&text), &v, NULL), NULL);
	}
	assert_int_equal(environment_read_about(STR("{\"tags\":{\"a\":1}}"), &v, NULL),
			 ERR_CORRUPT);
	assert_int_equal(environment_read_about(STR("{\"description\":[]}"), &v, NULL),
			 ERR_CORRUPT);
}

/* ---- what a definition is registered as ---- */

static void make(const char *text, const char *name, struct environment *out)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	struct err *e = NULL;
	must(definition_read_text(str_of(text), "t", NULL, NULL, &d, &e), e);
	must(environment_make(&d, str_of(name), STR(""), out, &e), e);
}

static void equal_definitions_have_equal_content(void **state)
{
	static const struct {
		const char *one, *two;
		bool equal;
	} rows[] = {
		{"channels: [c]\ndependencies: [a, b]", "dependencies: [b, a] # x\nchannels: [c]\n",
		 true},
		{"channels: [c]\ndependencies: [a]", "channels: [c]\ndependencies: [a=1]", false},
		{"channels: [c]\ndependencies: [a]",
		 "image: b/c:1\nconda_file: {channels: [c], dependencies: [a]}", false},
		{"image: b/c:1\ndescription: x\ntags: {a: '1'}", "image: b/c:1", true},
		{"name: x\nversion: 3\nimage: b/c:1", "image: b/c:1", true},
		{"image: b/c:1\nos_type: linux", "image: b/c:1\nos_type: Linux", false},
		{"{\"name\": \"x\", \"docker\": {\"baseImage\": \"b/c:1\"}}",
		 "{\"docker\": {\"baseImage\": \"b/c:1\"}, \"version\": \"3\", \"name\": \"y\"}",
		 true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(environment_done) struct environment one = {.arena = ARENA};
		AUTO(environment_done) struct environment two = {.arena = ARENA};
		make(rows[i].one, "n", &one);
		make(rows[i].two, "n", &two);
		assert_int_equal(digest_eq(&one.content, &two.content), rows[i].equal);
	}
}

#define LOCK_OF(channel, more)                                                                     \
	"version: 1\nmetadata:\n  content_hash: {linux-64: x}\n  channels:\n  - url: " channel     \
	"\n    used_env_vars: []\n  platforms: [linux-64]\n  sources: []\npackage:\n- {name: a, "  \
	"version: '1', manager: conda, platform: linux-64, dependencies: {}, url: "                \
	"'https://h.example/c/noarch/a-1-0.conda', hash: {md5: "                                   \
	"0123456789abcdef0123456789abcdef}, category: main, optional: false}\n" more

#define CONDA "channels: [c]\ndependencies: [python"
#define PIP(line) CONDA ", {pip: ['" line "']}]"

static void what_others_cannot_use_or_must_not_read_is_refused(void **state)
{
	static const char login[] = "a login or token stands in",
			  here[] = "which is on this machine only",
			  name[] = "a name is wanted, without \"=\"",
			  control[] = "a control character in the description";
	static const struct {
		const char *text, *lock, *why; /* NULL: nothing is wrong */
	} rows[] = {
		{CONDA "]", "", NULL},
		{CONDA "]", LOCK_OF("https://h.example/c", ""), NULL},
		{CONDA "]", LOCK_OF("https://u:secret@h.example/c", ""), login},
		{CONDA "]", LOCK_OF("https://h.example/t/secret/c", ""), login},
		{CONDA "]", LOCK_OF("https://h.example/a/t/secret/c", ""), login},
		{CONDA "]", LOCK_OF("c", "# of https://u:secret@h.example\n"), login},
		{CONDA "]\nvariables: {PIP_INDEX_URL: 'https://u:secret@h'}", "", login},
		{CONDA "] # as https://u:secret@h.example/c has it", "", login},
		{CONDA "] # see https://h.example/@somebody and ssh://git@h.example/x", "", NULL},
		{"image: b/c:1\ntags: {from: 'https://secret@h.example'}", "", login},
		{"{\"name\": \"x\", \"docker\": {\"baseDockerfile\": \"FROM b\\nRUN curl "
		 "https://u:secret@h\"}}",
		 "", login},
		{"{\"name\": \"x\", \"docker\": {\"baseDockerfile\": \"FROM b\\nRUN curl "
		 "https://${U}:$P@h https://$T@h\"}}",
		 "", NULL},
		{"{\"name\": \"x\", \"docker\": {\"baseDockerfile\": \"FROM b\\nRUN curl "
		 "https://$U:secret@h\"}}",
		 "", login},
		{"channels: ['https://u:secret@h/c']\ndependencies: [a]", "", login},
		{"channels: [./c]\ndependencies: [a]", "", here},
		{"channels: [/c]\ndependencies: [a]", "", here},
		{"channels: [..]\ndependencies: [a]", "", here},
		{"channels: [c]\ndependencies: ['./c::a']", "", here},
		{"channels: ['file:///c']\ndependencies: [a]", "", NULL},
		{PIP("a @ ./a-1-py3-none-any.whl"), "", here},
		{PIP("a @ file:a-1-py3-none-any.whl"), "", here},
		{PIP("a @ file:///a-1-py3-none-any.whl"), "", NULL},
		{"image: b/c:1\ntags: {'': b}", "", name},
		{"image: b/c:1\ntags: {'a=b': c}", "", name},
		{"image: b/c:1\ntags: {a: b=c}", "", NULL},
		{"image: b/c:1\ndescription: \"a\\0b\"", "", control},
		{PIP("--find-links ./wheels"), "", here},
		{PIP("--extra-index-url file:index"), "", here},
		{PIP("a @ https://h.example/t/torch/torch-1-py3-none-any.whl"), "", login},
		{PIP("a @ https://h.example/p/t/torch/torch-1-py3-none-any.whl#x"), "", NULL},
		{PIP("--index-url https://h.example/p/t/secret/simple"), "", login},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(environment_done) struct environment v = {.arena = ARENA};
		AUTO(err_free) struct err *e = NULL;
		struct err *why = NULL;
		must(definition_read_text(str_of(rows[i].text), "t", NULL, NULL, &d, &why), why);
		int code = environment_make(&d, STR("one"), str_of(rows[i].lock), &v, &e);
		AUTO(free) char *line = e ? err_line(e) : mem_text("");
		if (code != (rows[i].why ? ERR_USAGE : 0))
			fail_msg("row %zu: %d, %s", i, code, line);
		assert_non_null(strstr(line, rows[i].why ? rows[i].why : ""));
		assert_null(strstr(line, "secret"));
	}
}

static void facts_are_found_in_definitions(void **state)
{
	static const struct {
		const char *text, *python, *description;
		bool gpu;
	} rows[] = {
		{"channels: [c]\ndependencies: [python=3.11]", "3.11", "", false},
		{"channels: [c]\ndependencies: ['python>=3.9,<3.12', cudatoolkit]", ">=3.9,<3.12",
		 "", true},
		{"channels: [c]\ndependencies: [python]", "", "", false},
		{"image: nvidia/cuda:12.1\ndescription: fast", "", "fast", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(environment_done) struct environment v = {.arena = ARENA};
		make(rows[i].text, "n", &v);
		assert_true(str_is(v.python, rows[i].python));
		assert_true(str_is(v.about.description, rows[i].description));
		assert_int_equal(v.gpu, rows[i].gpu);
	}
}

static void every_entry_of_the_catalogue_comes_back_as_it_was(void **state)
{
	struct catalog_entry entry = {0};
	(void)state;
	while (catalog_next(&entry)) {
		AUTO(definition_done) struct definition d = DEFINITION, again = DEFINITION;
		AUTO(environment_done) struct environment v = {.arena = ARENA};
		AUTO(buf_done) struct buf before = BUF(1 << 20), after = BUF(1 << 20);
		struct digest key;
		struct err *e = NULL;
		must(catalog_read(&entry, NULL, &d, &e), e);
		must(environment_make(&d, STR("mine"), STR(""), &v, &e), e);
		v.version = 3;
		must(environment_definition(&v, NULL, &again, &e), e);
		catalog_key(&again, &key);
		assert_true(digest_eq(&key, &v.key));
		assert_true(str_is(again.name, "mine") && str_is(again.version, "3"));
		definition_rename(&again, STR("mine"), STR(""));
		must(definition_v1_document(&d, &before, &e), e);
		must(definition_v1_document(&again, &after, &e), e);
		assert_string_equal(before.data, after.data);
	}
}

/* ---- places ---- */

static void open_place(const char *kind, const char *folder, struct environments **out)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct environments_options o = {0};
	struct str place =
		*kind ? arena_printf(&a, "127.0.0.1:%u/%s/envs", peer.port, kind) : str_of(folder);
	struct err *e = NULL;
	must(environments_open(place, &o, out, &e), e);
}

static uint64_t put(struct environments *s, const char *packages, bool made)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	const struct environment_change change = {0};
	struct environment_registered done;
	struct err *e = NULL;
	make(arena_printf(&a, "channels: [c]\ndependencies: [%s]", packages).p, "one", &v);
	must(environments_register(s, &v, &change, &done, &e), e);
	assert_int_equal(done.made, made);
	return v.version;
}

static const char *const kinds[] = {"", "plain", "paged.relative", "vague"};

static void versions_count_up_and_equals_share_one(void **state)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		AUTO(environments_close) struct environments *s = NULL;
		AUTO(environment_list_done) struct environment_list list = {0};
		AUTO(environment_done) struct environment v = {.arena = ARENA};
		struct err *e = NULL;
		open_place(kinds[i], *state, &s);
		assert_int_equal(environments_find(s, STR("one"), &v, NULL), ERR_ABSENT);
		assert_int_equal(put(s, "a", true), 1);
		assert_int_equal(put(s, "b", true), 2);
		assert_int_equal(put(s, "a", false), 1);
		assert_int_equal(put(s, "c", true), 3);
		assert_int_equal(environments_find(s, STR("one:4"), &v, NULL), ERR_FAILED);
		assert_int_equal(environments_find(s, STR("one:x"), &v, NULL), ERR_ABSENT);
		must(environments_find(s, STR("one:2"), &v, &e), e);
		assert_int_equal(v.file_count, 1);
		assert_true(str_is(v.files[0].text, "channels: [c]\ndependencies: [b]"));
		must(environments_list(s, true, &list, &e), e);
		assert_int_equal(list.n, 3);
		assert_int_equal(list.v[2].version, 3);
	}
}

/* Registers it as "one", and finds it again. */
static void say(struct environments *s, const char *text, const struct environment_change *change,
		bool changed, struct environment *out)
{
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	struct environment_registered done;
	struct err *e = NULL;
	make(text, "one", &v);
	must(environments_register(s, &v, change, &done, &e), e);
	assert_int_equal(done.changed, changed);
	environment_done(out);
	must(environments_find(s, STR("one"), out, &e), e);
}

static void what_a_definition_says_of_itself_is_said_again(void **state)
{
	struct str pair = STR("b=3");
	const struct environment_change none = {0}, change = {"z", {&pair, 1}};
	for (size_t i = 0; i < 2; i++) {
		AUTO(environments_close) struct environments *s = NULL;
		AUTO(environment_done) struct environment v = {.arena = ARENA};
		AUTO(arena_done) struct arena a = ARENA;
		struct str folder = arena_printf(&a, "%s/said", (char *)*state);
		open_place(i ? "said" : "", folder.p, &s);
		say(s, "image: b/c:1\ndescription: x\ntags: {a: '1', b: '2'}", &none, false, &v);
		assert_true(str_is(v.about.description, "x") && v.about.tag_count == 2);
		say(s, "image: b/c:1\ndescription: x\ntags: {a: '1', b: '2'}", &none, false, &v);
		say(s, "image: b/c:1", &none, false, &v);
		say(s, "image: b/c:1\ndescription: y\ntags: {a: '4', b: '2'}", &change, true, &v);
		assert_int_equal(v.version, 1);
		assert_true(str_is(v.about.description, "z") && v.about.tag_count == 2);
		assert_true(str_is(v.about.tags[0].value, "4") &&
			    str_is(v.about.tags[1].value, "3"));
	}
}

static void archiving_means_what_is_named(void **state)
{
	static const struct {
		const char *text;
		bool archived;
		int code;
		size_t count;
		unsigned latest; /* behind that; 0: none */
	} rows[] = {
		{"one:", true, ERR_ABSENT, 0, 3},
		{"one:0", true, ERR_ABSENT, 0, 3},
		{"one:4", true, ERR_ABSENT, 0, 3},
		{"none@latest", true, ERR_ABSENT, 0, 3},
		{"one@latest", true, 0, 1, 2},
		{"one@latest", true, 0, 1, 1},
		{"one@latest", false, ERR_USAGE, 0, 1},
		{"one:2", false, 0, 1, 2},
		{"one", true, 0, 2, 0},
		{"one@latest", true, ERR_FAILED, 0, 0},
		{"one", false, 0, 3, 3},
	};
	AUTO(environments_close) struct environments *s = NULL;
	AUTO(arena_done) struct arena a = ARENA;
	open_place("", arena_printf(&a, "%s/archive", (char *)*state).p, &s);
	put(s, "a", true);
	put(s, "b", true);
	put(s, "c", true);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(environment_done) struct environment v = {.arena = ARENA};
		size_t count = 0;
		int code = environments_archive(s, str_of(rows[i].text), rows[i].archived, &count,
						NULL);
		if (code != rows[i].code || count != rows[i].count)
			fail_msg("row %zu: %d, %zu", i, code, count);
		environments_find(s, STR("one"), &v, NULL);
		assert_int_equal(v.version, rows[i].latest);
	}
}

/* Of a folder, which anybody can put things into. */
static void what_others_did_to_a_place_is_told(void **state)
{
	AUTO(environments_close) struct environments *s = NULL;
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(arena_done) struct arena a = ARENA;
	const struct environment_change none = {0};
	struct environment_registered done;
	struct err *e = NULL;
	struct stat st;
	struct str top = arena_printf(&a, "%s/others", (char *)*state);
	mode_t mask = umask(002);
	open_place("", top.p, &s);
	put(s, "a", true);
	umask(mask);
	must(stat(arena_printf(&a, "%s/one/1", top.p).p, &st), NULL);
	assert_int_equal(st.st_mode & 0777, 0775);
	/* A folder that is no version. */
	must(mkdir(arena_printf(&a, "%s/one/7", top.p).p, 0755), NULL);
	assert_int_equal(put(s, "a", false), 1);
	assert_int_equal(put(s, "b", true), 8);
	assert_int_equal(environments_find(s, STR("one:7"), &v, NULL), ERR_ABSENT);
	/* Another's name. */
	must(rename(arena_printf(&a, "%s/one", top.p).p, arena_printf(&a, "%s/two", top.p).p),
	     NULL);
	assert_int_equal(environments_find(s, STR("two:1"), &v, NULL), ERR_CORRUPT);
	/* A lock that has gone, and a definition. */
	must(definition_read_text(STR(CONDA "]"), "t", NULL, NULL, &d, &e), e);
	must(environment_make(&d, STR("one"), STR(LOCK_OF("c", "")), &v, &e), e);
	must(environments_register(s, &v, &none, &done, &e), e);
	environment_done(&v);
	must(environments_find(s, STR("one"), &v, &e), e);
	must(unlink(arena_printf(&a, "%s/one/1/conda-lock.yml", top.p).p), NULL);
	assert_int_equal(environments_find(s, STR("one"), &v, NULL), ERR_CORRUPT);
	put(s, "c", true);
	must(unlink(arena_printf(&a, "%s/one/2/environment.yml", top.p).p), NULL);
	assert_int_equal(environments_find(s, STR("one"), &v, NULL), ERR_CORRUPT);
}

static void damaged_versions_do_not_keep_the_others_from_a_list(void **state)
{
	static const struct {
		bool all;
		size_t n, faults;
	} rows[] = {{true, 2, 2}, {false, 0, 2}};
	AUTO(environments_close) struct environments *s = NULL;
	AUTO(arena_done) struct arena a = ARENA;
	struct str top = arena_printf(&a, "%s/damaged", (char *)*state);
	open_place("", top.p, &s);
	put(s, "a", true);
	put(s, "b", true);
	put(s, "c", true);
	must(fs_write(arena_printf(&a, "%s/one/3/version.json", top.p).p, STR("{"), 0644, NULL),
	     NULL);
	must(fs_make_dirs(arena_printf(&a, "%s/two", top.p).p, 0755, NULL), NULL);
	must(symlink("../one/2", arena_printf(&a, "%s/two/2", top.p).p), NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(environment_list_done) struct environment_list list = {0};
		struct err *e = NULL;
		must(environments_list(s, rows[i].all, &list, &e), e);
		assert_int_equal(list.n, rows[i].n);
		assert_int_equal(list.faults.n, rows[i].faults);
		assert_int_equal(list.faults.v[0].code, ERR_CORRUPT);
		assert_non_null(strstr(list.faults.v[0].why->text, "one:3"));
		assert_non_null(strstr(list.faults.v[1].why->text, "two:2"));
	}
}

static int put_tag(struct environments *s, const char *tag)
{
	struct reference r = s->repository;
	r.tag = str_of(tag);
	static const char manifest[] =
		"{\"schemaVersion\":2,\"mediaType\":"
		"\"application/vnd.oci.image.manifest.v1+json\",\"layers\":[]}";
	const struct push_manifest m = {
		.manifest = STR(manifest),
		.media_type = STR("application/vnd.oci.image.manifest.v1+json"),
		.tags = {&r.tag, 1},
	};
	return registry_put(s->registry, &r, &m, NULL);
}

/* Numbers that others want, or wanted and never took, are left to them. */
static void a_number_that_another_wants_is_not_taken(void **state)
{
	AUTO(environments_close) struct environments *s = NULL;
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	AUTO(arena_done) struct arena a = ARENA;
	(void)state;
	open_place("claims", NULL, &s);
	make("channels: [c]\ndependencies: [mine]", "one", &v);
	struct version_tag tag = {VERSION_TAG_CLAIM, STR("one"), 4, STR(HEX)};
	must(put_tag(s, version_tag_write(&a, &tag).p), NULL);
	assert_int_equal(put(s, "first", true), 5);
	/* Its own, of a run that was killed: taken where it is alone, and higher than all given. */
	tag.number = 6;
	tag.content = str_to(arena_str(&a, str_of(digest_text(&v.content).hex)), 32);
	must(put_tag(s, version_tag_write(&a, &tag).p), NULL);
	assert_int_equal(put(s, "mine", true), 6);
	assert_int_equal(put(s, "mine", false), 6);
	tag.number = 9;
	tag.content = STR(HEX);
	must(put_tag(s, version_tag_write(&a, &tag).p), NULL);
	assert_int_equal(put(s, "last", true), 10);
	/* A tag that is no version of kiln's is told of, not read as one. */
	tag = (struct version_tag){VERSION_TAG_FINAL, STR("one"), 11, {0}};
	must(put_tag(s, version_tag_write(&a, &tag).p), NULL);
	assert_int_equal(environments_find(s, STR("one:11"), &v, NULL), ERR_CORRUPT);
	assert_int_equal(put(s, "behind", true), 12);
}

struct racer {
	const char *kind, *folder;
	size_t number;
	uint64_t version;
};

static void *race(void *at)
{
	struct racer *r = at;
	AUTO(environments_close) struct environments *s = NULL;
	AUTO(environment_done) struct environment v = {.arena = ARENA};
	AUTO(arena_done) struct arena a = ARENA;
	const struct environment_change change = {0};
	struct environment_registered done;
	open_place(r->kind, r->folder, &s);
	make(arena_printf(&a, "channels: [c]\ndependencies: [p%zu]", r->number / 2).p, "race", &v);
	if (environments_register(s, &v, &change, &done, NULL) == 0)
		r->version = v.version;
	return NULL;
}

/* Two and two are equal. */
static void many_at_once_lose_nothing(void **state)
{
	for (size_t k = 0; k < 2; k++) {
		struct racer racers[8];
		pthread_t threads[COUNT(racers)];
		for (size_t i = 0; i < COUNT(racers); i++) {
			racers[i] = (struct racer){kinds[k], *state, i, 0};
			assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
		}
		for (size_t i = 0; i < COUNT(racers); i++)
			pthread_join(threads[i], NULL);
		for (size_t i = 0; i < COUNT(racers); i++) {
			assert_true(racers[i].version > 0);
			for (size_t j = 0; j < i; j++)
				assert_int_equal(racers[i].version == racers[j].version,
						 i / 2 == j / 2);
		}
	}
}

/* ---- lists of tags ---- */

static void pages_of_tags_are_followed_on_one_server_only(void **state)
{
	static const struct {
		const char *kind;
		int code;
	} rows[] = {
		{"tags", 0}, {"paged", 0}, {"paged.pageaway", ERR_CORRUPT}, {"html", ERR_CORRUPT}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(environments_close) struct environments *s = NULL;
		AUTO(arena_done) struct arena a = ARENA;
		static const char *const tags[] = {"a", "b", "c", "d", "e"};
		struct strs found;
		open_place(rows[i].kind, NULL, &s);
		for (size_t t = 0; t < COUNT(tags); t++)
			put_tag(s, tags[t]);
		int code = registry_tags(s->registry, &s->repository, &a, &found, NULL);
		assert_int_equal(code, rows[i].code);
		if (code == 0)
			assert_int_equal(found.n, COUNT(tags));
	}
}

static int set_up(void **state)
{
	static char folder[] = "/tmp/kiln-environments.XXXXXX";
	*state = mkdtemp(folder);
	peer = peer_run("tests/fake/registry.py", NULL);
	return *state && peer.port ? 0 : -1;
}

static int tear_down(void **state)
{
	peer_stop(&peer);
	return fs_remove(*state, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_says_what_it_is_of),
		cmocka_unit_test(long_names_are_cut_and_stay_apart),
		cmocka_unit_test(facts_that_are_none_are_refused),
		cmocka_unit_test(what_is_said_changes_by_parts),
		cmocka_unit_test(equal_definitions_have_equal_content),
		cmocka_unit_test(what_others_cannot_use_or_must_not_read_is_refused),
		cmocka_unit_test(facts_are_found_in_definitions),
		cmocka_unit_test(every_entry_of_the_catalogue_comes_back_as_it_was),
		cmocka_unit_test(versions_count_up_and_equals_share_one),
		cmocka_unit_test(what_a_definition_says_of_itself_is_said_again),
		cmocka_unit_test(archiving_means_what_is_named),
		cmocka_unit_test(what_others_did_to_a_place_is_told),
		cmocka_unit_test(damaged_versions_do_not_keep_the_others_from_a_list),
		cmocka_unit_test(a_number_that_another_wants_is_not_taken),
		cmocka_unit_test(many_at_once_lose_nothing),
		cmocka_unit_test(pages_of_tags_are_followed_on_one_server_only),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
