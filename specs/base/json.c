/* specs/base/json.c - small JSON documents. */
#include "specs/base/json.h"
#include <inttypes.h>
#include <math.h>

void json_free(cJSON *doc)
{
	cJSON_Delete(doc);
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(cJSON *const *)a)->string, (*(cJSON *const *)b)->string);
}

/* The first key that an object of the tree holds twice, or NULL. */
static const char *doubled_key(const cJSON *node)
{
	const char *found = NULL;
	size_t n = 0;
	for (const cJSON *c = node->child; c && !found; c = c->next, n++)
		found = doubled_key(c);
	if (found || !cJSON_IsObject(node) || n < 2)
		return found;
	AUTO(free) const cJSON **keys = mem_zero(n, sizeof(*keys));
	size_t i = 0;
	for (const cJSON *c = node->child; c; c = c->next)
		keys[i++] = c;
	qsort(keys, n, sizeof(*keys), by_key);
	for (i = 1; i < n; i++)
		if (strcmp(keys[i - 1]->string, keys[i]->string) == 0)
			return keys[i]->string;
	return NULL;
}

int json_parse(struct str text, const char *what, cJSON **out, struct err **e)
{
	const char *end = NULL;
	struct str body = str_trim(text);
	AUTO(json_free)
	cJSON *doc = cJSON_ParseWithLengthOpts(body.p ? body.p : "", body.n, &end, 0);
	if (!doc)
		return err_set(e, ERR_CORRUPT, "%s: not JSON at byte %zu", what,
			       end && body.p ? (size_t)(end - text.p) : 0);
	if (end != body.p + body.n)
		return err_set(e, ERR_CORRUPT, "%s: something follows the JSON at byte %zu", what,
			       (size_t)(end - text.p));
	const char *twice = doubled_key(doc);
	if (twice)
		return err_set(e, ERR_CORRUPT, "%s: key \"%s\" stands twice", what, twice);
	*out = STEAL(&doc);
	return 0;
}

const cJSON *json_get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *json_text(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(json_get(object, key));
}

const cJSON *json_object(const cJSON *object, const char *key)
{
	const cJSON *member = json_get(object, key);
	return cJSON_IsObject(member) ? member : NULL;
}

const cJSON *json_array(const cJSON *object, const char *key)
{
	const cJSON *member = json_get(object, key);
	return cJSON_IsArray(member) ? member : NULL;
}

bool json_u64(const cJSON *object, const char *key, uint64_t *out)
{
	const cJSON *member = json_get(object, key);
	if (!cJSON_IsNumber(member))
		return false;
	/* valueint saturates at INT_MAX, so the double is the number. */
	double value = member->valuedouble;
	if (!(value >= 0 && value <= 9007199254740992.0) || value != floor(value))
		return false;
	*out = (uint64_t)value;
	return true;
}

static void put_string(struct buf *to, struct str s)
{
	buf_add_char(to, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			buf_printf(to, "\\%c", c);
		else if (c == '\n')
			buf_add_text(to, "\\n");
		else if (c == '\t')
			buf_add_text(to, "\\t");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(to, "\\u%04x", c);
		else
			buf_add_char(to, (char)c);
	}
	buf_add_char(to, '"');
}

static void begin(struct json_out *j, const char *key)
{
	if (j->comma)
		buf_add_char(j->to, ',');
	j->comma = true;
	if (key) {
		put_string(j->to, str_of(key));
		buf_add_char(j->to, ':');
	}
}

void json_open(struct json_out *j, const char *key, char bracket)
{
	begin(j, key);
	buf_add_char(j->to, bracket);
	j->comma = false;
}

void json_close(struct json_out *j, char bracket)
{
	buf_add_char(j->to, bracket);
	j->comma = true;
}

void json_put_str(struct json_out *j, const char *key, struct str value)
{
	begin(j, key);
	put_string(j->to, value);
}

void json_put_strs(struct json_out *j, const char *key, struct strs values)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < values.n; i++)
		json_put_str(j, NULL, values.v[i]);
	json_close(j, ']');
}

void json_put_text(struct json_out *j, const char *key, const char *value)
{
	if (value)
		json_put_str(j, key, str_of(value));
	else
		json_put_raw(j, key, STR("null"));
}

void json_put_u64(struct json_out *j, const char *key, uint64_t value)
{
	begin(j, key);
	buf_printf(j->to, "%" PRIu64, value);
}

void json_put_i64(struct json_out *j, const char *key, int64_t value)
{
	begin(j, key);
	buf_printf(j->to, "%" PRId64, value);
}

void json_put_seconds(struct json_out *j, const char *key, double value)
{
	begin(j, key);
	buf_printf(j->to, "%.3f", value);
}

void json_put_bool(struct json_out *j, const char *key, bool value)
{
	json_put_raw(j, key, value ? STR("true") : STR("false"));
}

void json_put_raw(struct json_out *j, const char *key, struct str value)
{
	begin(j, key);
	buf_add_str(j->to, value);
}

static void put_number(struct json_out *j, const char *key, double value)
{
	begin(j, key);
	if (value == floor(value) && fabs(value) < 9007199254740992.0)
		buf_printf(j->to, "%.0f", value);
	else
		buf_printf(j->to, "%.17g", value);
}

void json_put_value(struct json_out *j, const char *key, const cJSON *value)
{
	if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
		bool object = cJSON_IsObject(value);
		json_open(j, key, object ? '{' : '[');
		for (const cJSON *c = value->child; c; c = c->next)
			json_put_value(j, object ? c->string : NULL, c);
		json_close(j, object ? '}' : ']');
	} else if (cJSON_IsString(value)) {
		json_put_text(j, key, value->valuestring);
	} else if (cJSON_IsNumber(value)) {
		put_number(j, key, value->valuedouble);
	} else {
		json_put_raw(j, key,
			     cJSON_IsTrue(value)    ? STR("true")
			     : cJSON_IsFalse(value) ? STR("false")
						    : STR("null"));
	}
}
