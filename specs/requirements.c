/* specs/requirements.c - lines of requirements files: what each asks for, and options. */
#include "specs/requirements.h"
#include "specs/base/fs.h"
#include "specs/base/url.h"
#include "specs/pyname.h"
#include "specs/requirements_text.h"
#include <unistd.h>

enum { FILE_MAX = 16 << 20, DEPTH_MAX = 32 };

/* One line while it is read. */
struct reader {
	struct requirements *to;
	const struct requirements_source *from;
	unsigned number;
	struct log *log;
	struct strs rest;	       /* words of options that are still to be read */
	struct requirement_line *line; /* that the options are for; NULL: for all */
	bool named;		       /* one of -r, -c, -e, -f was read: pip takes one a line */
};

void requirements_done(struct requirements *r)
{
	VEC_DONE(&r->lines);
	VEC_DONE(&r->extra_index_urls);
	VEC_DONE(&r->find_links);
	VEC_DONE(&r->trusted_hosts);
	VEC_DONE(&r->no_binary);
	VEC_DONE(&r->only_binary);
	arena_done(&r->arena);
	*r = (struct requirements)REQUIREMENTS;
}

void requirement_line_write(const struct requirement_line *l, struct buf *out)
{
	buf_add_text(out, l->editable ? "-e " : "");
	buf_add_str(out, l->target);
	requirement_write(&l->requirement, out);
	for (size_t i = 0; i < l->hashes.n; i++)
		buf_printf(out, " --hash=%.*s", STR_ARG(l->hashes.v[i]));
	for (size_t i = 0; i < l->settings.n; i++)
		buf_printf(out, " --config-settings=%.*s", STR_ARG(l->settings.v[i]));
}

void requirement_line_show(const struct requirement_line *l, struct arena *a, struct buf *out)
{
	struct requirement_line shown = *l;
	shown.target = url_without_login(a, l->target);
	shown.requirement.url = url_without_login(a, l->requirement.url);
	requirement_line_write(&shown, out);
}

/* ---- what a line asks for ---- */

static bool has_suffix(struct str path)
{
	static const char *const suffixes[] = {".whl",	    ".zip", ".tar.gz", ".tgz",
					       ".tar.bz2",  ".tbz", ".tar.xz", ".txz",
					       ".tar.lzma", ".tlz", ".tar.lz", ".tar"};
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (str_ends(path, suffixes[i]))
			return true;
	return false;
}

static bool is_address(struct str text)
{
	static const char *const schemes[] = {
		"http:", "https:", "file:", "ftp:", "git+", "hg+", "svn+", "bzr+"};
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_starts(text, schemes[i]))
			return true;
	return false;
}

/* Cuts `[extra]` off the end of a path or an address. */
static struct str take_extras(struct str *target)
{
	if (!str_ends(*target, "]"))
		return (struct str){0};
	size_t at = target->n;
	while (at && target->p[at - 1] != '[')
		at--;
	if (at < 2)
		return (struct str){0};
	struct str extras = str_from(*target, at - 1);
	target->n = at - 1;
	return extras;
}

static bool looks_like_path(struct str text)
{
	return text.n && (text.p[0] == '.' || str_find(text, '/') < text.n);
}

/* What pip would take for something of this machine, and not for a name. */
static bool is_path(struct str target)
{
	size_t at = str_find(target, '@');
	if (at < target.n && !looks_like_path(str_to(target, at)))
		return false;
	return looks_like_path(target) || has_suffix(target);
}

/* Extras and marker of a path or an address: a requirement of a name that is not known yet. */
static int read_tail(struct reader *r, struct str extras, struct str marker,
		     struct requirement *out, struct err **e)
{
	struct str text = arena_printf(&r->to->arena, "x%.*s%s%.*s", STR_ARG(extras),
				       marker.n ? ";" : "", STR_ARG(marker));
	int code = requirement_parse(&r->to->arena, text, out, e);
	out->name = out->normal = (struct str){0};
	return code;
}

