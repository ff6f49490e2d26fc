/* tests/unit/test_solve.c - solves of small channels: the cases in tests/cases/solve, each
 * written out as a channel and opened as any other; then searches, link order, and the
 * channel that the tests make. */
#include "builder/solve.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include "specs/base/vec.h"
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define CASES "tests/cases/solve/*.case"
#define REAL_CHANNEL "build/channel"

static struct http *client;
static char *folder;

struct package_line {
	struct record r; /* channel: its name in the case */
	VEC(struct str) depends;
	VEC(struct str) constrains;
	bool tarball;
};

/* One case; texts point into its file. */
struct kase {
	struct arena arena;
	const char *file;
	struct str title;
	VEC(struct str) channels;
	VEC(struct package_line) packages;
	VEC(struct record) virtuals;
	VEC(struct virtual_row) origins;
	VEC(struct matchspec) specs;
	enum channel_priority priority;
	struct buf expected;
};

static void kase_done(struct kase *k)
{
	for (size_t i = 0; i < k->packages.n; i++) {
		VEC_DONE(&k->packages.v[i].depends);
		VEC_DONE(&k->packages.v[i].constrains);
	}
	VEC_DONE(&k->channels);
	VEC_DONE(&k->packages);
	VEC_DONE(&k->virtuals);
	VEC_DONE(&k->origins);
	VEC_DONE(&k->specs);
	buf_done(&k->expected);
	arena_done(&k->arena);
}

/* ---- reading a case ---- */

static struct str word(struct str *rest)
{
	struct str head;

	str_cut(rest, ' ', &head);
	*rest = str_trim(*rest);
	return head;
}

static struct package_line *last_package(struct kase *k)
{
	assert_true(k->packages.n > 0);
	return &k->packages.v[k->packages.n - 1];
}

static void on_channel(struct kase *k, struct str rest)
{
	VEC_PUSH(&k->channels, rest);
}

static void on_package(struct kase *k, struct str rest)
{
	struct package_line *p = VEC_ADD(&k->packages);

	if (!k->channels.n)
		VEC_PUSH(&k->channels, STR("main"));
	memset(p, 0, sizeof(*p));
	p->r.channel = k->channels.v[k->channels.n - 1];
	p->r.subdir = STR("linux-64");
	p->r.name = word(&rest);
	p->r.version_text = word(&rest);
	p->r.build = rest.n ? rest : STR("0");
}

static void on_depends(struct kase *k, struct str rest)
{
	VEC_PUSH(&last_package(k)->depends, rest);
}

static void on_constrains(struct kase *k, struct str rest)
{
	VEC_PUSH(&last_package(k)->constrains, rest);
}

static void on_build_number(struct kase *k, struct str rest)
{
	assert_true(str_u64(rest, &last_package(k)->r.build_number));
}

static void on_timestamp(struct kase *k, struct str rest)
{
	assert_true(str_u64(rest, &last_package(k)->r.timestamp));
}

static void on_features(struct kase *k, struct str rest)
{
	last_package(k)->r.track_features = rest;
}

static void on_noarch(struct kase *k, struct str rest)
{
	(void)rest;
	last_package(k)->r.noarch = NOARCH_GENERIC;
	last_package(k)->r.subdir = STR("noarch");
}

static void on_tarball(struct kase *k, struct str rest)
{
	(void)rest;
	last_package(k)->tarball = true;
}

static void on_virtual(struct kase *k, struct str rest)
{
	struct record r;
	struct str name = word(&rest), version = word(&rest);

	name = arena_str(&k->arena, name);
	version = arena_str(&k->arena, version);
	rest = arena_str(&k->arena, rest);
	assert_int_equal(
		record_virtual(&k->arena, name.p, version.p, rest.n ? rest.p : NULL, &r, NULL), 0);
	VEC_PUSH(&k->virtuals, r);
}

/* "from NAME WORDS" */
static void on_from(struct kase *k, struct str rest)
{
	struct str name = word(&rest);

	VEC_PUSH(&k->origins, ((struct virtual_row){.name = name, .from = rest}));
}

static void on_request(struct kase *k, struct str rest)
{
	struct matchspec m;

	assert_int_equal(matchspec_parse(&k->arena, rest, MATCHSPEC_USER, &m, NULL), 0);
	VEC_PUSH(&k->specs, m);
}

static void on_priority(struct kase *k, struct str rest)
{
	assert_true(channel_priority_parse(rest, &k->priority));
}

static void on_expect(struct kase *k, struct str rest)
{
	buf_printf(&k->expected, "%s%.*s", k->expected.n ? "\n" : "", STR_ARG(rest));
}

