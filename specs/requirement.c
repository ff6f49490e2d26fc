/* specs/requirement.c - PEP 508, as pip reads it. */
#include "specs/requirement.h"
#include "specs/base/vec.h"
#include "specs/pyname.h"
#include <stdlib.h>

struct reader {
	struct arena *arena;
	struct str rest;
	struct err **e;
};

static void skip_blanks(struct reader *r)
{
	while (r->rest.n && (r->rest.p[0] == ' ' || r->rest.p[0] == '\t'))
		r->rest = str_from(r->rest, 1);
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (!r->rest.n || r->rest.p[0] != c)
		return false;
	r->rest = str_from(r->rest, 1);
	return true;
}

static int wanted(struct reader *r, const char *what)
{
	if (r->rest.n == 0)
		return err_set(r->e, ERR_SYNTAX, "%s is wanted at the end", what);
	return err_set(r->e, ERR_SYNTAX, "%s is wanted before \"%.*s\"", what, STR_ARG(r->rest));
}

static bool read_name(struct reader *r, struct str *out)
{
	skip_blanks(r);
	size_t n = pyname_length(r->rest);
	*out = arena_str(r->arena, str_to(r->rest, n));
	r->rest = str_from(r->rest, n);
	return n > 0;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct strs sorted_once(struct arena *a, struct str *v, size_t n)
{
	size_t kept = 0;
	qsort(v, n, sizeof(*v), by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !str_eq(v[i], v[kept - 1]))
			v[kept++] = v[i];
	struct str *out = arena_zero(a, kept, sizeof(*out));
	memcpy(out, v, kept * sizeof(*v));
	return (struct strs){out, kept};
}

static int read_extras(struct reader *r, struct strs *out)
{
	VEC(struct str) found = {0};
	struct str name;
	int code = 0;
	if (!take(r, '['))
		return 0;
	if (!take(r, ']')) {
		do {
			code = read_name(r, &name) ? 0 : wanted(r, "the name of an extra");
			if (code == 0)
				VEC_PUSH(&found, pyname_normal(r->arena, name));
		} while (code == 0 && take(r, ','));
		if (code == 0 && !take(r, ']'))
			code = wanted(r, "a comma or a closing bracket");
	}
	if (code == 0 && found.n)
		*out = sorted_once(r->arena, found.v, found.n);
	VEC_DONE(&found);
	return code;
}

static int read_specifiers(struct reader *r, struct pyspecifiers *out)
{
	VEC(struct pyspecifier) found = {0};
	bool brackets = take(r, '(');
	int code = 0;
	skip_blanks(r);
	while (code == 0 && r->rest.n && memchr("=!<>~", r->rest.p[0], 5)) {
		code = pyspecifier_read(r->arena, &r->rest, VEC_ADD(&found), r->e);
		if (code == 0 && !take(r, ','))
			break;
		skip_blanks(r);
	}
	if (code == 0 && brackets && !take(r, ')'))
		code = wanted(r, "a closing bracket");
	struct pyspecifier *v = arena_zero(r->arena, found.n, sizeof(*v));
	if (found.n)
		memcpy(v, found.v, found.n * sizeof(*v));
	*out = (struct pyspecifiers){v, found.n};
	VEC_DONE(&found);
	return code;
}

/* Up to a blank or, as pip has it, the semicolon of a marker. */
static int read_url(struct reader *r, struct str *out)
{
	size_t n = 0;
	skip_blanks(r);
	while (n < r->rest.n && !memchr(" \t;", r->rest.p[n], 3))
		n++;
	if (n == 0)
		return wanted(r, "an address");
	*out = arena_str(r->arena, str_to(r->rest, n));
	r->rest = str_from(r->rest, n);
	return 0;
}

static int read_marker(struct reader *r, const struct marker **out)
{
	if (!take(r, ';'))
		return 0;
	struct str text = str_trim(r->rest);
	r->rest = str_from(r->rest, r->rest.n);
	return text.n ? marker_parse(r->arena, text, out, r->e) : 0;
}

int requirement_parse(struct arena *a, struct str text, struct requirement *out, struct err **e)
{
	struct reader r = {a, text, e};
	struct requirement made = {0};
	if (!read_name(&r, &made.name))
		return wanted(&r, "the name of a distribution");
	made.normal = pyname_normal(a, made.name);
	int code = read_extras(&r, &made.extras);
	if (code == 0)
		code = take(&r, '@') ? read_url(&r, &made.url)
				     : read_specifiers(&r, &made.specifiers);
	if (code == 0)
		code = read_marker(&r, &made.marker);
	skip_blanks(&r);
	if (code == 0 && r.rest.n)
		code = wanted(&r, made.specifiers.n || made.url.n
					  ? "the end or \";\""
					  : "a comparison of versions (==, >=, ...)");
	if (code == 0)
		*out = made;
	return code;
}

void requirement_write(const struct requirement *r, struct buf *out)
{
	buf_add_str(out, r->normal);
	for (size_t i = 0; i < r->extras.n; i++) {
		buf_add_char(out, i ? ',' : '[');
		buf_add_str(out, r->extras.v[i]);
	}
	buf_add_text(out, r->extras.n ? "]" : "");
	if (r->url.n)
		buf_printf(out, " @ %.*s", STR_ARG(r->url));
	pyspecifiers_write(r->specifiers, out);
	if (r->marker) {
		buf_add_text(out, " ; ");
		marker_write(r->marker, out);
	}
}
