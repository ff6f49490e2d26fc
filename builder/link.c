/* builder/link.c - one package's entries, from its archive through relocation into a sink. */
#include "builder/link.h"
#include "builder/condameta.h"
#include "builder/interpreter.h"
#include "builder/link_private.h"
#include "builder/relocate.h"
#include "builder/wheel.h"
#include "cache/intern.h"
#include "specs/base/json.h"
#include "specs/base/vec.h"

#define UNLISTED UINT32_MAX
enum {
	HELD_MAX = 1 << 30, /* a text with a placeholder is held whole */
	MODE_MASK = 0777,   /* no setuid, setgid or sticky bits in an environment */
	ENTRY_POINT_MODE = 0775,
	SCRIPT_MODE = 0755, /* of a wheel's, whatever it is in the zip */
};

/* What has become of a listed path. */
struct done {
	bool emitted;
	enum entry_kind kind;
	const char *target; /* of a symbolic link */
	struct condameta_path meta;
};

/* A hard link that needs its target's bytes again: 0 stands for the target. */
struct late {
	uint32_t at;
	const char *target; /* in the archive */
};

struct run {
	const struct link_plan *plan;
	const struct link_package_plan *package;
	size_t i;
	struct sink *to;
	struct arena arena;
	struct unpack *archive;
	struct intern names; /* of the archive, in the order of first[] */
	uint32_t *first;     /* of a name: its place in the package's paths */
	struct done *done;   /* of a path */
	VEC(struct condameta_path) meta;
	VEC(struct late) late;

	struct bytecode *compiler;
	bool keep;	    /* the file is a source: its bytes go to `source` too */
	struct buf source;  /* all of it, as emitted */
	bool check;	    /* the file's bytes go to `raw` too */
	struct hasher *raw; /* bytes as packaged */
	struct hasher *out; /* bytes as emitted; of relocated files only */
	struct buf text;    /* a text with a placeholder */

	struct relocation relocation; /* for `placeholder` */
	struct str placeholder;
	size_t differing; /* files that are not as paths.json says */
	const char *differs;
};

static void run_done(struct run *r)
{
	bytecode_free(r->compiler);
	unpack_close(r->archive);
	intern_done(&r->names);
	VEC_DONE(&r->meta);
	VEC_DONE(&r->late);
	hasher_free(r->raw);
	hasher_free(r->out);
	buf_done(&r->source);
	buf_done(&r->text);
	free(r->first);
	free(r->done);
	arena_done(&r->arena);
}
AUTO_DEFINE_VALUE(struct run, run_done)

static int64_t generated_mtime(const struct run *r)
{
	/* Later than the sources beside it, so that bytecode of before the change is stale. */
	return r->package->info.mtime + 1;
}

/* --- listed paths ------------------------------------------------------------------------ */

static void index_names(struct run *r)
{
	const struct package_info *info = &r->package->info;
	r->first = mem_zero(info->count + 1, sizeof(*r->first));
	r->done = mem_zero(info->count + 1, sizeof(*r->done));
	for (size_t k = 0; k < info->count; k++) {
		uint32_t known = r->names.n, id = intern_id(&r->names, info->paths[k].path);
		if (id == known)
			r->first[id] = (uint32_t)k;
	}
}

static uint32_t find_path(struct run *r, const char *name)
{
	uint32_t known = (uint32_t)r->package->info.count;
	uint32_t id = intern_id(&r->names, str_of(name));
	/* A name that is new now stands behind all that are listed, or takes a free place. */
	if (id >= known ||
	    !str_eq(intern_text(&r->names, id), r->package->info.paths[r->first[id]].path))
		return UNLISTED;
	return r->first[id];
}

static int bad(const struct run *r, const char *path, const char *what, struct err **e)
{
	return err_set(e, ERR_CORRUPT, "%.*s: %s: %s", STR_ARG(r->package->stem), path, what);
}

/* --- bytes on their way ------------------------------------------------------------------ */

/* Everything of a file comes by here, as it stands in the prefix. */
static int emit_data(void *cookie, const void *p, size_t n, struct err **e)
{
	struct run *r = cookie;
	if (r->out)
		hasher_add(r->out, p, n);
	if (r->keep)
		buf_add(&r->source, p, n);
	return n ? r->to->data(r->to, p, n, e) : 0;
}

