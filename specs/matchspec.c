/* specs/matchspec.c - matching, and the spec written again. */
#include "specs/matchspec_private.h"
#include <inttypes.h>
#include <stdio.h>

static bool build_number_matches(const struct matchspec_detail *d, uint64_t n)
{
	uint64_t want = d->build_number;
	switch (d->build_number_op) {
	case VERSION_EQ:
		return n == want;
	case VERSION_NE:
		return n != want;
	case VERSION_LT:
		return n < want;
	case VERSION_LE:
		return n <= want;
	case VERSION_GT:
		return n > want;
	case VERSION_GE:
		return n >= want;
	default:
		return true;
	}
}

static bool version_matches(const struct matchspec_detail *d, const struct record *r)
{
	if (d->version && !versionspec_matches(d->version, r->version, r->version_text))
		return false;
	return d->build.kind == TEXT_ANY || textmatch_matches(&d->build, r->build);
}

bool matchspec_matches_version(const struct matchspec *m, const struct record *r)
{
	const struct matchspec_detail *d = m->detail;
	return !d || (version_matches(d, r) && build_number_matches(d, r->build_number));
}

static bool looks_at_text(const struct versionspec *v)
{
	if (v->op == VERSION_TEXT || v->op == VERSION_NOT_TEXT)
		return true;
	for (const struct versionspec *c = v->first; c; c = c->next)
		if (looks_at_text(c))
			return true;
	return false;
}

bool matchspec_is_version_only(const struct matchspec *m)
{
	const struct matchspec_detail *d = m->detail;

	if (matchspec_needs_record(m))
		return false;
	return !d || (d->build.kind == TEXT_ANY && d->build_number_op == VERSION_ANY &&
		      !(d->version && looks_at_text(d->version)));
}

static bool has_feature(struct str features, struct str feature)
{
	while (features.n) {
		struct str one;
		str_cut(&features, ' ', &one);
		if (str_eq(one, feature))
			return true;
	}
	return false;
}

static bool detail_matches(const struct matchspec_detail *d, const struct record *r)
{
	for (size_t i = 0; i < d->track_features.n; i++)
		if (!has_feature(r->track_features, d->track_features.v[i]))
			return false;
	/* No channel tells the family apart from the licence. */
	return textmatch_matches(&d->name, r->name) && textmatch_matches(&d->fn, r->fn) &&
	       textmatch_matches(&d->license, r->license) &&
	       textmatch_matches(&d->license_family, r->license);
}

/* A name matches the address that ends in it; an address only itself. */
static bool channel_matches(struct str want, struct str url)
{
	if (want.n == 0 || str_eq(want, url))
		return true;
	if (want.n + 1 > url.n || memmem(want.p, want.n, "://", 3))
		return false;
	struct str tail = str_from(url, url.n - want.n);
	return str_eq(tail, want) && url.p[url.n - want.n - 1] == '/';
}

static bool is_one_of(struct strs list, struct str url)
{
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(list.v[i], url))
			return true;
	return false;
}

static bool address_matches(const struct matchspec *m, const struct record *r)
{
	bool right = m->channels.n ? is_one_of(m->channels, r->channel)
				   : !m->detail || channel_matches(m->detail->channel, r->channel);
	return right && (m->subdir.n == 0 || str_eq(m->subdir, r->subdir)) &&
	       (m->url.n == 0 || str_eq(m->url, r->url));
}

static bool hashes_match(const struct matchspec *m, const struct record *r)
{
	if (m->has_sha256 && !(r->has_sha256 && digest_eq(&m->sha256, &r->sha256)))
		return false;
	return !m->has_md5 || (r->has_md5 && memcmp(m->md5, r->md5, MD5_SIZE) == 0);
}

static bool detail_needs_record(const struct matchspec_detail *d)
{
	return d && (d->fn.kind != TEXT_ANY || d->license.kind != TEXT_ANY ||
		     d->license_family.kind != TEXT_ANY || d->track_features.n);
}

bool matchspec_needs_record(const struct matchspec *m)
{
	return m->channel.n || m->subdir.n || m->url.n || m->has_sha256 || m->has_md5 ||
	       detail_needs_record(m->detail);
}

bool matchspec_matches(const struct matchspec *m, const struct record *r)
{
	const struct matchspec_detail *d = m->detail;
	bool pattern = d && d->name.kind != TEXT_ANY;
	if (!pattern && !str_eq(m->name, r->name) && !str_is(m->name, "*"))
		return false;
	return matchspec_matches_version(m, r) && address_matches(m, r) && hashes_match(m, r) &&
	       (!d || detail_matches(d, r));
}

