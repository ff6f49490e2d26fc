/* cache/address.c - URLs taken apart (RFC 3986, appendix B), and shown without secrets. */
#include "cache/address.h"
#include "specs/base/digest.h"

static struct str between(struct str s, size_t from, size_t to)
{
	return (struct str){s.p + from, to - from};
}

static size_t find_any(struct str s, const char *set)
{
	size_t i = 0;
	while (i < s.n && !strchr(set, s.p[i] ? s.p[i] : 1))
		i++;
	return i;
}

static size_t find_scheme(struct str url)
{
	size_t n = find_any(url, ":/?#");
	bool is = n > 0 && str_starts(str_from(url, n), "://");
	return is ? n : 0;
}

struct address address_split(struct str url)
{
	struct address a = {0};
	if (!url.n)
		return a;
	size_t scheme = find_scheme(url);
	a.scheme = str_to(url, scheme);
	struct str rest = str_from(url, scheme ? scheme + 3 : 0);
	size_t end = find_any(rest, "/?#");
	struct str authority = str_to(rest, end);
	size_t at = authority.n;
	while (at > 0 && authority.p[at - 1] != '@')
		at--;
	a.user = str_to(authority, at ? at - 1 : 0);
	a.host = str_from(authority, at);
	rest = str_from(rest, end);
	size_t query = find_any(rest, "?#");
	a.path = str_to(rest, query);
	a.query = str_from(rest, query);
	return a;
}

struct str address_token(struct str path)
{
	if (str_starts(path, "/v2/"))
		return (struct str){0};
	for (size_t i = 0; i + 3 < path.n; i++) {
		if (memcmp(path.p + i, "/t/", 3) != 0)
			continue;
		struct str token = str_from(path, i + 3);
		token = str_to(token, str_find(token, '/'));
		if (token.n)
			return token;
	}
	return (struct str){0};
}

void address_show(struct buf *out, struct str url)
{
	struct address a = address_split(url);
	struct str token = address_token(a.path);
	if (a.scheme.n)
		buf_printf(out, "%.*s://", STR_ARG(a.scheme));
	buf_add_str(out, a.host);
	if (!token.n) {
		buf_add_str(out, a.path);
		return;
	}
	size_t at = (size_t)(token.p - a.path.p);
	buf_add_str(out, str_to(a.path, at));
	buf_add_text(out, "***");
	buf_add_str(out, str_from(a.path, at + token.n));
}

void address_origin(struct buf *out, struct str url)
{
	struct address a = address_split(url);
	buf_printf(out, "%.*s://%.*s", STR_ARG(a.scheme), STR_ARG(a.host));
}

bool address_file(struct buf *out, struct str url)
{
	struct address a = address_split(url);
	if (!str_is(a.scheme, "file") || !(a.host.n == 0 || str_is(a.host, "localhost")))
		return false;
	for (size_t i = 0; i < a.path.n; i++) {
		uint8_t byte = (uint8_t)a.path.p[i];
		if (byte == '%' && i + 2 < a.path.n &&
		    hex_read(between(a.path, i + 1, i + 3), &byte, 1))
			i += 2;
		if (!byte)
			return false;
		buf_add_char(out, (char)byte);
	}
	return a.path.n > 0;
}

void address_of_file(struct buf *out, struct str path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/!$&'()*+,;=:@";
	buf_add_text(out, "file://");
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		if (c && strchr(plain, c))
			buf_add_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned)(uint8_t)c);
	}
}
