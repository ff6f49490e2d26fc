/* builder/wheel.c - a wheel's dist-info, and where its files go. */
#include "builder/wheel.h"
#include "specs/base/vec.h"
#include "specs/pyname.h"
#include <stdlib.h>

enum { TEXT_MAX = 256 << 20, PATH_PART_MAX = 255 };

/* ---- reading ---- */

enum { WHEEL, METADATA, RECORD, ENTRY_POINTS, TEXTS };

static const char *const text_names[TEXTS] = {
	[WHEEL] = "WHEEL",
	[METADATA] = "METADATA",
	[RECORD] = "RECORD",
	[ENTRY_POINTS] = "entry_points.txt",
};

/* Made anew when it is installed. */
static const char *const replaced[] = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"};

struct gather {
	struct unpack *archive;
	struct package_info info;
	struct wheel_info *wheel;
	struct buf texts[TEXTS];
	VEC(struct package_path) paths;
};

static void gather_done(struct gather *g)
{
	unpack_close(g->archive);
	for (size_t i = 0; i < TEXTS; i++)
		buf_done(&g->texts[i]);
	VEC_DONE(&g->paths);
	package_info_done(&g->info);
}
AUTO_DEFINE_VALUE(struct gather, gather_done)

/* What stands before the first "/" when it ends in `suffix`; else empty. */
static struct str top_folder(struct str path, const char *suffix)
{
	struct str top = str_to(path, str_find(path, '/'));
	return top.n < path.n && str_ends(top, suffix) ? top : (struct str){0};
}

static int check_path(struct str path, struct err **e)
{
	size_t part = 0;
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];
		part = c == '/' ? 0 : part + 1;
		if (c < ' ' || c == 0x7f || c == '\\' || part > PATH_PART_MAX)
			return err_set(e, ERR_CORRUPT, "\"%.*s\" is no name for a file",
				       STR_ARG(path));
	}
	return 0;
}

static int take_text(struct gather *g, struct str path, struct err **e)
{
	struct str name = str_from(path, g->wheel->dist_info.n + 1);
	for (size_t i = 0; i < TEXTS; i++)
		if (str_is(name, text_names[i]))
			return unpack_read(g->archive, &g->texts[i], e);
	return 0;
}

static int take_entry(struct gather *g, const struct entry *entry, struct err **e)
{
	struct str path = str_of(entry->path), info = top_folder(path, ".dist-info");
	int code = check_path(path, e);
	if (code < 0 || entry->kind == ENTRY_DIR)
		return code;
	struct package_path row = {.path = arena_str(&g->info.arena, path), .type = PATH_HARDLINK};
	row.has_size = true;
	row.size = entry->size;
	VEC_PUSH(&g->paths, row);
	if (!info.n)
		return 0;
	if (!g->wheel->dist_info.n)
		g->wheel->dist_info = arena_str(&g->info.arena, info);
	if (!str_eq(g->wheel->dist_info, info))
		return err_set(e, ERR_CORRUPT, "has both %.*s and %.*s",
			       STR_ARG(g->wheel->dist_info), STR_ARG(info));
	return take_text(g, path, e);
}

/* ---- headers of METADATA and WHEEL ---- */

/* The next line up to the empty one that ends the headers; continuation lines are skipped by
 * who does not want them. */
static bool next_header(struct str *text, struct str *name, struct str *value)
{
	struct str line;
	while (text->n) {
		str_cut(text, '\n', &line);
		if (str_trim(line).n == 0)
			return false;
		if (line.p[0] == ' ' || line.p[0] == '\t')
			continue;
		*value = line;
		if (!str_cut(value, ':', name))
			continue;
		*value = str_trim(*value);
		return true;
	}
	return false;
}

static bool same_header(struct str name, const char *wanted)
{
	return name.n == strlen(wanted) && strncasecmp(name.p, wanted, name.n) == 0;
}

