/* specs/textmatch.c - equal, glob, regex. */
#include "specs/textmatch.h"
#include <ctype.h>
#include <pthread.h>
#include <regex.h>
#include <strings.h>

enum {
	REGEX_TEXT_MAX = 256,
	KNOWN_MAX = 4096,
	REPEATS_MAX = 16,
	BOUNDS_MAX = 2,
	DEPTH_MAX = 4,
};

/* ---- from the regular expressions that people write to those of POSIX ----
 *
 * What conda's and rattler's engines take and POSIX takes for something else is translated
 * (`\d`, `(?:`) or refused. A channel's text must not cost much: regcomp copies what is
 * repeated, so repetitions are counted, and regexec is slow on back references. */

struct translation {
	struct str rest;
	struct buf *out;
	unsigned depth, repeats, bounds;
	bool repeated; /* the last thing was a repetition */
};

static int odd(struct err **e, const char *what, struct str at)
{
	return err_set(e, ERR_SYNTAX, "regular expression: %s at \"%.*s\"", what, STR_ARG(at));
}

static void pass(struct translation *t, size_t n)
{
	buf_add_str(t->out, str_to(t->rest, n));
	t->rest = str_from(t->rest, n);
}

static int translate_escape(struct translation *t, struct err **e)
{
	char c = t->rest.n > 1 ? t->rest.p[1] : 0;
	if (c == 'd' || c == 'D') {
		buf_add_text(t->out, c == 'd' ? "[0-9]" : "[^0-9]");
		t->rest = str_from(t->rest, 2);
		return 0;
	}
	if (c == 0 || isdigit((unsigned char)c) ||
	    (isalpha((unsigned char)c) && !strchr("wWsSbB", c)))
		return odd(e, "this escape is not known", t->rest);
	pass(t, 2);
	return 0;
}

/* `[...]`, where a `]` may come first; a backslash has no meaning there for POSIX. */
static int translate_set(struct translation *t, struct err **e)
{
	size_t n = 1 + (t->rest.n > 1 && t->rest.p[1] == '^');
	for (n++; n < t->rest.n && t->rest.p[n] != ']'; n++)
		;
	if (n >= t->rest.n)
		return odd(e, "the set is not closed", t->rest);
	if (memchr(t->rest.p, '\\', n) || memmem(t->rest.p + 1, n - 1, "[", 1))
		return odd(e, "'\\' and '[' cannot stand in a set", t->rest);
	pass(t, n + 1);
	return 0;
}

static int translate_group(struct translation *t, struct err **e)
{
	if (++t->depth > DEPTH_MAX)
		return odd(e, "groups are too deep", t->rest);
	struct str all = t->rest;
	pass(t, 1);
	if (str_starts(all, "(?:"))
		t->rest = str_from(all, 3);
	else if (str_starts(all, "(?"))
		return odd(e, "this group is not known", all);
	return 0;
}

/* `*` `+` `?` and `{2,3}`. */
static int translate_repeat(struct translation *t, struct err **e)
{
	size_t n = 1, digits = 0;
	if (t->repeated || ++t->repeats > REPEATS_MAX)
		return odd(e, t->repeated ? "two repetitions in a row" : "too many repetitions",
			   t->rest);
	if (t->rest.p[0] == '{') {
		for (; n < t->rest.n && t->rest.p[n] != '}'; n++) {
			digits = t->rest.p[n] == ',' ? 0 : digits + 1;
			if (digits > 2 || !strchr(",0123456789", t->rest.p[n]))
				return odd(e, "a repetition has bounds below 100", t->rest);
		}
		if (++t->bounds > BOUNDS_MAX)
			return odd(e, "too many repetitions", t->rest);
		n++;
	}
	pass(t, n);
	return 0;
}