/* Each ". " at the start is a step of indentation. */
static void on_conflict(struct kase *k, struct str rest)
{
	if (!k->expected.n)
		buf_add_text(&k->expected, "the request has no solution:");
	buf_add_char(&k->expected, '\n');
	for (; str_starts(rest, ". "); rest = str_from(rest, 2))
		buf_add_text(&k->expected, "  ");
	buf_add_str(&k->expected, rest);
}

static const struct {
	const char *word;
	void (*read)(struct kase *k, struct str rest);
} lines[] = {
	{"channel", on_channel},
	{"package", on_package},
	{"depends", on_depends},
	{"constrains", on_constrains},
	{"build_number", on_build_number},
	{"timestamp", on_timestamp},
	{"track_features", on_features},
	{"noarch", on_noarch},
	{"tarball", on_tarball},
	{"virtual", on_virtual},
	{"from", on_from},
	{"request", on_request},
	{"priority", on_priority},
	{"expect", on_expect},
	{"conflict", on_conflict},
};

static void read_line(struct kase *k, struct str line)
{
	struct str first = word(&line);

	for (size_t i = 0; i < COUNT(lines); i++) {
		if (!str_is(first, lines[i].word))
			continue;
		lines[i].read(k, line);
		return;
	}
	fail_msg("%s: %.*s: no line begins with \"%.*s\"", k->file, STR_ARG(k->title),
		 STR_ARG(first));
}

/* ---- the channel of a case ---- */

static void put_list(struct json_out *j, const char *key, const struct str *v, size_t n)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < n; i++)
		json_put_str(j, NULL, v[i]);
	json_close(j, ']');
}

static void put_package(struct json_out *j, const struct package_line *p)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str stem = record_stem(&a, &p->r);
	const char *extension = p->tarball ? "tar.bz2" : "conda";

	json_open(j, arena_printf(&a, "%.*s.%s", STR_ARG(stem), extension).p, '{');
	json_put_str(j, "name", p->r.name);
	json_put_str(j, "version", p->r.version_text);
	json_put_str(j, "build", p->r.build);
	json_put_u64(j, "build_number", p->r.build_number);
	json_put_str(j, "subdir", p->r.subdir);
	if (p->r.noarch)
		json_put_text(j, "noarch", "generic");
	if (p->r.timestamp)
		json_put_u64(j, "timestamp", p->r.timestamp);
	if (p->r.track_features.n)
		json_put_str(j, "track_features", p->r.track_features);
	put_list(j, "depends", p->depends.v, p->depends.n);
	put_list(j, "constrains", p->constrains.v, p->constrains.n);
	json_close(j, '}');
}

static void put_packages(struct json_out *j, const struct kase *k, struct str channel,
			 const char *subdir, bool tarball)
{
	json_open(j, tarball ? "packages" : "packages.conda", '{');
	for (size_t i = 0; i < k->packages.n; i++) {
		const struct package_line *p = &k->packages.v[i];
		if (p->tarball == tarball && str_eq(p->r.channel, channel) &&
		    str_is(p->r.subdir, subdir))
			put_package(j, p);
	}
	json_close(j, '}');
}

static void write_subdir(const struct kase *k, struct str channel, const char *subdir)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	struct json_out j = {&text, false};
	const char *dir =
		arena_printf(&a, "%s/channels/%.*s/%s", folder, STR_ARG(channel), subdir).p;

	json_open(&j, NULL, '{');
	put_packages(&j, k, channel, subdir, true);
	put_packages(&j, k, channel, subdir, false);
	json_close(&j, '}');
	assert_int_equal(fs_make_dirs(dir, 0700, NULL), 0);
	assert_int_equal(
		fs_write(arena_printf(&a, "%s/repodata.json", dir).p, buf_str(&text), 0600, NULL),
		0);
}

static void open_channels(struct arena *a, const struct str *names, size_t n, struct channels *out)
{
	static struct str subdirs[] = {{"linux-64", 8}, {"noarch", 6}};
	struct channel_options o = {.cache = arena_printf(a, "%s/cache", folder).p,
				    .subdirs = {subdirs, 2}};
	AUTO(err_free) struct err *e = NULL;

	if (channels_open(client, (struct strs){names, n}, &o, out, &e) < 0) {
		AUTO(free) char *why = err_line(e);
		fail_msg("%s", why);
	}
}

