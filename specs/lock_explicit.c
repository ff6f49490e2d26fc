/* specs/lock_explicit.c - @EXPLICIT lists: an address a line, with a hash behind it. */
#include "specs/lock_private.h"
#include "specs/requirement.h"
#include "specs/wheel_name.h"

/* How conda-lock writes what pip is to install; micromamba does install it. */
#define PIP "# pip "

bool lock_is_explicit(struct str text)
{
	struct str line;
	while (text.n) {
		str_cut(&text, '\n', &line);
		line = str_trim(line);
		if (line.n && line.p[0] != '#')
			return str_is(line, "@EXPLICIT");
	}
	return false;
}

/* 32 hex digits are an MD5; 64, with or without "sha256:", a SHA-256. */
static bool read_fragment(struct str hash, struct record *r)
{
	if (hash.n == MD5_HEX)
		return r->has_md5 = hex_read(hash, r->md5, MD5_SIZE);
	return r->has_sha256 = digest_parse(hash, &r->sha256);
}

static int read_line(struct lock_reader *r, struct str line, unsigned number, struct err **e)
{
	struct record record = {0};
	struct str url;
	bool hash = str_cut(&line, '#', &url);
	const char *wrong = lock_read_url(&r->to->arena, str_trim(url), &record);
	if (wrong)
		return err_set(e, ERR_SYNTAX, "%s:%u:1: the address %s", r->what, number, wrong);
	if (hash && !read_fragment(str_trim(line), &record))
		return err_set(e, ERR_SYNTAX,
			       "%s:%u:%zu: behind \"#\" must stand an MD5 (32 hex digits) or a "
			       "SHA-256 (64)",
			       r->what, number, url.n + 2);
	if (!lock_is_for(&record, r->platform))
		return err_set(e, ERR_ABSENT, "%s:%u:1: the package is for %.*s, not for %s",
			       r->what, number, STR_ARG(record.subdir), r->platform);
	if (r->records.n == LOCK_MAX_PACKAGES)
		return err_set(e, ERR_LIMIT, "%s:%u:1: more than %d packages", r->what, number,
			       LOCK_MAX_PACKAGES);
	lock_read_version(&r->to->arena, &record);
	lock_add(r, &record, number, 1);
	return 0;
}

/* `NAME @ ADDRESS#sha256=HEX`. */
static int read_wheel(struct lock_reader *r, struct str line, unsigned number, struct err **e)
{
	struct arena *a = &r->to->arena;
	struct record record = {.manager = MANAGER_PIP, .noarch = NOARCH_PYTHON};
	struct requirement wanted;
	struct wheel_name name;
	int code = requirement_parse(a, line, &wanted, e);
	if (code < 0)
		return err_wrap(e, code, "%s:%u:1", r->what, number);
	struct str url = wanted.url, address;
	str_cut(&url, '#', &address);
	const char *wrong = lock_read_wheel_url(a, address, &record);
	if (wrong)
		return err_set(e, ERR_SYNTAX, "%s:%u:1: the address %s", r->what, number, wrong);
	if (record.source)
		return err_set(e, ERR_SYNTAX,
			       "%s:%u:1: %.*s is to be built from its source, which a list of "
			       "addresses does not say how: conda-lock's form does",
			       r->what, number, STR_ARG(wanted.name));
	if (!str_starts(url, "sha256=") ||
	    !digest_parse(str_from(url, strlen("sha256=")), &record.sha256))
		return err_set(e, ERR_SYNTAX,
			       "%s:%u:1: a wheel needs \"#sha256=\" and 64 hex digits", r->what,
			       number);
	if ((code = wheel_name_parse(record.fn, &name, e)) < 0)
		return err_wrap(e, code, "%s:%u:1", r->what, number);
	if (!lock_is_safe(wanted.normal) || !lock_is_safe(name.version))
		return err_set(e, ERR_SYNTAX, "%s:%u:1: \"%.*s\" is no wheel's name", r->what,
			       number, STR_ARG(record.fn));
	record.has_sha256 = true;
	record.name = wanted.normal;
	record.version_text = name.version;
	lock_add(r, &record, number, 1);
	return 0;
}

int lock_read_explicit(struct lock_reader *r, struct str text, struct err **e)
{
	struct str line;
	for (unsigned number = 1; text.n; number++) {
		str_cut(&text, '\n', &line);
		line = str_trim(line);
		bool wheel = str_starts(line, PIP);
		if (!wheel && (line.n == 0 || line.p[0] == '#' || str_is(line, "@EXPLICIT")))
			continue;
		int status = wheel ? read_wheel(r, str_from(line, strlen(PIP)), number, e)
				   : read_line(r, line, number, e);
		if (status < 0)
			return status;
	}
	return lock_refuse_doubled(r, e);
}
