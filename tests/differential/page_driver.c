/* tests/differential/page_driver.c - the page of a document on standard input: of a build, as `kiln
 * build --json` prints it, or {"environments": [...]}, as `kiln env list --json` does, with
 * "framework" and "successor" as well. */
#include "builder/cli/page_list.h"
#include "builder/cli/page_report.h"
#include "specs/base/fs.h"
#include "specs/base/vec.h"
#include <stdio.h>
#include <unistd.h>

enum { INPUT_MAX = 64 << 20, PAGE_BYTES = 256 << 20 };

static struct env_row read_row(const cJSON *from)
{
	const char *kind = json_text(from, "kind"), *state = json_text(from, "state");
	return (struct env_row){
		.name = str_of(json_text(from, "name")),
		.version = str_of(json_text(from, "version")),
		.kind = kind ? kind : "",
		.state = state ? state : "",
		.gpu = cJSON_IsTrue(json_get(from, "gpu")),
		.python = str_of(json_text(from, "python")),
		.base = str_of(json_text(from, "base")),
		.framework = str_of(json_text(from, "framework")),
		.description = str_of(json_text(from, "description")),
		.successor = str_of(json_text(from, "successor")),
		.key = str_of(json_text(from, "key")),
	};
}

static void put_list(const cJSON *environments, struct buf *out)
{
	VEC(struct env_row) rows = {0};
	const cJSON *row = NULL;
	cJSON_ArrayForEach(row, environments) VEC_PUSH(&rows, read_row(row));
	page_list(&(struct env_rows){.v = rows.v, .n = rows.n}, out);
	VEC_DONE(&rows);
}

int main(void)
{
	AUTO(buf_done) struct buf text = BUF(INPUT_MAX), page = BUF(PAGE_BYTES);
	AUTO(json_free) cJSON *document = NULL;
	AUTO(err_free) struct err *e = NULL;
	int r = fs_read_fd(STDIN_FILENO, "standard input", &text, &e);
	if (r == 0)
		r = json_parse(buf_str(&text), "the document", &document, &e);
	if (r == 0 && json_array(document, "environments"))
		put_list(json_array(document, "environments"), &page);
	else if (r == 0)
		page_report(document, &page);
	if (r == 0)
		r = fs_write_fd(STDOUT_FILENO, page.data, page.n, &e);
	if (r < 0) {
		AUTO(free) char *line = err_line(e);
		fprintf(stderr, "page_driver: %s\n", line);
	}
	return r < 0;
}