static void open_case(struct kase *k, struct channels *out)
{
	struct str *paths = arena_zero(&k->arena, k->channels.n + 1, sizeof(*paths));

	AUTO(free) char *old = fs_join(folder, "channels");
	assert_int_equal(fs_remove(old, NULL), 0);
	for (size_t i = 0; i < k->channels.n; i++) {
		write_subdir(k, k->channels.v[i], "linux-64");
		write_subdir(k, k->channels.v[i], "noarch");
		paths[i] = arena_printf(&k->arena, "%s/channels/%.*s", folder,
					STR_ARG(k->channels.v[i]));
	}
	open_channels(&k->arena, paths, k->channels.n, out);
}

/* ---- what comes out ---- */

/* "name-version-build" a line, the channel before it when there are several. */
static void say_records(const struct record *v, size_t n, bool channels, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;

	for (size_t i = 0; i < n; i++) {
		struct str stem = record_stem(&a, &v[i]), channel = v[i].channel;
		while (str_find(channel, '/') < channel.n)
			channel = str_from(channel, str_find(channel, '/') + 1);
		buf_printf(out, "%s%.*s%s%.*s%s", out->n ? "\n" : "", channels ? (int)channel.n : 0,
			   channel.p, channels ? "::" : "", STR_ARG(stem),
			   str_ends(v[i].fn, ".tar.bz2") ? ".tar.bz2" : "");
	}
}

/* The error without the folder in which this test keeps its channels. */
static void say_error(const char *text, struct buf *out)
{
	AUTO(free) char *path = fs_join(folder, "channels/");

	for (const char *at; (at = strstr(text, path)); text = at + strlen(path))
		buf_add(out, text, (size_t)(at - text));
	buf_add_text(out, text);
}

static void run_case(struct kase *k)
{
	AUTO(channels_close) struct channels channels = {0};
	AUTO(solution_done) struct solution found = {0};
	AUTO(err_free) struct err *e = NULL;
	AUTO(buf_done) struct buf got = BUF(1 << 20);

	open_case(k, &channels);
	struct solve_request r = {
		.channels = &channels,
		.specs = k->specs.v,
		.spec_count = k->specs.n,
		.virtuals = k->virtuals.v,
		.virtual_count = k->virtuals.n,
		.origins = k->origins.v,
		.origin_count = k->origins.n,
		.priority = k->priority,
	};
	if (solve(&r, &found, &e) < 0) {
		assert_int_equal(e->code, ERR_UNSOLVABLE);
		say_error(e->text, &got);
	} else {
		say_records(found.records, found.count, k->channels.n > 1, &got);
	}
	if (strcmp(got.data, k->expected.data) != 0)
		fail_msg("%s: %.*s\n--- expected\n%s\n--- got\n%s", k->file, STR_ARG(k->title),
			 k->expected.data, got.data);
}

/* A file holds cases, each begun by "case SENTENCE". */
static unsigned run_file(const char *path)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	struct kase k = {.file = path, .expected = BUF(1 << 20)};
	struct str rest, line;
	unsigned n = 0;

	assert_int_equal(fs_read(path, &text, NULL), 0);
	rest = buf_str(&text);
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (!str_starts(line, "case ")) {
			read_line(&k, line);
			continue;
		}
		if (n++)
			run_case(&k);
		kase_done(&k);
		k = (struct kase){
			.file = path, .title = str_from(line, 5), .expected = BUF(1 << 20)};
	}
	if (n)
		run_case(&k);
	kase_done(&k);
	return n;
}

