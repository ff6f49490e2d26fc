/* builder/environments_tag.c - names and numbers of versions as tags. */
#include "builder/environments_private.h"
#include <ctype.h>

enum { STEM_MAX = 80, DIGITS = 32, NUMBER_DIGITS = 9 };
#define ABOUT "about"
#define BEHIND "-"

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("0123456789abcdef", s.p[i], 16))
			return false;
	return s.n == DIGITS;
}

/* A name that is short enough, or a long one that was cut. */
static bool is_stem(struct str s)
{
	bool cut = s.n == STEM_MAX && s.p[0] == '_' && s.p[s.n - DIGITS - 1] == '-' &&
		   is_hex(str_from(s, s.n - DIGITS));
	struct str name = str_to(str_from(s, cut), cut ? s.n - DIGITS - 2 : s.n);
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && (i == 0 || !memchr("-_.", name.p[i], 3)))
			return false;
	return name.n > 0 && s.n <= STEM_MAX;
}

struct str version_tag_stem(struct arena *a, struct str name)
{
	struct digest digest;
	if (name.n <= STEM_MAX)
		return name;
	digest_of(name.p, name.n, &digest);
	return arena_printf(a, "_%.*s-%.*s", STEM_MAX - DIGITS - 2, name.p, DIGITS,
			    digest_text(&digest).hex);
}

struct str version_tag_write(struct arena *a, const struct version_tag *t)
{
	static const char *const ends[] = {"", BEHIND, BEHIND ABOUT};
	struct str content = t->kind == VERSION_TAG_CLAIM ? t->content : (struct str){0};
	return arena_printf(a, "%.*s.v%llu%s%.*s", STR_ARG(t->stem), (unsigned long long)t->number,
			    ends[t->kind], STR_ARG(content));
}

/* "7", which has one way of being written. */
static bool read_number(struct str s, uint64_t *out)
{
	return s.n && s.n <= NUMBER_DIGITS && s.p[0] != '0' && str_u64(s, out);
}

bool version_tag_parse(struct str text, struct version_tag *out)
{
	struct version_tag made = {.kind = VERSION_TAG_FINAL};
	struct str rest, number;
	size_t dot = text.n;
	while (dot > 0 && text.p[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return false;
	made.stem = str_to(text, dot - 1);
	if (!is_stem(made.stem))
		return false;
	rest = str_from(text, dot);
	if (!str_starts(rest, "v"))
		return false;
	rest = str_from(rest, 1);
	bool more = str_cut(&rest, '-', &number);
	if (!read_number(number, &made.number))
		return false;
	if (more && !str_is(rest, ABOUT) && !is_hex(rest))
		return false;
	if (more)
		made.kind = str_is(rest, ABOUT) ? VERSION_TAG_ABOUT : VERSION_TAG_CLAIM;
	made.content = made.kind == VERSION_TAG_CLAIM ? rest : (struct str){0};
	*out = made;
	return true;
}
