/* specs/base/yaml.c - small YAML documents with the place of everything in them. */
#include "specs/base/yaml_private.h"
#include <strings.h>
#include <yaml.h>

void yaml_done(struct yaml *y)
{
	arena_done(&y->arena);
	y->root = NULL;
}

/* err_set formats the whole line, so the place has to be made text first. */
static int fail_at(const struct yaml *y, enum err_code code, unsigned line, unsigned column,
		   struct err **e, const char *text)
{
	return err_set(e, code, "%s:%u:%u: %s", y->what, line, column, text);
}

int yaml_fail(const struct yaml *y, const struct yaml_node *at, struct err **e, const char *fmt,
	      ...)
{
	AUTO(buf_done) struct buf text = BUF(1 << 16);
	va_list args;
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	return fail_at(y, ERR_SYNTAX, at ? at->line : 1, at ? at->column : 1, e, text.data);
}

const char *yaml_kind_name(const struct yaml_node *node)
{
	static const char *const names[] = {
		[YAML_NULL] = "nothing", [YAML_BOOL] = "true or false", [YAML_NUMBER] = "a number",
		[YAML_TEXT] = "text",	 [YAML_LIST] = "a list",	[YAML_MAP] = "a map",
	};
	return names[node->kind];
}

/* --- what a plain scalar means ------------------------------------------------------- */

static size_t span(struct str s, size_t at, const char *set)
{
	size_t n = 0;
	while (at + n < s.n && s.p[at + n] && strchr(set, s.p[at + n]))
		n++;
	return n;
}

static bool is_number(struct str s)
{
	static const char *const words[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
	size_t at = s.n && (s.p[0] == '-' || s.p[0] == '+');
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(str_from(s, at), words[i]))
			return true;
	if (s.n - at > 2 && s.p[at] == '0' && s.p[at + 1] == 'x')
		return at + 2 + span(s, at + 2, "0123456789abcdefABCDEF") == s.n;
	if (s.n - at > 2 && s.p[at] == '0' && s.p[at + 1] == 'o')
		return at + 2 + span(s, at + 2, "01234567") == s.n;
	size_t digits = span(s, at, "0123456789");
	at += digits;
	if (at < s.n && s.p[at] == '.') {
		size_t more = span(s, at + 1, "0123456789");
		digits += more;
		at += 1 + more;
	}
	if (digits && at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
		at += 1 + (at + 1 < s.n && (s.p[at + 1] == '-' || s.p[at + 1] == '+'));
		size_t power = span(s, at, "0123456789");
		digits = power ? digits : 0;
		at += power;
	}
	return digits && at == s.n;
}

enum yaml_kind yaml_plain_kind(struct str s)
{
	static const struct {
		const char *word;
		enum yaml_kind kind;
	} words[] = {
		{"", YAML_NULL},      {"~", YAML_NULL},	    {"null", YAML_NULL},
		{"Null", YAML_NULL},  {"NULL", YAML_NULL},  {"true", YAML_BOOL},
		{"True", YAML_BOOL},  {"TRUE", YAML_BOOL},  {"false", YAML_BOOL},
		{"False", YAML_BOOL}, {"FALSE", YAML_BOOL},
	};
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(s, words[i].word))
			return words[i].kind;
	return is_number(s) ? YAML_NUMBER : YAML_TEXT;
}

/* --- from libyaml's nodes to ours ---------------------------------------------------- */

static int check_tag(const struct yaml *y, const yaml_node_t *from, const struct yaml_node *to,
		     struct err **e)
{
	static const char *const known[] = {YAML_STR_TAG, YAML_SEQ_TAG,	  YAML_MAP_TAG,
					    YAML_INT_TAG, YAML_FLOAT_TAG, YAML_BOOL_TAG,
					    YAML_NULL_TAG};
	const char *tag = (const char *)from->tag;
	for (size_t i = 0; i < COUNT(known); i++)
		if (!tag || strcmp(tag, known[i]) == 0)
			return 0;
	return yaml_fail(y, to, e, "the tag \"%.80s\" is not supported", tag);
}

