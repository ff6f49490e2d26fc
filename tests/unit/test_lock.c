/* tests/unit/test_lock.c - locks written, read back, and read from others. */
#include "specs/base/fs.h"
#include "specs/base/vec.h"
#include "specs/lock.h"
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MD5 "0123456789abcdef0123456789abcdef"
#define SHA MD5 MD5

#define LIST(...)                                                                                  \
	(struct strs)                                                                              \
	{                                                                                          \
		(struct str[]){__VA_ARGS__},                                                       \
			sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str)                   \
	}

static struct record record_of(const char *name, const char *url, struct strs depends)
{
	struct record r = {.name = str_of(name),
			   .version_text = STR("1.10"),
			   .build = STR("0"),
			   .url = str_of(url),
			   .depends = depends,
			   .has_md5 = true,
			   .has_sha256 = true};
	assert_true(hex_read(STR(MD5), r.md5, MD5_SIZE));
	assert_true(digest_parse(STR(SHA), &r.sha256));
	return r;
}

static const char written[] = "version: 1\n"
			      "metadata:\n"
			      "  content_hash:\n"
			      "    linux-64: 'HASH'\n"
			      "  channels:\n"
			      "  - url: https://h.example/main\n"
			      "    used_env_vars: []\n"
			      "  platforms:\n"
			      "  - linux-64\n"
			      "  sources: []\n"
			      "  custom_metadata:\n"
			      "    kiln_order: link\n"
			      "    kiln_base_name: docker.io/library/debian:12\n"
			      "    kiln_virtuals: \"__glibc=2.36=0\\n__linux=0=0\"\n"
			      "    kiln_specs: 'zlib[version=\">=1\"]'\n"
			      "package:\n"
			      "- name: zlib\n"
			      "  version: '1.10'\n"
			      "  manager: conda\n"
			      "  platform: linux-64\n"
			      "  dependencies:\n"
			      "    __glibc: '>=2.17,<3.0.a0'\n"
			      "    libgcc: ''\n"
			      "    x: '1.2 py_0'\n"
			      "    'y': '(==1|==2),<3 b*'\n"
			      "    z: '[version=''>=1'']'\n"
			      "    w: '>= 1.0, <2'\n"
			      "  url: https://h.example/main/linux-64/zlib-1.10-0.conda\n"
			      "  hash:\n"
			      "    md5: '" MD5 "'\n"
			      "    sha256: '" SHA "'\n"
			      "  build: '0'\n"
			      "  category: main\n"
			      "  optional: false\n"
			      "- name: app\n"
			      "  version: '1.10'\n"
			      "  manager: conda\n"
			      "  platform: linux-64\n"
			      "  dependencies: {}\n"
			      "  url: https://h.example/main/noarch/app-1.10-0.tar.bz2\n"
			      "  hash:\n"
			      "    md5: '" MD5 "'\n"
			      "    sha256: '" SHA "'\n"
			      "  build: '0'\n"
			      "  category: main\n"
			      "  optional: false\n";

static void write_sample(struct buf *out, bool explicit)
{
	struct record records[] = {
		record_of("zlib", "https://h.example/main/linux-64/zlib-1.10-0.conda",
			  LIST(STR("__glibc >=2.17,<3.0.a0"), STR("libgcc"), STR("x 1.2 py_0"),
			       STR("y 1|2"), STR("y <3 b*"), STR("z[version='>=1']"),
			       STR("w >= 1.0, <2"))),
		record_of("app", "https://h.example/main/noarch/app-1.10-0.tar.bz2",
			  (struct strs){0}),
	};
	struct lock l = {.platform = STR("linux-64"),
			 .base_name = STR("docker.io/library/debian:12"),
			 .channels = LIST(STR("https://u:p@h.example/t/secret/main")),
			 .virtuals = LIST(STR("__glibc=2.36=0"), STR("__linux=0=0")),
			 .specs = LIST(STR("zlib[version=\">=1\"]")),
			 .records = records,
			 .count = COUNT(records)};
	/* The hash covers channels as they are read back. */
	l.channels = LIST(STR("https://h.example/main"));
	assert_int_equal(explicit ? lock_write_explicit(&l, out, NULL) : lock_write(&l, out, NULL),
			 0);
}

