/* builder/cli/verb.h - verbs of a command: which is meant, and whether it takes what was given. */
#ifndef KILN_CLI_VERB_H
#define KILN_CLI_VERB_H
#include "builder/cli/command.h"

/* The command of that name in a list that ends with NULL; NULL: none has it. */
const struct command *command_find(const struct command *const *list, const char *name);
/* The tables that its command line is read by: its own, or those of all its verbs, each once, as a
 * verb may stand behind options. The list is the caller's to free. */
const struct option_row **command_tables(const struct command *c);
/* ERR_USAGE names what is wanted where none of c's verbs is meant (verb: NULL), an option that the
 * verb would not look at and the verbs that do, or the words that it takes. */
int verb_check(const struct command *c, const struct command *verb, const void *args,
	       const struct option_list *words, struct err **e);
#endif
