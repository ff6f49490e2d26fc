/* specs/base/yaml_dump.h - a document written as PyYAML's dump() does.
 *
 * Canonical, it is to the byte what dump(sort_keys=True) makes of what safe_load() read, as others
 * hash that text: keys in the order of their characters, block style, lists not indented below
 * their key, lines folded past 80 columns, strings in quotes only where they must be, ASCII only,
 * values by the types of YAML 1.1, anchors where a list or map stands twice. libyaml's own emitter
 * folds and escapes in other places. Else keys stay in their order and values without quotes as
 * written. */
#ifndef KILN_BASE_YAML_DUMP_H
#define KILN_BASE_YAML_DUMP_H
#include "specs/base/yaml.h"

/* y: whose nodes they are; with its aliases set to 0 what stands in several places is written in
 * each. ERR_SYNTAX with its place for a scalar that has no value, and for a key that is no text:
 * both of canonical documents only. */
int yaml_dump(const struct yaml *y, const struct yaml_node *root, bool canonical, struct buf *out,
	      struct err **e);
/* The same of a canonical part of a document, indented by so many columns. */
int yaml_dump_below(const struct yaml *y, const struct yaml_node *part, unsigned indent,
		    struct buf *out, struct err **e);
#endif
