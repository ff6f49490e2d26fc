/* builder/auth.c - logins of one registry: what it asked for, and the tokens it was shown. */
#include "builder/auth.h"
#include "builder/endpoint.h"
#include "builder/token.h"
#include "cache/address.h"
#include "specs/base/clock.h"
#include "specs/base/vec.h"
#include <pthread.h>

enum {
	MARGIN_S = 30,	/* a token is renewed so long before its end */
	BODY_S = 60,	/* must be left of it before a body begins */
	ROUNDS_MAX = 3, /* 401s to one request */
};

struct auth {
	struct http *http;
	struct log *log;
	struct arena arena;
	struct reference reference;
	pthread_mutex_t lock; /* held while a token is fetched: the others want the same */
	bool looked;	      /* credentials were searched for */
	struct credentials login;
	enum auth_scheme scheme;
	char *realm, *service;
	VEC(struct token) tokens;
};

struct auth *auth_new(struct http *h, const struct reference *r, struct log *log)
{
	struct auth *a = mem_zero(1, sizeof(*a));
	a->http = h;
	a->log = log;
	a->reference.host = arena_str(&a->arena, r->host);
	a->reference.repository = arena_str(&a->arena, r->repository);
	pthread_mutex_init(&a->lock, NULL);
	return a;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->tokens.n; i++)
		token_done(&a->tokens.v[i]);
	VEC_DONE(&a->tokens);
	credentials_done(&a->login);
	free(a->realm);
	free(a->service);
	pthread_mutex_destroy(&a->lock);
	arena_done(&a->arena);
	free(a);
}

void auth_use_done(struct auth_use *u)
{
	secret_buf_done(&u->sent);
	buf_done(&u->extra);
}

/* ---- below, the lock is held ---- */

static const struct credentials *login(struct auth *a)
{
	if (!a->looked)
		credentials_find(&a->reference, a->log, &a->login);
	a->looked = true;
	return &a->login;
}

static const struct token *token_find(struct auth *a, struct str scope, bool body)
{
	for (size_t i = 0; i < a->tokens.n; i++) {
		const struct token *t = &a->tokens.v[i];
		int64_t left = t->until_s - clock_ms() / 1000, least = body ? BODY_S : MARGIN_S;
		/* Of a token that lives a minute, a body gets most, and nobody a fresh one
		 * for each request. */
		if (least > t->life_s / 2)
			least = t->life_s / 2;
		if (left >= least && scope_covers(str_of(t->scope), scope))
			return t;
	}
	return NULL;
}

static void token_drop(struct auth *a, struct str header)
{
	for (size_t i = a->tokens.n; i-- > 0;) {
		struct token *t = &a->tokens.v[i];
		if (!str_ends(header, t->value))
			continue;
		token_done(t);
		*t = a->tokens.v[--a->tokens.n];
	}
}

/* What the registry asked for goes first: some token servers read one scope only. */
static void wanted_scope(const struct auth_use *u, struct buf *out)
{
	buf_add_str(out, buf_str(&u->extra));
	if (u->extra.n)
		buf_add_char(out, ' ');
	buf_add_str(out, u->scope);
}

static int bearer_header(struct auth *a, struct auth_use *u, struct err **e)
{
	AUTO(buf_done) struct buf scope = BUF(64 << 10);
	wanted_scope(u, &scope);
	if (login(a)->registry_token) {
		buf_printf(&u->sent, "Authorization: Bearer %s", a->login.registry_token);
		u->fetched = true;
		return 0;
	}
	const struct token *t = token_find(a, buf_str(&scope), u->body);
	if (!t) {
		struct token fresh;
		struct token_request r = {a->realm, a->service, buf_str(&scope), &a->login};
		int code = token_fetch(a->http, &r, &fresh, e);
		if (code < 0)
			return code;
		VEC_PUSH(&a->tokens, fresh);
		t = &a->tokens.v[a->tokens.n - 1];
		u->fetched = true;
	}
	buf_printf(&u->sent, "Authorization: Bearer %s", t->value);
	return 0;
}

