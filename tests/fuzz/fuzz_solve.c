/* tests/fuzz/fuzz_solve.c - a channel whose records hold any texts, solved and searched.
 *
 * The first line is the request, specs divided by "|"; every other line is a record: name,
 * version, build, then dependencies ("!" before a constrains), divided by "|" too. */
#include "builder/solve.h"
#include "specs/base/json.h"
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = 200, SPECS = 8 };

static void put_specs(struct json_out *j, const char *key, struct str rest, bool constrains)
{
	struct str one;

	json_open(j, key, '[');
	while (rest.n) {
		str_cut(&rest, '|', &one);
		bool is = str_starts(one, "!");
		if (is == constrains)
			json_put_str(j, NULL, str_from(one, is));
	}
	json_close(j, ']');
}

static void put_record(struct json_out *j, struct str line, unsigned number)
{
	struct str name, version, build;
	char key[32];

	str_cut(&line, '|', &name);
	str_cut(&line, '|', &version);
	str_cut(&line, '|', &build);
	snprintf(key, sizeof(key), "%u.conda", number);
	json_open(j, key, '{');
	json_put_str(j, "name", name);
	json_put_str(j, "version", version);
	json_put_str(j, "build", build);
	put_specs(j, "depends", line, false);
	put_specs(j, "constrains", line, true);
	json_close(j, '}');
}

static struct index *make_index(struct str lines)
{
	AUTO(index_writer_free) struct index_writer *w = NULL;
	AUTO(buf_done) struct buf text = BUF(64 << 20);
	struct json_out j = {&text, false};
	struct index *x = NULL;
	struct str line;
	char path[64];

	json_open(&j, NULL, '{');
	json_open(&j, "packages.conda", '{');
	for (unsigned i = 0; lines.n && i < RECORDS; i++) {
		str_cut(&lines, '\n', &line);
		put_record(&j, line, i);
	}
	json_close(&j, '}');
	json_close(&j, '}');
	snprintf(path, sizeof(path), "/tmp/kiln-fuzz-solve-%d", (int)getpid());
	if (index_writer_open(path, &w, NULL) == 0 &&
	    index_writer_feed(w, text.data, text.n, NULL) == 0 && index_writer_finish(w, NULL) == 0)
		index_open(path, &x, NULL);
	unlink(path);
	return x;
}

static void search(const struct channels *c, const struct matchspec *spec)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct record *found;
	size_t n;

	solve_search(c, spec, true, &a, &found, &n, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(solution_done) struct solution found = {0};
	struct str rest = {(const char *)data, size}, request, one;
	struct matchspec specs[SPECS];
	size_t n = 0;

	str_cut(&rest, '\n', &request);
	while (request.n && n < SPECS) {
		str_cut(&request, '|', &one);
		n += matchspec_parse(&a, one, MATCHSPEC_USER, &specs[n], NULL) == 0;
	}
	struct channel_subdir subdir = {.subdir = STR("noarch"),
					.index = make_index(rest),
					.base_url = STR("file:///c/noarch/")};
	struct channel channel = {STR("c"), STR("file:///c"), &subdir, 1};
	struct channels channels = {.v = &channel, .n = 1};
	struct solve_request r = {.channels = &channels, .specs = specs, .spec_count = n};
	solve(&r, &found, NULL);
	for (size_t i = 0; i < n; i++)
		search(&channels, &specs[i]);
	index_close(subdir.index);
	return 0;
}
