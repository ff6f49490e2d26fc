/* cache/records.c - what was built, in SQLite. */
#include "cache/records.h"
#include "cache/layout.h"
#include "specs/base/fs.h"
#include <sqlite3.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 2, BUSY_MS = 10 * 1000, SUMMARY_MAX = 16 << 20 };

struct records {
	sqlite3 *db;
	char *path, *cache;
};

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS built ("
	" key BLOB NOT NULL, destination TEXT NOT NULL, manifest BLOB NOT NULL,"
	" lock BLOB NOT NULL, size INTEGER NOT NULL, built INTEGER NOT NULL,"
	" summary TEXT NOT NULL, PRIMARY KEY (key, destination)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS facts ("
	" digest BLOB NOT NULL, topic TEXT NOT NULL, fact TEXT NOT NULL,"
	" PRIMARY KEY (digest, topic)) WITHOUT ROWID;"
	"PRAGMA user_version = 2;"
	"COMMIT;";

static void statement_free(sqlite3_stmt *s)
{
	sqlite3_finalize(s);
}
AUTO_DEFINE(sqlite3_stmt *, statement_free)

static int fail(struct records *r, struct err **e)
{
	return err_set(e, ERR_IO, "%s: %s", r->path, sqlite3_errmsg(r->db));
}

/* Answers that a file of ours never gives. All statements are right: SQLITE_ERROR says that the
 * file lacks what they name. One we may write is read-only when its header says so. */
static bool is_damage(const struct records *r, int result)
{
	return result == SQLITE_CORRUPT || result == SQLITE_NOTADB || result == SQLITE_ERROR ||
	       (result == SQLITE_READONLY && access(r->path, W_OK) == 0);
}

/* The version the file says; 0 for a new one. */
static int read_version(struct records *r, int *out)
{
	sqlite3_stmt *s = NULL;
	int result = sqlite3_prepare_v2(r->db, "PRAGMA user_version", -1, &s, NULL);
	if (result == SQLITE_OK && (result = sqlite3_step(s)) == SQLITE_ROW) {
		*out = sqlite3_column_int(s, 0);
		result = SQLITE_OK;
	}
	sqlite3_finalize(s);
	return result;
}

/* Commits are not synced (NORMAL in WAL): after a power cut the newest records may be gone,
 * which costs one question to the registry; the file stays sound. */
static int set_up(struct records *r, bool *out_useless, struct err **e)
{
	int version = 0;
	int result = sqlite3_open_v2(
		r->path, &r->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		NULL);
	if (result == SQLITE_OK) {
		sqlite3_busy_timeout(r->db, BUSY_MS);
		result = read_version(r, &version);
	}
	if (result == SQLITE_OK)
		sqlite3_exec(r->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
	if (result == SQLITE_OK && version < VERSION) {
		/* WAL is kept in the file; where it cannot be had (NFS), the journal does. */
		sqlite3_exec(r->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		result = sqlite3_exec(r->db, schema, NULL, NULL, NULL);
	}
	*out_useless = is_damage(r, result) || (result == SQLITE_OK && version > VERSION);
	return result != SQLITE_OK || *out_useless ? fail(r, e) : 0;
}

/* Moved away under a name of its own, never deleted while another process has it open. */
static void put_aside(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < COUNT(ends); i++) {
		AUTO(buf_done) struct buf from = BUF(BUF_UNLIMITED);
		buf_printf(&from, "%s%s", path, ends[i]);
		AUTO(buf_done) struct buf to = BUF(BUF_UNLIMITED);
		buf_printf(&to, "%s.unusable%s", path, ends[i]);
		rename(from.data, to.data);
	}
}

/* In place of a file that is useless a new one, once: who finds that another process was quicker
 * takes that one's. */
static int start_anew(struct records *r, struct err **e)
{
	AUTO(free) char *locks = NULL;
	AUTO(fd_close) int lock = -1;
	bool useless;
	int moved = 0, code = layout_folder(r->cache, LAYOUT_LOCKS, &locks, e);
	if (code < 0 || (code = layout_lock(locks, "records", &lock, e)) < 0)
		return code;
	sqlite3_file_control(r->db, NULL, SQLITE_FCNTL_HAS_MOVED, &moved);
	sqlite3_close(STEAL(&r->db));
	if (!moved)
		put_aside(r->path);
	return set_up(r, &useless, e);
}

int records_open(const char *cache, struct records **out, struct err **e)
{
	int code = fs_make_dirs(cache, 0700, e);
	if (code < 0)
		return code;
	AUTO(records_close) struct records *r = mem_zero(1, sizeof(*r));
	bool useless = false;
	r->path = fs_join(cache, "records.db");
	r->cache = mem_text(cache);
	code = set_up(r, &useless, e);
	if (code < 0 && useless) {
		err_clear(e);
		code = start_anew(r, e);
	}
	if (code < 0)
		return code;
	*out = STEAL(&r);
	return 0;
}

void records_close(struct records *r)
{
	if (!r)
		return;
	sqlite3_close(r->db);
	free(r->path);
	free(r->cache);
	free(r);
}

/* ---- statements ---- */

/* A statement, what it is asked with and who takes its rows. */
struct query {
	const char *sql;
	const struct digest *of;   /* ?1; NULL: none */
	struct str text;	   /* ?2 */
	struct str fact;	   /* ?3 of a fact, */
	const struct built *built; /* and from there on of what was built; NULL: none */
	/* Called for every row; a negative answer ends the walk and is returned. NULL: no rows. */
	int (*row)(void *cookie, sqlite3_stmt *s, struct err **e);
	void *cookie;
};

static void bind_digest(sqlite3_stmt *s, int at, const struct digest *d)
{
	sqlite3_bind_blob(s, at, d->bytes, DIGEST_SIZE, SQLITE_TRANSIENT);
}

static void bind_str(sqlite3_stmt *s, int at, struct str text)
{
	sqlite3_bind_text(s, at, text.p ? text.p : "", (int)text.n, SQLITE_TRANSIENT);
}

static void bind_built(sqlite3_stmt *s, const struct built *b)
{
	bind_digest(s, 3, &b->manifest);
	bind_digest(s, 4, &b->lock);
	sqlite3_bind_int64(s, 5, (sqlite3_int64)b->size);
	sqlite3_bind_int64(s, 6,
			   b->built_s ? (sqlite3_int64)b->built_s : (sqlite3_int64)time(NULL));
	bind_str(s, 7, b->summary);
}

/* A place that the statement does not have is refused by SQLite, and that is fine. */
static void bind(sqlite3_stmt *s, const struct query *q)
{
	if (q->of)
		bind_digest(s, 1, q->of);
	bind_str(s, 2, q->text);
	bind_str(s, 3, q->fact);
	if (q->built)
		bind_built(s, q->built);
}

static int run_once(struct records *r, const struct query *q, bool *out_damaged, struct err **e)
{
	AUTO(statement_free) sqlite3_stmt *s = NULL;
	int code, result = sqlite3_prepare_v2(r->db, q->sql, -1, &s, NULL);
	*out_damaged = false;
	if (result == SQLITE_OK) {
		bind(s, q);
		while ((result = sqlite3_step(s)) == SQLITE_ROW)
			if ((code = q->row(q->cookie, s, e)) < 0)
				return code;
	}
	if (result == SQLITE_DONE)
		return 0;
	*out_damaged = is_damage(r, result);
	return fail(r, e);
}

/* A page may be damaged that only this statement looks at: then it is asked of a new file. */
static int run(struct records *r, const struct query *q, struct err **e)
{
	bool damaged;
	int code = run_once(r, q, &damaged, e);
	if (!damaged)
		return code;
	err_clear(e);
	code = start_anew(r, e);
	return code < 0 ? code : run_once(r, q, &damaged, e);
}

/* ---- what was built ---- */

int records_put(struct records *r, const struct built *b, struct err **e)
{
	if (b->summary.n > SUMMARY_MAX || b->destination.n > SUMMARY_MAX)
		return err_set(e, ERR_LIMIT, "the summary of a build is too large to keep");
	struct query q = {
		.sql = "INSERT OR REPLACE INTO built VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		.of = &b->key,
		.text = b->destination,
		.built = b,
	};
	return run(r, &q, e);
}

static bool column_digest(sqlite3_stmt *s, int at, struct digest *out)
{
	if (sqlite3_column_bytes(s, at) != DIGEST_SIZE)
		return false;
	memcpy(out->bytes, sqlite3_column_blob(s, at), DIGEST_SIZE);
	return true;
}

static struct str column_str(sqlite3_stmt *s, int at)
{
	const char *text = (const char *)sqlite3_column_text(s, at);
	return (struct str){text, (size_t)sqlite3_column_bytes(s, at)};
}

/* Slices of the row; false when it is not of our making. */
static bool column_built(sqlite3_stmt *s, struct built *out)
{
	*out = (struct built){
		.destination = column_str(s, 1),
		.size = (uint64_t)sqlite3_column_int64(s, 4),
		.built_s = (uint64_t)sqlite3_column_int64(s, 5),
		.summary = column_str(s, 6),
	};
	return column_digest(s, 0, &out->key) && column_digest(s, 2, &out->manifest) &&
	       column_digest(s, 3, &out->lock);
}

/* The one row that a statement finds, in an arena. */
struct found {
	struct arena *a;
	bool any;
	struct built built;
	struct str fact;
};

static int keep_built(void *cookie, sqlite3_stmt *s, struct err **e)
{
	struct found *f = cookie;
	(void)e;
	f->any = column_built(s, &f->built);
	f->built.destination = arena_str(f->a, f->built.destination);
	f->built.summary = arena_str(f->a, f->built.summary);
	return 0;
}

static int keep_fact(void *cookie, sqlite3_stmt *s, struct err **e)
{
	struct found *f = cookie;
	(void)e;
	f->any = true;
	f->fact = arena_str(f->a, column_str(s, 0));
	return 0;
}

#define ROW "built WHERE key = ?1 AND destination = ?2"

int records_get(struct records *r, const struct digest *key, struct str destination,
		struct arena *a, struct built *out, struct err **e)
{
	struct found found = {.a = a};
	struct query q = {.sql = "SELECT * FROM " ROW,
			  .of = key,
			  .text = destination,
			  .row = keep_built,
			  .cookie = &found};
	int code = run(r, &q, e);
	if (code < 0)
		return code;
	if (!found.any)
		return err_set(e, ERR_ABSENT, "%s was not built for %.*s", digest_text(key).hex,
			       STR_ARG(destination));
	*out = found.built;
	return 0;
}

int records_find(struct records *r, const struct digest *key, struct arena *a, struct built *out,
		 struct err **e)
{
	struct found found = {.a = a};
	struct query q = {
		.sql = "SELECT * FROM built WHERE key = ?1"
		       " ORDER BY built DESC, destination LIMIT 1",
		.of = key,
		.row = keep_built,
		.cookie = &found,
	};
	int code = run(r, &q, e);
	if (code < 0)
		return code;
	if (!found.any)
		return err_set(e, ERR_ABSENT, "%s was not built here", digest_text(key).hex);
	*out = found.built;
	return 0;
}

int records_forget(struct records *r, const struct digest *key, struct str destination,
		   struct err **e)
{
	struct query q = {.sql = "DELETE FROM " ROW, .of = key, .text = destination};
	return run(r, &q, e);
}

struct walk {
	int (*each)(void *cookie, const struct built *b, struct err **e);
	void *cookie;
};

static int walk_row(void *cookie, sqlite3_stmt *s, struct err **e)
{
	struct walk *w = cookie;
	struct built b;
	return column_built(s, &b) ? w->each(w->cookie, &b, e) : 0;
}

int records_each(struct records *r,
		 int (*each)(void *cookie, const struct built *b, struct err **e), void *cookie,
		 struct err **e)
{
	struct walk walk = {each, cookie};
	struct query q = {.sql = "SELECT * FROM built ORDER BY built DESC, key",
			  .row = walk_row,
			  .cookie = &walk};
	return run(r, &q, e);
}

/* ---- facts ---- */

int records_put_fact(struct records *r, const struct digest *of, const char *topic, struct str fact,
		     struct err **e)
{
	struct query q = {.sql = "INSERT OR REPLACE INTO facts VALUES (?1, ?2, ?3)",
			  .of = of,
			  .text = str_of(topic),
			  .fact = fact};
	return run(r, &q, e);
}

int records_get_fact(struct records *r, const struct digest *of, const char *topic, struct arena *a,
		     struct str *out, struct err **e)
{
	struct found found = {.a = a};
	struct query q = {.sql = "SELECT fact FROM facts WHERE digest = ?1 AND topic = ?2",
			  .of = of,
			  .text = str_of(topic),
			  .row = keep_fact,
			  .cookie = &found};
	int code = run(r, &q, e);
	if (code < 0)
		return code;
	if (!found.any)
		return err_set(e, ERR_ABSENT, "no %s is known of %s", topic, digest_text(of).hex);
	*out = found.fact;
	return 0;
}

/* Kept among the facts, by the digest of the name itself. */
#define NAMES "manifest of this name"

int records_put_name(struct records *r, struct str name, const struct digest *manifest,
		     struct err **e)
{
	struct digest of, known;
	if (records_get_name(r, name, &known, NULL) == 0 && digest_eq(&known, manifest))
		return 0;
	digest_of(name.p, name.n, &of);
	return records_put_fact(r, &of, NAMES, str_of(digest_text(manifest).hex), e);
}

int records_get_name(struct records *r, struct str name, struct digest *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct digest of;
	struct str text;
	digest_of(name.p, name.n, &of);
	int code = records_get_fact(r, &of, NAMES, &a, &text, e);
	if (code == 0 && !digest_parse(text, out))
		return err_set(e, ERR_ABSENT, "what is known of %.*s is damaged", STR_ARG(name));
	return code;
}
