/* builder/base_source.h - where a base image is read: the registry that its name says, or its
 * mirrors (cache/mirror.h), one after the other, as if they were one.
 *
 * A mirror has the same tags and digests under another name. Any thread may ask and read. */
#ifndef KILN_BASE_SOURCE_H
#define KILN_BASE_SOURCE_H
#include "builder/registry.h"
#include "cache/mirror.h"

struct base_source;

/* named: as the user calls it; what it points to is borrowed, as the options' is. mirrors: NULL
 * asks at the name's own place only. */
int base_source_open(struct http *h, struct mirrors *mirrors, const struct reference *named,
		     const struct registry_options *o, struct base_source **out, struct err **e);
void base_source_close(struct base_source *s);
AUTO_DEFINE(struct base_source *, base_source_close)

/* From place to place until `ask` succeeds there, or fails in a way that is no mirror's. */
int base_source_ask(struct base_source *s,
		    int (*ask)(void *cookie, struct registry *g, const struct reference *at,
			       struct err **e),
		    void *cookie, struct err **e);
/* Where the bytes of one blob come from; {0} at first. */
struct base_place {
	size_t number;
	bool mixed; /* the place before gave some of them */
};
/* As registry_read_blob. Where one place breaks off, the next gives the rest. */
int base_source_read(struct base_source *s, struct base_place *at, const struct blob_read *b,
		     struct err **e);
/* After the bytes were found to be others: whether to read all of them again, now from one place
 * where they were mixed, else from the next. Then the error is cleared, and said in the log. */
bool base_source_doubt(struct base_source *s, struct base_place *at, struct err **e);
/* The place that is asked now: blobs are mounted from there. Lives as long as the source. */
struct registry *base_source_registry(struct base_source *s, const struct reference **at);
#endif
