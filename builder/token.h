/* builder/token.h - bearer tokens, asked for at the server that a challenge named
 * (distribution's token specification: GET, and OAuth 2 by POST). */
#ifndef KILN_TOKEN_H
#define KILN_TOKEN_H
#include "builder/credentials.h"
#include "cache/http.h"

enum {
	TOKEN_ANSWER_MAX = 1 << 20, /* bytes */
	TOKEN_LIFE_MIN_S = 60,	    /* also of a token that does not say */
	TOKEN_LIFE_MAX_S = 24 * 3600,
};

struct token_request {
	const char *realm;   /* absolute address */
	const char *service; /* or NULL */
	struct str scope;    /* separated by blanks */
	const struct credentials *login;
};

struct token {
	char *scope, *value;	 /* owned */
	int64_t life_s, until_s; /* until: of the clock that only goes forward */
};
void token_done(struct token *t);
AUTO_DEFINE_VALUE(struct token, token_done)

/* ERR_REFUSED when the server does not know the login or gives it no such right, ERR_NET,
 * ERR_CORRUPT. */
int token_fetch(struct http *h, const struct token_request *r, struct token *out, struct err **e);
/* Appends "Authorization: Basic ..." for user and password. */
void basic_header(const struct credentials *c, struct buf *out);
#endif
