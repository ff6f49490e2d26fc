/* tests/unit/test_sandbox.c - what a program in the sandbox sees, and what it cannot reach. */
#include "builder/sandbox.h"
#include "specs/base/interrupt.h"
#include "tests/fake/folder.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static int set_up(void **state)
{
	if (folder_make(state) < 0)
		return -1;
	AUTO(free) char *file = fs_join(folder, "file");
	return chmod(folder, 0755) || fs_write(file, STR("content\n"), 0644, NULL) < 0;
}

static bool works(void)
{
	AUTO(err_free) struct err *e = NULL;
	if (sandbox_check(&e) == 0)
		return true;
	print_message("%s\n", e->text);
	return false;
}

static int run(const char *script, bool writable, unsigned timeout_ms, struct process_result *r)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	const char *env[] = {"PATH=/opt/env/bin:/usr/bin:/bin", "GIVEN=1", NULL};
	struct sandbox_bind bind = {folder, "/opt/env", writable};
	struct sandbox_request q = {
		.argv = argv,
		.env = env,
		.binds = &bind,
		.bind_count = 1,
		.epoch = 1700000000,
		.timeout_ms = timeout_ms,
		.together = true,
	};
	return sandbox_run(&q, r, NULL);
}

static void sees_its_tree_and_little_else(void **state)
{
	(void)state;
	static const struct {
		const char *script, *out;
	} rows[] = {
		{"cat /opt/env/file", "content\n"},
		{"echo $GIVEN $TZ $LC_ALL $PYTHONHASHSEED $SOURCE_DATE_EPOCH $HOME",
		 "1 UTC C.UTF-8 0 1700000000 /tmp\n"},
		{"echo $USER$LOGNAME$KILN_SECRET", "\n"},
		{"ls /home /srv /var 2>/dev/null; ls /tmp", ""},
		{"hostname 2>/dev/null || cat /proc/sys/kernel/hostname", "kiln\n"},
		{"grep -c : /proc/net/dev", "1\n"}, /* loopback only */
		{"touch /usr/bin/x 2>/dev/null || echo refused", "refused\n"},
		{"pwd; umask", "/\n0022\n"},
		{"id -u", "0\n"},
		{"echo out; echo text >&2", "out\ntext\n"},
		{"echo x >/tmp/x && cat /tmp/x", "x\n"},
	};
	if (!works())
		skip();
	setenv("KILN_SECRET", "hidden", 1);
	mode_t mask = umask(077);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(process_result_done) struct process_result r = PROCESS_RESULT(10000);
		assert_int_equal(run(rows[i].script, false, 20000, &r), 0);
		assert_string_equal(r.out.data, rows[i].out);
	}
	umask(mask);
}

static void writes_into_its_tree_only_when_it_may(void **state)
{
	(void)state;
	if (!works())
		skip();
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(10000);
	AUTO(free) char *made = fs_join(folder, "made");
	assert_int_equal(run("echo x >/opt/env/made", false, 20000, &r), 0);
	assert_true(r.status != 0);
	assert_int_equal(access(made, F_OK), -1);
	assert_int_equal(run("echo x >/opt/env/made; exit 3", true, 20000, &r), 0);
	assert_int_equal(r.status, 3);
	assert_int_equal(access(made, F_OK), 0);
}

static void stops_at_the_end_of_its_time(void **state)
{
	(void)state;
	if (!works())
		skip();
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(10000);
	assert_int_equal(run("echo begun; sleep 60 & sleep 60", false, 500, &r), ERR_TIMEOUT);
	assert_string_equal(r.out.data, "begun\n");
}

static void *interrupt_soon(void *at)
{
	usleep(300 * 1000);
	interrupt_raise();
	return at;
}

/* Last: an interrupt stays raised. */
static void stops_when_the_user_interrupts(void **state)
{
	(void)state;
	if (!works())
		skip();
	pthread_t thread;
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(10000);
	assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, NULL), 0);
	assert_int_equal(run("sleep 60", false, 60000, &r), ERR_INTERRUPTED);
	pthread_join(thread, NULL);
}

static void a_script_runs_the_same_with_words_of_its_own(void **state)
{
	const char *argv[] = {"sh", "-c", "cat; echo \"$GIVEN|$HOME|$SECRET|$1|$2\"; pwd", "sh",
			      NULL};
	const char *env[] = {"PATH=/usr/bin:/bin", "GIVEN=it's $HOME", NULL};
	struct sandbox_bind bind = {folder, folder, false};
	struct sandbox_request q = {.argv = argv, .env = env, .binds = &bind, .bind_count = 1};
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(10000);
	AUTO(buf_done) struct buf text = BUF(10000);
	AUTO(free) char *script = fs_join(folder, "a script");
	const char *command[] = {script, "one two", "'", NULL};
	(void)state;
	if (!works())
		skip();
	setenv("SECRET", "hidden", 1);
	assert_int_equal(sandbox_script(&q, &text, NULL), 0);
	assert_int_equal(fs_write(script, buf_str(&text), 0700, NULL), 0);
	assert_int_equal(process_run(&(struct process_request){command}, 20000, true, &r, NULL), 0);
	assert_string_equal(r.out.data, "it's $HOME|/tmp||one two|'\n/\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, folder_remove)
	const struct CMUnitTest tests[] = {
		TEST(a_script_runs_the_same_with_words_of_its_own),
		TEST(sees_its_tree_and_little_else),
		TEST(writes_into_its_tree_only_when_it_may),
		TEST(stops_at_the_end_of_its_time),
		TEST(stops_when_the_user_interrupts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
