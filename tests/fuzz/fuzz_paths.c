/* fuzz_paths.c - any bytes as each of the files below info/; the first byte says which. */
#include "builder/paths.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct package_info *info)
{
	for (size_t i = 0; i < info->count; i++)
		if (!paths_is_clean(info->paths[i].path) || strlen(info->paths[i].path.p) == 0)
			abort();
	for (size_t i = 0; i < info->entry_point_count; i++)
		if (memchr(info->entry_points[i].command.p, '/', info->entry_points[i].command.n))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(package_info_done) struct package_info info = {.arena = ARENA};
	if (size == 0)
		return 0;
	struct str text = {(const char *)data + 1, size - 1}, head;
	int code = ERR_CORRUPT;
	switch (data[0]) {
	case 'p':
		code = paths_read_json(text, &info, NULL);
		break;
	case 'i':
		code = paths_read_index(text, &info, NULL);
		break;
	case 'l':
		code = paths_read_link(text, &info, NULL);
		break;
	case 'f': /* has_prefix, a NUL, files */
		str_cut(&text, 0, &head);
		code = paths_read_files(text, head, &info, NULL);
		break;
	}
	if (code == 0)
		check(&info);
	return 0;
}