/* Hands the file's bytes to `write`, hashed as they come where that is asked for. */
static int read_file(struct run *r, int (*write)(void *, const void *, size_t, struct err **),
		     void *cookie, struct err **e)
{
	const void *p;
	size_t n;
	for (;;) {
		int code = unpack_data(r->archive, &p, &n, e);
		if (code < 0 || n == 0)
			return code;
		if (r->check)
			hasher_add(r->raw, p, n);
		if ((code = write(cookie, p, n, e)) < 0)
			return code;
	}
}

static int hold(void *cookie, const void *p, size_t n, struct err **e)
{
	struct run *r = cookie;
	buf_add(&r->text, p, n);
	return buf_check(&r->text, "a text with a placeholder", e);
}

static int feed_stream(void *cookie, const void *p, size_t n, struct err **e)
{
	return relocate_stream_add(cookie, p, n, e);
}

static int emit_text(struct run *r, struct entry *entry, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	buf_clear(&r->text);
	int code = read_file(r, hold, r, e);
	if (code < 0)
		return code;
	struct strs pieces = relocate_text(&r->relocation, &a, buf_str(&r->text));
	entry->size = 0;
	for (size_t i = 0; i < pieces.n; i++)
		entry->size += pieces.v[i].n;
	code = r->to->entry(r->to, entry, e);
	for (size_t i = 0; i < pieces.n && code == 0; i++)
		code = emit_data(r, pieces.v[i].p, pieces.v[i].n, e);
	return code;
}

/* A wheel's script, which may begin with the line that stands for the environment's python. */
static int emit_script(struct run *r, struct entry *entry, struct err **e)
{
	AUTO(buf_done) struct buf script = BUF(HELD_MAX);
	buf_clear(&r->text);
	int code = read_file(r, hold, r, e);
	if (code < 0)
		return code;
	struct str text = buf_str(&r->text);
	if (wheel_is_script(text)) {
		wheel_write_script(text, r->plan->options.prefix, &script);
		text = buf_str(&script);
	}
	entry->size = text.n;
	code = r->to->entry(r->to, entry, e);
	return code < 0 ? code : emit_data(r, text.p, text.n, e);
}

static int emit_binary(struct run *r, struct entry *entry, struct err **e)
{
	AUTO(relocate_stream_free) struct relocate_stream *s = NULL;
	int code = relocate_stream_new(&r->relocation, emit_data, r, &s, e);
	if (code == 0)
		code = r->to->entry(r->to, entry, e);
	if (code == 0)
		code = read_file(r, feed_stream, s, e);
	return code < 0 ? code : relocate_stream_end(s, e);
}

static int emit_plain(struct run *r, struct entry *entry, struct err **e)
{
	int code = r->to->entry(r->to, entry, e);
	return code < 0 ? code : read_file(r, emit_data, r, e);
}

/* --- files ------------------------------------------------------------------------------- */

static int set_relocation(struct run *r, const struct package_path *from, struct err **e)
{
	if (r->placeholder.n && str_eq(r->placeholder, from->placeholder))
		return 0;
	r->placeholder = from->placeholder;
	return relocation_init(&r->relocation, &r->arena, from->placeholder,
			       str_of(r->plan->options.prefix), e);
}

/* The archive has the digest of its record, so paths.json is right about the bytes beside it:
 * hashing each file once more takes as long as hashing the layer, and is done on demand. */
static int check_file(struct run *r, const struct package_path *from, const struct digest *is,
		      uint64_t size, struct err **e)
{
	bool same = (!from->has_sha256 || digest_eq(is, &from->sha256)) &&
		    (!from->has_size || from->size == size);
	if (same)
		return 0;
	if (r->plan->options.verify)
		return err_set(e, ERR_DIGEST, "%.*s: %s is not as its paths.json says",
			       STR_ARG(r->package->stem), from->path.p);
	if (r->differing++ == 0)
		r->differs = from->path.p;
	return 0;
}

