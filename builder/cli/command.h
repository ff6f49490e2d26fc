/* builder/cli/command.h - a command is one struct in one file; main finds it by name. */
#ifndef KILN_CLI_COMMAND_H
#define KILN_CLI_COMMAND_H
#include "builder/cli/option.h"
#include "specs/base/log.h"

/* The options that more than one command takes, by the table that holds their rows; the first
 * member of each command's arguments. Fields of tables that a command does not list stay unset. */
struct common_args {
	const char *progress; /* common_options */
	bool quiet, verbose, help;
	bool json;		       /* json_options */
	const char *config;	       /* config_options */
	const char *cache;	       /* cache_options */
	const char *platform, *prefix; /* target_options */
	bool offline;		       /* offline_options */
	unsigned jobs;		       /* jobs_options */
	struct option_list channels;   /* channel_options */
	const char *priority;
	bool override_channels;
	struct option_list virtuals;	       /* virtual_options */
	const char *file, *base, *compression; /* definition_options */
	struct option_list requirements;
	bool no_build;
	const char *exclude_newer;
	struct option_list env, labels; /* image_options */
	const char *user, *workdir, *steps;
	bool no_bytecode;	 /* bytecode_options */
	bool verify;		 /* verify_options */
	const char *environment; /* lock_options */
	struct log *log;	 /* set by main */
};

struct command {
	const char *name, *usage, *summary;
	const struct option_row *const *options; /* tables, its own first; ends with NULL */
	/* Or: the verbs behind its name (kiln env list), which have options, the same arguments and
	 * run; ends with NULL. */
	const struct command *const *verbs;
	size_t least, most; /* of a verb: words that it takes, itself included */
	size_t args_size;
	/* Returns 0 or an error; results are on stdout. */
	int (*run)(void *args, const struct option_list *rest, struct err **e);
};

extern const struct command cmd_build, cmd_check, cmd_config, cmd_env, cmd_lock, cmd_key,
	cmd_install, cmd_sbom, cmd_render, cmd_search, cmd_plan, cmd_version;
extern const struct option_row common_options[]; /* of every command; listed last */
extern const struct option_row json_options[], config_options[], cache_options[], target_options[],
	offline_options[], jobs_options[], channel_options[], virtual_options[],
	definition_options[], image_options[], bytecode_options[], verify_options[], lock_options[];

/* The tables that close the list of all commands, and of those that open a session. */
#define COMMON_TABLES json_options, common_options, NULL
#define SESSION_TABLES                                                                             \
	target_options, offline_options, jobs_options, config_options, cache_options, COMMON_TABLES

/* The tables of commands that take a definition or a lock, behind their own. */
#define DEFINITION_AND_LOCK_TABLES                                                                 \
	definition_options, image_options, bytecode_options, channel_options, lock_options,        \
		virtual_options, SESSION_TABLES

/* Writes a result to stdout, whole; ERR_IO when nobody can take it. */
int command_print(const struct buf *text, struct err **e);
#endif
