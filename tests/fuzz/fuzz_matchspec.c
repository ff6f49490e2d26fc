/* tests/fuzz/fuzz_matchspec.c - a match spec in each dialect: what it is read as reads back
 * from its canonical text. */
#include "specs/matchspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_spec(struct arena *a, struct str text, enum matchspec_dialect dialect,
		       const struct record *r)
{
	AUTO(err_free) struct err *e = NULL;
	AUTO(buf_done) struct buf once = BUF(1 << 20), again = BUF(1 << 20), shown = BUF(1 << 20);
	struct matchspec m, back;
	if (matchspec_parse(a, text, dialect, &m, &e) < 0) {
		check(e && strncmp(e->text, "column ", 7) == 0);
		return;
	}
	matchspec_canonical(&m, &once);
	matchspec_display(&m, &shown);
	check(matchspec_parse(a, buf_str(&once), dialect, &back, NULL) == 0);
	matchspec_canonical(&back, &again);
	check(str_eq(buf_str(&once), buf_str(&again)));
	check(matchspec_matches(&m, r) == matchspec_matches(&back, r));
	check(!matchspec_matches(&m, r) || matchspec_matches_version(&m, r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str text = {(const char *)data, size};
	struct record r = {.name = STR("p"),
			   .version_text = STR("1.2"),
			   .build = STR("py39_0"),
			   .channel = STR("https://h.example/c"),
			   .subdir = STR("linux-64"),
			   .fn = STR("p-1.2-py39_0.conda"),
			   .license = STR("MIT")};
	check(version_parse(&a, r.version_text, &r.version, NULL) == 0);
	check_spec(&a, text, MATCHSPEC_USER, &r);
	check_spec(&a, text, MATCHSPEC_RECORD, &r);
	check_spec(&a, text, MATCHSPEC_SEARCH, &r);
	return 0;
}
