/* specs/source_address.c - where the source of a Python distribution is. */
#include "specs/source_address.h"
#include "specs/base/url.h"

enum { COMMIT_HEX = 40 };

bool source_is_archive(struct str name)
{
	static const char *const suffixes[] = {".tar.gz", ".zip", ".tgz", ".tar.bz2",
					       ".tar.xz", ".txz", ".tbz", ".tar"};
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (name.n > strlen(suffixes[i]) && str_ends(name, suffixes[i]))
			return true;
	return false;
}

bool source_is_commit(struct str revision)
{
	for (size_t i = 0; i < revision.n; i++)
		if (!memchr("0123456789abcdef", revision.p[i], 16))
			return false;
	return revision.n == COMMIT_HEX;
}

/* ---- reading ---- */

/* No part of it may be `..`, or it would not be below the source. */
static int check_subdirectory(struct str path, struct err **e)
{
	struct str rest = path, part;
	bool bad = path.n == 0 || path.p[0] == '/';
	while (rest.n && !bad) {
		str_cut(&rest, '/', &part);
		bad = str_is(part, "..") || memchr(part.p, 0, part.n);
	}
	return bad ? err_set(e, ERR_SYNTAX, "subdirectory=%.*s does not lie below the source",
			     STR_ARG(path))
		   : 0;
}

/* `key=value&key=value`; keys that pip has other uses for (egg) are left alone. */
static int read_fragment(struct arena *a, struct str text, struct source_address *out,
			 struct err **e)
{
	struct str pair, key;
	struct digest d;
	while (text.n) {
		str_cut(&text, '&', &pair);
		str_cut(&pair, '=', &key);
		if (str_is(key, "sha256") && !digest_parse(pair, &d))
			return err_set(e, ERR_SYNTAX,
				       "#sha256=%.*s: 64 hexadecimal digits are "
				       "wanted",
				       STR_ARG(pair));
		if (str_is(key, "sha256"))
			out->sha256 = arena_str(a, str_of(digest_text(&d).hex));
		if (!str_is(key, "subdirectory"))
			continue;
		out->subdirectory = str_trim_end(url_decoded(a, pair), '/');
		int code = check_subdirectory(out->subdirectory, e);
		if (code < 0)
			return code;
	}
	return 0;
}

/* What stands before the path: "https://user@host". */
static size_t path_at(struct str url)
{
	const char *at = memmem(url.p, url.n, "://", 3);
	size_t host = at ? (size_t)(at - url.p) + 3 : 0;
	return host + str_find(str_from(url, host), '/');
}

/* `@REVISION` behind the path: one before it is the user's. */
static int cut_revision(struct arena *a, struct source_address *out, struct err **e)
{
	struct str url = out->address;
	size_t from = path_at(url);
	for (size_t i = url.n; i > from; i--)
		if (url.p[i - 1] == '@') {
			out->revision = str_from(url, i);
			out->address = str_to(url, i - 1);
			break;
		}
	if (out->revision.n == 0 && out->address.n < url.n)
		return err_set(e, ERR_SYNTAX, "%.*s: no revision follows the @",
			       STR_ARG(url_without_login(a, url)));
	/* git would take it for an option */
	if (out->revision.n && out->revision.p[0] == '-')
		return err_set(e, ERR_SYNTAX, "%.*s is no revision", STR_ARG(out->revision));
	return 0;
}

static struct str without_query(struct str url)
{
	return str_to(url, str_find(url, '?'));
}

int source_address_parse(struct arena *a, struct str text, struct source_address *out,
			 struct err **e)
{
	static const char *const others[] = {"hg+", "svn+", "bzr+"};
	struct source_address s = {.address = str_to(text, str_find(text, '#'))};
	for (size_t i = 0; i < COUNT(others); i++)
		if (str_starts(text, others[i]))
			return err_set(e, ERR_SYNTAX,
				       "%.*s: of version control systems only git is known",
				       STR_ARG(url_without_login(a, text)));
	int code = read_fragment(a, str_from(text, s.address.n + 1), &s, e);
	if (code < 0)
		return code;
	struct str path = without_query(s.address);
	if (str_starts(text, "git+")) {
		s.kind = SOURCE_GIT;
		s.address = str_from(s.address, strlen("git+"));
		code = cut_revision(a, &s, e);
	} else if (str_ends(path, ".whl")) {
		s.kind = SOURCE_NONE;
	} else if (str_starts(text, "file:") && !source_is_archive(path)) {
		s.kind = SOURCE_FOLDER;
	} else {
		s.kind = SOURCE_ARCHIVE;
	}
	if (code == 0)
		*out = s;
	return code;
}

/* ---- paths and writing ---- */

struct str source_address_path(struct arena *a, struct str address)
{
	if (!str_starts(address, "file:"))
		return (struct str){0};
	struct str path = str_from(address, strlen("file:"));
	if (str_starts(path, "//"))
		path = str_from(path, 2 + str_find(str_from(path, 2), '/'));
	return url_decoded(a, str_to(path, str_find(path, '#')));
}

struct str source_address_of_path(struct arena *a, struct str path)
{
	AUTO(buf_done) struct buf out = BUF(BUF_UNLIMITED);
	buf_add_text(&out, "file://");
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= ' ' || path.p[i] > '~' || strchr("%?#", path.p[i]))
			buf_printf(&out, "%%%02X", (unsigned char)path.p[i]);
		else
			buf_add_char(&out, path.p[i]);
	return arena_str(a, buf_str(&out));
}

struct str source_address_of_commit(struct arena *a, const struct source_address *s,
				    struct str commit)
{
	return arena_printf(a, "git+%.*s@%.*s%s%.*s", STR_ARG(s->address), STR_ARG(commit),
			    s->subdirectory.n ? "#subdirectory=" : "", STR_ARG(s->subdirectory));
}
