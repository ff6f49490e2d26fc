/* builder/credentials.c - docker's config.json and its like. */
#include "builder/credentials.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include <openssl/evp.h>

enum { CONFIG_MAX = 4 << 20, SECRET_MAX = 1 << 20 };

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void secret_buf_done(struct buf *b)
{
	if (b->n)
		explicit_bzero(b->data, b->n);
	buf_done(b);
}

void credentials_done(struct credentials *c)
{
	secret_free(c->user);
	secret_free(c->password);
	secret_free(c->identity_token);
	secret_free(c->registry_token);
	free(c->helper);
	*c = (struct credentials){0};
}

/* cJSON frees its texts as they are. */
static void wipe(cJSON *value)
{
	for (; value; value = value->next) {
		if (cJSON_IsString(value) && value->valuestring)
			explicit_bzero(value->valuestring, strlen(value->valuestring));
		wipe(value->child);
	}
}

static void secret_json_free(cJSON *doc)
{
	wipe(doc);
	json_free(doc);
}
AUTO_DEFINE(cJSON *, secret_json_free)

/* ---- base64 ---- */

void base64_write(struct buf *out, struct str bytes)
{
	size_t size = (bytes.n + 2) / 3 * 4;
	unsigned char *to = buf_room(out, size + 1);
	if (!to)
		return;
	EVP_EncodeBlock(to, (const unsigned char *)bytes.p, (int)bytes.n);
	buf_fill(out, size);
}

static bool is_base64(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '+' || c == '/';
		if (!ok)
			return false;
	}
	return s.n % 4 != 1;
}

bool base64_read(struct str text, struct buf *out)
{
	struct str s = str_trim(text);
	for (int i = 0; i < 2 && str_ends(s, "="); i++)
		s = str_to(s, s.n - 1);
	if (!is_base64(s) || s.n > SECRET_MAX)
		return false;
	size_t missing = (4 - s.n % 4) % 4;
	AUTO(secret_buf_done) struct buf whole = BUF(SECRET_MAX + 4);
	buf_add_str(&whole, s);
	buf_add(&whole, "==", missing);
	unsigned char *to = buf_room(out, whole.n / 4 * 3 + 1);
	if (!to)
		return false;
	if (whole.n && EVP_DecodeBlock(to, (unsigned char *)whole.data, (int)whole.n) < 0)
		return false;
	buf_fill(out, whole.n / 4 * 3 - missing);
	return true;
}

/* ---- keys ---- */

static bool is_docker_hub(struct str host)
{
	static const char *const names[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(host, names[i]))
			return true;
	return false;
}

static bool is_same_host(struct str key, struct str host)
{
	if (is_docker_hub(key))
		return is_docker_hub(host);
	if (str_ends(key, ":443"))
		key = str_to(key, key.n - 4);
	if (str_ends(host, ":443"))
		host = str_to(host, host.n - 4);
	return str_eq(key, host);
}

/* How well a key fits: 0 not at all, else the more the better. "host/a/b" is for the
 * repositories a/b and below; "https://host/v1/" is the host's old form, its path says
 * nothing. */
static size_t key_fits(struct str key, const struct reference *r)
{
	bool url = str_starts(key, "https://") || str_starts(key, "http://");
	struct str rest = url ? str_from(key, str_find(key, ':') + 3) : key, host;
	str_cut(&rest, '/', &host);
	if (!is_same_host(host, r->host))
		return 0;
	if (url)
		return 1;
	struct str repository = r->repository;
	if (!rest.n)
		return 2;
	bool below = repository.n > rest.n && repository.p[rest.n] == '/';
	if (str_is(rest, "v1") || str_is(rest, "v2") || str_is(rest, "v1/") || str_is(rest, "v2/"))
		return 1;
	if (!str_eq(str_to(repository, rest.n), rest) || (repository.n != rest.n && !below))
		return 0;
	return 3 + rest.n;
}

/* ---- entries ---- */

static char *text_of(struct str s)
{
	char *text = mem_alloc(s.n + 1);
	if (s.n)
		memcpy(text, s.p, s.n);
	text[s.n] = 0;
	return text;
}

static bool is_set(const char *text)
{
	return text && *text;
}

/* "user:password" in base64; the password may hold colons, some end it with zeros. */
static int read_auth(const char *auth, const char *key, struct credentials *out, struct err **e)
{
	AUTO(secret_buf_done) struct buf plain = BUF(SECRET_MAX);
	struct str rest, user;
	bool ok = base64_read(str_of(auth), &plain);
	rest = buf_str(&plain);
	while (rest.n && rest.p[rest.n - 1] == 0)
		rest.n--;
	if (!ok || !str_cut(&rest, ':', &user) || !user.n || memchr(plain.data, 0, rest.n))
		return err_set(e, ERR_CORRUPT, "auths: \"%s\": auth is not base64 of user:password",
			       key);
	out->user = text_of(user);
	out->password = text_of(rest);
	return 0;
}