static int translate_one(struct translation *t, struct err **e)
{
	char c = t->rest.p[0];
	bool repeat = strchr("*+?{", c) != NULL;
	int status = 0;
	if (repeat)
		status = translate_repeat(t, e);
	else if (c == '\\')
		status = translate_escape(t, e);
	else if (c == '[')
		status = translate_set(t, e);
	else if (c == '(')
		status = translate_group(t, e);
	else
		pass(t, 1);
	t->depth -= c == ')' && t->depth;
	t->repeated = repeat;
	return status;
}

static int translate(struct str text, struct buf *out, struct err **e)
{
	struct translation t = {.rest = text, .out = out};
	int status = 0;
	while (status == 0 && t.rest.n)
		status = translate_one(&t, e);
	return status;
}

/* ---- compiled once ---- */

/* Compiled expressions, kept for good: channels hold a few dozen, arenas cannot free them. */
struct known {
	struct known *next;
	regex_t regex;
	char text[];
};

static struct known *known;
static size_t known_count;
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static int compile(struct str text, struct known **out, struct err **e)
{
	AUTO(buf_done) struct buf posix = BUF(8 * REGEX_TEXT_MAX);
	if (known_count == KNOWN_MAX)
		return err_set(e, ERR_SYNTAX, "more than %d regular expressions", KNOWN_MAX);
	int status = translate(text, &posix, e);
	if (status < 0)
		return status;
	struct known *k = mem_zero(1, sizeof(*k) + text.n + 1);
	memcpy(k->text, text.p, text.n);
	int r = regcomp(&k->regex, posix.data, REG_EXTENDED | REG_ICASE | REG_NOSUB);
	if (r == 0) {
		*out = k;
		return 0;
	}
	char why[128];
	regerror(r, &k->regex, why, sizeof(why));
	free(k);
	return err_set(e, ERR_SYNTAX, "regular expression %.*s: %s", STR_ARG(text), why);
}

static int regex_find(struct str text, const void **out, struct err **e)
{
	int r = 0;
	pthread_mutex_lock(&known_lock);
	struct known *k = known;
	while (k && !str_is(text, k->text))
		k = k->next;
	if (!k && (r = compile(text, &k, e)) == 0) {
		k->next = known;
		known = k;
		known_count++;
	}
	pthread_mutex_unlock(&known_lock);
	if (r == 0)
		*out = &k->regex;
	return r;
}

int textmatch_read(struct arena *a, struct str text, struct textmatch *out, struct err **e)
{
	struct textmatch m = {TEXT_EQUAL, arena_str(a, text), NULL};
	if (text.n >= 2 && text.p[0] == '^' && text.p[text.n - 1] == '$') {
		m.kind = TEXT_REGEX;
		if (text.n > REGEX_TEXT_MAX)
			return err_set(e, ERR_SYNTAX, "the regular expression is too long");
		int r = regex_find(text, &m.regex, e);
		if (r < 0)
			return r;
	} else if (str_is(text, "*")) {
		m.kind = TEXT_ANY;
	} else if (str_find(text, '*') < text.n) {
		m.kind = TEXT_GLOB;
	}
	*out = m;
	return 0;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* One place to go back to is enough: a later `*` takes over from an earlier one. */
static bool glob(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.n && same(pattern.p[p], text.p[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool regex(const struct textmatch *m, struct str text)
{
	char copy[REGEX_TEXT_MAX];
	if (text.n >= sizeof(copy))
		return false;
	memcpy(copy, text.p ? text.p : "", text.n);
	copy[text.n] = 0;
	return regexec(m->regex, copy, 0, NULL, 0) == 0;
}

bool textmatch_matches(const struct textmatch *m, struct str text)
{
	switch (m->kind) {
	case TEXT_ANY:
		return true;
	case TEXT_EQUAL:
		return m->text.n == text.n &&
		       (text.n == 0 || strncasecmp(m->text.p, text.p, text.n) == 0);
	case TEXT_GLOB:
		return glob(m->text, text);
	case TEXT_REGEX:
		return regex(m, text);
	}
	return false;
}
