/* cache/validator.c - what is remembered of the last answer for a file of a channel. */
#include "cache/validator.h"
#include "cache/address.h"
#include "specs/base/clock.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include <sys/stat.h>

enum { MAX_AGE = 24 * 3600 };

void validator_done(struct validator *v)
{
	buf_done(&v->file);
	buf_done(&v->etag);
	buf_done(&v->modified);
}

static void set_text(struct buf *b, const char *text)
{
	buf_clear(b);
	buf_add_text(b, text ? text : "");
}

static void parse(struct validator *v, const cJSON *doc)
{
	const char *source = json_text(doc, "source");
	set_text(&v->file, json_text(doc, "file"));
	set_text(&v->etag, json_text(doc, "etag"));
	set_text(&v->modified, json_text(doc, "last_modified"));
	if (!json_u64(doc, "asked_ms", &v->asked_ms) || !json_u64(doc, "max_age", &v->max_age_s))
		v->asked_ms = v->max_age_s = 0;
	v->known = source && v->file.n && digest_parse(str_of(source), &v->source);
	v->absent = !v->known && cJSON_IsTrue(json_get(doc, "absent"));
}

void validator_read(const char *path, struct validator *v)
{
	AUTO(buf_done) struct buf text = BUF(64 << 10);
	AUTO(json_free) cJSON *doc = NULL;
	v->known = v->absent = false;
	if (fs_read(path, &text, NULL) == 0 && json_parse(buf_str(&text), path, &doc, NULL) == 0)
		parse(v, doc);
}

int validator_write(const char *path, struct str url, const struct validator *v, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(64 << 10);
	struct json_out j = {&text, false};
	json_open(&j, NULL, '{');
	json_put_str(&j, "url", url);
	json_put_bool(&j, "absent", v->absent);
	json_put_str(&j, "file", buf_str(&v->file));
	json_put_str(&j, "etag", buf_str(&v->etag));
	json_put_str(&j, "last_modified", buf_str(&v->modified));
	json_put_u64(&j, "asked_ms", v->asked_ms);
	json_put_u64(&j, "max_age", v->max_age_s);
	if (v->known)
		json_put_text(&j, "source", digest_text(&v->source).hex);
	json_close(&j, '}');
	return fs_write(path, buf_str(&text), 0600, e);
}

/* "public, max-age=1200": seconds for which nobody needs to ask again. */
static uint64_t max_age(const struct http_answer *a)
{
	struct str rest = http_header(a, "cache-control"), word;
	uint64_t s = 0, found = 0;
	while (rest.n) {
		str_cut(&rest, ',', &word);
		word = str_trim(word);
		if (str_is(word, "no-cache") || str_is(word, "no-store"))
			return 0;
		if (str_starts(word, "max-age=") && str_u64(str_from(word, 8), &s))
			found = s;
	}
	return found < MAX_AGE ? found : MAX_AGE;
}

bool validator_is_fresh(const struct validator *v, uint64_t since_ms)
{
	uint64_t now = clock_wall_ms();
	if ((!v->known && !v->absent) || v->asked_ms > now)
		return false;
	return now - v->asked_ms < v->max_age_s * 1000 || (since_ms && v->asked_ms >= since_ms);
}

void validator_set_absent(struct validator *v)
{
	v->known = false;
	v->absent = true;
	v->asked_ms = clock_wall_ms();
	v->max_age_s = 0;
	buf_clear(&v->file);
	buf_clear(&v->etag);
	buf_clear(&v->modified);
}

void question_done(struct question *q)
{
	buf_done(&q->url);
	buf_done(&q->if_none);
	buf_done(&q->if_since);
	buf_done(&q->tag);
}

/* What stands for an ETag of a file; empty when there is none. */
static void file_tag(const char *url, struct buf *out)
{
	AUTO(buf_done) struct buf path = BUF(BUF_UNLIMITED);
	struct stat st;
	buf_clear(out);
	if (address_file(&path, str_of(url)) && stat(path.data, &st) == 0)
		buf_printf(out, "%llu-%lld.%09ld-%llu", (unsigned long long)st.st_size,
			   (long long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec,
			   (unsigned long long)st.st_ino);
}

void question_set(struct question *q, const struct validator *v, struct str folder,
		  const char *file)
{
	size_t n = 0;
	buf_printf(&q->url, "%.*s%s", STR_ARG(folder), file);
	file_tag(q->url.data, &q->tag);
	if (!v->known || strcmp(v->file.data, file) != 0)
		return;
	q->same = q->tag.n && str_eq(buf_str(&q->tag), buf_str(&v->etag));
	buf_printf(&q->if_none, "If-None-Match: %s", v->etag.data);
	buf_printf(&q->if_since, "If-Modified-Since: %s", v->modified.data);
	if (v->etag.n)
		q->headers[n++] = q->if_none.data;
	else if (v->modified.n)
		q->headers[n++] = q->if_since.data;
}

void validator_remember(struct validator *v, const char *file, const struct question *q,
			const struct http_answer *a)
{
	struct str etag = http_header(a, "etag"), modified = http_header(a, "last-modified");
	v->asked_ms = clock_wall_ms();
	v->max_age_s = max_age(a);
	set_text(&v->file, file);
	if (a->status == 304)
		return;
	buf_clear(&v->etag);
	buf_add_str(&v->etag, q->tag.n ? buf_str(&q->tag) : etag);
	buf_clear(&v->modified);
	buf_add_str(&v->modified, modified);
}
