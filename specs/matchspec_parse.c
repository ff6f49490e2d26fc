/* specs/matchspec_parse.c - the whole string of a match spec, step by step (CEP 29). */
#include "specs/base/url.h"
#include "specs/matchspec_private.h"
#include "specs/platform.h"
#include <ctype.h>

struct reader {
	struct arena *arena;
	struct str text; /* all of it: columns count from its start */
	enum matchspec_dialect dialect;
	struct matchspec *m;
	struct matchspec_detail *d;
	struct err **e;
};

static int wrong(const struct reader *r, const char *at, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int wrong(const struct reader *r, const char *at, const char *fmt, ...)
{
	AUTO(buf_done) struct buf text = BUF(4096);
	va_list args;
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	size_t column = at ? (size_t)(at - r->text.p) + 1 : 1;
	return err_set(r->e, ERR_SYNTAX, "column %zu: %s", column, text.data);
}

/* Puts the column in front of an error that was made without one. */
static int placed(const struct reader *r, const char *at, struct err *why)
{
	wrong(r, at, "%s", why->text);
	err_free(why);
	return ERR_SYNTAX;
}

static struct str lower(struct arena *a, struct str s)
{
	char *copy = arena_copy(a, s.p, s.n);
	for (size_t i = 0; i < s.n; i++)
		copy[i] = (char)tolower((unsigned char)copy[i]);
	return (struct str){copy, s.n};
}

/* ---- version and build ---- */

static bool build_char(char c)
{
	return isalnum((unsigned char)c) || strchr("_.+*", c);
}

static int read_build(struct reader *r, struct str text)
{
	struct err *why = NULL;
	bool regex = text.n > 1 && text.p[0] == '^' && text.p[text.n - 1] == '$';
	for (size_t i = 0; i < text.n && !regex; i++)
		if (!build_char(text.p[i]))
			return wrong(
				r, text.p + i,
				"'%.*s' cannot stand in a build; join version clauses with ','",
				STR_ARG(str_character(str_from(text, i))));
	if (textmatch_read(r->arena, text, &r->d->build, &why) < 0)
		return placed(r, text.p, why);
	return 0;
}

static int read_version(struct reader *r, struct str *rest)
{
	struct err *why = NULL;
	const char *at = rest->p;
	if (versionspec_read(r->arena, rest, &r->d->version, &why) < 0)
		return placed(r, rest->p ? rest->p : at, why);
	return 0;
}

/* `name=1.2=build` has three fields, and then the version is exact, not a prefix. `name =1.2
 * build` is so for the clients that wrote today's channels, a prefix for CEP 29. */
static void make_exact(struct reader *r, bool fuzzy, bool joined)
{
	const struct versionspec *v = r->d->version;
	if (!fuzzy || v->op != VERSION_PREFIX || !(joined || r->dialect == MATCHSPEC_RECORD))
		return;
	struct versionspec *exact = arena_zero(r->arena, 1, sizeof(*exact));
	*exact = *v;
	exact->op = VERSION_EQ;
	r->d->version = exact;
}

static bool ends_in_star(struct str from, struct str rest)
{
	size_t n = (size_t)(rest.p - from.p);
	return n > 0 && from.p[n - 1] == '*';
}

/* `p ==1.2.*` is the prefix: alone, the version goes without its `==`, as rattler reads it. */
static int read_alone(struct reader *r, struct str version)
{
	version = str_trim(version);
	return read_version(r, &version);
}

static int read_positional(struct reader *r, struct str rest)
{
	rest = str_trim(rest);
	if (rest.n == 0)
		return 0;
	struct str before = rest;
	bool fuzzy = before.p[0] == '=' && !(before.n > 1 && before.p[1] == '=');
	int code = read_version(r, &rest);
	if (code < 0)
		return code;
	fuzzy = fuzzy && !ends_in_star(before, rest);
	bool joined = rest.n && rest.p[0] == '=';
	if (joined)
		rest = str_from(rest, 1);
	struct str build = str_trim(rest);
	if (build.n == 0 && str_starts(before, "=="))
		return read_alone(r, str_from(before, 2));
	if (build.n == 0)
		return 0;
	make_exact(r, fuzzy, joined);
	return read_build(r, build);
}

/* ---- the bracket section ---- */

/* What a backslash may take the meaning of; elsewhere, as in a regex, it stands for itself. */
static bool is_escape(struct str text, size_t at)
{
	return text.p[at] == '\\' && at + 1 < text.n && strchr("\\\"'", text.p[at + 1]);
}

static int read_hex(struct reader *r, struct str value, uint8_t *out, size_t size, bool *has)
{
	if (!hex_read(value, out, size))
		return wrong(r, value.p, "%zu hex digits are wanted", 2 * size);
	*has = true;
	return 0;
}

static int key_version(struct reader *r, struct str value)
{
	int code = read_version(r, &value);
	if (code == 0 && str_trim(value).n)
		return wrong(r, value.p, "\"%.*s\" follows the version", STR_ARG(value));
	return code;
}

static int key_build_number(struct reader *r, struct str value)
{
	static const struct {
		const char *sign;
		enum version_op op;
	} rows[] = {{"==", VERSION_EQ}, {"!=", VERSION_NE}, {"<=", VERSION_LE}, {">=", VERSION_GE},
		    {"<", VERSION_LT},	{">", VERSION_GT},  {"", VERSION_EQ}};
	size_t i = 0;
	while (!str_starts(value, rows[i].sign))
		i++;
	struct str number = str_trim(str_from(value, strlen(rows[i].sign)));
	if (!str_u64(number, &r->d->build_number))
		return wrong(r, value.p, "a build number is wanted, as 3 or >=3");
	r->d->build_number_op = rows[i].op;
	return 0;
}

static int key_md5(struct reader *r, struct str value)
{
	return read_hex(r, value, r->m->md5, MD5_SIZE, &r->m->has_md5);
}

static int key_sha256(struct reader *r, struct str value)
{
	return read_hex(r, value, r->m->sha256.bytes, DIGEST_SIZE, &r->m->has_sha256);
}

static int key_text(struct reader *r, struct str value, struct textmatch *out)
{
	struct err *why = NULL;
	if (textmatch_read(r->arena, value, out, &why) < 0)
		return placed(r, value.p, why);
	return 0;
}

static int key_fn(struct reader *r, struct str value)
{
	return key_text(r, value, &r->d->fn);
}

static int key_license(struct reader *r, struct str value)
{
	return key_text(r, value, &r->d->license);
}

static int key_license_family(struct reader *r, struct str value)
{
	return key_text(r, value, &r->d->license_family);
}

static int key_url(struct reader *r, struct str value)
{
	r->m->url = url_without_secrets(r->arena, value);
	return 0;
}

static int key_subdir(struct reader *r, struct str value)
{
	r->m->subdir = arena_str(r->arena, value);
	return 0;
}

/* No client acts on it. */
static int key_namespace(struct reader *r, struct str value)
{
	(void)r, (void)value;
	return 0;
}

static int key_track_features(struct reader *r, struct str value)
{
	struct str *list = arena_zero(r->arena, value.n, sizeof(*list));
	size_t n = 0;
	while (value.n) {
		size_t end = 0;
		while (end < value.n && value.p[end] != ' ' && value.p[end] != ',')
			end++;
		if (end)
			list[n++] = arena_str(r->arena, str_to(value, end));
		value = str_from(value, end + 1);
	}
	r->d->track_features = (struct strs){list, n};
	return 0;
}

static int set_channel(struct reader *r, struct str value);

static int key_unsupported(struct reader *r, struct str value)
{
	return wrong(r, value.p, "conditions, extras and flags of packages are not supported");
}

static const struct key_row {
	const char *name;
	int (*read)(struct reader *r, struct str value);
} keys[] = {
	{"version", key_version},
	{"build", read_build},
	{"build_number", key_build_number},
	{"fn", key_fn},
	{"channel", set_channel},
	{"subdir", key_subdir},
	{"namespace", key_namespace},
	{"md5", key_md5},
	{"sha256", key_sha256},
	{"url", key_url},
	{"license", key_license},
	{"license_family", key_license_family},
	{"track_features", key_track_features},
	{"when", key_unsupported},
	{"extras", key_unsupported},
	{"flags", key_unsupported},
};

static int read_key(struct reader *r, struct str name, struct str value)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_is(name, keys[i].name))
			return value.n ? keys[i].read(r, value)
				       : wrong(r, name.p, "key %s has no value", keys[i].name);
	return wrong(r, name.p,
		     "there is no key \"%.*s\"; there are version, build, build_number, channel, "
		     "subdir, fn, md5, sha256, url, license, track_features",
		     STR_ARG(name));
}

