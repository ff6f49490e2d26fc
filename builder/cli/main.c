/* builder/cli/main.c - finds the command, reads its options, prints its error once. */
#include "builder/cli/progress.h"
#include "builder/cli/verb.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const struct command *const commands[] = {
	&cmd_build, &cmd_lock,	 &cmd_key,    &cmd_install, &cmd_search,  &cmd_plan, &cmd_check,
	&cmd_sbom,  &cmd_render, &cmd_config, &cmd_env,	    &cmd_version, NULL};

static void on_signal(int number)
{
	(void)number;
	interrupt_raise();
}

static void take_signals(void)
{
	struct sigaction stop = {.sa_handler = on_signal};
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGPIPE, &ignore, NULL);
}

/* libarchive asks for the local time of each member of a zip. Without TZ the C library then looks
 * at this very file each time, while other threads wait: wheels have tens of thousands of members.
 */
static void name_time_zone(void)
{
	setenv("TZ", ":/etc/localtime", 0);
}

int command_print(const struct buf *text, struct err **e)
{
	int r = fs_write_fd(STDOUT_FILENO, text->data, text->n, e);
	return r < 0 ? err_wrap(e, r, "standard output") : 0;
}

static void list_commands(const struct command *const *list, struct buf *out)
{
	for (; *list; list++)
		buf_printf(out, "  %-10s %s\n", (*list)->name, (*list)->summary);
}

static void usage_all(struct buf *out)
{
	buf_add_text(out, "kiln - container images from conda specifications\n\n"
			  "usage: kiln COMMAND [OPTIONS] ...\n\n");
	list_commands(commands, out);
	buf_add_text(out, "\n`kiln COMMAND --help` says more.\n"
			  "exit status: 0 done, 1 failed, 2 bad usage or input, 3 unsatisfiable,\n"
			  "  4 network or registry, 5 refused, 6 a digest differs, 7 timed out,\n"
			  "  130 interrupted\n");
}

static void usage_one(const struct command *c, struct buf *out)
{
	buf_printf(out, "usage: kiln %s\n\n%s\n\n", c->usage, c->summary);
	if (c->options)
		option_help(c->options, out);
	if (!c->verbs)
		return;
	list_commands(c->verbs, out);
	buf_printf(out, "\n`kiln %s VERB --help` says more.\n", c->name);
}

static int print_usage(const struct command *c, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	usage_one(c, &text);
	return command_print(&text, e);
}

static int run_logged(const struct command *c, struct common_args *args,
		      const struct option_list *rest, struct err **e)
{
	AUTO(progress_free) struct log *log = NULL;
	int r = progress_new(args, &log, e);
	args->log = log;
	return r < 0 ? r : c->run(args, rest, e);
}

static int run(const struct command *c, int argc, char **argv, struct err **e)
{
	AUTO(free) struct common_args *args = mem_zero(1, c->args_size);
	AUTO(free) const struct option_row **tables = command_tables(c);
	struct option_list rest = {0};
	int r = option_read(argc, (const char *const *)argv, tables, args, &rest, e);
	const struct command *verb = c->verbs && rest.n ? command_find(c->verbs, rest.v[0]) : NULL;
	if (r == 0 && args->help) {
		r = print_usage(verb ? verb : c, e);
	} else if (r == 0) {
		r = c->verbs ? verb_check(c, verb, args, &rest, e) : 0;
		r = r < 0 ? r : run_logged(verb ? verb : c, args, &rest, e);
	}
	option_done(tables, args, &rest);
	return r;
}

static int fail(const struct err *e, int code)
{
	AUTO(free) char *line = err_line(e);
	fprintf(stderr, "kiln: %s\n", line);
	return err_exit_status(code);
}

int main(int argc, char **argv)
{
	mem_keep_large_apart();
	name_time_zone();
	take_signals();
	const char *name = argc > 1 ? argv[1] : "--help";
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
		usage_all(&text);
		fputs(text.data, argc > 1 ? stdout : stderr);
		return argc > 1 ? 0 : 2;
	}
	if (strcmp(name, "--version") == 0)
		name = "version";
	AUTO(err_free) struct err *e = NULL;
	const struct command *c = command_find(commands, name);
	int r = c ? run(c, argc - 1, argv + 1, &e)
		  : err_set(&e, ERR_USAGE, "there is no command \"%s\"; `kiln --help` lists them",
			    name);
	return r < 0 ? fail(e, r) : 0;
}