static int read_target(struct reader *r, struct str text, struct requirement_line *out,
		       struct err **e)
{
	struct str target = text, marker = {0};
	bool address = is_address(text);
	/* a `;` may stand in an address; a marker's has a blank behind it there */
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ';' && (!address || (i + 1 < text.n && text.p[i + 1] == ' '))) {
			target = str_to(text, i);
			marker = str_from(text, i + 1);
			break;
		}
	target = str_trim(target);
	struct str bare = target;
	struct str extras = take_extras(&bare);
	if (!address && !out->editable && !is_path(bare))
		return requirement_parse(&r->to->arena, text, &out->requirement, e);
	out->kind = address ? REQUIREMENT_URL : REQUIREMENT_PATH;
	out->target = arena_str(&r->to->arena, bare);
	if (out->kind == REQUIREMENT_PATH && !r->from->folder)
		return err_set(e, ERR_SYNTAX, "\"%.*s\" is a path, and there is no folder it is in",
			       STR_ARG(bare));
	return read_tail(r, extras, marker, &out->requirement, e);
}

static struct requirement_line *add_line(struct reader *r)
{
	struct requirement_line *line = VEC_ADD(&r->to->lines);
	*line = (struct requirement_line){
		.constraint = r->from->constraint,
		.file = arena_str(&r->to->arena, str_of(r->from->name)),
		.folder = arena_str(&r->to->arena, str_of(r->from->folder ? r->from->folder : "")),
		.line = r->number,
	};
	return line;
}

static int check_constraint(const struct requirement_line *line, struct err **e)
{
	if (!line->constraint)
		return 0;
	if (line->editable)
		return err_set(e, ERR_SYNTAX, "a constraint cannot be editable");
	if (line->kind != REQUIREMENT_NAMED)
		return err_set(e, ERR_SYNTAX, "a constraint has a name: NAME @ %.*s",
			       STR_ARG(line->target));
	if (line->requirement.extras.n)
		return err_set(e, ERR_SYNTAX, "a constraint has no extras");
	return 0;
}

/* ---- options ---- */

typedef int apply(struct reader *r, struct str value, struct err **e);

static int set_index(struct reader *r, struct str value, struct err **e)
{
	(void)e;
	r->to->index_url = value;
	return 0;
}

static int add_extra_index(struct reader *r, struct str value, struct err **e)
{
	(void)e;
	VEC_PUSH(&r->to->extra_index_urls, value);
	return 0;
}

static int add_trusted(struct reader *r, struct str value, struct err **e)
{
	(void)e;
	VEC_PUSH(&r->to->trusted_hosts, value);
	return 0;
}

static int set_no_index(struct reader *r, struct str value, struct err **e)
{
	(void)value, (void)e;
	r->to->no_index = true;
	return 0;
}

static int set_pre(struct reader *r, struct str value, struct err **e)
{
	(void)value, (void)e;
	r->to->pre = true;
	return 0;
}

static int set_prefer_binary(struct reader *r, struct str value, struct err **e)
{
	(void)value, (void)e;
	r->to->prefer_binary = true;
	return 0;
}

static int set_require_hashes(struct reader *r, struct str value, struct err **e)
{
	(void)value, (void)e;
	r->to->require_hashes = true;
	return 0;
}

static int ignore(struct reader *r, struct str value, struct err **e)
{
	(void)e;
	log_warn(r->log, "%s:%u: pip's own switch %.*s has no effect here", r->from->name,
		 r->number, STR_ARG(value));
	return 0;
}

typedef __typeof__(((struct requirements *)0)->no_binary) format_list;

static bool is_in(const format_list *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], name))
			return true;
	return false;
}

static void leave(format_list *list, struct str name)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->n; i++)
		if (!str_eq(list->v[i], name))
			list->v[kept++] = list->v[i];
	list->n = kept;
}