static void every_case_gives_what_it_says(void **state)
{
	glob_t files;
	unsigned n = 0;
	(void)state;

	assert_int_equal(glob(CASES, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		n += run_file(files.gl_pathv[i]);
	globfree(&files);
	assert_true(n >= 40);
}

/* ---- searches ---- */

static void read_lines(struct kase *k, const char *const *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		read_line(k, str_of(text[i]));
}

static void a_search_gives_all_that_matches_best_first(void **state)
{
	static const char *const channel[] = {
		"channel first",  "package liba 1", "package liba 3", "package liba 2",
		"package libb 1", "channel second", "package liba 9", "package libc 1",
	};
	static const struct {
		const char *spec;
		enum channel_priority priority;
		const char *found;
	} rows[] = {
		{"liba >=2", PRIORITY_STRICT, "first::liba-3-0\nfirst::liba-2-0"},
		{"liba >=2", PRIORITY_FLEXIBLE,
		 "first::liba-3-0\nfirst::liba-2-0\nsecond::liba-9-0"},
		{"lib* <2", PRIORITY_STRICT, "first::liba-1-0\nfirst::libb-1-0\nsecond::libc-1-0"},
		{"^l.*c$", PRIORITY_STRICT, "second::libc-1-0"},
		{"second::liba", PRIORITY_STRICT, "second::liba-9-0"},
		{"nothing", PRIORITY_STRICT, ""},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct kase k = {.file = "search", .expected = BUF(1 << 20)};
		AUTO(channels_close) struct channels channels = {0};
		AUTO(buf_done) struct buf got = BUF(1 << 20);
		struct matchspec spec;
		struct record *found;
		size_t n;
		read_lines(&k, channel, COUNT(channel));
		open_case(&k, &channels);
		struct err *e = NULL;
		if (matchspec_parse(&k.arena, str_of(rows[i].spec), MATCHSPEC_SEARCH, &spec, &e))
			fail_msg("%s", e->text);
		assert_int_equal(solve_search(&channels, &spec, rows[i].priority, &k.arena, &found,
					      &n, NULL),
				 0);
		say_records(found, n, true, &got);
		assert_string_equal(got.data, rows[i].found);
		kase_done(&k);
	}
}

static void an_order_needs_no_solve(void **state)
{
	static const struct str needs_b[] = {{"Chan::B >=1", 11}, {"absent", 6}};
	struct record records[] = {
		{.name = STR("a"), .depends = {needs_b, 2}},
		{.name = STR("z")},
		{.name = STR("b")},
	};
	(void)state;

	solve_sort(records, 0);
	solve_sort(records, COUNT(records));
	assert_true(str_is(records[0].name, "z"));
	assert_true(str_is(records[1].name, "b"));
	assert_true(str_is(records[2].name, "a"));
}

/* ---- the channel that the tests make ---- */

struct question {
	const char *specs[4]; /* up to NULL */
	const char *words;    /* of the conflict; NULL: there is a solution */
};

static void ask(struct kase *k, const struct channels *channels, const struct question *q)
{
	AUTO(solution_done) struct solution found = {0};
	AUTO(err_free) struct err *e = NULL;

	k->specs.n = 0;
	for (size_t i = 0; i < COUNT(q->specs) && q->specs[i]; i++)
		on_request(k, str_of(q->specs[i]));
	struct solve_request r = {
		.channels = channels,
		.specs = k->specs.v,
		.spec_count = k->specs.n,
		.virtuals = k->virtuals.v,
		.virtual_count = k->virtuals.n,
	};
	int code = solve(&r, &found, &e);
	if (code < 0 && !q->words)
		fail_msg("%s: %s", q->specs[0], e->text);
	if (q->words && code != ERR_UNSOLVABLE)
		fail_msg("%s has a solution", q->specs[0]);
	if (q->words && !strstr(e->text, q->words))
		fail_msg("%s: \"%s\" is not in \"%s\"", q->specs[0], q->words, e->text);
}

/* The channel has more Pythons where Maven is installed: tests/channel/make.sh. */
static void the_channel_of_the_tests_answers(void **state)
{
	static const struct question rows[] = {
		{{"python 3.11.*", "scipy", "pandas", "matplotlib"}, NULL},
		{{"numpy <2", "scikit-learn"}, NULL},
		{{"python 3.9.*"}, "python 3.9.*: there is only python 3.1"},
		{{"python 3.10.*", "numpy"}, "python 3.10.*"},
		{{"kiln-needs-cuda"}, "the target has no __cuda"},
		{{"kiln-needs-new-glibc"}, "the target has __glibc 2.36"},
		{{"pyton"}, "write python for pyton"},
	};
	static const char *const base[] = {"virtual __glibc 2.36", "virtual __unix 0",
					   "virtual __linux 6.1"};
	AUTO(channels_close) struct channels channels = {0};
	static const struct str path = {"./" REAL_CHANNEL, sizeof(REAL_CHANNEL) + 1};
	struct kase k = {.file = REAL_CHANNEL, .expected = BUF(1 << 20)};
	(void)state;

	if (access(REAL_CHANNEL "/noarch/repodata.json", R_OK) < 0)
		skip();
	open_channels(&k.arena, &path, 1, &channels);
	read_lines(&k, base, COUNT(base));
	for (size_t i = 0; i < COUNT(rows); i++)
		ask(&k, &channels, &rows[i]);
	kase_done(&k);
}

static int make_folder(void **state)
{
	(void)state;
	int r = fs_temp_dir("/tmp", &folder, NULL);
	return r < 0 ? r : http_open(&(struct http_options){.tries = 1}, &client, NULL);
}

static int drop_folder(void **state)
{
	(void)state;
	http_close(client);
	int r = fs_remove(folder, NULL);
	free(folder);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_gives_what_it_says),
		cmocka_unit_test(a_search_gives_all_that_matches_best_first),
		cmocka_unit_test(an_order_needs_no_solve),
		cmocka_unit_test(the_channel_of_the_tests_answers),
	};
	return cmocka_run_group_tests_name("solve", tests, make_folder, drop_folder);
}
