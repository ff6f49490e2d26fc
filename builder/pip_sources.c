/* builder/pip_sources.c - distributions that have no wheel: built, so that a resolver can read what
 * they need.
 *
 * What a line gives the address of is built first and then stands beside what conda provides. Of an
 * index a source is chosen as if it needed nothing, built, and chosen again with what it needs,
 * until nothing is chosen that was not built. */
#include "builder/pip_private.h"
#include "specs/base/fs.h"
#include "specs/base/url.h"
#include "specs/pyname.h"
#include "specs/requirements_text.h"
#include <sys/stat.h>

void pip_sources_done(struct pip_sources *s)
{
	VEC_DONE(&s->built);
	VEC_DONE(&s->names);
	arena_done(&s->arena);
}

struct str pip_line_path(struct arena *a, const struct requirement_line *l)
{
	AUTO(free) char *folder = NULL;
	struct str path = l->target;
	if (path.n == 0 || path.p[0] != '/')
		path = arena_printf(a, "%.*s/%.*s", STR_ARG(l->folder), STR_ARG(l->target));
	AUTO(free) char *real = realpath(arena_copy(a, path.p, path.n), NULL);
	if (!real && fs_absolute(arena_copy(a, path.p, path.n), &folder, NULL) == 0)
		path = str_of(folder);
	return arena_str(a, real ? str_of(real) : path);
}

/* ---- addresses in lines ---- */

static struct str line_address(struct arena *a, const struct requirement_line *line)
{
	if (line->kind == REQUIREMENT_PATH)
		return source_address_of_path(a, pip_line_path(a, line));
	return requirements_expand(a, line->kind == REQUIREMENT_URL ? line->target
								    : line->requirement.url);
}

bool pip_is_source_line(struct arena *a, const struct requirement_line *line)
{
	struct source_address s;
	struct str address = line_address(a, line);
	if (address.n == 0)
		return false;
	return source_address_parse(a, address, &s, NULL) < 0 || s.kind != SOURCE_NONE;
}

static bool applies(const struct pip_request *q, const struct requirement_line *line)
{
	struct marker_environment environment;
	pip_marker_environment(&q->target, &environment);
	return !line->requirement.marker || marker_holds(line->requirement.marker, &environment);
}

/* The first SHA-256 that the line or its address has; of several pip takes any, which is no way to
 * name one archive. */
static int take_hash(const struct requirement_line *line, const struct source_address *s,
		     struct record *out, struct err **e)
{
	struct str hash = s->sha256;
	for (size_t i = 0; i < line->hashes.n && hash.n == 0; i++)
		if (str_starts(line->hashes.v[i], "sha256:"))
			hash = line->hashes.v[i];
	out->has_sha256 = hash.n && digest_parse(hash, &out->sha256);
	if (hash.n && s->kind != SOURCE_ARCHIVE)
		return err_set(e, ERR_SYNTAX,
			       "a hash is for archives: a folder or a git source has "
			       "no bytes to hash");
	return 0;
}

static int read_line(struct arena *a, const struct requirement_line *line, struct record *out,
		     struct err **e)
{
	struct source_address s;
	struct str address = line_address(a, line);
	struct record_source *source = arena_zero(a, 1, sizeof(*source));
	int code = source_address_parse(a, address, &s, e);
	if (code < 0)
		return code;
	*source = (struct record_source){
		.kind = s.kind, .revision = s.revision, .settings = line->settings};
	*out = (struct record){
		.manager = MANAGER_PIP,
		.name = line->requirement.normal,
		.url = address,
		.direct = true,
		.source = source,
		.noarch = NOARCH_PYTHON,
	};
	return take_hash(line, &s, out, e);
}

/* ---- building ---- */

static int refuse(struct str what, const char *why, struct err **e)
{
	return err_set(e, ERR_UNSOLVABLE,
		       "%.*s would have to be built from its source, which %s; another version "
		       "may have a wheel, or build one elsewhere and name it by its address",
		       STR_ARG(what), why);
}