/* `:all:`, `:none:` (which empties the list), or names; a name in one list leaves the other. */
static void set_format(struct reader *r, struct str value, format_list *list, format_list *other)
{
	struct str name;
	for (bool more = true; more;) {
		more = str_cut(&value, ',', &name);
		name = str_trim(name);
		if (str_is(name, ":none:") || str_is(name, ":all:"))
			list->n = 0;
		if (str_is(name, ":all:"))
			other->n = 0;
		if (!name.n || str_is(name, ":none:"))
			continue;
		if (name.p[0] != ':')
			name = pyname_normal(&r->to->arena, name);
		leave(other, name);
		VEC_PUSH(list, name);
	}
}

static int add_no_binary(struct reader *r, struct str value, struct err **e)
{
	(void)e;
	set_format(r, value, &r->to->no_binary, &r->to->only_binary);
	return 0;
}

static int add_only_binary(struct reader *r, struct str value, struct err **e)
{
	(void)e;
	set_format(r, value, &r->to->only_binary, &r->to->no_binary);
	return 0;
}

enum requirement_format requirements_format(const struct requirements *r, struct str normal)
{
	if (is_in(&r->only_binary, normal))
		return FORMAT_WHEEL;
	if (is_in(&r->no_binary, normal))
		return FORMAT_SOURCE;
	if (is_in(&r->only_binary, STR(":all:")))
		return FORMAT_WHEEL;
	return is_in(&r->no_binary, STR(":all:")) ? FORMAT_SOURCE : FORMAT_ANY;
}

/* pip reads one of these a line, and drops further ones in silence. */
static int once(struct reader *r, struct err **e)
{
	if (r->named)
		return err_set(e, ERR_SYNTAX, "-r, -c, -e and -f stand one a line");
	r->named = true;
	return 0;
}

/* The path as seen from the file that names it. */
static struct str beside(struct reader *r, struct str path)
{
	struct str name = str_of(r->from->name);
	while (name.n && name.p[name.n - 1] != '/')
		name.n--;
	if ((path.n && path.p[0] == '/') || is_address(path))
		return path;
	return arena_printf(&r->to->arena, "%.*s%.*s", STR_ARG(name), STR_ARG(path));
}

static int add_find_links(struct reader *r, struct str value, struct err **e)
{
	int code = once(r, e);
	struct str near = beside(r, value);
	bool exists = access(arena_copy(&r->to->arena, near.p, near.n), F_OK) == 0;
	if (code == 0)
		VEC_PUSH(&r->to->find_links, exists ? near : value);
	return code;
}

static int add_editable(struct reader *r, struct str value, struct err **e)
{
	int code = once(r, e);
	struct requirement_line *line = add_line(r);
	line->editable = true;
	if (code == 0)
		code = read_target(r, value, line, e);
	return code < 0 ? code : check_constraint(line, e);
}

static int read_nested(struct reader *r, struct str path, bool constraint, struct err **e);

static int nest_requirements(struct reader *r, struct str value, struct err **e)
{
	int code = once(r, e);
	return code < 0 ? code : read_nested(r, value, false, e);
}

static int nest_constraints(struct reader *r, struct str value, struct err **e)
{
	int code = once(r, e);
	return code < 0 ? code : read_nested(r, value, true, e);
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("0123456789abcdefABCDEF", s.p[i], 22))
			return false;
	return true;
}

static int add_hash(struct reader *r, struct str value, struct err **e)
{
	static const struct {
		const char *name;
		size_t digits;
	} kinds[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};
	for (size_t i = 0; i < COUNT(kinds); i++) {
		size_t n = strlen(kinds[i].name);
		if (!str_starts(value, kinds[i].name))
			continue;
		if (value.n != n + kinds[i].digits || !is_hex(str_from(value, n)))
			return err_set(e, ERR_SYNTAX,
				       "--hash %.*s: %zu hexadecimal digits are wanted",
				       STR_ARG(value), kinds[i].digits);
		r->to->require_hashes = true;
		r->line->hashes = strs_with(&r->to->arena, r->line->hashes, value);
		return 0;
	}
	return err_set(e, ERR_SYNTAX, "--hash %.*s: sha256:, sha384: or sha512: is wanted",
		       STR_ARG(value));
}

