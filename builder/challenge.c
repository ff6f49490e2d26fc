/* builder/challenge.c - Www-Authenticate (RFC 9110, section 11.6.1), and scopes. */
#include "builder/auth.h"
#include <strings.h>

enum { CHALLENGES_MAX = 16 };

struct reader {
	struct str rest;
	struct arena *a;
};

static void skip(struct reader *r, const char *set)
{
	while (r->rest.n && r->rest.p[0] && strchr(set, r->rest.p[0]))
		r->rest = str_from(r->rest, 1);
}

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static struct str take_token(struct reader *r)
{
	size_t n = 0;
	while (n < r->rest.n && is_token_char(r->rest.p[n]))
		n++;
	struct str token = str_to(r->rest, n);
	r->rest = str_from(r->rest, n);
	return token;
}

/* After the opening quote. Some send no closing one: then all is the value. */
static struct str take_quoted(struct reader *r)
{
	char *to = arena_alloc(r->a, r->rest.n + 1);
	size_t n = 0;
	while (r->rest.n && r->rest.p[0] != '"') {
		if (r->rest.p[0] == '\\' && r->rest.n > 1)
			r->rest = str_from(r->rest, 1);
		to[n++] = r->rest.p[0];
		r->rest = str_from(r->rest, 1);
	}
	r->rest = str_from(r->rest, r->rest.n ? 1 : 0);
	to[n] = 0;
	return (struct str){to, n};
}

/* Servers leave out quotes around addresses, too: up to the next blank or comma. */
static struct str take_bare(struct reader *r)
{
	size_t n = 0;
	while (n < r->rest.n && !strchr(" \t,", r->rest.p[n] ? r->rest.p[n] : 'x'))
		n++;
	struct str value = arena_str(r->a, str_to(r->rest, n));
	r->rest = str_from(r->rest, n);
	return value;
}

static struct str take_value(struct reader *r)
{
	skip(r, " \t");
	if (!str_starts(r->rest, "\""))
		return take_bare(r);
	r->rest = str_from(r->rest, 1);
	return take_quoted(r);
}

static bool is_name(struct str s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

static void keep(struct challenge *c, struct str name, struct str value)
{
	struct {
		const char *name;
		struct str *to;
	} rows[] = {{"realm", &c->realm},
		    {"service", &c->service},
		    {"scope", &c->scope},
		    {"error", &c->error}};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (is_name(name, rows[i].name) && !rows[i].to->p)
			*rows[i].to = value;
}

static enum auth_scheme scheme_of(struct str name)
{
	if (is_name(name, "bearer"))
		return AUTH_BEARER;
	return is_name(name, "basic") ? AUTH_BASIC : AUTH_NONE;
}

/* Whether the token just taken was a parameter's name: "=" follows, and it is no padding of a
 * scheme's token68 ("Negotiate abc=="). */
static bool at_parameter(struct reader *r)
{
	struct reader ahead = *r;
	skip(&ahead, " \t");
	if (!str_starts(ahead.rest, "="))
		return false;
	struct str after = str_from(ahead.rest, 1);
	if (!after.n || after.p[0] == ',' || after.p[0] == '=')
		return false;
	r->rest = after;
	return true;
}

void challenges_parse(struct arena *a, struct str header, struct challenges *out)
{
	struct reader r = {header, a};
	struct challenge *v = arena_zero(a, CHALLENGES_MAX, sizeof(*v)), *now = NULL;
	size_t n = 0;
	while (skip(&r, " \t,"), r.rest.n) {
		struct str name = take_token(&r);
		if (!name.n) { /* nothing that belongs here */
			r.rest = str_from(r.rest, 1);
		} else if (at_parameter(&r)) {
			struct str value = take_value(&r);
			if (now)
				keep(now, name, value);
		} else {
			enum auth_scheme scheme = scheme_of(name);
			now = scheme != AUTH_NONE && n < CHALLENGES_MAX ? &v[n++] : NULL;
			if (now)
				now->scheme = scheme;
			else /* its token68, which is no scheme */
				skip(&r, " \t"), take_token(&r), skip(&r, "/=");
		}
	}
	*out = (struct challenges){v, n};
}

/* ---- scopes ---- */

/* "repository:host:5000/name:pull,push": type before the first colon, actions behind the
 * last. */
static struct str scope_actions(struct str scope, struct str *what)
{
	size_t at = scope.n;
	while (at > 0 && scope.p[at - 1] != ':')
		at--;
	*what = str_to(scope, at ? at - 1 : 0);
	return str_from(scope, at);
}

static bool has_action(struct str actions, struct str wanted)
{
	struct str one;
	while (actions.n) {
		str_cut(&actions, ',', &one);
		if (str_eq(one, wanted) || str_is(one, "*"))
			return true;
	}
	return false;
}

static bool allows(struct str have, struct str what, struct str action)
{
	struct str one, have_what;
	while (have.n) {
		str_cut(&have, ' ', &one);
		struct str actions = scope_actions(one, &have_what);
		if (str_eq(have_what, what) && has_action(actions, action))
			return true;
	}
	return false;
}

bool scope_covers(struct str have, struct str want)
{
	struct str one, what, action;
	while (want.n) {
		str_cut(&want, ' ', &one);
		struct str actions = scope_actions(one, &what);
		while (actions.n) {
			str_cut(&actions, ',', &action);
			if (!allows(have, what, action))
				return false;
		}
	}
	return true;
}
