/* builder/checked.c - short texts that the cache keeps, with a check of them as their last line. */
#include "builder/checked.h"
#include "specs/base/digest.h"
#include "specs/base/fs.h"
#include <inttypes.h>

void checked_end(struct buf *text)
{
	buf_printf(text, "%" PRIu64, crc64(0, text->data, text->n));
}

bool checked_read(const char *path, struct buf *out)
{
	uint64_t check;
	if (fs_read(path, out, NULL) < 0)
		return false;
	const char *newline = memrchr(out->data, '\n', out->n);
	if (!newline)
		return false;
	size_t n = (size_t)(newline - out->data) + 1;
	if (!str_u64(str_from(buf_str(out), n), &check) || crc64(0, out->data, n) != check)
		return false;
	out->data[n] = 0;
	out->n = n;
	return true;
}
