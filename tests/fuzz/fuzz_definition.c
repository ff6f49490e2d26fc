/* tests/fuzz/fuzz_definition.c - an environment file from anywhere: an error with its place, or
 * a definition that has a key. */
#include "specs/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTIONS_ONCE = 4 }; /* an index, and three switches */

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* A line a part, whatever the values hold. */
static void check_key(const struct definition *d)
{
	AUTO(buf_done) struct buf text = BUF(1 << 26);
	struct key_input in = {
		.definition = d, .channels = d->channels, .platform = STR("linux/amd64")};
	key_text(&in, &text);
	size_t lines = 0, least = 7 + d->channels.n + d->variable_count;
	for (size_t i = 0; i < text.n; i++)
		lines += text.data[i] == '\n';
	const struct requirements *r = &d->pip;
	size_t options = r->extra_index_urls.n + r->find_links.n + OPTIONS_ONCE;
	check(lines >= least && lines <= least + d->spec_count + r->lines.n + options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(err_free) struct err *e = NULL;
	struct str text = {(const char *)data, size};
	if (definition_parse(text, "env", NULL, NULL, &d, &e) < 0)
		check(e && strncmp(e->text, "env:", 4) == 0);
	else
		check_key(&d);
	return 0;
}
