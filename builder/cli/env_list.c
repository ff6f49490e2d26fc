/* builder/cli/env_list.c - kiln env list: environments by name, as a table or a document. */
#include "builder/cli/page.h"
#include "builder/cli/page_list.h"
#include "builder/cli/table.h"

static void put_json(const struct env_rows *rows, struct buf *out)
{
	struct json_out j = {out, false};
	json_open(&j, NULL, '{');
	env_rows_put(rows, &j);
	json_close(&j, '}');
	buf_add_char(out, '\n');
}

static void put_table(const struct env_rows *rows, struct buf *out)
{
	static const char *const titles[] = {"NAME",   "VERSION", "DEVICE",
					     "PYTHON", "STATE",	  "DESCRIPTION"};
	AUTO(table_done) struct table t = {.titles = titles, .columns = COUNT(titles)};
	for (size_t i = 0; i < rows->n; i++) {
		const struct env_row *row = &rows->v[i];
		table_add(&t, row->name);
		table_add(&t, row->version);
		table_add(&t, row->gpu ? STR("gpu") : STR("cpu"));
		table_add(&t, row->python);
		table_add(&t, str_of(row->state));
		table_add(&t, str_to(row->description, str_find(row->description, '\n')));
	}
	if (rows->n)
		table_print(&t, out);
}

static int write_page(const struct env_args *args, const struct env_rows *rows, struct buf *out,
		      struct err **e)
{
	if (args->common.json)
		return err_set(e, ERR_USAGE, "--html and --json: one of them is wanted");
	page_list(rows, out);
	return page_write(args->html, out, e);
}

static int print(const struct env_args *args, const struct env_rows *rows, struct err **e)
{
	AUTO(buf_done) struct buf out = BUF(256 << 20);
	if (args->html)
		return write_page(args, rows, &out, e);
	if (args->common.json)
		put_json(rows, &out);
	else
		put_table(rows, &out);
	return command_print(&out, e);
}

static int list_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	AUTO(env_rows_done) struct env_rows rows = {.arena = ARENA};
	const struct env_wanted wanted = {args, str_of(words->n > 1 ? words->v[1] : "")};
	int r = env_rows_read(&wanted, &rows, e);
	if (r < 0)
		return r;
	if (!rows.n && !rows.fault)
		log_warn(args->common.log, "no environment fits; `kiln env list` names all");
	r = print(args, &rows, e);
	if (r == 0 && rows.fault)
		return err_set(e, ERR_CORRUPT,
			       "registered versions are damaged, and missing in the list");
	return r;
}

#define AT(field) offsetof(struct env_args, field)
static const struct option_row list_options[] = {
	{0, "curated", OPTION_FLAG, AT(curated), NULL, "those of the catalogue"},
	{0, "registered", OPTION_FLAG, AT(registered), NULL, "those that were registered"},
	{0, "gpu", OPTION_FLAG, AT(gpu), NULL, "those for GPUs"},
	{0, "html", OPTION_TEXT, AT(html), "FILE",
	 "write it as one HTML page, with search and filters; - is standard output"},
	{0},
};
#undef AT

const struct command env_list = {
	.name = "list",
	.usage = "env list [TEXT] [OPTIONS]",
	.summary = "the environments of the catalogue and the registered ones, or those that hold "
		   "a text",
	.options = (const struct option_row *const[]){list_options, env_all_options,
						      ENV_NAME_TABLES, COMMON_TABLES},
	.least = 1,
	.most = 2,
	.run = list_run,
};
