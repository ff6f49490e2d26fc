/* specs/versionspec.c - version expressions: or, and, clauses. */
#include "specs/versionspec.h"
#include <ctype.h>

enum { DEPTH_MAX = 32 };

struct reader {
	struct arena *arena;
	struct str rest;
	unsigned depth;
	struct err **e;
};

static void skip_blanks(struct reader *r)
{
	while (r->rest.n && isblank((unsigned char)r->rest.p[0]))
		r->rest = str_from(r->rest, 1);
}

static bool next_is(const struct reader *r, char c)
{
	return r->rest.n && r->rest.p[0] == c;
}

static struct versionspec *node(struct reader *r, enum version_op op)
{
	struct versionspec *v = arena_zero(r->arena, 1, sizeof(*v));
	v->op = op;
	return v;
}

/* ---- one clause ---- */

static const struct operator_row {
	const char *text;
	enum version_op op;
	/* What it means with a version that ends in `.*`, rattler's way; -1: an error. */
	int with_star;
	bool star_alone; /* `OP*` is any version */
} operators[] = {
	{"==", VERSION_EQ, VERSION_EQ, true},
	{"!=", VERSION_NE, VERSION_NOT_PREFIX, false},
	{"<=", VERSION_LE, VERSION_LE, true},
	{">=", VERSION_GE, VERSION_GE, true},
	{"~=", VERSION_COMPATIBLE, VERSION_COMPATIBLE, true},
	{"=", VERSION_PREFIX, VERSION_PREFIX, true},
	{"<", VERSION_LT, VERSION_LT, false},
	{">", VERSION_GT, VERSION_GE, false},
	{"", VERSION_EQ, VERSION_PREFIX, true},
};

static int read_operator(struct reader *r, const struct operator_row **out)
{
	size_t n = 0;
	while (n < r->rest.n && strchr("=<>!~", r->rest.p[n]))
		n++;
	for (size_t i = 0; i < COUNT(operators); i++)
		if (str_is(str_to(r->rest, n), operators[i].text)) {
			*out = &operators[i];
			r->rest = str_from(r->rest, n);
			return 0;
		}
	return err_set(r->e, ERR_SYNTAX,
		       "\"%.*s\" is no operator; there are == = != < <= > >= ~=", (int)n,
		       r->rest.p);
}

/* The version's text: up to a separator, a blank, `=` or an operator. */
static struct str take_word(struct reader *r)
{
	size_t n = 0;
	if (next_is(r, '^')) { /* a regex may hold anything, and ends with `$` */
		n = str_find(r->rest, '$');
		n = n < r->rest.n ? n + 1 : 0;
	}
	while (n < r->rest.n && !strchr(",|() \t=<>~", r->rest.p[n]))
		n++;
	struct str word = str_to(r->rest, n);
	r->rest = str_from(r->rest, n);
	return word;
}

/* The length without a closing `*`, `.*` or `.*.*`. What then still holds a star is a glob. */
static size_t without_stars(struct str word)
{
	size_t n = word.n;
	while (n > 2 && str_ends(str_to(word, n), ".*"))
		n -= 2;
	if (n == word.n || n == 1)
		n -= n && word.p[n - 1] == '*';
	return n;
}

/* A glob is a version in which stars stand for something: with digits in their place it is
 * one. So text that went astray is not taken for a glob. */
static bool is_glob(struct arena *a, struct str word)
{
	const struct version *v;
	char *copy = arena_copy(a, word.p, word.n);
	for (size_t i = 0; i < word.n; i++)
		if (copy[i] == '*')
			copy[i] = '1';
	return version_parse(a, (struct str){copy, word.n}, &v, NULL) == 0;
}

