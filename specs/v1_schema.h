/* specs/v1_schema.h - the keys of azureml_environment.json, as azureml-core 1.61 writes them. */
#ifndef KILN_V1_SCHEMA_H
#define KILN_V1_SCHEMA_H
#include "specs/base/yaml.h"

enum v1_kind {
	V1_TEXT,
	V1_BOOL,
	V1_TEXTS,     /* a list of texts */
	V1_VARIABLES, /* a map of texts */
	V1_OBJECT,
	V1_OBJECTS, /* a list of them */
	V1_CONDA,   /* a conda file; written to a file of its own */
	V1_STEPS,   /* a Dockerfile's text; written to a file of its own */
};

enum v1_use {
	V1_USED,
	V1_KEPT,     /* kiln does not act on it: a value that is not the fallback warns */
	V1_OBSOLETE, /* it means nothing for an image */
};

/* One key, in the order of writing. Every value may be null. */
struct v1_field {
	const char *name; /* NULL: the end */
	enum v1_kind kind;
	enum v1_use use;
	const char *fallback; /* JSON: what is written for a key that is missing; NULL of an
			       * object: one of its fields' fallbacks */
	const struct v1_field *fields; /* of objects */
};

extern const struct v1_field v1_schema[];

/* Whether a value says nothing: null, or without content. */
bool v1_is_empty(const struct yaml_node *node);
/* Whether it says nothing, or what a missing key says. */
bool v1_is_fallback(const struct v1_field *f, const struct yaml_node *node);
#endif
