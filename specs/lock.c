/* specs/lock.c - locks written: conda-lock's form (version 1) and @EXPLICIT lists.
 *
 * Reading them is in lock_read.c. conda-lock's model allows text only below custom_metadata,
 * so lists stand there a line an entry. */
#include "specs/base/url.h"
#include "specs/base/yaml.h"
#include "specs/lock_private.h"
#include "specs/matchspec_private.h"

enum { MAX_LOCK = 16 << 20 };

void lock_done(struct lock *l)
{
	arena_done(&l->arena);
	*l = (struct lock){.arena = ARENA};
}

static void put(struct buf *out, const char *key, struct str value)
{
	buf_add_text(out, key);
	buf_add_text(out, ": ");
	yaml_put_text(out, value);
	buf_add_char(out, '\n');
}

/* --- dependencies -------------------------------------------------------------------- */

/* One entry of the map: a name, and what all specs on it say together. */
struct dependency {
	struct str name, version, rest;
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._-", c));
}

static struct dependency split_spec(struct str spec)
{
	struct dependency d = {0};
	spec = str_trim(str_to(spec, str_find(spec, '#')));
	/* `channel::name`: a lock says where each package comes from by itself. */
	for (size_t i = 0; i + 1 < spec.n && is_name_char(spec.p[i]); i++)
		if (spec.p[i + 1] == ':' && i + 2 < spec.n && spec.p[i + 2] == ':') {
			spec = str_trim(str_from(spec, i + 3));
			break;
		}
	size_t n = 0;
	while (n < spec.n && is_name_char(spec.p[n]))
		n++;
	d.name = str_to(spec, n);
	d.rest = str_trim(str_from(spec, n));
	if (d.rest.n && d.rest.p[0] == '[')
		return d;
	/* A blank behind an operator or a comma does not end the version, nor the set of a regex.
	 */
	size_t at = 0;
	bool brackets = str_ends(d.rest, "]");
	for (; at < d.rest.n; at++)
		if ((brackets && d.rest.p[at] == '[') ||
		    (d.rest.p[at] == ' ' && at > 0 && !strchr("<>=!~,|(", d.rest.p[at - 1]) &&
		     !(at + 1 < d.rest.n && strchr(",|) ", d.rest.p[at + 1]))))
			break;
	d.version = str_to(d.rest, at);
	d.rest = str_trim(str_from(d.rest, at));
	return d;
}

/* The text behind the name: a build needs a version before it. */
static struct str dependency_text(struct arena *a, const struct dependency *d)
{
	bool build = d->rest.n && d->rest.p[0] != '[';
	struct str version = build && d->version.n == 0 ? STR("*") : d->version;
	return arena_printf(a, "%.*s%s%.*s", STR_ARG(version), build ? " " : "", STR_ARG(d->rest));
}

/* Version and build as they mean the same beside other clauses: `=1.2` is exact before a
 * build, `==1.2.*` a prefix when alone. A spec that does not parse stays as it is. */
static void make_plain(struct arena *a, struct dependency *d)
{
	AUTO(buf_done) struct buf version = BUF(MAX_LOCK);
	struct matchspec m;
	struct str text = dependency_text(a, d);
	const char *gap = text.n && text.p[0] == '[' ? "" : " ";
	text = arena_printf(a, "%.*s%s%.*s", STR_ARG(d->name), gap, STR_ARG(text));
	if (matchspec_parse(a, text, MATCHSPEC_RECORD, &m, NULL) < 0)
		return;
	if (m.detail->version && m.detail->version->op != VERSION_ANY)
		versionspec_write(m.detail->version, &version);
	d->version = arena_str(a, buf_str(&version));
	d->rest = m.detail->build.kind == TEXT_ANY ? (struct str){0} : m.detail->build.text;
}

/* A version with "|" in it binds weaker than the comma that is to follow. */
static struct str in_brackets(struct arena *a, struct str version)
{
	if (str_find(version, '|') == version.n)
		return version;
	return arena_printf(a, "(%.*s)", STR_ARG(version));
}

/* The map has one place a name: versions are and-ed; of two builds the first stays, as the
 * package that was found satisfies both. */
static void join(struct arena *a, struct dependency *into, struct dependency more)
{
	make_plain(a, into);
	make_plain(a, &more);
	if (into->version.n == 0)
		into->version = more.version;
	else if (more.version.n && !str_eq(into->version, more.version))
		into->version = arena_printf(a, "%.*s,%.*s", STR_ARG(in_brackets(a, into->version)),
					     STR_ARG(in_brackets(a, more.version)));
	if (into->rest.n == 0)
		into->rest = more.rest;
}

