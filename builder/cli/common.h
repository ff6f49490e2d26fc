/* builder/cli/common.h - what several commands do alike: settings, definition files. */
#ifndef KILN_CLI_COMMON_H
#define KILN_CLI_COMMON_H
#include "builder/build.h"
#include "builder/cli/command.h"
#include "builder/cli/named.h"

/* A run opened from the command line, with what it holds on to. */
struct session {
	struct config config;
	struct build *build;
	struct definition definition;
	struct str *virtuals;		  /* array behind the options' list */
	struct lock locks[PLATFORMS_MAX]; /* of --locked, or kept: one a platform */
	const struct lock *locked;	  /* those; NULL without */
	bool keeps;			  /* the lock kept with the definition is used too */
	char *base;			  /* of the lock, by digest; NULL: as the options say */
	bool solves;			  /* without a lock the command will solve */
	bool takes_default;		  /* a definition without a base is on the CPU base */
};
#define SESSION                                                                                    \
	{                                                                                          \
		.config = CONFIG, .definition = DEFINITION                                         \
	}
void session_done(struct session *s);
AUTO_DEFINE_VALUE(struct session, session_done)

/* What the command line says goes before the environment, and that before the configuration. */
int session_open(struct session *s, const struct common_args *args, bool update, struct err **e);
/* The cache folder that the user named in one of these; NULL: the usual one. */
const char *session_cache(const struct common_args *args, const struct config *c);
/* The image that --base names, be it by a name of the configuration or of known bases; without it
 * the definition's, else "cpu" as the configuration has it, else, where s->takes_default, as known
 * bases have it; "scratch" means no base. NULL: nobody says. */
const char *session_base(const struct session *s, const struct common_args *args);
/* The image that a word for --base names: by the configuration, by known bases, or as it is. */
const char *command_base(const struct config *c, const char *word);
/* The destinations that were named, else those of the configuration. *array is the caller's to
 * free. */
struct strs session_to(const struct session *s, const struct option_list *named,
		       struct str **array);
/* Adds the channels of -c, or, where that and the definition name none, the configuration's; and
 * tells specs what the channels that they name stand for. */
void session_channels(struct session *s, const struct common_args *args);
/* Reads the definition: --file, or the first of rest; "-" is standard input. Then, where s->keeps,
 * the lock that is kept with it, and the base, where one is named: a fault of the definition costs
 * no network. */
int session_definition(struct session *s, const struct common_args *args,
		       const struct option_list *rest, struct err **e);
/* Reads a lock in any form for each of the session's platforms. */
int session_lock(struct session *s, const struct common_args *args, const char *path,
		 struct err **e);
/* The same of a text; name: its file, for messages, and what it names is beside that. */
int session_lock_text(struct session *s, const struct common_args *args, struct str text,
		      const char *name, struct err **e);
/* Whether the session's lock is one for its definition. ERR_USAGE says what is not. */
int session_lock_fits(const struct session *s, const struct common_args *args, struct err **e);
/* Where --base names another base than the lock's, the lock is for that one from now on. */
void session_rebase(struct session *s, const struct common_args *args);
/* ERR_USAGE when several platforms were named to a command that is for one. */
int session_one_platform(const struct session *s, struct err **e);
#endif
