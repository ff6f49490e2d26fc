/* tests/fuzz/fuzz_wheel.c - any bytes as a wheel: names that come out stay below the prefix. */
#include "builder/wheel.h"
#include "specs/base/fs.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(package_info_done) struct package_info info = {.arena = ARENA};
	char path[64];
	snprintf(path, sizeof(path), "/tmp/kiln-fuzz-wheel-%d", (int)getpid());
	if (fs_write(path, (struct str){(const char *)data, size}, 0600, NULL) < 0)
		abort();
	if (wheel_info_read(path, &info, NULL) == 0)
		for (size_t i = 0; i < info.count; i++)
			if (!paths_is_clean(info.paths[i].to))
				abort();
	unlink(path);
	return 0;
}
