/* builder/cli/cmd_env.c - kiln env: environments and bases by name; definitions in other forms. */
#include "builder/cli/env.h"
#include "builder/cli/table.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include "specs/known_base.h"
#include <unistd.h>

/* ---- bases ---- */

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

static int print_bases(const struct env_args *args, const struct option_list *words, struct err **e)
{
	AUTO(buf_done) struct buf out = BUF(1 << 20);
	(void)words;
	if (args->common.json)
		put_json(&out);
	else
		put_table(&out);
	return command_print(&out, e);
}

/* ---- a definition ---- */

static int write_text(const struct env_args *args, const char *path, const struct buf *text,
		      struct err **e)
{
	if (strcmp(path, "-") == 0)
		return command_print(text, e);
	if (!args->overwrite && access(path, F_OK) == 0)
		return err_set(e, ERR_USAGE, "%s is there already", path);
	return fs_write(path, buf_str(text), 0644, e);
}

static int find_form(const char *name, enum definition_form *out, struct err **e)
{
	for (int f = DEFINITION_CONDA; f <= DEFINITION_V2; f++)
		if (strcmp(name, definition_form_name((enum definition_form)f)) == 0) {
			*out = (enum definition_form)f;
			return 0;
		}
	return err_set(e, ERR_USAGE, "--form %s: conda, v1 or v2 is wanted", name);
}

/* What the form has no place for is told, and what it cannot say is refused. */
static int save_as(const struct env_args *args, const struct definition *d,
		   enum definition_form form, const char *path, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(64 << 20);
	int r = definition_carry(d, form, args->common.log, e);
	if (r < 0)
		return r;
	if (form == DEFINITION_V1)
		return definition_write_v1(d, path, args->overwrite, e);
	if (form == DEFINITION_V2)
		r = definition_write_v2(d, &text, e);
	else if (d->conda.n)
		buf_add_str(&text, d->conda);
	else
		r = err_set(e, ERR_USAGE, "it has no conda file");
	return r < 0 ? r : write_text(args, path, &text, e);
}

static int set_base(const struct env_args *args, enum definition_form form, struct definition *d,
		    struct err **e)
{
	AUTO(config_done) struct config config = CONFIG;
	struct reference parsed;
	if (!args->common.base)
		return 0;
	if (form == DEFINITION_CONDA)
		return err_set(e, ERR_USAGE,
			       "--base: the conda form has no place for a base image");
	int r = config_open(args->common.config, &config, e);
	if (r < 0)
		return r;
	const char *base = command_base(&config, args->common.base);
	if ((r = reference_parse(&d->arena, str_of(base), &parsed, e)) < 0)
		return err_wrap(e, r, "--base");
	definition_set_base(d, str_of(base));
	return 0;
}

static int save(const struct env_args *args, const struct option_list *words, struct err **e)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	enum definition_form form;
	int r = command_definition(words->v[1], args->common.log, &d, e);
	form = d.form;
	if (r == 0 && args->form)
		r = find_form(args->form, &form, e);
	if (r == 0)
		r = set_base(args, form, &d, e);
	if (r == 0)
		r = save_as(args, &d, form, words->v[2], e);
	return r < 0 ? err_wrap(e, r, "%s", words->v[1]) : 0;
}

/* A copy to change; no form but v1 keeps all that a definition may say. */
static int clone(const struct env_args *args, const struct option_list *words, struct err **e)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	const char *name = words->v[2];
	int r = catalog_check_name(str_of(name), args->strict, e);
	if (r == 0)
		r = command_definition(words->v[1], args->common.log, &d, e);
	if (r < 0)
		return r;
	definition_rename(&d, str_of(name));
	r = save_as(args, &d, DEFINITION_V1, words->n > 3 ? words->v[3] : name, e);
	return r < 0 ? err_wrap(e, r, "%s", words->v[1]) : 0;
}

/* ---- the command ---- */

static const struct {
	const char *name, *words;
	size_t least, most; /* words, its own included */
	int (*run)(const struct env_args *args, const struct option_list *words, struct err **e);
} verbs[] = {
	{"list", " [TEXT]", 1, 2, env_list},
	{"show", " NAME[:VERSION]|DEFINITION", 2, 2, env_show},
	{"save", " NAME[:VERSION]|DEFINITION TO", 3, 3, save},
	{"clone", " NAME[:VERSION]|DEFINITION NEW [DIR]", 3, 4, clone},
	{"bases", "", 1, 1, print_bases},
};

static int env_run(void *at, const struct option_list *rest, struct err **e)
{
	for (size_t i = 0; i < COUNT(verbs) && rest->n; i++) {
		if (strcmp(rest->v[0], verbs[i].name) != 0)
			continue;
		if (rest->n >= verbs[i].least && rest->n <= verbs[i].most)
			return verbs[i].run(at, rest, e);
		return err_set(e, ERR_USAGE, "wanted is: kiln env %s%s", verbs[i].name,
			       verbs[i].words);
	}
	return err_set(e, ERR_USAGE, "wanted is: kiln env list, show, save, clone or bases");
}

#define AT(field) offsetof(struct env_args, field)
static const struct option_row own_options[] = {
	{0, "curated", OPTION_FLAG, AT(curated), NULL, "list: those of the catalogue"},
	{0, "registered", OPTION_FLAG, AT(registered), NULL, "list: those that were registered"},
	{0, "gpu", OPTION_FLAG, AT(gpu), NULL, "list: those for GPUs"},
	{0, "html", OPTION_TEXT, AT(html), "FILE",
	 "list: write it as one HTML page, with search and filters; - is standard output"},
	{0, "form", OPTION_TEXT, AT(form), "conda|v1|v2", "save: in which form (its own)"},
	{'b', "base", OPTION_TEXT, AT(common.base), "IMAGE", "save: with this base image"},
	{0, "config", OPTION_TEXT, AT(common.config), "FILE", "settings: bases by name"},
	{0, "overwrite", OPTION_FLAG, AT(overwrite), NULL, "save, clone: over what is there"},
	{0, "strict-names", OPTION_FLAG, AT(strict), NULL, "clone: no dots in the name"},
	{0},
};

const struct command cmd_env = {
	.name = "env",
	.usage = "env list [TEXT] | show NAME | save NAME TO | clone NAME NEW [DIR] | bases",
	.summary = "environments by name, or by their definition; known base images",
	.options = (const struct option_row *const[]){own_options, common_options, NULL},
	.args_size = sizeof(struct env_args),
	.run = env_run,
};
