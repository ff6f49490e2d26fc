/* builder/unpack.c - the entries of a package archive, one after the other, never on disk. */
#include "builder/unpack.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include "specs/base/json.h"
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <pthread.h>
#include <zstd.h>

enum {
	PLAIN_ROOM = 128 << 10, /* decompressed at once; stays in the cache of its core */
	WINDOW_LOG_MAX = 31,	/* the library's own limit is 27, packages may have more */
	METADATA_MAX = 64 << 10,
	ZEROS = 64 << 10,
};

struct unpack {
	struct fs_map file;
	const char *name; /* within path */
	char *path;
	unsigned parts, seen; /* seen: members of a .conda */
	struct archive *zip;  /* NULL: a .tar.bz2 */
	struct archive *tar;  /* NULL: the next member of the zip comes first */

	ZSTD_DCtx *zstd;
	ZSTD_inBuffer packed; /* the block of the zip's member that is being read */
	size_t wants;	      /* what zstd said last: 0 at the end of a frame */
	char *plain;
	struct err *failed; /* raised in a callback of the library */

	struct entry entry;
	char where[UNPACK_PATH_MAX], target[UNPACK_PATH_MAX];
	uint64_t at;	   /* bytes of the file handed out */
	const char *block; /* read ahead, behind a hole */
	uint64_t block_at; /* its place in the file */
	bool is_text;	   /* the block is the text of a link */
	size_t block_n;	   /* its size; 0: none */
	uint64_t bytes, entries;
};

const char *unpack_name(const struct unpack *u)
{
	return u->name;
}

void unpack_close(struct unpack *u)
{
	if (!u)
		return;
	if (u->tar)
		archive_read_free(u->tar);
	if (u->zip)
		archive_read_free(u->zip);
	ZSTD_freeDCtx(u->zstd);
	fs_map_done(&u->file);
	err_free(u->failed);
	free(u->plain);
	free(u->path);
	free(u);
}

/* Our own error, raised below the library, or what the library says. */
static int fail(struct unpack *u, struct archive *a, const char *member, struct err **e)
{
	if (u->failed) {
		int code = u->failed->code;
		if (e)
			*e = STEAL(&u->failed);
		return code;
	}
	const char *why = archive_error_string(a);
	return err_set(e, ERR_CORRUPT, "%s: %s: %s", u->name, member, why ? why : "cannot be read");
}

static struct archive *reader_new(void)
{
	struct archive *a = archive_read_new();
	if (!a)
		abort(); /* out of memory, nothing else */
	return a;
}

/* --- the members of a .conda ----------------------------------------------------------- */

/* The next block of the member, where the last one is used up: 1, or 0 at its end. */
static int fill_packed(struct unpack *u)
{
	if (u->packed.pos < u->packed.size)
		return 1;
	la_int64_t at;
	int r = archive_read_data_block(u->zip, &u->packed.src, &u->packed.size, &at);
	u->packed.pos = 0;
	if (r == ARCHIVE_EOF) {
		u->packed.size = 0;
		return 0;
	}
	return r < ARCHIVE_OK ? fail(u, u->zip, "member", &u->failed) : 1;
}

/* What nobody needs of the member, as its CRC32 is compared at its end. */
static int drain_member(struct unpack *u, struct err **e)
{
	int more;
	do {
		u->packed.pos = u->packed.size;
		more = fill_packed(u);
	} while (more > 0);
	return more < 0 ? fail(u, u->zip, "member", e) : 0;
}

/* Gives the tar reader decompressed bytes. Several frames may follow one another. */
static la_ssize_t read_plain(struct archive *tar, void *cookie, const void **out)
{
	struct unpack *u = cookie;
	ZSTD_outBuffer plain = {u->plain, PLAIN_ROOM, 0};
	while (plain.pos == 0) {
		int more = fill_packed(u);
		if (more == 0 && u->wants == 0)
			return 0;
		if (more == 0)
			err_set(&u->failed, ERR_CORRUPT, "%s: a zstd stream is truncated", u->name);
		if (more > 0) {
			u->wants = ZSTD_decompressStream(u->zstd, &plain, &u->packed);
			if (!ZSTD_isError(u->wants))
				continue;
			err_set(&u->failed, ERR_CORRUPT, "%s: zstd: %s", u->name,
				ZSTD_getErrorName(u->wants));
		}
		archive_set_error(tar, -1, "unpacking failed");
		return -1;
	}
	*out = u->plain;
	return (la_ssize_t)plain.pos;
}