static void writes_conda_locks_form(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf out = BUF(1 << 20);
	write_sample(&out, false);
	char *hash = strstr(out.data, "linux-64: '") + 11;
	const char *place = strstr(written, "HASH");
	size_t front = (size_t)(place - written);
	assert_memory_equal(out.data, written, front);
	assert_string_equal(hash + 64, place + 4);
}

static void reads_back_to_equal_bytes(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf once = BUF(1 << 20);
	AUTO(buf_done) struct buf again = BUF(1 << 20);
	AUTO(lock_done) struct lock l = {.arena = ARENA};
	AUTO(err_free) struct err *e = NULL;
	write_sample(&once, false);
	if (lock_read(buf_str(&once), "lock", "linux-64", &l, &e) < 0)
		fail_msg("%s", e->text);
	assert_int_equal(l.count, 2);
	assert_true(str_is(l.records[0].name, "zlib"));
	assert_true(str_is(l.records[0].channel, "https://h.example/main"));
	assert_true(str_is(l.records[0].subdir, "linux-64"));
	assert_true(str_is(l.records[0].fn, "zlib-1.10-0.conda"));
	assert_true(str_is(l.records[0].depends.v[0], "__glibc >=2.17,<3.0.a0"));
	assert_true(str_is(l.records[0].depends.v[1], "libgcc"));
	assert_true(str_is(l.records[0].depends.v[4], "z[version='>=1']"));
	assert_true(str_is(l.records[1].subdir, "noarch"));
	assert_int_equal(l.virtuals.n, 2);
	assert_int_equal(lock_write(&l, &again, NULL), 0);
	assert_string_equal(again.data, once.data);
	struct digest d, of_text;
	assert_int_equal(lock_digest(&l, &d, NULL), 0);
	digest_of(once.data, once.n, &of_text);
	assert_true(digest_eq(&d, &of_text));
}

