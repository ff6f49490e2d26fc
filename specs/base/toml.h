/* specs/base/toml.h - small TOML documents (v1.0), as the JSON that they stand for: tables are
 * objects, dates are text. For pylock.toml; nobody writes TOML here. */
#ifndef KILN_BASE_TOML_H
#define KILN_BASE_TOML_H
#include "specs/base/json.h"

/* ERR_SYNTAX with "what:line: ..."; the caller frees *out with json_free. */
int toml_parse(struct str text, const char *what, cJSON **out, struct err **e);
#endif
