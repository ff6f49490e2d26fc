/* builder/cli/cmd_env.c - kiln env: environments and bases by name; definitions in other forms. */
#include "builder/cli/env.h"
#include "builder/cli/table.h"
#include "specs/base/json.h"
#include "specs/known_base.h"

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

int env_read(const struct env_args *args, const char *word, struct named *out, struct err **e)
{
	AUTO(config_done) struct config c = CONFIG;
	int r = config_open(args->common.config, &c, e);
	return r < 0 ? r : named_read(&c, &args->common, word, out, e);
}

/* ---- the command ---- */

/* Options that only some verbs look at: on others they would be lost. */
enum {
	TAKES_BASE = 1,
	TAKES_CHANNELS = 2,
	TAKES_VIRTUALS = 4,
	TAKES_ALL = 7,
};
static const char *const taken[] = {
	"--base",
	"-c, --override-channels or --channel-priority",
	"--virtual",
};

static const struct {
	const char *name, *words;
	size_t least, most; /* words, its own included */
	unsigned takes;
	env_verb *run;
} verbs[] = {
	{"list", " [TEXT]", 1, 2, 0, env_list},
	{"show", " NAME[:VERSION]|DEFINITION", 2, 2, TAKES_ALL, env_show},
	{"save", " NAME[:VERSION]|DEFINITION TO", 3, 3, TAKES_BASE, env_save},
	{"clone", " NAME[:VERSION]|DEFINITION NEW [DIR]", 3, 4, 0, env_clone},
	{"register", " DIR|FILE|NAME", 2, 2, 0, env_register},
	{"archive", " NAME[:VERSION]", 2, 2, 0, env_archive},
	{"restore", " NAME[:VERSION]", 2, 2, 0, env_restore},
	{"outdated", " [NAME[:VERSION]|DEFINITION...]", 1, SIZE_MAX, TAKES_ALL, env_outdated},
	{"bases", "", 1, 1, 0, print_bases},
};

static int check_taken(const char *verb, unsigned takes, const struct common_args *args,
		       struct err **e)
{
	bool channels = args->channels.n || args->override_channels || args->priority;
	unsigned given = (args->base ? TAKES_BASE : 0) | (channels ? TAKES_CHANNELS : 0) |
			 (args->virtuals.n ? TAKES_VIRTUALS : 0);
	for (size_t i = 0; i < COUNT(taken); i++)
		if (given & ~takes & 1u << i)
			return err_set(e, ERR_USAGE, "kiln env %s takes no %s", verb, taken[i]);
	return 0;
}

static int env_run(void *at, const struct option_list *rest, struct err **e)
{
	for (size_t i = 0; i < COUNT(verbs) && rest->n; i++) {
		if (strcmp(rest->v[0], verbs[i].name) != 0)
			continue;
		if (rest->n < verbs[i].least || rest->n > verbs[i].most)
			return err_set(e, ERR_USAGE, "wanted is: kiln env %s%s", verbs[i].name,
				       verbs[i].words);
		int r = check_taken(verbs[i].name, verbs[i].takes, at, e);
		return r < 0 ? r : verbs[i].run(at, rest, e);
	}
	return err_set(e, ERR_USAGE,
		       "wanted is: kiln env list, show, save, clone, register, archive, restore, "
		       "outdated or bases");
}

#define AT(field) offsetof(struct env_args, field)
static const struct option_row own_options[] = {
	{0, "curated", OPTION_FLAG, AT(curated), NULL, "list: those of the catalogue"},
	{0, "registered", OPTION_FLAG, AT(registered), NULL, "list: those that were registered"},
	{0, "all", OPTION_FLAG, AT(all), NULL, "list: all versions, archived ones too"},
	{0, "gpu", OPTION_FLAG, AT(gpu), NULL, "list: those for GPUs"},
	{0, "html", OPTION_TEXT, AT(html), "FILE",
	 "list: write it as one HTML page, with search and filters; - is standard output"},
	{0, "form", OPTION_TEXT, AT(form), "conda|v1|v2", "save: in which form (its own)"},
	{'b', "base", OPTION_TEXT, AT(common.base), "IMAGE",
	 "save, show, outdated: with this base image"},
	{0, "overwrite", OPTION_FLAG, AT(overwrite), NULL, "save, clone: over what is there"},
	{0, "name", OPTION_TEXT, AT(name), "NAME", "register: under this name (its own)"},
	{0, "description", OPTION_TEXT, AT(description), "TEXT",
	 "register: what it is for; may change afterwards"},
	{0, "tag", OPTION_LIST, AT(tags), "NAME=VALUE",
	 "register: may change afterwards, NAME= takes it away; repeatable"},
	{0, "lock", OPTION_TEXT, AT(lock), "LOCK",
	 "register: keep this lock with it, outdated: compare with it (conda-lock.yml beside the "
	 "definition)"},
	{0, "exit-code", OPTION_FLAG, AT(exit_code), NULL,
	 "outdated: exit 1 when something would change"},
	{0, "strict-names", OPTION_FLAG, AT(strict), NULL, "clone, register: no dots in the name"},
	{0},
};

const struct command cmd_env = {
	.name = "env",
	.usage = "env list [TEXT] | show NAME | save NAME TO | clone NAME NEW [DIR] | "
		 "register DIR|FILE | archive NAME | restore NAME | outdated [DEFINITION...] | "
		 "bases",
	.summary = "environments by name, or by their definition; known base images",
	.options = (const struct option_row *const[]){own_options, channel_options, virtual_options,
						      target_options, config_options,
						      common_options, NULL},
	.args_size = sizeof(struct env_args),
	.run = env_run,
};