/* One file, and for each platform what it would have alone. */
static void several_platforms_share_a_file(void **state)
{
	(void)state;
	static const char *const names[] = {"linux-64", "linux-aarch64"};
	struct record app = record_of("app", "https://h.example/main/noarch/app-1.10-0.tar.bz2",
				      (struct strs){0});
	struct record zlib = app;
	zlib.name = STR("zlib");
	zlib.url = STR("https://h.example/main/linux-aarch64/zlib-1.10-0.conda");
	struct record two[] = {zlib, app};
	struct lock first = {.platform = STR("linux-64"),
			     .key = STR(SHA),
			     .base_name = STR("debian"),
			     .channels = LIST(STR("https://h.example/main")),
			     .virtuals = LIST(STR("__archspec=1=x86_64")),
			     .specs = LIST(STR("app")),
			     .records = &app,
			     .count = 1};
	struct lock both[] = {first, first};
	both[1].platform = STR("linux-aarch64");
	both[1].key = STR("other");
	both[1].virtuals = LIST(STR("__archspec=1=aarch64"), STR("__glibc=2.36=0"));
	both[1].records = two;
	both[1].count = 2;
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	assert_int_equal(lock_write_all(both, 2, &text, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		AUTO(lock_done) struct lock l = {.arena = ARENA};
		AUTO(buf_done) struct buf alone = BUF(1 << 20), again = BUF(1 << 20);
		assert_int_equal(lock_read(buf_str(&text), "lock", names[i], &l, NULL), 0);
		assert_int_equal(lock_write(&both[i], &alone, NULL), 0);
		assert_int_equal(lock_write(&l, &again, NULL), 0);
		assert_string_equal(again.data, alone.data);
	}
	AUTO(lock_done) struct lock none = {.arena = ARENA};
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(lock_read(buf_str(&text), "lock", "linux-ppc64le", &none, &e), ERR_ABSENT);
	assert_non_null(strstr(e->text, "there is linux-64, linux-aarch64"));
	struct digest one, all;
	assert_int_equal(lock_digest_all(both, 2, &all, NULL), 0);
	assert_int_equal(lock_digest(both, &one, NULL), 0);
	assert_false(digest_eq(&one, &all));
}

#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void wheels_stand_in_every_form(void **state)
{
	static const char *const forms[] = {
		"@EXPLICIT\nh/c/linux-64/zlib-1-0.conda\n"
		"# pip A.b @ https://h/A_b-1.0-py3-none-any.whl#sha256=" SHA256 "\n",
		"version: 6\nenvironments: {default: {packages: {linux-64: [\n"
		"  {pypi: 'https://h/A_b-1.0-py3-none-any.whl'}, {conda: "
		"h/c/linux-64/zlib-1-0.conda}]}}}\n"
		"packages:\n- {conda: h/c/linux-64/zlib-1-0.conda}\n"
		"- {pypi: 'https://h/A_b-1.0-py3-none-any.whl', name: A.b, version: '1.0', "
		"sha256: " SHA256 "}\n",
		"version: 1\nmetadata: {platforms: [linux-64]}\npackage:\n"
		"- {name: A.b, version: '1.0', manager: pip, platform: linux-64,\n"
		"   url: 'https://h/A_b-1.0-py3-none-any.whl', hash: {sha256: " SHA256 "}}\n"
		"- {platform: linux-64, url: h/c/linux-64/zlib-1-0.conda, hash: {}}\n",
	};
	(void)state;

	for (size_t i = 0; i < COUNT(forms); i++) {
		AUTO(lock_done) struct lock l = {.arena = ARENA};
		AUTO(buf_done) struct buf list = BUF(1 << 16);
		AUTO(err_free) struct err *e = NULL;
		if (lock_read(str_of(forms[i]), "l", "linux-64", &l, &e) < 0)
			fail_msg("form %zu: %s", i, e->text);
		assert_int_equal(l.count, 2);
		assert_int_equal(l.records[1].manager, MANAGER_PIP);
		assert_true(str_is(l.records[1].version_text, "1.0"));
		assert_int_equal(lock_write_explicit(&l, &list, NULL), 0);
		assert_non_null(strstr(
			list.data,
			"\n# pip a-b @ https://h/A_b-1.0-py3-none-any.whl#sha256=" SHA256 "\n"));
	}
}

/* A lock of each kind of source; what it says is what is written. */
static void sources_stand_in_a_lock_with_how_they_are_built(void **state)
{
#define COMMIT "0123456789abcdef0123456789abcdef01234567"
	static const char *const urls[] = {
		"https://h/a-1.0.tar.gz",
		"https://h/a-1.0.zip#subdirectory=b",
		"file:///a/b",
		"git+https://h/a.git@" COMMIT,
		"git+ssh://git@h/a.git@" COMMIT "#subdirectory=b/c",
	};
	static const enum source_kind kinds[] = {SOURCE_ARCHIVE, SOURCE_ARCHIVE, SOURCE_FOLDER,
						 SOURCE_GIT, SOURCE_GIT};
	const struct str settings[] = {STR("--x=y z")};
	const struct str requires[] = {STR("https://h/s-1-py3-none-any.whl#sha256=" SHA256),
				       STR("https://h/w-1-py3-none-any.whl#sha256=" SHA256)};
	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		AUTO(lock_done) struct lock l = {.arena = ARENA}, back = {.arena = ARENA};
		AUTO(buf_done) struct buf once = BUF(1 << 16), again = BUF(1 << 16);
		AUTO(err_free) struct err *e = NULL;
		struct record_source source = {
			.kind = kinds[i],
			.revision = i == 3 ? STR("v1 x") : STR(""),
			.settings = {settings, 1},
			.requires = {requires, 2},
			.wheel = STR("a-1.0-py3-none-any.whl"),
		};
		struct record r = {.manager = MANAGER_PIP,
				   .name = STR("a"),
				   .version_text = STR("1.0"),
				   .url = str_of(urls[i]),
				   .source = &source,
				   .has_sha256 = true};
		digest_parse(STR(SHA256), &r.sha256);
		source.wheel_sha256 = r.sha256;
		l.platform = STR("linux-64");
		l.records = &r;
		l.count = 1;
		assert_int_equal(lock_write(&l, &once, NULL), 0);
		if (lock_read(buf_str(&once), "l", "linux-64", &back, &e) < 0)
			fail_msg("%s: %s", urls[i], e->text);
		const struct record_source *s = back.records[0].source;
		assert_int_equal(s->kind, kinds[i]);
		assert_int_equal(s->requires.n, 2);
		assert_int_equal(lock_write(&back, &again, NULL), 0);
		assert_string_equal(again.data, once.data);
	}
}

