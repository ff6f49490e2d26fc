/* specs/marker.c - environment markers: grammar, evaluation. */
#include "specs/marker.h"
#include "specs/pyname.h"
#include "specs/pyversion.h"
#include <ctype.h>

enum { DEPTH_MAX = 32 };

enum node_kind { NODE_OR, NODE_AND, NODE_COMPARE };

enum compare_op {
	OP_TEXT,
	OP_EQ,
	OP_COMPATIBLE,
	OP_NE,
	OP_LE,
	OP_GE,
	OP_LT,
	OP_GT,
	OP_IN,
	OP_NOT_IN
};

struct operand {
	bool is_variable;
	enum marker_variable variable;
	struct str text; /* of a literal */
};

struct marker {
	enum node_kind kind;
	const struct marker *first, *next; /* children of OR and AND; siblings */
	struct operand left, right;	   /* of COMPARE */
	enum compare_op op;
	struct pyspecifier specifier; /* op and right side, when those are one */
	bool is_specifier;
};

/* Names as they are written today come first. */
static const struct variable_row {
	const char *name;
	enum marker_variable variable;
} variables[] = {
	{"os_name", MARKER_OS_NAME},
	{"sys_platform", MARKER_SYS_PLATFORM},
	{"platform_machine", MARKER_PLATFORM_MACHINE},
	{"platform_python_implementation", MARKER_PLATFORM_PYTHON_IMPLEMENTATION},
	{"platform_release", MARKER_PLATFORM_RELEASE},
	{"platform_system", MARKER_PLATFORM_SYSTEM},
	{"platform_version", MARKER_PLATFORM_VERSION},
	{"python_version", MARKER_PYTHON_VERSION},
	{"python_full_version", MARKER_PYTHON_FULL_VERSION},
	{"implementation_name", MARKER_IMPLEMENTATION_NAME},
	{"implementation_version", MARKER_IMPLEMENTATION_VERSION},
	{"extra", MARKER_EXTRA},
	{"os.name", MARKER_OS_NAME},
	{"sys.platform", MARKER_SYS_PLATFORM},
	{"platform.version", MARKER_PLATFORM_VERSION},
	{"platform.machine", MARKER_PLATFORM_MACHINE},
	{"platform.python_implementation", MARKER_PLATFORM_PYTHON_IMPLEMENTATION},
	{"python_implementation", MARKER_PLATFORM_PYTHON_IMPLEMENTATION},
};

/* In the order of enum compare_op, the longer before what it begins with. */
static const char *const op_texts[] = {
	"===", "==", "~=", "!=", "<=", ">=", "<", ">", "in", "not in"};

/* ---- reading ---- */

struct reader {
	struct arena *arena;
	struct str rest;
	unsigned depth;
	struct err **e;
};

static void skip_blanks(struct reader *r)
{
	while (r->rest.n && (r->rest.p[0] == ' ' || r->rest.p[0] == '\t'))
		r->rest = str_from(r->rest, 1);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The word is next, and ends there. */
static bool take_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);
	if (!str_starts(r->rest, word) || (r->rest.n > n && is_word(r->rest.p[n])))
		return false;
	r->rest = str_from(r->rest, n);
	return true;
}

static int wanted(struct reader *r, const char *what)
{
	if (r->rest.n == 0)
		return err_set(r->e, ERR_SYNTAX, "%s is wanted at the end of the marker", what);
	return err_set(r->e, ERR_SYNTAX, "%s is wanted in the marker, before \"%.*s\"", what,
		       STR_ARG(r->rest));
}

static int read_literal(struct reader *r, struct operand *out)
{
	struct str inside = str_from(r->rest, 1);
	size_t n = str_find(inside, r->rest.p[0]);
	if (n == inside.n)
		return wanted(r, "a closing quote");
	*out = (struct operand){.text = arena_str(r->arena, str_to(inside, n))};
	r->rest = str_from(inside, n + 1);
	return 0;
}