static size_t collect(struct arena *a, struct strs depends, struct dependency *v)
{
	size_t n = 0;
	for (size_t i = 0; i < depends.n; i++) {
		struct dependency d = split_spec(depends.v[i]);
		size_t at = 0;
		while (at < n && !str_eq(v[at].name, d.name))
			at++;
		if (at < n)
			join(a, &v[at], d);
		else if (d.name.n)
			v[n++] = d;
	}
	return n;
}

static void put_dependencies(struct buf *out, const struct record *r)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct dependency *v = arena_zero(&a, r->depends.n, sizeof(*v));
	size_t n = collect(&a, r->depends, v);
	buf_add_text(out, n ? "  dependencies:\n" : "  dependencies: {}\n");
	for (size_t i = 0; i < n; i++) {
		buf_add_text(out, "    ");
		yaml_put_text(out, v[i].name);
		buf_add_text(out, ": ");
		yaml_put_text(out, dependency_text(&a, &v[i]));
		buf_add_char(out, '\n');
	}
}

/* --- conda-lock's form --------------------------------------------------------------- */

static void put_package(struct buf *out, const struct lock *l, const struct record *r)
{
	bool wheel = r->manager == MANAGER_PIP;
	put(out, "- name", r->name);
	put(out, "  version", r->version_text);
	buf_printf(out, "  manager: %s\n", record_manager_name(r));
	put(out, "  platform", l->platform);
	put_dependencies(out, r);
	put(out, "  url", r->url);
	buf_add_text(out, r->has_md5 || r->has_sha256 ? "  hash:\n" : "  hash: {}\n");
	if (r->has_md5) {
		char hex[MD5_HEX + 1];
		hex_write(r->md5, MD5_SIZE, hex);
		put(out, "    md5", str_of(hex));
	}
	if (r->has_sha256)
		put(out, "    sha256", str_of(digest_text(&r->sha256).hex));
	if (!wheel)
		put(out, "  build", r->build);
	if (r->direct) {
		buf_add_text(out, "  source:\n    type: url\n");
		put(out, "    url", r->url);
	}
	buf_add_text(out, "  category: main\n  optional: false\n");
}

static void put_lines(struct buf *out, const char *key, struct strs lines)
{
	AUTO(buf_done) struct buf text = BUF(MAX_LOCK);
	for (size_t i = 0; i < lines.n; i++) {
		buf_add_text(&text, i ? "\n" : "");
		buf_add_str(&text, lines.v[i]);
	}
	if (text.n)
		put(out, key, buf_str(&text));
}

/* Of each source, what its record does not say: a word for what, and that. */
static void put_builds(struct buf *out, const char *key, const struct lock *l)
{
	AUTO(buf_done) struct buf text = BUF(MAX_LOCK);
	for (size_t i = 0; i < l->count; i++) {
		const struct record_source *s = l->records[i].source;
		struct str name = l->records[i].name;
		for (size_t k = 0; s && k < s->settings.n; k++)
			buf_printf(&text, "%.*s setting %.*s\n", STR_ARG(name),
				   STR_ARG(s->settings.v[k]));
		for (size_t k = 0; s && k < s->requires.n; k++)
			buf_printf(&text, "%.*s with %.*s\n", STR_ARG(name),
				   STR_ARG(s->requires.v[k]));
		if (s && s->revision.n)
			buf_printf(&text, "%.*s revision %.*s\n", STR_ARG(name),
				   STR_ARG(s->revision));
		if (s && s->wheel.n)
			buf_printf(&text, "%.*s gives %.*s#sha256=%s\n", STR_ARG(name),
				   STR_ARG(s->wheel), digest_text(&s->wheel_sha256).hex);
	}
	if (text.n)
		put(out, key, buf_str(&text));
}

/* What each of several platforms has of its own stands under a key of its own. */
static struct str own_key(struct arena *a, const char *key, const struct lock *l, bool alone)
{
	if (alone)
		return arena_printf(a, "    %s", key);
	return arena_printf(a, "    %s_%.*s", key, STR_ARG(l->platform));
}

static void put_custom(struct buf *out, const struct lock *v, size_t n)
{
	AUTO(arena_done) struct arena a = ARENA;
	/* Says that the packages stand in link order, which conda-lock's own do not. */
	buf_add_text(out, "  custom_metadata:\n    kiln_order: link\n");
	for (size_t i = 0; i < n; i++)
		if (v[i].key.n)
			put(out, own_key(&a, "kiln_key", &v[i], n == 1).p, v[i].key);
	if (v->base_name.n)
		put(out, "    kiln_base_name", v->base_name);
	if (v->base_digest.n)
		put(out, "    kiln_base_digest", v->base_digest);
	for (size_t i = 0; i < n; i++)
		put_lines(out, own_key(&a, "kiln_virtuals", &v[i], n == 1).p, v[i].virtuals);
	for (size_t i = 0; i < n; i++)
		put_builds(out, own_key(&a, "kiln_builds", &v[i], n == 1).p, &v[i]);
	put_lines(out, "    kiln_specs", v->specs);
	put_lines(out, "    kiln_pip", v->pip);
}

