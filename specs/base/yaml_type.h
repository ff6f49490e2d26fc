/* specs/base/yaml_type.h - what readers of YAML 1.1 (PyYAML's safe_load) make of a plain scalar. */
#ifndef KILN_BASE_YAML_TYPE_H
#define KILN_BASE_YAML_TYPE_H
#include "specs/base/yaml.h"
#include <regex.h>

enum yaml_type {
	YAML_TYPE_TEXT,
	YAML_TYPE_NULL,
	YAML_TYPE_BOOL,
	YAML_TYPE_INT,
	YAML_TYPE_FLOAT,
	YAML_TYPE_TIME,	  /* a date, or a moment */
	YAML_TYPE_SYNTAX, /* "<<" and "=", which are no values */
};

/* The expressions that tell the types apart, compiled. */
struct yaml_types {
	regex_t *rows;
};
void yaml_types_open(struct yaml_types *t);
void yaml_types_close(struct yaml_types *t);
AUTO_DEFINE_VALUE(struct yaml_types, yaml_types_close)

/* The type of a text without quotes. */
enum yaml_type yaml_type_of(const struct yaml_types *t, struct str text);
/* The same of a scalar, quoted or not; for once, without t. */
enum yaml_type yaml_node_type(const struct yaml_node *scalar);
/* Appends the value as PyYAML writes it back: 012 is 10, 1_000 is 1000, 1.50 is 1.5, ~ is null, yes
 * is true. For all types but text. ERR_SYNTAX: there is no such value (a month 13, a number that
 * wants more than 64 bits in another base than ten). */
int yaml_type_write(enum yaml_type type, struct str text, struct buf *out, struct err **e);
#endif