static int read_pattern(struct reader *r, const struct operator_row *op, struct str word,
			struct versionspec **out)
{
	bool regex = word.p[0] == '^';
	if (op->op != VERSION_EQ && op->op != VERSION_NE && op->op != VERSION_PREFIX)
		return err_set(r->e, ERR_SYNTAX, "\"%.*s\" cannot stand behind %s", STR_ARG(word),
			       op->text);
	if (regex && word.p[word.n - 1] != '$')
		return err_set(r->e, ERR_SYNTAX,
			       "'^' begins a regular expression, which ends in '$'");
	if (!regex && !is_glob(r->arena, word))
		return err_set(r->e, ERR_SYNTAX, "\"%.*s\" is no version with '*' in it",
			       STR_ARG(word));
	*out = node(r, op->op == VERSION_NE ? VERSION_NOT_TEXT : VERSION_TEXT);
	(*out)->text = arena_str(r->arena, word);
	return textmatch_read(r->arena, word, &(*out)->pattern, r->e);
}

/* Letters small and numbers without zeros in front: one text for what is one version. */
static struct str plain_version(struct arena *a, struct str text)
{
	char *to = arena_alloc(a, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		bool digit_follows = i + 1 < text.n && isdigit((unsigned char)text.p[i + 1]);
		if (text.p[i] == '0' && digit_follows && !(n && isdigit((unsigned char)to[n - 1])))
			continue;
		to[n++] = (char)tolower((unsigned char)text.p[i]);
	}
	return (struct str){to, n};
}

static int read_plain(struct reader *r, const struct operator_row *op, struct str word,
		      struct versionspec **out)
{
	size_t n = without_stars(word);
	bool star = n < word.n;
	if (star && n == 0) {
		if (!op->star_alone)
			return err_set(r->e, ERR_SYNTAX, "%s* matches nothing", op->text);
		*out = node(r, VERSION_ANY);
		return 0;
	}
	*out = node(r, star ? (enum version_op)op->with_star : op->op);
	word = str_to(word, n);
	(*out)->text = plain_version(r->arena, word);
	return version_parse(r->arena, word, &(*out)->version, r->e);
}

static int read_clause(struct reader *r, struct versionspec **out)
{
	const struct operator_row *op = NULL;
	int code = read_operator(r, &op);
	if (code < 0)
		return code;
	skip_blanks(r);
	struct reader before = *r;
	struct str word = take_word(r);
	if (word.n == 0)
		code = err_set(r->e, ERR_SYNTAX, "a version is missing%s%s",
			       *op->text ? " behind " : "", op->text);
	else if (word.p[0] == '^' ||
		 str_find(str_to(word, without_stars(word)), '*') < without_stars(word))
		code = read_pattern(r, op, word, out);
	else
		code = read_plain(r, op, word, out);
	if (code < 0)
		r->rest = before.rest; /* the place of the fault */
	return code;
}

/* ---- the expression ---- */

static int read_or(struct reader *r, struct versionspec **out);

static int read_group(struct reader *r, struct versionspec **out)
{
	if (!next_is(r, '('))
		return read_clause(r, out);
	if (++r->depth > DEPTH_MAX)
		return err_set(r->e, ERR_SYNTAX, "too many parentheses");
	r->rest = str_from(r->rest, 1);
	int code = read_or(r, out);
	if (code < 0)
		return code;
	skip_blanks(r);
	if (!next_is(r, ')'))
		return err_set(r->e, ERR_SYNTAX, "a ) is missing");
	r->rest = str_from(r->rest, 1);
	r->depth--;
	return 0;
}

/* Members joined by `separator`; a single one stands for itself. */
static int read_list(struct reader *r, char separator, enum version_op op,
		     int (*member)(struct reader *r, struct versionspec **out),
		     struct versionspec **out)
{
	struct versionspec *list = NULL, *last = NULL;
	for (;;) {
		struct versionspec *one;
		skip_blanks(r);
		int code = member(r, &one);
		if (code < 0)
			return code;
		struct reader after = *r;
		skip_blanks(&after);
		bool more = next_is(&after, separator);
		if (!list && !more) {
			*out = one;
			return 0;
		}
		if (!list) {
			list = node(r, op);
			list->first = one;
		} else {
			last->next = one;
		}
		last = one;
		if (!more)
			break;
		r->rest = str_from(after.rest, 1);
	}
	*out = list;
	return 0;
}