/* conda-lock asks for a hash of what was asked for, and solves again when it is not the one
 * it would compute. Its own covers a made-up repodata of virtual packages; ours stands for
 * the same thing, and a mismatch only means "stale" to conda-lock. */
static struct digest_text content_hash(const struct lock *l)
{
	AUTO(buf_done) struct buf text = BUF(MAX_LOCK);
	buf_printf(&text, "%.*s\n", STR_ARG(l->platform));
	const struct strs lists[] = {l->channels, l->virtuals, l->specs};
	for (size_t i = 0; i < COUNT(lists); i++) {
		for (size_t k = 0; k < lists[i].n; k++)
			buf_printf(&text, "%.*s\n", STR_ARG(lists[i].v[k]));
		buf_add_char(&text, '\n');
	}
	struct digest d;
	digest_of(text.data, text.n, &d);
	return digest_text(&d);
}

static void put_metadata(struct buf *out, const struct lock *v, size_t n)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct lock *l = v;
	buf_add_text(out, "metadata:\n  content_hash:\n");
	for (size_t i = 0; i < n; i++) {
		buf_add_text(out, "    ");
		yaml_put_text(out, v[i].platform);
		buf_printf(out, ": '%s'\n", content_hash(&v[i]).hex);
	}
	buf_add_text(out, l->channels.n ? "  channels:\n" : "  channels: []\n");
	for (size_t i = 0; i < l->channels.n; i++) {
		put(out, "  - url", url_without_secrets(&a, l->channels.v[i]));
		buf_add_text(out, "    used_env_vars: []\n");
	}
	buf_add_text(out, "  platforms:\n");
	for (size_t i = 0; i < n; i++) {
		buf_add_text(out, "  - ");
		yaml_put_text(out, v[i].platform);
		buf_add_char(out, '\n');
	}
	buf_add_text(out, "  sources: []\n");
	put_custom(out, v, n);
}

int lock_write_all(const struct lock *v, size_t n, struct buf *out, struct err **e)
{
	size_t packages = 0;
	buf_add_text(out, "version: 1\n");
	put_metadata(out, v, n);
	for (size_t i = 0; i < n; i++)
		packages += v[i].count;
	buf_add_text(out, packages ? "package:\n" : "package: []\n");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].count; k++)
			put_package(out, &v[i], &v[i].records[k]);
	return buf_check(out, "the lock", e);
}

int lock_write(const struct lock *l, struct buf *out, struct err **e)
{
	return lock_write_all(l, 1, out, e);
}

int lock_digest_all(const struct lock *v, size_t n, struct digest *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(MAX_LOCK);
	AUTO(arena_done) struct arena a = ARENA;
	struct lock *copies = arena_zero(&a, n, sizeof(*copies));
	for (size_t i = 0; i < n; i++)
		lock_without_places(&v[i], &a, &copies[i]);
	int status = lock_write_all(copies, n, &text, e);
	if (status == 0)
		digest_of(text.data, text.n, out);
	return status;
}

int lock_digest(const struct lock *l, struct digest *out, struct err **e)
{
	return lock_digest_all(l, 1, out, e);
}

/* --- @EXPLICIT ----------------------------------------------------------------------- */

/* As conda-lock writes what pip is to install; to conda it is a comment. */
static void put_explicit_wheel(struct buf *out, const struct record *r)
{
	buf_printf(out, "# pip %.*s @ %.*s", STR_ARG(r->name), STR_ARG(r->url));
	if (r->has_sha256)
		buf_printf(out, "#sha256=%s", digest_text(&r->sha256).hex);
	buf_add_char(out, '\n');
}

int lock_write_explicit(const struct lock *l, struct buf *out, struct err **e)
{
	buf_printf(out, "# platform: %.*s\n@EXPLICIT\n", STR_ARG(l->platform));
	for (size_t i = 0; i < l->count; i++) {
		const struct record *r = &l->records[i];
		if (r->manager == MANAGER_PIP) {
			put_explicit_wheel(out, r);
			continue;
		}
		buf_add_str(out, r->url);
		if (r->has_md5) {
			char hex[MD5_HEX + 1];
			hex_write(r->md5, MD5_SIZE, hex);
			buf_printf(out, "#%s", hex);
		} else if (r->has_sha256) {
			buf_printf(out, "#%s", digest_name(&r->sha256).text);
		}
		buf_add_char(out, '\n');
	}
	return buf_check(out, "the explicit list", e);
}
