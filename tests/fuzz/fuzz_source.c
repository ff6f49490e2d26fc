/* fuzz_source.c - any bytes as a source's archive: nothing gets out of its folder. Behind the
 * first line, which is read as a source's address. */
#include "builder/source_tree.h"
#include "specs/base/fs.h"
#include "specs/source_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_address(struct str text)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct source_address s;
	if (source_address_parse(&a, text, &s, NULL) == 0 && s.kind == SOURCE_GIT && s.revision.n &&
	    s.revision.p[0] == '-')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(free) char *folder = NULL;
	AUTO(free) char *source = NULL;
	struct str rest = {(const char *)data, size}, line;
	str_cut(&rest, '\n', &line);
	read_address(line);
	if (fs_temp_dir("/tmp", &folder, NULL) < 0)
		abort();
	AUTO(free) char *archive = fs_join(folder, "a");
	AUTO(free) char *below = fs_join(folder, "to");
	if (fs_write(archive, rest, 0600, NULL) < 0 || fs_make_dirs(below, 0700, NULL) < 0)
		abort();
	if (source_unpack(archive, below, &source, NULL) == 0 && !str_starts(str_of(source), below))
		abort();
	fs_remove(folder, NULL);
	return 0;
}
