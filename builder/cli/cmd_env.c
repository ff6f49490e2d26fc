/* builder/cli/cmd_env.c - kiln env: environments and bases by name; definitions in other forms. */
#include "builder/cli/env.h"

int env_read(const struct env_args *args, const char *word, struct named *out, struct err **e)
{
	AUTO(config_done) struct config c = CONFIG;
	int r = config_open(args->common.config, &c, e);
	return r < 0 ? r : named_read(&c, &args->common, word, out, e);
}

int env_open_session(const struct common_args *args, const char *word, struct session *s,
		     struct err **e)
{
	const struct option_list words = {&word, 1};
	struct common_args silent = *args;
	silent.log = NULL;
	int r = session_open(s, &silent, false, e);
	s->takes_default = s->keeps = true;
	return r < 0 ? r : session_definition(s, &silent, &words, e);
}

int env_warn_of_faults(const struct env_args *args, const struct environment_list *list)
{
	for (size_t i = 0; i < list->faults.n; i++) {
		AUTO(free) char *line = err_line(list->faults.v[i].why);
		log_warn(args->common.log, "%s", line);
	}
	return list->faults.n ? list->faults.v[0].code : 0;
}

#define AT(field) offsetof(struct env_args, field)
const struct option_row env_all_options[] = {
	{0, "all", OPTION_FLAG, AT(all), NULL,
	 "all versions of registered ones, archived ones too"},
	{0},
};

const struct option_row env_base_options[] = {
	{'b', "base", OPTION_TEXT, AT(common.base), "IMAGE",
	 "with this base image: cpu, gpu, a name of the configuration, or a reference"},
	{0},
};

const struct option_row env_overwrite_options[] = {
	{0, "overwrite", OPTION_FLAG, AT(overwrite), NULL, "over what is there"},
	{0},
};

const struct option_row env_lock_options[] = {
	{0, "lock", OPTION_TEXT, AT(lock), "LOCK",
	 "its lock (conda-lock.yml beside the definition, or what is kept with it)"},
	{0},
};

const struct option_row env_strict_options[] = {
	{0, "strict-names", OPTION_FLAG, AT(strict), NULL, "no dots in the name"},
	{0},
};
#undef AT

const struct command cmd_env = {
	.name = "env",
	.usage = "env VERB ... [OPTIONS]",
	.summary = "environments by name, or by their definition; known base images",
	.verbs = (const struct command *const[]){&env_list, &env_show, &env_save, &env_clone,
						 &env_register, &env_archive, &env_restore,
						 &env_outdated, &env_bases, NULL},
	.args_size = sizeof(struct env_args),
};