/* The source just emitted; the first one starts a process for the package. */
static int compile(struct run *r, const char *path, struct err **e)
{
	int code = buf_check(&r->source, path, e);
	if (code == 0 && !r->compiler) {
		struct compiler *compiler;
		code = interpreter_start(r->plan, &compiler, e);
		if (code == 0)
			code = bytecode_start(compiler, &r->compiler, e);
	}
	return code < 0 ? code : bytecode_add(r->compiler, path, r->source.data, r->source.n, e);
}

static int emit_bytes(struct run *r, const struct package_path *from, struct entry *entry,
		      struct err **e)
{
	int code = from->placeholder.n ? set_relocation(r, from, e) : 0;
	if (code < 0)
		return code;
	switch (from->mode) {
	case PATH_MODE_TEXT:
		return emit_text(r, entry, e);
	case PATH_MODE_BINARY:
		return emit_binary(r, entry, e);
	case PATH_MODE_SCRIPT:
		return emit_script(r, entry, e);
	default:
		return emit_plain(r, entry, e);
	}
}

static unsigned mode_of(const struct run *r, const struct package_path *from, unsigned mode)
{
	if (!r->package->info.wheel)
		return mode & MODE_MASK;
	return from->mode == PATH_MODE_SCRIPT || mode & 0111 ? SCRIPT_MODE : 0644;
}

static int emit_file(struct run *r, uint32_t at, const struct entry *as, struct err **e)
{
	const struct package_path *from = &r->package->info.paths[at];
	const struct link_path *path = &r->package->paths[at];
	struct condameta_path *meta = &r->done[at].meta;
	bool patched = from->mode != PATH_MODE_NONE;
	struct entry entry = *as;
	entry.path = path->path.p;
	entry.mode = mode_of(r, from, entry.mode);
	if (patched || r->package->info.wheel)
		entry.mtime = generated_mtime(r);
	r->check = r->plan->options.verify || !from->has_sha256;
	AUTO(hasher_free) struct hasher *out = patched ? hasher_new() : NULL;
	r->out = out;
	r->keep = path->pyc.n > 0 && r->plan->options.bytecode;
	buf_clear(&r->source);
	int code = emit_bytes(r, from, &entry, e);
	r->out = NULL;
	if (code < 0)
		return err_wrap(e, code, "%.*s: %s", STR_ARG(r->package->stem), path->path.p);
	meta->sha256 = from->sha256;
	if (r->check) {
		hasher_end(r->raw, &meta->sha256);
		hasher_reset(r->raw);
	}
	meta->has_sha256 = meta->has_size = true;
	meta->size = entry.size;
	meta->has_in_prefix = patched;
	if (patched)
		hasher_end(out, &meta->in_prefix);
	r->done[at].emitted = true;
	r->done[at].kind = ENTRY_FILE;
	code = check_file(r, from, &meta->sha256, as->size, e);
	return code < 0 || !r->keep ? code : compile(r, path->path.p, e);
}

/* --- links and directories --------------------------------------------------------------- */

static int emit_symlink(struct run *r, uint32_t at, const struct entry *as, struct err **e)
{
	const struct package_path *from = &r->package->info.paths[at];
	struct done *done = &r->done[at];
	struct entry entry = *as;
	struct str target = str_of(as->target);
	entry.path = r->package->paths[at].path.p;
	if (from->placeholder.n)
		log_warn(r->plan->options.log, "%.*s: the link %s is left as it is: %s",
			 STR_ARG(r->package->stem), entry.path, entry.target);
	done->emitted = true;
	done->kind = ENTRY_SYMLINK;
	done->target = arena_str(&r->arena, target).p;
	/* As rattler tells: what was packaged behind the link, and the text of the link. */
	done->meta.type = CONDAMETA_SOFTLINK;
	done->meta.has_sha256 = from->has_sha256;
	done->meta.sha256 = from->sha256;
	done->meta.has_size = from->has_size;
	done->meta.size = from->size;
	done->meta.has_in_prefix = true;
	digest_of(target.p, target.n, &done->meta.in_prefix);
	return r->to->entry(r->to, &entry, e);
}

static int emit_dir(struct run *r, uint32_t at, const struct entry *as, struct err **e)
{
	struct entry entry = *as;
	entry.path = r->package->paths[at].path.p;
	entry.mode &= MODE_MASK;
	r->done[at].emitted = true;
	r->done[at].kind = ENTRY_DIR;
	r->done[at].meta.type = CONDAMETA_DIRECTORY;
	return r->to->entry(r->to, &entry, e);
}

