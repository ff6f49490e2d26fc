/* builder/libc_find.c - the libc of a stack of layers, the top one first. */
#include "builder/libc.h"
#include "builder/pump.h"
#include "specs/base/interrupt.h"
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>

enum {
	PATH_ROOM = 512,
	CHUNK = 64 << 10,
	HOPS_MAX = 8, /* links from one name of the libc to the next */
};
#define LIBC_FILE_MAX ((uint64_t)64 << 20) /* a libc has 2 MB, with symbols 20 */

/* Where a machine's programs look for it, with and without "usr/". A lib that holds another
 * machine's is passed over: its ELF header says so. */
static const struct machine {
	const char *arch;
	unsigned elf;
	const char *libc[3], *musl;
} machines[] = {
	{"amd64",
	 62,
	 {"lib/x86_64-linux-gnu/libc.so.6", "lib64/libc.so.6", "lib/libc.so.6"},
	 "lib/ld-musl-x86_64.so.1"},
	{"arm64",
	 183,
	 {"lib/aarch64-linux-gnu/libc.so.6", "lib64/libc.so.6", "lib/libc.so.6"},
	 "lib/ld-musl-aarch64.so.1"},
	{"ppc64le",
	 21,
	 {"lib/powerpc64le-linux-gnu/libc.so.6", "lib64/libc.so.6", "lib/libc.so.6"},
	 "lib/ld-musl-powerpc64le.so.1"},
};

enum { PLACES = 8 };
struct place {
	char path[PATH_ROOM]; /* relative, without "." and ".." */
	bool musl;	      /* what it says when it is there */
	bool hidden;	      /* by a layer above: lower ones do not count */
	bool hides;	      /* the layer that is being read does that */
	char link[PATH_ROOM]; /* where a link there leads; empty: none */
};

struct find {
	const struct libc_source *from;
	const struct machine *machine;
	struct place places[PLACES];
	struct libc found;
	struct log_task *task; /* of the layer that is being read */
};

/* One layer as it comes. */
struct layer_in {
	struct pump *pump;
	struct find *find;
	size_t i;
	struct hasher *hasher;
	uint64_t size;
	struct err *failed; /* raised below libarchive */
	bool broken;	    /* it was: nothing more comes */
	char chunk[CHUNK];
};

/* ---- paths ---- */

/* Without "." and ".." and doubled slashes, relative to the root; false when it does not fit. */
static bool path_clean(const char *folder, const char *path, char out[PATH_ROOM])
{
	AUTO(buf_done) struct buf text = BUF(2 * PATH_ROOM);
	buf_printf(&text, "%s/%s", path[0] == '/' ? "" : folder, path);
	struct str rest = buf_str(&text), part;
	size_t n = 0;
	if (text.failed)
		return false;
	while (rest.n) {
		str_cut(&rest, '/', &part);
		if (part.n == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			while (n > 0 && out[--n] != '/')
				;
			continue;
		}
		if (n + part.n + 2 > PATH_ROOM)
			return false;
		if (n)
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
	}
	out[n] = 0;
	return n > 0;
}

static struct str folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return (struct str){path, slash ? (size_t)(slash - path) : 0};
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool is_below(const char *path, struct str folder)
{
	return folder.n == 0 || (strncmp(path, folder.p, folder.n) == 0 && path[folder.n] == '/');
}

/* ---- what an entry does to the places ---- */

/* "a/.wh.b" takes away a/b, "a/.wh..wh..opq" all below a; in lower layers, both. */
static bool take_whiteout(struct find *f, const char *path)
{
	const char *name = name_of(path);
	struct str folder = folder_of(path);
	if (strncmp(name, ".wh.", 4) != 0)
		return false;
	bool opaque = strcmp(name, ".wh..wh..opq") == 0;
	for (size_t i = 0; i < PLACES; i++) {
		struct place *p = &f->places[i];
		struct str rest = str_from(str_of(p->path), folder.n + (folder.n > 0)), part;
		if (!is_below(p->path, folder))
			continue;
		str_cut(&rest, '/', &part);
		p->hides = p->hides || opaque || str_is(part, name + 4);
	}
	return true;
}

/* What is no folder stands in the way of all that lower layers have below it. */
static void take_obstacle(struct find *f, const char *path)
{
	for (size_t i = 0; i < PLACES; i++)
		if (is_below(f->places[i].path, str_of(path)))
			f->places[i].hides = true;
}

static void take_link(struct find *f, struct place *p, const char *target, bool hard)
{
	char to[PATH_ROOM], folder[PATH_ROOM];
	struct str above = folder_of(p->path);
	snprintf(folder, sizeof(folder), "%.*s", STR_ARG(above));
	if (!path_clean(hard ? "" : folder, target, to))
		return;
	struct libc named = {.kind = LIBC_GLIBC};
	if (libc_name_version(str_of(name_of(to)), named.version))
		f->found = named;
	else if (strcmp(to, p->path) != 0)
		memcpy(p->link, to, sizeof(to));
}