static int read_and(struct reader *r, struct versionspec **out)
{
	return read_list(r, ',', VERSION_AND, read_group, out);
}

static int read_or(struct reader *r, struct versionspec **out)
{
	return read_list(r, '|', VERSION_OR, read_and, out);
}

int versionspec_read(struct arena *a, struct str *text, const struct versionspec **out,
		     struct err **e)
{
	struct err *why = NULL;
	struct reader r = {.arena = a, .rest = *text, .e = &why};
	struct versionspec *made;
	int code = memchr(text->p ? text->p : "", 0, text->n)
			   ? err_set(&why, ERR_SYNTAX, "it holds a zero byte")
			   : read_or(&r, &made);
	*text = r.rest;
	if (code < 0) {
		if (e) {
			err_clear(e);
			*e = why;
		} else {
			err_free(why);
		}
		return code;
	}
	*out = made;
	return 0;
}

/* ---- matching ---- */

static bool match_list(const struct versionspec *v, const struct version *version,
		       struct str version_text)
{
	bool all = v->op == VERSION_AND;
	for (const struct versionspec *c = v->first; c; c = c->next)
		if (versionspec_matches(c, version, version_text) != all)
			return !all;
	return all;
}

bool versionspec_matches(const struct versionspec *v, const struct version *version,
			 struct str version_text)
{
	switch (v->op) {
	case VERSION_ANY:
		return true;
	case VERSION_EQ:
		return version_compare(version, v->version) == 0;
	case VERSION_NE:
		return version_compare(version, v->version) != 0;
	case VERSION_LT:
		return version_compare(version, v->version) < 0;
	case VERSION_LE:
		return version_compare(version, v->version) <= 0;
	case VERSION_GT:
		return version_compare(version, v->version) > 0;
	case VERSION_GE:
		return version_compare(version, v->version) >= 0;
	case VERSION_PREFIX:
		return version_starts_with(version, v->version);
	case VERSION_NOT_PREFIX:
		return !version_starts_with(version, v->version);
	case VERSION_COMPATIBLE:
		return version_compatible(version, v->version);
	case VERSION_TEXT:
		return textmatch_matches(&v->pattern, version_text);
	case VERSION_NOT_TEXT:
		return !textmatch_matches(&v->pattern, version_text);
	case VERSION_AND:
	case VERSION_OR:
		return match_list(v, version, version_text);
	}
	return false;
}

/* ---- writing ---- */

static void write_list(const struct versionspec *v, struct buf *out)
{
	for (const struct versionspec *c = v->first; c; c = c->next) {
		bool group = v->op == VERSION_AND && c->op == VERSION_OR;
		if (c != v->first)
			buf_add_char(out, v->op == VERSION_AND ? ',' : '|');
		if (group)
			buf_add_char(out, '(');
		versionspec_write(c, out);
		if (group)
			buf_add_char(out, ')');
	}
}

void versionspec_write(const struct versionspec *v, struct buf *out)
{
	static const char *const before[] = {
		[VERSION_ANY] = "*",	     [VERSION_EQ] = "==",   [VERSION_NE] = "!=",
		[VERSION_LT] = "<",	     [VERSION_LE] = "<=",   [VERSION_GT] = ">",
		[VERSION_GE] = ">=",	     [VERSION_PREFIX] = "", [VERSION_NOT_PREFIX] = "!=",
		[VERSION_COMPATIBLE] = "~=", [VERSION_TEXT] = "",   [VERSION_NOT_TEXT] = "!=",
	};
	if (v->op == VERSION_AND || v->op == VERSION_OR) {
		write_list(v, out);
		return;
	}
	buf_printf(out, "%s%.*s%s", before[v->op], STR_ARG(v->text),
		   v->op == VERSION_PREFIX || v->op == VERSION_NOT_PREFIX ? ".*" : "");
}