static void explicit_lists_read_back(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf once = BUF(1 << 20);
	AUTO(buf_done) struct buf again = BUF(1 << 20);
	AUTO(lock_done) struct lock l = {.arena = ARENA};
	write_sample(&once, true);
	assert_string_equal(once.data,
			    "# platform: linux-64\n@EXPLICIT\n"
			    "https://h.example/main/linux-64/zlib-1.10-0.conda#" MD5 "\n"
			    "https://h.example/main/noarch/app-1.10-0.tar.bz2#" MD5 "\n");
	assert_int_equal(lock_read(buf_str(&once), "list", "linux-64", &l, NULL), 0);
	assert_int_equal(lock_write_explicit(&l, &again, NULL), 0);
	assert_string_equal(again.data, once.data);
	assert_true(str_is(l.records[1].version_text, "1.10"));
}

#define PACKAGE(name, platform, more)                                                              \
	"- name: " name "\n  version: 1.0\n  platform: " platform "\n"                             \
	"  url: https://u:p@h.example/t/x-1/c/" platform "/" name "-1.0-h_1.conda\n"               \
	"  manager: conda\n  hash:\n    md5: " MD5 "\n" more
#define HEAD "version: 1\nmetadata:\n  platforms: [linux-64, osx-64]\npackage:\n"

static void what_conda_lock_wrote_is_put_in_link_order(void **state)
{
	(void)state;
	static const char text[] = "# generated\n" HEAD PACKAGE(
		"a", "linux-64", "  dependencies: {b: '>=1', q: ''}\n")
		PACKAGE("b", "linux-64", "  dependencies: {c: 1.*}\n  category: main\n")
			PACKAGE("b", "linux-64", "  category: dev\n") PACKAGE("b", "osx-64", "")
				PACKAGE("c", "linux-64", "  dependencies: {a: ''}\n")
					PACKAGE("d", "linux-64", "");
	AUTO(lock_done) struct lock l = {.arena = ARENA};
	AUTO(err_free) struct err *e = NULL;
	if (lock_read(STR(text), "lock", "linux-64", &l, &e) < 0)
		fail_msg("%s", e->text);
	assert_int_equal(l.count, 4);
	static const char *const order[] = {"d", "b", "a", "c"};
	for (size_t i = 0; i < COUNT(order); i++)
		assert_true(str_is(l.records[i].name, order[i]));
	assert_true(str_is(l.records[0].url, "https://h.example/c/linux-64/d-1.0-h_1.conda"));
	assert_true(str_is(l.records[0].build, "h_1"));
	assert_true(str_is(l.records[1].depends.v[0], "c 1.*"));
	assert_int_equal(l.records[0].build_number, 0);
}

#define PIXI "version: 6\nenvironments: {default: {packages: {linux-64: "

