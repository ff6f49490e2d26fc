/* specs/license.c - license expressions, read by descent and written as they are read. */
#include "specs/license.h"
#include <strings.h>

enum { EXPRESSION_MAX = 4096, DEPTH_MAX = 16 };

struct reader {
	struct str rest;
	struct buf *out;
	unsigned depth;
};

static bool ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '(' || c == ')';
}

static struct str peek(struct reader *r)
{
	r->rest = str_trim(r->rest);
	size_t n = 0;
	while (n < r->rest.n && !ends_word(r->rest.p[n]))
		n++;
	return str_to(r->rest, n ? n : r->rest.n > 0);
}

static void step(struct reader *r, struct str word)
{
	r->rest = str_from(r->rest, word.n);
}

static bool is_word(struct str word, const char *text)
{
	return word.n == strlen(text) && strncasecmp(word.p, text, word.n) == 0;
}

static bool write_id(struct reader *r, const char *list, struct str wanted)
{
	struct str rest = str_of(list), id;
	while (rest.n) {
		str_cut(&rest, ' ', &id);
		if (id.n == wanted.n && strncasecmp(id.p, wanted.p, id.n) == 0) {
			buf_add_str(r->out, id);
			return true;
		}
	}
	return false;
}

/* ID, ID+, and either WITH an exception. */
static bool read_license(struct reader *r)
{
	struct str word = peek(r), bare = str_ends(word, "+") ? str_to(word, word.n - 1) : word;
	if (!bare.n || !write_id(r, license_ids, bare))
		return false;
	buf_add_text(r->out, bare.n < word.n ? "+" : "");
	step(r, word);
	if (!is_word(peek(r), "WITH"))
		return true;
	step(r, peek(r));
	buf_add_text(r->out, " WITH ");
	word = peek(r);
	if (!word.n || !write_id(r, license_exceptions, word))
		return false;
	step(r, word);
	return true;
}

static bool read_any(struct reader *r);

static bool read_group(struct reader *r)
{
	if (!is_word(peek(r), "("))
		return read_license(r);
	if (++r->depth > DEPTH_MAX)
		return false;
	step(r, STR("("));
	buf_add_char(r->out, '(');
	if (!read_any(r) || !is_word(peek(r), ")"))
		return false;
	step(r, STR(")"));
	buf_add_char(r->out, ')');
	r->depth--;
	return true;
}

static bool read_any(struct reader *r)
{
	static const char *const joints[] = {"AND", "OR"};
	for (;;) {
		const char *joint = NULL;
		if (!read_group(r))
			return false;
		for (size_t i = 0; i < COUNT(joints); i++)
			if (is_word(peek(r), joints[i]))
				joint = joints[i];
		if (!joint)
			return true;
		step(r, str_of(joint));
		buf_printf(r->out, " %s ", joint);
	}
}

bool license_write(struct str text, struct buf *out)
{
	AUTO(buf_done) struct buf written = BUF(2 * EXPRESSION_MAX);
	struct reader r = {.rest = text, .out = &written};
	if (text.n > EXPRESSION_MAX || !read_any(&r) || str_trim(r.rest).n)
		return false;
	buf_add_str(out, buf_str(&written));
	return true;
}
