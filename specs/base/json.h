/* specs/base/json.h - small JSON documents (RFC 8259): read through cJSON, written by hand.
 *
 * Readers disagree on a doubled key (the first or the last may win) and on the case of keys,
 * so that one digest could show two documents; json_parse refuses doubled keys and the
 * getters compare exactly. Channel indexes are never read here: see cache/index.h. */
#ifndef KILN_BASE_JSON_H
#define KILN_BASE_JSON_H
#include "specs/base/buf.h"
#include <cjson/cJSON.h>

void json_free(cJSON *doc);
AUTO_DEFINE(cJSON *, json_free)
/* ERR_CORRUPT, naming what and the place, for all that is not one JSON value. */
int json_parse(struct str text, const char *what, cJSON **out, struct err **e);
/* Members of an object, borrowed; NULL when absent or of another type. */
const cJSON *json_get(const cJSON *object, const char *key);
const char *json_text(const cJSON *object, const char *key);
const cJSON *json_object(const cJSON *object, const char *key);
const cJSON *json_array(const cJSON *object, const char *key);
/* A whole number from 0 to 2^53; false when absent or something else. */
bool json_u64(const cJSON *object, const char *key, uint64_t *out);

/* Writing: values follow one another; commas are put where they belong. */
struct json_out {
	struct buf *to;
	bool comma;
};
void json_open(struct json_out *j, const char *key, char bracket); /* '{' or '['; key or NULL */
void json_close(struct json_out *j, char bracket);		   /* '}' or ']' */
void json_put_str(struct json_out *j, const char *key, struct str value);
/* An array of texts. */
void json_put_strs(struct json_out *j, const char *key, struct strs values);
void json_put_text(struct json_out *j, const char *key, const char *value); /* NULL: null */
void json_put_u64(struct json_out *j, const char *key, uint64_t value);
void json_put_i64(struct json_out *j, const char *key, int64_t value);
void json_put_seconds(struct json_out *j, const char *key, double value); /* 3 decimals */
void json_put_bool(struct json_out *j, const char *key, bool value);
/* A value that stands in its written form already. */
void json_put_raw(struct json_out *j, const char *key, struct str value);
/* The parsed value again, keys in their order. */
void json_put_value(struct json_out *j, const char *key, const cJSON *value);
#endif