/* Whether a source may be built at all. */
static int check_allowed(const struct pip_request *q, struct str what, struct err **e)
{
	return q->why_not ? refuse(what, q->why_not, e) : 0;
}

static int build(const struct pip_request *q, struct pip_sources *s, struct record *r,
		 const struct requirement_line *line, struct err **e)
{
	struct pip_source made = {.line = line};
	struct str wanted = r->name, what = wanted;
	if (!what.n)
		what = line ? url_without_login(&s->arena, line->target) : r->fn;
	int code = check_allowed(q, what, e);
	if (code == 0)
		code = q->build(q->cookie, &s->arena, r, &made.dist, e);
	if (code < 0)
		return code;
	if (wanted.n && !str_eq(wanted, made.dist.name))
		return err_set(e, ERR_UNSOLVABLE, "%.*s is the source of %.*s, not of %.*s",
			       STR_ARG(r->url), STR_ARG(made.dist.name), STR_ARG(wanted));
	record_copy(&s->arena, r, &made.record);
	VEC_PUSH(&s->built, made);
	return 0;
}

static int build_line(const struct pip_request *q, struct pip_sources *s,
		      const struct requirement_line *line, struct err **e)
{
	struct record r;
	int code = read_line(&s->arena, line, &r, e);
	if (code == 0 && line->editable)
		log_warn(q->log,
			 "%.*s:%u: -e %.*s is installed as a copy: an image cannot point at a "
			 "folder "
			 "of this machine",
			 STR_ARG(line->file), line->line,
			 STR_ARG(url_without_login(&s->arena, line->target)));
	if (code == 0)
		code = build(q, s, &r, line, e);
	return code < 0 ? err_wrap(e, code, "%.*s:%u", STR_ARG(line->file), line->line) : 0;
}

int pip_sources_of_lines(const struct pip_request *q, struct pip_sources *s, struct err **e)
{
	const struct requirements *r = q->requirements;
	int code = 0;
	for (size_t i = 0; i < r->lines.n && code == 0; i++) {
		const struct requirement_line *line = &r->lines.v[i];
		if (!pip_is_source_line(&s->arena, line))
			continue;
		if (line->constraint)
			return err_set(e, ERR_SYNTAX,
				       "%.*s:%u: a constraint by the address of a source: make it "
				       "a requirement",
				       STR_ARG(line->file), line->line);
		if (applies(q, line))
			code = build_line(q, s, line, e);
	}
	return code;
}

const struct pip_source *pip_source_of_line(const struct pip_sources *s,
					    const struct requirement_line *line)
{
	for (size_t i = 0; i < s->built.n; i++)
		if (s->built.v[i].line == line)
			return &s->built.v[i];
	return NULL;
}

/* ---- sources of an index ---- */

static bool add_name(struct pip_sources *s, struct str name)
{
	name = pyname_normal(&s->arena, name);
	for (size_t i = 0; i < s->names.n; i++)
		if (str_eq(s->names.v[i], name))
			return false;
	VEC_PUSH(&s->names, name);
	return true;
}

static bool is_provided(const struct pip_request *q, const struct pip_sources *s, struct str name)
{
	for (size_t i = 0; i < q->provided.n; i++)
		if (str_eq(q->provided.v[i].name, name))
			return true;
	for (size_t i = 0; i < s->built.n; i++)
		if (s->built.v[i].line && str_eq(s->built.v[i].dist.name, name))
			return true;
	return false;
}

void pip_sources_of_options(const struct pip_request *q, struct pip_sources *s)
{
	const struct requirements *r = q->requirements;
	for (size_t i = 0; i < r->no_binary.n; i++)
		if (!str_is(r->no_binary.v[i], ":all:") && !is_provided(q, s, r->no_binary.v[i]))
			add_name(s, r->no_binary.v[i]);
}