static const struct {
	const char *text, *says;
} wrong[] = {
	{"", "l:1:1: a lock must be a conda-lock.yml, a pixi.lock or an @EXPLICIT list"},
	{"[]", "l:1:1: a lock must be a conda-lock.yml, a pixi.lock or an @EXPLICIT list"},
	{"name: x\n", "l:1:1: this is no lock: it has no \"package\""},
	{"version: 3\nenvironments: {}\n",
	 "l:1:10: version 3 of pixi.lock is not supported: 4 to 7 are"},
	{"version: 6\nenvironments: {}\n", "l:1:1: \"packages\" is missing"},
	{"version: 6\nenvironments: {}\npackages: []\n",
	 "l:2:15: there is no environment \"default\"; there is none"},
	{"version: 6\nenvironments: {a: {}, b: {}}\npackages: []\n",
	 "l:2:15: there is no environment \"default\"; there is a, b"},
	{PIXI "[{pypi: x}]}}}\npackages: []\n", "l:2:48: this package is not among \"packages\""},
	{PIXI "[{pypi: x}]}}}\npackages: [{pypi: x}]\n", "l:3:19: the address has no folder"},
	{PIXI "[{pypi: h/x.whl}]}}}\npackages: [{pypi: h/x.whl, name: x}]\n",
	 "l:3:12: a wheel needs \"name\" and \"version\""},
	{PIXI "[{pypi: h/x.whl}]}}}\npackages: [{pypi: h/x.whl, name: x, version: '1'}]\n",
	 "l:3:12: a wheel needs its \"sha256\""},
	{PIXI "[{pypi: h/x.whl}]}}}\npackages: [{pypi: h/x.whl, name: x~, version: '1'}]\n",
	 "l:3:12: \"x~\" is no name of a distribution"},
	{PIXI "[1]}}}\npackages: []\n", "l:2:48: a package must be a map with"},
	{PIXI "[{conda: ./here}]}}}\npackages: []\n",
	 "l:2:48: ./here is to be built from source, which only pixi can"},
	{PIXI "[{conda_source: 'x[1] @ y'}]}}}\npackages: []\n",
	 "l:2:48: x[1] @ y is to be built from source"},
	{PIXI "[{conda: h/c/noarch/x-1-0.conda}]}}}\npackages: []\n",
	 "l:2:48: this package is not among \"packages\""},
	{PIXI "[{conda: h/c/win-64/x-1-0.conda}]}}}\n"
	      "packages: [{conda: h/c/win-64/x-1-0.conda}]\n",
	 "l:3:20: the address is of a package for win-64, not for linux-64"},
	{PIXI "[{conda: h/c/noarch/x-1-0.conda}]}}}\n"
	      "packages: [{conda: h/c/noarch/x-1-0.conda, md5: 1}]\n",
	 "l:3:49: \"md5\" is no md5 digest in hex"},
	{PIXI "[{conda: h/noarch/x-1-0.conda}, {conda: h/noarch/x-1-0.conda}]}}}\n"
	      "packages: [{conda: h/noarch/x-1-0.conda}]\n",
	 "l:2:79: the package \"x\" stands here a second time"},
	{"version: 6\nenvironments: {default: {packages: {osx-64: []}}}\npackages: []\n",
	 "l: nothing is locked for linux-64; there is osx-64"},
	{"version: 2\npackage: []\n",
	 "l:1:10: version 2 of conda-lock.yml is not supported: only 1 is"},
	{"version: 1\npackage: []\n", "l:1:1: \"metadata\" is missing"},
	{"version: 1\nmetadata: {}\npackage: {}\n",
	 "l:3:10: \"package\" must be a list, not a map"},
	{"version: 1\nmetadata: {platforms: [osx-64]}\npackage: []\n",
	 "l: nothing is locked for linux-64; there is osx-64"},
	{HEAD "- 1\n", "l:5:3: a package must be a map, not a number"},
	{HEAD "- {platform: linux-64, manager: pip, name: x, version: 1, url: 'https://h/x.zip'}\n",
	 "l:5:3: \"hash\" is missing"},
	{HEAD "- {platform: linux-64, manager: pip, name: x, version: 1, hash: {},\n"
	      "   url: 'git+https://h/x@main'}\n",
	 "l:6:9: the address names no commit"},
	{HEAD "- {platform: linux-64, manager: pip, name: x, version: 1, hash: {},\n"
	      "   url: 'hg+https://h/x'}\n",
	 "l:6:9: the address is of no wheel and of no source"},
	{"version: 1\nmetadata: {platforms: [linux-64], custom_metadata: {kiln_builds: x makes y}}"
	 "\npackage:\n- {platform: linux-64, manager: pip, name: x, version: 1,\n"
	 "   hash: {sha256: " SHA256 "}, url: 'https://h/x-1.zip'}\n",
	 "l:4:3: kiln_builds says of it \"makes y\", which means nothing"},
	{HEAD "- {platform: linux-64, name: x}\n", "l:5:3: \"url\" is missing"},
	{HEAD "- {platform: linux-64, url: 'https://h/c/linux-64/x.zip'}\n",
	 "l:5:29: the address must end in a file"},
	{HEAD "- {platform: linux-64, url: 'https://h/c/linux-64/x-1.conda'}\n",
	 "l:5:29: the address must end in a file"},
	{HEAD PACKAGE("a", "linux-64", "") PACKAGE("a", "linux-64", ""),
	 "l:12:3: the package \"a\" stands here a second time"},
	{HEAD "- {platform: linux-64, hash: {md5: x}, url: 'h/c/linux-64/x-1-0.conda'}\n",
	 "l:5:36: \"md5\" is no md5 digest in hex"},
	{HEAD "- {platform: linux-64, name: ../x, hash: {}, url: 'h/linux-64/x-1-0.conda'}\n",
	 "l:5:30: \"name\" holds letters it cannot have"},
	{HEAD "- {platform: linux-64, name: y, hash: {}, url: 'h/linux-64/x-1-0.conda'}\n",
	 "l:5:3: the address is of x-1-0.conda, not of y-1-0"},
	{HEAD "- {platform: linux-64, hash: {}, url: 'h/c/osx-64/x-1-0.conda'}\n",
	 "l:5:39: the address is of a package for osx-64, not for linux-64"},
	{HEAD "- {platform: linux-64, hash: {}, url: 'h/c/noarch/x-.1-0.conda'}\n",
	 "l:5:39: the address must be CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda"},
	{HEAD "- {platform: linux-64, hash: {}, url: 'h/c/noarch/x-1-0.conda#a'}\n",
	 "l:5:39: the address holds a letter that must be written as %XX"},
	{HEAD "- {platform: linux-64, hash: {sha256: 12}, url: 'h/c/noarch/x-1-0.conda'}\n",
	 "l:5:39: \"sha256\" is no sha256 digest in hex"},
	{HEAD "- {platform: linux-64, hash: [], url: 'h/c/noarch/x-1-0.conda'}\n",
	 "l:5:30: \"hash\" must be a map, not a list"},
	{HEAD "- {platform: linux-64, manager: npm, url: x}\n",
	 "l:5:33: \"manager\" must be conda or pip, not \"npm\""},
	{HEAD "- {platform: linux-64, hash: {}, dependencies: {a: []},\n"
	      "   url: 'h/c/noarch/x-1-0.conda'}\n",
	 "l:5:52: \"a\" must be text, not a list"},
	{HEAD "- {platform: linux-64, dependencies: [],\n"
	      "   hash: {}, url: 'h/c/noarch/x-1-0.conda'}\n",
	 "l:5:38: \"dependencies\" must be a map, not a list"},
	{"version: 1\nversion: 1\npackage: []\n", "l:2:1: "},
	{"version: 1\nmetadata: {custom_metadata: 1}\npackage: []\n",
	 "l:2:29: \"custom_metadata\" must be a map, not a number"},
	{"version: 1\nmetadata: {channels: [[]]}\npackage: []\n", "l:2:23: "},
	{"@EXPLICIT\nhttps://h/c/noarch/a b-1-0.conda\n",
	 "l:2:1: the address holds a letter that must be written as %XX"},
	{"@EXPLICIT\nh/c/noarch/x-1-0.conda\nh/c/noarch/x-1-0.conda\n",
	 "l:3:1: the package \"x\" stands here a second time"},
	{"@EXPLICIT\n# pip x @ https://h/x-1-py3-none-any.whl\n",
	 "l:2:1: a wheel needs \"#sha256=\" and 64 hex digits"},
	{"@EXPLICIT\n# pip x @ https://h/x-1.tar.gz#sha256=0\n",
	 "l:2:1: x is to be built from its source"},
	{"@EXPLICIT\n# pip x @ https://h/x-.1-py3-none-any.whl#sha256=" SHA256 "\n",
	 "l:2:1: \"x-.1-py3-none-any.whl\" is no wheel's name"},
	{"@EXPLICIT\nnumpy\n", "l:2:1: the address has no folder"},
	{"@EXPLICIT\nh/c/linux-64/x-1-0.conda#12\n", "l:2:26: behind \"#\" must stand"},
	{"@EXPLICIT\nh/c/osx-64/x-1-0.conda\n",
	 "l:2:1: the package is for osx-64, not for linux-64"},
};