static int read_wheel_text(struct gather *g, struct err **e)
{
	struct str text = buf_str(&g->texts[WHEEL]), name, value;
	while (next_header(&text, &name, &value)) {
		if (!same_header(name, "Wheel-Version"))
			continue;
		struct str major;
		str_cut(&value, '.', &major);
		if (!str_is(major, "1"))
			return err_set(e, ERR_CORRUPT, "Wheel-Version %.*s is not known",
				       STR_ARG(major));
		return 0;
	}
	return err_set(e, ERR_CORRUPT, "its WHEEL names no Wheel-Version");
}

static int read_metadata(struct gather *g, struct err **e)
{
	struct arena *a = &g->info.arena;
	struct str text = buf_str(&g->texts[METADATA]), name, value;
	VEC(struct str) requires = {0};
	while (next_header(&text, &name, &value)) {
		if (same_header(name, "Name"))
			g->info.name = pyname_normal(a, value);
		else if (same_header(name, "Version"))
			g->info.version = arena_str(a, value);
		else if (same_header(name, "Requires-Python"))
			g->wheel->requires_python = arena_str(a, value);
		else if (same_header(name, "License-Expression") ||
			 (same_header(name, "License") && !g->wheel->license.n))
			g->wheel->license = arena_str(a, value);
		else if (same_header(name, "Requires-Dist"))
			VEC_PUSH(&requires, value);
	}
	g->wheel->requires = arena_strs(a, (struct strs){requires.v, requires.n});
	VEC_DONE(&requires);
	if (g->info.name.n == 0 || g->info.version.n == 0)
		return err_set(e, ERR_CORRUPT, "its METADATA has no Name or no Version");
	return 0;
}

/* ---- RECORD ---- */

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct package_path *)a)->path,
		       ((const struct package_path *)b)->path);
}

/* One field of a CSV row; quoted ones hold anything, and two quotes stand for one. */
static struct str next_field(struct arena *a, struct str *row)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	struct str plain;
	if (!row->n || row->p[0] != '"') {
		str_cut(row, ',', &plain);
		return plain;
	}
	*row = str_from(*row, 1);
	while (row->n) {
		str_cut(row, '"', &plain);
		buf_add_str(&text, plain);
		if (!row->n || row->p[0] != '"')
			break;
		buf_add_char(&text, '"');
		*row = str_from(*row, 1);
	}
	str_cut(row, ',', &plain);
	return arena_str(a, buf_str(&text));
}

/* base64 with - and _, without = at its end. */
static bool read_base64(struct str text, struct digest *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	size_t have = 0, n = 0;
	for (size_t i = 0; i < text.n; i++) {
		const char *at = text.p[i] ? strchr(letters, text.p[i]) : NULL;
		if (!at)
			return false;
		bits = bits << 6 | (uint32_t)(at - letters);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (n == sizeof(out->bytes))
			return false;
		out->bytes[n++] = (uint8_t)(bits >> have);
	}
	return n == sizeof(out->bytes);
}

static void take_row(struct gather *g, struct str row)
{
	struct arena *a = &g->info.arena;
	struct package_path key = {.path = next_field(a, &row)};
	struct str hash = next_field(a, &row);
	struct package_path *to = bsearch(&key, g->paths.v, g->paths.n, sizeof(key), by_path);
	if (to && str_starts(hash, "sha256="))
		to->has_sha256 = read_base64(str_from(hash, strlen("sha256=")), &to->sha256);
}

/* Rows without a file are dropped; files without a row are hashed when they are installed. */
static int read_record(struct gather *g, struct err **e)
{
	struct str text = buf_str(&g->texts[RECORD]), row;
	if (g->paths.n)
		qsort(g->paths.v, g->paths.n, sizeof(*g->paths.v), by_path);
	for (size_t i = 1; i < g->paths.n; i++)
		if (by_path(&g->paths.v[i - 1], &g->paths.v[i]) == 0)
			return err_set(e, ERR_CORRUPT, "%.*s stands in it twice",
				       STR_ARG(g->paths.v[i].path));
	while (text.n) {
		str_cut(&text, '\n', &row);
		if (str_ends(row, "\r"))
			row.n--;
		if (row.n)
			take_row(g, row);
	}
	return 0;
}