/* Whether both files get the same bytes from the same packaged ones. */
static bool same_relocation(const struct package_path *a, const struct package_path *b)
{
	return a->mode == b->mode && str_eq(a->placeholder, b->placeholder);
}

static void copy_meta(struct run *r, uint32_t at, uint32_t from)
{
	struct condameta_path *to = &r->done[at].meta;
	const struct condameta_path *of = &r->done[from].meta;
	to->has_sha256 = of->has_sha256;
	to->has_in_prefix = of->has_in_prefix;
	to->has_size = of->has_size;
	to->sha256 = of->sha256;
	to->in_prefix = of->in_prefix;
	to->size = of->size;
}

/* The target may be another package's by now, or be relocated otherwise: then its bytes are
 * read once more, at the end. */
static int emit_hardlink(struct run *r, uint32_t at, const struct entry *as, struct err **e)
{
	const struct package_path *paths = r->package->info.paths;
	uint32_t from = find_path(r, as->target);
	if (from == at)
		return bad(r, as->path, "a hard link to itself", e);
	const struct done *target = from == UNLISTED ? NULL : &r->done[from];
	struct entry entry = *as;
	if (target && target->emitted && target->kind == ENTRY_SYMLINK) {
		entry.kind = ENTRY_SYMLINK;
		entry.target = target->target;
		return emit_symlink(r, at, &entry, e);
	}
	if (!target || !target->emitted || !same_relocation(&paths[at], &paths[from]) ||
	    r->package->paths[at].pyc.n) {
		char *name = arena_copy(&r->arena, as->target, strlen(as->target));
		VEC_PUSH(&r->late, ((struct late){at, name}));
		return 0;
	}
	entry.path = r->package->paths[at].path.p;
	entry.target = r->package->paths[from].path.p;
	entry.mode &= MODE_MASK;
	r->done[at].emitted = true;
	r->done[at].kind = ENTRY_FILE;
	copy_meta(r, at, from);
	return r->to->entry(r->to, &entry, e);
}

/* --- the archive ------------------------------------------------------------------------- */

static int take_entry(struct run *r, const struct entry *entry, struct err **e)
{
	uint32_t at = find_path(r, entry->path);
	if (at == UNLISTED || r->package->paths[at].lost)
		return 0;
	uint8_t type = r->package->info.paths[at].type;
	bool dir = entry->kind == ENTRY_DIR;
	if (r->done[at].emitted)
		return bad(r, entry->path, "stands in the archive twice", e);
	if (type != PATH_UNKNOWN && dir != (type == PATH_DIRECTORY))
		return bad(r, entry->path,
			   dir ? "a directory, and listed as a file" : "listed as a directory", e);
	switch (entry->kind) {
	case ENTRY_FILE:
		return emit_file(r, at, entry, e);
	case ENTRY_SYMLINK:
		return emit_symlink(r, at, entry, e);
	case ENTRY_HARDLINK:
		return emit_hardlink(r, at, entry, e);
	case ENTRY_DIR:
		return emit_dir(r, at, entry, e);
	case ENTRY_REMOVED: /* in no archive */
		break;
	}
	return 0;
}

static int open_archive(struct run *r, struct err **e)
{
	unpack_close(r->archive);
	r->archive = NULL;
	unsigned parts = r->package->info.wheel ? UNPACK_WHEEL : UNPACK_PAYLOAD;
	return unpack_open(r->plan->files[r->i].path, parts, &r->archive, e);
}

static int take_all(struct run *r, struct err **e)
{
	const struct entry *entry;
	int code = open_archive(r, e);
	while (code == 0 && (code = unpack_next(r->archive, &entry, e)) > 0)
		code = take_entry(r, entry, e);
	return code;
}

/* The first link to this target gets its bytes; true when there was one. */
static int take_late(struct run *r, const struct entry *entry, bool *out_taken, struct err **e)
{
	if (entry->kind != ENTRY_FILE && entry->kind != ENTRY_SYMLINK)
		return 0;
	for (size_t k = 0; k < r->late.n; k++) {
		struct late late = r->late.v[k];
		if (strcmp(late.target, entry->path) != 0)
			continue;
		r->late.v[k] = r->late.v[--r->late.n];
		*out_taken = true;
		return entry->kind == ENTRY_FILE ? emit_file(r, late.at, entry, e)
						 : emit_symlink(r, late.at, entry, e);
	}
	return 0;
}

