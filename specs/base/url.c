/* specs/base/url.c - addresses without what must never be shown, hashed or written. */
#include "specs/base/url.h"
#include "specs/base/buf.h"
#include "specs/base/digest.h"
#include <ctype.h>

/* The place of what follows "SCHEME://"; 0 when there is no scheme. */
static size_t after_scheme(struct str url)
{
	size_t at = str_find(url, ':');
	if (at == 0 || at + 2 >= url.n || url.p[at + 1] != '/' || url.p[at + 2] != '/')
		return 0;
	return at + 3;
}

/* The length of "/t/TOKEN" at the front of s; a shell variable or stars may stand for the
 * token. 0: something else. With nothing behind it a channel has a token still, but no file of a
 * channel or of an index is one. */
static size_t token_length(struct str s, bool channel)
{
	if (!str_starts(s, "/t/"))
		return 0;
	size_t n = 3;
	bool dot = false;
	while (n < s.n && !strchr("/?#", s.p[n]))
		dot |= s.p[n++] == '.';
	bool last = n == s.n || s.p[n] != '/';
	return n == 3 || (last && (dot || !channel)) ? 0 : n;
}

/* `git@` of an ssh address: a login's name, without which it is another's. */
static bool is_login(struct str url, size_t host, struct str user)
{
	bool ssh = str_ends(str_to(url, host), "ssh://");
	return ssh && str_find(user, ':') == user.n;
}

/* Of a channel tokens are looked for behind the path's first segments too. */
static struct str without(struct arena *a, struct str url, bool channel)
{
	size_t host = after_scheme(url);
	if (host == 0 || str_starts(url, "file:"))
		return arena_str(a, url);
	size_t end = host + str_find(str_from(url, host), '/'), from = host;
	for (size_t i = host; i < end; i++)
		if (url.p[i] == '@')
			from = i + 1;
	if (from > host && is_login(url, host, str_from(str_to(url, from - 1), host)))
		from = host;
	char *to = arena_alloc(a, url.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < url.n; i++) {
		if (i >= host && i < from)
			continue;
		bool may_begin = i == end || (i > end && channel);
		for (size_t token; may_begin && (token = token_length(str_from(url, i), channel));)
			i += token;
		if (i < url.n)
			to[n++] = url.p[i];
	}
	to[n] = 0;
	return (struct str){to, n};
}

struct str url_without_secrets(struct arena *a, struct str url)
{
	return without(a, url, true);
}

struct str url_without_login(struct arena *a, struct str url)
{
	return without(a, url, false);
}

static size_t scheme_length(struct str text)
{
	size_t n = 0;
	while (n < text.n && (isalnum((unsigned char)text.p[text.n - n - 1]) ||
			      memchr("+-.", text.p[text.n - n - 1], 3)))
		n++;
	return n;
}

/* Of the address that a text begins with: not the quotes and brackets around it, nor a full stop.
 */
static size_t address_length(struct str text)
{
	size_t n = 0;
	while (n < text.n && !memchr(" \t\r\n\"`<>", text.p[n], 8))
		n++;
	while (n && memchr("')]},;:.", text.p[n - 1], 8))
		n--;
	return n;
}

struct str url_text_without_secrets(struct arena *a, struct str text)
{
	AUTO(buf_done) struct buf out = BUF(BUF_UNLIMITED);
	const char *mark;
	while ((mark = memmem(text.p, text.n, "://", 3))) {
		size_t colon = (size_t)(mark - text.p);
		size_t from = colon - scheme_length(str_to(text, colon));
		struct str address = str_from(text, from);
		address = str_to(address, address_length(address));
		buf_add_str(&out, str_to(text, from));
		buf_add_str(&out, url_without_secrets(a, address));
		text = str_from(text, from + address.n);
	}
	buf_add_str(&out, text);
	return arena_str(a, buf_str(&out));
}

struct str url_decoded(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t byte;
		if (s.p[i] == '%' && i + 2 < s.n &&
		    hex_read((struct str){s.p + i + 1, 2}, &byte, 1)) {
			to[n++] = (char)byte;
			i += 2;
		} else {
			to[n++] = s.p[i];
		}
	}
	to[n] = 0;
	return (struct str){to, n};
}
