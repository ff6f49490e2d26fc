/* builder/ocilayout.c - images in a folder. */
#include "builder/ocilayout.h"
#include "specs/base/fs.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define REF_NAME "org.opencontainers.image.ref.name"
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

enum { INDEX_MAX = 4 << 20, SMALL_MAX = 16 << 20, STEP = 256 << 10 };

struct ocilayout {
	char *path;
};

struct ocilayout *ocilayout_new(struct str path)
{
	struct ocilayout *l = mem_zero(1, sizeof(*l));
	struct buf text = BUF(BUF_UNLIMITED);
	buf_add_str(&text, path);
	l->path = buf_take(&text);
	return l;
}

void ocilayout_free(struct ocilayout *l)
{
	if (l)
		free(l->path);
	free(l);
}

char *ocilayout_path(const struct ocilayout *l, const struct digest *d)
{
	struct buf path = BUF(BUF_UNLIMITED);
	buf_printf(&path, "%s/blobs/sha256/%s", l->path, digest_text(d).hex);
	return buf_take(&path);
}

/* ---- reading ---- */

static int index_read(const struct ocilayout *l, cJSON **out, struct err **e)
{
	AUTO(free) char *path = fs_join(l->path, "index.json");
	AUTO(buf_done) struct buf text = BUF(INDEX_MAX);
	AUTO(json_free) cJSON *doc = NULL;
	int code = fs_read(path, &text, e);
	if (code < 0)
		return code;
	if ((code = json_parse(buf_str(&text), path, &doc, e)) < 0)
		return code;
	if (!json_array(doc, "manifests"))
		return err_set(e, ERR_CORRUPT, "%s: there is no list of manifests", path);
	*out = STEAL(&doc);
	return 0;
}

static const char *entry_name(const cJSON *entry)
{
	const char *name = json_text(json_object(entry, "annotations"), REF_NAME);
	return name ? name : "";
}

static int entry_read(const cJSON *entry, struct arena *a, struct descriptor *out, struct err **e)
{
	int code = descriptor_read(entry, a, out, e);
	return code < 0 ? err_wrap(e, code, "index.json") : 0;
}

/* Whether the entry is what was asked for by digest or tag. */
static bool entry_fits(const cJSON *entry, const struct reference *r)
{
	struct digest d;
	const char *digest = json_text(entry, "digest");
	if (r->has_digest)
		return digest && digest_parse(str_of(digest), &d) && digest_eq(&d, &r->digest);
	return str_is(r->tag, entry_name(entry));
}

static const cJSON *entry_find(const cJSON *list, const struct reference *r)
{
	const cJSON *entry, *latest = NULL;
	bool any = !r->has_digest && !r->tag.n;
	if (any && cJSON_GetArraySize(list) == 1)
		return list->child;
	cJSON_ArrayForEach(entry, list)
	{
		if (any && strcmp(entry_name(entry), "latest") == 0)
			latest = entry;
		if (!any && entry_fits(entry, r))
			return entry;
	}
	return latest;
}

static int not_found(const struct ocilayout *l, const cJSON *list, const struct reference *r,
		     struct err **e)
{
	AUTO(buf_done) struct buf names = BUF(512);
	const cJSON *entry;
	cJSON_ArrayForEach(entry, list)
	{
		const char *name = entry_name(entry);
		if (*name && names.n + strlen(name) + 2 < names.max)
			buf_printf(&names, "%s%s", names.n ? ", " : "", name);
	}
	if (r->tag.n)
		return err_set(e, ERR_ABSENT, "%s has no image named %.*s; it has: %s", l->path,
			       STR_ARG(r->tag), names.n ? names.data : "none with a name");
	return err_set(e, ERR_ABSENT, "%s has %d images; name one: %s", l->path,
		       cJSON_GetArraySize(list), names.data);
}

/* A manifest below an index of the layout stands in no list: its blob is enough. */
static int find_blob(const struct ocilayout *l, const struct digest *d, struct descriptor *out,
		     struct err **e)
{
	struct stat st;
	AUTO(free) char *path = ocilayout_path(l, d);
	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	*out = (struct descriptor){.digest = *d, .size = (uint64_t)st.st_size};
	return 0;
}

int ocilayout_find(const struct ocilayout *l, const struct reference *r, struct arena *a,
		   struct descriptor *out, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int code = index_read(l, &doc, e);
	if (code < 0)
		return code;
	const cJSON *list = json_array(doc, "manifests");
	const cJSON *entry = entry_find(list, r);
	if (entry)
		return entry_read(entry, a, out, e);
	return r->has_digest ? find_blob(l, &r->digest, out, e) : not_found(l, list, r, e);
}

int ocilayout_get(const struct ocilayout *l, const struct digest *d, struct buf *out,
		  struct err **e)
{
	struct digest is;
	AUTO(free) char *path = ocilayout_path(l, d);
	AUTO(buf_done) struct buf bytes = BUF(SMALL_MAX);
	int code = fs_read(path, &bytes, e);
	if (code < 0)
		return code;
	digest_of(bytes.data, bytes.n, &is);
	if (!digest_eq(&is, d))
		return err_set(e, ERR_DIGEST, "%s does not hold what its name says", path);
	buf_add_str(out, buf_str(&bytes));
	return buf_check(out, path, e);
}

