/* cache/package.c - package archives: fetched in parallel, verified, kept by their SHA-256. */
#include "cache/package.h"
#include "cache/address.h"
#include "cache/layout.h"
#include "cache/mirror.h"
#include "specs/base/fs.h"
#include "specs/base/workers.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { DOWNLOADS = 8 }; /* they wait for the network, not for a processor */
#define ARCHIVE_MAX ((uint64_t)64 << 30)

struct fetch {
	struct http *http;
	const struct record *records;
	const struct package_options *o;
	struct package_file *out;
	char *folder, *locks;
	size_t *missing; /* places in records, biggest first */
	size_t missing_count;
};

/* ---- names ---- */

static const char *extension(const struct record *r)
{
	static const char *const known[] = {".conda", ".tar.bz2", ".whl"};
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_ends(r->fn, known[i]))
			return known[i];
	return ".archive";
}

static char *archive_path(const struct fetch *f, const struct record *r, const struct digest *d)
{
	struct buf path = BUF(BUF_UNLIMITED);
	buf_printf(&path, "%s/%s%s", f->folder, digest_text(d).hex, extension(r));
	return buf_take(&path);
}

/* What is known by its MD5 only is found through a link of that name to the archive. */
static char *md5_path(const struct fetch *f, const struct record *r)
{
	char hex[MD5_HEX + 1];
	struct buf path = BUF(BUF_UNLIMITED);
	hex_write(r->md5, MD5_SIZE, hex);
	buf_printf(&path, "%s/md5-%s%s", f->folder, hex, extension(r));
	return buf_take(&path);
}

/* The SHA-256 the archive must or, by an earlier fetch, does have. */
static bool known_digest(const struct fetch *f, const struct record *r, struct digest *out)
{
	if (r->has_sha256)
		*out = r->sha256;
	if (r->has_sha256 || !r->has_md5)
		return r->has_sha256;
	AUTO(free) char *path = md5_path(f, r);
	char to[256];
	ssize_t n = readlink(path, to, sizeof(to));
	return n > DIGEST_HEX && digest_parse((struct str){to, DIGEST_HEX}, out);
}

/* An archive got its name when its bytes were right: name and size are trusted here; who is to read
 * it asks package_check. */
static bool in_cache(const struct fetch *f, const struct record *r, struct package_file *out)
{
	struct digest d;
	struct stat st;
	if (!known_digest(f, r, &d))
		return false;
	AUTO(free) char *path = archive_path(f, r, &d);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return false;
	if (r->size && (uint64_t)st.st_size != r->size)
		return false;
	out->sha256 = d;
	out->size = (uint64_t)st.st_size;
	out->path = STEAL(&path);
	return true;
}

/* A folder and a git repository have no archive. */
static bool has_archive(const struct record *r)
{
	return !r->source || r->source->kind == SOURCE_ARCHIVE;
}

/* ---- one archive ---- */

struct download {
	const struct record *r;
	const char *url; /* where it is asked for */
	bool others;	 /* other places can be asked */
	struct fs_file file;
	struct hasher *sha256, *md5; /* md5: NULL when not needed */
	uint64_t size;
};

static void download_done(struct download *d)
{
	fs_file_done(&d->file);
	hasher_free(d->sha256);
	hasher_free(d->md5);
}
AUTO_DEFINE_VALUE(struct download, download_done)

static int download_write(void *cookie, const void *p, size_t n, struct err **e)
{
	struct download *d = cookie;
	hasher_add(d->sha256, p, n);
	if (d->md5)
		hasher_add(d->md5, p, n);
	d->size += n;
	int code = fs_write_fd(d->file.fd, p, n, e);
	return code < 0 ? err_wrap(e, code, "%s", d->file.path) : 0;
}

static int download_restart(void *cookie, struct err **e)
{
	struct download *d = cookie;
	hasher_reset(d->sha256);
	if (d->md5)
		hasher_reset(d->md5);
	d->size = 0;
	if (ftruncate(d->file.fd, 0) < 0 || lseek(d->file.fd, 0, SEEK_SET) < 0)
		return err_sys(e, "%s", d->file.path);
	return 0;
}

