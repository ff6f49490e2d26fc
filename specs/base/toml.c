/* specs/base/toml.c - TOML v1.0 read into JSON values. */
#include "specs/base/toml.h"
#include <ctype.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64, NUMBER_MAX = 64 };

struct reader {
	const char *what;
	struct str rest;
	unsigned line, depth;
	struct err **e;
};

static int fail(struct reader *r, const char *what)
{
	return err_set(r->e, ERR_SYNTAX, "%s:%u: %s", r->what, r->line, what);
}

static char next(const struct reader *r)
{
	return r->rest.n ? r->rest.p[0] : 0;
}

static void step(struct reader *r, size_t n)
{
	for (size_t i = 0; i < n && i < r->rest.n; i++)
		r->line += r->rest.p[i] == '\n';
	r->rest = str_from(r->rest, n);
}

static bool take(struct reader *r, const char *text)
{
	if (!str_starts(r->rest, text))
		return false;
	step(r, strlen(text));
	return true;
}

static void skip_blanks(struct reader *r)
{
	while (next(r) == ' ' || next(r) == '\t')
		step(r, 1);
}

/* Blanks, comments and ends of lines. */
static void skip_lines(struct reader *r)
{
	for (;;) {
		skip_blanks(r);
		if (next(r) == '#')
			step(r, str_find(r->rest, '\n'));
		if (next(r) != '\n' && next(r) != '\r')
			return;
		step(r, 1);
	}
}

/* ---- strings ---- */

static void add_utf8(struct buf *out, unsigned long c)
{
	static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
	if (c < 0x80) {
		buf_add_char(out, (char)c);
		return;
	}
	unsigned tail = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	buf_add_char(out, (char)(lead[tail] | c >> (6 * tail)));
	while (tail--)
		buf_add_char(out, (char)(0x80 | (c >> (6 * tail) & 0x3f)));
}

static int read_code(struct reader *r, size_t digits, struct buf *out)
{
	char hex[9] = "";
	if (r->rest.n < digits)
		return fail(r, "an escape is cut off");
	memcpy(hex, r->rest.p, digits);
	for (size_t i = 0; i < digits; i++)
		if (!isxdigit((unsigned char)hex[i]))
			return fail(r, "an escape has no hexadecimal digits");
	unsigned long c = strtoul(hex, NULL, 16);
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return fail(r, "an escape is no character");
	step(r, digits);
	add_utf8(out, c);
	return 0;
}

/* Behind the backslash. */
static int read_escape(struct reader *r, bool lines, struct buf *out)
{
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\x1b\"\\";
	char c = next(r);
	const char *at = c ? strchr(from, c) : NULL;
	if (at) {
		step(r, 1);
		buf_add_char(out, to[at - from]);
		return 0;
	}
	if (c == 'u' || c == 'U') {
		step(r, 1);
		return read_code(r, c == 'u' ? 4 : 8, out);
	}
	if (!lines || !isspace((unsigned char)c))
		return fail(r, "an escape is not known");
	while (isspace((unsigned char)next(r)))
		step(r, 1);
	return 0;
}

/* `quote` is one or three of ' or ". */
static int read_quoted(struct reader *r, const char *quote, struct buf *out)
{
	bool lines = strlen(quote) == 3, escapes = quote[0] == '"';
	if (lines && !take(r, "\r\n"))
		take(r, "\n");
	while (r->rest.n && !str_starts(r->rest, quote)) {
		char c = next(r);
		if (c == '\n' && !lines)
			break;
		step(r, 1);
		int code = 0;
		if (c == '\\' && escapes)
			code = read_escape(r, lines, out);
		else
			buf_add_char(out, c);
		if (code < 0)
			return code;
	}
	if (!take(r, quote))
		return fail(r, "a text is not closed");
	/* up to two more quotes belong to the text */
	for (int i = 0; lines && i < 2 && next(r) == quote[0]; i++) {
		buf_add_char(out, quote[0]);
		step(r, 1);
	}
	return 0;
}

static int read_text(struct reader *r, struct buf *out)
{
	static const char *const quotes[] = {"\"\"\"", "'''", "\"", "'"};
	for (size_t i = 0; i < COUNT(quotes); i++)
		if (take(r, quotes[i]))
			return read_quoted(r, quotes[i], out);
	return fail(r, "a text is wanted");
}

/* ---- keys ---- */

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static int read_key(struct reader *r, struct buf *out)
{
	buf_clear(out);
	if (next(r) == '"' || next(r) == '\'')
		return read_text(r, out);
	while (is_bare(next(r))) {
		buf_add_char(out, next(r));
		step(r, 1);
	}
	return out->n ? 0 : fail(r, "a key is wanted");
}

/* The table of that name in `in`, made when absent; of an array of tables the last one. */
static cJSON *enter(cJSON *in, const char *key)
{
	cJSON *found = cJSON_GetObjectItemCaseSensitive(in, key);
	if (!found)
		return cJSON_AddObjectToObject(in, key);
	if (cJSON_IsArray(found))
		found = cJSON_GetArrayItem(found, cJSON_GetArraySize(found) - 1);
	return cJSON_IsObject(found) ? found : NULL;
}