/* A quoted value without its escapes; *rest moves behind the closing quote. The value keeps
 * its place in the text unless it holds escapes, so that columns stay true. */
static int take_quoted(struct reader *r, struct str *rest, struct str *out)
{
	char quote = rest->p[0];
	size_t n = 1;
	bool escapes = false;
	while (n < rest->n && rest->p[n] != quote) {
		bool escape = is_escape(*rest, n);
		escapes |= escape;
		n += escape ? 2 : 1;
	}
	if (n >= rest->n)
		return wrong(r, rest->p, "the quote is not closed");
	*out = (struct str){rest->p + 1, n - 1};
	*rest = str_from(*rest, n + 1);
	if (!escapes)
		return 0;
	char *plain = arena_alloc(r->arena, out->n + 1);
	size_t k = 0;
	for (size_t i = 0; i < out->n; i++) {
		i += is_escape(*out, i);
		plain[k++] = out->p[i];
	}
	*out = (struct str){plain, k};
	return 0;
}

static int take_value(struct reader *r, struct str *rest, struct str *out)
{
	if (rest->n && (rest->p[0] == '"' || rest->p[0] == '\''))
		return take_quoted(r, rest, out);
	size_t n = 0;
	unsigned depth = 0;
	for (; n < rest->n && (depth || rest->p[n] != ','); n++)
		depth += (rest->p[n] == '[') - (rest->p[n] == ']' && depth);
	*out = str_trim(str_to(*rest, n));
	for (size_t i = 0; i < out->n; i++)
		if (strchr("'\"", out->p[i]))
			return wrong(r, out->p + i, "a quote inside a value without quotes");
	*rest = str_from(*rest, n);
	return 0;
}

