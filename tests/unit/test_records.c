/* tests/unit/test_records.c - what was built, and small blobs. */
#include "cache/records.h"
#include "cache/store.h"
#include "specs/base/clock.h"
#include "specs/base/workers.h"
#include "tests/fake/folder.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct built built_of(const char *text)
{
	struct built b = {.destination = STR("host/repo"), .size = 7, .summary = STR("{\"a\":1}")};
	digest_of(text, strlen(text), &b.key);
	digest_of("manifest", 8, &b.manifest);
	digest_of("lock", 4, &b.lock);
	return b;
}

static int count_one(void *cookie, const struct built *b, struct err **e)
{
	(void)b, (void)e;
	++*(size_t *)cookie;
	return 0;
}

static size_t count(struct records *r)
{
	size_t n = 0;
	assert_int_equal(records_each(r, count_one, &n, NULL), 0);
	return n;
}

static void remembers_what_was_built(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(records_close) struct records *r = NULL;
	AUTO(err_free) struct err *e = NULL;
	struct built b = built_of("one"), got;
	assert_int_equal(records_open(folder, &r, NULL), 0);
	assert_int_equal(records_get(r, &b.key, b.destination, &a, &got, &e), ERR_ABSENT);
	assert_int_equal(records_put(r, &b, NULL), 0);
	b.size = 8;
	assert_int_equal(records_put(r, &b, NULL), 0);
	records_close(STEAL(&r));
	assert_int_equal(records_open(folder, &r, NULL), 0);
	assert_int_equal(records_get(r, &b.key, b.destination, &a, &got, NULL), 0);
	assert_int_equal(got.size, 8);
	assert_true(digest_eq(&got.manifest, &b.manifest) && digest_eq(&got.lock, &b.lock));
	assert_true(str_eq(got.summary, b.summary) && got.built_s > 1000000000);
	assert_int_equal(records_get(r, &b.key, STR("host/other"), &a, &got, NULL), ERR_ABSENT);
	assert_int_equal(count(r), 1);
	/* The newest of the key, wherever it went. */
	struct built newer = b;
	newer.destination = STR("host/newer");
	newer.built_s = got.built_s + 60;
	assert_int_equal(records_put(r, &newer, NULL), 0);
	assert_int_equal(records_find(r, &b.key, &a, &got, NULL), 0);
	assert_true(str_is(got.destination, "host/newer"));
	assert_int_equal(records_find(r, &b.lock, &a, &got, NULL), ERR_ABSENT);
	assert_int_equal(records_forget(r, &b.key, newer.destination, NULL), 0);
	assert_int_equal(records_forget(r, &b.key, b.destination, NULL), 0);
	assert_int_equal(records_forget(r, &b.key, b.destination, NULL), 0);
	assert_int_equal(count(r), 0);
}

static void remembers_what_was_found_in_bytes(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(records_close) struct records *r = NULL;
	AUTO(err_free) struct err *e = NULL;
	struct digest one, two;
	struct str got;
	digest_of("one", 3, &one);
	digest_of("two", 3, &two);
	assert_int_equal(records_open(folder, &r, NULL), 0);
	assert_int_equal(records_get_fact(r, &one, "libc", &a, &got, &e), ERR_ABSENT);
	assert_int_equal(records_put_fact(r, &one, "libc", STR("glibc 2.31"), NULL), 0);
	assert_int_equal(records_put_fact(r, &one, "libc", STR("glibc 2.36"), NULL), 0);
	records_close(STEAL(&r));
	assert_int_equal(records_open(folder, &r, NULL), 0);
	assert_int_equal(records_get_fact(r, &one, "libc", &a, &got, NULL), 0);
	assert_true(str_is(got, "glibc 2.36"));
	assert_int_equal(records_get_fact(r, &one, "other", &a, &got, NULL), ERR_ABSENT);
	assert_int_equal(records_get_fact(r, &two, "libc", &a, &got, NULL), ERR_ABSENT);
}

static void knows_what_a_name_stood_for(void **state)
{
	(void)state;
	AUTO(records_close) struct records *r = NULL;
	struct digest one, two, got;
	digest_of("one", 3, &one);
	digest_of("two", 3, &two);
	assert_int_equal(records_open(folder, &r, NULL), 0);
	assert_int_equal(records_get_name(r, STR("h.example/a:1"), &got, NULL), ERR_ABSENT);
	assert_int_equal(records_put_name(r, STR("h.example/a:1"), &one, NULL), 0);
	assert_int_equal(records_put_name(r, STR("h.example/a:1"), &two, NULL), 0);
	assert_int_equal(records_get_name(r, STR("h.example/a:1"), &got, NULL), 0);
	assert_true(digest_eq(&got, &two));
	assert_int_equal(records_get_name(r, STR("h.example/a"), &got, NULL), ERR_ABSENT);
}

