/* tests/bench/solve_bench.c - opens a channel and solves a request, each timed, one line.
 *
 *	solve_bench [--list] CACHE CHANNEL SPEC...
 *
 * --list: the chosen files behind the line, in link order. */
#include "builder/solve.h"
#include "specs/base/clock.h"
#include <stdio.h>
#include <sys/resource.h>

static int fail(const struct err *e)
{
	AUTO(free) char *why = err_line(e);

	fprintf(stderr, "solve_bench: %s\n", why);
	return 1;
}

static size_t read_specs(struct arena *a, char **texts, size_t n, struct matchspec *out)
{
	for (size_t i = 0; i < n; i++)
		if (matchspec_parse(a, str_of(texts[i]), MATCHSPEC_USER, &out[i], NULL) < 0)
			exit(fail(NULL));
	return n;
}

int main(int argc, char **argv)
{
	static struct str subdirs[] = {{"linux-64", 8}, {"noarch", 6}};
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(http_close) struct http *http = NULL;
	AUTO(channels_close) struct channels channels = {0};
	AUTO(solution_done) struct solution found = {0};
	AUTO(err_free) struct err *e = NULL;
	struct matchspec specs[64];
	struct record virtuals[2];
	struct rusage used;
	bool list = argc > 1 && strcmp(argv[1], "--list") == 0;

	mem_keep_large_apart();
	argc -= list;
	argv += list;
	if (argc < 4 || argc > 60)
		return fail(NULL);
	struct str name = str_of(argv[2]);
	struct channel_options o = {.cache = argv[1], .subdirs = {subdirs, 2}};
	double start = clock_seconds();
	if (http_open(&(struct http_options){0}, &http, &e) < 0 ||
	    channels_open(http, (struct strs){&name, 1}, &o, &channels, &e) < 0)
		return fail(e);
	double opened = clock_seconds();
	if (record_virtual(&a, "__glibc", "2.36", NULL, &virtuals[0], &e) < 0 ||
	    record_virtual(&a, "__unix", "0", NULL, &virtuals[1], &e) < 0)
		return fail(e);
	struct solve_request r = {
		.channels = &channels,
		.specs = specs,
		.spec_count = read_specs(&a, argv + 3, (size_t)argc - 3, specs),
		.virtuals = virtuals,
		.virtual_count = 2,
	};
	if (solve(&r, &found, &e) < 0)
		return fail(e);
	double solved = clock_seconds();
	getrusage(RUSAGE_SELF, &used);
	printf("index %.2f s, solve %.2f s, %zu packages, peak %ld MB\n", opened - start,
	       solved - opened, found.count, used.ru_maxrss / 1024);
	for (size_t i = 0; list && i < found.count; i++)
		printf("%.*s/%.*s\n", STR_ARG(found.records[i].subdir),
		       STR_ARG(found.records[i].fn));
	return 0;
}
