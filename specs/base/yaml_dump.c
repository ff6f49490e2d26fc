/* specs/base/yaml_dump.c - PyYAML's way of writing a document. */
#include "specs/base/yaml_dump.h"
#include "specs/base/yaml_private.h"
#include "specs/base/yaml_type.h"

enum { WIDTH = 80, INDENT = 2, SIMPLE_KEY_MAX = 128 };
enum { NEL = 0x85, NBSP = 0xa0, LINE = 0x2028, PARAGRAPH = 0x2029 };

/* The anchor of a node that stands in several places: PyYAML gives it where it sees the node for
 * the second time. */
struct anchor {
	bool seen, written;
	unsigned id; /* 0: none */
};

struct dump {
	const struct yaml *yaml;
	struct buf *out;
	struct yaml_types types;
	bool canonical;
	int column, indent;
	bool whitespace;	/* the last character was a blank, or there is none */
	bool indention;		/* only blanks and indicators are in this line */
	bool in_key;		/* no line may be broken */
	struct anchor *anchors; /* by the nodes' alias */
	unsigned ids;
};

/* ---- characters ---- */

struct text {
	uint32_t *v;
	size_t n;
	struct str utf8;
};

/* libyaml has checked that it is UTF-8. */
static void decode(struct str s, struct text *out)
{
	out->v = mem_alloc((s.n + 1) * sizeof(*out->v));
	out->n = 0;
	out->utf8 = s;
	while (s.n)
		out->v[out->n++] = str_code_point(&s);
}

static void text_done(struct text *t)
{
	free(STEAL(&t->v));
}
AUTO_DEFINE_VALUE(struct text, text_done)

static bool is_break(uint32_t c)
{
	return c == '\n' || c == NEL || c == LINE || c == PARAGRAPH;
}

static bool is_white(uint32_t c)
{
	return c == 0 || c == ' ' || c == '\t' || c == '\r' || is_break(c);
}

static bool is_one_of(uint32_t c, const char *set)
{
	return c && c < 0x80 && strchr(set, (int)c);
}

/* ---- lines ---- */

static void put(struct dump *d, const char *text)
{
	buf_add_text(d->out, text);
	d->column += (int)strlen(text);
}

/* All that is not ASCII is only ever written as an escape. */
static void put_range(struct dump *d, const struct text *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		buf_add_char(d->out, (char)t->v[i]);
	d->column += (int)(to - from);
}

static void line_break(struct dump *d)
{
	buf_add_char(d->out, '\n');
	d->whitespace = d->indention = true;
	d->column = 0;
}

static void write_indent(struct dump *d)
{
	if (!d->indention || d->column > d->indent || (d->column == d->indent && !d->whitespace))
		line_break(d);
	if (d->column < d->indent) {
		d->whitespace = true;
		while (d->column < d->indent)
			put(d, " ");
	}
}

static void indicator(struct dump *d, const char *text, bool needs_white, bool keeps_indention)
{
	if (needs_white && !d->whitespace)
		put(d, " ");
	put(d, text);
	d->whitespace = false;
	d->indention = d->indention && keeps_indention;
}

/* ---- which styles a text may have ---- */

struct styles {
	bool plain, single, multiline;
};

/* A character that may not begin, or stand in, a plain scalar. */
static bool is_indicator(const struct text *t, size_t i)
{
	uint32_t c = t->v[i];
	bool white_before = i == 0 || is_white(t->v[i - 1]);
	bool white_behind = i + 1 >= t->n || is_white(t->v[i + 1]);
	if (i == 0 && is_one_of(c, "#,[]{}&*!|>'\"%@`"))
		return true;
	if (i == 0 && is_one_of(c, "?-"))
		return white_behind;
	return (c == ':' && white_behind) || (c == '#' && white_before);
}