static int open_member(struct unpack *u, struct err **e)
{
	if (!u->zstd) {
		u->zstd = ZSTD_createDCtx();
		u->plain = mem_alloc(PLAIN_ROOM);
		if (!u->zstd)
			abort(); /* out of memory, nothing else */
	}
	ZSTD_DCtx_reset(u->zstd, ZSTD_reset_session_only);
	ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	u->packed = (ZSTD_inBuffer){NULL, 0, 0};
	u->wants = 1; /* no frame at all is a truncated one */
	u->tar = reader_new();
	archive_read_support_format_tar(u->tar);
	archive_read_support_format_empty(u->tar);
	if (archive_read_open(u->tar, u, NULL, read_plain, NULL) != ARCHIVE_OK)
		return fail(u, u->tar, "member", e);
	return 0;
}

static int check_metadata(struct unpack *u, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(METADATA_MAX);
	AUTO(json_free) cJSON *doc = NULL;
	const void *p;
	size_t n;
	la_int64_t at;
	int r;
	while ((r = archive_read_data_block(u->zip, &p, &n, &at)) == ARCHIVE_OK)
		buf_add(&text, p, n);
	if (r != ARCHIVE_EOF)
		return fail(u, u->zip, "metadata.json", e);
	int code = buf_check(&text, "metadata.json", e);
	if (code == 0)
		code = json_parse(buf_str(&text), "metadata.json", &doc, e);
	if (code < 0)
		return err_wrap(e, code, "%s", u->name);
	uint64_t version;
	if (!json_u64(doc, "conda_pkg_format_version", &version) || version != 2)
		return err_set(e, ERR_CORRUPT,
			       "%s: metadata.json names a conda_pkg_format_version that is not 2",
			       u->name);
	return 0;
}

static unsigned member_part(struct str name)
{
	if (!str_ends(name, ".tar.zst"))
		return 0;
	if (str_starts(name, "info-"))
		return UNPACK_INFO;
	return str_starts(name, "pkg-") ? UNPACK_PAYLOAD : 0;
}

