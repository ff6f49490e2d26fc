/* specs/pyimports.c - which modules a Python source imports.
 *
 * Logical lines (Language Reference, 2.1) are taken one after the other: strings are skipped, lines
 * are joined within brackets and behind a backslash. Blocks are told by their indentation, as far
 * as they matter: `try` and `if TYPE_CHECKING`. */
#include "specs/pyimports.h"

enum { DEPTH_MAX = 100, TAB = 8 };

enum block_kind { BLOCK_TRY, BLOCK_TYPING };

struct block {
	enum block_kind kind;
	unsigned indent;
	size_t first; /* of the imports in it */
	bool catches;
};

struct scanner {
	struct str text;
	size_t at;
	unsigned line;
	struct pyimports *out;
	struct block blocks[DEPTH_MAX];
	size_t depth;
};

void pyimports_done(struct pyimports *p)
{
	VEC_DONE(&p->list);
}

/* ---- characters ---- */

static char now(const struct scanner *s)
{
	return s->at < s->text.n ? s->text.p[s->at] : 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

static void step(struct scanner *s)
{
	s->line += now(s) == '\n';
	s->at++;
}

/* From the quote that begins it. One that its line does not end is no longer than the line. */
static void skip_string(struct scanner *s)
{
	char quote = now(s);
	struct str rest = str_from(s->text, s->at);
	bool triple = rest.n >= 3 && rest.p[1] == quote && rest.p[2] == quote;
	for (int i = 0; i < (triple ? 3 : 1); i++)
		step(s);
	while (s->at < s->text.n) {
		rest = str_from(s->text, s->at);
		if (rest.p[0] == '\\' && rest.n > 1) {
			step(s);
		} else if (rest.p[0] == quote && !triple) {
			step(s);
			return;
		} else if (triple && rest.n >= 3 && rest.p[0] == quote && rest.p[1] == quote &&
			   rest.p[2] == quote) {
			s->at += 3;
			return;
		} else if (rest.p[0] == '\n' && !triple) {
			return;
		}
		step(s);
	}
}

static void skip_comment(struct scanner *s)
{
	while (s->at < s->text.n && now(s) != '\n')
		s->at++;
}

/* ---- words of one logical line ---- */

/* The length of a backslash with the end of its line, which joins the next one; else 0. */
static size_t joins(const struct scanner *s)
{
	struct str rest = str_from(s->text, s->at);
	return str_starts(rest, "\\\n") ? 2 : str_starts(rest, "\\\r\n") ? 3 : 0;
}

static void skip_blanks(struct scanner *s)
{
	for (;;) {
		size_t n = joins(s);
		s->line += n > 0;
		if (!n && (!now(s) || !strchr(" \t\f\r", now(s))))
			return;
		s->at += n ? n : 1;
	}
}

static struct str take_word(struct scanner *s)
{
	size_t from = s->at;
	while (s->at < s->text.n && is_letter(now(s)))
		s->at++;
	return str_to(str_from(s->text, from), s->at - from);
}

/* What stands before the next part of the line that counts: `;`, a `:` outside of brackets, or its
 * end. Answers that letter, 0 for the end. *words: whether one of the words stands there. */
static char skip_statement(struct scanner *s, const char *const *words, size_t count, bool *found)
{
	int brackets = 0;
	while (s->at < s->text.n) {
		char c = now(s);
		if (joins(s)) {
			skip_blanks(s);
		} else if (c == '\n' && brackets == 0) {
			return 0;
		} else if (c == '#') {
			skip_comment(s);
		} else if (c == '"' || c == '\'') {
			skip_string(s);
		} else if (is_letter(c)) {
			struct str word = take_word(s);
			for (size_t i = 0; i < count; i++)
				*found |= str_is(word, words[i]);
		} else if (brackets == 0 && (c == ';' || c == ':')) {
			return c;
		} else {
			brackets += (strchr("([{", c) != NULL) - (strchr(")]}", c) != NULL);
			brackets = brackets < 0 ? 0 : brackets;
			step(s);
		}
	}
	return 0;
}

static char skip_to_end(struct scanner *s)
{
	bool found = false;
	return skip_statement(s, NULL, 0, &found);
}

/* ---- blocks ---- */

static void end_block(struct scanner *s)
{
	const struct block *b = &s->blocks[--s->depth];
	if (b->kind == BLOCK_TYPING || b->catches)
		s->out->list.n = b->first;
}

/* A statement at this indentation ends the blocks that are not above it; a further clause of a
 * block does not end that one. */
static void leave_blocks(struct scanner *s, unsigned indent, bool clause)
{
	while (s->depth) {
		const struct block *b = &s->blocks[s->depth - 1];
		bool goes_on = clause && b->indent == indent && b->kind == BLOCK_TRY;
		if (b->indent < indent || goes_on)
			return;
		end_block(s);
	}
}

static void begin_block(struct scanner *s, enum block_kind kind, unsigned indent)
{
	if (s->depth < DEPTH_MAX)
		s->blocks[s->depth++] = (struct block){kind, indent, s->out->list.n, false};
}

/* ---- statements ---- */

static void add_import(struct scanner *s, struct str name, unsigned line)
{
	if (name.n && !(name.p[0] >= '0' && name.p[0] <= '9'))
		VEC_PUSH(&s->out->list, ((struct pyimport){name, line}));
}

/* `import a.b as c, d` */
static void read_import(struct scanner *s)
{
	bool more = true;
	while (more) {
		skip_blanks(s);
		unsigned line = s->line;
		add_import(s, take_word(s), line);
		while (s->at < s->text.n && now(s) != ',' && now(s) != ';' && now(s) != '\n' &&
		       now(s) != '#' && !joins(s))
			s->at++;
		skip_blanks(s);
		more = now(s) == ',';
		s->at += more;
	}
}

/* `from a.b import c`; with dots in front it is of the package itself. */
static void read_from(struct scanner *s)
{
	skip_blanks(s);
	unsigned line = s->line;
	struct str name = take_word(s);
	while (now(s) == '.' || is_letter(now(s)))
		s->at++;
	skip_blanks(s);
	if (str_is(take_word(s), "import"))
		add_import(s, name, line);
}

/* The bare `except:` catches everything as well. */
static void read_except(struct scanner *s, unsigned indent)
{
	static const char *const errors[] = {"ImportError", "ModuleNotFoundError", "Exception",
					     "BaseException"};
	bool found = false;
	skip_blanks(s);
	if (now(s) == ':')
		found = true;
	else
		skip_statement(s, errors, COUNT(errors), &found);
	if (s->depth && found && s->blocks[s->depth - 1].indent == indent)
		s->blocks[s->depth - 1].catches = true;
}

static void read_if(struct scanner *s, unsigned indent)
{
	static const char *const typing[] = {"TYPE_CHECKING"};
	static const char *const turned[] = {"not", "or"};
	struct scanner before = *s;
	bool found = false, other = false;
	skip_statement(s, typing, COUNT(typing), &found);
	skip_statement(&before, turned, COUNT(turned), &other);
	if (found && !other)
		begin_block(s, BLOCK_TYPING, indent);
}

static bool is_clause(struct str word)
{
	static const char *const clauses[] = {"except", "else", "finally"};
	for (size_t i = 0; i < COUNT(clauses); i++)
		if (str_is(word, clauses[i]))
			return true;
	return false;
}

static void read_statement(struct scanner *s, unsigned indent, bool first)
{
	struct str word = take_word(s);
	if (first)
		leave_blocks(s, indent, is_clause(word));
	if (str_is(word, "import"))
		read_import(s);
	else if (str_is(word, "from"))
		read_from(s);
	else if (str_is(word, "try"))
		begin_block(s, BLOCK_TRY, indent);
	else if (str_is(word, "except"))
		read_except(s, indent);
	else if (str_is(word, "if") || str_is(word, "elif"))
		read_if(s, indent);
}

static unsigned take_indent(struct scanner *s)
{
	unsigned indent = 0;
	for (; now(s) == ' ' || now(s) == '\t' || now(s) == '\f'; s->at++)
		indent = now(s) == ' ' ? indent + 1 : now(s) == '\t' ? (indent / TAB + 1) * TAB : 0;
	return indent;
}

/* The statements of a line, behind `;` and behind the `:` of a clause. */
static void read_line(struct scanner *s)
{
	unsigned indent = take_indent(s);
	bool empty = s->at >= s->text.n || now(s) == '\n' || now(s) == '#' || now(s) == '\r';
	for (bool first = true, more = !empty; more; first = false) {
		skip_blanks(s);
		read_statement(s, indent, first);
		more = skip_to_end(s) != 0;
		s->at += more;
	}
	if (empty)
		skip_comment(s);
	if (s->at < s->text.n)
		step(s);
}

void pyimports_read(struct str text, struct pyimports *out)
{
	struct scanner s = {.text = text, .line = 1, .out = out};
	if (str_starts(text, "\xef\xbb\xbf"))
		s.at = 3;
	while (s.at < text.n)
		read_line(&s);
	while (s.depth)
		end_block(&s);
}
