/* builder/cli/main.c - finds the command, reads its options, prints its error once. */
#include "builder/cli/command.h"
#include "builder/cli/progress.h"
#include "specs/base/fs.h"
#include "specs/base/interrupt.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>

static const struct command *const commands[] = {
	&cmd_build, &cmd_lock, &cmd_key,    &cmd_install, &cmd_search, &cmd_plan,
	&cmd_check, &cmd_sbom, &cmd_render, &cmd_config,  &cmd_env,    &cmd_version};

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

int command_print(const struct buf *text, struct err **e)
{
	int r = fs_write_fd(STDOUT_FILENO, text->data, text->n, e);
	return r < 0 ? err_wrap(e, r, "standard output") : 0;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void usage_all(struct buf *out)
{
	buf_add_text(out, "kiln - container images from conda specifications\n\n"
			  "usage: kiln COMMAND [OPTIONS] ...\n\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		buf_printf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	buf_add_text(out, "\n`kiln COMMAND --help` says more.\n"
			  "exit status: 0 done, 1 failed, 2 bad usage or input, 3 unsatisfiable,\n"
			  "  4 network or registry, 5 refused, 6 a digest differs, 7 timed out,\n"
			  "  130 interrupted\n");
}

static void usage_one(const struct command *c, struct buf *out)
{
	buf_printf(out, "usage: kiln %s\n\n%s\n\n", c->usage, c->summary);
	option_help(c->options, out);
}

static int run(const struct command *c, int argc, char **argv, struct err **e)
{
	AUTO(free) void *args = mem_zero(1, c->args_size);
	struct common_args *common = args;
	struct option_list rest = {0};
	int r = option_read(argc, (const char *const *)argv, c->options, args, &rest, e);
	if (r == 0 && common->help) {
		AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
		usage_one(c, &text);
		r = command_print(&text, e);
	} else if (r == 0) {
		AUTO(progress_free) struct log *log = NULL;
		r = progress_new(common, &log, e);
		common->log = log;
		if (r == 0)
			r = c->run(args, &rest, e);
	}
	option_done(c->options, args, &rest);
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
	const struct command *c = command_find(name);
	int r = c ? run(c, argc - 1, argv + 1, &e)
		  : err_set(&e, ERR_USAGE, "there is no command \"%s\"; `kiln --help` lists them",
			    name);
	return r < 0 ? fail(e, r) : 0;
}
