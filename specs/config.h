/* specs/config.h - kiln.yml: what a machine, a team or a project has settled, as a value.
 *
 * Settings are rows of a table (config_rows), which reading and showing share. Nothing secret is
 * accepted: logins and tokens have their own places. Folders that are named relatively count from
 * the file's folder. */
#ifndef KILN_CONFIG_H
#define KILN_CONFIG_H
#include "specs/base/arena.h"

/* "bases: {cpu: IMAGE}", "mirrors: {PREFIX: [PREFIX, ...]}": a member of a map. */
struct config_named {
	struct str name;
	struct strs to; /* of bases and timeouts: one */
};
struct config_map {
	const struct config_named *v; /* in the order of the file */
	size_t n;
};

enum { CONFIG_KEYS = 10 };

struct config {
	struct arena arena;
	struct str file;	      /* as it was named; empty: there is none */
	struct str cache;	      /* an absolute path */
	struct strs channels;	      /* of definitions that name none */
	struct str channel_alias;     /* the address before a channel's name */
	struct strs default_channels; /* what the channel `defaults` stands for */
	struct config_map mirrors;    /* addresses, and registries without a scheme */
	struct config_map bases;      /* names for --base */
	struct str compression;	      /* "gzip", "zstd" */
	struct strs to;		      /* destinations */
	struct str environments;      /* of registered ones: HOST/REPOSITORY or a path */
	struct config_map timeouts;   /* "connect", "idle": whole seconds */
	unsigned lines[CONFIG_KEYS];  /* where the row's key stands; 0: it does not */
};
#define CONFIG                                                                                     \
	{                                                                                          \
		.arena = ARENA                                                                     \
	}
void config_done(struct config *c);
AUTO_DEFINE_VALUE(struct config, config_done)

enum config_kind {
	CONFIG_TEXT,	/* struct str */
	CONFIG_LIST,	/* struct strs; one text stands for a list of it */
	CONFIG_MAP,	/* struct config_map, each name with one text */
	CONFIG_LISTS,	/* struct config_map, each name with a list */
	CONFIG_NUMBERS, /* struct config_map, each name with one whole number */
};
struct config_row {
	const char *key;
	enum config_kind kind;
	size_t at; /* offset in struct config */
	const struct config_checks *checks;
};
extern const struct config_row config_rows[CONFIG_KEYS];

/* Reads YAML text. ERR_SYNTAX "what:line:column: ..." for wrong types and values, secrets, and
 * unknown keys, with the nearest known one. folder: where relative paths count from. */
int config_parse(struct str text, const char *what, const char *folder, struct config *out,
		 struct err **e);
/* The file `given`, else $KILN_CONFIG, kiln.yml in the current folder, in $XDG_CONFIG_HOME/kiln
 * (~/.config/kiln), in /etc/kiln: the first there is. None is an empty configuration, but one that
 * was named and is absent is ERR_USAGE. given may be NULL. */
int config_open(const char *given, struct config *out, struct err **e);
/* The list that a name of a map stands for, borrowed; NULL without. */
const struct strs *config_find(const struct config_map *m, struct str name);
/* Seconds of `timeouts` in milliseconds; 0 when the name is not set. */
unsigned config_timeout_ms(const struct config *c, const char *name);
#endif
