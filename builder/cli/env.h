/* builder/cli/env.h - what the verbs of kiln env share. */
#ifndef KILN_CLI_ENV_H
#define KILN_CLI_ENV_H
#include "builder/cli/common.h"

struct env_args {
	struct common_args common;
	const char *form, *html;
	bool overwrite, curated, registered, gpu, strict;
};

/* words: of the command line, the verb first. */
int env_list(const struct env_args *args, const struct option_list *words, struct err **e);
int env_show(const struct env_args *args, const struct option_list *words, struct err **e);
#endif
