/* builder/cli/env_rows.h - environments that have a name, as rows: what lists of them are made of.
 */
#ifndef KILN_CLI_ENV_ROWS_H
#define KILN_CLI_ENV_ROWS_H
#include "builder/cli/env.h"
#include "specs/base/json.h"

/* Texts are empty where nobody knows; they live as long as the rows. */
struct env_row {
	struct str name, version;
	const char *kind;  /* "curated", "registered" */
	const char *state; /* "current", "deprecated", "archived" */
	bool gpu;
	struct str python, base, framework, description;
	struct str successor; /* of a deprecated one: a name */
	struct str tags;      /* "NAME=VALUE NAME=VALUE" */
	struct str key;	      /* 64 hex digits */
};

struct env_rows {
	struct arena arena;
	struct env_row *v; /* those of the catalogue first */
	size_t n, room;
	int fault; /* code of what is damaged and was left out, which was warned of; 0: nothing */
};
void env_rows_done(struct env_rows *rows);
AUTO_DEFINE_VALUE(struct env_rows, env_rows_done)

/* Which are wanted: those that the options name, and that hold the text somewhere (empty: all). */
struct env_wanted {
	const struct env_args *args;
	struct str text;
};
int env_rows_read(const struct env_wanted *wanted, struct env_rows *out, struct err **e);
/* A member that is null where the text is empty. */
void env_put_text(struct json_out *j, const char *key, struct str text);
/* "environments": [...], into an open object. */
void env_rows_put(const struct env_rows *rows, struct json_out *j);
#endif