static int tar_failed(struct layer_in *in, struct archive *tar, struct err **e)
{
	if (in->failed) {
		int code = in->failed->code;
		in->broken = true;
		if (e)
			*e = STEAL(&in->failed);
		return code;
	}
	const char *why = archive_error_string(tar);
	return err_set(e, ERR_CORRUPT, "%s", why ? why : "not a tar");
}

static int scan_file(struct find *f, struct layer_in *in, struct archive *tar, struct err **e)
{
	struct libc_scan scan = {.machine = f->machine->elf};
	AUTO(free) char *piece = mem_alloc(CHUNK);
	while (scan.seen < LIBC_FILE_MAX) {
		la_ssize_t n = archive_read_data(tar, piece, CHUNK);
		if (n < 0)
			return tar_failed(in, tar, e);
		if (n == 0 || libc_scan_add(&scan, piece, (size_t)n))
			break;
	}
	if (!scan.version[0])
		return 0;
	f->found.kind = LIBC_GLIBC;
	memcpy(f->found.version, scan.version, sizeof(scan.version));
	return 0;
}

/* The entry stands at the place. */
static int take_place(struct find *f, struct place *p, struct layer_in *in, struct archive *tar,
		      struct archive_entry *entry, struct err **e)
{
	const char *hard = archive_entry_hardlink(entry);
	const char *soft = archive_entry_symlink(entry);
	p->hides = true;
	if (p->musl)
		f->found.kind = LIBC_MUSL;
	else if (hard || soft)
		take_link(f, p, hard ? hard : soft, hard != NULL);
	else if (archive_entry_filetype(entry) == AE_IFREG)
		return scan_file(f, in, tar, e);
	return 0;
}

static int take_entry(struct find *f, struct layer_in *in, struct archive *tar,
		      struct archive_entry *entry, struct err **e)
{
	char path[PATH_ROOM];
	const char *name = archive_entry_pathname(entry);
	/* A name that is not this locale's is none of ours, and too long a one neither. */
	if (!name || !path_clean("", name, path) || take_whiteout(f, path))
		return 0;
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	take_obstacle(f, path);
	for (size_t i = 0; i < PLACES; i++) {
		struct place *p = &f->places[i];
		if (!p->hidden && strcmp(p->path, path) == 0)
			return take_place(f, p, in, tar, entry, e);
	}
	return 0;
}

/* ---- one layer ---- */

static int layer_source(void *cookie,
			int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
			struct err **e)
{
	struct layer_in *in = cookie;
	const struct libc_source *from = in->find->from;
	return from->read(from->cookie, in->i, write, to, e);
}

static int read_chunk(struct layer_in *in, size_t *got, struct err **e)
{
	int code = pump_read(in->pump, in->chunk, CHUNK, got, e);
	if (code < 0)
		return code;
	in->size += *got;
	if (in->size > in->find->from->layers[in->i].size)
		return err_set(e, ERR_DIGEST, "more bytes came than it has");
	hasher_add(in->hasher, in->chunk, *got);
	log_advance(in->find->from->log, in->find->task, *got);
	return 0;
}

static la_ssize_t tar_bytes(struct archive *tar, void *cookie, const void **out)
{
	struct layer_in *in = cookie;
	size_t got = 0;
	if (in->failed || read_chunk(in, &got, &in->failed) < 0) {
		archive_set_error(tar, -1, "reading failed");
		return -1;
	}
	*out = in->chunk;
	return (la_ssize_t)got;
}

static int read_entries(struct find *f, struct layer_in *in, struct archive *tar, struct err **e)
{
	struct archive_entry *entry;
	archive_read_support_filter_gzip(tar);
	archive_read_support_filter_zstd(tar);
	archive_read_support_format_tar(tar);
	archive_read_support_format_empty(tar);
	if (archive_read_open(tar, in, NULL, tar_bytes, NULL) != ARCHIVE_OK)
		return tar_failed(in, tar, e);
	while (f->found.kind != LIBC_GLIBC) {
		int r = archive_read_next_header(tar, &entry);
		if (r == ARCHIVE_EOF)
			break;
		if (r < ARCHIVE_WARN)
			return tar_failed(in, tar, e);
		int code = take_entry(f, in, tar, entry, e);
		if (code < 0)
			return code;
	}
	return in->failed ? tar_failed(in, tar, e) : 0;
}

/* What is left of the layer is read for its digest alone. */
static int read_rest(struct layer_in *in, struct err **e)
{
	const struct libc_layer *layer = &in->find->from->layers[in->i];
	struct digest is;
	size_t got;
	do {
		int code = read_chunk(in, &got, e);
		if (code < 0)
			return code;
	} while (got > 0);
	hasher_end(in->hasher, &is);
	if (in->size == layer->size && digest_eq(&is, &layer->digest))
		return 0;
	return err_set(e, ERR_DIGEST, "%s came, of %llu bytes", digest_name(&is).text,
		       (unsigned long long)in->size);
}