int auth_header(struct auth *a, struct auth_use *u, struct err **e)
{
	int code = 0;
	secret_buf_done(&u->sent);
	pthread_mutex_lock(&a->lock);
	if (a->scheme == AUTH_BASIC && login(a)->user)
		basic_header(login(a), &u->sent);
	else if (a->scheme == AUTH_BEARER)
		code = bearer_header(a, u, e);
	pthread_mutex_unlock(&a->lock);
	if (code < 0) {
		AUTO(buf_done) struct buf why = BUF(4096);
		auth_explain(a, &why);
		return err_wrap(e, code, "%.*s%s", STR_ARG(a->reference.host), why.data);
	}
	return buf_check(&u->sent, "login", e);
}

/* ---- challenges ---- */

static char *text_of(struct str s)
{
	struct buf text = BUF(BUF_UNLIMITED);
	buf_add_str(&text, s);
	return buf_take(&text);
}

static void all_challenges(struct arena *arena, const struct http_answer *answer,
			   struct challenge *bearer, struct challenge *basic)
{
	struct str rest = buf_str(&answer->headers), line, name;
	while (rest.n) {
		struct challenges found;
		str_cut(&rest, '\n', &line);
		if (!str_cut(&line, ':', &name) || !str_is(name, "www-authenticate"))
			continue;
		challenges_parse(arena, line, &found);
		for (size_t i = found.n; i-- > 0;)
			*(found.v[i].scheme == AUTH_BEARER ? bearer : basic) = found.v[i];
	}
}

/* True when the challenge can be met: its realm is an address we would ask. */
static bool take_bearer(struct auth *a, const struct challenge *c, const char *url)
{
	AUTO(buf_done) struct buf realm = BUF(64 << 10);
	AUTO(err_free) struct err *e = NULL;
	if (c->scheme != AUTH_BEARER || !c->realm.n)
		return false;
	if (endpoint_resolve(str_of(url), c->realm, &realm, &e) < 0) {
		AUTO(free) char *line = err_line(e);
		log_warn(a->log, "token server: %s", line);
		return false;
	}
	free(a->realm);
	free(a->service);
	a->realm = buf_take(&realm);
	a->service = text_of(c->service);
	a->scheme = AUTH_BEARER;
	return true;
}

/* A token was refused. Again with a fresh one, or with what the registry asks for instead. */
static bool token_refused(struct auth *a, struct auth_use *u, struct str asked)
{
	bool fresh = u->fetched;
	token_drop(a, buf_str(&u->sent));
	if (a->login.registry_token)
		return false;
	u->fetched = false;
	if (!fresh)
		return true;
	if (!asked.n || u->extra.n || scope_covers(u->scope, asked))
		return false;
	buf_add_str(&u->extra, asked);
	return true;
}

int auth_learn(struct auth *a, struct auth_use *u, const char *url,
	       const struct http_answer *answer)
{
	AUTO(arena_done) struct arena arena = ARENA;
	struct challenge bearer = {0}, basic = {0};
	bool again = false;
	all_challenges(&arena, answer, &bearer, &basic);
	pthread_mutex_lock(&a->lock);
	/* A weak token may be answered with a Basic challenge (harbor#18856): the tokens stay. */
	if (!take_bearer(a, &bearer, url) && basic.scheme == AUTH_BASIC && a->scheme != AUTH_BEARER)
		a->scheme = AUTH_BASIC;
	if (a->scheme == AUTH_BASIC)
		again = !u->sent.n && login(a)->user;
	else if (a->scheme == AUTH_BEARER)
		again = !u->sent.n || token_refused(a, u, bearer.scope);
	pthread_mutex_unlock(&a->lock);
	return again && ++u->rounds < ROUNDS_MAX;
}

void auth_explain(struct auth *a, struct buf *out)
{
	pthread_mutex_lock(&a->lock);
	const struct credentials *c = login(a);
	if (c->user)
		buf_printf(out, " (logged in as %s)", c->user);
	else if (c->identity_token || c->registry_token)
		buf_add_text(out, " (logged in with a token)");
	else if (c->helper)
		buf_printf(out,
			   " (the login is kept by docker-credential-%s, which is not asked; "
			   "docker's config.json has none)",
			   c->helper);
	else
		buf_add_text(out, " (no login for it in docker's config.json)");
	pthread_mutex_unlock(&a->lock);
}
