/* builder/pip_dists.c - what conda packages are called by pip. */
#include "builder/paths.h"
#include "builder/pip.h"
#include "specs/base/vec.h"
#include "specs/pyname.h"
#include "specs/pyversion.h"

enum { METADATA_MAX = 16 << 20 };

/* site-packages/X.dist-info/METADATA, X.egg-info/PKG-INFO or a file X.egg-info; in noarch packages
 * site-packages/ is the first folder. */
static bool is_metadata(struct str path)
{
	static const char folder[] = "site-packages/";
	struct str rest = path;
	if (!str_starts(path, folder)) {
		const char *at = memmem(path.p, path.n, "/site-packages/", sizeof(folder));
		if (!at)
			return false;
		rest = str_from(path, (size_t)(at - path.p) + 1);
	}
	rest = str_from(rest, sizeof(folder) - 1);
	struct str top;
	if (!str_cut(&rest, '/', &top))
		return str_ends(top, ".egg-info");
	return (str_ends(top, ".dist-info") && str_is(rest, "METADATA")) ||
	       (str_ends(top, ".egg-info") && str_is(rest, "PKG-INFO"));
}

/* The text up to the first empty line. */
static struct str headers_of(struct str text)
{
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (text.p[i] != '\n')
			continue;
		if (text.p[i + 1] == '\n' || str_starts(str_from(text, i + 1), "\r\n"))
			return str_to(text, i + 1);
	}
	return text;
}

static struct str header(struct str text, const char *name)
{
	size_t n = strlen(name);
	struct str line;
	while (text.n) {
		str_cut(&text, '\n', &line);
		if (line.n > n && line.p[n] == ':' && strncasecmp(line.p, name, n) == 0)
			return str_trim(str_from(line, n + 1));
	}
	return (struct str){0};
}

/* How many files the archive lists that tell of a distribution: mostly none, and then its payload
 * stays closed. */
static int count_listed(const char *archive, size_t *out, struct err **e)
{
	AUTO(package_info_done) struct package_info info = {.arena = ARENA};
	int code = package_info_read(archive, &info, e);
	*out = 0;
	for (size_t i = 0; code == 0 && i < info.count; i++)
		*out += is_metadata(info.paths[i].path);
	return code;
}

static struct pip_dist dist_of(struct arena *a, struct str headers)
{
	return (struct pip_dist){
		.name = pyname_normal(a, header(headers, "Name")),
		.version = header(headers, "Version"),
		.metadata = headers,
	};
}

int pip_dist_of_wheel(const char *archive, struct arena *a, struct pip_dist *out, struct err **e)
{
	AUTO(unpack_close) struct unpack *u = NULL;
	AUTO(buf_done) struct buf text = BUF(METADATA_MAX);
	const struct entry *entry;
	int code = unpack_open(archive, UNPACK_WHEEL, &u, e);
	while (code == 0 && (code = unpack_next(u, &entry, e)) > 0) {
		struct str rest = str_of(entry->path), top;
		code = 0;
		if (!str_cut(&rest, '/', &top) || !str_ends(top, ".dist-info") ||
		    !str_is(rest, "METADATA"))
			continue;
		if ((code = unpack_read(u, &text, e)) == 0)
			*out = dist_of(a, arena_str(a, headers_of(buf_str(&text))));
		return code;
	}
	return code < 0 ? code : err_set(e, ERR_CORRUPT, "%s has no METADATA", unpack_name(u));
}

int pip_dists_read(const char *archive, struct str package, struct arena *a, struct pip_dists *out,
		   struct err **e)
{
	AUTO(unpack_close) struct unpack *u = NULL;
	AUTO(buf_done) struct buf text = BUF(METADATA_MAX);
	const struct entry *entry;
	size_t listed;
	int code = count_listed(archive, &listed, e);
	struct pip_dist *v = arena_zero(a, listed, sizeof(*v));
	*out = (struct pip_dists){v, 0};
	if (code == 0 && listed)
		code = unpack_open(archive, UNPACK_PAYLOAD, &u, e);
	while (code == 0 && listed && (code = unpack_next(u, &entry, e)) > 0) {
		code = 0;
		if (entry->kind != ENTRY_FILE || !is_metadata(str_of(entry->path)))
			continue;
		listed--;
		buf_clear(&text);
		if ((code = unpack_read(u, &text, e)) < 0)
			return code;
		struct str headers = arena_str(a, headers_of(buf_str(&text)));
		struct pip_dist dist = dist_of(a, headers);
		dist.package = arena_str(a, package);
		/* what no resolver can read is not told to one */
		struct pyversion version;
		if (dist.name.n && pyversion_parse(a, dist.version, &version, NULL) == 0)
			v[out->n++] = dist;
	}
	return code < 0 ? code : 0;
}