size_t yaml_characters(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static void read_scalar(struct yaml *y, const yaml_node_t *from, struct yaml_node *to)
{
	const char *value = (const char *)from->data.scalar.value;
	bool plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	bool quoted = from->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
		      from->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	size_t n = from->data.scalar.length;
	to->text = (struct str){arena_copy(&y->arena, value, n), n};
	to->plain = plain;
	to->kind = plain ? yaml_plain_kind(to->text) : YAML_TEXT;
	size_t written = from->end_mark.index - from->start_mark.index;
	if ((plain || quoted) && from->start_mark.line == from->end_mark.line &&
	    written == yaml_characters(to->text) + (quoted ? 2 : 0))
		to->text_column = to->column + quoted;
}

/* The node of that number, now with one place more. `known`: where it was seen before. */
static const struct yaml_node *place(struct yaml *y, struct yaml_node *all, bool *known, int number)
{
	struct yaml_node *node = &all[number];
	if (known[number] && !node->alias)
		node->alias = ++y->aliases;
	known[number] = true;
	return node;
}

static void read_list(struct yaml *y, const yaml_node_t *from, struct yaml_node *all, bool *known,
		      struct yaml_node *to)
{
	const yaml_node_item_t *first = from->data.sequence.items.start;
	to->kind = YAML_LIST;
	to->n = (size_t)(from->data.sequence.items.top - first);
	to->items = arena_zero(&y->arena, to->n, sizeof(*to->items));
	for (size_t i = 0; i < to->n; i++)
		to->items[i] = place(y, all, known, first[i]);
}

static void read_map(struct yaml *y, const yaml_node_t *from, struct yaml_node *all, bool *known,
		     struct yaml_node *to)
{
	const yaml_node_pair_t *first = from->data.mapping.pairs.start;
	to->kind = YAML_MAP;
	to->n = (size_t)(from->data.mapping.pairs.top - first);
	to->pairs = arena_zero(&y->arena, to->n, sizeof(*to->pairs));
	for (size_t i = 0; i < to->n; i++)
		to->pairs[i] = (struct yaml_pair){&all[first[i].key],
						  place(y, all, known, first[i].value)};
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml_node *const *left = a, *const *right = b;
	int order = str_cmp((*left)->text, (*right)->text);
	return order ? order : (*left)->line < (*right)->line ? -1 : (*left)->line > (*right)->line;
}

static int check_keys(const struct yaml *y, const struct yaml_node *map, struct err **e)
{
	AUTO(free) const struct yaml_node **keys = mem_alloc((map->n + 1) * sizeof(*keys));
	for (size_t i = 0; i < map->n; i++) {
		keys[i] = map->pairs[i].key;
		if (!yaml_is_scalar(keys[i]))
			return yaml_fail(y, keys[i], e, "a key must be text, not %s",
					 yaml_kind_name(keys[i]));
		if (str_is(keys[i]->text, "<<"))
			return yaml_fail(y, keys[i], e, "merge keys (<<) are not supported");
	}
	if (map->n)
		qsort(keys, map->n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < map->n; i++)
		if (str_eq(keys[i]->text, keys[i - 1]->text))
			return yaml_fail(y, keys[i], e,
					 "\"%.*s\" stands here twice, first in line %u",
					 STR_ARG(keys[i]->text), keys[i - 1]->line);
	return 0;
}

/* Counts the document as a tree: an alias may lead back to what holds it, and a few lines of
 * aliases may stand for billions of nodes. */
static int check_size(const struct yaml *y, const struct yaml_node *node, unsigned depth,
		      size_t *left, struct err **e)
{
	if (depth > YAML_MAX_DEPTH)
		return fail_at(y, ERR_LIMIT, node->line, node->column, e,
			       "nested too deeply (at most 64)");
	if (*left == 0)
		return fail_at(y, ERR_LIMIT, node->line, node->column, e,
			       "too many values (at most 2000000)");
	*left -= 1;
	int status = 0;
	for (size_t i = 0; i < node->n && status == 0; i++) {
		if (node->kind == YAML_LIST)
			status = check_size(y, node->items[i], depth + 1, left, e);
		else
			status = check_size(y, node->pairs[i].value, depth + 1, left, e);
	}
	return status;
}

int yaml_set_root(struct yaml *y, const struct yaml_node *all, size_t n, struct err **e)
{
	for (size_t i = 1; i <= n; i++)
		if (all[i].kind == YAML_MAP && check_keys(y, &all[i], e) < 0)
			return ERR_SYNTAX;
	size_t left = YAML_MAX_NODES;
	int status = check_size(y, &all[1], 0, &left, e);
	y->root = status < 0 ? NULL : &all[1];
	return status;
}

static int convert(struct yaml *y, const yaml_document_t *doc, struct err **e)
{
	size_t n = (size_t)(doc->nodes.top - doc->nodes.start);
	if (n == 0)
		return 0;
	if (n > YAML_MAX_NODES)
		return fail_at(y, ERR_LIMIT, 1, 1, e, "too many values (at most 2000000)");
	/* libyaml numbers its nodes from 1; the first is the root. */
	struct yaml_node *all = arena_zero(&y->arena, n + 1, sizeof(*all));
	AUTO(free) bool *known = mem_zero(n + 1, sizeof(*known));
	for (size_t i = 1; i <= n; i++) {
		const yaml_node_t *from = &doc->nodes.start[i - 1];
		all[i].line = (unsigned)from->start_mark.line + 1;
		all[i].column = (unsigned)from->start_mark.column + 1;
		if (from->type == YAML_SEQUENCE_NODE)
			read_list(y, from, all, known, &all[i]);
		else if (from->type == YAML_MAPPING_NODE)
			read_map(y, from, all, known, &all[i]);
		else
			read_scalar(y, from, &all[i]);
		if (check_tag(y, from, &all[i], e) < 0)
			return ERR_SYNTAX;
	}
	return yaml_set_root(y, all, n, e);
}

/* --- errors of the scanner ----------------------------------------------------------- */

/* The character at a mark; 0 past the end. Marks count characters, not bytes. */
static char char_at(struct str text, const yaml_mark_t *mark)
{
	size_t at = 0;
	for (size_t line = 0; line < mark->line && at < text.n; at++)
		line += text.p[at] == '\n';
	at += mark->column;
	return at < text.n ? text.p[at] : 0;
}

/* What libyaml's words mean to who wrote the file. */
static const char *in_words(const char *problem)
{
	static const struct {
		const char *problem, *words;
	} rows[] = {
		{"mapping values are not allowed in this context",
		 "a second \": \" in one value: put the value in quotes"},
		{"found character that cannot start any token",
		 "a value cannot begin with this: put it in quotes"},
		{"did not find expected key",
		 "a key is expected here: is it indented as the rest?"},
		{"did not find expected '-' indicator",
		 "\"- \" is expected here: is it indented as the rest?"},
		{"found unexpected end of stream", "the file ends within quotes"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(problem, rows[i].problem) == 0)
			return rows[i].words;
	return problem;
}

/* libyaml only counts bytes where it cannot read characters. */
static int not_text(const struct yaml *y, struct str before, const char *problem, struct err **e)
{
	unsigned line = 1;
	struct str rest = before, piece;
	while (str_cut(&rest, '\n', &piece))
		line++;
	return err_set(e, ERR_SYNTAX, "%s:%u:%u: this is no UTF-8 text: %s", y->what, line,
		       (unsigned)yaml_characters(piece) + 1, problem);
}

static int scan_failed(const struct yaml *y, const yaml_parser_t *p, struct str text,
		       struct err **e)
{
	const yaml_mark_t *mark = &p->problem_mark;
	const char *problem = p->problem ? in_words(p->problem) : "out of memory";
	if (p->error == YAML_READER_ERROR)
		return not_text(y, str_to(text, p->problem_offset), problem, e);
	if (p->error == YAML_SCANNER_ERROR && char_at(text, mark) == '\t')
		problem = "a tab cannot indent here: use blanks";
	unsigned line = (unsigned)mark->line + 1, column = (unsigned)mark->column + 1;
	if (p->context && p->context_mark.line + 1 != line)
		return err_set(e, ERR_SYNTAX, "%s:%u:%u: %s (%s that began in line %zu)", y->what,
			       line, column, problem, p->context, p->context_mark.line + 1);
	return fail_at(y, ERR_SYNTAX, line, column, e, problem);
}

static int load(yaml_parser_t *p, struct str text, struct yaml *out, struct err **e)
{
	yaml_document_t doc, second;
	if (!yaml_parser_load(p, &doc))
		return scan_failed(out, p, text, e);
	int status = convert(out, &doc, e);
	yaml_document_delete(&doc);
	if (status < 0 || !out->root)
		return status;
	if (!yaml_parser_load(p, &second))
		return scan_failed(out, p, text, e);
	const yaml_node_t *root = yaml_document_get_root_node(&second);
	if (root)
		status = fail_at(out, ERR_SYNTAX, (unsigned)root->start_mark.line + 1, 1, e,
				 "a second document begins here: only one is read");
	yaml_document_delete(&second);
	return status;
}

int yaml_parse(struct str text, const char *what, struct yaml *out, struct err **e)
{
	*out = (struct yaml)YAML;
	out->what = what;
	if (text.n > YAML_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "%s: larger than 16 MiB", what);
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return err_set(e, ERR_FAILED, "%s: out of memory", what);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(text.p ? text.p : ""),
				     text.n);
	int status = load(&parser, text, out, e);
	yaml_parser_delete(&parser);
	if (status < 0)
		yaml_done(out);
	return status;
}

/* --- reading members ----------------------------------------------------------------- */

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (str_is(map->pairs[i].key->text, key))
			return map->pairs[i].value;
	return NULL;
}