static int read_operand(struct reader *r, struct operand *out)
{
	skip_blanks(r);
	if (r->rest.n && (r->rest.p[0] == '"' || r->rest.p[0] == '\''))
		return read_literal(r, out);
	for (size_t i = 0; i < COUNT(variables); i++)
		if (take_word(r, variables[i].name)) {
			*out = (struct operand){true, variables[i].variable, {0}};
			return 0;
		}
	return wanted(r, "a variable or a text in quotes");
}

static int read_op(struct reader *r, enum compare_op *out)
{
	skip_blanks(r);
	for (size_t i = 0; i < OP_IN; i++)
		if (str_starts(r->rest, op_texts[i])) {
			r->rest = str_from(r->rest, strlen(op_texts[i]));
			*out = (enum compare_op)i;
			return 0;
		}
	struct str from = r->rest;
	bool negated = take_word(r, "not");
	size_t blanks = r->rest.n;
	if (negated)
		skip_blanks(r);
	if ((!negated || blanks != r->rest.n) && take_word(r, "in")) {
		*out = negated ? OP_NOT_IN : OP_IN;
		return 0;
	}
	r->rest = from;
	return wanted(r, "a comparison (== != <= >= < > ~= ===, in, not in)");
}

/* What the right side must be for versions to be compared. */
static void find_specifier(struct reader *r, struct marker *m)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	if (m->op >= OP_IN || m->right.is_variable)
		return;
	buf_printf(&text, "%s%.*s", op_texts[m->op], STR_ARG(str_trim(m->right.text)));
	struct str rest = buf_str(&text);
	m->is_specifier = pyspecifier_read(r->arena, &rest, &m->specifier, NULL) == 0 && !rest.n;
}

static int read_compare(struct reader *r, struct marker **out)
{
	struct marker *m = arena_zero(r->arena, 1, sizeof(*m));
	m->kind = NODE_COMPARE;
	int code = read_operand(r, &m->left);
	if (code == 0)
		code = read_op(r, &m->op);
	if (code == 0)
		code = read_operand(r, &m->right);
	if (code < 0)
		return code;
	if (!m->left.is_variable && !m->right.is_variable)
		return err_set(r->e, ERR_SYNTAX,
			       "a marker compares a variable, not \"%.*s\" with \"%.*s\"",
			       STR_ARG(m->left.text), STR_ARG(m->right.text));
	find_specifier(r, m);
	*out = m;
	return 0;
}

static int read_or(struct reader *r, struct marker **out);

static int read_atom(struct reader *r, struct marker **out)
{
	skip_blanks(r);
	if (!r->rest.n || r->rest.p[0] != '(')
		return read_compare(r, out);
	if (++r->depth > DEPTH_MAX)
		return err_set(r->e, ERR_SYNTAX, "brackets stand deeper than %d", DEPTH_MAX);
	r->rest = str_from(r->rest, 1);
	int code = read_or(r, out);
	if (code < 0)
		return code;
	if (!r->rest.n || r->rest.p[0] != ')')
		return wanted(r, "a closing bracket");
	r->rest = str_from(r->rest, 1);
	r->depth--;
	return 0;
}

/* `child WORD child ...`; one child alone stands for itself. */
static int read_list(struct reader *r, enum node_kind kind, const char *word,
		     int (*read_child)(struct reader *, struct marker **), struct marker **out)
{
	struct marker *list = NULL, *last;
	int code = read_child(r, &last);
	*out = last;
	for (skip_blanks(r); code == 0 && take_word(r, word); skip_blanks(r)) {
		if (!list) {
			list = arena_zero(r->arena, 1, sizeof(*list));
			*list = (struct marker){.kind = kind, .first = last};
		}
		struct marker *child;
		if ((code = read_child(r, &child)) < 0)
			return code;
		last->next = child;
		last = child;
	}
	if (list)
		*out = list;
	return code;
}

static int read_and(struct reader *r, struct marker **out)
{
	return read_list(r, NODE_AND, "and", read_atom, out);
}

static int read_or(struct reader *r, struct marker **out)
{
	return read_list(r, NODE_OR, "or", read_and, out);
}

int marker_parse(struct arena *a, struct str text, const struct marker **out, struct err **e)
{
	struct reader r = {a, text, 0, e};
	struct marker *m;
	int code = read_or(&r, &m);
	if (code < 0)
		return code;
	if (r.rest.n)
		return wanted(&r, "\"and\", \"or\" or the end");
	*out = m;
	return 0;
}

