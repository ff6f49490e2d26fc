/* specs/pyversion.c - PEP 440: the grammar of versions, their order, specifiers. */
#include "specs/pyversion.h"
#include "specs/base/vec.h"
#include <ctype.h>

enum { VERSION_MAX = 1024, PARTS_MAX = 256 };

/* ---- reading ---- */

struct reader {
	struct arena *arena;
	struct str rest;
};

static bool is_digit_at(struct str s, size_t at)
{
	return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

static bool is_separator_at(struct str s, size_t at)
{
	return at < s.n && (s.p[at] == '-' || s.p[at] == '_' || s.p[at] == '.');
}

static struct str without_zeros(struct str digits)
{
	while (digits.n && digits.p[0] == '0')
		digits = str_from(digits, 1);
	return digits;
}

static bool read_number(struct reader *r, struct str *out)
{
	size_t n = 0;
	while (is_digit_at(r->rest, n))
		n++;
	if (n == 0)
		return false;
	*out = without_zeros(arena_str(r->arena, str_to(r->rest, n)));
	r->rest = str_from(r->rest, n);
	return true;
}

/* The words of a part, longest first where one begins another. */
struct word_row {
	const char *text;
	int kind;
};

static const struct word_row pre_words[] = {
	{"alpha", PYVERSION_ALPHA}, {"a", PYVERSION_ALPHA},	      {"beta", PYVERSION_BETA},
	{"b", PYVERSION_BETA},	    {"preview", PYVERSION_CANDIDATE}, {"pre", PYVERSION_CANDIDATE},
	{"c", PYVERSION_CANDIDATE}, {"rc", PYVERSION_CANDIDATE},      {0},
};
static const struct word_row post_words[] = {{"post", 0}, {"rev", 0}, {"r", 0}, {0}};
static const struct word_row dev_words[] = {{"dev", 0}, {0}};

static bool starts_with_word(struct str s, const char *word)
{
	size_t n = strlen(word);
	return s.n >= n && strncasecmp(s.p, word, n) == 0;
}

/* `[sep] word [sep] [number]`; the number is 0 when there is none. */
static bool read_part(struct reader *r, const struct word_row *words, int *kind, struct str *number)
{
	struct str s = is_separator_at(r->rest, 0) ? str_from(r->rest, 1) : r->rest;
	for (; words->text; words++)
		if (starts_with_word(s, words->text))
			break;
	if (!words->text)
		return false;
	s = str_from(s, strlen(words->text));
	r->rest = is_separator_at(s, 0) ? str_from(s, 1) : s;
	*kind = words->kind;
	*number = (struct str){0};
	read_number(r, number);
	return true;
}

static bool read_post(struct reader *r, struct str *number)
{
	int kind;
	if (r->rest.n && r->rest.p[0] == '-' && is_digit_at(r->rest, 1)) {
		r->rest = str_from(r->rest, 1);
		return read_number(r, number);
	}
	return read_part(r, post_words, &kind, number);
}

static bool read_epoch(struct reader *r, struct str *out)
{
	size_t n = 0;
	while (is_digit_at(r->rest, n))
		n++;
	if (n == 0 || n >= r->rest.n || r->rest.p[n] != '!')
		return false;
	read_number(r, out);
	r->rest = str_from(r->rest, 1);
	return true;
}

static bool read_release(struct reader *r, struct strs *out)
{
	struct str parts[PARTS_MAX];
	size_t n = 0;
	if (!read_number(r, &parts[n++]))
		return false;
	while (r->rest.n && r->rest.p[0] == '.' && is_digit_at(r->rest, 1) && n < PARTS_MAX) {
		r->rest = str_from(r->rest, 1);
		read_number(r, &parts[n++]);
	}
	struct str *v = arena_alloc(r->arena, n * sizeof(*v));
	memcpy(v, parts, n * sizeof(*v));
	*out = (struct strs){v, n};
	return true;
}

static bool all_digits(struct str s)
{
	size_t n = 0;
	while (is_digit_at(s, n))
		n++;
	return n == s.n;
}

static struct str local_part(struct reader *r, size_t n)
{
	struct str part = str_to(r->rest, n);
	r->rest = str_from(r->rest, n);
	if (all_digits(part)) {
		struct str number = without_zeros(arena_str(r->arena, part));
		return number.n ? number : STR("0");
	}
	char *copy = arena_copy(r->arena, part.p, part.n);
	for (size_t i = 0; i < part.n; i++)
		copy[i] = (char)tolower((unsigned char)copy[i]);
	return (struct str){copy, part.n};
}

/* What follows the `+`. */
static bool read_local(struct reader *r, struct strs *out)
{
	struct str parts[PARTS_MAX];
	size_t count = 0;
	for (;;) {
		size_t n = 0;
		while (n < r->rest.n && (unsigned char)r->rest.p[n] < 0x80 &&
		       isalnum((unsigned char)r->rest.p[n]))
			n++;
		if (n == 0 || count == PARTS_MAX)
			return false;
		parts[count++] = local_part(r, n);
		bool more = is_separator_at(r->rest, 0) && r->rest.n > 1 &&
			    isalnum((unsigned char)r->rest.p[1]);
		if (!more)
			break;
		r->rest = str_from(r->rest, 1);
	}
	struct str *v = arena_alloc(r->arena, count * sizeof(*v));
	memcpy(v, parts, count * sizeof(*v));
	*out = (struct strs){v, count};
	return true;
}

/* Reads as much as is a version; false when it does not begin with one. */
static bool read_version(struct reader *r, bool with_local, struct pyversion *v)
{
	*v = (struct pyversion){.pre_kind = PYVERSION_NO_PRE};
	int kind;
	if (r->rest.n && (r->rest.p[0] | 0x20) == 'v')
		r->rest = str_from(r->rest, 1);
	read_epoch(r, &v->epoch);
	if (!read_release(r, &v->release))
		return false;
	if (read_part(r, pre_words, &kind, &v->pre))
		v->pre_kind = (enum pyversion_pre)kind;
	v->has_post = read_post(r, &v->post);
	v->has_dev = read_part(r, dev_words, &kind, &v->dev);
	if (!with_local || !r->rest.n || r->rest.p[0] != '+')
		return true;
	r->rest = str_from(r->rest, 1);
	return read_local(r, &v->local);
}

static struct str strip(struct str s)
{
	while (s.n && strchr(" \t\n\r\f\v", s.p[0]))
		s = str_from(s, 1);
	while (s.n && strchr(" \t\n\r\f\v", s.p[s.n - 1]))
		s.n--;
	return s;
}

int pyversion_parse(struct arena *a, struct str text, struct pyversion *out, struct err **e)
{
	struct reader r = {a, strip(text)};
	struct pyversion v;
	if (r.rest.n > VERSION_MAX || memchr(r.rest.p ? r.rest.p : "", 0, r.rest.n))
		return err_set(e, ERR_SYNTAX, "too long for a version");
	if (!read_version(&r, true, &v) || r.rest.n)
		return err_set(e, ERR_SYNTAX, "\"%.*s\" is no version (PEP 440)", STR_ARG(text));
	*out = v;
	return 0;
}

/* ---- order ---- */

static int compare_numbers(struct str a, struct str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return str_cmp(a, b);
}

static int compare_releases(struct strs a, struct strs b)
{
	size_t n = a.n > b.n ? a.n : b.n;
	for (size_t i = 0; i < n; i++) {
		struct str x = i < a.n ? a.v[i] : (struct str){0};
		struct str y = i < b.n ? b.v[i] : (struct str){0};
		int r = compare_numbers(x, y);
		if (r)
			return r;
	}
	return 0;
}

/* `1.dev1` comes before `1a1`, though it has no such part; other versions without one after. */
static int pre_rank(const struct pyversion *v)
{
	bool before_all = v->pre_kind == PYVERSION_NO_PRE && !v->has_post && v->has_dev;
	return before_all ? -1 : (int)v->pre_kind;
}

static int compare_flags(bool a, bool b)
{
	return (int)a - (int)b;
}

/* Numbers are above words, and a longer local version above what it begins with. */
static int compare_locals(struct strs a, struct strs b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		bool x = all_digits(a.v[i]), y = all_digits(b.v[i]);
		int r = x != y ? compare_flags(x, y)
			: x    ? compare_numbers(without_zeros(a.v[i]), without_zeros(b.v[i]))
			       : str_cmp(a.v[i], b.v[i]);
		if (r)
			return r;
	}
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

/* All but the local part. */
static int compare_public(const struct pyversion *a, const struct pyversion *b)
{
	int r = compare_numbers(a->epoch, b->epoch);
	if (r == 0)
		r = compare_releases(a->release, b->release);
	if (r == 0)
		r = pre_rank(a) - pre_rank(b);
	if (r == 0)
		r = compare_numbers(a->pre, b->pre);
	if (r == 0)
		r = compare_flags(a->has_post, b->has_post);
	if (r == 0)
		r = compare_numbers(a->post, b->post);
	if (r == 0)
		r = compare_flags(!a->has_dev, !b->has_dev);
	return r ? r : compare_numbers(a->dev, b->dev);
}

int pyversion_compare(const struct pyversion *a, const struct pyversion *b)
{
	int r = compare_public(a, b);
	return r ? r : compare_locals(a->local, b->local);
}

bool pyversion_is_pre(const struct pyversion *v)
{
	return v->has_dev || v->pre_kind != PYVERSION_NO_PRE;
}

/* ---- writing ---- */

static void add_number(struct buf *out, const char *before, struct str number)
{
	buf_add_text(out, before);
	buf_add_str(out, number.n ? number : STR("0"));
}

void pyversion_write(const struct pyversion *v, struct buf *out)
{
	static const char *const pre[] = {"a", "b", "rc"};
	if (v->epoch.n) {
		add_number(out, "", v->epoch);
		buf_add_char(out, '!');
	}
	for (size_t i = 0; i < v->release.n; i++)
		add_number(out, i ? "." : "", v->release.v[i]);
	if (v->pre_kind != PYVERSION_NO_PRE)
		add_number(out, pre[v->pre_kind], v->pre);
	if (v->has_post)
		add_number(out, ".post", v->post);
	if (v->has_dev)
		add_number(out, ".dev", v->dev);
	for (size_t i = 0; i < v->local.n; i++) {
		buf_add_char(out, i ? '.' : '+');
		buf_add_str(out, v->local.v[i]);
	}
}

/* ---- specifiers ---- */

static const struct operator_row {
	const char *text; /* longest first */
	enum pyspecifier_op op;
	bool local, prefix; /* whether a local part, or `.*`, may follow */
	size_t release;	    /* parts that the release needs */
} operators[] = {
	{"===", PYSPECIFIER_TEXT, true, false, 0}, {"~=", PYSPECIFIER_COMPATIBLE, false, false, 2},
	{"==", PYSPECIFIER_EQ, true, true, 1},	   {"!=", PYSPECIFIER_NE, true, true, 1},
	{"<=", PYSPECIFIER_LE, false, false, 1},   {">=", PYSPECIFIER_GE, false, false, 1},
	{"<", PYSPECIFIER_LT, false, false, 1},	   {">", PYSPECIFIER_GT, false, false, 1},
};

static const struct operator_row *find_operator(struct str s)
{
	for (size_t i = 0; i < COUNT(operators); i++)
		if (str_starts(s, operators[i].text))
			return &operators[i];
	return NULL;
}

/* The text of `===`: anything up to a blank, `;`, `)` or `,`. */
static struct str take_text(struct reader *r)
{
	size_t n = 0;
	while (n < r->rest.n && !strchr(" \t\n\r\f\v;),", r->rest.p[n]))
		n++;
	struct str text = arena_str(r->arena, str_to(r->rest, n));
	r->rest = str_from(r->rest, n);
	return text;
}

static bool is_release_only(const struct pyversion *v)
{
	return v->pre_kind == PYVERSION_NO_PRE && !v->has_post && !v->has_dev && !v->local.n;
}

static int read_operand(struct reader *r, const struct operator_row *row, struct pyspecifier *out,
			struct err **e)
{
	struct str from = r->rest;
	if (!read_version(r, row->local, &out->version))
		return err_set(e, ERR_SYNTAX, "a version is wanted behind %s, not \"%.*s\"",
			       row->text, STR_ARG(from));
	if (out->version.release.n < row->release)
		return err_set(e, ERR_SYNTAX, "%s needs a version of two parts or more, as 1.4",
			       row->text);
	out->prefix = row->prefix && is_release_only(&out->version) && str_starts(r->rest, ".*");
	if (out->prefix)
		r->rest = str_from(r->rest, 2);
	else if (str_starts(r->rest, ".*"))
		return err_set(e, ERR_SYNTAX,
			       row->prefix ? "\".*\" stands behind a release only"
					   : "\".*\" goes with == and != only");
	else if (!row->local && r->rest.n && r->rest.p[0] == '+')
		return err_set(e, ERR_SYNTAX, "a local version goes with == and != only");
	out->text = arena_str(r->arena, str_to(from, (size_t)(r->rest.p - from.p)));
	return 0;
}

int pyspecifier_read(struct arena *a, struct str *text, struct pyspecifier *out, struct err **e)
{
	struct reader r = {a, *text};
	const struct operator_row *row = find_operator(r.rest);
	if (!row)
		return err_set(e, ERR_SYNTAX,
			       "a comparison is wanted (== != <= >= < > ~= ===), not \"%.*s\"",
			       STR_ARG(r.rest));
	r.rest = str_from(r.rest, strlen(row->text));
	while (r.rest.n && strchr(" \t\n\r\f\v", r.rest.p[0]))
		r.rest = str_from(r.rest, 1);
	*out = (struct pyspecifier){.op = row->op};
	if (row->op == PYSPECIFIER_TEXT) {
		out->text = take_text(&r);
	} else {
		int code = read_operand(&r, row, out, e);
		if (code < 0)
			return code;
	}
	*text = r.rest;
	return 0;
}

int pyspecifiers_parse(struct arena *a, struct str text, struct pyspecifiers *out, struct err **e)
{
	VEC(struct pyspecifier) found = {0};
	int r = 0;
	for (bool more = true; more && r == 0;) {
		struct str part;
		more = str_cut(&text, ',', &part);
		part = strip(part);
		if (part.n == 0)
			continue;
		r = pyspecifier_read(a, &part, VEC_ADD(&found), e);
		if (r == 0 && part.n)
			r = err_set(e, ERR_SYNTAX, "\"%.*s\" follows a version", STR_ARG(part));
	}
	struct pyspecifier *v = arena_zero(a, found.n, sizeof(*v));
	if (found.n)
		memcpy(v, found.v, found.n * sizeof(*v));
	if (r == 0)
		*out = (struct pyspecifiers){v, found.n};
	VEC_DONE(&found);
	return r;
}

/* ---- matching ---- */

/* Whether v lies below the first n parts of the release. */
static bool below(const struct pyversion *v, const struct pyversion *prefix, size_t n)
{
	if (!str_eq(v->epoch, prefix->epoch))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str x = i < v->release.n ? v->release.v[i] : (struct str){0};
		if (!str_eq(x, prefix->release.v[i]))
			return false;
	}
	return true;
}

