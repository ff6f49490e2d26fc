/* builder/tree_state.h - what packages put into a folder, and what link scripts made of it.
 *
 * A file counts as changed when its inode, its status time, mode or size is another: nothing
 * is read twice. That is more than changed bytes (a touch counts), never less. */
#ifndef KILN_TREE_STATE_H
#define KILN_TREE_STATE_H
#include "builder/path_set.h"
#include "builder/sink.h"
#include "specs/base/log.h"

struct tree_state;
/* Of the folder `root`, with nothing known of it. */
struct tree_state *tree_state_new(const char *root);
void tree_state_free(struct tree_state *s);
AUTO_DEFINE(struct tree_state *, tree_state_free)
/* These relative paths, and the folders above them, are as they should be now. Those that do
 * not exist are passed over, a closing slash is of a folder. */
void tree_state_add(struct tree_state *s, struct strs paths);
/* Returns when a change from now on would show: status times go in steps of some ms. */
void tree_state_settle(void);

struct tree_changes {
	int64_t mtime; /* of all entries, in seconds */
	struct log *log;
	const char *what; /* for warnings: "link scripts" */
};
/* Emits what is not as it was added, folder by folder in order of bytes: files, links, and
 * folders that are empty or not 0755; then what was removed. What is none of these is warned of.
 * conda-meta/history and conda-meta/state are left to others. */
int tree_state_emit_changes(struct tree_state *s, const struct tree_changes *c, struct sink *to,
			    struct err **e);
#endif