int pip_sources_of_words(const struct pip_request *q, struct pip_sources *s, struct str words,
			 struct err **e)
{
	static const char hint[] = "Wheels are required for `";
	const char *at;
	bool any = false;
	while ((at = memmem(words.p, words.n, hint, sizeof(hint) - 1))) {
		words = str_from(words, (size_t)(at - words.p) + sizeof(hint) - 1);
		struct str name = str_to(words, str_find(words, '`'));
		name = pyname_normal(&s->arena, name);
		int code = check_allowed(q, name, e);
		if (code < 0)
			return code;
		if (requirements_format(q->requirements, name) == FORMAT_WHEEL)
			return refuse(name, "--only-binary forbids", e);
		any |= add_name(s, name);
	}
	return any;
}

static const struct pip_source *find(const struct pip_sources *s, const struct record *r)
{
	for (size_t i = 0; i < s->built.n; i++) {
		const struct record *built = &s->built.v[i].record;
		if (!s->built.v[i].line && str_eq(built->url, r->url) &&
		    digest_eq(&built->sha256, &r->sha256))
			return &s->built.v[i];
	}
	return NULL;
}

int pip_sources_of_choice(const struct pip_request *q, struct pip_sources *s,
			  struct record *records, size_t count, struct err **e)
{
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		struct record *r = &records[i];
		bool wheel = !r->source;
		if (wheel && !r->direct &&
		    requirements_format(q->requirements, r->name) == FORMAT_SOURCE)
			any |= add_name(s, r->name);
		if (wheel)
			continue;
		const struct pip_source *made = find(s, r);
		if (made) {
			*r = made->record;
			continue;
		}
		int code = build(q, s, r, NULL, e);
		if (code < 0)
			return code;
		any = true;
	}
	return any;
}

/* ---- what they need, told to uv ---- */

static void put_text(struct buf *out, struct str text)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			buf_printf(out, "\\u%04X", c);
		else
			buf_add_char(out, (char)c);
	}
	buf_add_char(out, '"');
}

/* What does not parse has never kept a package from working. */
static bool is_wanted(struct arena *a, struct str key, struct str value)
{
	struct requirement r;
	struct pyspecifiers limits;
	if (str_is(key, "requires-dist"))
		return requirement_parse(a, value, &r, NULL) == 0;
	if (str_is(key, "requires-python"))
		return pyspecifiers_parse(a, value, &limits, NULL) == 0;
	return true;
}

/* Each line `HEADER: VALUE`, as a list or as the text of the first. */
static void put_headers(const struct pip_dist *d, const char *header, const char *key, bool list,
			struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str text = d->metadata, line, name;
	size_t n = 0;
	buf_printf(out, "%s%s", list ? key : "", list ? " = [" : "");
	while (text.n) {
		str_cut(&text, '\n', &line);
		if (!str_cut(&line, ':', &name) || name.n != strlen(header) ||
		    strncasecmp(name.p, header, name.n) != 0 ||
		    !is_wanted(&a, str_of(key), str_trim(line)) || (!list && n))
			continue;
		buf_printf(out, "%s%s", list ? (n ? ", " : "") : key, list ? "" : " = ");
		put_text(out, str_trim(line));
		n++;
	}
	buf_add_text(out, list ? "]\n" : n ? "\n" : "");
}

void pip_sources_write(const struct pip_sources *s, struct buf *out)
{
	for (size_t i = 0; i < s->names.n; i++) {
		buf_add_text(out, "[[dependency-metadata]]\nname = ");
		put_text(out, s->names.v[i]);
		buf_add_text(out, "\nrequires-dist = []\n");
	}
	for (size_t i = 0; i < s->built.n; i++) {
		const struct pip_dist *d = &s->built.v[i].dist;
		if (s->built.v[i].line)
			continue;
		buf_add_text(out, "[[dependency-metadata]]\nname = ");
		put_text(out, d->name);
		buf_add_text(out, "\nversion = ");
		put_text(out, d->version);
		buf_add_char(out, '\n');
		put_headers(d, "Requires-Dist", "requires-dist", true, out);
		put_headers(d, "Provides-Extra", "provides-extra", true, out);
		put_headers(d, "Requires-Python", "requires-python", false, out);
	}
}
