/* builder/cli/cmd_version.c - kiln version. */
#include "builder/cli/command.h"
#include "builder/kiln_version.h"
#include "specs/base/json.h"

static int version_run(void *at, const struct option_list *rest, struct err **e)
{
	const struct common_args *args = at;
	AUTO(buf_done) struct buf text = BUF(4096);
	if (rest->n)
		return err_set(e, ERR_USAGE, "version takes no words");
	if (args->json)
		buf_add_text(&text, "{\"version\":\"" KILN_VERSION "\"}\n");
	else
		buf_add_text(&text, "kiln " KILN_VERSION "\n");
	return command_print(&text, e);
}

const struct command cmd_version = {
	.name = "version",
	.usage = "version",
	.summary = "print kiln's version",
	.options = (const struct option_row *const[]){COMMON_TABLES},
	.args_size = sizeof(struct common_args),
	.run = version_run,
};