static int get(struct fetch *f, struct download *d, struct err **e)
{
	const struct record *r = d->r;
	AUTO(http_answer_done) struct http_answer answer = HTTP_ANSWER;
	struct http_request request = {
		.method = "GET",
		.url = d->url,
		.netrc = true,
		.brief = d->others,
		.max = r->size ? r->size : ARCHIVE_MAX,
		.write = download_write,
		.restart = download_restart,
		.cookie = d,
		.task = r->fn,
		.size = r->size,
	};
	int code = http_send(f->http, &request, &answer, e);
	if (code < 0)
		return code;
	return answer.status == 200 ? 0 : http_error(&request, &answer, e);
}

static int wrong(const struct download *d, const char *kind, const char *expected,
		 const char *found, struct err **e)
{
	AUTO(buf_done) struct buf shown = BUF(64 << 10);
	address_show(&shown, str_of(d->url));
	return err_set(e, ERR_DIGEST, "%.*s: %s is %s, expected %s (from %s)", STR_ARG(d->r->fn),
		       kind, found, expected, shown.data);
}

static int too_long(const struct download *d, struct err **e)
{
	AUTO(buf_done) struct buf shown = BUF(64 << 10);
	address_show(&shown, str_of(d->url));
	err_clear(e);
	return err_set(e, ERR_DIGEST, "%.*s: more than the expected %llu bytes (from %s)",
		       STR_ARG(d->r->fn), (unsigned long long)d->r->size, shown.data);
}

static int check(struct download *d, struct digest *out, struct err **e)
{
	const struct record *r = d->r;
	uint8_t md5[MD5_SIZE];
	char expected[MD5_HEX + 1], found[MD5_HEX + 1];
	hasher_end(d->sha256, out);
	if (r->has_sha256 && !digest_eq(out, &r->sha256))
		return wrong(d, "SHA-256", digest_text(&r->sha256).hex, digest_text(out).hex, e);
	if (d->md5) {
		hasher_end_md5(d->md5, md5);
		hex_write(r->md5, MD5_SIZE, expected);
		hex_write(md5, MD5_SIZE, found);
		if (strcmp(expected, found) != 0)
			return wrong(d, "MD5", expected, found, e);
	}
	if (r->size && d->size != r->size) {
		snprintf(expected, sizeof(expected), "%llu", (unsigned long long)r->size);
		snprintf(found, sizeof(found), "%llu", (unsigned long long)d->size);
		return wrong(d, "size", expected, found, e);
	}
	return 0;
}

/* The archive's lock is held, so one name for the unfinished file is enough, and what a
 * killed process left under it is overwritten. */