/* A layer whose bytes are wrong is that before it is a tar that does not read. */
static int read_layer(struct find *f, size_t i, struct err **e)
{
	AUTO(free) struct layer_in *in = mem_zero(1, sizeof(*in));
	AUTO(hasher_free) struct hasher *hasher = hasher_new();
	AUTO(pump_free) struct pump *pump = pump_new(layer_source, in);
	AUTO(err_free) struct err *why = NULL;
	struct archive *tar = archive_read_new();
	if (!tar)
		abort(); /* out of memory, nothing else */
	in->pump = pump;
	in->find = f;
	in->i = i;
	in->hasher = hasher;
	int code = read_entries(f, in, tar, &why);
	archive_read_free(tar);
	if (code == 0 || (code == ERR_CORRUPT && !in->broken)) {
		int rest = read_rest(in, e);
		if (rest < 0)
			return rest;
	}
	if (code < 0 && e)
		*e = STEAL(&why);
	return code;
}

/* Follows what was a link: once more through the same layer, now for its target. */
static bool follow_links(struct find *f)
{
	bool any = false;
	for (size_t i = 0; i < PLACES; i++) {
		struct place *p = &f->places[i];
		if (!p->link[0])
			continue;
		memcpy(p->path, p->link, sizeof(p->path));
		p->link[0] = 0;
		p->hides = false;
		any = true;
	}
	return any;
}

static int search_layer(struct find *f, size_t i, unsigned *hops, struct err **e)
{
	const struct libc_layer *layer = &f->from->layers[i];
	struct log *log = f->from->log;
	bool again;
	int code;
	f->task = log_begin(log, "reading", STR("base layer"), layer->size);
	do {
		code = read_layer(f, i, e);
		again = code == 0 && f->found.kind != LIBC_GLIBC && follow_links(f) &&
			++*hops < HOPS_MAX;
	} while (again);
	for (size_t k = 0; k < PLACES; k++) {
		f->places[k].hidden |= f->places[k].hides;
		f->places[k].hides = false;
	}
	log_end(log, f->task, code >= 0);
	return code < 0 ? err_wrap(e, code, "layer %s", digest_name(&layer->digest).text) : 0;
}

/* ---- all layers ---- */

static void set_places(struct find *f)
{
	const struct machine *m = f->machine;
	for (size_t i = 0; i < PLACES; i++) {
		struct place *p = &f->places[i];
		p->musl = i / 2 == COUNT(m->libc);
		snprintf(p->path, sizeof(p->path), "%s%s", i % 2 ? "usr/" : "",
			 p->musl ? m->musl : m->libc[i / 2]);
	}
}

int libc_find(const struct libc_source *from, const char *arch, struct libc *out, struct err **e)
{
	struct find f = {.from = from};
	unsigned hops = 0;
	for (size_t i = 0; i < COUNT(machines); i++)
		if (strcmp(machines[i].arch, arch) == 0)
			f.machine = &machines[i];
	if (!f.machine)
		return err_set(e, ERR_USAGE, "the libc of %s is not known", arch);
	set_places(&f);
	for (size_t i = from->count; i-- > 0 && f.found.kind != LIBC_GLIBC;) {
		int code = interrupt_check(e);
		if (code < 0 || (code = search_layer(&f, i, &hops, e)) < 0)
			return code;
	}
	*out = f.found;
	return 0;
}

void libc_write(const struct libc *l, struct buf *out)
{
	static const char *const names[] = {
		[LIBC_NONE] = "none", [LIBC_GLIBC] = "glibc ", [LIBC_MUSL] = "musl"};
	buf_printf(out, "%s%s", names[l->kind], l->version);
}

bool libc_read(struct str text, struct libc *out)
{
	AUTO(buf_done) struct buf version = BUF(LIBC_VERSION_MAX);
	AUTO(buf_done) struct buf again = BUF(2 * LIBC_VERSION_MAX);
	static const char glibc[] = "glibc ";
	struct libc l = {.kind = str_is(text, "musl") ? LIBC_MUSL : LIBC_NONE};
	if (str_starts(text, glibc)) {
		AUTO(buf_done) struct buf name = BUF(4 * LIBC_VERSION_MAX);
		buf_printf(&name, "libc-%.*s.so", STR_ARG(str_from(text, sizeof(glibc) - 1)));
		l.kind = LIBC_GLIBC;
		if (!libc_name_version(buf_str(&name), l.version))
			return false;
	}
	libc_write(&l, &again);
	if (!str_eq(buf_str(&again), text))
		return false;
	*out = l;
	return true;
}