/* ---- entry points ---- */

/* Of the module and the attribute; extras behind them are of no concern. */
static int take_command(struct str line, struct entry_point *out, struct err **e)
{
	struct str extras = str_from(line, str_find(line, '['));
	int code = entry_point_parse(str_trim(str_to(line, line.n - extras.n)), out, e);
	if (code < 0)
		return err_wrap(e, code, "entry_points.txt");
	return 0;
}

static bool is_command_section(struct str line)
{
	return str_is(line, "[console_scripts]") || str_is(line, "[gui_scripts]");
}

/* A name of both sections is the later one's. */
static void add_command(struct package_info *info, const struct entry_point *p)
{
	for (size_t i = 0; i < info->entry_point_count; i++)
		if (str_eq(info->entry_points[i].command, p->command)) {
			info->entry_points[i] = *p;
			return;
		}
	info->entry_points[info->entry_point_count++] = *p;
}

static int read_entry_points(struct gather *g, struct err **e)
{
	struct str text = arena_str(&g->info.arena, buf_str(&g->texts[ENTRY_POINTS])), line;
	size_t lines = 1;
	bool commands = false;
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	g->info.entry_points = arena_zero(&g->info.arena, lines, sizeof(struct entry_point));
	while (text.n) {
		struct entry_point p;
		str_cut(&text, '\n', &line);
		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[') {
			commands = is_command_section(line);
			continue;
		}
		int code = commands ? take_command(line, &p, e) : 0;
		if (code < 0)
			return code;
		if (commands)
			add_command(&g->info, &p);
	}
	return 0;
}

void wheel_name_commands(struct package_info *info, const struct noarch_python *python)
{
	struct entry_point pip = {0};
	size_t kept = 0;
	for (size_t i = 0; i < info->entry_point_count; i++) {
		struct entry_point p = info->entry_points[i];
		if (str_is(p.command, "pip"))
			pip = p;
		if (!str_is(info->name, "pip") || !str_starts(p.command, "pip"))
			info->entry_points[kept++] = p;
	}
	info->entry_point_count = kept;
	if (!pip.command.n || !str_is(info->name, "pip"))
		return;
	struct arena *a = &info->arena;
	struct entry_point *v = arena_zero(a, kept + 3, sizeof(*v));
	memcpy(v, info->entry_points, kept * sizeof(*v));
	struct str major = str_to(python->minor, str_find(python->minor, '.'));
	const struct str suffixes[] = {STR(""), major, python->minor};
	for (size_t i = 0; i < COUNT(suffixes); i++) {
		v[kept] = pip;
		v[kept++].command = arena_printf(a, "pip%.*s", STR_ARG(suffixes[i]));
	}
	info->entry_points = v;
	info->entry_point_count = kept;
}

/* ---- where files go ---- */

#define HEADERS "python-headers/"

static const struct scheme_row {
	const char *key, *place;
} schemes[] = {
	{"purelib", "site-packages/"},	{"platlib", "site-packages/"},
	{"scripts", "python-scripts/"}, {"data", ""},
	{"headers", HEADERS},
};

struct str wheel_place(struct arena *a, const struct noarch_python *python, struct str to)
{
	if (!str_starts(to, HEADERS))
		return noarch_path(a, python, to);
	to = str_from(to, strlen(HEADERS));
	return arena_printf(a, "include/python%.*s/%.*s", STR_ARG(python->minor), STR_ARG(to));
}

static bool is_replaced(const struct gather *g, struct str path)
{
	size_t n = g->wheel->dist_info.n;
	if (!str_eq(str_to(path, n), g->wheel->dist_info) || path.n <= n + 1 || path.p[n] != '/')
		return false;
	for (size_t i = 0; i < COUNT(replaced); i++)
		if (str_is(str_from(path, n + 1), replaced[i]))
			return true;
	return false;
}

