/* builder/cli/command.h - a command is one struct in one file; main finds it by name. */
#ifndef KILN_CLI_COMMAND_H
#define KILN_CLI_COMMAND_H
#include "builder/cli/option.h"
#include "specs/base/log.h"

/* What every command takes; the first member of each command's arguments. */
struct common_args {
	const char *cache, *progress, *platform, *prefix;
	unsigned jobs;
	bool json, offline, quiet, verbose, help;
	struct option_list channels, virtuals;
	bool override_channels;
	const char *priority;
	struct log *log; /* set by main */
};

struct command {
	const char *name, *usage, *summary;
	const struct option_row *options; /* of its own; common ones are added */
	size_t args_size;
	/* Returns 0 or an error; results are on stdout. */
	int (*run)(void *args, const struct option_list *rest, struct err **e);
};

extern const struct command cmd_build, cmd_lock, cmd_key, cmd_install, cmd_search, cmd_version;
extern const struct option_row common_options[];

/* Writes a result to stdout, whole; ERR_IO when nobody can take it. */
int command_print(const struct buf *text, struct err **e);
#endif
