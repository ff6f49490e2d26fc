/* specs/textmatch.c - equal, glob, regex. */
#include "specs/textmatch.h"
#include <ctype.h>
#include <pthread.h>
#include <regex.h>
#include <strings.h>

enum { REGEX_TEXT_MAX = 256 };

/* Compiled expressions, kept for good: channels hold a few dozen, arenas cannot free them. */
struct known {
	struct known *next;
	regex_t regex;
	char text[];
};

static struct known *known;
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static int compile(struct str text, struct known **out, struct err **e)
{
	struct known *k = mem_zero(1, sizeof(*k) + text.n + 1);
	memcpy(k->text, text.p, text.n);
	int r = regcomp(&k->regex, k->text, REG_EXTENDED | REG_ICASE | REG_NOSUB);
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
