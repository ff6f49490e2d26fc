/* cache/records.c - what was built, in SQLite. */
#include "cache/records.h"
#include "specs/base/fs.h"
#include <sqlite3.h>
#include <stdio.h>
#include <time.h>

enum { VERSION = 2, BUSY_MS = 10 * 1000, SUMMARY_MAX = 16 << 20 };

struct records {
	sqlite3 *db;
	char *path;
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

static int prepare(struct records *r, const char *sql, sqlite3_stmt **out, struct err **e)
{
	return sqlite3_prepare_v2(r->db, sql, -1, out, NULL) == SQLITE_OK ? 0 : fail(r, e);
}

static bool is_damage(int result)
{
	return result == SQLITE_CORRUPT || result == SQLITE_NOTADB;
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
	*out_useless = is_damage(result) || (result == SQLITE_OK && version > VERSION);
	if (result != SQLITE_OK || *out_useless)
		return fail(r, e);
	sqlite3_exec(r->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
	if (version == VERSION)
		return 0;
	/* WAL is kept in the file; where it cannot be had (NFS), the journal does. */
	sqlite3_exec(r->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	result = sqlite3_exec(r->db, schema, NULL, NULL, NULL);
	return result == SQLITE_OK ? 0 : fail(r, e);
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

int records_open(const char *cache, struct records **out, struct err **e)
{
	int code = fs_make_dirs(cache, 0700, e);
	if (code < 0)
		return code;
	AUTO(records_close) struct records *r = mem_zero(1, sizeof(*r));
	bool useless = false;
	r->path = fs_join(cache, "records.db");
	code = set_up(r, &useless, e);
	if (code < 0 && useless) {
		sqlite3_close(STEAL(&r->db));
		put_aside(r->path);
		err_clear(e);
		code = set_up(r, &useless, e);
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
	free(r);
}

static void bind_digest(sqlite3_stmt *s, int at, const struct digest *d)
{
	sqlite3_bind_blob(s, at, d->bytes, DIGEST_SIZE, SQLITE_TRANSIENT);
}

static void bind_str(sqlite3_stmt *s, int at, struct str text)
{
	sqlite3_bind_text(s, at, text.p ? text.p : "", (int)text.n, SQLITE_TRANSIENT);
}

/* ?1 and ?2 of every statement about one row. */
static void bind_row(sqlite3_stmt *s, const struct digest *of, struct str text)
{
	bind_digest(s, 1, of);
	bind_str(s, 2, text);
}

int records_put(struct records *r, const struct built *b, struct err **e)
{
	AUTO(statement_free) sqlite3_stmt *s = NULL;
	if (b->summary.n > SUMMARY_MAX || b->destination.n > SUMMARY_MAX)
		return err_set(e, ERR_LIMIT, "the summary of a build is too large to keep");
	int code = prepare(r, "INSERT OR REPLACE INTO built VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			   &s, e);
	if (code < 0)
		return code;
	bind_row(s, &b->key, b->destination);
	bind_digest(s, 3, &b->manifest);
	bind_digest(s, 4, &b->lock);
	sqlite3_bind_int64(s, 5, (sqlite3_int64)b->size);
	sqlite3_bind_int64(s, 6,
			   b->built_s ? (sqlite3_int64)b->built_s : (sqlite3_int64)time(NULL));
	bind_str(s, 7, b->summary);
	return sqlite3_step(s) == SQLITE_DONE ? 0 : fail(r, e);
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

/* The first row that a statement finds; ERR_ABSENT without an error. */
static int get_built(struct records *r, sqlite3_stmt *s, struct arena *a, struct built *out,
		     struct err **e)
{
	struct built b;
	int result = sqlite3_step(s);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return fail(r, e);
	if (result == SQLITE_DONE || !column_built(s, &b))
		return ERR_ABSENT;
	b.destination = arena_str(a, b.destination);
	b.summary = arena_str(a, b.summary);
	*out = b;
	return 0;
}

#define ROW "built WHERE key = ?1 AND destination = ?2"

int records_get(struct records *r, const struct digest *key, struct str destination,
		struct arena *a, struct built *out, struct err **e)
{
	AUTO(statement_free) sqlite3_stmt *s = NULL;
	int code = prepare(r, "SELECT * FROM " ROW, &s, e);
	if (code < 0)
		return code;
	bind_row(s, key, destination);
	code = get_built(r, s, a, out, e);
	if (code != ERR_ABSENT)
		return code;
	return err_set(e, code, "%s was not built for %.*s", digest_text(key).hex,
		       STR_ARG(destination));
}

int records_find(struct records *r, const struct digest *key, struct arena *a, struct built *out,
		 struct err **e)
{
	AUTO(statement_free) sqlite3_stmt *s = NULL;
	int code = prepare(
		r, "SELECT * FROM built WHERE key = ?1 ORDER BY built DESC, destination LIMIT 1",
		&s, e);
	if (code < 0)
		return code;
	bind_digest(s, 1, key);
	code = get_built(r, s, a, out, e);
	return code == ERR_ABSENT ? err_set(e, code, "%s was not built here", digest_text(key).hex)
				  : code;
}

int records_forget(struct records *r, const struct digest *key, struct str destination,
		   struct err **e)
{
	AUTO(statement_free) sqlite3_stmt *s = NULL;
	int code = prepare(r, "DELETE FROM " ROW, &s, e);
	if (code < 0)
		return code;
	bind_row(s, key, destination);
	return sqlite3_step(s) == SQLITE_DONE ? 0 : fail(r, e);
}

int records_each(struct records *r,
		 int (*each)(void *cookie, const struct built *b, struct err **e), void *cookie,
		 struct err **e)
{
	AUTO(statement_free) sqlite3_stmt *s = NULL;
	struct built b;
	int result, code = prepare(r, "SELECT * FROM built ORDER BY built DESC, key", &s, e);
	while (code >= 0 && (result = sqlite3_step(s)) != SQLITE_DONE) {
		if (result != SQLITE_ROW)
			return fail(r, e);
		if (column_built(s, &b))
			code = each(cookie, &b, e);
	}
	return code < 0 ? code : 0;
}

int records_put_fact(struct records *r, const struct digest *of, const char *topic, struct str fact,
		     struct err **e)
{
	AUTO(statement_free) sqlite3_stmt *s = NULL;
	int code = prepare(r, "INSERT OR REPLACE INTO facts VALUES (?1, ?2, ?3)", &s, e);
	if (code < 0)
		return code;
	bind_row(s, of, str_of(topic));
	bind_str(s, 3, fact);
	return sqlite3_step(s) == SQLITE_DONE ? 0 : fail(r, e);
}

int records_get_fact(struct records *r, const struct digest *of, const char *topic, struct arena *a,
		     struct str *out, struct err **e)
{
	AUTO(statement_free) sqlite3_stmt *s = NULL;
	int code = prepare(r, "SELECT fact FROM facts WHERE digest = ?1 AND topic = ?2", &s, e);
	if (code < 0)
		return code;
	bind_row(s, of, str_of(topic));
	int result = sqlite3_step(s);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return fail(r, e);
	if (result == SQLITE_DONE)
		return err_set(e, ERR_ABSENT, "no %s is known of %s", topic, digest_text(of).hex);
	*out = arena_str(a, column_str(s, 0));
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