static off_t log_size(void)
{
	AUTO(free) char *path = fs_join(folder, "records.db-wal");
	struct stat st;
	return stat(path, &st) < 0 ? -1 : st.st_size;
}

static void what_is_known_of_a_name_is_not_written_again(void **state)
{
	(void)state;
	AUTO(records_close) struct records *r = NULL;
	struct digest one;
	digest_of("one", 3, &one);
	assert_int_equal(records_open(folder, &r, NULL), 0);
	assert_int_equal(records_put_name(r, STR("h.example/a:1"), &one, NULL), 0);
	off_t size = log_size();
	assert_true(size > 0);
	assert_int_equal(records_put_name(r, STR("h.example/a:1"), &one, NULL), 0);
	assert_int_equal(log_size(), size);
	assert_int_equal(records_put_name(r, STR("h.example/a:2"), &one, NULL), 0);
	assert_true(log_size() > size);
}

static int take_text(void *to, const void *p, size_t n, struct err **e)
{
	buf_add(to, p, n);
	return buf_check(to, "blob", e);
}

static void keeps_large_blobs_by_a_second_name(void **state)
{
	(void)state;
	AUTO(free) char *file = fs_join(folder, "layer");
	AUTO(buf_done) struct buf got = BUF(100);
	struct digest d;
	digest_of("layer bytes", 11, &d);
	assert_int_equal(fs_write(file, STR("layer bytes"), 0600, NULL), 0);
	assert_false(store_has(folder, &d, 11));
	assert_int_equal(store_read(folder, &d, 0, take_text, &got, NULL), ERR_ABSENT);
	assert_true(store_link(folder, &d, file));
	assert_true(store_link(folder, &d, file));
	assert_true(store_has(folder, &d, 11));
	assert_false(store_has(folder, &d, 10));
	fs_remove(file, NULL);
	assert_int_equal(store_read(folder, &d, 6, take_text, &got, NULL), 0);
	assert_string_equal(got.data, "bytes");
	store_forget(folder, &d);
	assert_false(store_has(folder, &d, 11));
	assert_false(store_link(folder, &d, file));
}

static int put_some(void *cookie, size_t i, struct err **e)
{
	char text[32];
	(void)cookie;
	AUTO(records_close) struct records *r = NULL;
	AUTO(free) char *shared = fs_join(folder, "shared");
	int code = records_open(shared, &r, e);
	for (int j = 0; code >= 0 && j < 5; j++) {
		snprintf(text, sizeof(text), "%zu-%d", i, j);
		struct built b = built_of(text);
		code = records_put(r, &b, e);
	}
	return code;
}

static void lets_many_write_at_once(void **state)
{
	(void)state;
	AUTO(records_close) struct records *r = NULL;
	AUTO(free) char *shared = fs_join(folder, "shared");
	AUTO(err_free) struct err *e = NULL;
	if (workers_run(8, 16, put_some, NULL, &e) < 0)
		fail_msg("%s", e->text);
	assert_int_equal(records_open(shared, &r, NULL), 0);
	assert_int_equal(count(r), 16 * 5);
}

static void starts_anew_when_the_file_is_no_database(void **state)
{
	(void)state;
	AUTO(records_close) struct records *r = NULL;
	AUTO(free) char *dir = fs_join(folder, "broken");
	AUTO(free) char *path = fs_join(dir, "records.db");
	struct built b = built_of("x");
	assert_int_equal(fs_make_dirs(dir, 0700, NULL), 0);
	assert_int_equal(
		fs_write(path, STR("this is no database, but long enough to be"), 0600, NULL), 0);
	assert_int_equal(records_open(dir, &r, NULL), 0);
	assert_int_equal(records_put(r, &b, NULL), 0);
	assert_int_equal(count(r), 1);
}

/* A database of several pages: what was built, facts and names. */
static void fill(const char *dir)
{
	AUTO(records_close) struct records *r = NULL;
	char text[32];
	assert_int_equal(records_open(dir, &r, NULL), 0);
	for (unsigned i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "row-%u", i);
		struct built b = built_of(text);
		assert_int_equal(records_put(r, &b, NULL), 0);
		assert_int_equal(records_put_fact(r, &b.key, "libc", STR("glibc 2.36"), NULL), 0);
	}
}

static void passes(int code, struct err **e, size_t at)
{
	if (code < 0 && code != ERR_ABSENT)
		fail_msg("damage at %zu: %s", at, (*e)->text);
	err_clear(e);
}

/* Every kind of statement succeeds, or finds nothing. */
static void use(const char *dir, size_t at)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(records_close) struct records *r = NULL;
	AUTO(err_free) struct err *e = NULL;
	struct built b = built_of("row-7"), got;
	struct str fact;
	size_t n = 0;
	passes(records_open(dir, &r, &e), &e, at);
	passes(records_get_fact(r, &b.key, "libc", &a, &fact, &e), &e, at);
	passes(records_get(r, &b.key, b.destination, &a, &got, &e), &e, at);
	passes(records_each(r, count_one, &n, &e), &e, at);
	passes(records_put_fact(r, &b.key, "libc", STR("x"), &e), &e, at);
	passes(records_put(r, &b, &e), &e, at);
	assert_int_equal(records_find(r, &b.key, &a, &got, NULL), 0);
}

