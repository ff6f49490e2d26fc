/* builder/endpoint.c - addresses that a registry hands out (RFC 3986, section 5). */
#include "builder/endpoint.h"
#include "cache/address.h"
#include <arpa/inet.h>
#include <strings.h>

static struct str without_port(struct str host)
{
	if (str_starts(host, "[")) {
		struct str inner = str_from(host, 1);
		return str_to(inner, str_find(inner, ']'));
	}
	return str_to(host, str_find(host, ':'));
}

static bool same_text(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static struct str port_of(struct address a)
{
	struct str name = without_port(a.host);
	size_t after = (size_t)(name.p - a.host.p) + name.n;
	if (after < a.host.n && a.host.p[after] == ']')
		after++;
	if (after + 1 < a.host.n && a.host.p[after] == ':')
		return str_from(a.host, after + 1);
	return same_text(a.scheme, STR("https")) ? STR("443") : STR("80");
}

bool endpoint_same(struct str a, struct str b)
{
	struct address x = address_split(a), y = address_split(b);
	return same_text(x.scheme, y.scheme) && x.host.n &&
	       same_text(without_port(x.host), without_port(y.host)) &&
	       str_eq(port_of(x), port_of(y));
}

static bool is_private4(uint32_t ip)
{
	static const struct {
		uint32_t net;
		unsigned bits;
	} rows[] = {
		{0x00000000, 8},  /* this network */
		{0x0a000000, 8},  /* private */
		{0x64400000, 10}, /* shared by carriers */
		{0x7f000000, 8},  /* loopback */
		{0xa9fe0000, 16}, /* link-local; where clouds keep their credentials */
		{0xac100000, 12}, /* private */
		{0xc0a80000, 16}, /* private */
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		if ((ip ^ rows[i].net) >> (32 - rows[i].bits) == 0)
			return true;
	return false;
}

static bool is_private6(const struct in6_addr *ip)
{
	const uint8_t *b = ip->s6_addr;
	if (IN6_IS_ADDR_V4MAPPED(ip) || IN6_IS_ADDR_V4COMPAT(ip))
		return is_private4((uint32_t)b[12] << 24 | b[13] << 16 | b[14] << 8 | b[15]);
	return IN6_IS_ADDR_LOOPBACK(ip) || IN6_IS_ADDR_LINKLOCAL(ip) || (b[0] & 0xfe) == 0xfc;
}

bool endpoint_is_private(struct str host)
{
	char name[256];
	struct in_addr v4;
	struct in6_addr v6;
	struct str bare = without_port(host);
	if (bare.n >= sizeof(name))
		return false;
	if (bare.n)
		memcpy(name, bare.p, bare.n);
	name[bare.n] = 0;
	if (strcasecmp(name, "localhost") == 0 ||
	    (bare.n > 10 && strcasecmp(name + bare.n - 10, ".localhost") == 0))
		return true;
	/* inet_aton, as it reads what resolvers read: 127.1, 0x7f000001, 2130706433. */
	if (inet_aton(name, &v4))
		return is_private4(ntohl(v4.s_addr));
	return inet_pton(AF_INET6, name, &v6) == 1 && is_private6(&v6);
}

static bool is_plain(struct str url)
{
	struct address a = address_split(url);
	return same_text(a.scheme, STR("http"));
}

/* Joins without judging. Some answer with a host and no scheme. */
static void join(struct str from, struct str location, struct buf *out)
{
	struct address base = address_split(from);
	if (address_split(location).scheme.n) {
		buf_add_str(out, location);
		return;
	}
	buf_printf(out, "%.*s://", STR_ARG(base.scheme));
	struct str first = str_to(location, str_find(location, '/'));
	if (str_starts(location, "//")) {
		buf_add_str(out, str_from(location, 2));
	} else if (first.n && same_text(first, base.host)) {
		buf_add_str(out, location);
	} else {
		size_t folder = base.path.n;
		while (folder > 0 && base.path.p[folder - 1] != '/')
			folder--;
		buf_add_str(out, base.host);
		if (!str_starts(location, "/"))
			buf_add_str(out, str_to(base.path, folder));
		if (!str_starts(location, "/") && !folder)
			buf_add_char(out, '/');
		buf_add_str(out, location);
	}
}

static bool is_clean(struct str url)
{
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7f)
			return false;
	return url.n > 0;
}

/* Same host, other scheme, and no port or the default one: the proxy's mistake. */
static bool same_host_plain(struct str from, struct str to)
{
	struct address a = address_split(from), b = address_split(to);
	struct str port = port_of(b);
	return same_text(without_port(a.host), without_port(b.host)) &&
	       (str_eq(port, port_of(a)) || str_is(port, "80"));
}

static int check(struct str from, struct str to, struct err **e)
{
	struct address a = address_split(from), b = address_split(to);
	bool known = same_text(b.scheme, STR("http")) || same_text(b.scheme, STR("https"));
	if (!known || !b.host.n || b.user.n || !is_clean(to))
		return err_set(e, ERR_CORRUPT, "%.*s sends on to something that is no address",
			       STR_ARG(a.host));
	if (is_plain(to) && !is_plain(from))
		return err_set(e, ERR_REFUSED, "%.*s sends on to plain http at %.*s",
			       STR_ARG(a.host), STR_ARG(b.host));
	if (endpoint_is_private(b.host) && !endpoint_is_private(a.host))
		return err_set(e, ERR_REFUSED, "%.*s sends on to the private address %.*s",
			       STR_ARG(a.host), STR_ARG(b.host));
	return 0;
}

/* What a proxy that ends TLS should have said. */
static void correct_scheme(struct str from, struct buf *joined)
{
	struct str to = buf_str(joined);
	if (!is_plain(to) || is_plain(from) || !same_host_plain(from, to))
		return;
	AUTO(buf_done) struct buf https = BUF(64 << 10);
	struct address base = address_split(from), a = address_split(to);
	buf_add_text(&https, "https://");
	if (a.user.n)
		buf_printf(&https, "%.*s@", STR_ARG(a.user));
	buf_add_str(&https, base.host);
	buf_add_str(&https, a.path);
	buf_add_str(&https, a.query);
	buf_clear(joined);
	buf_add_str(joined, buf_str(&https));
}

int endpoint_resolve(struct str from, struct str location, struct buf *out, struct err **e)
{
	AUTO(buf_done) struct buf joined = BUF(64 << 10);
	join(from, str_to(location, str_find(location, '#')), &joined);
	correct_scheme(from, &joined);
	int code = buf_check(&joined, "address", e);
	if (code < 0 || (code = check(from, buf_str(&joined), e)) < 0)
		return code;
	buf_add_str(out, buf_str(&joined));
	return buf_check(out, "address", e);
}

void endpoint_encode(struct buf *out, struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr("-._~", c ? c : '/');
		if (plain)
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void endpoint_query(struct buf *url, const char *name, struct str value)
{
	buf_printf(url, "%c%s=", strchr(url->data, '?') ? '&' : '?', name);
	endpoint_encode(url, value);
}
