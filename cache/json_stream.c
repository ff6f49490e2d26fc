/* json_stream.c - a lexer and the five places a JSON text can be in. */
#include "cache/json_stream.h"

enum { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, NEXT, DONE };
enum { LEX_NONE, LEX_STRING, LEX_ESCAPE, LEX_HEX, LEX_WORD };

void json_stream_init(struct json_stream *j,
		      int (*event)(void *, enum json_event, struct str, struct err **),
		      void *cookie)
{
	memset(j, 0, sizeof(*j));
	j->event = event;
	j->cookie = cookie;
	j->token = (struct buf)BUF(JSON_STREAM_TOKEN);
}

void json_stream_done(struct json_stream *j)
{
	buf_done(&j->token);
}

static int bad(struct json_stream *j, const char *what, struct err **e)
{
	return err_set(e, ERR_CORRUPT, "JSON: %s at byte %llu", what, (unsigned long long)j->at);
}

static void value_ends(struct json_stream *j)
{
	j->expect = j->depth ? NEXT : DONE;
}

static int emit(struct json_stream *j, enum json_event what, struct str text, struct err **e)
{
	return j->event(j->cookie, what, text, e);
}

static int string_ends(struct json_stream *j, struct str text, struct err **e)
{
	j->lex = LEX_NONE;
	if (j->expect == KEY || j->expect == KEY_OR_END) {
		j->expect = COLON;
		return emit(j, JSON_KEY, text, e);
	}
	value_ends(j);
	return emit(j, JSON_STRING, text, e);
}

static void add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_add_char(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_char(b, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_add_char(b, (char)(0xe0 | c >> 12));
		} else {
			buf_add_char(b, (char)(0xf0 | c >> 18));
			buf_add_char(b, (char)(0x80 | (c >> 12 & 63)));
		}
		buf_add_char(b, (char)(0x80 | (c >> 6 & 63)));
	}
	buf_add_char(b, (char)(0x80 | (c & 63)));
}

/* Half a surrogate pair without the other becomes U+FFFD, as most readers do. */
static void flush_high(struct json_stream *j)
{
	if (j->high)
		add_utf8(&j->token, 0xfffd);
	j->high = 0;
}

static void add_unit(struct json_stream *j, uint32_t c)
{
	bool low = c >= 0xdc00 && c < 0xe000;

	if (low && j->high) {
		add_utf8(&j->token, 0x10000 + ((j->high - 0xd800) << 10) + (c - 0xdc00));
		j->high = 0;
		return;
	}
	flush_high(j);
	if (c >= 0xd800 && c < 0xdc00)
		j->high = c;
	else
		add_utf8(&j->token, low ? 0xfffd : c);
}

static int feed_escape(struct json_stream *j, unsigned char c, struct err **e)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

	if (c == 'u') {
		j->lex = LEX_HEX;
		j->hex_left = 4;
		j->hex = 0;
		return 0;
	}
	const char *at = c ? strchr(from, c) : NULL;
	if (!at)
		return bad(j, "unknown escape", e);
	flush_high(j);
	buf_add_char(&j->token, to[at - from]);
	j->lex = LEX_STRING;
	return 0;
}

static int feed_hex(struct json_stream *j, unsigned char c, struct err **e)
{
	unsigned digit = c >= '0' && c <= '9'	? c - '0' + 0u
			 : c >= 'a' && c <= 'f' ? c - 'a' + 10u
			 : c >= 'A' && c <= 'F' ? c - 'A' + 10u
						: 16u;

	if (digit > 15)
		return bad(j, "not a hex digit", e);
	j->hex = j->hex << 4 | digit;
	if (--j->hex_left)
		return 0;
	add_unit(j, j->hex);
	j->lex = LEX_STRING;
	return 0;
}

/* Bytes up to the next quote, backslash or control character. */
static const unsigned char *plain_end(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p != '"' && *p != '\\' && *p >= 0x20)
		p++;
	return p;
}

/* Reads on in a string from p; answers how many bytes it took. */
static ptrdiff_t feed_string(struct json_stream *j, const unsigned char *p,
			     const unsigned char *end, struct err **e)
{
	const unsigned char *stop = plain_end(p, end);
	struct str piece = {(const char *)p, (size_t)(stop - p)};

	if (stop < end && *stop == '"' && !j->token.n && !j->high) {
		int r = string_ends(j, piece, e);
		return r < 0 ? r : stop + 1 - p;
	}
	if (piece.n)
		flush_high(j);
	buf_add_str(&j->token, piece);
	if (stop == end)
		return stop - p;
	if (*stop == '\\') {
		j->lex = LEX_ESCAPE;
		return stop + 1 - p;
	}
	if (*stop != '"')
		return bad(j, "control character in a string", e);
	flush_high(j);
	int r = buf_check(&j->token, "JSON string", e);
	if (r < 0)
		return r;
	r = string_ends(j, buf_str(&j->token), e);
	buf_clear(&j->token);
	return r < 0 ? r : stop + 1 - p;
}

