/* builder/layer_removed.c - a layer's whiteouts, found by reading it. */
#include "builder/layer_removed.h"
#include "builder/pump.h"
#include "specs/base/vec.h"
#include <archive.h>
#include <archive_entry.h>

#define WHITEOUT ".wh."
enum { STEP = 64 << 10 };

struct reading {
	struct layer_options o;
	const struct layer *layer;
	struct pump *pump;
	struct err *e;
	char step[STEP];
};

static int source(void *cookie, int (*write)(void *to, const void *p, size_t n, struct err **e),
		  void *to, struct err **e)
{
	const struct reading *r = cookie;
	return layer_read(&r->o, r->layer, 0, write, to, e);
}

static la_ssize_t next_bytes(struct archive *in, void *cookie, const void **out)
{
	struct reading *r = cookie;
	size_t got = 0;
	*out = r->step;
	if (pump_read(r->pump, r->step, STEP, &got, &r->e) < 0) {
		archive_set_error(in, -1, "reading failed");
		return -1;
	}
	return (la_ssize_t)got;
}

static int fail(struct reading *r, struct archive *in, struct err **e)
{
	int code = r->e ? (int)r->e->code : ERR_CORRUPT;
	if (!r->e)
		return err_set(e, code, "layer: %s", archive_error_string(in));
	if (e)
		*e = STEAL(&r->e);
	return code;
}

/* "a/.wh.b" stands for a/b. */
static bool is_whiteout(const char *name, struct arena *a, struct str *out)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	if (strncmp(base, WHITEOUT, strlen(WHITEOUT)) != 0)
		return false;
	*out = arena_printf(a, "%.*s%s", (int)(base - name), name, base + strlen(WHITEOUT));
	return true;
}

static int read_all(struct reading *r, struct archive *in, struct arena *a, struct strs *out,
		    struct err **e)
{
	VEC(struct str) found = {0};
	struct archive_entry *entry;
	struct str path;
	int status = archive_read_open(in, r, NULL, next_bytes, NULL);
	while (status == ARCHIVE_OK &&
	       (status = archive_read_next_header(in, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);
		if (name && is_whiteout(name, a, &path))
			VEC_PUSH(&found, path);
	}
	*out = arena_strs(a, (struct strs){found.v, found.n});
	VEC_DONE(&found);
	return status == ARCHIVE_EOF ? 0 : fail(r, in, e);
}

int layer_removed(const struct layer_options *o, const struct layer *l, struct arena *a,
		  struct strs *out, struct err **e)
{
	AUTO(free) struct reading *r = mem_zero(1, sizeof(*r));
	struct archive *in = archive_read_new();
	if (!in)
		abort(); /* out of memory, nothing else */
	r->o = *o;
	r->layer = l;
	r->pump = pump_new(source, r);
	archive_read_support_filter_gzip(in);
	archive_read_support_filter_zstd(in);
	archive_read_support_format_tar(in);
	int code = read_all(r, in, a, out, e);
	archive_read_free(in);
	pump_free(r->pump);
	err_free(r->e);
	return code;
}
