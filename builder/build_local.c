/* builder/build_local.c - what pip requirements name on this machine is part of the key by what it
 * holds: its path stays the same when its files change. */
#include "builder/build_private.h"
#include "builder/pip.h"
#include "builder/source_tree.h"
#include "specs/base/fs.h"
#include "specs/base/vec.h"
#include <fcntl.h>

static int digest_path(const char *path, struct digest *out, struct err **e)
{
	uint64_t size;
	if (fs_is_folder(path))
		return source_copy(path, NULL, out, e);
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "%s", path) : digest_of_fd(fd, out, &size, e);
}

/* The path that the line names; empty: it names none. */
static struct str path_of(struct arena *a, const struct requirement_line *line)
{
	if (line->kind == REQUIREMENT_PATH)
		return pip_line_path(a, line);
	return source_address_path(a, line->kind == REQUIREMENT_URL ? line->target
								    : line->requirement.url);
}

struct strs build_local(struct build *b, const struct definition *d)
{
	VEC(struct str) found = {0};
	for (size_t i = 0; i < d->pip.lines.n && !b->local_known; i++) {
		const struct requirement_line *line = &d->pip.lines.v[i];
		struct str path = path_of(&b->arena, line), name = line->target;
		struct digest is;
		if (path.n == 0)
			continue;
		name = name.n ? name : line->requirement.url;
		/* What cannot be read is an error where it is built. */
		bool known = digest_path(path.p, &is, NULL) == 0;
		VEC_PUSH(&found, arena_printf(&b->arena, "%.*s %s", STR_ARG(name),
					      known ? digest_name(&is).text : "unknown"));
	}
	if (!b->local_known)
		b->local = arena_strs(&b->arena, (struct strs){found.v, found.n});
	b->local_known = true;
	VEC_DONE(&found);
	return b->local;
}