/* Reads the archive again for as long as links wait: one link a target each time. */
static int take_links(struct run *r, struct err **e)
{
	while (r->late.n) {
		const struct entry *entry;
		bool taken = false;
		int code = open_archive(r, e);
		while (code == 0 && (code = unpack_next(r->archive, &entry, e)) > 0)
			code = take_late(r, entry, &taken, e);
		if (code < 0)
			return code;
		if (!taken)
			return bad(r, r->late.v[0].target,
				   "a hard link's target is not in the archive", e);
	}
	return 0;
}

/* A listed directory need not stand in the archive; everything else must. */
static int check_missing(struct run *r, struct err **e)
{
	const struct package_info *info = &r->package->info;
	for (uint32_t at = 0; at < info->count; at++) {
		if (r->done[at].emitted || r->package->paths[at].lost)
			continue;
		if (info->paths[at].type != PATH_DIRECTORY)
			return bad(r, info->paths[at].path.p,
				   "is listed and does not stand in the archive", e);
		struct entry dir = {.kind = ENTRY_DIR, .mode = 0755, .mtime = generated_mtime(r)};
		int code = emit_dir(r, at, &dir, e);
		if (code < 0)
			return code;
	}
	return 0;
}

/* --- what linking makes ------------------------------------------------------------------ */

static int emit_made(struct run *r, const char *path, unsigned mode, struct str bytes,
		     struct err **e)
{
	struct entry entry = {
		.kind = ENTRY_FILE,
		.path = path,
		.mode = mode,
		.mtime = generated_mtime(r),
		.size = bytes.n,
	};
	int code = r->to->entry(r->to, &entry, e);
	return code < 0 || bytes.n == 0 ? code : r->to->data(r->to, bytes.p, bytes.n, e);
}

static int emit_entry_points(struct run *r, struct err **e)
{
	const struct package_info *info = &r->package->info;
	int code = 0;
	for (size_t k = 0; k < info->entry_point_count && code == 0; k++) {
		const struct link_path *path = &r->package->paths[info->count + k];
		if (path->lost)
			continue;
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		const char *prefix = r->plan->options.prefix;
		if (info->wheel)
			wheel_write_entry_point(&info->entry_points[k], prefix, &text);
		else
			entry_point_write(&info->entry_points[k], &r->package->python, prefix,
					  &text);
		struct condameta_path meta = {.path = path->path,
					      .type = CONDAMETA_ENTRY_POINT,
					      .has_sha256 = true,
					      .has_size = true,
					      .size = text.n};
		digest_of(text.data, text.n, &meta.sha256);
		VEC_PUSH(&r->meta, meta);
		code = emit_made(r, path->path.p, info->wheel ? SCRIPT_MODE : ENTRY_POINT_MODE,
				 buf_str(&text), e);
	}
	return code;
}

/* What does not compile has no bytecode: bad syntax is normal in tests and templates. */
static int emit_bytecode(void *cookie, const struct bytecode_file *f, struct err **e)
{
	struct run *r = cookie;
	AUTO(buf_done) struct buf path = BUF(BUF_UNLIMITED);
	struct str version = r->package->python.record->version_text;
	if (!f->p || !bytecode_path(str_of(f->source), version, &path))
		return 0;
	struct condameta_path meta = {.path = arena_str(&r->arena, buf_str(&path)),
				      .type = CONDAMETA_PYC,
				      .has_sha256 = true,
				      .has_size = true,
				      .size = f->size};
	digest_of(f->p, f->size, &meta.sha256);
	VEC_PUSH(&r->meta, meta);
	return emit_made(r, path.data, 0644, (struct str){f->p, f->size}, e);
}

/* Paths that another package has are not told of: whoever removes this package by its record
 * must not remove that one's files. */
