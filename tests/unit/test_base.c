/* tests/unit/test_base.c - errors, buffers, digests, files, JSON, workers. */
#include "specs/base/arena.h"
#include "specs/base/digest.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include "specs/base/url.h"
#include "specs/base/vec.h"
#include "specs/base/workers.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static void an_error_prints_its_causes_on_one_line(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(err_set(&e, ERR_DIGEST, "blob %d\n", 7), ERR_DIGEST);
	assert_int_equal(err_wrap(&e, ERR_DIGEST, "layer"), ERR_DIGEST);
	AUTO(free) char *line = err_line(e);
	assert_string_equal(line, "layer: blob 7 ");
	assert_int_equal(err_exit_status(e->code), 6);
}

static void a_wrapped_error_has_the_code_of_its_line(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	err_set(&e, ERR_ABSENT, "HTTP 404");
	assert_int_equal(err_wrap(&e, ERR_NET, "channel"), ERR_NET);
	assert_int_equal(e->code, ERR_NET);
	assert_int_equal(e->cause->code, ERR_ABSENT);
	/* Nobody wants the text: the code is still the caller's. */
	assert_int_equal(err_wrap(NULL, ERR_ABSENT, "channel"), ERR_ABSENT);
}

static void a_system_error_carries_errno(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	errno = ENOENT;
	assert_int_equal(err_sys(&e, "f"), ERR_ABSENT);
	assert_int_equal(e->sys, ENOENT);
	assert_string_equal(e->text, "f: No such file or directory");
}

static void a_buffer_whose_room_is_not_used_ends_in_zero(void **state)
{
	AUTO(free) char *junk = mem_alloc(1000);
	AUTO(buf_done) struct buf b = BUF(4096);
	(void)state;
	memset(junk, 'x', 1000);
	free(STEAL(&junk)); /* what the room is likely made of */
	assert_non_null(buf_room(&b, 900));
	assert_int_equal(b.data[0], 0);
	AUTO(free) char *text = buf_take(&b);
	assert_string_equal(text, "");
}

static void a_buffer_stays_failed_past_its_maximum(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	AUTO(buf_done) struct buf b = BUF(4);
	buf_add_text(&b, "abcd");
	assert_int_equal(buf_check(&b, "b", &e), 0);
	buf_add_char(&b, 'e');
	assert_string_equal(b.data, "abcd");
	assert_int_equal(buf_check(&b, "b", &e), ERR_LIMIT);
}

static void slices_are_cut_and_trimmed(void **state)
{
	(void)state;
	struct str s = str_trim(str_of("  a=b=c \n")), head;
	assert_true(str_cut(&s, '=', &head));
	assert_true(str_is(head, "a") && str_is(s, "b=c"));
	s = str_of("x");
	assert_false(str_cut(&s, '=', &head));
	assert_true(str_is(head, "x") && s.n == 0);
	uint64_t n;
	assert_true(str_u64(str_of("18446744073709551615"), &n) && n == UINT64_MAX);
	assert_false(str_u64(str_of("18446744073709551616"), &n));
	assert_false(str_u64(str_of("1a"), &n) || str_u64(str_of(""), &n));
}

