/* specs/definition_private.h - what the readers of definitions share; nobody else includes it. */
#ifndef KILN_DEFINITION_PRIVATE_H
#define KILN_DEFINITION_PRIVATE_H
#include "specs/definition.h"

enum {
	DEFINITION_MAX = 4 << 20, /* bytes of a file */
};

/* What reading one file needs at hand. */
struct reader {
	const struct yaml *yaml;
	const char *folder;		      /* of the files that it names; or NULL */
	const struct definition_files *files; /* those of a v1 folder, in memory; or NULL */
	bool has_pip;
	bool any_names; /* of variables: a container may have what no shell could set */
	struct log *log;
	struct definition *to;
};

/* Channels, packages and variables of a conda file's root, or of one that stands in another file.
 */
int definition_read_conda(struct reader *r, const struct yaml_node *root, struct err **e);
/* The same of a text, which is kept. what: the file's name. */
int definition_read_conda_text(const struct reader *from, struct str text, const char *what,
			       struct err **e);
/* A v1 or v2 document that has been parsed; r->to->document is it. */
int definition_read_v1(struct reader *r, struct err **e);
int definition_read_v2(struct reader *r, struct err **e);

/* Keeps a conda file that stands in the document, as one of its own would be. */
int definition_keep_conda(struct reader *r, const struct yaml_node *map, struct err **e);
/* The base image; ERR_SYNTAX at the node when it is no reference. */
int definition_read_base(struct reader *r, const struct yaml_node *value, struct str reference,
			 struct err **e);
/* Whether a path leads out of the folder that it is relative to. */
bool definition_leads_out(struct str path);
/* Whether azure-ai-ml takes it for a build context's address, and not for a folder. */
bool definition_is_address(struct str s);
/* Whether an address has a user's name, or a secret, before its host. */
bool definition_has_login(struct str address);
#define DEFINITION_LOGIN                                                                           \
	"a login in the address of a build context: kiln takes none from definitions; leave it "   \
	"out"
/* ERR_SYNTAX: the file at path has more than DEFINITION_DOCKERFILE_MAX bytes. */
int definition_large_dockerfile(struct reader *r, const struct yaml_node *at, const char *path,
				struct err **e);

/* A map of variables, sorted by name. ERR_SYNTAX for one that cannot be set. */
int definition_read_variables(struct reader *r, const struct yaml_node *map,
			      struct definition_variable **out, size_t *count, struct err **e);
/* A text member, copied; empty where it is absent or null. */
int definition_text(struct reader *r, const struct yaml_node *map, const char *key, struct str *out,
		    struct err **e);
/* A file that the definition names, relative to r->folder, or beside it. ERR_ABSENT. */
int definition_read_file(const struct reader *r, struct str path, struct buf *out, char **out_path,
			 struct err **e);
/* Notes why no image can be made of it, with the node's place unless it is NULL; the first reason
 * stays. */
void definition_refuse(struct reader *r, const struct yaml_node *at, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
#endif
