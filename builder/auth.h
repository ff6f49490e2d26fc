/* builder/auth.h - what a registry wants to see before it answers: Basic or Bearer
 * (RFC 9110 section 11; distribution's token specification).
 *
 * A struct auth belongs to one registry and may be used by any thread. Nothing secret is ever
 * part of an error. */
#ifndef KILN_AUTH_H
#define KILN_AUTH_H
#include "builder/credentials.h"
#include "cache/http.h"

enum auth_scheme { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

/* One challenge; texts live in the arena, empty when not given. */
struct challenge {
	enum auth_scheme scheme;
	struct str realm, service, scope, error;
};
struct challenges {
	struct challenge *v;
	size_t n;
};
/* The Basic and Bearer challenges of one Www-Authenticate header, others left out. Text that
 * is none gives none: nothing here fails. */
void challenges_parse(struct arena *a, struct str header, struct challenges *out);

/* Whether a token for the scopes `have` serves for all of `want`: lists separated by blanks of
 * TYPE:NAME:ACTION,ACTION; the order of actions does not count. */
bool scope_covers(struct str have, struct str want);

struct auth;
struct auth *auth_new(struct http *h, const struct reference *r, struct log *log);
void auth_free(struct auth *a);
AUTO_DEFINE(struct auth *, auth_free)

/* The ways of one request through logins; begin with AUTH_USE(scope). */
struct auth_use {
	struct str scope; /* what the request needs */
	bool body;	  /* the token has to last for a body */
	bool fetched;	  /* its token is a fresh one */
	unsigned rounds;  /* 401s so far */
	struct buf extra; /* scope that the registry asked for instead */
	struct buf sent;  /* the header line that went out; empty: none */
};
#define AUTH_USE(wanted, with_body)                                                                \
	{                                                                                          \
		.scope = (wanted), .body = (with_body), .extra = BUF(64 << 10),                    \
		.sent = BUF(1 << 20)                                                               \
	}
void auth_use_done(struct auth_use *u);
AUTO_DEFINE_VALUE(struct auth_use, auth_use_done)

/* Makes u->sent, "Authorization: ...", or leaves it empty while the registry has not asked.
 * May fetch a token: ERR_REFUSED when the token server refuses, ERR_NET. */
int auth_header(struct auth *a, struct auth_use *u, struct err **e);
/* Learns from a 401 to `url`: 1 when the request may come again with another header, 0 when
 * that is the answer. */
int auth_learn(struct auth *a, struct auth_use *u, const char *url,
	       const struct http_answer *answer);
/* Appends " (logged in as NAME)" or " (no login for HOST ...)" for an error's reader. */
void auth_explain(struct auth *a, struct buf *out);
#endif