static int read_entry(const cJSON *entry, struct credentials *out, struct err **e)
{
	const char *auth = json_text(entry, "auth"), *user = json_text(entry, "username");
	const char *password = json_text(entry, "password");
	const char *identity = json_text(entry, "identitytoken");
	const char *token = json_text(entry, "registrytoken");
	int code = is_set(auth) ? read_auth(auth, entry->string, out, e) : 0;
	if (code < 0 && !is_set(identity) && !is_set(token))
		return code;
	err_clear(e);
	if (!out->user && is_set(user)) {
		out->user = mem_text(user);
		out->password = mem_text(password ? password : "");
	}
	if (is_set(identity))
		out->identity_token = mem_text(identity);
	if (is_set(token))
		out->registry_token = mem_text(token);
	return 0;
}

static void find_helper(const cJSON *doc, const struct reference *r, struct credentials *out)
{
	const cJSON *entry, *helpers = json_object(doc, "credHelpers");
	const char *store = json_text(doc, "credsStore");
	cJSON_ArrayForEach(entry, helpers)
	{
		if (entry->string && key_fits(str_of(entry->string), r) && cJSON_IsString(entry))
			store = entry->valuestring;
	}
	if (is_set(store))
		out->helper = mem_text(store);
}

int credentials_read(struct str config, const struct reference *r, struct credentials *out,
		     struct err **e)
{
	AUTO(secret_json_free) cJSON *doc = NULL;
	AUTO(credentials_done) struct credentials found = {0};
	const cJSON *entry, *best = NULL;
	size_t longest = 0;
	int code = json_parse(config, "logins", &doc, e);
	if (code < 0)
		return code;
	const cJSON *auths = json_object(doc, "auths");
	cJSON_ArrayForEach(entry, auths)
	{
		size_t fits = entry->string && cJSON_IsObject(entry)
				      ? key_fits(str_of(entry->string), r)
				      : 0;
		if (fits > longest) {
			longest = fits;
			best = entry;
		}
	}
	if (best && (code = read_entry(best, &found, e)) < 0)
		return code;
	find_helper(doc, r, &found);
	if (!found.user && !found.identity_token && !found.registry_token && !found.helper)
		return err_set(e, ERR_ABSENT, "no login for %.*s", STR_ARG(r->host));
	*out = found;
	found = (struct credentials){0};
	return 0;
}

/* ---- places ---- */

static const char *env_of(const char *name)
{
	const char *value = name ? getenv(name) : NULL;
	return is_set(value) ? value : NULL;
}

/* True when the search is over. */
static bool try_text(struct str text, const char *where, const struct reference *r, struct log *log,
		     struct credentials *out)
{
	AUTO(err_free) struct err *e = NULL;
	int code = credentials_read(text, r, out, &e);
	if (code == ERR_CORRUPT) {
		AUTO(free) char *line = err_line(e);
		log_warn(log, "%s: %s", where, line);
	}
	return code == 0;
}

static bool try_file(const char *path, const struct reference *r, struct log *log,
		     struct credentials *out)
{
	AUTO(err_free) struct err *e = NULL;
	AUTO(secret_buf_done) struct buf text = BUF(CONFIG_MAX);
	int code = fs_read(path, &text, &e);
	if (code == ERR_ABSENT)
		return false;
	if (code < 0) {
		AUTO(free) char *line = err_line(e);
		log_warn(log, "%s", line);
		return false;
	}
	return try_text(buf_str(&text), path, r, log, out);
}

void credentials_find(const struct reference *r, struct log *log, struct credentials *out)
{
	/* The folder is the first variable's value, or the second's with `below` behind it. */
	static const struct {
		const char *folder, *or_folder, *below, *file;
	} places[] = {
		{"REGISTRY_AUTH_FILE", NULL, NULL, NULL},
		{"DOCKER_CONFIG", "HOME", "/.docker", "/config.json"},
		{"XDG_RUNTIME_DIR", NULL, NULL, "/containers/auth.json"},
		{"XDG_CONFIG_HOME", "HOME", "/.config", "/containers/auth.json"},
	};
	const char *json = env_of("DOCKER_AUTH_CONFIG");
	for (size_t i = 0; i < COUNT(places); i++) {
		const char *first = env_of(places[i].folder), *second = env_of(places[i].or_folder);
		AUTO(buf_done) struct buf path = BUF(64 << 10);
		if (i == 1 && json && try_text(str_of(json), "$DOCKER_AUTH_CONFIG", r, log, out))
			return;
		if (!first && !second)
			continue;
		buf_printf(&path, "%s%s%s", first ? first : second, first ? "" : places[i].below,
			   places[i].file ? places[i].file : "");
		if (try_file(path.data, r, log, out))
			return;
	}
}
