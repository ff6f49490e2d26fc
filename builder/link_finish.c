/* builder/link_finish.c - what belongs to the environment as a whole. */
#include "builder/link_scripts.h"
#include "builder/link_tree.h"
#include "specs/base/fs.h"

/* The scripts run over a tree of their own, and what they changed is emitted. Packages are
 * linked into it without bytecode: it is not looked at, and takes longest. */
static int emit_scripts(const struct link_plan *p, const struct link_environment *env,
			const char *tree, struct sink *to, struct err **e)
{
	AUTO(tree_state_free) struct tree_state *state = tree_state_new(tree);
	struct link_plan plain = *p;
	plain.options.bytecode = false;
	int code = link_with_scripts(&plain, env, tree, state, e);
	if (code < 0)
		return code;
	struct tree_changes changes = {link_time(p), p->options.log, "link scripts"};
	return tree_state_emit_changes(state, &changes, to, e);
}

int link_finish(const struct link_plan *p, const struct link_environment *env, struct sink *to,
		struct err **e)
{
	int code = link_put_meta(p, env, to, e);
	if (code < 0 || !p->has_scripts)
		return code;
	AUTO(free) char *tree = NULL;
	if ((code = link_tree_temp(p, &tree, e)) < 0)
		return code;
	code = emit_scripts(p, env, tree, to, e);
	fs_remove(tree, NULL);
	return code;
}
