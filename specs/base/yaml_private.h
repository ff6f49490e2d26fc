/* specs/base/yaml_private.h - what the readers of YAML and of JSON share; nobody else includes it.
 */
#ifndef KILN_BASE_YAML_PRIVATE_H
#define KILN_BASE_YAML_PRIVATE_H
#include "specs/base/yaml.h"

enum { YAML_MAX_BYTES = 16 << 20, YAML_MAX_DEPTH = 64, YAML_MAX_NODES = 2000000 };

/* What a scalar without quotes means in the core schema. */
enum yaml_kind yaml_plain_kind(struct str s);
/* How many characters the text has: columns count them. */
size_t yaml_characters(struct str s);
/* Nodes 1 to n, the first of them the root: keys and size are checked. */
int yaml_set_root(struct yaml *y, const struct yaml_node *all, size_t n, struct err **e);
#endif
