/* builder/segment.c - one package packed on its own, kept by identity. */
#include "builder/segment.h"
#include "builder/tar.h"
#include "specs/base/fs.h"
#include "specs/base/vec.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

/* Part of every identity: raise it when the same entries would be written otherwise. */
#define FORMAT "kiln segment 1"

static const char mark[] = "kilnseg2";
enum { MARK = sizeof(mark) - 1, FOOTER = 16 + MARK, ABOUT_MAX = 64 << 20 };

static char *path_of(const struct layer_options *o, const struct digest *id)
{
	struct buf path = BUF(BUF_UNLIMITED);
	buf_printf(&path, "%s/segments/%s", o->cache, digest_text(id).hex);
	return buf_take(&path);
}

void segment_id(const struct layer_options *o, const struct digest *content, struct digest *out)
{
	struct str how = compression_identity(o->compression), tar = tar_identity();
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	buf_printf(&text, "%s\n%s\n%s\n%.*s\n%.*s\n", FORMAT, digest_text(content).hex, o->prefix,
		   STR_ARG(how), STR_ARG(tar));
	digest_of(text.data, text.n, out);
}

void segment_file_done(struct segment_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	buf_done(&f->about);
	*f = (struct segment_file)SEGMENT_FILE;
}

static bool read_at(int fd, void *p, size_t n, off_t at)
{
	char *to = p;
	while (n > 0) {
		ssize_t got = pread(fd, to, n, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static bool word(struct str *line, struct str *out)
{
	str_cut(line, ' ', out);
	return out->n > 0;
}

/* "id check size tar_size check\n", then the directories, which the second check is of. */
static bool about_parse(struct str about, const struct digest *id, struct segment_file *f)
{
	struct str line, w[5];
	if (!str_cut(&about, '\n', &line))
		return false;
	for (size_t i = 0; i < COUNT(w); i++)
		if (!word(&line, &w[i]))
			return false;
	uint64_t check;
	struct segment *s = &f->segment;
	if (!digest_parse(w[0], &s->id) || !digest_eq(&s->id, id) || !str_u64(w[1], &s->check) ||
	    !str_u64(w[2], &s->size) || !str_u64(w[3], &s->tar_size) || !str_u64(w[4], &check))
		return false;
	f->dirs = about;
	return crc64(0, about.p, about.n) == check;
}

static bool file_read(struct segment_file *f, const struct digest *id)
{
	struct stat st;
	char footer[FOOTER + 1];
	uint64_t length = 0;
	if (fstat(f->fd, &st) < 0 || st.st_size < FOOTER ||
	    !read_at(f->fd, footer, FOOTER, st.st_size - FOOTER) ||
	    memcmp(footer + 16, mark, MARK) != 0 || !str_u64((struct str){footer, 16}, &length) ||
	    length > (uint64_t)st.st_size - FOOTER)
		return false;
	char *room = length <= ABOUT_MAX ? buf_room(&f->about, (size_t)length) : NULL;
	if (!room || !read_at(f->fd, room, (size_t)length, st.st_size - FOOTER - (off_t)length))
		return false;
	buf_fill(&f->about, (size_t)length);
	return about_parse(buf_str(&f->about), id, f) &&
	       f->segment.size + length + FOOTER == (uint64_t)st.st_size;
}

int segment_file_open(const struct layer_options *o, const struct digest *id,
		      struct segment_file *out, struct err **e)
{
	AUTO(free) char *path = path_of(o, id);
	AUTO(segment_file_done) struct segment_file f = SEGMENT_FILE;
	f.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f.fd < 0)
		return err_sys(e, "%s", path);
	if (!file_read(&f, id))
		return err_set(e, ERR_DIGEST, "%s is not as it was written; remove it", path);
	*out = f;
	f = (struct segment_file)SEGMENT_FILE;
	return 0;
}

int segment_damaged(const struct layer_options *o, const struct digest *id, struct err **e)
{
	AUTO(free) char *path = path_of(o, id);
	unlink(path);
	return err_set(e, ERR_DIGEST, "%s was not as it was written; it is removed", path);
}

/* A damaged file counts as absent: it will be made again and renamed over. */
int segment_find(const struct layer_options *o, const struct digest *id, struct segment *out,
		 struct err **e)
{
	AUTO(segment_file_done) struct segment_file f = SEGMENT_FILE;
	AUTO(err_free) struct err *why = NULL;
	int r = segment_file_open(o, id, &f, &why);
	if (r == ERR_DIGEST || r == ERR_ABSENT)
		return err_set(e, ERR_ABSENT, "segment %s is not in the cache",
			       digest_text(id).hex);
	if (r < 0) {
		if (e)
			*e = STEAL(&why);
		return r;
	}
	*out = f.segment;
	return 0;
}

/* The sink that packs: entries to the tar, directories to a set. */
struct segment_sink {
	struct sink sink; /* first, so that a pointer to it is one to all */
	struct tar *tar;
	struct path_set entries, dirs;
	struct fs_file file;
	struct layer_hash *hash;
	uint64_t size, check;
};

static int sink_entry(struct sink *sink, const struct entry *entry, struct err **e)
{
	struct segment_sink *s = (struct segment_sink *)sink;
	struct str path = str_of(entry->path);
	path_set_add_parents(&s->dirs, path);
	/* An own directory may be a parent of other packages' files: the layer writes it. */
	if (entry->kind == ENTRY_DIR) {
		path_set_add(&s->dirs, path);
		return 0;
	}
	if (!path_set_add(&s->entries, path))
		return err_set(e, ERR_CORRUPT, "%s: the path stands twice in one package",
			       entry->path);
	return tar_entry(s->tar, entry, e);
}

static int sink_data(struct sink *sink, const void *p, size_t n, struct err **e)
{
	return tar_data(((struct segment_sink *)sink)->tar, p, n, e);
}

static int packed_write(void *cookie, const void *p, size_t n, struct err **e)
{
	struct segment_sink *s = cookie;
	s->check = crc64(s->check, p, n);
	s->size += n;
	if (s->hash) {
		hasher_add(s->hash->packed, p, n);
		s->hash->size += n;
	}
	return fs_write_fd(s->file.fd, p, n, e);
}

/* A path that is both a file and the directory of another cannot be unpacked. */
static int check_dirs(const struct segment_sink *s, struct err **e)
{
	for (size_t i = 0; i < s->dirs.room; i++)
		if (s->dirs.slots[i].p && path_set_has(&s->entries, s->dirs.slots[i]))
			return err_set(e, ERR_CORRUPT, "%s: both a file and a directory",
				       s->dirs.slots[i].p);
	return 0;
}

static int about_write(struct segment_sink *s, const struct segment *segment, struct err **e)
{
	AUTO(buf_done) struct buf about = BUF(ABOUT_MAX);
	AUTO(free) struct str *dirs = path_set_sorted(&s->dirs);
	uint64_t check = 0;
	for (size_t i = 0; i < s->dirs.n; i++)
		check = crc64(check, dirs[i].p, dirs[i].n + 1);
	buf_printf(&about, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		   digest_text(&segment->id).hex, segment->check, segment->size, segment->tar_size,
		   check);
	for (size_t i = 0; i < s->dirs.n; i++)
		buf_add(&about, dirs[i].p, dirs[i].n + 1);
	int r = buf_check(&about, "directories of a segment", e);
	if (r < 0)
		return r;
	size_t length = about.n;
	about.max += FOOTER;
	buf_printf(&about, "%016zu%s", length, mark);
	return fs_write_fd(s->file.fd, about.data, about.n, e);
}

static int open_aside(const struct layer_options *o, const struct digest *id, struct fs_file *out,
		      struct err **e)
{
	AUTO(free) char *folder = fs_join(o->cache, "segments");
	AUTO(free) char *path = path_of(o, id);
	int r = fs_make_dirs(folder, 0755, e);
	return r < 0 ? r : fs_file_open(out, path, 0644, e);
}

static void add_all(struct path_set *to, const struct path_set *from)
{
	for (size_t i = 0; to && i < from->room; i++)
		if (from->slots[i].p)
			path_set_add(to, from->slots[i]);
}

/* Packs everything that fill emits; out gets sizes and check. */
static int pack(struct segment_sink *s, const struct layer_options *o,
		const struct segment_source *from, struct segment *out, struct err **e)
{
	struct hasher *plain = s->hash ? s->hash->plain : NULL;
	AUTO(packer_free)
	struct packer *p = packer_new(o->compression, plain, (struct bytes_to){packed_write, s});
	AUTO(tar_free) struct tar *tar = tar_new(o->prefix, p);
	if (o->beside)
		packer_beside(p);
	s->tar = tar;
	int r = from->fill(from->cookie, &s->sink, e);
	if (r < 0 || (r = tar_finish(tar, e)) < 0 || (r = check_dirs(s, e)) < 0 ||
	    (r = packer_end(p, e)) < 0)
		return r;
	out->id = from->id;
	out->tar_size = packer_plain_size(p);
	out->size = s->size;
	out->check = s->check;
	return about_write(s, out, e);
}

int segment_make_from(const struct layer_options *o, const struct segment_source *from,
		      struct segment *out, struct err **e)
{
	struct segment_sink s = {
		.sink = {sink_entry, sink_data}, .file = FS_FILE, .hash = from->hash};
	struct segment made;
	int r = open_aside(o, &from->id, &s.file, e);
	if (r == 0 && (r = pack(&s, o, from, &made, e)) == 0 &&
	    (r = fs_file_place(&s.file, e)) == 0) {
		add_all(from->dirs, &s.dirs);
		*out = made;
	}
	fs_file_done(&s.file);
	path_set_done(&s.entries);
	path_set_done(&s.dirs);
	return r;
}
