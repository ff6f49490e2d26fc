/* specs/matchspec_simple.c - what nearly all records depend on: a name and a comparison or two. */
#include "specs/matchspec.h"

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static bool in_version(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.';
}

/* `>=`, `<=`, `==`, `<`, `>`; a version alone is the very one. */
static uint8_t read_operator(struct str *rest)
{
	char first = rest->n ? rest->p[0] : 0;
	bool twice = rest->n > 1 && rest->p[1] == '=';
	uint8_t keeps = first == '<'   ? MATCHSPEC_LESS
			: first == '>' ? MATCHSPEC_GREATER
				       : MATCHSPEC_EQUAL;

	if (first != '<' && first != '>' && first != '=')
		return keeps;
	*rest = str_from(*rest, 1 + twice);
	/* One `=` alone asks for less than the very version. */
	return first == '=' && !twice ? 0 : keeps | (twice ? MATCHSPEC_EQUAL : 0);
}

static bool read_bound(struct str *rest, struct matchspec_bound *out)
{
	size_t n = 0;

	out->keeps = read_operator(rest);
	while (n < rest->n && in_version(rest->p[n]))
		n++;
	out->version = str_to(*rest, n);
	*rest = str_from(*rest, n);
	return out->keeps && n && out->version.p[0] >= '0' && out->version.p[0] <= '9';
}

bool matchspec_read_simple(struct str text, struct matchspec_simple *out)
{
	size_t n = 0;

	while (n < text.n && in_name(text.p[n]))
		n++;
	if (!n || text.p[0] == '-' || text.p[0] == '.')
		return false;
	out->name = str_to(text, n);
	out->count = 0;
	text = str_from(text, n);
	if (!text.n)
		return true;
	if (text.p[0] != ' ')
		return false;
	do {
		text = str_from(text, 1);
		if (out->count == COUNT(out->bounds) ||
		    !read_bound(&text, &out->bounds[out->count++]))
			return false;
	} while (text.n && text.p[0] == ',');
	return !text.n;
}