static bool same_base(const struct pyversion *a, const struct pyversion *b)
{
	return str_eq(a->epoch, b->epoch) && compare_releases(a->release, b->release) == 0;
}

static bool equal(const struct pyspecifier *s, const struct pyversion *v)
{
	if (s->prefix)
		return below(v, &s->version, s->version.release.n);
	return s->version.local.n ? pyversion_compare(v, &s->version) == 0
				  : compare_public(v, &s->version) == 0;
}

/* `<2` leaves out 2's own pre-releases, `>2` its post-releases and local versions. */
static bool less(const struct pyversion *v, const struct pyversion *limit)
{
	if (pyversion_compare(v, limit) >= 0)
		return false;
	return pyversion_is_pre(limit) || !pyversion_is_pre(v) || !same_base(v, limit);
}

static bool greater(const struct pyversion *v, const struct pyversion *limit)
{
	if (pyversion_compare(v, limit) <= 0)
		return false;
	bool own = (v->has_post && !limit->has_post) || v->local.n;
	return !own || !same_base(v, limit);
}

static bool text_matches(struct str want, const struct pyversion *v)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	pyversion_write(v, &text);
	return text.n == want.n && strncasecmp(text.data, want.p ? want.p : "", want.n) == 0;
}

bool pyspecifier_matches(const struct pyspecifier *s, const struct pyversion *v)
{
	switch (s->op) {
	case PYSPECIFIER_COMPATIBLE:
		return compare_public(v, &s->version) >= 0 &&
		       below(v, &s->version, s->version.release.n - 1);
	case PYSPECIFIER_EQ:
		return equal(s, v);
	case PYSPECIFIER_NE:
		return !equal(s, v);
	case PYSPECIFIER_LE:
		return compare_public(v, &s->version) <= 0;
	case PYSPECIFIER_GE:
		return compare_public(v, &s->version) >= 0;
	case PYSPECIFIER_LT:
		return less(v, &s->version);
	case PYSPECIFIER_GT:
		return greater(v, &s->version);
	case PYSPECIFIER_TEXT:
		return text_matches(s->text, v);
	}
	return false;
}

bool pyspecifiers_match(struct pyspecifiers s, const struct pyversion *v)
{
	for (size_t i = 0; i < s.n; i++)
		if (!pyspecifier_matches(&s.v[i], v))
			return false;
	return true;
}

void pyspecifiers_write(struct pyspecifiers s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		for (size_t k = 0; k < COUNT(operators); k++)
			if (operators[k].op == s.v[i].op)
				buf_printf(out, "%s%s", i ? "," : "", operators[k].text);
		buf_add_str(out, s.v[i].text);
	}
}