static int open_aside(struct fetch *f, struct download *d, struct err **e)
{
	AUTO(buf_done) struct buf aside = BUF(BUF_UNLIMITED);
	AUTO(free) char *name = NULL;
	if (d->r->has_sha256)
		name = archive_path(f, d->r, &d->r->sha256);
	else if (d->r->has_md5)
		name = md5_path(f, d->r);
	if (!name) {
		AUTO(free) char *unknown = fs_join(f->folder, "unknown");
		return fs_file_open(&d->file, unknown, 0600, e);
	}
	buf_printf(&aside, "%s.part", name);
	d->file.path = STEAL(&name);
	d->file.aside = buf_take(&aside);
	d->file.fd = open(d->file.aside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return d->file.fd < 0 ? err_sys(e, "%s", d->file.aside) : 0;
}

static int keep(struct fetch *f, struct download *d, struct package_file *out, struct err **e)
{
	free(d->file.path);
	d->file.path = archive_path(f, d->r, &out->sha256);
	AUTO(free) char *path = mem_text(d->file.path);
	int code = fs_file_commit(&d->file, e);
	if (code < 0)
		return code;
	if (!d->r->has_sha256 && d->r->has_md5) {
		AUTO(free) char *link = md5_path(f, d->r);
		unlink(link); /* a link that cannot be made costs a second fetch, no more */
		if (symlink(strrchr(path, '/') + 1, link) < 0 && errno != EEXIST)
			log_info(f->o->log, "%s: not linked", link);
	}
	out->path = STEAL(&path);
	out->size = d->size;
	out->verified = true;
	return 0;
}

/* One archive, and where it is to stand in the result. */
struct wanted {
	struct fetch *f;
	const struct record *r;
	struct package_file *out;
};

static int download(const struct wanted *w, const char *url, bool others, struct err **e)
{
	const struct record *r = w->r;
	AUTO(download_done)
	struct download d = {.r = r, .url = url, .others = others, .file = FS_FILE};
	d.sha256 = hasher_new();
	d.md5 = !r->has_sha256 && r->has_md5 ? hasher_new_md5() : NULL;
	int code = open_aside(w->f, &d, e);
	if (code == 0 && (code = get(w->f, &d, e)) == ERR_LIMIT && r->size)
		return too_long(&d, e);
	if (code < 0 || (code = check(&d, &w->out->sha256, e)) < 0)
		return code;
	return keep(w->f, &d, w->out, e);
}

/* A server may have answered from a bad copy: where there is no other, one more try from zero. */
static int download_from(void *cookie, const char *url, bool others, struct err **e)
{
	const struct wanted *w = cookie;
	int code = download(w, url, others, e);
	if (code != ERR_DIGEST || others)
		return code;
	log_info(w->f->o->log, "%.*s is not what its channel says; fetching it again",
		 STR_ARG(w->r->fn));
	err_clear(e);
	return download(w, url, others, e);
}

/* Whoever holds the lock fetches; the others wait for the result. */
static int lock_archive(struct fetch *f, const struct record *r, int *out_fd, struct err **e)
{
	char md5[MD5_HEX + 1];
	hex_write(r->md5, MD5_SIZE, md5);
	if (!r->has_sha256 && !r->has_md5)
		return 0;
	return layout_lock(f->locks, r->has_sha256 ? digest_text(&r->sha256).hex : md5, out_fd, e);
}

static int fetch_from_any(const struct wanted *w, struct err **e)
{
	const struct record *r = w->r;
	int code = mirrors_ask(w->f->http, r->url, download_from, (void *)w, e);
	return code < 0 ? err_wrap(e, http_needed(r->url, code), "fetch %.*s", STR_ARG(r->fn)) : 0;
}

static int fetch_one(void *cookie, size_t i, struct err **e)
{
	struct fetch *f = cookie;
	size_t at = f->missing[i];
	const struct record *r = &f->records[at];
	AUTO(fd_close) int lock = -1;
	int code = lock_archive(f, r, &lock, e);
	if (code < 0 || in_cache(f, r, &f->out[at]))
		return code;
	return fetch_from_any(&(struct wanted){f, r, &f->out[at]}, e);
}

/* ---- all of them ---- */

static int bigger_first(const void *a, const void *b, void *cookie)
{
	const struct record *records = cookie;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	if (records[i].size != records[j].size)
		return records[i].size < records[j].size ? 1 : -1;
	return i < j ? -1 : i > j;
}

static int say_missing(const struct fetch *f, struct err **e)
{
	AUTO(missing_done) struct missing own = {0};
	struct missing *all = f->o->missing ? f->o->missing : &own;
	for (size_t i = 0; i < f->missing_count; i++) {
		const struct record *r = &f->records[f->missing[i]];
		missing_add(all, "package %.*s of %.*s/%.*s", STR_ARG(r->fn), STR_ARG(r->channel),
			    STR_ARG(r->subdir));
	}
	return missing_error(all, e);
}

static int fetch_missing(struct fetch *f, struct err **e)
{
	const struct package_options *o = f->o;
	if (!f->missing_count)
		return 0;
	if (o->offline)
		return say_missing(f, e);
	qsort_r(f->missing, f->missing_count, sizeof(*f->missing), bigger_first,
		(void *)f->records);
	unsigned jobs = o->jobs > DOWNLOADS ? o->jobs : DOWNLOADS;
	return workers_run(jobs, f->missing_count, fetch_one, f, e);
}

int packages_fetch(struct http *h, const struct record *records, size_t count,
		   const struct package_options *o, struct package_file *out, struct err **e)
{
	AUTO(free) char *folder = NULL;
	AUTO(free) char *locks = NULL;
	AUTO(free) size_t *missing = mem_zero(count, sizeof(*missing));
	int code = layout_folder(o->cache, LAYOUT_PACKAGES, &folder, e);
	if (code < 0 || (code = layout_folder(o->cache, LAYOUT_LOCKS, &locks, e)) < 0)
		return code;
	struct fetch f = {h, records, o, out, folder, locks, missing, 0};
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct package_file){0};
		if (has_archive(&records[i]) && !in_cache(&f, &records[i], &out[i]))
			missing[f.missing_count++] = i;
	}
	code = fetch_missing(&f, e);
	if (code < 0)
		package_files_done(out, count);
	return code;
}