static int add_setting(struct reader *r, struct str value, struct err **e)
{
	if (str_find(value, '=') == value.n)
		return err_set(e, ERR_SYNTAX, "--config-settings %.*s: KEY=VALUE is wanted",
			       STR_ARG(value));
	r->line->settings = strs_with(&r->to->arena, r->line->settings, value);
	return 0;
}

enum scope { FOR_ALL, FOR_LINE };

static const struct option_row {
	const char *name;
	char letter;
	bool value;
	enum scope scope;
	apply *apply;
} options[] = {
	{"index-url", 'i', true, FOR_ALL, set_index},
	{"pypi-url", 0, true, FOR_ALL, set_index},
	{"extra-index-url", 0, true, FOR_ALL, add_extra_index},
	{"no-index", 0, false, FOR_ALL, set_no_index},
	{"find-links", 'f', true, FOR_ALL, add_find_links},
	{"requirement", 'r', true, FOR_ALL, nest_requirements},
	{"constraint", 'c', true, FOR_ALL, nest_constraints},
	{"editable", 'e', true, FOR_ALL, add_editable},
	{"no-binary", 0, true, FOR_ALL, add_no_binary},
	{"only-binary", 0, true, FOR_ALL, add_only_binary},
	{"prefer-binary", 0, false, FOR_ALL, set_prefer_binary},
	{"require-hashes", 0, false, FOR_ALL, set_require_hashes},
	{"pre", 0, false, FOR_ALL, set_pre},
	{"trusted-host", 0, true, FOR_ALL, add_trusted},
	{"use-feature", 0, true, FOR_ALL, ignore},
	{"hash", 0, true, FOR_LINE, add_hash},
	{"config-settings", 'C', true, FOR_LINE, add_setting},
};

/* By the whole name, or by so much of it that only one begins so. */
static const struct option_row *find_long(struct str name)
{
	const struct option_row *found = NULL;
	for (size_t i = 0; i < COUNT(options); i++) {
		if (str_is(name, options[i].name))
			return &options[i];
		if (name.n < strlen(options[i].name) &&
		    strncmp(options[i].name, name.p, name.n) == 0) {
			if (found)
				return NULL;
			found = &options[i];
		}
	}
	return found;
}

static const struct option_row *find_letter(char letter)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (letter && options[i].letter == letter)
			return &options[i];
	return NULL;
}

static struct str take_word(struct reader *r)
{
	struct str word = r->rest.v[0];
	r->rest = (struct strs){r->rest.v + 1, r->rest.n - 1};
	return word;
}

/* One option and its value: `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-nVALUE`. */
static int read_option(struct reader *r, struct err **e)
{
	struct str word = take_word(r), value = {0}, name = word;
	bool is_long = str_starts(word, "--"), has_value = false;
	const struct option_row *row;
	if (is_long) {
		value = str_from(word, 2);
		has_value = str_cut(&value, '=', &name);
		row = name.n ? find_long(name) : NULL;
	} else {
		row = word.n > 1 && word.p[0] == '-' ? find_letter(word.p[1]) : NULL;
		value = str_from(word, 2);
		has_value = value.n > 0;
	}
	if (!row)
		return err_set(e, ERR_SYNTAX,
			       word.n && word.p[0] == '-'
				       ? "%.*s is no option of a requirements file"
				       : "\"%.*s\" follows options",
			       STR_ARG(word));
	if (row->value && !has_value && r->rest.n) {
		value = take_word(r);
		has_value = true;
	}
	if (row->value != has_value)
		return err_set(e, ERR_SYNTAX,
			       row->value ? "--%s needs a value" : "--%s takes no value",
			       row->name);
	if (row->scope == FOR_LINE && !r->line)
		return err_set(e, ERR_SYNTAX, "--%s goes behind a requirement", row->name);
	if (row->scope == FOR_ALL && r->line) {
		log_warn(r->log,
			 "%s:%u: --%s on a requirement's line has no effect, as in pip: give it "
			 "a line of its own",
			 r->from->name, r->number, row->name);
		return 0;
	}
	return row->apply(r, row->apply == ignore ? word : value, e);
}

