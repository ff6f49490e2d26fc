/* tests/fuzz/fuzz_environment.c - a definition of any form from anywhere: an error with its place,
 * or a definition that has a key and is the same when it was saved and read again. */
#include "specs/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void key_of(const struct definition *d, struct digest *out)
{
	struct key_input in = {
		.definition = d, .platform = STR("linux/amd64"), .base_digest = d->base};
	key_digest(&in, out);
}

static void check_v1(const struct definition *d)
{
	AUTO(definition_done) struct definition again = DEFINITION;
	AUTO(buf_done) struct buf first = BUF(1 << 26);
	AUTO(buf_done) struct buf second = BUF(1 << 26);
	check(definition_v1_document(d, &first, NULL) == 0);
	check(definition_read_text(buf_str(&first), "env", NULL, NULL, &again, NULL) == 0);
	/* The Dockerfile went to a file of its own. */
	again.steps.dockerfile = d->steps.dockerfile;
	check(definition_v1_document(&again, &second, NULL) == 0);
	check(str_eq(buf_str(&first), buf_str(&second)));
}

static void check_v2(const struct definition *d)
{
	AUTO(definition_done) struct definition again = DEFINITION;
	AUTO(buf_done) struct buf text = BUF(1 << 26);
	struct digest left, right;
	if (definition_write_v2(d, &text, NULL) < 0)
		return;
	check(definition_read_text(buf_str(&text), "env", NULL, NULL, &again, NULL) == 0);
	key_of(d, &left);
	key_of(&again, &right);
	check(digest_eq(&left, &right));
	/* Aliases in two places cannot be saved as such, and they are part of what is hashed. */
	if (d->document.aliases == 0 && definition_anonymous_version(d, &left, NULL) == 0)
		check(definition_anonymous_version(&again, &right, NULL) == 0 &&
		      digest_eq(&left, &right));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(err_free) struct err *e = NULL;
	struct str text = {(const char *)data, size};
	if (definition_read_text(text, "env", NULL, NULL, &d, &e) < 0)
		check(e && strncmp(e->text, "env:", 4) == 0);
	else if (d.form == DEFINITION_V1)
		check_v1(&d);
	else if (d.form == DEFINITION_V2)
		check_v2(&d);
	return 0;
}