static void a_character_is_shown_whole_or_not(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{"ab", "a"},
		{"", "?"},
		{"\n", "?"},
		{"\x7f", "?"},
		{"\xc3\xa4x", "\xc3\xa4"},
		{"\xc3", "?"},
		{"\xc3z", "?"},
		{"\xa4", "?"},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		{"\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7"},
		{"\xff\xff\xff\xff", "?"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(str_is(str_character(str_of(rows[i].text)), rows[i].shown));
}

static void addresses_lose_their_secrets(void **state)
{
	(void)state;
	static const struct {
		const char *text, *plain, *index; /* index: of no channel; NULL: the same */
	} rows[] = {
		{"https://h/c", "https://h/c"},
		{"https://u:p@h/c", "https://h/c"},
		{"https://u:p@h/t/tk/t/t/tqdm/x.whl", "https://h/tqdm/x.whl",
		 "https://h/tqdm/x.whl"},
		{"https://h/source/t/tqdm/x.whl", "https://h/source/x.whl",
		 "https://h/source/t/tqdm/x.whl"},
		{"https://h/source/t/x-1.whl#sha256=00", "https://h/source/t/x-1.whl#sha256=00"},
		{"https://h/t/x-1.0.whl", "https://h/t/x-1.0.whl"},
		{"https://h/t/tk?a=b", "https://h?a=b", "https://h/t/tk?a=b"},
		{"file:///srv/t/tk/c", "file:///srv/t/tk/c"},
		{"https://u:p@x@h/c@d", "https://h/c@d"},
		{"https://h/t/tk-1/c", "https://h/c"},
		{"https://h/a/t/tk-1/c", "https://h/a/c", "https://h/a/t/tk-1/c"},
		{"https://h/t/a/t/b/c", "https://h/c"},
		{"https://h/t/t/t/b/c", "https://h/c"},
		{"https://h/t/tk", "https://h", "https://h/t/tk"},
		{"https://h/t/aaa.bbb.ccc/c", "https://h/c"},
		{"https://h/t/tk/", "https://h/"},
		{"git+https://h/t/pkg@v1", "git+https://h", "git+https://h/t/pkg@v1"},
		{"https://h/t//c", "https://h/t//c"},
		{"name/t/x/y", "name/t/x/y"},
		{"://h/t/x", "://h/t/x"},
		{"", ""},
	};
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str text = str_of(rows[i].text), got = url_without_secrets(&a, text),
			   index = url_without_login(&a, text);
		if (!str_is(got, rows[i].plain))
			fail_msg("%s gives %.*s", rows[i].text, STR_ARG(got));
		if (!str_is(index, rows[i].index ? rows[i].index : rows[i].plain))
			fail_msg("%s of an index gives %.*s", rows[i].text, STR_ARG(index));
	}
}

static void addresses_in_a_message_lose_their_secrets(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{"An index (https://h/t/tk) was not asked", "An index (https://h) was not asked"},
		{"`https://u:p@h/t/tk/c`, 'git+https://u:p@h/t/tk'.",
		 "`https://h/c`, 'git+https://h'."},
		{"two:\nhttp://h/t/tk/\thttp://u@h.", "two:\nhttp://h/\thttp://h."},
		{"<a href=\"https://u:p)@h/t/tk\">", "<a href=\"https://h\">"},
		{"file:///t/tk and a/t/tk", "file:///t/tk and a/t/tk"},
		{"://", "://"},
		{"a://", "a://"},
		{"a ://h/t/tk", "a ://h/t/tk"},
		{"", ""},
	};
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str got = url_text_without_secrets(&a, str_of(rows[i].text));
		if (!str_is(got, rows[i].shown))
			fail_msg("%s gives %.*s", rows[i].text, STR_ARG(got));
	}
}

static void a_digest_reads_what_it_writes(void **state)
{
	(void)state;
	struct digest d, again;
	digest_of("abc", 3, &d);
	assert_string_equal(digest_text(&d).hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(digest_parse(str_of(digest_text(&d).hex), &again) && digest_eq(&d, &again));
	assert_false(digest_parse(str_of("sha256:ba"), &again));
}

static void a_file_stands_only_after_its_commit(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	AUTO(free) char *dir = NULL;
	assert_int_equal(fs_temp_dir("/tmp", &dir, &e), 0);
	AUTO(free) char *path = fs_join(dir, "a/b/c");
	AUTO(free) char *parent = fs_join(dir, "a/b");
	assert_int_equal(fs_make_dirs(parent, 0755, &e), 0);
	struct fs_file f = FS_FILE;
	assert_int_equal(fs_file_open(&f, path, 0644, &e), 0);
	assert_int_equal(fs_write_fd(f.fd, "x", 1, &e), 0);
	fs_file_done(&f);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(fs_write(path, STR("hello"), 0644, &e), 0);
	AUTO(buf_done) struct buf b = BUF(100);
	assert_int_equal(fs_read(path, &b, &e), 0);
	assert_string_equal(b.data, "hello");
	AUTO(buf_done) struct buf small = BUF(4);
	assert_int_equal(fs_read(path, &small, &e), ERR_LIMIT);
	err_clear(&e);
	assert_int_equal(fs_remove(dir, &e), 0);
	assert_int_equal(fs_remove(dir, &e), 0);
}

static void a_folder_goes_with_what_is_sealed_in_it(void **state)
{
	(void)state;
	AUTO(free) char *dir = NULL;
	AUTO(err_free) struct err *e = NULL;
	uid_t was = geteuid(), nobody = 65534;
	assert_int_equal(fs_temp_dir("/tmp", &dir, &e), 0);
	/* root may remove anything */
	assert_true(was != 0 || (chown(dir, nobody, nobody) == 0 && seteuid(nobody) == 0));
	AUTO(free) char *sealed = fs_join(dir, "sealed");
	AUTO(free) char *deep = fs_join(sealed, "deep");
	AUTO(free) char *file = fs_join(deep, "file");
	int made = fs_make_dirs(deep, 0755, NULL) + fs_write(file, STR("x"), 0444, NULL);
	made += chmod(deep, 0555) + chmod(sealed, 0555);
	int removed = fs_remove(sealed, NULL);
	assert_int_equal(seteuid(was), 0);
	assert_int_equal(made, 0);
	assert_int_equal(removed, 0);
	assert_int_equal(access(sealed, F_OK), -1);
	assert_int_equal(fs_remove(dir, &e), 0);
}

static void json_refuses_doubled_keys_and_rests(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"a\":1,\"a\":2}", "[{\"x\":{\"k\":1,\"k\":1}}]", "{} x", "{", "", "nul"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO(err_free) struct err *e = NULL;
		cJSON *doc = NULL;
		assert_int_equal(json_parse(str_of(bad[i]), "doc", &doc, &e), ERR_CORRUPT);
	}
}