/* `NAME-VERSION.data/KEY/rest`. */
static int place_data(struct gather *g, struct package_path *p, struct str rest, struct err **e)
{
	struct arena *a = &g->info.arena;
	struct str key;
	bool below = str_cut(&rest, '/', &key);
	for (size_t i = 0; below && i < COUNT(schemes); i++) {
		if (!str_is(key, schemes[i].key))
			continue;
		if (str_is(key, "scripts") && str_find(rest, '/') < rest.n)
			break;
		p->mode = str_is(key, "scripts") ? PATH_MODE_SCRIPT : PATH_MODE_NONE;
		/* headers have a folder of their own below those of Python */
		bool named = str_is(key, "headers");
		p->to = arena_printf(a, "%s%.*s%s%.*s", schemes[i].place,
				     STR_ARG(named ? g->info.name : STR("")), named ? "/" : "",
				     STR_ARG(rest));
		return 0;
	}
	return err_set(e, ERR_CORRUPT, "%.*s: no place is known for it", STR_ARG(p->path));
}

static bool is_command(const struct package_info *info, struct str place)
{
	if (!str_starts(place, "python-scripts/"))
		return false;
	struct str name = str_from(place, strlen("python-scripts/"));
	for (size_t i = 0; i < info->entry_point_count; i++)
		if (str_eq(info->entry_points[i].command, name))
			return true;
	return false;
}

static int place_all(struct gather *g, struct err **e)
{
	struct arena *a = &g->info.arena;
	struct str stem = str_to(g->wheel->dist_info, g->wheel->dist_info.n - strlen(".dist-info"));
	struct str data = arena_printf(a, "%.*s.data", STR_ARG(stem));
	size_t kept = 0;
	for (size_t i = 0; i < g->paths.n; i++) {
		struct package_path p = g->paths.v[i];
		struct str top = top_folder(p.path, ".data");
		int code = 0;
		if (is_replaced(g, p.path))
			continue;
		if (top.n && str_eq(top, data))
			code = place_data(g, &p, str_from(p.path, top.n + 1), e);
		else
			p.to = arena_printf(a, "site-packages/%.*s", STR_ARG(p.path));
		if (code < 0)
			return code;
		/* the command made from entry_points.txt is the one that is meant */
		if (!is_command(&g->info, p.to))
			g->paths.v[kept++] = p;
	}
	g->paths.n = kept;
	return 0;
}

static int settle(struct gather *g, struct err **e)
{
	if (!g->wheel->dist_info.n)
		return err_set(e, ERR_CORRUPT, "not a wheel: it has no folder *.dist-info");
	int code = read_wheel_text(g, e);
	if (code == 0)
		code = read_metadata(g, e);
	if (code == 0)
		code = read_record(g, e);
	if (code == 0)
		code = read_entry_points(g, e);
	return code < 0 ? code : place_all(g, e);
}

int wheel_info_read(const char *archive, struct package_info *out, struct err **e)
{
	AUTO(gather_done) struct gather g = {.info = {.arena = ARENA, .noarch = NOARCH_PYTHON}};
	const struct entry *entry;
	for (size_t i = 0; i < TEXTS; i++)
		g.texts[i] = (struct buf)BUF(TEXT_MAX);
	g.wheel = arena_zero(&g.info.arena, 1, sizeof(*g.wheel));
	int code = unpack_open(archive, UNPACK_WHEEL, &g.archive, e);
	while (code == 0 && (code = unpack_next(g.archive, &entry, e)) > 0)
		if ((code = take_entry(&g, entry, e)) < 0)
			return err_wrap(e, code, "%s", unpack_name(g.archive));
	if (code < 0)
		return code;
	if ((code = settle(&g, e)) < 0)
		return err_wrap(e, code, "%s", unpack_name(g.archive));
	g.info.wheel = g.wheel;
	g.info.mtime = WHEEL_MTIME - 1; /* what is made is a second later */
	g.info.paths = g.paths.v;
	g.info.count = g.paths.n;
	*out = g.info;
	g.info = (struct package_info){0};
	g.paths.v = NULL;
	return 0;
}
