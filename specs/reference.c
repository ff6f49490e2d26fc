/* specs/reference.c - where images live, read as distribution/reference reads it. */
#include "specs/reference.h"

enum { MAX_REPOSITORY = 255, MAX_TAG = 128, MAX_TEXT = 4096 };

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_upper(c);
}

static bool has_upper(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_upper(s.p[i]))
			return true;
	return false;
}

static bool has(struct str s, char c)
{
	return str_find(s, c) < s.n;
}

/* --- the host ------------------------------------------------------------------------ */

static bool is_port(struct str s)
{
	uint64_t port;
	return s.n >= 1 && s.n <= 5 && str_u64(s, &port) && port >= 1 && port <= 65535;
}

static bool is_label(struct str s)
{
	if (s.n == 0 || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

static bool is_host_name(struct str s)
{
	struct str label;
	bool more;
	do {
		more = str_cut(&s, '.', &label);
		if (!is_label(label))
			return false;
	} while (more);
	return true;
}

static bool is_ipv6(struct str s)
{
	size_t colons = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool hex =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		if (!hex && c != ':')
			return false;
		colons += c == ':';
	}
	return colons >= 2;
}

static bool is_host(struct str s)
{
	if (s.n && s.p[0] == '[') {
		size_t end = str_find(s, ']');
		if (end == s.n || !is_ipv6(str_to(str_from(s, 1), end - 1)))
			return false;
		struct str rest = str_from(s, end + 1);
		return rest.n == 0 || (rest.p[0] == ':' && is_port(str_from(rest, 1)));
	}
	struct str name;
	if (str_cut(&s, ':', &name) && !is_port(s))
		return false;
	return is_host_name(name);
}

/* Only what stands before a '/' can be a host; "foo.io" alone is a repository. */
static bool looks_like_host(struct str first)
{
	return str_is(first, "localhost") || has(first, '.') || has(first, ':') || has_upper(first);
}

/* --- the repository ------------------------------------------------------------------ */

/* [a-z0-9]+ joined by one '.', one or two '_', or any number of '-'. */
static bool is_component(struct str s)
{
	size_t at = 0;
	for (;;) {
		size_t start = at;
		while (at < s.n && is_lower(s.p[at]))
			at++;
		if (at == start)
			return false;
		if (at == s.n)
			return true;
		char joint = s.p[at];
		size_t most = joint == '.' ? 1 : joint == '_' ? 2 : joint == '-' ? s.n : 0, n = 0;
		for (; at < s.n && s.p[at] == joint; at++)
			n++;
		if (n > most)
			return false;
	}
}

static int check_repository(struct str text, struct str path, struct err **e)
{
	bool more;
	do {
		struct str part;
		more = str_cut(&path, '/', &part);
		if (part.n == 0)
			return err_set(e, ERR_SYNTAX,
				       "\"%.*s\" has an empty part: a '/' too many, or no "
				       "repository",
				       STR_ARG(text));
		if (has_upper(part))
			return err_set(e, ERR_SYNTAX,
				       "\"%.*s\": the repository must be lower case, \"%.*s\" is "
				       "not",
				       STR_ARG(text), STR_ARG(part));
		if (!is_component(part))
			return err_set(e, ERR_SYNTAX,
				       "\"%.*s\": \"%.*s\" is no part of a repository (a-z, 0-9, "
				       "between them '.', '_', '__' or '-')",
				       STR_ARG(text), STR_ARG(part));
	} while (more);
	return 0;
}

/* --- tag and digest ------------------------------------------------------------------ */

static int check_tag(struct str text, struct str tag, struct err **e)
{
	bool good = tag.n >= 1 && tag.n <= MAX_TAG && tag.p[0] != '.' && tag.p[0] != '-';
	for (size_t i = 0; i < tag.n && good; i++)
		good = is_alnum(tag.p[i]) || (tag.p[i] && strchr("_.-", tag.p[i]));
	if (good)
		return 0;
	return err_set(e, ERR_SYNTAX,
		       "\"%.*s\": \"%.*s\" is no tag (1 to 128 of A-Z, a-z, 0-9, '_', '.', '-', "
		       "not beginning with '.' or '-')",
		       STR_ARG(text), STR_ARG(tag));
}

static int read_digest(struct str text, struct str digest, struct reference *out, struct err **e)
{
	/* digest_parse also takes upper case and hex digits alone; a reference does not. */
	if (!str_starts(digest, "sha256:"))
		return err_set(e, ERR_SYNTAX,
			       "\"%.*s\": the digest must be \"sha256:\" and 64 hex digits, "
			       "\"%.*s\" is not supported",
			       STR_ARG(text), STR_ARG(str_to(digest, str_find(digest, ':'))));
	if (has_upper(digest) || !digest_parse(digest, &out->digest))
		return err_set(e, ERR_SYNTAX,
			       "\"%.*s\": the digest must be \"sha256:\" and 64 lower-case hex "
			       "digits",
			       STR_ARG(text));
	out->has_digest = true;
	return 0;
}

/* Takes the tag off *s: what follows a ':' behind the last '/'. */
static bool take_tag(struct str *s, struct str *tag)
{
	for (size_t i = s->n; i-- > 0 && s->p[i] != '/';) {
		if (s->p[i] != ':')
			continue;
		*tag = str_from(*s, i + 1);
		*s = str_to(*s, i);
		return true;
	}
	return false;
}

/* --- the whole ----------------------------------------------------------------------- */

static bool is_image_id(struct str s)
{
	struct digest ignored;
	return s.n == DIGEST_HEX && !has_upper(s) && digest_parse(s, &ignored);
}

static int check_text(struct str text, struct err **e)
{
	if (text.n == 0)
		return err_set(e, ERR_SYNTAX, "the reference is empty");
	if (text.n > MAX_TEXT)
		return err_set(e, ERR_SYNTAX, "the reference is longer than %d bytes", MAX_TEXT);
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return err_set(e, ERR_SYNTAX, "the reference holds a control character");
	return 0;
}

static int refuse_scheme(struct str text, struct err **e)
{
	for (size_t i = 0; i + 2 < text.n; i++)
		if (memcmp(text.p + i, "://", 3) == 0)
			return err_set(e, ERR_SYNTAX,
				       "\"%.*s\": a reference has no scheme; write "
				       "HOST/REPOSITORY[:TAG]",
				       STR_ARG(str_from(text, i + 3)));
	return 0;
}

/* Docker Hub is what has no host; its own images live under library/. */
static void fill_in(struct arena *a, struct str host, struct str path, struct reference *out)
{
	if (host.n == 0 || str_is(host, "index.docker.io"))
		host = STR("docker.io");
	out->host = arena_str(a, host);
	if (str_is(host, "docker.io") && !has(path, '/'))
		out->repository = arena_printf(a, "library/%.*s", STR_ARG(path));
	else
		out->repository = arena_str(a, path);
}

static int split_host(struct str text, struct str *path, struct str *host, struct err **e)
{
	size_t slash = str_find(*path, '/');
	struct str first = str_to(*path, slash);
	if (slash == path->n || !looks_like_host(first))
		return 0;
	if (has(first, '@'))
		return err_set(e, ERR_SYNTAX, "a reference holds no user or password");
	if (!is_host(first))
		return err_set(e, ERR_SYNTAX, "\"%.*s\": \"%.*s\" is no host", STR_ARG(text),
			       STR_ARG(first));
	*host = first;
	*path = str_from(*path, slash + 1);
	return 0;
}

static int parse_registry(struct arena *a, struct str text, struct reference *out, struct err **e)
{
	struct reference made = {.kind = REFERENCE_REGISTRY};
	struct str path = text, host = {0}, tag = {0};
	/* The last '@': one before it would be a user's name, and is refused with the host. */
	size_t at = path.n;
	while (at > 0 && path.p[at - 1] != '@' && path.p[at - 1] != '/')
		at--;
	if (at > 0 && path.p[at - 1] == '@') {
		if (read_digest(text, str_from(path, at), &made, e) < 0)
			return ERR_SYNTAX;
		path = str_to(path, at - 1);
	}
	if (take_tag(&path, &tag) && check_tag(text, tag, e) < 0)
		return ERR_SYNTAX;
	if (split_host(text, &path, &host, e) < 0 || check_repository(text, path, e) < 0)
		return ERR_SYNTAX;
	made.tag = arena_str(a, tag);
	fill_in(a, host, path, &made);
	if (made.repository.n > MAX_REPOSITORY)
		return err_set(e, ERR_SYNTAX, "\"%.*s...\" is longer than %d characters", 60,
			       made.repository.p, MAX_REPOSITORY);
	*out = made;
	return 0;
}

/* DIR[:TAG] or FILE[:TAG]: the tag stands behind the last '/'. */
static int parse_place(struct arena *a, struct str text, struct str rest, struct reference *out,
		       struct err **e)
{
	struct str tag = {0};
	if (take_tag(&rest, &tag) && check_tag(text, tag, e) < 0)
		return ERR_SYNTAX;
	out->path = arena_str(a, rest);
	out->tag = arena_str(a, tag);
	return 0;
}

/* What an engine calls an image: it has no use for one without a tag. */
static int parse_name(struct arena *a, struct str text, struct str name, struct reference *out,
		      struct err **e)
{
	struct reference named;
	if (refuse_scheme(name, e) < 0 || parse_registry(a, name, &named, e) < 0)
		return ERR_SYNTAX;
	if (named.has_digest || !named.tag.n)
		return err_set(e, ERR_SYNTAX, "\"%.*s\": an image of an engine is NAME:TAG, %s",
			       STR_ARG(text),
			       named.has_digest ? "without a digest" : "and there is no tag");
	named.kind = out->kind;
	*out = named;
	return 0;
}

/* FILE[:NAME:TAG]: as skopeo has it, no colon in the file's name. */
static int parse_file(struct arena *a, struct str text, struct str rest, struct reference *out,
		      struct err **e)
{
	struct str path;
	if (str_cut(&rest, ':', &path) && parse_name(a, text, rest, out, e) < 0)
		return ERR_SYNTAX;
	out->path = arena_str(a, path);
	return 0;
}

/* Places that are no registry; skopeo's other transports are named, so that they are not taken for
 * hosts: those have no `parse`. */
static const struct transport {
	const char *name, *wanted;
	enum reference_kind kind;
	int (*parse)(struct arena *a, struct str text, struct str rest, struct reference *out,
		     struct err **e);
} transports[] = {
	{"oci:", "names no folder: oci:DIR[:TAG]", REFERENCE_OCI, parse_place},
	{"oci-archive:", "names no file: oci-archive:FILE[:TAG]", REFERENCE_OCI_ARCHIVE,
	 parse_place},
	{"docker-archive:", "names no file: docker-archive:FILE[:NAME:TAG]",
	 REFERENCE_DOCKER_ARCHIVE, parse_file},
	{"docker-daemon:", "names no image: docker-daemon:NAME:TAG", REFERENCE_DOCKER_DAEMON,
	 parse_name},
	{.name = "containers-storage:"},
	{.name = "dir:"},
};

static const struct transport *find_transport(struct str text)
{
	for (size_t i = 0; i < COUNT(transports); i++)
		if (str_starts(text, transports[i].name))
			return &transports[i];
	return NULL;
}

static int parse_transport(struct arena *a, const struct transport *t, struct str text,
			   struct reference *out, struct err **e)
{
	struct reference made = {.kind = t->kind};
	struct str rest = str_from(text, strlen(t->name));
	if (!t->parse)
		return err_set(e, ERR_SYNTAX,
			       "\"%.*s\": the transport \"%s\" is not supported; there are "
			       "HOST/REPOSITORY[:TAG], oci:, oci-archive:, docker-archive: and "
			       "docker-daemon:",
			       STR_ARG(text), t->name);
	if (rest.n && t->parse(a, text, rest, &made, e) < 0)
		return ERR_SYNTAX;
	bool named = t->kind == REFERENCE_DOCKER_DAEMON ? made.repository.n : made.path.n;
	if (!named)
		return err_set(e, ERR_SYNTAX, "\"%.*s\" %s", STR_ARG(text), t->wanted);
	*out = made;
	return 0;
}

int reference_parse(struct arena *a, struct str text, struct reference *out, struct err **e)
{
	if (check_text(text, e) < 0)
		return ERR_SYNTAX;
	const struct transport *t = find_transport(text);
	if (t)
		return parse_transport(a, t, text, out, e);
	if (refuse_scheme(text, e) < 0)
		return ERR_SYNTAX;
	if (is_image_id(text))
		return err_set(e, ERR_SYNTAX,
			       "\"%.*s\" is the id of an image, not a name; write "
			       "HOST/REPOSITORY@sha256:%.*s",
			       STR_ARG(text), STR_ARG(text));
	return parse_registry(a, text, out, e);
}

static const char *transport_name(enum reference_kind kind)
{
	for (size_t i = 0; i < COUNT(transports); i++)
		if (transports[i].parse && transports[i].kind == kind)
			return transports[i].name;
	return "";
}

void reference_write_name(const struct reference *r, struct buf *out)
{
	if (r->repository.n)
		buf_printf(out, "%.*s/%.*s", STR_ARG(r->host), STR_ARG(r->repository));
	if (r->tag.n)
		buf_printf(out, "%s%.*s", r->repository.n ? ":" : "", STR_ARG(r->tag));
}

void reference_write(const struct reference *r, struct buf *out)
{
	buf_printf(out, "%s%.*s", transport_name(r->kind), STR_ARG(r->path));
	if (r->path.n && (r->repository.n || r->tag.n))
		buf_add_char(out, ':');
	reference_write_name(r, out);
	if (r->has_digest)
		buf_printf(out, "@%s", digest_name(&r->digest).text);
}

struct str reference_api_host(const struct reference *r)
{
	return str_is(r->host, "docker.io") ? STR("registry-1.docker.io") : r->host;
}

bool reference_is_loopback(const struct reference *r)
{
	struct str host = r->host;
	if (str_starts(host, "["))
		return str_starts(host, "[::1]");
	struct str name = str_to(host, str_find(host, ':'));
	/* A name may begin with 127. and be anywhere: only digits and dots are an address. */
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9'))
			return str_is(name, "localhost") || str_ends(name, ".localhost");
	return str_starts(name, "127.");
}
