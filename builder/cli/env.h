/* builder/cli/env.h - what the verbs of kiln env share. */
#ifndef KILN_CLI_ENV_H
#define KILN_CLI_ENV_H
#include "builder/cli/common.h"

struct env_args {
	struct common_args common;
	const char *form, *html, *name, *description, *lock;
	struct option_list tags;
	bool overwrite, curated, registered, all, gpu, strict;
};

/* words: of the command line, the verb first. */
typedef int env_verb(const struct env_args *args, const struct option_list *words, struct err **e);
env_verb env_list, env_show, env_save, env_clone, env_register, env_archive, env_restore;

/* What the word names, by the configuration that the options name. */
int env_read(const struct env_args *args, const char *word, struct named *out, struct err **e);
#endif