/* `a.b.c`: enters a and b, and leaves c in key. */
static int read_path(struct reader *r, cJSON **in, struct buf *key)
{
	for (unsigned depth = 0;; depth++) {
		int code = read_key(r, key);
		if (code < 0)
			return code;
		skip_blanks(r);
		if (next(r) != '.')
			return 0;
		step(r, 1);
		skip_blanks(r);
		*in = depth < DEPTH_MAX ? enter(*in, key->data) : NULL;
		if (!*in)
			return fail(r, "a key is a table and something else");
	}
}

/* ---- values ---- */

static int read_value(struct reader *r, cJSON **out);

static int read_array(struct reader *r, cJSON **out)
{
	AUTO(json_free) cJSON *list = cJSON_CreateArray();
	for (skip_lines(r); !take(r, "]"); skip_lines(r)) {
		cJSON *item;
		int code = read_value(r, &item);
		if (code < 0)
			return code;
		cJSON_AddItemToArray(list, item);
		skip_lines(r);
		if (!take(r, ",") && next(r) != ']')
			return fail(r, "a comma or a closing bracket is wanted");
	}
	*out = STEAL(&list);
	return 0;
}

static int read_pair(struct reader *r, cJSON *in)
{
	AUTO(buf_done) struct buf key = BUF(BUF_UNLIMITED);
	cJSON *value;
	int code = read_path(r, &in, &key);
	if (code < 0)
		return code;
	if (!take(r, "="))
		return fail(r, "\"=\" is wanted behind a key");
	skip_blanks(r);
	if (cJSON_GetObjectItemCaseSensitive(in, key.data))
		return fail(r, "a key stands twice");
	if ((code = read_value(r, &value)) < 0)
		return code;
	cJSON_AddItemToObject(in, key.data, value);
	return 0;
}

static int read_inline(struct reader *r, cJSON **out)
{
	AUTO(json_free) cJSON *table = cJSON_CreateObject();
	for (skip_lines(r); !take(r, "}"); skip_lines(r)) {
		int code = read_pair(r, table);
		if (code < 0)
			return code;
		skip_lines(r);
		if (!take(r, ",") && next(r) != '}')
			return fail(r, "a comma or a closing brace is wanted");
	}
	*out = STEAL(&table);
	return 0;
}

/* A number; a date stays text. */
static int read_bare(struct reader *r, cJSON **out)
{
	char word[NUMBER_MAX] = "", *end;
	size_t n = 0;
	while (n < sizeof(word) - 1 && n < r->rest.n &&
	       (is_bare(r->rest.p[n]) || strchr("+.:", r->rest.p[n]))) {
		word[n] = r->rest.p[n];
		n++;
	}
	if (n == 0)
		return fail(r, "a value is wanted");
	step(r, n);
	double number = strtod(word, &end);
	*out = *end ? cJSON_CreateString(word) : cJSON_CreateNumber(number);
	return 0;
}

static int read_string(struct reader *r, cJSON **out)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	int code = read_text(r, &text);
	if (code < 0)
		return code;
	*out = cJSON_CreateString(text.data);
	return 0;
}

static int read_value(struct reader *r, cJSON **out)
{
	if (++r->depth > DEPTH_MAX)
		return fail(r, "values stand too deep");
	int code = 0;
	if (take(r, "["))
		code = read_array(r, out);
	else if (take(r, "{"))
		code = read_inline(r, out);
	else if (next(r) == '"' || next(r) == '\'')
		code = read_string(r, out);
	else if (take(r, "true"))
		*out = cJSON_CreateTrue();
	else if (take(r, "false"))
		*out = cJSON_CreateFalse();
	else
		code = read_bare(r, out);
	r->depth--;
	return code;
}

/* ---- tables ---- */

/* `[a.b]` or `[[a.b]]`, behind the first bracket. */
static int read_header(struct reader *r, cJSON *root, cJSON **out)
{
	AUTO(buf_done) struct buf key = BUF(BUF_UNLIMITED);
	bool array = take(r, "[");
	cJSON *in = root;
	skip_blanks(r);
	int code = read_path(r, &in, &key);
	if (code < 0)
		return code;
	if (!take(r, array ? "]]" : "]"))
		return fail(r, "a closing bracket is wanted");
	if (!array) {
		*out = enter(in, key.data);
		return *out ? 0 : fail(r, "a key is a table and something else");
	}
	cJSON *list = cJSON_GetObjectItemCaseSensitive(in, key.data);
	if (!list)
		list = cJSON_AddArrayToObject(in, key.data);
	if (!cJSON_IsArray(list))
		return fail(r, "a key is an array of tables and something else");
	*out = cJSON_CreateObject();
	cJSON_AddItemToArray(list, *out);
	return 0;
}

int toml_parse(struct str text, const char *what, cJSON **out, struct err **e)
{
	struct reader r = {.what = what, .rest = text, .line = 1, .e = e};
	AUTO(json_free) cJSON *root = cJSON_CreateObject();
	cJSON *table = root;
	for (skip_lines(&r); r.rest.n; skip_lines(&r)) {
		int code = take(&r, "[") ? read_header(&r, root, &table) : read_pair(&r, table);
		if (code < 0)
			return code;
		skip_blanks(&r);
		if (r.rest.n && !memchr("\r\n#", next(&r), 3))
			return fail(&r, "the end of the line is wanted");
	}
	*out = STEAL(&root);
	return 0;
}
