/* specs/base/yaml_json.c - JSON as nodes with the place of everything in them.
 *
 * cJSON reads the text and keeps no places; the text is then walked beside its tree, which is
 * simple as it is known to be JSON. */
#include "specs/base/json.h"
#include "specs/base/yaml_private.h"

#define BOM "\xef\xbb\xbf"

struct walk {
	struct yaml *yaml;
	const char *at, *line_start;
	unsigned line;
	struct yaml_node *all; /* from 1 */
	size_t n;
};

/* cJSON takes every control character for a blank. */
static bool is_blank(char c)
{
	return c && (unsigned char)c <= ' ';
}

/* To the next character that is neither blank nor the separator. */
static void skip(struct walk *w, char separator)
{
	for (; is_blank(*w->at) || *w->at == separator; w->at++)
		if (*w->at == '\n') {
			w->line++;
			w->line_start = w->at + 1;
		}
}

static struct yaml_node *add_node(struct walk *w)
{
	struct yaml_node *node = &w->all[++w->n];
	struct str before = {w->line_start, (size_t)(w->at - w->line_start)};
	node->line = w->line;
	node->column = (unsigned)yaml_characters(before) + 1;
	return node;
}

static int read_string(struct walk *w, const char *value, struct yaml_node **out, struct err **e)
{
	struct yaml_node *node = *out = add_node(w);
	const char *start = ++w->at;
	bool escapes = false;
	for (; *w->at != '"'; w->at++) {
		if (strncmp(w->at, "\\u0000", 6) == 0)
			return yaml_fail(w->yaml, node, e, "a text with a zero byte");
		escapes |= *w->at == '\\';
		w->at += *w->at == '\\';
	}
	w->at++;
	node->kind = YAML_TEXT;
	node->text = arena_str(&w->yaml->arena, str_of(value));
	if (!escapes && (size_t)(w->at - 1 - start) == node->text.n)
		node->text_column = node->column + 1;
	return 0;
}

static void read_word(struct walk *w, struct yaml_node *node)
{
	size_t n = 0;
	while (w->at[n] && !is_blank(w->at[n]) && !strchr(",]}", w->at[n]))
		n++;
	node->text = arena_str(&w->yaml->arena, (struct str){w->at, n});
	node->kind = yaml_plain_kind(node->text);
	node->plain = true;
	node->text_column = node->column;
	w->at += n;
}

static int read_value(struct walk *w, const cJSON *from, unsigned depth, struct yaml_node **out,
		      struct err **e);

static int read_members(struct walk *w, const cJSON *from, unsigned depth, struct yaml_node *node,
			struct err **e)
{
	bool map = cJSON_IsObject(from);
	size_t count = (size_t)cJSON_GetArraySize(from), i = 0;
	struct yaml_node *key, *value;
	node->kind = map ? YAML_MAP : YAML_LIST;
	node->n = count;
	node->items = arena_zero(&w->yaml->arena, map ? 0 : count, sizeof(*node->items));
	node->pairs = arena_zero(&w->yaml->arena, map ? count : 0, sizeof(*node->pairs));
	w->at++;
	for (const cJSON *c = from->child; c; c = c->next, i++) {
		int status = 0;
		skip(w, ',');
		if (map)
			status = read_string(w, c->string, &key, e);
		if (status == 0)
			status = read_value(w, c, depth + 1, &value, e);
		if (status < 0)
			return status;
		if (map)
			node->pairs[i] = (struct yaml_pair){key, value};
		else
			node->items[i] = value;
	}
	skip(w, ' ');
	w->at++;
	return 0;
}

static int read_value(struct walk *w, const cJSON *from, unsigned depth, struct yaml_node **out,
		      struct err **e)
{
	skip(w, ':');
	if (cJSON_IsString(from))
		return read_string(w, from->valuestring, out, e);
	struct yaml_node *node = *out = add_node(w);
	if (depth > YAML_MAX_DEPTH)
		return yaml_fail(w->yaml, node, e, "nested too deeply (at most %d)",
				 YAML_MAX_DEPTH);
	if (cJSON_IsObject(from) || cJSON_IsArray(from))
		return read_members(w, from, depth, node, e);
	read_word(w, node);
	return 0;
}

/* Keys are nodes too. */
static size_t count_nodes(const cJSON *node)
{
	size_t n = 1;
	for (const cJSON *c = node->child; c; c = c->next)
		n += count_nodes(c) + cJSON_IsObject(node);
	return n;
}

static int fail_at(const struct walk *w, const char *at, struct err **e, const char *why)
{
	struct walk to = *w;
	while (to.at < at) {
		to.line += *to.at == '\n';
		to.line_start = *to.at == '\n' ? to.at + 1 : to.line_start;
		to.at++;
	}
	struct str before = {to.line_start, (size_t)(at - to.line_start)};
	return err_set(e, ERR_SYNTAX, "%s:%u:%u: %s", w->yaml->what, to.line,
		       (unsigned)yaml_characters(before) + 1, why);
}

/* cJSON takes any bytes in a text. Where the first is that is no UTF-8, or 0; NULL: there is none.
 */
static const char *bad_byte(struct str s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	while (s.n) {
		struct str rest = s;
		uint32_t c = str_code_point(&rest);
		size_t n = s.n - rest.n;
		bool fine = n == 1 ? c && c < 0x80
				   : c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
		for (size_t i = 1; i < n; i++)
			fine = fine && ((unsigned char)s.p[i] & 0xc0) == 0x80;
		if (!fine)
			return s.p;
		s = rest;
	}
	return NULL;
}

static int read_json(struct walk *w, struct str text, struct err **e)
{
	const char *end = NULL;
	struct yaml_node *root;
	const char *bad = bad_byte(text);
	if (bad)
		return fail_at(w, bad, e, "a byte that no JSON text holds");
	AUTO(json_free) cJSON *doc = cJSON_ParseWithLengthOpts(text.p, text.n, &end, 0);
	if (!doc)
		return fail_at(w, end ? end : text.p, e, "this is no JSON");
	struct str rest = str_trim(str_from(text, (size_t)(end - text.p)));
	if (rest.n)
		return fail_at(w, rest.p, e, "something follows the JSON document");
	size_t count = count_nodes(doc);
	if (count > YAML_MAX_NODES)
		return err_set(e, ERR_LIMIT, "%s: too many values (at most %d)", w->yaml->what,
			       YAML_MAX_NODES);
	w->all = arena_zero(&w->yaml->arena, count + 1, sizeof(*w->all));
	int status = read_value(w, doc, 0, &root, e);
	return status < 0 ? status : yaml_set_root(w->yaml, w->all, w->n, e);
}

int yaml_parse_json(struct str text, const char *what, struct yaml *out, struct err **e)
{
	*out = (struct yaml)YAML;
	out->what = what;
	if (text.n > YAML_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "%s: larger than 16 MiB", what);
	/* Walking ends at a 0. */
	struct str whole = arena_str(&out->arena, str_from(text, str_starts(text, BOM) ? 3 : 0));
	struct walk w = {.yaml = out, .at = whole.p, .line_start = whole.p, .line = 1};
	int status = read_json(&w, whole, e);
	if (status < 0)
		yaml_done(out);
	return status;
}
