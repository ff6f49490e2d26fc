/* specs/definition.h - what the user asks for, as one value, whatever it was read from:
 *
 *   conda  conda_dependencies.yml / environment.yml (CEP 24)
 *   v1     a folder of azureml-core's save_to_directory: azureml_environment.json,
 *          conda_dependencies.yml, BaseDockerfile; or its JSON with all of that inside
 *   v2     environment YAML of azure-ai-ml, with conda_file as a path or inline
 *
 * Wrong types, doubled keys and impossible combinations are ERR_SYNTAX "what:line:column: ...".
 * What kiln does not act on is named in a warning and kept when the definition is saved. */
#ifndef KILN_DEFINITION_H
#define KILN_DEFINITION_H
#include "specs/base/digest.h"
#include "specs/base/log.h"
#include "specs/base/yaml.h"
#include "specs/context.h"
#include "specs/matchspec.h"
#include "specs/requirements.h"

enum { DEFINITION_DOCKERFILE_MAX = 100 << 10 }; /* bytes, what AzureML takes */

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

enum definition_form { DEFINITION_CONDA, DEFINITION_V1, DEFINITION_V2 };

/* Docker steps that make the base image: a Dockerfile's text, or a context that holds one. */
struct definition_steps {
	struct str dockerfile;	    /* text */
	struct str context;	    /* as written: a folder, or an address (git) */
	struct str folder;	    /* the same folder from here; empty: the context is remote */
	struct str dockerfile_path; /* in the context; empty: not said, "Dockerfile" */
	bool checkout;		    /* the folder is one of a git repository */
	struct str digest;	    /* of what an engine gets of the folder: see context_digest */
};
/* Whether there are any: the base is made by them. */
bool definition_has_steps(const struct definition_steps *s);
/* The folder that steps have, with its Dockerfile. Borrowed. */
struct context_folder definition_context(const struct definition_steps *s);

struct definition {
	struct arena arena;
	enum definition_form form;
	struct str name; /* empty: none */
	struct str version, description;
	struct str base; /* reference of the base image; empty: not said */
	struct definition_steps steps;
	bool user_managed;	/* the base is used as it is: nothing is installed */
	struct str interpreter; /* then: its Python, as written */
	struct str platform;	/* what it is for ("linux/arm64"); empty: not said */
	struct str unbuildable; /* why no image is made of it, with its place; empty: one can be */
	struct str conda;	/* the conda file's text; empty: none */
	struct yaml document;	/* of v1 and v2: as read, for saving */
	/* Variables that the image gets and the environment does not know, sorted by name. */
	struct definition_variable *environment;
	size_t environment_count;
	/* What the image's configuration gets; empty: as the base has it. */
	struct definition_variable *labels; /* sorted by name */
	size_t label_count;
	struct str user, workdir;
	struct str after; /* a Dockerfile's instructions behind the packages; empty: none */

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
		.arena = ARENA, .document = YAML, .pip = REQUIREMENTS                              \
	}
void definition_done(struct definition *d);
AUTO_DEFINE_VALUE(struct definition, definition_done)
/* Reads a definition: a file in any form, which its content tells, a folder of the v1 form, or "-",
 * standard input. ERR_ABSENT, ERR_IO, ERR_LIMIT. */
int definition_read(const char *path, struct log *log, struct definition *out, struct err **e);
/* The same of a text. what: its name, for messages. folder: of the files that it names; NULL: there
 * is none, and other files cannot be named. */
int definition_read_text(struct str text, const char *what, const char *folder, struct log *log,
			 struct definition *out, struct err **e);
/* The same of a folder of the v1 form whose files are in memory. */
struct definition_file {
	const char *name;
	struct str text;
};
struct definition_files {
	const char *what; /* the folder's name, for messages */
	const struct definition_file *v;
	size_t n;
};
int definition_read_files(const struct definition_files *files, struct log *log,
			  struct definition *out, struct err **e);
/* Reads YAML text of the conda form. Unknown keys warn with the nearest known one. */
int definition_parse(struct str text, const char *what, const char *folder, struct log *log,
		     struct definition *out, struct err **e);
/* One more spec (a command line's) and one more channel. */
int definition_add_spec(struct definition *d, struct str text, struct err **e);
void definition_add_channel(struct definition *d, struct str channel);
/* Sets a variable of the image ("NAME=VALUE"), or one of its labels. ERR_USAGE when it is no pair.
 */
int definition_set_pair(struct definition *d, bool variable, struct str pair);
/* The folder of the Python that a user-managed environment names by an absolute path: its image has
 * it first in PATH. Empty: none. Borrowed. */
struct str definition_interpreter_folder(const struct definition *d);
/* Gives it another name and version; without one (empty), as azureml-core's clone does. The text of
 * a conda file stays as it was written. */
void definition_rename(struct definition *d, struct str name, struct str version);
/* Puts it on another image, in the place of the one it names or of the steps that make it. */
void definition_set_base(struct definition *d, struct str reference);
/* The form's name: "conda", "v1", "v2". */
const char *definition_form_name(enum definition_form form);

/* Before it is saved in another form: warns of each part that has no place there. ERR_USAGE when no
 * image is made of it, as the other form would not say why. */
int definition_carry(const struct definition *d, enum definition_form to, struct log *log,
		     struct err **e);
/* ERR_USAGE where its conda file has no package python: azureml-core reads and copies an
 * environment of that kind, but does not save it. */
int definition_check_python(const struct definition *d, struct err **e);
/* Saves a folder of the v1 form, as azureml-core 1.61 writes it; the name is needed then. Files
 * that an earlier definition has left there go. ERR_USAGE when the folder is there and overwrite is
 * not set, or when the form cannot say what the definition does.
 */
int definition_write_v1(const struct definition *d, const char *folder, bool overwrite,
			struct err **e);
/* azureml_environment.json alone, without what stands in the files beside it. */
int definition_v1_document(const struct definition *d, struct buf *out, struct err **e);
/* Writes the v2 form, with its conda file inline. ERR_USAGE as above. */
int definition_write_v2(const struct definition *d, struct buf *out, struct err **e);

/* Name and version that azure-ai-ml gives a v2 environment without them: the version is a hash of
 * its image and conda file, or of its build context. ERR_USAGE for other forms. */
#define DEFINITION_ANONYMOUS "CliV2AnonymousEnvironment"
int definition_anonymous_version(const struct definition *d, struct digest *out, struct err **e);
#endif
