/* builder/pip_private.h - what the files of pip share; nobody else includes it. */
#ifndef KILN_PIP_PRIVATE_H
#define KILN_PIP_PRIVATE_H
#include "builder/pip.h"
#include "specs/base/vec.h"

/* The glibc that uv is told of: the newest it has a platform for that is not newer than the
 * target's. */
unsigned pip_known_glibc(const struct pip_target *t);
/* Variables of markers at the target. */
void pip_marker_environment(const struct pip_target *t, struct marker_environment *out);
/* Writes a wheel that holds nothing but the distribution's metadata into the folder, with tags and
 * a build number that no wheel of an index can beat. */
int pip_write_stub(const struct pip_target *t, const struct pip_dist *d, const char *folder,
		   struct err **e);
/* What the words of a failed resolver mean: the error's code, and its text in *e. */
int pip_explain(const struct pip_request *q, struct str words, struct err **e);
/* A source that was built, and what came of it. */
struct pip_source {
	struct record record;
	struct pip_dist dist;
	const struct requirement_line *line; /* that gives its address; NULL: an index does */
};
/* What is built while a solve goes on. */
struct pip_sources {
	struct arena arena;
	VEC(struct pip_source) built;
	VEC(struct str) names; /* of an index's distributions that are taken as sources */
};
void pip_sources_done(struct pip_sources *s);
/* Builds the sources that lines of the request give the addresses of. */
int pip_sources_of_lines(const struct pip_request *q, struct pip_sources *s, struct err **e);
/* The source that the line gives the address of; NULL: it is none, or its marker does not hold. */
const struct pip_source *pip_source_of_line(const struct pip_sources *s,
					    const struct requirement_line *line);
/* Whether the line is one that a resolver must not see, as it would run code of a source. */
bool pip_is_source_line(struct arena *a, const struct requirement_line *line);
/* Names that are sources from the beginning, by --no-binary. */
void pip_sources_of_options(const struct pip_request *q, struct pip_sources *s);
/* Those that a resolver's words say it found no wheels of: 1 when there are new ones, 0 when not.
 * ERR_UNSOLVABLE where they must not be built, or cannot. */
int pip_sources_of_words(const struct pip_request *q, struct pip_sources *s, struct str words,
			 struct err **e);
/* Builds what was chosen of an index, and was not built yet: 1 when there was such a one, and what
 * it needs is known only now; else 0, and the records are of sources as built. */
int pip_sources_of_choice(const struct pip_request *q, struct pip_sources *s,
			  struct record *records, size_t count, struct err **e);
/* The uv.toml that tells what sources of an index need, so that nobody else builds them. */
void pip_sources_write(const struct pip_sources *s, struct buf *out);
/* The wheels of a pylock.toml, and sources of an index, without what conda provides. */
int pip_read_lock(const struct pip_request *q, struct str text, struct arena *a,
		  struct record **out, size_t *out_count, struct err **e);
#endif
