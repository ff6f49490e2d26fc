/* tests/fuzz/fuzz_config.c - settings from anywhere: no crash, and nothing secret gets through. */
#include "specs/base/url.h"
#include "specs/config.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_public(struct strs list)
{
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < list.n; i++)
		if (!list.v[i].n || !str_eq(url_without_secrets(&a, list.v[i]), list.v[i]))
			abort();
}

static void check_map(const struct config_map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		check_public((struct strs){&m->v[i].name, 1});
		check_public(m->v[i].to);
		if (config_find(m, m->v[i].name) != &m->v[i].to)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(config_done) struct config c = CONFIG;
	AUTO(err_free) struct err *e = NULL;
	int code = config_parse((struct str){(const char *)data, size}, "fuzz", "/f", &c, &e);
	if ((code < 0) != (e != NULL))
		abort();
	check_public(c.channels);
	check_public(c.default_channels);
	check_public(c.to);
	check_map(&c.mirrors);
	check_map(&c.bases);
	return 0;
}
