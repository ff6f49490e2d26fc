/* builder/cli/report.h - what a build made, as `kiln build --json` tells it, in rows by size. */
#ifndef KILN_CLI_REPORT_H
#define KILN_CLI_REPORT_H
#include "specs/base/arena.h"
#include "specs/base/json.h"

enum report_state {
	REPORT_NEW,    /* packed by this build */
	REPORT_PACKED, /* this machine had it packed; it was sent */
	REPORT_THERE,  /* the destination had it */
	REPORT_STATES,
};
/* A word for CSS, and words for people. */
const char *report_state_class(enum report_state s);
const char *report_state_text(enum report_state s);

struct report_part {
	const char *name;
	const char *version, *manager; /* NULL: it is no package, but of the whole environment */
	uint64_t size, unpacked;       /* bytes, of compressed and of plain tar entries */
	size_t layer;		       /* number of its layer */
	enum report_state state;
};

struct report_layer {
	size_t number;	    /* in the environment's part of the image, from 1 */
	const char *digest; /* "sha256:..." */
	uint64_t size;	    /* bytes, compressed */
	enum report_state state;
	struct report_part *parts; /* largest first */
	size_t count;
};

/* One platform's; texts are the document's, or NULL. */
struct report_image {
	const char *platform, *digest, *base, *base_digest;
	uint64_t size;			 /* of all blobs */
	uint64_t base_size, base_layers; /* 0: not known */
	struct report_layer *layers;	 /* largest first */
	size_t layer_count;
	struct report_part *parts; /* of all layers, largest first */
	size_t part_count, package_count;
	uint64_t layers_size, unpacked;	    /* sums */
	uint64_t state_size[REPORT_STATES]; /* of the parts in that state, */
	size_t state_count[REPORT_STATES];  /* and how many they are */
};

/* Reads one image of the document, or of a member of its "platforms"; what is missing is 0. */
void report_read(const cJSON *image, struct arena *a, struct report_image *out);
#endif