static void says_where_a_lock_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO(lock_done) struct lock l = {.arena = ARENA};
		AUTO(err_free) struct err *e = NULL;
		if (lock_read(str_of(wrong[i].text), "l", "linux-64", &l, &e) >= 0)
			fail_msg("accepted: %s", wrong[i].text);
		if (strncmp(e->text, wrong[i].says, strlen(wrong[i].says)) != 0)
			fail_msg("says %s, not %s", e->text, wrong[i].says);
	}
}

static int read_pixi(unsigned version, const char *platform, const char *environment,
		     struct lock *out, struct err **e)
{
	char path[64];
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	snprintf(path, sizeof(path), "tests/cases/lock/pixi-%u.lock", version);
	assert_int_equal(fs_read(path, &text, NULL), 0);
	struct lock_source from = {buf_str(&text), "pixi.lock", platform, environment};
	return lock_read_from(&from, out, e);
}

static void reads_all_versions_of_pixis_form(void **state)
{
	(void)state;
	static const char list[] = "# platform: linux-64\n@EXPLICIT\n"
				   "https://h.example/c/linux-64/libgcc-13.2-h1_4.tar.bz2#" MD5 "\n"
				   "https://h.example/c/linux-64/zlib-1.2.13-h_0.conda#" MD5 "\n"
				   "https://h.example/c/noarch/app-1.0-py_0.conda#" MD5 "\n";
	for (unsigned version = 4; version <= 7; version++) {
		AUTO(lock_done) struct lock l = {.arena = ARENA};
		AUTO(lock_done) struct lock mac = {.arena = ARENA};
		AUTO(lock_done) struct lock docs = {.arena = ARENA};
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		AUTO(err_free) struct err *e = NULL;
		if (read_pixi(version, "linux-64", NULL, &l, &e) < 0)
			fail_msg("%u: %s", version, e->text);
		assert_int_equal(lock_write_explicit(&l, &text, NULL), 0);
		assert_string_equal(text.data, list);
		assert_true(str_is(l.channels.v[0], "https://h.example/c/"));
		assert_true(l.records[0].has_sha256);
		assert_int_equal(l.records[0].size, 1234);
		assert_true(str_is(l.records[1].constrains.v[0], "other <2"));
		assert_true(str_is(l.records[2].depends.v[0], "zlib >=1.2,<2.0a0"));
		assert_int_equal(read_pixi(version, "osx-64", NULL, &mac, NULL), 0);
		assert_true(str_is(mac.records[0].subdir, "osx-64"));
		assert_int_equal(read_pixi(version, "linux-64", "docs", &docs, NULL), 0);
		assert_int_equal(docs.count, 1);
		assert_int_equal(read_pixi(version, "osx-64", "docs", &docs, NULL), ERR_ABSENT);
		assert_int_equal(read_pixi(version, "linux-64", "x", &docs, &e), ERR_USAGE);
		assert_non_null(strstr(e->text, "there is default, docs, wheels"));
		AUTO(lock_done) struct lock wheels = {.arena = ARENA};
		assert_int_equal(read_pixi(version, "linux-64", "wheels", &wheels, NULL), 0);
		assert_int_equal(wheels.count, 2);
		assert_true(str_is(wheels.records[1].fn, "six-1.16.0-py3-none-any.whl"));
	}
}