int packages_find(const struct record *records, size_t count, const char *cache,
		  struct package_file *out, size_t *missing, struct err **e)
{
	AUTO(free) char *folder = NULL;
	int code = layout_folder(cache, LAYOUT_PACKAGES, &folder, e);
	if (code < 0)
		return code;
	struct fetch f = {.records = records, .folder = folder};
	*missing = 0;
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct package_file){0};
		*missing += has_archive(&records[i]) && !in_cache(&f, &records[i], &out[i]);
	}
	return 0;
}

/* ---- what was kept ---- */

/* Not sound either when it is gone: another process has found it damaged. */
static int look_at(const struct package_file *file, bool *out_sound, struct err **e)
{
	struct digest is;
	AUTO(fd_close) int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return err_sys(e, "%s", file->path);
	int code = fd < 0 ? 0 : digest_of_fd(fd, &is, NULL, e);
	if (code < 0)
		return err_wrap(e, code, "%s", file->path);
	*out_sound = fd >= 0 && digest_eq(&is, &file->sha256);
	return 0;
}

/* A wheel that was built here is no archive that its record leads to. */
static bool can_fetch(const struct fetch *f, const struct record *r,
		      const struct package_file *file)
{
	return f->http && !f->o->offline &&
	       (!r->has_sha256 || digest_eq(&r->sha256, &file->sha256));
}

static int replace(struct fetch *f, const struct record *r, const struct package_file *file,
		   struct err **e)
{
	AUTO(fd_close) int lock = -1;
	struct package_file again = {0};
	bool sound;
	int code = lock_archive(f, r, &lock, e);
	if (code == 0)
		code = look_at(file, &sound, e);
	if (code < 0 || sound)
		return code;
	unlink(file->path);
	if (!can_fetch(f, r, file))
		return err_set(e, ERR_DIGEST,
			       "%s was damaged on the disk and is removed; the next run, online, "
			       "gets it again",
			       file->path);
	log_info(f->o->log, "%.*s was damaged on the disk; fetching it again", STR_ARG(r->fn));
	code = fetch_from_any(&(struct wanted){f, r, &again}, e);
	package_files_done(&again, 1);
	return code;
}

int package_check(struct http *h, const struct record *r, const struct package_options *o,
		  const struct package_file *file, struct err **e)
{
	AUTO(free) char *folder = NULL;
	AUTO(free) char *locks = NULL;
	bool sound = file->verified;
	int code = sound ? 0 : look_at(file, &sound, e);
	if (code < 0 || sound)
		return code;
	if ((code = layout_folder(o->cache, LAYOUT_PACKAGES, &folder, e)) < 0 ||
	    (code = layout_folder(o->cache, LAYOUT_LOCKS, &locks, e)) < 0)
		return code;
	struct fetch f = {.http = h, .o = o, .folder = folder, .locks = locks};
	return replace(&f, r, file, e);
}

/* ---- sizes ---- */

struct sizes {
	struct http *http;
	struct record *records;
};

struct size {
	struct http *http;
	struct record *record;
};

static int ask_size_at(void *cookie, const char *url, bool others, struct err **e)
{
	const struct size *s = cookie;
	AUTO(http_answer_done) struct http_answer answer = HTTP_ANSWER;
	struct http_request request = {
		.method = "HEAD", .url = url, .netrc = true, .brief = others};
	int code = http_send(s->http, &request, &answer, e);
	if (code < 0 || answer.status != 200)
		return code < 0 ? code : http_error(&request, &answer, e);
	str_u64(http_header(&answer, "content-length"), &s->record->size);
	return 0;
}

static int ask_size(void *cookie, size_t i, struct err **e)
{
	struct sizes *all = cookie;
	struct size s = {all->http, &all->records[i]};
	int code = s.record->size || !has_archive(s.record)
			   ? 0
			   : mirrors_ask(s.http, s.record->url, ask_size_at, &s, e);
	if (code < 0 && code != ERR_INTERRUPTED)
		err_clear(e);
	return code == ERR_INTERRUPTED ? code : 0;
}

int packages_ask_sizes(struct http *h, struct record *records, size_t count,
		       const struct package_options *o, struct err **e)
{
	struct sizes s = {h, records};
	return o->offline ? 0 : workers_run(DOWNLOADS, count, ask_size, &s, e);
}

void package_files_done(struct package_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(STEAL(&files[i].path));
}
