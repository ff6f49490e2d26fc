/* builder/cli/named.h - what a word on the command line names: a file, a v1 folder, standard input
 * ("-"), an environment of the catalogue, or one that was registered. In this order: nothing that
 * is registered can stand in the place of what the catalogue has. */
#ifndef KILN_CLI_NAMED_H
#define KILN_CLI_NAMED_H
#include "builder/cli/command.h"
#include "builder/environments.h"
#include "curated/catalog.h"
#include "specs/config.h"
#include "specs/lock.h"

struct named {
	struct definition definition;
	bool curated, registered;
	struct catalog_entry entry;	/* of a curated one */
	struct environment environment; /* of a registered one, whole */
	char *lock;			/* the text of the lock kept with it; NULL: there is none */
	char *lock_name;		/* its file, or "NAME:VERSION" */
};
#define NAMED                                                                                      \
	{                                                                                          \
		.definition = DEFINITION                                                           \
	}
void named_done(struct named *n);
AUTO_DEFINE_VALUE(struct named, named_done)

int named_read(const struct config *c, const struct common_args *args, const char *word,
	       struct named *out, struct err **e);
/* Opens the place of registered environments that the configuration names. ERR_ABSENT for a
 * registry with --offline. */
int named_open_place(const struct config *c, const struct common_args *args,
		     struct environments **out, struct err **e);
#endif
