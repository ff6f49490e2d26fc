/* specs/definition.h - what the user asks for: conda_dependencies.yml / environment.yml
 * (CEP 24) as a value. */
#ifndef KILN_DEFINITION_H
#define KILN_DEFINITION_H
#include "specs/base/log.h"
#include "specs/matchspec.h"
#include "specs/requirements.h"

struct definition_spec {
	struct str text; /* as written */
	struct matchspec spec;
	unsigned line, column; /* from 1; 0: not from a file */
};

struct definition_variable {
	struct str name, value;
};

/* A name that a shell could set: letters, digits and "_", no digit first. */
bool definition_is_variable_name(struct str s);

struct definition {
	struct arena arena;
	struct str name;      /* empty: none */
	struct str prefix;    /* kept as metadata; images use kiln's own */
	struct strs channels; /* as written, `nodefaults` dropped, highest priority first */
	bool lists_channels;  /* some were named, and not by specs alone */
	struct definition_spec *specs; /* in the order written */
	size_t spec_count;
	struct requirements pip;	       /* of the `pip:` list, and of requirements files */
	struct definition_variable *variables; /* sorted by name */
	size_t variable_count;
};

#define DEFINITION                                                                                 \
	{                                                                                          \
		.arena = ARENA, .pip = REQUIREMENTS                                                \
	}
void definition_done(struct definition *d);
AUTO_DEFINE_VALUE(struct definition, definition_done)
/* Reads YAML text. Wrong types, doubled keys, bad specs and requirements: ERR_SYNTAX
 * "what:line:column: ...". Unknown keys warn with the nearest known one. folder: of local paths in
 * the `pip:` list; NULL: there is none, and other files cannot be named. */
int definition_parse(struct str text, const char *what, const char *folder, struct log *log,
		     struct definition *out, struct err **e);
/* One more spec (a command line's) and one more channel. */
int definition_add_spec(struct definition *d, struct str text, struct err **e);
void definition_add_channel(struct definition *d, struct str channel);
#endif
