/* builder/build_logins.c - logins of pip requirements: uv gives addresses without them, and a lock
 * has none, so kiln's own fetches find them in the definition again. */
#include "builder/build_private.h"
#include "builder/credentials.h"
#include "builder/endpoint.h"
#include "cache/address.h"
#include "specs/base/process.h"
#include "specs/base/url.h"
#include "specs/requirements_text.h"
#include "specs/source_address.h"
#include <stdlib.h>

enum { KEYRING_MS = 60 * 1000, PASSWORD_MAX = 4096 };

/* An address in parts: "https://", "user:password@" or nothing, "host/path". */
struct login {
	struct str scheme, user, rest;
};

static bool split(struct str url, struct login *out)
{
	struct address at = address_split(url);
	if (!str_is(at.scheme, "http") && !str_is(at.scheme, "https"))
		return false;
	size_t user = at.scheme.n + strlen("://"), host = (size_t)(at.host.p - url.p);
	*out = (struct login){str_to(url, user), str_from(str_to(url, host), user),
			      str_from(url, host)};
	return true;
}

/* What uv would be told of it: `keyring get ADDRESS USER`. The arena is wiped at its end. */
static struct str ask_keyring(struct arena *a, struct str address, struct str user)
{
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(PASSWORD_MAX);
	const char *argv[] = {"keyring", "get", arena_str(a, address).p, arena_str(a, user).p,
			      NULL};
	int code = process_run(&(struct process_request){argv}, KEYRING_MS, false, &r, NULL);
	bool told = code >= 0 && r.status == 0;
	struct str password = arena_str(a, told ? str_trim_end(buf_str(&r.out), '\n') : STR(""));
	secret_buf_done(&r.out);
	return password;
}

/* "user@" becomes "user:password@", where uv asks a keyring as well. */
static void add_password(struct arena *a, struct login *l)
{
	const char *provider = getenv("UV_KEYRING_PROVIDER");
	struct str user = str_trim_end(l->user, '@'),
		   host = str_to(l->rest, str_find(l->rest, '/'));
	AUTO(secret_buf_done) struct buf text = BUF(4 * PASSWORD_MAX);
	if (!user.n || !provider || strcmp(provider, "subprocess") != 0 ||
	    str_find(user, ':') < user.n)
		return;
	struct str password = ask_keyring(
		a, arena_printf(a, "%.*s%.*s", STR_ARG(l->scheme), STR_ARG(l->rest)), user);
	if (!password.n)
		password = ask_keyring(a, host, user);
	buf_printf(&text, "%.*s:", STR_ARG(user));
	endpoint_encode(&text, password);
	buf_add_char(&text, '@');
	if (password.n)
		l->user = arena_str(a, buf_str(&text));
}

/* The first n bytes of what follows the login. A token at their end is none to url_without_login,
 * so that it never stands for all of its host. */
static void know(struct build *b, struct arena *a, const struct login *l, size_t n)
{
	struct str rest = str_to(l->rest, n);
	AUTO(secret_buf_done) struct buf text = BUF(BUF_UNLIMITED);
	buf_printf(&text, "%.*s%.*s%.*s", STR_ARG(l->scheme), STR_ARG(l->user), STR_ARG(rest));
	struct str real = buf_str(&text);
	struct str shown = url_without_login(a, real);
	if (!str_eq(shown, real))
		http_secret(b->http, shown, real);
}

/* Of that address only. */
static void know_address(struct build *b, struct arena *a, struct str url)
{
	struct source_address s;
	struct login l;
	url = requirements_expand(a, url);
	if (source_address_parse(a, url, &s, NULL) < 0 || !split(s.address, &l))
		return;
	know(b, a, &l, l.rest.n);
}

/* Of files at the index's host, which are anywhere there, with a token below the folder behind it;
 * the nearest index counts. */
static void know_index(struct build *b, struct arena *a, struct str url)
{
	struct login l;
	if (!split(requirements_expand(a, url), &l))
		return;
	add_password(a, &l);
	for (size_t n = l.rest.n; n; n--)
		if (n == l.rest.n || l.rest.p[n] == '/')
			know(b, a, &l, n);
}

void build_know_logins(struct build *b, const struct definition *d)
{
	AUTO(arena_wipe) struct arena a = ARENA;
	const struct requirements *r = &d->pip;
	/* Of two at one host the earlier one goes before the later one, so it is told last. */
	for (size_t i = r->find_links.n; i > 0; i--)
		know_index(b, &a, r->find_links.v[i - 1]);
	for (size_t i = r->extra_index_urls.n; i > 0; i--)
		know_index(b, &a, r->extra_index_urls.v[i - 1]);
	know_index(b, &a, r->index_url);
	for (size_t i = 0; i < r->lines.n; i++) {
		const struct requirement_line *line = &r->lines.v[i];
		know_address(b, &a,
			     line->kind == REQUIREMENT_URL ? line->target : line->requirement.url);
	}
}