static void starts_anew_when_any_page_is_damaged(void **state)
{
	(void)state;
	enum { HEADER = 100, STEP = 797, PAGE = 4096 };
	AUTO(free) char *dir = fs_join(folder, "damaged");
	AUTO(free) char *path = fs_join(dir, "records.db");
	AUTO(buf_done) struct buf sound = BUF(1 << 20);
	fill(dir);
	assert_int_equal(fs_read(path, &sound, NULL), 0);
	assert_true(sound.n > 4 * (size_t)PAGE);
	for (size_t at = 0; at < sound.n; at += at < HEADER ? 2 : STEP) {
		AUTO(buf_done) struct buf bytes = BUF(1 << 20);
		buf_add_str(&bytes, buf_str(&sound));
		size_t n = at / STEP % 3 == 0 || at < HEADER ? 1 : sound.n - at;
		memset(bytes.data + at, bytes.data[at] ^ 0xff, n < PAGE ? n : PAGE);
		assert_int_equal(fs_remove(dir, NULL), 0);
		assert_int_equal(fs_make_dirs(dir, 0700, NULL), 0);
		assert_int_equal(fs_place(path, buf_str(&bytes), 0600, NULL), 0);
		use(dir, at);
		use(dir, at);
	}
}

static void what_another_process_made_anew_is_kept(void **state)
{
	(void)state;
	AUTO(records_close) struct records *one = NULL;
	AUTO(records_close) struct records *two = NULL;
	AUTO(free) char *dir = fs_join(folder, "both");
	AUTO(free) char *path = fs_join(dir, "records.db");
	AUTO(buf_done) struct buf bytes = BUF(1 << 20);
	struct built b = built_of("new");
	fill(dir);
	assert_int_equal(fs_read(path, &bytes, NULL), 0);
	memset(bytes.data + 4096, 0xff, bytes.n - 4096);
	assert_int_equal(fs_write(path, buf_str(&bytes), 0600, NULL), 0);
	assert_int_equal(records_open(dir, &one, NULL), 0);
	assert_int_equal(records_open(dir, &two, NULL), 0);
	assert_int_equal(records_put(one, &b, NULL), 0);
	assert_int_equal(count(two), 1);
}

static void answers_within_a_few_milliseconds(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct built b = built_of("fast"), got;
	double best = 1;
	for (int i = 0; i < 10; i++) {
		double from = clock_seconds();
		AUTO(records_close) struct records *r = NULL;
		assert_int_equal(records_open(folder, &r, NULL), 0);
		records_get(r, &b.key, b.destination, &a, &got, NULL);
		double s = clock_seconds() - from;
		best = s < best ? s : best;
	}
	print_message("open and get: %.2f ms\n", best * 1000);
	assert_true(best < 0.02);
}

static void keeps_blobs_and_sees_when_they_changed(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf got = BUF(1000);
	struct digest d, none = {{0}};
	assert_int_equal(store_put(folder, STR("blob"), &d, NULL), 0);
	assert_int_equal(store_get(folder, &d, &got, NULL), 0);
	assert_string_equal(got.data, "blob");
	assert_int_equal(store_get(folder, &none, &got, NULL), ERR_ABSENT);
	struct buf path = BUF(4096);
	buf_printf(&path, "%s/blobs/sha256/%s", folder, digest_text(&d).hex);
	assert_int_equal(fs_write(path.data, STR("blub"), 0600, NULL), 0);
	assert_int_equal(store_get(folder, &d, &got, NULL), ERR_ABSENT);
	assert_int_equal(access(path.data, F_OK), -1);
	assert_int_equal(store_put(folder, STR("blob"), NULL, NULL), 0);
	assert_int_equal(store_get(folder, &d, &got, NULL), 0);
	buf_done(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers_what_was_built),
		cmocka_unit_test(remembers_what_was_found_in_bytes),
		cmocka_unit_test(knows_what_a_name_stood_for),
		cmocka_unit_test(what_is_known_of_a_name_is_not_written_again),
		cmocka_unit_test(keeps_large_blobs_by_a_second_name),
		cmocka_unit_test(lets_many_write_at_once),
		cmocka_unit_test(starts_anew_when_the_file_is_no_database),
		cmocka_unit_test(starts_anew_when_any_page_is_damaged),
		cmocka_unit_test(what_another_process_made_anew_is_kept),
		cmocka_unit_test(answers_within_a_few_milliseconds),
		cmocka_unit_test(keeps_blobs_and_sees_when_they_changed),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
