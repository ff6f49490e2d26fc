/* builder/token.c - bearer tokens from a token server. */
#include "builder/token.h"
#include "builder/endpoint.h"
#include "cache/address.h"
#include "specs/base/clock.h"
#include "specs/base/json.h"

#define CLIENT "kiln"

void token_done(struct token *t)
{
	secret_free(t->value);
	free(t->scope);
	*t = (struct token){0};
}

static void answer_done(struct http_answer *a)
{
	if (a->body.n)
		explicit_bzero(a->body.data, a->body.n);
	http_answer_done(a);
}
AUTO_DEFINE_VALUE(struct http_answer, answer_done)

void basic_header(const struct credentials *c, struct buf *out)
{
	AUTO(secret_buf_done) struct buf pair = BUF(TOKEN_ANSWER_MAX);
	buf_printf(&pair, "%s:%s", c->user, c->password ? c->password : "");
	buf_add_text(out, "Authorization: Basic ");
	base64_write(out, buf_str(&pair));
}

/* A token becomes part of a header line: nothing in it may end that. */
static bool is_token(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return *text != 0;
}

/* token and access_token mean the same. The server's own clock does not count. */
static int read_answer(const cJSON *doc, struct token *out, struct err **e)
{
	uint64_t life = 0;
	const char *value = json_text(doc, "token");
	if (!value || !*value)
		value = json_text(doc, "access_token");
	if (!value || !is_token(value))
		return err_set(e, ERR_CORRUPT, "its answer holds no token");
	if (!json_u64(doc, "expires_in", &life) || life < TOKEN_LIFE_MIN_S)
		life = TOKEN_LIFE_MIN_S;
	if (life > TOKEN_LIFE_MAX_S)
		life = TOKEN_LIFE_MAX_S;
	*out = (struct token){
		.value = mem_text(value),
		.life_s = (int64_t)life,
		.until_s = clock_ms() / 1000 + (int64_t)life,
	};
	explicit_bzero((char *)value, strlen(value));
	return 0;
}

static int read_token(const struct http_answer *answer, struct token *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int code = json_parse(buf_str(&answer->body), "its answer", &doc, e);
	return code < 0 ? code : read_answer(doc, out, e);
}

/* ---- asking ---- */

static void add_scopes(struct buf *url, struct str scopes)
{
	struct str one;
	while (scopes.n) {
		str_cut(&scopes, ' ', &one);
		if (one.n)
			endpoint_query(url, "scope", one);
	}
}

static int ask_get(struct http *h, const struct token_request *r, struct http_answer *out,
		   struct http_request *asked, struct err **e)
{
	AUTO(buf_done) struct buf url = BUF(64 << 10);
	AUTO(secret_buf_done) struct buf header = BUF(TOKEN_ANSWER_MAX);
	buf_add_text(&url, r->realm);
	if (r->service && *r->service)
		endpoint_query(&url, "service", str_of(r->service));
	add_scopes(&url, r->scope);
	endpoint_query(&url, "client_id", STR(CLIENT));
	if (r->login->user) {
		endpoint_query(&url, "account", str_of(r->login->user));
		basic_header(r->login, &header);
	}
	int code = buf_check(&url, "the token's address", e);
	if (code < 0)
		return code;
	const char *const headers[] = {header.n ? header.data : NULL, NULL};
	*asked = (struct http_request){
		.method = "GET",
		.url = url.data,
		.headers = headers,
		.keep_redirect = true,
		.max = TOKEN_ANSWER_MAX,
	};
	code = http_send(h, asked, out, e);
	asked->url = r->realm;
	return code;
}

static void add_field(struct buf *form, const char *name, const char *value)
{
	buf_printf(form, "%s%s=", form->n ? "&" : "", name);
	endpoint_encode(form, str_of(value ? value : ""));
}

static int ask_post(struct http *h, const struct token_request *r, struct http_answer *out,
		    struct http_request *asked, struct err **e)
{
	AUTO(secret_buf_done) struct buf form = BUF(TOKEN_ANSWER_MAX);
	const struct credentials *c = r->login;
	add_field(&form, "grant_type", c->identity_token ? "refresh_token" : "password");
	if (c->identity_token) {
		add_field(&form, "refresh_token", c->identity_token);
	} else {
		add_field(&form, "username", c->user);
		add_field(&form, "password", c->password);
	}
	add_field(&form, "service", r->service);
	add_field(&form, "client_id", CLIENT);
	buf_add_text(&form, "&scope=");
	endpoint_encode(&form, r->scope);
	static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
					      NULL};
	*asked = (struct http_request){
		.method = "POST",
		.url = r->realm,
		.headers = headers,
		.body = {.fd = -1, .bytes = buf_str(&form), .present = true},
		.idempotent = true,
		.keep_redirect = true,
		.max = TOKEN_ANSWER_MAX,
	};
	return http_send(h, asked, out, e);
}

/* POST where there is an identity token, else GET; the other way where a server does not have
 * the first (GCR 404, Artifactory 401, ACR 400). */
static int ask(struct http *h, const struct token_request *r, struct http_answer *out,
	       struct http_request *asked, struct err **e)
{
	const struct credentials *c = r->login;
	long *status = &out->status;
	int code;
	if (c->identity_token) {
		code = ask_post(h, r, out, asked, e);
		bool no = *status == 400 || *status == 401 || *status == 404 || *status == 405;
		return code == 0 && no && c->user ? ask_get(h, r, out, asked, e) : code;
	}
	code = ask_get(h, r, out, asked, e);
	bool no = *status == 404 || *status == 405;
	return code == 0 && no && c->user ? ask_post(h, r, out, asked, e) : code;
}

int token_fetch(struct http *h, const struct token_request *r, struct token *out, struct err **e)
{
	AUTO(answer_done) struct http_answer answer = HTTP_ANSWER;
	struct http_request asked;
	int code = ask(h, r, &answer, &asked, e);
	if (code < 0)
		return err_wrap(e, code, "asking for a token");
	if (answer.status == 400 || answer.status == 401 || answer.status == 403) {
		AUTO(err_free) struct err *status = NULL;
		http_error(&asked, &answer, &status);
		return err_set(e, ERR_REFUSED, "the token server does not allow it: %s",
			       status->text);
	}
	if (answer.status != 200) {
		code = http_error(&asked, &answer, e);
		return err_wrap(e, code, "asking for a token");
	}
	struct str host = address_split(str_of(r->realm)).host;
	if ((code = read_token(&answer, out, e)) < 0)
		return err_wrap(e, code, "token server %.*s", STR_ARG(host));
	struct buf scope = BUF(BUF_UNLIMITED);
	buf_add_str(&scope, r->scope);
	out->scope = buf_take(&scope);
	return 0;
}