int ocilayout_read(const struct ocilayout *l, const struct digest *d, uint64_t at,
		   int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		   struct err **e)
{
	AUTO(free) char *path = ocilayout_path(l, d);
	AUTO(free) char *step = mem_alloc(STEP);
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	for (;;) {
		ssize_t got = pread(fd, step, STEP, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, "%s", path);
		if (got == 0)
			return 0;
		int code = write(to, step, (size_t)got, e);
		if (code < 0)
			return code;
		at += (uint64_t)got;
	}
}

bool ocilayout_has(const struct ocilayout *l, const struct digest *d, uint64_t size)
{
	struct stat st;
	AUTO(free) char *path = ocilayout_path(l, d);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

/* ---- writing ---- */

static int make_folders(const struct ocilayout *l, struct err **e)
{
	AUTO(free) char *blobs = fs_join(l->path, "blobs/sha256");
	AUTO(free) char *mark = fs_join(l->path, "oci-layout");
	int code = fs_make_dirs(blobs, 0755, e);
	if (code < 0 || access(mark, F_OK) == 0)
		return code;
	return fs_write(mark, STR("{\"imageLayoutVersion\":\"1.0.0\"}"), 0644, e);
}

struct incoming {
	int fd;
	struct hasher *hasher;
	uint64_t size, max;
};

static int take(void *to, const void *p, size_t n, struct err **e)
{
	struct incoming *in = to;
	if (n > in->max - in->size)
		return err_set(e, ERR_DIGEST, "more bytes than the %llu it should have",
			       (unsigned long long)in->max);
	in->size += n;
	hasher_add(in->hasher, p, n);
	return fs_write_fd(in->fd, p, n, e);
}

int ocilayout_put(const struct ocilayout *l, const struct ocilayout_blob *b, struct err **e)
{
	struct digest is;
	AUTO(free) char *path = ocilayout_path(l, &b->digest);
	AUTO(fs_file_done) struct fs_file file = FS_FILE;
	AUTO(hasher_free) struct hasher *hasher = hasher_new();
	int code = make_folders(l, e);
	if (code < 0 || (code = fs_file_open(&file, path, 0644, e)) < 0)
		return code;
	struct incoming in = {file.fd, hasher, 0, b->size};
	if ((code = b->source(b->cookie, take, &in, e)) < 0)
		return code;
	hasher_end(hasher, &is);
	if (in.size != b->size || !digest_eq(&is, &b->digest))
		return err_set(e, ERR_DIGEST, "blob %s: other bytes came",
			       digest_name(&b->digest).text);
	return fs_file_commit(&file, e);
}

static void put_entry(struct json_out *j, const struct descriptor *d, struct str tag)
{
	json_open(j, NULL, '{');
	descriptor_put_members(j, d);
	if (tag.n) {
		json_open(j, "annotations", '{');
		json_put_str(j, REF_NAME, tag);
		json_close(j, '}');
	}
	json_close(j, '}');
}

/* An entry that makes room: of one of the tags, or this very image without a name. */
static bool is_replaced(const cJSON *entry, const struct descriptor *d, struct strs tags)
{
	struct digest old;
	const char *digest = json_text(entry, "digest");
	struct str name = str_of(entry_name(entry));
	for (size_t i = 0; i < tags.n; i++)
		if (str_eq(name, tags.v[i]))
			return true;
	return !name.n && digest && digest_parse(str_of(digest), &old) &&
	       digest_eq(&old, &d->digest);
}

static void index_write(const cJSON *old, const struct descriptor *d, struct strs tags,
			struct buf *out)
{
	struct json_out j = {out};
	const cJSON *member, *entry, *list = json_array(old, "manifests");
	json_open(&j, NULL, '{');
	if (!old) {
		json_put_u64(&j, "schemaVersion", 2);
		json_put_text(&j, "mediaType", INDEX_TYPE);
	}
	cJSON_ArrayForEach(member, old)
	{
		if (member != list)
			json_put_value(&j, member->string, member);
	}
	json_open(&j, "manifests", '[');
	cJSON_ArrayForEach(entry, list)
	{
		if (!is_replaced(entry, d, tags))
			json_put_value(&j, NULL, entry);
	}
	for (size_t i = 0; i < tags.n; i++)
		put_entry(&j, d, tags.v[i]);
	if (!tags.n)
		put_entry(&j, d, (struct str){0});
	json_close(&j, ']');
	json_close(&j, '}');
}

/* The folder itself is the lock's file: a layout holds nothing but what belongs to it. */
static int lock_folder(const struct ocilayout *l, int *out_fd, struct err **e)
{
	AUTO(fd_close) int fd = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = fd < 0 ? err_sys(e, "%s", l->path) : fs_lock(fd, l->path, e);
	if (code < 0)
		return code;
	*out_fd = fd;
	fd = -1;
	return 0;
}

int ocilayout_name(const struct ocilayout *l, const struct descriptor *d, struct strs tags,
		   struct err **e)
{
	AUTO(fd_close) int lock = -1;
	AUTO(json_free) cJSON *old = NULL;
	AUTO(buf_done) struct buf text = BUF(INDEX_MAX);
	AUTO(err_free) struct err *why = NULL;
	AUTO(free) char *path = fs_join(l->path, "index.json");
	int code = make_folders(l, e);
	if (code < 0 || (code = lock_folder(l, &lock, e)) < 0)
		return code;
	code = index_read(l, &old, &why);
	if (code < 0 && code != ERR_ABSENT) {
		if (e)
			*e = STEAL(&why);
		return code;
	}
	index_write(old, d, tags, &text);
	if ((code = buf_check(&text, path, e)) < 0)
		return code;
	return fs_write(path, buf_str(&text), 0644, e);
}
