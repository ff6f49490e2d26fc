/* fuzz_environments.c - any bytes as what a place keeps of a version: facts, what is said of it,
 * and the tag that leads there. */
#include "builder/environments_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written and read again to the same. */
static void check_about(struct environment *v)
{
	AUTO(environment_done) struct environment again = {.arena = ARENA};
	AUTO(buf_done) struct buf one = BUF(1 << 20), two = BUF(1 << 20);
	environment_write_about(&v->about, &one);
	if (one.n > ENVIRONMENT_TEXT_MAX)
		return;
	if (environment_read_about(buf_str(&one), &again, NULL) < 0)
		abort();
	environment_write_about(&again.about, &two);
	if (!str_eq(buf_str(&one), buf_str(&two)))
		abort();
}

static void check_facts(struct environment *v)
{
	AUTO(environment_done) struct environment again = {.arena = ARENA};
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	environment_write_facts(v, &text);
	if (text.n <= ENVIRONMENT_TEXT_MAX &&
	    (environment_read_facts(buf_str(&text), &again, NULL) < 0 ||
	     !str_eq(again.name, v->name) || !str_eq(again.base, v->base)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(environment_done) struct environment facts = {.arena = ARENA};
	AUTO(environment_done) struct environment about = {.arena = ARENA};
	AUTO(arena_done) struct arena a = ARENA;
	struct str text = {(const char *)data, size};
	struct version_tag tag;
	if (environment_read_facts(text, &facts, NULL) == 0)
		check_facts(&facts);
	if (environment_read_about(text, &about, NULL) == 0)
		check_about(&about);
	if (version_tag_parse(text, &tag) && !str_eq(version_tag_write(&a, &tag), text))
		abort();
	return 0;
}
