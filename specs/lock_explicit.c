/* specs/lock_explicit.c - @EXPLICIT lists: an address a line, with a hash behind it. */
#include "specs/lock_private.h"

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

int lock_read_explicit(struct lock_reader *r, struct str text, struct err **e)
{
	struct str line;
	for (unsigned number = 1; text.n; number++) {
		str_cut(&text, '\n', &line);
		line = str_trim(line);
		if (str_starts(line, PIP))
			return err_set(e, ERR_SYNTAX, "%s:%u:1: pip packages are not supported yet",
				       r->what, number);
		if (line.n == 0 || line.p[0] == '#' || str_is(line, "@EXPLICIT"))
			continue;
		int status = read_line(r, line, number, e);
		if (status < 0)
			return status;
	}
	return lock_refuse_doubled(r, e);
}