static int read_brackets(struct reader *r, struct str rest)
{
	rest = str_trim(rest);
	while (rest.n) {
		struct str name, value, at = rest;
		if (!str_cut(&rest, '=', &name))
			return wrong(r, at.p, "KEY=VALUE is wanted between the brackets");
		rest = str_trim(rest);
		int code = take_value(r, &rest, &value);
		if (code == 0)
			code = read_key(r, str_trim(name), value);
		if (code < 0)
			return code;
		rest = str_trim(rest);
		if (rest.n == 0)
			return 0;
		if (rest.p[0] != ',')
			return wrong(r, rest.p, "',' is wanted between keys");
		rest = str_trim(str_from(rest, 1));
		if (rest.n == 0)
			return wrong(r, at.p, "a key is missing behind ','");
	}
	return 0;
}

/* ---- the parts of the string ---- */

/* Where the bracket group that ends the text begins; text.n when there is none. */
static int find_brackets(struct reader *r, struct str text, size_t *at)
{
	size_t open = str_find(text, '[');
	*at = text.n;
	if (text.n == 0 || text.p[text.n - 1] != ']')
		return 0;
	if (open == text.n)
		return wrong(r, text.p + text.n - 1, "']' without '['");
	unsigned depth = 0;
	char quote = 0;
	for (size_t i = open; i < text.n; i++) {
		char c = text.p[i];
		if (quote) {
			i += is_escape(text, i);
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '[') {
			depth++;
		} else if (c == ']' && --depth == 0 && i + 1 < text.n) {
			return wrong(r, text.p + i + 1, "something follows the brackets");
		}
	}
	if (depth || quote)
		return wrong(r, text.p + open, "the bracket is not closed");
	*at = open;
	return 0;
}

