/* builder/cli/common.h - what several commands do alike: settings, definition files. */
#ifndef KILN_CLI_COMMON_H
#define KILN_CLI_COMMON_H
#include "builder/build.h"
#include "builder/cli/command.h"

/* A run opened from the command line, with what it holds on to. */
struct session {
	struct build *build;
	struct definition definition;
	struct str *virtuals;		  /* array behind the options' list */
	struct lock locks[PLATFORMS_MAX]; /* of --locked: one a platform */
	const struct lock *locked;	  /* those; NULL without */
	char *base;			  /* of the lock, by digest; NULL: as the options say */
	bool solves;			  /* without a lock the command will solve */
};
#define SESSION                                                                                    \
	{                                                                                          \
		.definition = DEFINITION                                                           \
	}
void session_done(struct session *s);
AUTO_DEFINE_VALUE(struct session, session_done)

int session_open(struct session *s, const struct common_args *args, bool update, struct err **e);
/* Reads the definition: --file, or the first of rest; "-" is standard input. Then the base, where
 * one is named: a fault of the definition costs no network. */
int session_definition(struct session *s, const struct common_args *args,
		       const struct option_list *rest, struct err **e);
/* Reads a lock in any form for each of the session's platforms. */
int session_lock(struct session *s, const struct common_args *args, const char *path,
		 struct err **e);
/* ERR_USAGE when several platforms were named to a command that is for one. */
int session_one_platform(const struct session *s, struct err **e);
#endif
