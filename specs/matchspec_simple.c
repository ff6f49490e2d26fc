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

static bool read_operator(struct str *rest, uint8_t *out)
{
	static const struct {
		char text[3];
		uint8_t keeps;
	} rows[] = {
		{">=", MATCHSPEC_EQUAL | MATCHSPEC_GREATER},
		{"<=", MATCHSPEC_EQUAL | MATCHSPEC_LESS},
		{"==", MATCHSPEC_EQUAL},
		{"<", MATCHSPEC_LESS},
		{">", MATCHSPEC_GREATER},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!str_starts(*rest, rows[i].text))
			continue;
		*out = rows[i].keeps;
		*rest = str_from(*rest, strlen(rows[i].text));
		return true;
	}
	return false;
}

static bool read_bound(struct str *rest, struct matchspec_bound *out)
{
	size_t n = 0;

	if (!read_operator(rest, &out->keeps))
		return false;
	while (n < rest->n && in_version(rest->p[n]))
		n++;
	out->version = str_to(*rest, n);
	*rest = str_from(*rest, n);
	return n && out->version.p[0] >= '0' && out->version.p[0] <= '9';
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
