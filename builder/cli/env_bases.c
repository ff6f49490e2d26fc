/* builder/cli/env_bases.c - kiln env bases: base images that kiln knows. */
#include "builder/cli/env.h"
#include "builder/cli/table.h"
#include "specs/base/json.h"
#include "specs/known_base.h"

/* Columns of the table, and members of the document. */
static const struct {
	const char *title, *key;
	size_t at;
} columns[] = {
	{"NAME", "name", offsetof(struct known_base, name)},
	{"IMAGE", "image", offsetof(struct known_base, image)},
	{"OS", "os", offsetof(struct known_base, os)},
	{"GLIBC", "glibc", offsetof(struct known_base, glibc)},
	{"CUDA", "cuda", offsetof(struct known_base, cuda)},
	{"CUDNN", "cudnn", offsetof(struct known_base, cudnn)},
	{"MPI", "mpi", offsetof(struct known_base, mpi)},
	{"CONDA", "conda", offsetof(struct known_base, conda)},
};

static const char *cell(const struct known_base *b, size_t column)
{
	const char *const *text = (const void *)((const char *)b + columns[column].at);
	return *text;
}

static void put_json(struct buf *out)
{
	struct json_out j = {out, false};
	struct known_base b;
	json_open(&j, NULL, '{');
	json_open(&j, "bases", '[');
	for (size_t i = 0; known_base_at(i, &b); i++) {
		json_open(&j, NULL, '{');
		for (size_t c = 0; c < COUNT(columns); c++)
			json_put_text(&j, columns[c].key, cell(&b, c));
		json_put_bool(&j, "retired", b.retired);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_add_char(out, '\n');
}

static void put_table(struct buf *out)
{
	const char *titles[COUNT(columns) + 1];
	AUTO(table_done) struct table t = {.titles = titles, .columns = COUNT(titles)};
	struct known_base b;
	for (size_t c = 0; c < COUNT(columns); c++)
		titles[c] = columns[c].title;
	titles[COUNT(columns)] = "STATE";
	for (size_t i = 0; known_base_at(i, &b); i++) {
		for (size_t c = 0; c < COUNT(columns); c++)
			table_add(&t, str_of(cell(&b, c)));
		table_add(&t, b.retired ? STR("retired") : STR("supported"));
	}
	table_print(&t, out);
}

static int bases_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	AUTO(buf_done) struct buf out = BUF(1 << 20);
	(void)words;
	if (args->common.json)
		put_json(&out);
	else
		put_table(&out);
	return command_print(&out, e);
}

const struct command env_bases = {
	.name = "bases",
	.usage = "env bases",
	.summary = "known base images: OS, glibc, CUDA, cuDNN, MPI, conda, whether retired",
	.options = (const struct option_row *const[]){COMMON_TABLES},
	.least = 1,
	.most = 1,
	.run = bases_run,
};
