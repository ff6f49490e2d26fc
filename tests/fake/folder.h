/* tests/fake/folder.h - a folder of a test's own, gone afterwards: cmocka's fixtures. */
#ifndef KILN_FAKE_FOLDER_H
#define KILN_FAKE_FOLDER_H
#include "specs/base/fs.h"

static char *folder;

static int folder_make(void **state)
{
	(void)state;
	return fs_temp_dir("/tmp", &folder, NULL);
}

static int folder_remove(void **state)
{
	(void)state;
	int code = fs_remove(folder, NULL);
	free(STEAL(&folder));
	return code;
}
#endif
