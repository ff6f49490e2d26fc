/* tests/fuzz/fuzz_auth.c - challenges, config.json and Location headers from outside. The first
 * byte says which. */
#include "builder/auth.h"
#include "builder/endpoint.h"
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void challenge(struct str text)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct challenges c;
	challenges_parse(&a, text, &c);
	for (size_t i = 0; i < c.n; i++)
		if (c.v[i].scheme == AUTH_NONE || !scope_covers(c.v[i].scope, c.v[i].scope))
			abort();
}

static void config(struct str text)
{
	AUTO(credentials_done) struct credentials c = {0};
	struct reference r = {.host = STR("h.io"), .repository = STR("a/b")};
	if (credentials_read(text, &r, &c, NULL) == 0 && c.user && !c.password)
		abort();
}

/* What passes is an address: never plain http, never this network. */
static void location(struct str text)
{
	AUTO(buf_done) struct buf to = BUF(1 << 20);
	if (endpoint_resolve(STR("https://h.io/v2/a/blobs/uploads/"), text, &to, NULL) < 0)
		return;
	if (strncasecmp(to.data, "https://", 8) != 0 || strpbrk(to.data, " \r\n"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct str text = {(const char *)data + 1, size - 1};
	switch (data[0]) {
	case 'c':
		challenge(text);
		break;
	case 'j':
		config(text);
		break;
	default:
		location(text);
	}
	return 0;
}
