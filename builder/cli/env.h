/* builder/cli/env.h - what the verbs of kiln env share. */
#ifndef KILN_CLI_ENV_H
#define KILN_CLI_ENV_H
#include "builder/cli/common.h"

struct env_args {
	struct common_args common;
	const char *form, *html, *name, *description, *lock;
	struct option_list tags;
	bool overwrite, curated, registered, all, gpu, strict, exit_code;
};

/* words: of the command line, the verb first. */
typedef int env_verb(const struct env_args *args, const struct option_list *words, struct err **e);
env_verb env_list, env_show, env_save, env_clone, env_register, env_archive, env_restore,
	env_outdated;

/* What the word names, by the configuration that the options name. */
int env_read(const struct env_args *args, const char *word, struct named *out, struct err **e);
/* What the word named gets the lock that --lock names, or keeps its own, or gets the one that lies
 * beside its file. It may be without one after that. */
int env_find_lock(const struct env_args *args, const char *word, struct named *n, struct err **e);
/* All platforms that its lock is for, with commas between; ERR_USAGE when it is for none of
 * kiln's. */
int env_lock_platforms(const struct named *n, struct buf *out, struct err **e);
#endif