/* Opens the next member that is wanted: 1, or 0 after the last one. */
static int next_member(struct unpack *u, struct err **e)
{
	struct archive_entry *entry;
	int r, code;
	while ((r = archive_read_next_header(u->zip, &entry)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
		const char *pathname = archive_entry_pathname(entry);
		struct str name = str_of(pathname ? pathname : "");
		unsigned part = member_part(name);
		if (str_is(name, "metadata.json") && (code = check_metadata(u, e)) < 0)
			return code;
		if (part & u->seen)
			return err_set(e, ERR_CORRUPT, "%s: more than one member like %.*s",
				       u->name, STR_ARG(name));
		u->seen |= part;
		if (part & u->parts)
			return (code = open_member(u, e)) < 0 ? code : 1;
	}
	if (r != ARCHIVE_EOF)
		return fail(u, u->zip, "zip", e);
	if (u->parts & ~u->seen)
		return err_set(e, ERR_CORRUPT, "%s: has no member %s-*.tar.zst", u->name,
			       u->parts & ~u->seen & UNPACK_INFO ? "info" : "pkg");
	return 0;
}

/* --- opening ----------------------------------------------------------------------------- */

static int open_conda(struct unpack *u, struct err **e)
{
	u->zip = reader_new();
	archive_read_support_format_zip_seekable(u->zip);
	if (archive_read_open_memory(u->zip, u->file.p, u->file.n) != ARCHIVE_OK)
		return fail(u, u->zip, "zip", e);
	return 0;
}

static int open_wheel(struct unpack *u, struct err **e)
{
	u->tar = reader_new();
	archive_read_support_format_zip_seekable(u->tar);
	if (archive_read_open_memory(u->tar, u->file.p, u->file.n) != ARCHIVE_OK)
		return fail(u, u->tar, "zip", e);
	return 0;
}

static int open_source(struct unpack *u, struct err **e)
{
	u->tar = reader_new();
	archive_read_support_filter_gzip(u->tar);
	archive_read_support_filter_bzip2(u->tar);
	archive_read_support_filter_xz(u->tar);
	archive_read_support_format_tar(u->tar);
	archive_read_support_format_zip_seekable(u->tar);
	if (archive_read_open_memory(u->tar, u->file.p, u->file.n) != ARCHIVE_OK)
		return fail(u, u->tar, "source archive", e);
	return 0;
}

static int no_wheel(const struct unpack *u, struct err **e)
{
	return err_set(e, ERR_CORRUPT, "%s: not a wheel: no zip", u->name);
}

static int open_tar_bz2(struct unpack *u, struct err **e)
{
	u->tar = reader_new();
	archive_read_support_filter_bzip2(u->tar);
	archive_read_support_format_tar(u->tar);
	if (archive_read_open_memory(u->tar, u->file.p, u->file.n) != ARCHIVE_OK)
		return fail(u, u->tar, "tar", e);
	return 0;
}

int unpack_open(const char *path, unsigned parts, struct unpack **out, struct err **e)
{
	AUTO(unpack_close) struct unpack *u = mem_zero(1, sizeof(*u));
	int code = fs_map_open(path, &u->file, e);
	if (code < 0)
		return code;
	u->path = mem_text(path);
	const char *slash = strrchr(u->path, '/');
	u->name = slash ? slash + 1 : u->path;
	u->parts = parts;
	struct str bytes = {u->file.p, u->file.n};
	/* By content: caches name archives by their digest. */
	if (parts & UNPACK_WHEEL)
		code = str_starts(bytes, "PK") ? open_wheel(u, e) : no_wheel(u, e);
	else if (parts & UNPACK_SOURCE)
		code = open_source(u, e);
	else if (str_starts(bytes, "PK"))
		code = open_conda(u, e);
	else if (str_starts(bytes, "BZh"))
		code = open_tar_bz2(u, e);
	else
		code = err_set(e, ERR_CORRUPT, "%s: neither a .conda nor a .tar.bz2", u->name);
	if (code == 0)
		*out = STEAL(&u);
	return code;
}

/* --- entries ------------------------------------------------------------------------------ */

/* Writes the clean form of `name` to out[UNPACK_PATH_MAX]; false for what leads out. */
static bool clean(const char *name, char *out)
{
	size_t n = 0;
	if (!name || *name == '/')
		return false;
	while (*name) {
		size_t part = strcspn(name, "/");
		const char *from = name;
		name += part + (name[part] == '/');
		if (part == 0 || (part == 1 && from[0] == '.'))
			continue;
		if ((part == 2 && from[0] == '.' && from[1] == '.') ||
		    n + part + 2 > UNPACK_PATH_MAX)
			return false;
		if (n)
			out[n++] = '/';
		memcpy(out + n, from, part);
		n += part;
	}
	out[n] = 0;
	return true;
}

static int set_kind(struct unpack *u, struct archive_entry *from, struct err **e)
{
	struct entry *to = &u->entry;
	const char *hardlink = archive_entry_hardlink(from);
	unsigned type = archive_entry_filetype(from);
	if (hardlink) {
		if (!clean(hardlink, u->target) || !*u->target)
			return err_set(e, ERR_CORRUPT, "%s: %s: a hard link that leads out",
				       u->name, u->where);
		to->kind = ENTRY_HARDLINK;
		to->target = u->target;
	} else if (type == AE_IFLNK && u->parts & UNPACK_WHEEL) {
		const char *text = archive_entry_symlink(from);
		to->kind = ENTRY_FILE;
		u->block = text ? text : "";
		u->is_text = true;
		to->size = u->block_n = strlen(u->block);
		u->block_at = 0;
	} else if (type == AE_IFLNK) {
		to->kind = ENTRY_SYMLINK;
		to->target = archive_entry_symlink(from);
		if (!to->target || !*to->target)
			return err_set(e, ERR_CORRUPT, "%s: %s: a symbolic link to nothing",
				       u->name, u->where);
	} else if (type == AE_IFREG) {
		to->kind = ENTRY_FILE;
		to->size = (uint64_t)archive_entry_size(from);
	} else if (type == AE_IFDIR) {
		to->kind = ENTRY_DIR;
	} else {
		return err_set(e, ERR_CORRUPT, "%s: %s: neither file, link nor directory", u->name,
			       u->where);
	}
	return 0;
}

static bool is_wanted(const struct unpack *u)
{
	bool info = strncmp(u->where, "info/", 5) == 0 || strcmp(u->where, "info") == 0;
	return u->parts & (UNPACK_WHEEL | UNPACK_SOURCE | (info ? UNPACK_INFO : UNPACK_PAYLOAD));
}

/* 1 when the entry is wanted, else 0. */
static int take_entry(struct unpack *u, struct archive_entry *from, struct err **e)
{
	const char *name = archive_entry_pathname(from);
	if (!clean(name, u->where))
		return err_set(e, ERR_CORRUPT, "%s: \"%s\" is no name below a prefix", u->name,
			       name ? name : "");
	if (!*u->where || !is_wanted(u))
		return 0;
	u->entry = (struct entry){
		.path = u->where,
		.mode = archive_entry_perm(from),
		.mtime = archive_entry_mtime(from),
	};
	u->at = u->block_n = 0;
	u->is_text = false;
	int code = set_kind(u, from, e);
	if (code < 0)
		return code;
	u->bytes += u->entry.size;
	if (u->entry.size > UNPACK_BYTES_MAX || u->bytes > UNPACK_BYTES_MAX ||
	    ++u->entries > UNPACK_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "%s: unpacks to more than kiln accepts", u->name);
	return 1;
}

static int next_entry(struct unpack *u, const struct entry **out, struct err **e)
{
	struct archive_entry *from;
	for (;;) {
		int code = interrupt_check(e);
		if (code == 0 && !u->tar && (code = next_member(u, e)) == 0)
			return 0;
		if (code < 0)
			return code;
		int r = archive_read_next_header(u->tar, &from);
		if (r == ARCHIVE_EOF && !u->zip)
			return 0;
		if (r == ARCHIVE_EOF) {
			archive_read_free(u->tar);
			u->tar = NULL;
			if ((code = drain_member(u, e)) < 0)
				return code;
			continue;
		}
		if (r < ARCHIVE_WARN)
			return fail(u, u->tar, *u->where ? u->where : "the first entry", e);
		if ((code = take_entry(u, from, e)) < 0)
			return code;
		if (code > 0)
			break;
	}
	*out = &u->entry;
	return 1;
}

static locale_t utf8;

static void make_utf8(void)
{
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* The library gives no names that the locale's letters cannot write: all of them can be here,
 * whatever the user's locale is. */
int unpack_next(struct unpack *u, const struct entry **out, struct err **e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_utf8);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int code = next_entry(u, out, e);
	if (before)
		uselocale(before);
	return code;
}

int unpack_end(struct unpack *u, struct err **e)
{
	return u->zip && u->tar ? drain_member(u, e) : 0;
}

/* --- data ---------------------------------------------------------------------------------- */

/* Reads ahead the next block that is not a hole; at the end of the file its place is the end. */
static int next_block(struct unpack *u, struct err **e)
{
	const void *p;
	la_int64_t at;
	int r = archive_read_data_block(u->tar, &p, &u->block_n, &at);
	if (r < (u->parts & UNPACK_WHEEL ? ARCHIVE_OK : ARCHIVE_WARN))
		return fail(u, u->tar, u->where, e);
	if (r == ARCHIVE_EOF) {
		u->block_n = 0;
		at = (la_int64_t)u->entry.size;
	}
	if ((uint64_t)at < u->at || (uint64_t)at > u->entry.size ||
	    u->block_n > u->entry.size - (uint64_t)at)
		return err_set(e, ERR_CORRUPT, "%s: %s: is not as long as its header says", u->name,
			       u->where);
	u->block = p;
	u->block_at = (uint64_t)at;
	return 0;
}

/* A wheel's file, all of it read: its CRC32 is compared behind its last byte. */
static int end_file(struct unpack *u, struct err **e)
{
	if (!(u->parts & UNPACK_WHEEL) || u->is_text)
		return 0;
	const void *p;
	size_t n = 0;
	la_int64_t at;
	int r;
	do
		r = archive_read_data_block(u->tar, &p, &n, &at);
	while (r == ARCHIVE_OK && n == 0);
	if (r == ARCHIVE_OK)
		return err_set(e, ERR_CORRUPT, "%s: %s: is longer than its header says", u->name,
			       u->where);
	return r == ARCHIVE_EOF ? 0 : fail(u, u->tar, u->where, e);
}

int unpack_data(struct unpack *u, const void **p, size_t *n, struct err **e)
{
	static const char zeros[ZEROS];
	*n = 0;
	if (u->entry.kind != ENTRY_FILE)
		return 0;
	if (u->at == u->entry.size)
		return end_file(u, e);
	int code = interrupt_check(e);
	if (code == 0 && u->block_n == 0)
		code = next_block(u, e);
	if (code < 0)
		return code;
	if (u->at < u->block_at) {
		uint64_t hole = u->block_at - u->at;
		*p = zeros;
		*n = hole < ZEROS ? (size_t)hole : ZEROS;
	} else {
		*p = u->block;
		*n = u->block_n;
		u->block_n = 0;
	}
	u->at += *n;
	return 0;
}

int unpack_read(struct unpack *u, struct buf *out, struct err **e)
{
	const void *p;
	size_t n;
	do {
		int code = unpack_data(u, &p, &n, e);
		if (code < 0)
			return code;
		buf_add(out, p, n);
	} while (n && !out->failed);
	return buf_check(out, u->where, e);
}
