/* builder/cli/page.c - templates, their values, and the frame of every page. */
#include "builder/cli/page.h"
#include "builder/cli/page_files.h"
#include "builder/credentials.h"
#include "builder/kiln_version.h"
#include "specs/base/digest.h"
#include "specs/base/fs.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- text ---- */

static const char *entity(char c)
{
	static const struct {
		char c;
		const char *text;
	} rows[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].c == c)
			return rows[i].text;
	return NULL;
}

/* HTML, 13.2.3.5: control characters, surrogates and noncharacters are errors in a page. Those that
 * turn the direction of text could make a name look like another. */
static bool is_unseen(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} rows[] = {{0x7f, 0x9f},     {0x200e, 0x200f}, {0x202a, 0x202e},      {0x2066, 0x2069},
		    {0xd800, 0xdfff}, {0xfdd0, 0xfdef}, {0x110000, UINT32_MAX}};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (c >= rows[i].first && c <= rows[i].last)
			return true;
	return (c & 0xfffe) == 0xfffe;
}

/* Whether a text begins with this character, as str_character gave it, and anyone can see that. */
static bool is_text(struct str text, struct str character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* of so many bytes */
	if (text.p[0] == '\n' || text.p[0] == '\t')
		return true;
	if (character.p != text.p)
		return false;
	size_t n = character.n;
	uint32_t c = str_code_point(&character);
	return c >= least[n] && !is_unseen(c);
}

void page_escape(struct buf *out, struct str text)
{
	while (text.n) {
		struct str character = str_character(text);
		const char *named = entity(text.p[0]);
		if (named)
			buf_add_text(out, named);
		else if (is_text(text, character))
			buf_add(out, text.p, character.n);
		else
			buf_add_text(out, "\xef\xbf\xbd");
		text = str_from(text, character.n);
	}
}

/* ---- templates ---- */

static struct str file(const char *name)
{
	for (size_t i = 0; i < page_file_count; i++)
		if (strcmp(page_files[i].path, name) == 0)
			return page_files[i].text;
	abort(); /* no page of ours names another */
}

static struct str value_of(const struct page_value *values, struct str name)
{
	while (values->name && !str_is(name, values->name))
		values++;
	return values->text;
}

/* Cuts text before the next "{{"; false when there is none. */
static bool cut_place(struct str *text, struct str *before)
{
	size_t at = 0;
	while (at + 1 < text->n && (text->p[at] != '{' || text->p[at + 1] != '{'))
		at++;
	bool found = at + 1 < text->n;
	*before = found ? str_to(*text, at) : *text;
	*text = found ? str_from(*text, at + 2) : (struct str){0};
	return found;
}

void page_fill(struct buf *out, const char *name, const struct page_value *values)
{
	struct str rest = file(name), before, place;
	while (cut_place(&rest, &before)) {
		buf_add_str(out, before);
		bool html = str_starts(rest, "{");
		rest = str_from(rest, html);
		str_cut(&rest, '}', &place);
		rest = str_from(rest, html ? 2 : 1);
		if (html)
			buf_add_str(out, value_of(values, place));
		else
			page_escape(out, value_of(values, place));
	}
	buf_add_str(out, before);
}

/* ---- parts that pages share ---- */

void page_fact(struct buf *out, const char *key, struct str text, const char *tag)
{
	AUTO(buf_done) struct buf html = BUF(PAGE_MAX);
	if (!text.n)
		return;
	buf_printf(&html, "<%s>", tag);
	page_escape(&html, text);
	buf_printf(&html, "</%s>", tag);
	const struct page_value values[] = {{"key", str_of(key)}, {"value", buf_str(&html)}, {0}};
	page_fill(out, "fact.html", values);
}

void page_choice_add(struct page_choice *c, const char *value)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->values[i], value) == 0)
			return;
	if (c->n < PAGE_CHOICES)
		c->values[c->n++] = value;
}

void page_choice_put(const struct page_choice *c, struct buf *out)
{
	AUTO(buf_done) struct buf options = BUF(PAGE_MAX);
	for (size_t i = 0; i < c->n; i++) {
		buf_add_text(&options, "<option>");
		page_escape(&options, str_of(c->values[i]));
		buf_add_text(&options, "</option>");
	}
	const struct page_value values[] = {{"id", str_of(c->id)},
					    {"name", str_of(c->name)},
					    {"label", str_of(c->label)},
					    {"options", buf_str(&options)},
					    {0}};
	if (c->n > 1)
		page_fill(out, "select.html", values);
}

/* ---- the frame ---- */

/* As a content security policy names what it permits. */
static void put_hash(struct buf *out, struct str text)
{
	struct digest d;
	digest_of(text.p, text.n, &d);
	buf_add_text(out, "sha256-");
	base64_write(out, (struct str){(const char *)d.bytes, sizeof(d.bytes)});
}

void page_put(struct buf *out, const char *title, struct str main)
{
	AUTO(buf_done) struct buf style_hash = BUF(128), script_hash = BUF(128);
	const struct str style = file("style.css"), script = file("filter.js");
	put_hash(&style_hash, style);
	put_hash(&script_hash, script);
	const struct page_value values[] = {
		{"title", str_of(title)},
		{"style", style},
		{"style_hash", buf_str(&style_hash)},
		{"script", script},
		{"script_hash", buf_str(&script_hash)},
		{"main", main},
		{"version", STR(KILN_VERSION)},
		{0},
	};
	page_fill(out, "frame.html", values);
}

/* ---- the file ---- */

static bool is_stdout(const char *path)
{
	return strcmp(path, "-") == 0;
}

int page_check(const char *path, struct err **e)
{
	AUTO(fs_file_done) struct fs_file f = FS_FILE;
	struct stat st;
	if (is_stdout(path))
		return 0;
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "%s is no file but %s; - is standard output", path,
			       S_ISDIR(st.st_mode) ? "a folder" : "a link or a device");
	return fs_file_open(&f, path, 0644, e);
}

int page_write(const char *path, const struct buf *page, struct err **e)
{
	int r = buf_check(page, "the page", e);
	if (r < 0)
		return r;
	if (is_stdout(path))
		return fs_write_fd(STDOUT_FILENO, page->data, page->n, e);
	return fs_write(path, buf_str(page), 0644, e);
}
