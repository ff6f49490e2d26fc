/* builder/cli/cmd_key.c - kiln key: what a definition is known by. */
#include "builder/cli/common.h"
#include "specs/base/json.h"

struct key_args {
	struct common_args common;
	bool explain;
};

static int key_run(void *at, const struct option_list *rest, struct err **e)
{
	struct key_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	AUTO(buf_done) struct buf out = BUF(32 << 20);
	s.takes_default = s.keeps = true;
	int r = session_open(&s, &args->common, false, e);
	if (r == 0)
		r = session_definition(&s, &args->common, rest, e);
	if (r < 0)
		return r;
	struct digest key;
	build_key(s.build, &s.definition, &text, &key);
	if (args->common.json) {
		struct json_out j = {&out};
		json_open(&j, NULL, '{');
		json_put_text(&j, "key", digest_text(&key).hex);
		json_put_str(&j, "text", buf_str(&text));
		json_close(&j, '}');
		buf_add_char(&out, '\n');
	} else {
		buf_printf(&out, "%s%s\n", args->explain ? text.data : "", digest_text(&key).hex);
	}
	return command_print(&out, e);
}

#define AT(field) offsetof(struct key_args, field)
static const struct option_row own_options[] = {
	{0, "explain", OPTION_FLAG, AT(explain), NULL, "print what the key is made of"},
	{0},
};

const struct command cmd_key = {
	.name = "key",
	.usage = "key [OPTIONS] DEFINITION",
	.summary = "print the key of a definition: equal keys, equal images",
	.options =
		(const struct option_row *const[]){own_options, definition_options, image_options,
						   bytecode_options, channel_options,
						   virtual_options, SESSION_TABLES},
	.args_size = sizeof(struct key_args),
	.run = key_run,
};