static struct styles analyze(const struct text *t)
{
	struct styles s = {.plain = true, .single = true};
	if (t->n == 0)
		return s;
	if (str_starts(t->utf8, "---") || str_starts(t->utf8, "..."))
		s.plain = false;
	for (size_t i = 0; i < t->n; i++) {
		uint32_t c = t->v[i];
		bool blank = c == ' ', breaks = is_break(c);
		bool edge = i == 0 || i + 1 == t->n;
		s.multiline |= breaks;
		if (is_indicator(t, i) || (edge && (blank || breaks)) || breaks)
			s.plain = false;
		if (c != '\n' && (c < 0x20 || c > 0x7e))
			s.plain = s.single = false;
		if (i && ((blank && is_break(t->v[i - 1])) || (breaks && t->v[i - 1] == ' ')))
			s.plain = s.single = false;
	}
	return s;
}

/* ---- scalars ---- */

/* A single blank past the last column is where a line is broken. */
static bool folds(const struct dump *d, const struct text *t, size_t from, size_t to)
{
	return !d->in_key && from + 1 == to && d->column > WIDTH && from > 0 && to < t->n;
}

static size_t run_of(const struct text *t, size_t i, bool blanks)
{
	while (i < t->n && (t->v[i] == ' ') == blanks)
		i++;
	return i;
}

static void put_plain(struct dump *d, const struct text *t)
{
	if (t->n == 0)
		return;
	if (!d->whitespace)
		put(d, " ");
	d->whitespace = d->indention = false;
	for (size_t i = 0, end; i < t->n; i = end) {
		bool blanks = t->v[i] == ' ';
		end = run_of(t, i, blanks);
		if (blanks && folds(d, t, i, end)) {
			write_indent(d);
			d->whitespace = d->indention = false;
		} else {
			put_range(d, t, i, end);
		}
	}
}

/* One line break within quotes reads back as a blank, so it is written twice. */
static size_t put_breaks(struct dump *d, const struct text *t, size_t i)
{
	line_break(d);
	for (; i < t->n && t->v[i] == '\n'; i++)
		line_break(d);
	write_indent(d);
	return i;
}

static void put_single(struct dump *d, const struct text *t)
{
	indicator(d, "'", true, false);
	for (size_t i = 0, end; i < t->n; i = end) {
		end = i + 1;
		if (t->v[i] == '\n') {
			end = put_breaks(d, t, i);
		} else if (t->v[i] == '\'') {
			put(d, "''");
		} else if (t->v[i] == ' ') {
			end = run_of(t, i, true);
			if (folds(d, t, i, end))
				write_indent(d);
			else
				put_range(d, t, i, end);
		} else {
			put_range(d, t, i, end);
		}
	}
	indicator(d, "'", false, false);
}

static void put_escape(struct dump *d, uint32_t c)
{
	static const struct {
		uint32_t c;
		const char *text;
	} known[] = {
		{0, "\\0"},	{7, "\\a"},   {8, "\\b"},    {9, "\\t"},    {10, "\\n"},
		{11, "\\v"},	{12, "\\f"},  {13, "\\r"},   {27, "\\e"},   {'"', "\\\""},
		{'\\', "\\\\"}, {NEL, "\\N"}, {NBSP, "\\_"}, {LINE, "\\L"}, {PARAGRAPH, "\\P"},
	};
	AUTO(buf_done) struct buf text = BUF(32);
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].c == c) {
			put(d, known[i].text);
			return;
		}
	buf_printf(&text, c <= 0xff ? "\\x%02X" : c <= 0xffff ? "\\u%04X" : "\\U%08X", c);
	put(d, text.data);
}

static bool needs_escape(uint32_t c)
{
	return c < 0x20 || c > 0x7e || c == '"' || c == '\\';
}

/* Breaks a line behind `to`, when what waits from `from` on goes past the last column. */
static size_t fold_double(struct dump *d, const struct text *t, size_t from, size_t to)
{
	put_range(d, t, from, to);
	put(d, "\\");
	write_indent(d);
	d->whitespace = d->indention = false;
	from = from < to ? to : from;
	if (t->v[from] == ' ')
		put(d, "\\");
	return from;
}