static bool is_number(struct str s)
{
	size_t i = 0;

#define DIGITS                                                                                     \
	({                                                                                         \
		size_t digits_from = i;                                                            \
		while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')                                  \
			i++;                                                                       \
		i > digits_from;                                                                   \
	})
	i += s.n && s.p[0] == '-';
	bool zero = i < s.n && s.p[i] == '0';
	size_t from = i;
	if (!DIGITS || (zero && i > from + 1))
		return false;
	if (i < s.n && s.p[i] == '.') {
		i++;
		if (!DIGITS)
			return false;
	}
	if (i < s.n && (s.p[i] | 32) == 'e') {
		i++;
		i += i < s.n && (s.p[i] == '+' || s.p[i] == '-');
		if (!DIGITS)
			return false;
	}
#undef DIGITS
	return i == s.n;
}

static int word_ends(struct json_stream *j, struct str word, struct err **e)
{
	static const struct {
		struct str word;
		enum json_event event;
	} words[] = {
		{{"true", 4}, JSON_TRUE}, {{"false", 5}, JSON_FALSE}, {{"null", 4}, JSON_NULL}};

	j->lex = LEX_NONE;
	value_ends(j);
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(word, words[i].word))
			return emit(j, words[i].event, (struct str){0}, e);
	if (!is_number(word))
		return bad(j, "neither a number nor true, false or null", e);
	return emit(j, JSON_NUMBER, word, e);
}

static bool is_word(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '+' || c == '.';
}

static ptrdiff_t feed_word(struct json_stream *j, const unsigned char *p, const unsigned char *end,
			   struct err **e)
{
	const unsigned char *stop = p;

	while (stop < end && is_word(*stop))
		stop++;
	struct str piece = {(const char *)p, (size_t)(stop - p)};
	if (stop < end && !j->token.n) {
		int r = word_ends(j, piece, e);
		return r < 0 ? r : stop - p;
	}
	if (j->token.n + piece.n > 4096)
		return bad(j, "a number too long", e);
	buf_add_str(&j->token, piece);
	if (stop == end)
		return stop - p;
	int r = word_ends(j, buf_str(&j->token), e);
	buf_clear(&j->token);
	return r < 0 ? r : stop - p;
}

static int open_bracket(struct json_stream *j, unsigned char c, struct err **e)
{
	if (j->expect != VALUE && j->expect != VALUE_OR_END)
		return bad(j, "a value where none belongs", e);
	if (j->depth == JSON_STREAM_DEPTH)
		return bad(j, "nested too deeply", e);
	j->stack[j->depth++] = c;
	j->expect = c == '{' ? KEY_OR_END : VALUE_OR_END;
	return emit(j, c == '{' ? JSON_OBJECT : JSON_ARRAY, (struct str){0}, e);
}

static int close_bracket(struct json_stream *j, unsigned char c, struct err **e)
{
	bool object = c == '}';
	unsigned empty = object ? KEY_OR_END : VALUE_OR_END;

	if (!j->depth || (j->stack[j->depth - 1] == '{') != object ||
	    (j->expect != NEXT && j->expect != empty))
		return bad(j, "a bracket that closes nothing", e);
	j->depth--;
	value_ends(j);
	return emit(j, object ? JSON_OBJECT_END : JSON_ARRAY_END, (struct str){0}, e);
}

static int feed_mark(struct json_stream *j, unsigned char c, struct err **e)
{
	switch (c) {
	case '{':
	case '[':
		return open_bracket(j, c, e);
	case '}':
	case ']':
		return close_bracket(j, c, e);
	case ',':
		if (j->expect != NEXT)
			return bad(j, "a comma too many", e);
		j->expect = j->stack[j->depth - 1] == '{' ? KEY : VALUE;
		return 0;
	case ':':
		if (j->expect != COLON)
			return bad(j, "a colon too many", e);
		j->expect = VALUE;
		return 0;
	case '"':
		if (j->expect > KEY_OR_END)
			return bad(j, "a string where none belongs", e);
		j->lex = LEX_STRING;
		return 0;
	default:
		return bad(j, "an unexpected byte", e);
	}
}

static ptrdiff_t feed_some(struct json_stream *j, const unsigned char *p, const unsigned char *end,
			   struct err **e)
{
	int r = 0;

	switch (j->lex) {
	case LEX_STRING:
		return feed_string(j, p, end, e);
	case LEX_WORD:
		return feed_word(j, p, end, e);
	case LEX_ESCAPE:
		r = feed_escape(j, *p, e);
		break;
	case LEX_HEX:
		r = feed_hex(j, *p, e);
		break;
	default:
		if (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
			return 1;
		if (is_word(*p)) {
			if (j->expect != VALUE && j->expect != VALUE_OR_END)
				return bad(j, "a value where none belongs", e);
			j->lex = LEX_WORD;
			return 0;
		}
		r = feed_mark(j, *p, e);
	}
	return r < 0 ? r : 1;
}

int json_stream_feed(struct json_stream *j, const void *p, size_t n, struct err **e)
{
	const unsigned char *at = p, *end = at + n;

	j->pause = false;
	while (at < end && !j->pause) {
		ptrdiff_t took = feed_some(j, at, end, e);
		if (took < 0)
			return (int)took;
		at += took;
		j->at += (uint64_t)took;
	}
	return 0;
}

bool json_stream_at_member(const struct json_stream *j, bool *out_first)
{
	bool object = j->depth && j->stack[j->depth - 1] == '{' && j->lex == LEX_NONE;

	*out_first = j->expect != NEXT;
	return object && (j->expect == NEXT || j->expect == KEY || j->expect == KEY_OR_END);
}

void json_stream_skip(struct json_stream *j, size_t n)
{
	j->at += n;
	j->expect = n ? NEXT : j->expect;
}

int json_stream_end(struct json_stream *j, struct err **e)
{
	if (j->lex == LEX_WORD && j->token.n) {
		int r = word_ends(j, buf_str(&j->token), e);
		if (r < 0)
			return r;
	}
	if (j->lex != LEX_NONE || (j->expect != DONE && (j->depth || j->at)))
		return bad(j, "the text ends early", e);
	return 0;
}
