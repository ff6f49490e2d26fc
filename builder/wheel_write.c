/* builder/wheel_write.c - the files that installing a wheel makes. */
#include "builder/wheel.h"
#include "specs/base/json.h"
#include <stdlib.h>

#define PYTHON_LINE "#!python"

bool wheel_is_script(struct str text)
{
	return str_starts(text, PYTHON_LINE);
}

void wheel_write_script(struct str text, const char *prefix, struct buf *out)
{
	struct str line;
	str_cut(&text, '\n', &line);
	buf_printf(out, "#!%s/bin/python\n", prefix);
	buf_add_str(out, text);
}

/* As pip writes it. */
void wheel_write_entry_point(const struct entry_point *p, const char *prefix, struct buf *out)
{
	struct str first, rest = p->function;
	str_cut(&rest, '.', &first);
	buf_printf(out,
		   "#!%s/bin/python\n"
		   "import sys\n"
		   "from %.*s import %.*s\n"
		   "if __name__ == '__main__':\n"
		   "    if sys.argv[0].endswith('.exe'):\n"
		   "        sys.argv[0] = sys.argv[0][:-4]\n"
		   "    sys.exit(%.*s())\n",
		   prefix, STR_ARG(p->module), STR_ARG(first), STR_ARG(p->function));
}

/* ---- direct_url.json ---- */

bool wheel_has_direct_url(const struct record *r)
{
	return r->direct && r->manager == MANAGER_PIP && !str_starts(r->url, "file:") &&
	       !str_starts(r->url, "git+file:");
}

static void put_archive(struct json_out *j, const struct digest *sha256)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct digest_text hex = digest_text(sha256);
	json_open(j, "archive_info", '{');
	json_put_str(j, "hash", arena_printf(&a, "sha256=%s", hex.hex));
	json_open(j, "hashes", '{');
	json_put_text(j, "sha256", hex.hex);
	json_close(j, '}');
	json_close(j, '}');
}

static void put_commit(struct json_out *j, const struct record *r, struct str commit)
{
	json_open(j, "vcs_info", '{');
	json_put_text(j, "vcs", "git");
	json_put_str(j, "commit_id", commit);
	if (r->source->revision.n)
		json_put_str(j, "requested_revision", r->source->revision);
	json_close(j, '}');
}

void wheel_write_direct_url(const struct record *r, const struct digest *sha256, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct source_address s = {.address = r->url};
	struct json_out j = {.to = out};
	source_address_parse(&a, r->url, &s, NULL);
	json_open(&j, NULL, '{');
	if (s.kind == SOURCE_GIT)
		put_commit(&j, r, s.revision);
	else
		put_archive(&j, r->source ? &r->sha256 : sha256);
	if (s.subdirectory.n)
		json_put_str(&j, "subdirectory", s.subdirectory);
	json_put_str(&j, "url", s.address);
	json_close(&j, '}');
}

/* ---- RECORD ---- */

static void add_base64(const struct digest *d, struct buf *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < sizeof(d->bytes); i++) {
		bits = bits << 8 | d->bytes[i];
		for (have += 8; have >= 6; have -= 6)
			buf_add_char(out, letters[bits >> (have - 6) & 63]);
	}
	if (have)
		buf_add_char(out, letters[bits << (6 - have) & 63]);
}

/* The prefix's path as seen from site-packages. */
static struct str seen_from(struct arena *a, struct str site_packages, struct str path)
{
	size_t n = site_packages.n;
	if (path.n > n && path.p[n] == '/' && str_eq(str_to(path, n), site_packages))
		return str_from(path, n + 1);
	AUTO(buf_done) struct buf up = BUF(BUF_UNLIMITED);
	buf_add_text(&up, "../");
	for (size_t i = 0; i < n; i++)
		if (site_packages.p[i] == '/')
			buf_add_text(&up, "../");
	buf_add_str(&up, path);
	return arena_str(a, buf_str(&up));
}

static void add_field(struct buf *out, struct str text)
{
	bool quote = false;
	for (size_t i = 0; i < text.n; i++)
		quote = quote || memchr(",\"\r\n", text.p[i], 4);
	if (!quote) {
		buf_add_str(out, text);
		return;
	}
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_add_char(out, '"');
		buf_add_char(out, text.p[i]);
	}
	buf_add_char(out, '"');
}

struct row {
	struct str path;
	const struct condameta_path *of; /* NULL: RECORD itself */
};

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct row *)a)->path, ((const struct row *)b)->path);
}

void wheel_write_record(const struct condameta_path *paths, size_t count, struct str site_packages,
			struct str record, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct row *rows = arena_zero(&a, count + 1, sizeof(*rows));
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		if (paths[i].type != CONDAMETA_PYC)
			rows[n++] = (struct row){seen_from(&a, site_packages, paths[i].path),
						 &paths[i]};
	rows[n++] = (struct row){seen_from(&a, site_packages, record), NULL};
	qsort(rows, n, sizeof(*rows), by_path);
	for (size_t i = 0; i < n; i++) {
		add_field(out, rows[i].path);
		if (rows[i].of) {
			const struct condameta_path *p = rows[i].of;
			buf_add_text(out, ",sha256=");
			add_base64(p->has_in_prefix ? &p->in_prefix : &p->sha256, out);
			buf_printf(out, ",%llu\n", (unsigned long long)p->size);
		} else {
			buf_add_text(out, ",,\n");
		}
	}
}
