/* builder/cli/option.h - options as rows: the parser, --help and completion read the same. */
#ifndef KILN_CLI_OPTION_H
#define KILN_CLI_OPTION_H
#include "specs/base/buf.h"

enum option_kind {
	OPTION_TEXT,  /* const char * */
	OPTION_LIST,  /* struct option_list: may be given more than once */
	OPTION_FLAG,  /* bool: sets it */
	OPTION_COUNT, /* unsigned */
};

struct option_list {
	const char **v;
	size_t n;
};

struct option_row {
	char letter; /* 0: none */
	const char *name;
	enum option_kind kind;
	size_t at;	   /* offset in the command's struct */
	const char *value; /* how --help names the value */
	const char *help;
};

/* Reads argv[1..] into args by the tables (each ends with a row without a name; the list of
 * tables ends with NULL). What is no option goes to rest. "--" ends the options. ERR_USAGE. */
int option_read(int argc, const char *const *argv, const struct option_row *const *tables,
		void *args, struct option_list *rest, struct err **e);
/* Frees the lists that option_read has made. */
void option_done(const struct option_row *const *tables, void *args, struct option_list *rest);
/* Whether the option was given; args were zero before option_read. */
bool option_is_given(const struct option_row *row, const void *args);
void option_help(const struct option_row *const *tables, struct buf *out);
/* The list as slices, borrowed; the array is the caller's to free. */
struct strs option_strs(const struct option_list *l, struct str **array);
#endif