/* Up to a `#` that stands outside of quoted values. */
static struct str without_comment(struct str text)
{
	char quote = 0;
	bool inside = false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		inside |= c == '[';
		if (quote && is_escape(text, i))
			i++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (inside && (c == '"' || c == '\''))
			quote = c;
		else if (c == '#')
			return str_to(text, i);
	}
	return text;
}

static bool is_subdir(struct str s)
{
	for (size_t i = 0; platform_subdirs[i]; i++)
		if (str_is(s, platform_subdirs[i]))
			return true;
	return str_is(s, "noarch");
}

/* The length of "SCHEME://" at the start; 0 when there is none. */
static size_t scheme_length(struct str text)
{
	size_t n = 0;
	while (n < text.n && isalnum((unsigned char)text.p[n]))
		n++;
	bool letter = n && isalpha((unsigned char)text.p[0]);
	return letter && str_starts(str_from(text, n), "://") ? n + 3 : 0;
}

/* What stands in front of a colon by mistake, as `p =1:2`, is no channel. */
static int check_channel(struct reader *r, struct str value)
{
	size_t scheme = scheme_length(value);
	if (scheme && str_trim_end(url_without_secrets(r->arena, value), '/').n < scheme)
		return wrong(r, value.p, "the address of a channel ends after its scheme");
	const char *never = scheme ? " \t=<>!|,*\"'()[]" : " \t=<>!|,*\"'()[]:";
	for (size_t i = scheme; i < value.n; i++)
		if (strchr(never, value.p[i]) || str_starts(str_from(value, i), ":/"))
			return wrong(r, value.p + i, "'%.*s' cannot stand in a channel",
				     STR_ARG(str_character(str_from(value, i))));
	return 0;
}

struct str matchspec_take_subdir(struct str *channel)
{
	size_t slash = channel->n;
	while (slash && channel->p[slash - 1] != '/')
		slash--;
	struct str last = str_from(*channel, slash);
	struct str base = str_trim_end(str_to(*channel, slash), '/');
	if (base.n == 0 || base.n < scheme_length(*channel) || !is_subdir(last))
		return (struct str){0};
	*channel = base;
	return last;
}

static int set_channel(struct reader *r, struct str value)
{
	value = str_trim_end(str_trim(value), '/');
	if (check_channel(r, value) < 0)
		return ERR_SYNTAX;
	struct str plain = str_trim_end(url_without_secrets(r->arena, value), '/');
	struct str subdir = matchspec_take_subdir(&plain);
	if (subdir.n) {
		matchspec_take_subdir(&value);
		r->m->subdir = subdir;
	}
	r->m->channel = arena_str(r->arena, value);
	r->d->channel = plain;
	return 0;
}

/* `channel:namespace:rest`; a scheme's or a port's colon is never the last two before a name. */
static int read_channel(struct reader *r, struct str *text)
{
	size_t colon = text->n;
	while (colon && text->p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return 0;
	struct str head = str_to(*text, colon - 1);
	*text = str_trim(str_from(*text, colon));
	size_t second = head.n;
	while (second && head.p[second - 1] != ':')
		second--;
	if (check_channel(r, str_trim(str_from(head, second))) < 0)
		return ERR_SYNTAX;
	return second > 1 ? set_channel(r, str_to(head, second - 1)) : 0;
}

static int name_error(struct reader *r, struct str text, size_t at)
{
	if (at == 0 && text.n == 0)
		return wrong(r, text.p, "a package name is missing");
	if (text.p[at] == '[')
		return wrong(r, text.p + at, "the bracket is not closed at the end");
	if (text.p[at] == ';')
		return wrong(r, text.p + at, "conditions behind ';' are not supported");
	return wrong(r, text.p + at, "'%.*s' cannot stand in a package name",
		     STR_ARG(str_character(str_from(text, at))));
}

static int read_name(struct reader *r, struct str text, struct str *rest)
{
	size_t n = 0;
	bool search = r->dialect == MATCHSPEC_SEARCH;
	while (n < text.n && !strchr(" \t=<>!~", text.p[n]))
		n++;
	struct str name = str_to(text, n);
	*rest = str_from(text, n);
	bool star = str_is(name, "*");
	for (size_t i = 0; i < n; i++) {
		char c = name.p[i];
		bool plain = isalnum((unsigned char)c) || strchr("._-", c);
		if (!plain && !star && !(search && strchr("*^$+?()|\\", c)))
			return name_error(r, name, i);
	}
	if (n == 0 || name.p[0] == '-')
		return name_error(r, name, 0);
	if (star && !search)
		return wrong(r, text.p, "a package name is wanted, not *");
	r->m->name = lower(r->arena, name);
	if (search && (str_find(name, '*') < n || name.p[0] == '^'))
		return key_text(r, r->m->name, &r->d->name);
	return 0;
}

/* ---- a spec that is an address ---- */

static const char *const archive_ends[] = {".conda", ".tar.bz2"};

static bool is_address(struct str text)
{
	if (!scheme_length(text) && !str_starts(text, "/"))
		return false;
	struct str address = str_to(text, str_find(text, '#'));
	return !memmem(address.p, address.n, "::", 2);
}

static int address_hash(struct reader *r, struct str hash)
{
	if (str_starts(hash, "sha256:") || hash.n == DIGEST_HEX)
		return key_sha256(r, str_starts(hash, "sha256:") ? str_from(hash, 7) : hash);
	return key_md5(r, hash);
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("._-", s.p[i]))
			return false;
	return s.n && s.p[0] != '-';
}