static void put_double(struct dump *d, const struct text *t)
{
	size_t start = 0;
	indicator(d, "\"", true, false);
	for (size_t i = 0; i <= t->n; i++) {
		if (i == t->n || needs_escape(t->v[i])) {
			put_range(d, t, start, i);
			start = i;
			if (i < t->n) {
				put_escape(d, t->v[i]);
				start = i + 1;
			}
		}
		bool may = i > 0 && i + 1 < t->n && (t->v[i] == ' ' || start >= i);
		int waits = i > start ? (int)(i - start) : 0;
		if (may && !d->in_key && d->column + waits > WIDTH + (start > i))
			start = fold_double(d, t, start, start > i ? start : i);
	}
	indicator(d, "\"", false, false);
}

static int put_value(struct dump *d, const struct yaml_node *node, enum yaml_type type,
		     struct err **e)
{
	AUTO(buf_done) struct buf value = BUF(BUF_UNLIMITED);
	AUTO(text_done) struct text text = {0};
	AUTO(err_free) struct err *why = NULL;
	if (!d->canonical)
		buf_add_str(&value, node->text);
	else if (yaml_type_write(type, node->text, &value, &why) < 0)
		return yaml_fail(d->yaml, node, e, "%s", why->text);
	decode(buf_str(&value), &text);
	put_plain(d, &text);
	return 0;
}

static int put_styled(struct dump *d, const struct yaml_node *node, struct err **e)
{
	enum yaml_type type = yaml_type_of(&d->types, node->text);
	if (node->plain && type != YAML_TYPE_TEXT)
		return put_value(d, node, type, e);
	AUTO(text_done) struct text text = {0};
	decode(node->text, &text);
	struct styles may = analyze(&text);
	if (may.plain && type == YAML_TYPE_TEXT)
		put_plain(d, &text);
	else if (may.single && !(d->in_key && may.multiline))
		put_single(d, &text);
	else
		put_double(d, &text);
	return 0;
}

static int put_scalar(struct dump *d, const struct yaml_node *node, struct err **e)
{
	d->indent += INDENT;
	int status = put_styled(d, node, e);
	d->indent -= INDENT;
	return status;
}

/* ---- lists and maps ---- */

static int by_text(const void *a, const void *b)
{
	return str_cmp(((const struct yaml_pair *)a)->key->text,
		       ((const struct yaml_pair *)b)->key->text);
}

static bool is_text(const struct dump *d, const struct yaml_node *key)
{
	return !key->plain || yaml_type_of(&d->types, key->text) == YAML_TYPE_TEXT;
}

/* The pairs in the order in which they are written; the caller frees them. */
static int order_pairs(const struct dump *d, const struct yaml_node *map, struct yaml_pair **out,
		       struct err **e)
{
	AUTO(free) struct yaml_pair *pairs = mem_alloc((map->n + 1) * sizeof(*pairs));
	for (size_t i = 0; i < map->n; i++) {
		pairs[i] = map->pairs[i];
		if (d->canonical && !is_text(d, pairs[i].key))
			return yaml_fail(d->yaml, pairs[i].key, e,
					 "the key \"%.*s\" is no text here; put it in quotes",
					 STR_ARG(pairs[i].key->text));
	}
	if (d->canonical && map->n)
		qsort(pairs, map->n, sizeof(*pairs), by_text);
	*out = STEAL(&pairs);
	return 0;
}

/* Texts and numbers are written again where they stand, dates are not. */
static struct anchor *anchor_of(const struct dump *d, const struct yaml_node *node)
{
	if (!node->alias || !d->yaml->aliases)
		return NULL;
	if (yaml_is_scalar(node) &&
	    (!node->plain || yaml_type_of(&d->types, node->text) != YAML_TYPE_TIME))
		return NULL;
	return &d->anchors[node->alias];
}

/* Numbers the anchors, in the order of writing. */
static int find_anchors(struct dump *d, const struct yaml_node *node, struct err **e)
{
	struct anchor *anchor = anchor_of(d, node);
	AUTO(free) struct yaml_pair *pairs = NULL;
	if (anchor && anchor->seen) {
		anchor->id = anchor->id ? anchor->id : ++d->ids;
		return 0;
	}
	if (anchor)
		anchor->seen = true;
	int status = node->kind == YAML_MAP ? order_pairs(d, node, &pairs, e) : 0;
	for (size_t i = 0; !yaml_is_scalar(node) && i < node->n && status == 0; i++)
		status = find_anchors(d, pairs ? pairs[i].value : node->items[i], e);
	return status;
}