/* ---- lines and files ---- */

/* Where the options begin: at the first word, of those between single blanks, that has a `-`
 * in front. */
static size_t options_at(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '-' && (i == 0 || line.p[i - 1] == ' '))
			return i;
	return line.n;
}

static int read_line(struct reader *r, struct str line, struct err **e)
{
	size_t at = options_at(line);
	struct str wanted = str_trim(str_to(line, at));
	int code = requirements_words(&r->to->arena, str_from(line, at), &r->rest, e);
	if (code == 0 && wanted.n) {
		r->line = add_line(r);
		code = read_target(r, wanted, r->line, e);
		if (code == 0)
			code = check_constraint(r->line, e);
	}
	while (code == 0 && r->rest.n)
		code = read_option(r, e);
	return code;
}

int requirements_add(struct requirements *r, const struct requirements_source *from,
		     struct str text, struct log *log, struct err **e)
{
	struct requirements_text lines = {&r->arena, text, from->line ? from->line : 1};
	struct str line;
	unsigned number;
	while (requirements_next(&lines, &line, &number)) {
		struct reader reader = {r, from, number, log, {0}, NULL, false};
		int code = read_line(&reader, line, e);
		if (code < 0 && from->column)
			return err_wrap(e, code, "%s:%u:%u", from->name, number, from->column);
		if (code < 0)
			return err_wrap(e, code, "%s:%u", from->name, number);
	}
	return 0;
}

static int read_source(struct requirements *r, const struct requirements_source *from,
		       struct log *log, struct err **e)
{
	AUTO(buf_done) struct buf bytes = BUF(FILE_MAX);
	struct str text;
	int code = fs_read(from->name, &bytes, e);
	if (code == 0 && (code = requirements_decode(&r->arena, buf_str(&bytes), &text, e)) < 0)
		err_wrap(e, code, "%s", from->name);
	return code < 0 ? code : requirements_add(r, from, text, log, e);
}

static int check_nesting(const struct requirements_source *from, const char *name, struct err **e)
{
	unsigned depth = 0;
	for (; from; from = from->parent) {
		if (strcmp(from->name, name) == 0)
			return err_set(e, ERR_SYNTAX, "%s names itself", name);
		if (++depth > DEPTH_MAX)
			return err_set(e, ERR_SYNTAX, "files are nested deeper than %d", DEPTH_MAX);
	}
	return 0;
}

static int read_nested(struct reader *r, struct str path, bool constraint, struct err **e)
{
	struct str near = beside(r, path);
	struct requirements_source from = {
		.name = arena_copy(&r->to->arena, near.p, near.n),
		.folder = r->from->folder,
		.constraint = constraint,
		.parent = r->from,
	};
	if (!r->from->folder)
		return err_set(e, ERR_SYNTAX, "%.*s: other files cannot be named here",
			       STR_ARG(path));
	if (is_address(near))
		return err_set(e, ERR_SYNTAX, "%.*s: a file on this machine is wanted",
			       STR_ARG(path));
	int code = check_nesting(r->from, from.name, e);
	return code < 0 ? code : read_source(r->to, &from, r->log, e);
}

int requirements_read(struct requirements *r, const char *path, bool constraint, struct log *log,
		      struct err **e)
{
	struct requirements_source from = {.name = path, .folder = ".", .constraint = constraint};
	return read_source(r, &from, log, e);
}
