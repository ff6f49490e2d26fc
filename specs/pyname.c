/* specs/pyname.c - names of Python distributions. */
#include "specs/pyname.h"

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

size_t pyname_length(struct str s)
{
	size_t n = 0, end = 0;
	while (n < s.n && (is_plain(s.p[n]) || (n && memchr("._-", s.p[n], 3))))
		if (is_plain(s.p[n++]))
			end = n;
	return end;
}

struct str pyname_normal(struct arena *a, struct str name)
{
	char *out = arena_alloc(a, name.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (!memchr("._-", c, 3))
			out[n++] = c;
		else if (n == 0 || out[n - 1] != '-')
			out[n++] = '-';
	}
	return (struct str){out, n};
}