bool matchspec_matches_locked(const struct matchspec *m, const struct record *r)
{
	struct matchspec known = *m;
	const struct matchspec_detail *d = m->detail;
	known.has_sha256 = m->has_sha256 && r->has_sha256;
	known.has_md5 = m->has_md5 && r->has_md5;
	return str_eq(m->name, r->name) && (!d || version_matches(d, r)) && address_matches(m, r) &&
	       hashes_match(&known, r) && (!d || textmatch_matches(&d->fn, r->fn));
}

/* ---- writing ---- */

struct keys {
	struct buf *out;
	bool any;
};

/* Quoted as rattler quotes, and escaped only where it would not read back else. */
static void put_quoted(struct buf *out, struct str value)
{
	bool single = str_find(value, '"') < value.n || str_find(value, '\\') < value.n;
	char quote = single ? '\'' : '"';
	buf_add_char(out, quote);
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i], next = i + 1 < value.n ? value.p[i + 1] : quote;
		if (c == quote || (c == '\\' && strchr("\\\"'", next)))
			buf_add_char(out, '\\');
		buf_add_char(out, c);
	}
	buf_add_char(out, quote);
}

static void put_key(struct keys *k, const char *key, struct str value)
{
	if (value.n == 0)
		return;
	buf_printf(k->out, "%s%s=", k->any ? "," : "[", key);
	put_quoted(k->out, value);
	k->any = true;
}

static void put_match(struct keys *k, const char *key, const struct textmatch *m)
{
	if (m->kind != TEXT_ANY)
		put_key(k, key, m->text);
}

static const char *build_number_sign(enum version_op op)
{
	static const char *const signs[] = {
		[VERSION_EQ] = "==", [VERSION_NE] = "!=", [VERSION_LT] = "<",
		[VERSION_LE] = "<=", [VERSION_GT] = ">",  [VERSION_GE] = ">="};
	return signs[op];
}

static void put_build_number(struct keys *k, const struct matchspec_detail *d)
{
	char text[32];
	if (d->build_number_op == VERSION_ANY)
		return;
	snprintf(text, sizeof(text), "%s%" PRIu64, build_number_sign(d->build_number_op),
		 d->build_number);
	put_key(k, "build_number", str_of(text));
}

static void put_version(struct keys *k, const struct matchspec_detail *d)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	if (!d->version || d->version->op == VERSION_ANY)
		return;
	versionspec_write(d->version, &text);
	put_key(k, "version", buf_str(&text));
}

static void put_features(struct keys *k, const struct matchspec_detail *d)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	for (size_t i = 0; i < d->track_features.n; i++)
		buf_printf(&text, "%s%.*s", i ? " " : "", STR_ARG(d->track_features.v[i]));
	put_key(k, "track_features", buf_str(&text));
}

static void put_hashes(struct keys *k, const struct matchspec *m)
{
	char md5[MD5_HEX + 1];
	if (m->has_md5) {
		hex_write(m->md5, MD5_SIZE, md5);
		put_key(k, "md5", str_of(md5));
	}
	if (m->has_sha256)
		put_key(k, "sha256", str_of(digest_text(&m->sha256).hex));
}

/* A channel's own name may end as a subdir does: one is cut off when it is read. */
static void put_channel(struct keys *k, struct str channel, struct str subdir)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	struct str base = channel;
	buf_add_str(&text, channel);
	if (matchspec_take_subdir(&base).n)
		buf_printf(&text, "/%.*s", STR_ARG(subdir));
	put_key(k, "channel", buf_str(&text));
}

void matchspec_canonical(const struct matchspec *m, struct buf *out)
{
	static const struct matchspec_detail none;
	const struct matchspec_detail *d = m->detail ? m->detail : &none;
	struct keys k = {.out = out};
	buf_add_str(out, m->name);
	put_version(&k, d);
	put_match(&k, "build", &d->build);
	put_build_number(&k, d);
	put_match(&k, "fn", &d->fn);
	put_channel(&k, d->channel, m->subdir);
	put_key(&k, "subdir", m->subdir);
	put_hashes(&k, m);
	put_key(&k, "url", m->url);
	put_match(&k, "license", &d->license);
	put_match(&k, "license_family", &d->license_family);
	put_features(&k, d);
	if (k.any)
		buf_add_char(out, ']');
}

void matchspec_display(const struct matchspec *m, struct buf *out)
{
	const struct matchspec_detail *d = m->detail;
	bool version = d && d->version && d->version->op != VERSION_ANY;
	bool build = d && d->build.kind != TEXT_ANY;
	if (matchspec_needs_record(m) || (d && d->build_number_op != VERSION_ANY)) {
		matchspec_canonical(m, out);
		return;
	}
	buf_add_str(out, m->name);
	if (version || build)
		buf_add_char(out, ' ');
	if (version)
		versionspec_write(d->version, out);
	else if (build)
		buf_add_char(out, '*');
	if (build)
		buf_printf(out, " %.*s", STR_ARG(d->build.text));
}