int yaml_want(const struct yaml *y, const struct yaml_node *node, enum yaml_kind kind,
	      const char *key, struct err **e)
{
	if (node->kind == kind)
		return 0;
	return yaml_fail(y, node, e, "\"%s\" must be %s, not %s", key,
			 yaml_kind_name(&(struct yaml_node){.kind = kind}), yaml_kind_name(node));
}

int yaml_text(const struct yaml *y, const struct yaml_node *map, const char *key, struct str *out,
	      struct err **e)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (!node || node->kind == YAML_NULL)
		return 0;
	if (!yaml_is_scalar(node))
		return yaml_want(y, node, YAML_TEXT, key, e);
	*out = node->text;
	return 0;
}

static int absent(const struct yaml *y, const struct yaml_node *map, const char *key,
		  struct err **e)
{
	return yaml_fail(y, map, e, "\"%s\" is missing", key);
}

int yaml_need_text(const struct yaml *y, const struct yaml_node *map, const char *key,
		   struct str *out, struct err **e)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (!node || node->kind == YAML_NULL)
		return absent(y, node ? node : map, key, e);
	return yaml_text(y, map, key, out, e);
}

int yaml_member(const struct yaml *y, const struct yaml_node *map, const char *key,
		enum yaml_kind kind, const struct yaml_node **out, struct err **e)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (!node || node->kind == YAML_NULL)
		return 0;
	int status = yaml_want(y, node, kind, key, e);
	if (status == 0)
		*out = node;
	return status;
}

