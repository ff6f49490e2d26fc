/* tests/fuzz/fuzz_yaml.c - YAML from anywhere: no crash, and what is written reads back. */
#include "specs/base/yaml.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct str text)
{
	AUTO(buf_done) struct buf out = BUF(1 << 24);
	yaml_put_text(&out, text);
	AUTO(yaml_done) struct yaml y = YAML;
	if (yaml_parse(buf_str(&out), "written", &y, NULL) < 0 || y.root->kind != YAML_TEXT ||
	    !str_eq(y.root->text, text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(yaml_done) struct yaml y = YAML;
	AUTO(err_free) struct err *e = NULL;
	int status = yaml_parse((struct str){(const char *)data, size}, "fuzz", &y, &e);
	if ((status < 0) != (e != NULL))
		abort();
	if (status == 0 && y.root && yaml_is_scalar(y.root))
		check_text(y.root->text);
	return 0;
}
