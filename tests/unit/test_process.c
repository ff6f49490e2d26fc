/* tests/unit/test_process.c - programs that end, fail, hang and leave children behind. */
#include "specs/base/clock.h"
#include "specs/base/process.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/personality.h>

#include <cmocka.h>

static int run(const char *script, unsigned timeout_ms, bool together, struct process_result *r,
	       struct err **e)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	return process_run(&(struct process_request){argv, NULL, NULL}, timeout_ms, together, r, e);
}

static void tells_how_a_program_ended(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		int status;
		const char *out, *text;
	} rows[] = {
		{"echo a; echo b >&2", 0, "a\n", "b\n"},
		{"exit 7", 7, "", ""},
		{"kill -9 $$", 128 + 9, "", ""},
		{"cat; echo end", 0, "end\n", ""},
		{"exec >&- 2>&-; sleep 0.1; exit 3", 3, "", ""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
		assert_int_equal(run(rows[i].script, 20000, false, &r, NULL), 0);
		assert_int_equal(r.status, rows[i].status);
		assert_string_equal(r.out.data, rows[i].out);
		assert_string_equal(r.text.data, rows[i].text);
		assert_false(r.cut);
	}
}

/* ADDR_NO_RANDOMIZE, which a container may forbid: then nothing of it is to be seen. */
static void memory_lies_where_it_always_does_if_asked_for(void **state)
{
	(void)state;
	const char *argv[] = {"cat", "/proc/self/personality", NULL};
	int before = personality(0xffffffff);
	if (personality((unsigned long)before | ADDR_NO_RANDOMIZE) < 0)
		skip();
	personality((unsigned long)before);
	for (int fixed = 0; fixed < 2; fixed++) {
		AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
		struct process_request q = {.argv = argv, .fixed_addresses = fixed};
		assert_int_equal(process_run(&q, 20000, false, &r, NULL), 0);
		bool is = strtoul(r.out.data, NULL, 16) & ADDR_NO_RANDOMIZE;
		assert_int_equal(is, fixed || (before & ADDR_NO_RANDOMIZE));
	}
	assert_int_equal(personality(0xffffffff), before);
}

static void keeps_both_streams_in_order(void **state)
{
	(void)state;
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
	assert_int_equal(run("echo 1; echo 2 >&2; echo 3", 20000, true, &r, NULL), 0);
	assert_string_equal(r.out.data, "1\n2\n3\n");
}

static void a_long_output_is_cut_and_read_to_its_end(void **state)
{
	(void)state;
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
	assert_int_equal(run("yes | head -c 1000000; exit 5", 20000, false, &r, NULL), 0);
	assert_int_equal(r.status, 5);
	assert_true(r.cut);
	assert_int_equal(r.out.n, 999);
	assert_false(r.out.failed);
}

static void both_ends_of_a_long_output_are_kept(void **state)
{
	static const struct {
		const char *script, *ends;
		bool cut;
	} rows[] = {
		{"echo first; yes | head -c 1000000; echo last", "y\nlast\n", true},
		{"echo first; yes | head -c 1000; echo last", "y\nlast\n", true},
		{"echo first; yes | head -c 900; echo last", "y\nlast\n", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
		AUTO(buf_done) struct buf note = BUF(100);
		r.both_ends = true;
		assert_int_equal(run(rows[i].script, 20000, true, &r, NULL), 0);
		assert_int_equal(r.cut, rows[i].cut);
		assert_int_equal(r.left_out > 0, rows[i].cut);
		assert_true(r.out.n < 1000 && !r.out.failed);
		assert_true(str_starts(buf_str(&r.out), "first\ny\n"));
		assert_true(str_ends(buf_str(&r.out), rows[i].ends));
		buf_printf(&note, "\n... %llu bytes left out ...\n",
			   (unsigned long long)r.left_out);
		assert_int_equal(strstr(r.out.data, note.data) != NULL, rows[i].cut);
	}
}

static void takes_environment_and_folder(void **state)
{
	(void)state;
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
	const char *argv[] = {"/bin/sh", "-c", "echo $A; pwd; echo \"$HOME\"", NULL};
	const char *env[] = {"A=1", NULL};
	assert_int_equal(
		process_run(&(struct process_request){argv, env, "/usr"}, 0, false, &r, NULL), 0);
	assert_string_equal(r.out.data, "1\n/usr\n\n");
}

static void names_the_program_that_is_absent(void **state)
{
	(void)state;
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
	AUTO(err_free) struct err *e = NULL;
	const char *argv[] = {"kiln-no-such-program", NULL};
	assert_int_equal(process_run(&(struct process_request){argv, NULL, NULL}, 0, false, &r, &e),
			 ERR_ABSENT);
	assert_non_null(strstr(e->text, "kiln-no-such-program"));
}

static void stops_what_takes_too_long_with_its_children(void **state)
{
	(void)state;
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
	double begin = clock_seconds();
	assert_int_equal(run("sleep 50 & echo $!; sleep 50", 300, false, &r, NULL), ERR_TIMEOUT);
	assert_true(clock_seconds() - begin < 10);
	pid_t child = (pid_t)atoi(r.out.data);
	assert_true(child > 1);
	for (int i = 0; i < 100 && kill(child, 0) == 0; i++)
		usleep(20000); /* until somebody reaps it */
	assert_true(kill(child, 0) < 0 || getpgid(child) != child);
}

static void does_not_wait_for_children_left_behind(void **state)
{
	(void)state;
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(1000);
	double begin = clock_seconds();
	assert_int_equal(run("sleep 50 & echo done", 30000, false, &r, NULL), 0);
	assert_string_equal(r.out.data, "done\n");
	assert_true(clock_seconds() - begin < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_how_a_program_ended),
		cmocka_unit_test(memory_lies_where_it_always_does_if_asked_for),
		cmocka_unit_test(keeps_both_streams_in_order),
		cmocka_unit_test(a_long_output_is_cut_and_read_to_its_end),
		cmocka_unit_test(both_ends_of_a_long_output_are_kept),
		cmocka_unit_test(takes_environment_and_folder),
		cmocka_unit_test(names_the_program_that_is_absent),
		cmocka_unit_test(stops_what_takes_too_long_with_its_children),
		cmocka_unit_test(does_not_wait_for_children_left_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