static int put_node(struct dump *d, const struct yaml_node *node, bool in_map, struct err **e);

static int put_list(struct dump *d, const struct yaml_node *list, bool in_map, struct err **e)
{
	bool indentless = in_map && !d->indention;
	int status = 0;
	d->indent += indentless ? 0 : INDENT;
	for (size_t i = 0; i < list->n && status == 0; i++) {
		write_indent(d);
		indicator(d, "-", true, true);
		status = put_node(d, list->items[i], false, e);
	}
	d->indent -= indentless ? 0 : INDENT;
	return status;
}

static int put_key(struct dump *d, const struct yaml_node *key, struct err **e)
{
	bool breaks = memchr(key->text.p, '\n', key->text.n) != NULL;
	int status;
	write_indent(d);
	if (key->text.n > 0 && yaml_characters(key->text) < SIMPLE_KEY_MAX && !breaks) {
		d->in_key = true;
		status = put_scalar(d, key, e);
		d->in_key = false;
		indicator(d, ":", false, false);
		return status;
	}
	indicator(d, "?", true, true);
	status = put_scalar(d, key, e);
	write_indent(d);
	indicator(d, ":", true, true);
	return status;
}

static int put_map(struct dump *d, const struct yaml_node *map, struct err **e)
{
	AUTO(free) struct yaml_pair *pairs = NULL;
	int status = order_pairs(d, map, &pairs, e);
	d->indent += INDENT;
	for (size_t i = 0; i < map->n && status == 0; i++) {
		status = put_key(d, pairs[i].key, e);
		if (status == 0)
			status = put_node(d, pairs[i].value, true, e);
	}
	d->indent -= INDENT;
	return status;
}

static void put_anchor(struct dump *d, char sign, unsigned id)
{
	AUTO(buf_done) struct buf text = BUF(32);
	buf_printf(&text, "%cid%03u", sign, id);
	indicator(d, text.data, true, false);
}

static int put_node(struct dump *d, const struct yaml_node *node, bool in_map, struct err **e)
{
	struct anchor *anchor = anchor_of(d, node);
	if (anchor && anchor->id) {
		put_anchor(d, anchor->written ? '*' : '&', anchor->id);
		if (anchor->written)
			return 0;
		anchor->written = true;
	}
	if (yaml_is_scalar(node))
		return put_scalar(d, node, e);
	if (node->n == 0)
		indicator(d, node->kind == YAML_LIST ? "[]" : "{}", true, false);
	else if (node->kind == YAML_LIST)
		return put_list(d, node, in_map, e);
	else
		return put_map(d, node, e);
	return 0;
}

static int dump(struct dump *d, const struct yaml_node *root, struct err **e)
{
	AUTO(free) struct anchor *anchors = mem_zero(d->yaml->aliases + 1, sizeof(*anchors));
	AUTO(yaml_types_close) struct yaml_types types = {0};
	yaml_types_open(&types);
	d->types = types;
	d->anchors = anchors;
	d->whitespace = d->indention = true;
	int status = find_anchors(d, root, e);
	if (status == 0)
		status = put_node(d, root, false, e);
	if (status == 0 && d->column)
		line_break(d);
	return status;
}

int yaml_dump(const struct yaml *y, const struct yaml_node *root, bool canonical, struct buf *out,
	      struct err **e)
{
	/* What is outermost is not indented. */
	struct dump d = {.yaml = y, .out = out, .canonical = canonical, .indent = -INDENT};
	return dump(&d, root, e);
}

int yaml_dump_below(const struct yaml *y, const struct yaml_node *part, unsigned indent,
		    struct buf *out, struct err **e)
{
	struct dump d = {.yaml = y, .out = out, .canonical = true, .indent = (int)indent - INDENT};
	return dump(&d, part, e);
}