/* The name of a file NAME-VERSION-BUILD.conda; empty when it is none. */
static struct str archive_name(struct str fn)
{
	size_t i = 0;
	while (i < COUNT(archive_ends) && !str_ends(fn, archive_ends[i]))
		i++;
	if (i == COUNT(archive_ends))
		return (struct str){0};
	size_t n = fn.n - strlen(archive_ends[i]);
	for (int dashes = 0; dashes < 2; dashes++) {
		while (n && fn.p[n - 1] != '-')
			n--;
		n -= n > 0;
	}
	return is_name(str_to(fn, n)) ? str_to(fn, n) : (struct str){0};
}

static int read_address(struct reader *r, struct str text)
{
	struct str hash = text, written;
	bool hashed = str_cut(&hash, '#', &written);
	struct str url = url_without_secrets(r->arena, written);
	size_t slash = url.n;
	while (slash && url.p[slash - 1] != '/')
		slash--;
	struct str name = archive_name(str_from(url, slash));
	if (name.n == 0)
		return wrong(r, written.p + written.n - (url.n - slash),
			     "a file NAME-VERSION-BUILD.conda or .tar.bz2 is wanted");
	r->m->url = url;
	r->m->name = lower(r->arena, name);
	return hashed ? address_hash(r, str_trim(hash)) : 0;
}

/* ---- all of it ---- */

static int read_all(struct reader *r)
{
	struct str text = str_trim(r->text), rest;
	size_t brackets;
	for (size_t i = 0; i < text.n; i++)
		if (iscntrl((unsigned char)text.p[i]) && text.p[i] != '\t')
			return wrong(r, text.p + i, "it holds a control character");
	if (is_address(text))
		return read_address(r, text);
	text = str_trim(without_comment(text));
	int code = find_brackets(r, text, &brackets);
	if (code < 0)
		return code;
	struct str inside = str_from(text, brackets + 1);
	inside.n -= inside.n ? 1 : 0;
	struct str head = str_trim(str_to(text, brackets));
	if ((code = read_channel(r, &head)) < 0)
		return code;
	if ((code = read_name(r, head, &rest)) < 0)
		return code;
	if ((code = read_positional(r, rest)) < 0)
		return code;
	return brackets < text.n ? read_brackets(r, inside) : 0;
}

int matchspec_parse(struct arena *a, struct str text, enum matchspec_dialect dialect,
		    struct matchspec *out, struct err **e)
{
	struct matchspec made = {0};
	struct reader r = {
		.arena = a,
		.text = arena_str(a, text),
		.dialect = dialect,
		.m = &made,
		.d = arena_zero(a, 1, sizeof(*r.d)),
		.e = e,
	};
	int code = read_all(&r);
	if (code < 0)
		return code;
	made.detail = r.d;
	*out = made;
	return 0;
}
