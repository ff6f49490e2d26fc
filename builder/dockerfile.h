/* builder/dockerfile.h - an image as a Dockerfile that any builder can build. */
#ifndef KILN_DOCKERFILE_H
#define KILN_DOCKERFILE_H
#include "builder/image.h"
#include "specs/definition.h"
#include "specs/lock.h"
#include "specs/reference.h"

/* How each of ours begins. */
#define DOCKERFILE_MARK "# Made by kiln"

/* Where the packages come from. */
enum dockerfile_style {
	DOCKERFILE_LAYERS, /* layers that kiln has packed: needs nothing in the base */
	DOCKERFILE_CONDA,  /* an explicit lock, which conda in the base installs */
};
/* "layers", "conda"; false for another name. */
bool dockerfile_style_parse(struct str name, enum dockerfile_style *out);

struct dockerfile {
	enum dockerfile_style style;
	const char *source; /* name of the definition, for people */
	const struct definition *definition;
	const struct lock *lock;
	const struct reference *base; /* NULL: from scratch */
	struct digest base_digest;    /* what its name stands for */
	const struct base_image *base_image;
	const struct image *image; /* what comes out: its configuration is told */
	const char *prefix;
	const struct layer *layers; /* [layer_count]; of DOCKERFILE_LAYERS */
	size_t layer_count;
	struct strs removed; /* what the last of them takes away, from the root, without its "/" */
};
/* Where layer i stands in the context. */
struct str dockerfile_layer_path(struct arena *a, const struct layer *l, size_t i);
/* Appends the text. ERR_USAGE for what no Dockerfile can say: a base that is a folder, a variable
 * of several lines. */
int dockerfile_write(const struct dockerfile *d, struct buf *out, struct err **e);
/* The wheels of a lock as a requirements file with digests; nothing without any. */
void dockerfile_requirements(const struct lock *l, struct buf *out);
/* Those files in the context. */
#define DOCKERFILE_EXPLICIT "explicit.txt"
#define DOCKERFILE_REQUIREMENTS "requirements.txt"
#endif