int yaml_need_member(const struct yaml *y, const struct yaml_node *map, const char *key,
		     enum yaml_kind kind, const struct yaml_node **out, struct err **e)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (!node)
		return absent(y, map, key, e);
	int status = yaml_want(y, node, kind, key, e);
	if (status == 0)
		*out = node;
	return status;
}

/* --- writing ------------------------------------------------------------------------- */

/* Words that YAML 1.1 readers take for something else, in any case. */
static bool is_reserved(struct str s)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on",
					    "off",  "null",  "y",   "n"};
	for (size_t i = 0; i < COUNT(words); i++)
		if (s.n == strlen(words[i]) && strncasecmp(s.p, words[i], s.n) == 0)
			return true;
	return false;
}

static bool is_plain(struct str s)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
	static const char inner[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/"
				    "0123456789.-+=~@";
	if (s.n == 0 || !span(s, 0, first) || is_reserved(s))
		return false;
	for (size_t i = 1; i < s.n; i++) {
		bool colon = s.p[i] == ':' && i + 1 < s.n && s.p[i + 1] != ' ';
		if (!colon && (s.p[i] == 0 || !strchr(inner, s.p[i])))
			return false;
	}
	return true;
}

/* What readers take for the end of a line, or refuse, when it stands there as it is; returns how
 * many bytes of s it is, or 0. */
static size_t put_special(struct buf *out, struct str s)
{
	static const struct {
		const char *bytes, *text;
	} rows[] = {
		{"\xe2\x80\xa8", "\\L"},     {"\xe2\x80\xa9", "\\P"},
		{"\xef\xbb\xbf", "\\uFEFF"}, {"\xef\xbf\xbe", "\\uFFFE"},
		{"\xef\xbf\xbf", "\\uFFFF"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_starts(s, rows[i].bytes)) {
			buf_add_text(out, rows[i].text);
			return strlen(rows[i].bytes);
		}
	unsigned char next = s.n > 1 ? (unsigned char)s.p[1] : 0;
	if (s.p[0] != '\xc2' || next < 0x80 || next > 0x9f)
		return 0;
	buf_printf(out, "\\x%02x", next);
	return 2;
}

static void put_double_quoted(struct buf *out, struct str s)
{
	buf_add_char(out, '"');
	for (size_t i = 0, n; i < s.n; i += n) {
		unsigned char c = (unsigned char)s.p[i];
		if ((n = put_special(out, str_from(s, i))) > 0)
			continue;
		n = 1;
		if (c == '\n')
			buf_add_text(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else
			buf_add_char(out, s.p[i]);
	}
	buf_add_char(out, '"');
}

void yaml_put_text(struct buf *out, struct str text)
{
	if (is_plain(text)) {
		buf_add_str(out, text);
		return;
	}
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || (unsigned char)text.p[i] >= 0x7f) {
			put_double_quoted(out, text);
			return;
		}
	buf_add_char(out, '\'');
	for (size_t i = 0; i < text.n; i++) {
		buf_add_char(out, text.p[i]);
		if (text.p[i] == '\'')
			buf_add_char(out, '\'');
	}
	buf_add_char(out, '\'');
}
