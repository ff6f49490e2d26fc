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

/* The verbs; run gets the words of the command line, the verb first. */
extern const struct command env_list, env_show, env_save, env_clone, env_register, env_archive,
	env_restore, env_outdated, env_bases;
/* Tables of more than one verb, of a row each. */
extern const struct option_row env_all_options[], env_base_options[], env_overwrite_options[],
	env_lock_options[], env_strict_options[];
/* The tables of verbs that find environments by their name, and no more of this machine. */
#define ENV_NAME_TABLES offline_options, config_options

/* What the word names, by the configuration that the options name. */
int env_read(const struct env_args *args, const char *word, struct named *out, struct err **e);
/* Opens the session of a build of what the word names, for a look at what is there: nothing is
 * warned of, as whoever has read the word was. */
int env_open_session(const struct common_args *args, const char *word, struct session *s,
		     struct err **e);
/* A curated one, which has no lock of its own, gets that of its image, which the destination of the
 * configuration has, or this machine has made. *missing: none is known. ERR_INTERRUPTED; what else
 * goes wrong is warned of. */
int env_take_lock_of_image(const struct env_args *args, const char *word, struct named *n,
			   bool *missing, struct err **e);
/* What the word named gets the lock that --lock names, or keeps its own, or gets the one that lies
 * beside its file. It may be without one after that. */
int env_find_lock(const struct env_args *args, const char *word, struct named *n, struct err **e);
/* Warns of each version that is damaged. Returns the first's code; 0 without any. */
int env_warn_of_faults(const struct env_args *args, const struct environment_list *list);
/* All platforms that its lock is for, with commas between; ERR_USAGE when it is for none of
 * kiln's. */
int env_lock_platforms(const struct named *n, struct buf *out, struct err **e);
#endif
