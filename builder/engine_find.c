/* builder/engine_find.c - the places docker's own client would ask, in its order. */
#include "builder/engine_find.h"
#include "specs/base/digest.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"

enum { FILE_MAX = 4 << 20 };

static const char *env_of(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* ---- addresses ---- */

static int read_unix(struct arena *a, struct str rest, struct engine_place *out)
{
	out->socket = arena_str(a, rest).p;
	out->url = "http://engine";
	return rest.n && rest.p[0] == '/' ? 0 : ERR_USAGE;
}

static int read_http(struct arena *a, struct str rest, struct engine_place *out)
{
	out->url = arena_printf(a, "http://%.*s", STR_ARG(str_trim_end(rest, '/'))).p;
	return rest.n ? 0 : ERR_USAGE;
}

static int read_https(struct arena *a, struct str rest, struct engine_place *out)
{
	out->url = arena_printf(a, "https://%.*s", STR_ARG(str_trim_end(rest, '/'))).p;
	return rest.n ? 0 : ERR_USAGE;
}

/* What has no `read` is known and not spoken. */
static const struct {
	const char *scheme;
	int (*read)(struct arena *a, struct str rest, struct engine_place *out);
} schemes[] = {
	{"unix://", read_unix},	  {"tcp://", read_http}, {"http://", read_http},
	{"https://", read_https}, {"ssh://", NULL},	 {"npipe://", NULL},
	{"fd://", NULL},
};

int engine_place_read(struct arena *a, struct str host, struct engine_place *out, struct err **e)
{
	struct engine_place made = {.host = arena_str(a, host)};
	for (size_t i = 0; i < COUNT(schemes); i++) {
		if (!str_starts(host, schemes[i].scheme))
			continue;
		if (!schemes[i].read)
			return err_set(e, ERR_USAGE,
				       "%.*s: %s is not supported; forward the engine's socket "
				       "(ssh -L /SOME/docker.sock:/var/run/docker.sock HOST) and "
				       "name that: unix:///SOME/docker.sock",
				       STR_ARG(host), schemes[i].scheme);
		if (schemes[i].read(a, str_from(host, strlen(schemes[i].scheme)), &made) < 0)
			break;
		*out = made;
		return 0;
	}
	return err_set(e, ERR_USAGE,
		       "\"%.*s\" is no engine's address: unix:///PATH or tcp://HOST:PORT",
		       STR_ARG(host));
}

/* tcp:// says nothing of TLS: who names certificates means it. */
static void use_tls(struct arena *a, struct str folder, bool unverified, struct engine_place *p)
{
	static const char *const names[] = {"ca.pem", "cert.pem", "key.pem"};
	const char **to[] = {&p->tls.ca, &p->tls.certificate, &p->tls.key};
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *path = arena_printf(a, "%.*s/%s", STR_ARG(folder), names[i]).p;
		if (access(path, F_OK) == 0)
			*to[i] = path;
	}
	p->tls.unverified = unverified;
	p->has_tls = true;
	if (!p->socket && str_starts(str_of(p->url), "http://"))
		p->url = arena_printf(a, "https://%s", p->url + strlen("http://")).p;
}

/* ---- who names one ---- */

static struct str docker_folder(struct arena *a)
{
	const char *given = env_of("DOCKER_CONFIG"), *home = env_of("HOME");
	return given ? arena_str(a, str_of(given))
		     : arena_printf(a, "%s/.docker", home ? home : "");
}

static int of_host(struct arena *a, const char *host, struct engine_place *out, struct err **e)
{
	int code = engine_place_read(a, str_of(host), out, e);
	const char *certificates = env_of("DOCKER_CERT_PATH");
	if (code < 0)
		return err_wrap(e, code, "DOCKER_HOST");
	out->from = STR("DOCKER_HOST");
	if (env_of("DOCKER_TLS_VERIFY"))
		use_tls(a, certificates ? str_of(certificates) : docker_folder(a), false, out);
	return 0;
}

static int read_json(const char *path, cJSON **out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(FILE_MAX);
	int code = fs_read(path, &text, e);
	return code < 0 ? code : json_parse(buf_str(&text), path, out, e);
}

/* Empty: none, or the one called default. config.json is others' business too: what is wrong with
 * it they will say. */
static struct str context_name(struct arena *a)
{
	AUTO(json_free) cJSON *doc = NULL;
	const char *name = env_of("DOCKER_CONTEXT");
	struct str path = arena_printf(a, "%.*s/config.json", STR_ARG(docker_folder(a)));
	if (!name && read_json(path.p, &doc, NULL) == 0)
		name = json_text(doc, "currentContext");
	return name && strcmp(name, "default") != 0 ? arena_str(a, str_of(name)) : (struct str){0};
}

static int of_context(struct arena *a, struct str name, struct engine_place *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	struct digest id;
	digest_of(name.p, name.n, &id);
	struct str folder = arena_printf(a, "%.*s/contexts", STR_ARG(docker_folder(a)));
	struct str hex = arena_str(a, str_of(digest_text(&id).hex));
	struct str path =
		arena_printf(a, "%.*s/meta/%.*s/meta.json", STR_ARG(folder), STR_ARG(hex));
	int code = read_json(path.p, &doc, e);
	if (code < 0)
		return err_wrap(e, code, "docker's context \"%.*s\"", STR_ARG(name));
	const cJSON *docker = json_object(json_object(doc, "Endpoints"), "docker");
	if ((code = engine_place_read(a, str_of(json_text(docker, "Host")), out, e)) < 0)
		return err_wrap(e, code, "docker's context \"%.*s\"", STR_ARG(name));
	out->from = arena_printf(a, "docker's context \"%.*s\"", STR_ARG(name));
	struct str tls = arena_printf(a, "%.*s/tls/%.*s/docker", STR_ARG(folder), STR_ARG(hex));
	if (access(tls.p, F_OK) == 0)
		use_tls(a, tls, cJSON_IsTrue(json_get(docker, "SkipTLSVerify")), out);
	return 0;
}

/* Docker's, rootless Docker's, Podman's, rootless Podman's. */
static void usual(struct arena *a, struct engine_places *out)
{
	static const struct {
		const char *folder, *name;
	} sockets[] = {
		{NULL, "/var/run/docker.sock"},
		{"XDG_RUNTIME_DIR", "/docker.sock"},
		{"XDG_RUNTIME_DIR", "/podman/podman.sock"},
		{NULL, "/run/podman/podman.sock"},
	};
	for (size_t i = 0; i < COUNT(sockets); i++) {
		const char *folder = sockets[i].folder ? env_of(sockets[i].folder) : "";
		if (!folder)
			continue;
		struct str host = arena_printf(a, "unix://%s%s", folder, sockets[i].name);
		struct engine_place *place = &out->v[out->n];
		if (engine_place_read(a, host, place, NULL) < 0)
			continue;
		place->from = STR("a usual place");
		out->n++;
	}
}

int engine_places(struct arena *a, struct engine_places *out, struct err **e)
{
	struct engine_places made = {0};
	const char *host = env_of("DOCKER_HOST");
	struct str context = host ? (struct str){0} : context_name(a);
	int code = 0;
	if (!host && !context.n)
		usual(a, &made);
	else if (host)
		code = of_host(a, host, &made.v[made.n++], e);
	else
		code = of_context(a, context, &made.v[made.n++], e);
	if (code == 0)
		*out = made;
	return code;
}