/* ---- evaluation ---- */

static struct str value_of(const struct operand *o, const struct marker_environment *env)
{
	return o->is_variable ? env->values[o->variable] : o->text;
}

static bool contains(struct str s, struct str part)
{
	return part.n == 0 || (s.n && memmem(s.p, s.n, part.p, part.n));
}

static bool text_holds(struct str left, enum compare_op op, struct str right)
{
	int order = str_cmp(left, right);
	switch (op) {
	case OP_TEXT:
		return left.n == right.n &&
		       (left.n == 0 || strncasecmp(left.p, right.p, left.n) == 0);
	case OP_EQ:
		return order == 0;
	case OP_NE:
		return order != 0;
	case OP_LE:
		return order <= 0;
	case OP_GE:
		return order >= 0;
	case OP_LT:
		return order < 0;
	case OP_GT:
		return order > 0;
	case OP_IN:
		return contains(right, left);
	case OP_NOT_IN:
		return !contains(right, left);
	case OP_COMPATIBLE:
		break;
	}
	return false;
}

static bool is_extra(const struct marker *m)
{
	return (m->left.is_variable && m->left.variable == MARKER_EXTRA) ||
	       (m->right.is_variable && m->right.variable == MARKER_EXTRA);
}

/* Names of extras are compared as names of distributions are. */
static bool extra_holds(const struct marker *m, struct str left, struct str right)
{
	AUTO(arena_done) struct arena a = ARENA;
	return text_holds(pyname_normal(&a, left), m->op, pyname_normal(&a, right));
}

static bool compare_holds(const struct marker *m, const struct marker_environment *env)
{
	struct str left = value_of(&m->left, env), right = value_of(&m->right, env);
	AUTO(arena_done) struct arena a = ARENA;
	struct pyversion version;
	struct pyspecifier specifier = m->specifier;
	bool is_specifier = m->is_specifier;
	if (is_extra(m))
		return extra_holds(m, left, right);
	if (m->op < OP_IN && m->right.is_variable) {
		struct str text = arena_printf(&a, "%s%.*s", op_texts[m->op], STR_ARG(right));
		is_specifier = pyspecifier_read(&a, &text, &specifier, NULL) == 0 && !text.n;
	}
	if (!is_specifier || m->op == OP_TEXT)
		return text_holds(left, m->op, right);
	if (pyversion_parse(&a, left, &version, NULL) == 0)
		return pyspecifier_matches(&specifier, &version);
	return (m->op == OP_EQ || m->op == OP_NE) && text_holds(left, m->op, right);
}

bool marker_holds(const struct marker *m, const struct marker_environment *env)
{
	if (m->kind == NODE_COMPARE)
		return compare_holds(m, env);
	for (const struct marker *child = m->first; child; child = child->next)
		if (marker_holds(child, env) == (m->kind == NODE_OR))
			return m->kind == NODE_OR;
	return m->kind == NODE_AND;
}

/* ---- writing ---- */

static void write_operand(const struct operand *o, struct buf *out)
{
	if (o->is_variable) {
		buf_add_text(out, variables[o->variable].name);
		return;
	}
	char quote = str_find(o->text, '"') < o->text.n ? '\'' : '"';
	buf_printf(out, "%c%.*s%c", quote, STR_ARG(o->text), quote);
}

void marker_write(const struct marker *m, struct buf *out)
{
	if (m->kind == NODE_COMPARE) {
		write_operand(&m->left, out);
		buf_printf(out, " %s ", op_texts[m->op]);
		write_operand(&m->right, out);
		return;
	}
	for (const struct marker *child = m->first; child; child = child->next) {
		bool brackets = m->kind == NODE_AND && child->kind == NODE_OR;
		if (child != m->first)
			buf_add_text(out, m->kind == NODE_OR ? " or " : " and ");
		buf_add_text(out, brackets ? "(" : "");
		marker_write(child, out);
		buf_add_text(out, brackets ? ")" : "");
	}
}
