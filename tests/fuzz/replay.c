/* tests/fuzz/replay.c - runs a fuzz target over the files of its corpus, without libFuzzer. */
#include "specs/base/fs.h"
#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	AUTO(buf_done) struct buf bytes = BUF(64 << 20);
	AUTO(err_free) struct err *e = NULL;
	if (fs_read(path, &bytes, &e) < 0) {
		fprintf(stderr, "%s: %s\n", path, e->text);
		return 1;
	}
	/* A copy of exactly this size: reading past its end is seen by the sanitizer. */
	AUTO(free) uint8_t *exact = mem_alloc(bytes.n);
	memcpy(exact, bytes.data, bytes.n);
	LLVMFuzzerTestOneInput(exact, bytes.n);
	return 0;
}

static int replay_folder(const char *folder, unsigned *count)
{
	DIR *dir = opendir(folder);
	int failed = dir ? 0 : 1;
	for (struct dirent *d; dir && (d = readdir(dir));) {
		if (d->d_name[0] == '.')
			continue;
		AUTO(free) char *path = fs_join(folder, d->d_name);
		failed |= replay_file(path);
		++*count;
	}
	if (dir)
		closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	int failed = argc < 2;
	for (int i = 1; i < argc; i++)
		failed |= replay_folder(argv[i], &count);
	printf("%u inputs replayed\n", count);
	return failed || count == 0;
}
