/* builder/cli/env_copy.c - kiln env save, clone: an environment as files to look at, or to change.
 */
#include "builder/cli/env.h"
#include "specs/base/fs.h"

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

/* A folder keeps the lock as well, so that a build of it is a build of what it was saved from;
 * one of an earlier definition goes. */
static int write_folder(const struct env_args *args, const struct named *n, const char *folder,
			struct err **e)
{
	AUTO(free) char *path = fs_join(folder, LOCK_FILE_NAME);
	int r = definition_write_v1(&n->definition, folder, args->overwrite, e);
	if (r < 0)
		return r;
	return n->lock ? fs_write(path, str_of(n->lock), 0644, e) : fs_remove(path, e);
}

/* What the form has no place for is told, and what it cannot say is refused. */
static int save_as(const struct env_args *args, const struct named *n, enum definition_form form,
		   const char *path, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(64 << 20);
	const struct definition *d = &n->definition;
	int r = definition_carry(d, form, args->common.log, e);
	if (r < 0)
		return r;
	if (form == DEFINITION_V1)
		return write_folder(args, n, path, e);
	if (form == DEFINITION_V2)
		r = definition_write_v2(d, &text, e);
	else if (d->conda.n)
		buf_add_str(&text, d->conda);
	else
		r = err_set(e, ERR_USAGE, "it has no conda file");
	return r < 0 ? r : write_text(args, path, &text, e);
}

/* A lock holds what was solved for the base that was. */
static void drop_lock(const struct env_args *args, enum definition_form form, struct named *n)
{
	if (n->lock && form == DEFINITION_V1)
		log_warn(args->common.log, "the lock kept with it is for another base: it is left "
					   "out");
	free(STEAL(&n->lock));
}

static int set_base(const struct env_args *args, enum definition_form form, struct named *n,
		    struct err **e)
{
	struct definition *d = &n->definition;
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
	drop_lock(args, form, n);
	return 0;
}

/* A file of the user's own may not have a name that is the catalogue's. */
static int check_saved_name(const struct named *n, struct err **e)
{
	struct str name = n->definition.name;
	bool reserved = !n->curated && catalog_is_reserved(name);
	return reserved ? catalog_check_name(name, false, e) : 0;
}

static int save_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	AUTO(named_done) struct named n = NAMED;
	enum definition_form form;
	bool missing;
	int r = env_read(args, words->v[1], &n, e);
	if (r < 0)
		return r;
	form = n.definition.form;
	r = check_saved_name(&n, e);
	if (r == 0 && args->form)
		r = find_form(args->form, &form, e);
	if (r == 0)
		r = set_base(args, form, &n, e);
	if (r == 0 && form == DEFINITION_V1)
		r = definition_check_python(&n.definition, e);
	if (r == 0 && form == DEFINITION_V1 && !args->common.base)
		r = env_take_lock_of_image(args, words->v[1], &n, &missing, e);
	if (r == 0)
		r = save_as(args, &n, form, words->v[2], e);
	return r < 0 ? err_wrap(e, r, "%s", words->v[1]) : 0;
}

#define AT(field) offsetof(struct env_args, field)
static const struct option_row save_options[] = {
	{0, "form", OPTION_TEXT, AT(form), "conda|v1|v2", "in which form (its own)"},
	{0},
};
#undef AT

const struct command env_save = {
	.name = "save",
	.usage = "env save NAME[:VERSION]|DEFINITION TO [OPTIONS]",
	.summary = "write the same definition to a file or folder; - is standard output",
	.options = (const struct option_row *const[]){save_options, env_base_options,
						      env_overwrite_options, ENV_NAME_TABLES,
						      cache_options, common_options, NULL},
	.least = 3,
	.most = 3,
	.run = save_run,
};

/* azureml-core copies them too; who would save the copy with it is told. */
static void warn_without_python(const struct env_args *args, const struct definition *d)
{
	AUTO(err_free) struct err *why = NULL;
	if (definition_check_python(d, &why) < 0)
		log_warn(args->common.log, "%s", why->text);
}

static void say_missing(const struct env_args *args, const char *word)
{
	AUTO(buf_done) struct buf line = BUF(64 << 10);
	buf_printf(&line, "no lock of %s is known here, so the copy has none", word);
	log_line(args->common.log, line.data);
}

/* A copy to change; no form but v1 keeps all that a definition may say. */
static int clone_run(void *at, const struct option_list *words, struct err **e)
{
	const struct env_args *args = at;
	AUTO(named_done) struct named n = NAMED;
	const char *name = words->v[2];
	bool missing;
	int r = catalog_check_name(str_of(name), args->strict, e);
	if (r == 0)
		r = env_read(args, words->v[1], &n, e);
	if (r == 0)
		r = env_take_lock_of_image(args, words->v[1], &n, &missing, e);
	if (r < 0)
		return r;
	if (missing)
		say_missing(args, words->v[1]);
	definition_rename(&n.definition, str_of(name), STR(""));
	r = save_as(args, &n, DEFINITION_V1, words->n > 3 ? words->v[3] : name, e);
	if (r == 0)
		warn_without_python(args, &n.definition);
	return r < 0 ? err_wrap(e, r, "%s", words->v[1]) : 0;
}

const struct command env_clone = {
	.name = "clone",
	.usage = "env clone NAME[:VERSION]|DEFINITION NEW [DIR] [OPTIONS]",
	.summary = "a copy with a name of your own and no version, to change: a v1 folder",
	.options = (const struct option_row *const[]){env_overwrite_options, env_strict_options,
						      ENV_NAME_TABLES, cache_options,
						      common_options, NULL},
	.least = 3,
	.most = 4,
	.run = clone_run,
};