static void collect_meta(struct run *r)
{
	static const enum condameta_mode modes[] = {
		[PATH_MODE_NONE] = CONDAMETA_MODE_NONE,
		[PATH_MODE_TEXT] = CONDAMETA_MODE_TEXT,
		[PATH_MODE_BINARY] = CONDAMETA_MODE_BINARY,
		[PATH_MODE_SCRIPT] = CONDAMETA_MODE_NONE,
	};
	const struct package_info *info = &r->package->info;
	for (size_t k = 0; k < info->count; k++) {
		const struct package_path *from = &info->paths[k];
		struct condameta_path *meta = &r->done[k].meta;
		if (!r->done[k].emitted)
			continue;
		meta->path = r->package->paths[k].path;
		meta->no_link = from->no_link;
		meta->mode = modes[from->mode];
		meta->placeholder = from->placeholder;
		VEC_PUSH(&r->meta, *meta);
	}
}

static int emit_told(struct run *r, const struct link_path *path, struct str text, struct err **e)
{
	struct condameta_path meta = {
		.path = path->path, .has_sha256 = true, .has_size = true, .size = text.n};
	digest_of(text.p, text.n, &meta.sha256);
	VEC_PUSH(&r->meta, meta);
	return emit_made(r, path->path.p, 0644, text, e);
}

static int emit_wheel_record(struct run *r, struct err **e)
{
	const struct link_package_plan *p = r->package;
	const struct link_path *record = &p->paths[p->count - 1];
	AUTO(buf_done) struct buf direct = BUF(HELD_MAX), text = BUF(HELD_MAX);
	int code = 0;
	if (wheel_has_direct_url(&r->plan->records[r->i])) {
		wheel_write_direct_url(&r->plan->records[r->i], &r->plan->files[r->i].sha256,
				       &direct);
		code = emit_told(r, record - 2, buf_str(&direct), e);
	}
	if (code == 0)
		code = emit_told(r, record - 1, STR("pip\n"), e);
	if (code < 0)
		return code;
	collect_meta(r);
	wheel_write_record(r->meta.v, r->meta.n, p->python.site_packages, record->path, &text);
	if ((code = buf_check(&text, record->path.p, e)) < 0)
		return code;
	return emit_made(r, record->path.p, 0644, buf_str(&text), e);
}

static int emit_record(struct run *r, struct err **e)
{
	AUTO(json_free) cJSON *index = NULL;
	AUTO(buf_done) struct buf text = BUF(HELD_MAX);
	int code = json_parse(r->package->info.index, "info/index.json", &index, e);
	if (code < 0)
		return code;
	collect_meta(r);
	struct condameta m = {
		.record = &r->plan->records[r->i],
		.index = index,
		.sha256 = r->plan->files[r->i].sha256,
		.size = r->plan->files[r->i].size,
		.paths = r->meta.v,
		.count = r->meta.n,
	};
	condameta_record(&m, &text);
	const struct link_path *path = &r->package->paths[r->package->count - 1];
	if ((code = buf_check(&text, path->path.p, e)) < 0)
		return code;
	return emit_made(r, path->path.p, 0644, buf_str(&text), e);
}

/* --- all of it --------------------------------------------------------------------------- */

static void warn_of_differences(const struct run *r)
{
	if (r->differing == 0)
		return;
	log_warn(r->plan->options.log,
		 "%.*s: %s%s not as its paths.json says, though the archive has the digest of its "
		 "record",
		 STR_ARG(r->package->stem), r->differs,
		 r->differing > 1 ? " and other files are" : " is");
}

int link_package(const struct link_plan *p, size_t i, struct sink *to, struct err **e)
{
	AUTO(run_done)
	struct run r = {.plan = p, .package = p->packages[i], .i = i, .to = to};
	r.source = (struct buf)BUF(HELD_MAX);
	r.text = (struct buf)BUF(HELD_MAX);
	r.raw = hasher_new();
	int code = link_check_archive(p, i, e);
	if (code < 0)
		return code;
	index_names(&r);
	code = take_all(&r, e);
	if (code == 0)
		code = take_links(&r, e);
	if (code == 0)
		code = check_missing(&r, e);
	if (code == 0)
		code = emit_entry_points(&r, e);
	if (code == 0 && r.compiler)
		code = bytecode_end(r.compiler, emit_bytecode, &r, e);
	if (code < 0)
		return code;
	warn_of_differences(&r);
	return r.package->info.wheel ? emit_wheel_record(&r, e) : emit_record(&r, e);
}