static void only_pixi_names_environments(void **state)
{
	(void)state;
	AUTO(lock_done) struct lock l = {.arena = ARENA};
	struct lock_source from = {STR("@EXPLICIT\n"), "list", "linux-64", "docs"};
	assert_int_equal(lock_read_from(&from, &l, NULL), ERR_USAGE);
	from.environment = "default";
	assert_int_equal(lock_read_from(&from, &l, NULL), 0);
}

static void an_empty_environment_is_a_lock_too(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf once = BUF(1 << 20);
	AUTO(buf_done) struct buf again = BUF(1 << 20);
	AUTO(lock_done) struct lock back = {.arena = ARENA};
	struct lock l = {.platform = STR("linux-64")};
	assert_int_equal(lock_write(&l, &once, NULL), 0);
	assert_int_equal(lock_read(buf_str(&once), "l", "linux-64", &back, NULL), 0);
	assert_int_equal(lock_write(&back, &again, NULL), 0);
	assert_string_equal(again.data, once.data);
}

static void addresses_below_the_lock_are_told_from_there(void **state)
{
	static const struct {
		const char *absolute, *relative; /* relative NULL: as it is */
	} rows[] = {
		{"file:///home/me/env/pkg", "file:./pkg"},
		{"file:///home/me/env/a%20b/x-1-py3-none-any.whl",
		 "file:./a%20b/x-1-py3-none-any.whl"},
		{"file:///home/me/env", "file:./"},
		{"file:///home/me/env#subdirectory=x", "file:./#subdirectory=x"},
		{"git+file:///home/me/env/pkg@0123", "git+file:./pkg@0123"},
		{"git+file:///home/me/env@0123#subdirectory=x", "git+file:./@0123#subdirectory=x"},
		{"file:///home/me/environment", NULL},
		{"file:///home/me/other/pkg", NULL},
		{"https://h/home/me/env/pkg-1.tar.gz", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(lock_done) struct lock l = {.arena = ARENA};
		struct str absolute = str_of(rows[i].absolute);
		struct str relative = rows[i].relative ? str_of(rows[i].relative) : absolute;
		struct str pins[] = {absolute, arena_printf(&l.arena, ">>%.*s", STR_ARG(absolute))};
		struct record_source source = {.requires = {pins, 2}};
		struct record r = {.manager = MANAGER_PIP, .url = absolute, .source = &source};
		const struct strs *found;
		l.records = &r;
		l.count = 1;
		lock_make_relative(&l, "/home/me/env/");
		found = &r.source->requires;
		if (!str_eq(r.url, relative) || !str_eq(found->v[0], relative) ||
		    !str_eq(str_from(found->v[1], 2), relative))
			fail_msg("%s: %.*s", rows[i].absolute, STR_ARG(r.url));
		lock_make_absolute(&l, "/home/me/env");
		found = &r.source->requires;
		if (!str_eq(r.url, absolute) || !str_eq(found->v[0], absolute) ||
		    !str_eq(str_from(found->v[1], 2), absolute))
			fail_msg("%s: %.*s", rows[i].absolute, STR_ARG(r.url));
	}
}

static void the_digest_does_not_know_where_folders_are(void **state)
{
	static const struct {
		const char *one, *two;
		bool same;
	} rows[] = {
		{"file:///a/pkg", "file:///b/c/pkg/", false},
		{"file:///a/pkg", "file:///b/c/pkg", true},
		{"file:///a/pkg#subdirectory=x/y", "file:///pkg#subdirectory=x/y", true},
		{"file:///a/pkg", "file:///a/other", false},
		{"https://h/a/pkg", "https://h/b/pkg", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest digests[2];
		for (size_t k = 0; k < 2; k++) {
			struct record r = {.manager = MANAGER_PIP,
					   .name = STR("a"),
					   .version_text = STR("1"),
					   .url = str_of(k ? rows[i].two : rows[i].one)};
			struct lock l = {.platform = STR("linux-64"), .records = &r, .count = 1};
			assert_int_equal(lock_digest(&l, &digests[k], NULL), 0);
		}
		if (digest_eq(&digests[0], &digests[1]) != rows[i].same)
			fail_msg("%s, %s", rows[i].one, rows[i].two);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_below_the_lock_are_told_from_there),
		cmocka_unit_test(the_digest_does_not_know_where_folders_are),
		cmocka_unit_test(writes_conda_locks_form),
		cmocka_unit_test(reads_back_to_equal_bytes),
		cmocka_unit_test(several_platforms_share_a_file),
		cmocka_unit_test(wheels_stand_in_every_form),
		cmocka_unit_test(sources_stand_in_a_lock_with_how_they_are_built),
		cmocka_unit_test(explicit_lists_read_back),
		cmocka_unit_test(what_conda_lock_wrote_is_put_in_link_order),
		cmocka_unit_test(says_where_a_lock_is_wrong),
		cmocka_unit_test(reads_all_versions_of_pixis_form),
		cmocka_unit_test(only_pixi_names_environments),
		cmocka_unit_test(an_empty_environment_is_a_lock_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