static void json_writes_what_it_read(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	AUTO(json_free) cJSON *doc = NULL;
	const char *text = "{\"a\":[1,2.5,\"x\\\"\\n\"],\"b\":{\"c\":null,\"d\":true}}";
	assert_int_equal(json_parse(str_of(text), "doc", &doc, &e), 0);
	AUTO(buf_done) struct buf out = BUF(1000);
	struct json_out j = {.to = &out};
	json_put_value(&j, NULL, doc);
	assert_string_equal(out.data, text);
	uint64_t n;
	assert_false(json_u64(doc, "a", &n));
}

static int count_up(void *cookie, size_t i, struct err **e)
{
	atomic_size_t *sum = cookie;
	atomic_fetch_add(sum, i);
	return i == 1000 ? err_set(e, ERR_FAILED, "at %zu", i) : 0;
}

static void workers_do_every_job_once_or_report_the_failure(void **state)
{
	(void)state;
	AUTO(err_free) struct err *e = NULL;
	atomic_size_t sum = 0;
	assert_int_equal(workers_run(4, 100, count_up, &sum, &e), 0);
	assert_int_equal(sum, 4950);
	assert_int_equal(workers_run(4, 2000, count_up, &sum, &e), ERR_FAILED);
	assert_string_equal(e->text, "at 1000");
}

static void an_arena_and_a_vector_keep_what_they_are_given(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	VEC(struct str) v = {0};
	for (int i = 0; i < 5000; i++)
		VEC_PUSH(&v, arena_printf(&a, "%d", i));
	for (int i = 0; i < 5000; i++) {
		char want[16];
		snprintf(want, sizeof(want), "%d", i);
		assert_true(str_is(v.v[i], want));
	}
	VEC_DONE(&v);
	arena_wipe(&a);
	assert_string_equal(arena_printf(&a, "%d", 7).p, "7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_prints_its_causes_on_one_line),
		cmocka_unit_test(a_wrapped_error_has_the_code_of_its_line),
		cmocka_unit_test(a_system_error_carries_errno),
		cmocka_unit_test(a_buffer_whose_room_is_not_used_ends_in_zero),
		cmocka_unit_test(a_buffer_stays_failed_past_its_maximum),
		cmocka_unit_test(slices_are_cut_and_trimmed),
		cmocka_unit_test(a_character_is_shown_whole_or_not),
		cmocka_unit_test(addresses_lose_their_secrets),
		cmocka_unit_test(addresses_in_a_message_lose_their_secrets),
		cmocka_unit_test(a_digest_reads_what_it_writes),
		cmocka_unit_test(a_file_stands_only_after_its_commit),
		cmocka_unit_test(a_folder_goes_with_what_is_sealed_in_it),
		cmocka_unit_test(json_refuses_doubled_keys_and_rests),
		cmocka_unit_test(json_writes_what_it_read),
		cmocka_unit_test(workers_do_every_job_once_or_report_the_failure),
		cmocka_unit_test(an_arena_and_a_vector_keep_what_they_are_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
