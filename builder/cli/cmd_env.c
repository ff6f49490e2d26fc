/* builder/cli/cmd_env.c - kiln env: definitions shown and saved in other forms, bases by name. */
#include "builder/cli/common.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include "specs/known_base.h"
#include <unistd.h>

struct env_args {
	struct common_args common;
	const char *form;
	bool overwrite;
};

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
	int widths[COUNT(columns)] = {0};
	struct known_base b;
	for (size_t c = 0; c < COUNT(columns); c++)
		widths[c] = (int)strlen(columns[c].title);
	for (size_t i = 0; known_base_at(i, &b); i++)
		for (size_t c = 0; c < COUNT(columns); c++)
			if (cell(&b, c) && (int)strlen(cell(&b, c)) > widths[c])
				widths[c] = (int)strlen(cell(&b, c));
	for (size_t c = 0; c < COUNT(columns); c++)
		buf_printf(out, "%-*s  ", widths[c], columns[c].title);
	buf_add_text(out, "STATE\n");
	for (size_t i = 0; known_base_at(i, &b); i++) {
		for (size_t c = 0; c < COUNT(columns); c++)
			buf_printf(out, "%-*s  ", widths[c], cell(&b, c) ? cell(&b, c) : "-");
		buf_printf(out, "%s\n", b.retired ? "retired" : "supported");
	}
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

/* What it says of itself, a row a fact that it has. */
struct fact {
	const char *key;
	struct str value;
};
enum { FACTS = 8 };

static int list_facts(const struct definition *d, struct digest_text *version,
		      struct fact facts[FACTS], struct err **e)
{
	struct digest anonymous;
	bool named = d->name.n || d->form != DEFINITION_V2;
	int r = named ? 0 : definition_anonymous_version(d, &anonymous, e);
	if (r < 0)
		return r;
	if (!named)
		*version = digest_text(&anonymous);
	const struct fact made[FACTS] = {
		{"form", str_of(definition_form_name(d->form))},
		{"name", named ? d->name : STR(DEFINITION_ANONYMOUS)},
		{"version", named ? d->version : str_of(version->hex)},
		{"description", d->description},
		{"base", d->base},
		{"context", d->steps.context},
		{"interpreter", d->interpreter},
		{"unbuildable", d->unbuildable},
	};
	memcpy(facts, made, sizeof(made));
	return 0;
}

static int show(const struct env_args *args, const struct option_list *words, struct err **e)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(buf_done) struct buf out = BUF(16 << 20);
	struct json_out j = {&out, false};
	struct fact facts[FACTS];
	struct digest_text version;
	int r = definition_read(words->v[1], args->common.log, &d, e);
	if (r == 0)
		r = list_facts(&d, &version, facts, e);
	if (r < 0)
		return r;
	if (args->common.json)
		json_open(&j, NULL, '{');
	for (size_t i = 0; i < FACTS; i++) {
		if (!facts[i].value.n)
			continue;
		if (args->common.json)
			json_put_str(&j, facts[i].key, facts[i].value);
		else
			buf_printf(&out, "%-12s %.*s\n", facts[i].key, STR_ARG(facts[i].value));
	}
	if (args->common.json) {
		json_close(&j, '}');
		buf_add_char(&out, '\n');
	}
	return command_print(&out, e);
}

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

static int save_as(const struct env_args *args, const struct definition *d,
		   enum definition_form form, const char *path, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(64 << 20);
	int r = 0;
	if (form == DEFINITION_V1)
		return definition_write_v1(d, path, args->overwrite, e);
	if (form == DEFINITION_V2 && d->environment_count)
		log_warn(args->common.log, "the v2 form has no place for environment variables: "
					   "they are left out");
	if (form == DEFINITION_V2)
		r = definition_write_v2(d, &text, e);
	else if (d->conda.n)
		buf_add_str(&text, d->conda);
	else
		r = err_set(e, ERR_USAGE, "it has no conda file");
	return r < 0 ? r : write_text(args, path, &text, e);
}

static int save(const struct env_args *args, const struct option_list *words, struct err **e)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	enum definition_form form;
	int r = definition_read(words->v[1], args->common.log, &d, e);
	form = d.form;
	if (r == 0 && args->form)
		r = find_form(args->form, &form, e);
	if (r == 0 && args->common.base)
		d.base = str_of(args->common.base);
	r = r < 0 ? r : save_as(args, &d, form, words->v[2], e);
	return r < 0 ? err_wrap(e, r, "%s", words->v[1]) : 0;
}

/* ---- the command ---- */

static const struct {
	const char *name, *words;
	size_t count; /* of words, its own included */
	int (*run)(const struct env_args *args, const struct option_list *words, struct err **e);
} verbs[] = {
	{"bases", "", 1, print_bases},
	{"show", " DEFINITION", 2, show},
	{"save", " DEFINITION TO", 3, save},
};

static int env_run(void *at, const struct option_list *rest, struct err **e)
{
	for (size_t i = 0; i < COUNT(verbs) && rest->n; i++) {
		if (strcmp(rest->v[0], verbs[i].name) != 0)
			continue;
		if (rest->n == verbs[i].count)
			return verbs[i].run(at, rest, e);
		return err_set(e, ERR_USAGE, "wanted is: kiln env %s%s", verbs[i].name,
			       verbs[i].words);
	}
	return err_set(e, ERR_USAGE, "wanted is: kiln env bases, show or save");
}

#define AT(field) offsetof(struct env_args, field)
static const struct option_row own_options[] = {
	{0, "form", OPTION_TEXT, AT(form), "conda|v1|v2", "save: in which form (its own)"},
	{'b', "base", OPTION_TEXT, AT(common.base), "IMAGE", "save: with this base image"},
	{0, "overwrite", OPTION_FLAG, AT(overwrite), NULL, "save: over what is there"},
	{0},
};

const struct command cmd_env = {
	.name = "env",
	.usage = "env bases | show DEFINITION | save DEFINITION TO",
	.summary = "list known base images; show a definition, save it in another form",
	.options = (const struct option_row *const[]){own_options, common_options, NULL},
	.args_size = sizeof(struct env_args),
	.run = env_run,
};
